//! `single-durable`: one earn at a time from 64 callers, each answered when it is on disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use loyalty_core::decision::Command;
use loyalty_core::id::MemberId;
use loyalty_core::program::Program;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::engine::{Embedded, now, program, record};
use crate::harness::{Bench, Figure, Goal, Measured, Side};
use crate::purchases::earns::{Earn, earns};
use crate::raw::fjall::Fjall;
use crate::raw::redb::Redb;
use crate::raw::sqlite::Sqlite;
use crate::raw::{GroupCommit, Raw, Record, kept_in};
use crate::setup::{Setup, empty};

pub const BENCH: Bench = Bench {
    name: "single-durable",
    what: "64 callers, each records one purchase after the other and waits until it is durable; wall time",
    figure: Figure::PerSecond("earns"),
    goal: Goal::AtLeast(0.7),
    real_data: false,
    sides,
};

const CALLERS: u64 = 64;

const REDB: &str = "group commit: one writer thread, what has queued up in one transaction, immediate \
    durability; three rows and 700 bytes an earn, nothing decided, hashed or looked up";
const QUICK: &str = "the same with `set_quick_repair`, which makes opening after a crash quick";
const SQLITE: &str = "the same group commit; WAL, synchronous FULL, prepared statements, all pages cached";
const FJALL: &str = "the same group commit; one batch with `PersistMode::SyncAll`";

// Near the bare store because an earn is one read of the head and one insert; deciding and hashing take a few
// microseconds on the callers' threads while the writer waits for the disk.
const OWN: &str = "the engine over the embedded store: head read, decided, hashed, appended with its keys";

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let earns = Arc::new(earns(CALLERS, setup.scale.pick(20, 400))?);
    let (folder, own, program) = (setup.folder()?, Arc::clone(&earns), program("g1")?);
    Ok(vec![
        Side::own(OWN, move || execute_all(&folder, &own, &program)),
        Side::peer("redb", REDB, raw::<Redb<false>>(setup, &earns)?),
        Side::beside("redb, quick repair", QUICK, raw::<Redb<true>>(setup, &earns)?),
        Side::beside("SQLite", SQLITE, raw::<Sqlite>(setup, &earns)?),
        Side::beside("fjall", FJALL, raw::<Fjall>(setup, &earns)?),
    ])
}

fn raw<S: Raw>(
    setup: &Setup,
    earns: &Arc<Vec<Vec<Earn>>>,
) -> Result<impl FnMut() -> Result<Measured> + 'static> {
    let (folder, earns) = (setup.folder()?, Arc::clone(earns));
    Ok(move || append_all::<S>(&folder, &earns))
}

fn append_all<S: Raw>(folder: &Path, earns: &[Vec<Earn>]) -> Result<Measured> {
    empty(folder)?;
    let records: Vec<Vec<Record>> =
        earns.iter().map(|earns| earns.iter().map(|earn| earn.record.clone()).collect()).collect();
    let store = Arc::new(GroupCommit::over(S::open(folder)?));
    let runtime = Runtime::new()?;
    let start = Instant::now();
    runtime.block_on(call(&store, records))?;
    let time = start.elapsed();
    Arc::into_inner(store).context("a caller has not let go of the store")?.close()?;
    Ok(Measured::timed(earns.iter().map(Vec::len).sum(), time, kept_in::<S>(folder)?))
}

fn execute_all(folder: &Path, earns: &Arc<Vec<Vec<Earn>>>, program: &Program) -> Result<Measured> {
    empty(folder)?;
    let embedded = Arc::new(Embedded::open(folder, program)?);
    let commands = |earns: &Vec<Earn>| {
        earns.iter().map(|it| (it.activity.member.clone(), record(&it.activity))).collect()
    };
    let commands: Vec<Vec<_>> = earns.iter().map(commands).collect();
    let runtime = Runtime::new()?;
    let start = Instant::now();
    runtime.block_on(earn_all(&embedded, commands))?;
    let time = start.elapsed();
    Ok(Measured::timed(earns.iter().map(Vec::len).sum(), time, embedded.kept()?))
}

async fn earn_all(embedded: &Arc<Embedded>, commands: Vec<Vec<(MemberId, Command)>>) -> Result<()> {
    let mut callers = JoinSet::new();
    for commands in commands {
        let embedded = Arc::clone(embedded);
        callers.spawn(async move {
            for (member, command) in commands {
                embedded.engine.execute(&embedded.tenant, &member, command, now()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn call(store: &Arc<GroupCommit>, records: Vec<Vec<Record>>) -> Result<()> {
    let mut callers = JoinSet::new();
    for records in records {
        let store = Arc::clone(store);
        callers.spawn(async move {
            for record in records {
                store.append(record).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(())
}
