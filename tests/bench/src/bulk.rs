//! `bulk-cdnow`: many accruals from memory, as a migration records them.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use loyalty_core::activity::{Activity, MemberActivity};
use rusqlite::{Connection, Transaction, params};

use crate::harness::{Bench, Figure, Goal, Measured, Side};
use crate::purchases::cdnow_ten_times;
use crate::raw::{kept, sqlite};
use crate::setup::{Setup, empty};

pub const BENCH: Bench = Bench {
    name: "bulk-cdnow",
    what: "the cdnow purchases ten times over, by other members each time, from memory to disk; wall time",
    figure: Figure::PerSecond("accruals"),
    goal: Goal::AtLeast(3.0),
    real_data: true,
    sides,
};

const NOTE: &str = "WAL, synchronous FULL, 512 accruals a transaction, prepared statements, all pages cached; \
    an account row, a counter-account row and a unique key for each; points are given, nothing is decided";

/// Accruals of one transaction.
const IN_ONE: usize = 512;

const TABLE: &str = "CREATE TABLE postings (
    account TEXT NOT NULL, points INTEGER NOT NULL, at INTEGER NOT NULL, key TEXT UNIQUE
)";

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let activities = cdnow_ten_times(setup)?;
    let accruals = activities.iter().map(Accrual::of).collect::<Result<Vec<_>>>()?;
    let folder = setup.folder()?;
    let peer = Side::peer("SQLite", NOTE, move || insert_all(&folder, &accruals));
    // PLUG: `Side::own` that moves `activities` in, opens the embedded store in a folder emptied each time,
    // times deciding and recording all of them, and answers `kept` of the (member, key) found in the store.
    // After the timing: 1,000 random ones by key, returned and explained singly.
    Ok(vec![peer])
}

/// What a plain table of postings needs to know.
struct Accrual {
    member: String,
    /// Unique among all members.
    key: String,
    at: i64,
    points: i64,
}

impl Accrual {
    fn of(of: &MemberActivity) -> Result<Self> {
        let Activity::Purchase(purchase) = &of.activity else { anyhow::bail!("this is no purchase") };
        let cents: i128 =
            purchase.lines.iter().filter_map(|line| line.gross).map(|gross| gross.units()).sum();
        let key = of.activity.key().context("this activity makes no key")?;
        Ok(Self {
            member: of.member.to_string(),
            key: format!("{}/{key}", of.member),
            at: purchase.occurred_at.at.micros(),
            points: i64::try_from(cents / 10_000)?,
        })
    }
}

fn insert_all(folder: &Path, accruals: &[Accrual]) -> Result<Measured> {
    empty(folder)?;
    let mut connection = sqlite::open(&folder.join("plain.sqlite"))?;
    connection.execute_batch(TABLE)?;
    let start = Instant::now();
    for some in accruals.chunks(IN_ONE) {
        let transaction = connection.transaction()?;
        insert(&transaction, some)?;
        transaction.commit()?;
    }
    let time = start.elapsed();
    Ok(Measured::timed(accruals.len(), time, check(&connection)?))
}

fn insert(transaction: &Transaction<'_>, accruals: &[Accrual]) -> Result<()> {
    let mut account = transaction.prepare_cached("INSERT INTO postings VALUES (?1, ?2, ?3, ?4)")?;
    let mut counter = transaction.prepare_cached("INSERT INTO postings VALUES ('issued', -?1, ?2, NULL)")?;
    for Accrual { member, key, at, points } in accruals {
        account.execute(params![member, points, at, key])?;
        counter.execute(params![points, at])?;
    }
    Ok(())
}

fn check(connection: &Connection) -> Result<String> {
    let balance: i64 = connection.query_row("SELECT sum(points) FROM postings", [], |row| row.get(0))?;
    ensure!(balance == 0, "the postings do not balance: {balance}");
    let mut rows = connection.prepare("SELECT account, key FROM postings WHERE key IS NOT NULL")?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows = rows.collect::<Result<Vec<(String, String)>, _>>()?;
    Ok(kept(rows.iter().map(|(member, key)| (member.as_str(), &key[member.len() + 1..]))))
}
