//! `single-durable`: one earn at a time from 64 callers, each answered when it is on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use loyalty_core::activity::MemberActivity;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::harness::{Bench, Figure, Goal, Measured, Side};
use crate::purchases::generated::Till;
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

const CALLERS: usize = 64;
/// What a commit of a purchase of five lines takes.
const COMMIT_BYTES: usize = 700;
/// Purchases of one member, each on a day of its own.
const EACH: u32 = 4;

/// One earn: what is decided on, and what a bare store keeps of it.
#[derive(Clone)]
pub struct Earn {
    pub activity: MemberActivity,
    pub record: Record,
}

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let earns = Arc::new(earns(CALLERS, setup.scale.pick(EACH, 100 * EACH))?);
    let sides = vec![
        raw::<Redb>(setup, "redb", &earns, "Side::peer: one write transaction for all that waits")?,
        raw::<Sqlite>(setup, "SQLite", &earns, "")?,
        raw::<Fjall>(setup, "fjall", &earns, "")?,
    ];
    Ok(sides)
}

fn raw<S: Raw>(setup: &Setup, name: &'static str, earns: &Arc<Vec<Vec<Earn>>>, note: &'static str) -> Result<Side> {
    let (folder, earns) = (setup.folder()?, Arc::clone(earns));
    let run = move || append_all::<S>(&folder, &earns);
    Ok(if name == "redb" { Side::peer(name, note, run) } else { Side::beside(name, note, run) })
}

fn append_all<S: Raw>(folder: &PathBuf, earns: &[Vec<Earn>]) -> Result<Measured> {
    empty(folder)?;
    let store = Arc::new(GroupCommit::over(S::open(folder)?));
    let runtime = Runtime::new()?;
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for earns in earns {
        let (store, records) = (Arc::clone(&store), earns.iter().map(|e| e.record.clone()).collect::<Vec<_>>());
        callers.spawn_on(
            async move {
                for record in records {
                    store.append(record).await?;
                }
                anyhow::Ok(())
            },
            runtime.handle(),
        );
    }
    runtime.block_on(async {
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        anyhow::Ok(())
    })?;
    let time = start.elapsed();
    Arc::into_inner(store).context("a caller has not let go of the store")?.close()?;
    Ok(Measured::timed(earns.iter().map(Vec::len).sum(), time, kept_in::<S>(folder)?))
}

/// `each` earns for each caller, of members that no other caller knows.
pub fn earns(callers: usize, each: u32) -> Result<Vec<Vec<Earn>>> {
    let mut till = Till::new();
    let mut id = 0;
    (0..callers)
        .map(|caller| {
            (0..each)
                .map(|n| {
                    id += 1;
                    // Members take turns, so that a caller never waits for itself.
                    let member = format!("{caller}-{}", n % each.div_ceil(EACH));
                    let nth = n / each.div_ceil(EACH);
                    let activity = till.basket(&member, id, nth)?;
                    let record = record(&activity, u64::from(nth) + 1)?;
                    Ok(Earn { activity, record })
                })
                .collect()
        })
        .collect()
}

fn record(of: &MemberActivity, seq: u64) -> Result<Record> {
    let mut bytes = minicbor::to_vec(&of.activity)?;
    let mut fill = blake3::Hasher::new().update(&bytes).finalize_xof();
    let written = bytes.len().min(COMMIT_BYTES);
    bytes.resize(COMMIT_BYTES, 0);
    fill.fill(&mut bytes[written..]);
    let key = of.activity.key().context("this activity makes no key")?;
    Ok(Record { member: of.member.to_string(), seq, key: key.to_string(), bytes })
}
