//! `decide`: from a typed purchase to the bytes of its commit, beside reading its JSON.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use loyalty_core::activity::{Activity, MemberActivity};
use loyalty_core::decision::{Context, decide};
use loyalty_core::explain::NoTrace;
use loyalty_core::facts::{Facts, Who};
use loyalty_core::ledger::chain::BEGINNING;
use loyalty_core::ledger::commit::{NewCommit, StoredCommit};
use loyalty_core::program::{Program, Programs};
use loyalty_core::returns::Past;
use serde_json::Value;

use crate::engine::{chain_key, now, program, record, tenant};
use crate::harness::{Bench, Figure, Goal, Measured, Side, cpu_time};
use crate::purchases::generated::{MEDIAN_LINES, Till};
use crate::purchases::{grocery, grocery_activities};
use crate::setup::{Scale, Setup};

pub const BENCH: Bench = Bench {
    name: "decide",
    what: "a grocery basket of five lines, the median, on one thread; its CPU time",
    figure: Figure::MicrosEach("activity"),
    goal: Goal::AtMost(0.5),
    real_data: true,
    sides,
};

const NOTE: &str = "`serde_json::from_str` of the activity, as an import line holds it, into a `Value`; letting \
    go of it included";

// Fast because nothing is copied or looked up on the way: the activity is shared, rules are walked in place over
// integers, and the commit is encoded into one buffer that is hashed once.
const OWN: &str = "`decide` with the explanation off, then the commit encoded and hashed";

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let sample = sample(setup)?;
    let text = serde_json::to_string(&sample.activity)?;
    let times = setup.scale.pick(20_000, 200_000);
    let peer = Side::peer("serde_json", NOTE, move || parse(&text, times));
    let program = program("g1")?;
    let own = Side::own(OWN, move || decide_all(&sample, &program, times));
    Ok(vec![peer, own])
}

/// Decides the activity, without undeclared attributes as the engine hands it over, on a member who has bought
/// before.
fn decide_all(sample: &MemberActivity, program: &Program, times: usize) -> Result<Measured> {
    let (tenant, key, past) = (tenant()?, chain_key(), Past::default());
    let programs = Programs::new(Arc::new(program.clone()));
    let who = Who { member: &sample.member, facts: &Facts::NONE };
    let context = Context::new(now(), &programs, &past, who);
    let mut command = record(sample);
    command.drop_undeclared(&programs);
    let before = decide(&context, None, &command, &mut NoTrace)?.state;
    let commit = || -> Result<StoredCommit> {
        let decision =
            decide(black_box(&context), Some(black_box(&before)), black_box(&command), &mut NoTrace)?;
        let new = NewCommit {
            tenant: &tenant,
            member: &sample.member,
            seq: 2,
            recorded_at: context.now,
            previous: BEGINNING,
            state: &decision.state,
            operations: std::slice::from_ref(&decision.operation),
        };
        Ok(new.seal(&key))
    };
    let (time, last) = cpu_time(|| {
        let mut last = commit()?;
        for _ in 1..times {
            last = commit()?;
        }
        anyhow::Ok(last)
    });
    let last = last?.commit()?;
    let operation = last.operations.first().context("a commit holds an operation")?;
    ensure!(operation.awards.iter().any(|award| award.points.is_positive()), "nothing was earned");
    Ok(Measured::timed(times, time, check(operation.activity().context("an activity")?)))
}

fn parse(text: &str, times: usize) -> Result<Measured> {
    let (time, last) = cpu_time(|| {
        let mut last = Value::Null;
        for _ in 0..times {
            last = serde_json::from_str(black_box(text))?;
        }
        anyhow::Ok(last)
    });
    Ok(Measured::timed(times, time, check(&serde_json::from_value(last?)?)))
}

/// What both sides have to have in their hands at the end.
fn check(activity: &Activity) -> String {
    let lines = match activity {
        Activity::Purchase(it) => it.lines.len(),
        Activity::Return(it) => it.lines.len(),
        _ => 0,
    };
    let id = activity.id().map_or("without an id", |id| id.as_str());
    format!("activity {id}, {lines} lines")
}

fn sample(setup: &Setup) -> Result<MemberActivity> {
    match setup.scale {
        Scale::Smoke => Till::new().basket("1", 1, 0),
        Scale::Full => median(&grocery_activities(setup, &grocery(setup)?)?),
    }
}

/// Of the purchases with five lines the one with the median length of text.
fn median(activities: &Path) -> Result<MemberActivity> {
    let mut baskets = Vec::new();
    for line in BufReader::new(File::open(activities)?).lines() {
        let line = line?;
        let of: MemberActivity = serde_json::from_str(&line)?;
        if matches!(&of.activity, Activity::Purchase(it) if it.lines.len() == MEDIAN_LINES) {
            baskets.push((line.len(), of));
        }
    }
    baskets.sort_by_key(|(length, _)| *length);
    let middle = baskets.len() / 2;
    Ok(baskets.into_iter().nth(middle).context("no basket has five lines")?.1)
}
