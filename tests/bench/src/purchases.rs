//! What the benches record: the public data sets in full scale, generated ones of their shape otherwise.

pub mod earns;
pub mod generated;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use loyalty_core::activity::{Activity, Line, MemberActivity, Purchase};
use loyalty_core::id::{ActivityId, MemberId};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::OffsetTime;

use crate::setup::{Scale, Setup, built};

/// Which copy of the cdnow members is whose: the set is recorded this many times over.
const COPIES: u32 = 10;

/// The cdnow purchases ten times over, each time by other members, in the order of the file.
pub fn cdnow_ten_times(setup: &Setup) -> Result<Vec<MemberActivity>> {
    let folder = match setup.scale {
        Scale::Full => setup.data()?,
        Scale::Smoke => generated::cdnow(&setup.folder()?)?,
    };
    let rows = cdnow_rows(&folder.join("cdnow_purchases.csv.gz"))?;
    let mut all = Vec::with_capacity(rows.len() * COPIES as usize);
    for copy in 0..COPIES {
        for row in &rows {
            all.push(row.activity(copy)?);
        }
    }
    Ok(all)
}

/// One row of the set.
struct CdnowRow {
    id: String,
    member: String,
    on: String,
    units: String,
    amount: String,
}

fn cdnow_rows(path: &Path) -> Result<Vec<CdnowRow>> {
    let file = File::open(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let mut table = csv::Reader::from_reader(GzDecoder::new(file));
    let columns = ["purchase_id", "member_id", "purchased_on", "units", "amount"];
    ensure!(table.headers()? == columns.as_slice(), "`{}` has other columns", path.display());
    let mut rows = Vec::new();
    for row in table.deserialize() {
        let (id, member, on, units, amount) = row?;
        rows.push(CdnowRow { id, member, on, units, amount });
    }
    Ok(rows)
}

impl CdnowRow {
    fn activity(&self, copy: u32) -> Result<MemberActivity> {
        let line = Line {
            quantity: Some(Quantity::parse(&self.units)?),
            gross: Some(Money::parse(&self.amount)?),
            ..Line::default()
        };
        let at = OffsetTime::parse(&format!("{}T00:00:00Z", self.on))?;
        purchase(&format!("{}-{copy}", self.member), &self.id, at, vec![line])
    }
}

/// A purchase with nothing but lines.
pub fn purchase(member: &str, id: &str, occurred_at: OffsetTime, lines: Vec<Line>) -> Result<MemberActivity> {
    let purchase = Purchase {
        id: ActivityId::new(id)?,
        occurred_at,
        money: None,
        store: None,
        partner: None,
        channel: None,
        lines,
        tenders: vec![],
        coupons: vec![],
        attributes: vec![],
    };
    Ok(MemberActivity { member: MemberId::new(member)?, activity: Activity::Purchase(purchase) })
}

/// The folder with the grocery set.
pub fn grocery(setup: &Setup) -> Result<PathBuf> {
    match setup.scale {
        Scale::Full => setup.data(),
        Scale::Smoke => generated::grocery(&setup.folder()?),
    }
}

/// The grocery set as activity lines, made by the project's own converter.
pub fn grocery_activities(setup: &Setup, grocery: &Path) -> Result<PathBuf> {
    let converter = built("loyalty-examples", "activities")?;
    let path = setup.folder()?.join("grocery.jsonl");
    let mut command = Command::new(converter);
    command.arg("grocery").arg(grocery).stdin(Stdio::null()).stdout(File::create(&path)?);
    ensure!(command.status()?.success(), "the converter has failed");
    Ok(path)
}
