//! `bulk-cdnow`: many accruals from memory, as a migration records them.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use loyalty_core::activity::{Activity, MemberActivity, Return};
use loyalty_core::decision::Command;
use loyalty_core::engine::Chain;
use loyalty_core::id::{ActivityId, MemberId};
use loyalty_core::ledger::commit::MAX_OPERATIONS;
use loyalty_core::ports::Appended;
use loyalty_core::ports::feed::member_order;
use loyalty_core::program::Program;
use loyalty_core::time::OffsetTime;
use rusqlite::{Connection, Transaction, params};

use crate::engine::{Embedded, now, program, record};
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

// Fast because the purchases of a member go into one commit, members ascend as the store's rows do, and a large
// batch shares one durable transaction; deciding takes microseconds and runs beside the writer.
const OWN: &str = "decided by the engine from prepared commands, packed by member, thousands of members in one durable transaction";

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let activities = cdnow_ten_times(setup)?;
    let accruals = activities.iter().map(Accrual::of).collect::<Result<Vec<_>>>()?;
    let folder = setup.folder()?;
    let peer = Side::peer("SQLite", NOTE, move || insert_all(&folder, &accruals));
    let (folder, program) = (setup.folder()?, program("g1cdnow")?);
    let purchases: Vec<_> = activities.iter().map(|of| (of.member.clone(), record(of))).collect();
    let own = Side::own(OWN, move || record_all(&folder, &purchases, &program));
    Ok(vec![peer, own])
}

/// A member and a command to record a purchase of it.
type Purchase = (MemberId, Command);

/// Members that a thread takes on at once.
const MEMBERS_AT_ONCE: usize = 2_048;
/// Purchases that are found, returned and explained one by one afterwards.
const SINGLY: usize = 1_000;

/// Groups by member, decides on all cores, and writes what some threads have decided while others decide.
fn record_all(folder: &Path, purchases: &[Purchase], program: &Program) -> Result<Measured> {
    empty(folder)?;
    let embedded = Embedded::open(folder, program)?;
    let start = Instant::now();
    let mut members: HashMap<&MemberId, Vec<Command>> = HashMap::new();
    for (member, purchase) in purchases {
        members.entry(member).or_default().push(purchase.clone());
    }
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_by_cached_key(|(member, _)| member_order(member));
    let next = Mutex::new(members.chunks_mut(MEMBERS_AT_ONCE));
    let work = || -> Result<()> {
        loop {
            // A statement of its own, so that the lock is held no longer.
            let part = next.lock().map_err(|_| anyhow!("a thread has panicked"))?.next();
            let Some(part) = part else { return Ok(()) };
            record_part(&embedded, part)?;
        }
    };
    // One more than there are cores, so that one can wait for the disk.
    let threads = thread::available_parallelism()?.get() + 1;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow!("a thread has panicked"))?)
    })?;
    let time = start.elapsed();
    singly(&embedded, purchases)?;
    Ok(Measured::timed(purchases.len(), time, embedded.kept_of("purchase/")?))
}

/// Records the purchases of some members in one durable transaction.
fn record_part(embedded: &Embedded, part: &mut [(&MemberId, Vec<Command>)]) -> Result<()> {
    let Embedded { engine, store, tenant } = embedded;
    let mut appends = Vec::with_capacity(part.len());
    for (member, commands) in &mut *part {
        let first = commands.len().min(MAX_OPERATIONS);
        let decided = engine.decide_many(Chain { tenant, member }, &mut commands[..first], now(), false);
        appends.push(pollster::block_on(decided)?.append.context("nothing was decided")?);
    }
    let answers = pollster::block_on(store.append_all(appends))?;
    ensure!(answers.iter().all(|answer| *answer == Appended::Done), "an append was not done");
    // What one commit does not hold follows when its beginning is there.
    for (member, commands) in part.iter_mut().filter(|(_, commands)| commands.len() > MAX_OPERATIONS) {
        pollster::block_on(engine.execute_many(tenant, member, &mut commands[MAX_OPERATIONS..], now()))?;
    }
    Ok(())
}

/// A thousand random purchases are found by their key, returned and explained, one by one.
fn singly(embedded: &Embedded, purchases: &[Purchase]) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(11);
    let mut done = HashSet::new();
    while done.len() < SINGLY.min(purchases.len()) {
        let index = random.usize(..purchases.len());
        if !done.insert(index) {
            continue;
        }
        let (member, command) = &purchases[index];
        let activity = command.activity().context("this is no activity")?;
        let id = activity.id().context("this activity has no id")?;
        let back = Activity::Return(Return {
            id: ActivityId::new(&format!("back-{id}"))?,
            occurred_at: OffsetTime { at: now(), offset: 0 },
            of: Some(id.clone()),
            lines: vec![],
            amount: None,
        });
        let Embedded { engine, tenant, .. } = embedded;
        let key = activity.key().context("this activity makes no key")?;
        let given = pollster::block_on(engine.explain(tenant, member, &key, now()))?.answer.operation;
        let taken =
            pollster::block_on(engine.execute(tenant, member, Command::Record(Arc::new(back)), now()))?;
        let given: i64 = given.awards.iter().map(|award| award.points.minor()).sum();
        let takes = taken.operation.returned.iter().flat_map(|returned| &returned.takes);
        ensure!(
            given == takes.map(|take| take.points.minor()).sum::<i64>(),
            "a return of all takes all, {key}"
        );
    }
    Ok(())
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
