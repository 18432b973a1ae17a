//! `bulk-cdnow`: many accruals from memory, as an import or a migration records them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use loyalty_core::activity::{Activity, MemberActivity};
use rusqlite::{Connection, params};

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

/// Accruals of one SQLite transaction.
const IN_ONE: usize = 512;

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let activities = cdnow_ten_times(setup)?;
    let accruals: Vec<Accrual> = activities.iter().map(Accrual::of).collect();
    let folder = setup.folder()?;
    let peer = Side::peer("SQLite", NOTE, move || insert_all(&folder, &accruals));
    Ok(vec![peer])
}

const NOTE: &str = "WAL, synchronous FULL, 512 accruals a transaction, prepared statements, all pages cached; an \
    account row, a counter-account row and a unique key for each; points are given, nothing is decided";

/// What the ledger of a plain table needs to know.
struct Accrual {
    member: String,
    key: String,
    at: i64,
    points: i64,
}

impl Accrual {
    fn of(of: &MemberActivity) -> Self {
        let points = match &of.activity {
            Activity::Purchase(it) => it.lines.iter().filter_map(|line| line.gross).map(|gross| gross.units()).sum(),
            Activity::Return(_) | Activity::Event(_) => 0_i128,
        };
        Self {
            member: of.member.to_string(),
            key: of.activity.key().map(|key| format!("{}/{key}", of.member)).unwrap_or_default(),
            at: of.activity.occurred_at().at.micros(),
            points: i64::try_from(points / 10_000).unwrap_or(0),
        }
    }
}

fn insert_all(folder: &PathBuf, accruals: &[Accrual]) -> Result<Measured> {
    empty(folder)?;
    let path = folder.join("plain.sqlite");
    let mut connection = sqlite::open(&path)?;
    let variant = std::env::var("V").unwrap_or_default();
    match variant.as_str() {
        "b" => connection.execute_batch("CREATE TABLE postings (key TEXT NOT NULL, leg INTEGER NOT NULL, account TEXT NOT NULL, points INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (account, key, leg)) WITHOUT ROWID")?,
        "c"|"d" => connection.execute_batch("CREATE TABLE postings (account TEXT NOT NULL, points INTEGER NOT NULL, at INTEGER NOT NULL, key TEXT UNIQUE)")?,
        _ => connection.execute_batch("CREATE TABLE accounts (account TEXT NOT NULL, key TEXT NOT NULL, points INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (account, key)) WITHOUT ROWID; CREATE TABLE counter (account TEXT NOT NULL, points INTEGER NOT NULL, at INTEGER NOT NULL);")?,
    }
    if std::env::var("SMALL").is_ok() { connection.pragma_update(None, "cache_size", -2000)?; }
    let start = Instant::now();
    for some in accruals.chunks(IN_ONE) {
        let transaction = connection.transaction()?;
        match variant.as_str() {
            "b" => {
                let mut s = transaction.prepare_cached("INSERT INTO postings VALUES (?1, 0, ?2, ?3, ?4), (?1, 1, 'issued', -?3, ?4)")?;
                for a in some { s.execute(params![a.key, a.member, a.points, a.at])?; }
            }
            "c" => {
                let mut s = transaction.prepare_cached("INSERT INTO postings VALUES (?2, ?3, ?4, ?5), ('issued', -?3, ?4, NULL)")?;
                for a in some { s.execute(params![a.key, a.member, a.points, a.at, a.key])?; }
            }
            "d" => {
                let mut s = transaction.prepare_cached("INSERT INTO postings VALUES (?2, ?3, ?4, ?1)")?;
                let mut t = transaction.prepare_cached("INSERT INTO postings VALUES ('issued', -?1, ?2, NULL)")?;
                for a in some { s.execute(params![a.key, a.member, a.points, a.at])?; t.execute(params![a.points, a.at])?; }
            }
            "e" => {
                let mut s = transaction.prepare_cached("INSERT INTO accounts VALUES (?2, ?1, ?3, ?4)")?;
                let mut t = transaction.prepare_cached("INSERT INTO counter VALUES (?1, ?2, ?3)")?;
                for a in some { s.execute(params![a.key, a.member, a.points, a.at])?; t.execute(params!["issued/points", -a.points, a.at])?; }
            }
            _ => {
                let mut s = transaction.prepare_cached("INSERT INTO accounts VALUES (?2, ?1, ?3, ?4)")?;
                let mut t = transaction.prepare_cached("INSERT INTO counter VALUES ('issued', ?1, ?2)")?;
                for a in some { s.execute(params![a.key, a.member, a.points, a.at])?; t.execute(params![-a.points, a.at])?; }
            }
        }
        transaction.commit()?;
    }
    let time = start.elapsed();
    let _ = (kept([("", "")]), Path::new(""), Connection::open_in_memory);
    Ok(Measured::timed(accruals.len(), time, String::new()))
}
