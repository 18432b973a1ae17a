//! The cdnow set: each row is a purchase of one line.
//!
//! The source has dates only: a purchase is put at the start of its day in UTC.

use std::path::Path;

use loyalty_core::activity::{Activity, Line, MemberActivity, Purchase};
use loyalty_core::id::{ActivityId, MemberId};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::{Date, InvalidTime, OffsetTime};

use crate::table::{Error, Table};

const COLUMNS: [&str; 5] = ["purchase_id", "member_id", "purchased_on", "units", "amount"];

/// The purchases of the set in `dir`, by date, then number.
pub fn read(dir: &Path) -> Result<Vec<MemberActivity>, Error> {
    let mut table = Table::open(dir, "cdnow_purchases.csv.gz", COLUMNS)?;
    let mut purchases = Vec::new();
    while let Some([id, member, purchased_on, units, amount]) = table.row()? {
        let occurred_at = purchased_on.read(start_of_day)?;
        let line = Line {
            quantity: Some(units.read(Quantity::parse)?),
            gross: Some(amount.read(Money::parse)?),
            ..Line::default()
        };
        let purchase = Purchase {
            id: id.read(ActivityId::new)?,
            occurred_at,
            money: None,
            store: None,
            partner: None,
            channel: None,
            lines: vec![line],
            tenders: vec![],
            coupons: vec![],
            attributes: vec![],
        };
        let activity = Activity::Purchase(purchase);
        let member = member.read(MemberId::new)?;
        purchases.push((occurred_at.at, id.number()?, MemberActivity { member, activity }));
    }
    purchases.sort_by_key(|(at, number, _)| (*at, *number));
    Ok(purchases.into_iter().map(|(_, _, purchase)| purchase).collect())
}

fn start_of_day(text: &str) -> Result<OffsetTime, InvalidTime> {
    let date = Date::parse(text)?;
    OffsetTime::parse(&format!("{date}T00:00:00Z"))
}
