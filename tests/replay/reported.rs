//! What is known of a program beside what a case expects, and its examples decided once more.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::conversion::Owner;
use loyalty_core::decision::{Command, Context, decide_unused};
use loyalty_core::explain::NoTrace;
use loyalty_core::facts::Who;
use loyalty_core::id::MemberId;
use loyalty_core::ledger::operation::Operation;
use loyalty_core::member::MemberState;
use loyalty_core::points::Points;
use loyalty_core::program::{Program, Programs};
use loyalty_core::report::{self, Example, Report};
use loyalty_core::returns::Past;
use loyalty_core::settle::settle;
use loyalty_core::tier::TierState;
use loyalty_core::time::Timestamp;

use super::case::{Fact, Refusal, Then};

/// Compares the report of a program with what is expected, and plays every example.
pub fn agrees(then: &Then, program: &Program, now: Option<Timestamp>) -> Result<(), Vec<String>> {
    if then.warnings.is_none() && then.facts.is_none() && then.no_facts.is_empty() {
        return Ok(());
    }
    let report = now.map_or_else(|| Report::of(program), |now| Report::at(program, now));
    let mut differ = Vec::new();
    if let Some(expected) = &then.warnings {
        let found =
            report.warnings.iter().map(|it| Refusal { code: it.code.to_owned(), path: it.path.clone() });
        let found: Vec<_> = found.collect();
        if found != *expected {
            differ.push(format!("warnings: expected {expected:?}, found {found:?}"));
        }
    }
    for expected in then.facts.iter().flatten() {
        if !report.facts.iter().any(|fact| fits(expected, fact)) {
            differ.push(format!("expected {expected:?}, found {:#?}", report.facts));
        }
    }
    let unexpected = report.facts.iter().filter(|fact| then.no_facts.iter().any(|code| code == fact.code));
    differ.extend(unexpected.map(|fact| format!("found {fact:#?}")));
    let warned = report.warnings.iter().filter_map(|it| it.example.as_ref());
    let examples = warned.chain(report.facts.iter().filter_map(|it| it.example.as_ref()));
    differ.extend(examples.filter_map(|example| wrong(program, example)));
    if differ.is_empty() { Ok(()) } else { Err(differ) }
}

fn fits(expected: &Fact, fact: &report::Fact) -> bool {
    let figures =
        expected.figures.iter().all(|(name, figure)| fact.figures.get(name.as_str()) == Some(figure));
    let rules = expected
        .rules
        .as_ref()
        .is_none_or(|rules| rules.iter().map(String::as_str).eq(fact.rules.iter().map(|rule| rule.as_str())));
    let points = expected.points.as_ref().is_none_or(|points| {
        let shown = fact.example.iter().flat_map(|example| &example.points);
        let shown: BTreeMap<_, _> = shown.map(|(id, points)| (id.to_string(), points.minor())).collect();
        shown == *points
    });
    (expected.code.as_str(), expected.path.as_str()) == (fact.code, fact.path.as_str())
        && figures
        && rules
        && points
}

/// What is wrong with an example: it is decided here by the engine as a member would have it.
pub fn wrong(program: &Program, example: &Example) -> Option<String> {
    let programs = Programs::new(Arc::new(program.clone()));
    let mut state = None;
    if !example.levels.is_empty() {
        let since = example.activities[0].occurred_at().at;
        let mut held = MemberState::enrolled(since);
        let levels = example.levels.iter();
        held.tiers.extend(levels.map(|(t, level)| TierState::holding(t.clone(), level.clone(), since)));
        state = Some(held);
    }
    let mut last: Option<Operation> = None;
    for activity in &example.activities {
        match recorded(&programs, state.as_ref(), activity, example) {
            Ok((operation, after)) => (last, state) = (Some(operation), Some(after)),
            Err(code) => return Some(format!("an example is refused: {code}: {activity:?}")),
        }
    }
    let (operation, mut state) = last.zip(state)?;
    let mut points = BTreeMap::<_, Points>::new();
    for award in &operation.awards {
        let sum = points.entry(award.currency.clone()).or_insert(Points::ZERO);
        *sum = sum.plus(award.points).expect("in range");
    }
    if let Some(at) = example.read_at {
        let somebody = MemberId::new("m").expect("a name");
        let member = example.member.as_ref().unwrap_or(&somebody);
        settle(&programs, Owner::unkept(member), &mut state, at).expect("in range");
        points = state
            .balances
            .iter()
            .map(|it| (it.currency.clone(), it.available().expect("in range")))
            .collect();
    }
    let tiers: BTreeMap<_, _> = state.tiers.iter().map(|it| (it.track.clone(), it.level().clone())).collect();
    let right = points == example.points && tiers == example.tiers;
    (!right).then(|| format!("an example says {example:#?} and comes to {points:?}, {tiers:?}"))
}

fn recorded(
    programs: &Programs,
    state: Option<&MemberState>,
    activity: &Activity,
    example: &Example,
) -> Result<(Operation, MemberState), &'static str> {
    let member = example.member.clone().unwrap_or_else(|| MemberId::new("somebody").expect("an id"));
    let who = Who { member: &member, facts: &example.facts };
    let past = Past::default();
    let context = Context::new(activity.occurred_at().at, programs, &past, who);
    let command = Command::Record(Arc::new(activity.clone()));
    let decided = decide_unused(&context, state, &command, &mut NoTrace).map_err(|problem| problem.code)?;
    Ok((decided.operation, decided.state))
}
