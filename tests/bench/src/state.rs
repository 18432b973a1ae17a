//! `state-size`: what a member's state takes in each of its commits.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use loyalty_core::activity::MemberActivity;
use loyalty_core::decision::Command;
use loyalty_core::id::MemberId;
use loyalty_core::program::Program;

use crate::engine::{Embedded, now, program, record};
use crate::harness::{Bench, Figure, Goal, Measured, Side};
use crate::purchases::{grocery, grocery_activities};
use crate::setup::{Setup, empty};

pub const BENCH: Bench = Bench {
    name: "state-size",
    what: "the encoded state of the member in the middle, after all of the grocery set",
    figure: Figure::Bytes,
    goal: Goal::Within(1_024.0),
    real_data: true,
    sides,
};

fn sides(setup: &Setup) -> Result<Vec<Side>> {
    let activities = grocery_activities(setup, &grocery(setup)?)?;
    let (folder, program) = (setup.folder()?, program("g1")?);
    Ok(vec![Side::own("the newest commit of each member", move || median(&folder, &activities, &program))])
}

fn median(folder: &Path, activities: &Path, program: &Program) -> Result<Measured> {
    empty(folder)?;
    let embedded = Embedded::open(folder, program)?;
    let mut commands: BTreeMap<MemberId, Vec<Command>> = BTreeMap::new();
    for line in BufReader::new(File::open(activities)?).lines() {
        let of: MemberActivity = serde_json::from_str(&line?)?;
        commands.entry(of.member.clone()).or_default().push(record(&of));
    }
    let mut sizes = Vec::with_capacity(commands.len());
    for (member, mut commands) in commands {
        let Embedded { engine, tenant, .. } = &embedded;
        pollster::block_on(engine.execute_many(tenant, &member, &mut commands, now()))?;
        let settled = pollster::block_on(engine.member(tenant, &member, None, now()))?;
        sizes.push(minicbor::to_vec(&settled.head.state)?.len());
    }
    sizes.sort_unstable();
    let middle = sizes.get(sizes.len() / 2).copied().context("there is no member")?;
    Ok(Measured::timed(middle, Duration::ZERO, String::new()))
}
