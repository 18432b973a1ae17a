//! The flights set: each row is a leg that departs and of which something becomes. An aircraft stands in for a member.
//!
//! So a row is two activities: a purchase with the leg as its only line, which costs nothing since the set has no
//! fares, and an event of that purchase, named `flown`, `cancelled` or `diverted`. The set knows one time of a leg,
//! its scheduled departure; both have it, in this order.

use std::path::Path;

use loyalty_core::activity::{Activity, Attribute, CustomEvent, Line, MemberActivity, Purchase};
use loyalty_core::id::{ActivityId, AuthorId, MemberId};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::OffsetTime;

use crate::table::{Error, Table};

const COLUMNS: [&str; 9] =
    ["leg_id", "aircraft", "scheduled_dep", "carrier", "flight", "origin", "dest", "distance_mi", "status"];

/// The legs of the set in `dir` and what became of them, by scheduled departure, then number.
pub fn read(dir: &Path) -> Result<Vec<MemberActivity>, Error> {
    let mut table = Table::open(dir, "flight_legs.csv.gz", COLUMNS)?;
    let mut legs = Vec::new();
    while let Some([id, aircraft, departure, carrier, flight, origin, dest, miles, status]) = table.row()? {
        let occurred_at = departure.read(OffsetTime::parse)?;
        miles.read(Quantity::parse)?;
        let miles = Attribute { name: "miles".to_owned(), ..miles.attribute() };
        let attributes =
            vec![carrier.attribute(), dest.attribute(), flight.attribute(), miles, origin.attribute()];
        let leg = Line { gross: Some(Money::ZERO), attributes, ..Line::default() };
        let (number, id) = (id.number()?, id.read(ActivityId::new)?);
        let departed = Activity::Purchase(Purchase {
            id: id.clone(),
            occurred_at,
            money: None,
            store: None,
            partner: None,
            channel: None,
            lines: vec![leg],
            tenders: vec![],
            coupons: vec![],
            attributes: vec![],
        });
        let became = Activity::Event(CustomEvent {
            name: status.read(AuthorId::new)?,
            id: id.clone(),
            occurred_at,
            attributes: Vec::new(),
            of: Some(id),
            lines: Vec::new(),
        });
        let member = aircraft.read(MemberId::new)?;
        let both = [departed, became].map(|activity| MemberActivity { member: member.clone(), activity });
        legs.push((occurred_at.at, number, both));
    }
    legs.sort_by_key(|(at, number, _)| (*at, *number));
    Ok(legs.into_iter().flat_map(|(_, _, leg)| leg).collect())
}
