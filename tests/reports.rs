//! What a report says of random programs, held against what their random members really do.

#[path = "replay/case.rs"]
#[allow(dead_code)] // shared with the corpus
mod case;
#[path = "replay/reported.rs"]
#[allow(dead_code)] // shared with the corpus
mod reported;

use std::collections::BTreeSet;
use std::sync::Arc;

use loyalty_core::activity::{Activity, Purchase};
use loyalty_core::decision::{Command, Context, Decision, decide_unused};
use loyalty_core::explain::NoTrace;
use loyalty_core::facts::{Facts, Who};
use loyalty_core::id::MemberId;
use loyalty_core::ledger::operation::Operation;
use loyalty_core::member::MemberState;
use loyalty_core::program::{Program, Programs};
use loyalty_core::report::{Fact, Report, Warning};
use loyalty_core::returns::Past;
use loyalty_core::time::Timestamp;
use loyalty_model::generate::{case, cases};
use loyalty_model::number::{Exact, parse, power_of_ten, whole};
use proptest::prelude::*;

/// Purchases and events of one member, decided one after the other, each with the state after it.
fn decided(program: &Program, history: &[Activity]) -> Vec<(Activity, Operation, MemberState)> {
    let programs = Programs::new(Arc::new(program.clone()));
    let now = Timestamp::parse("2030-01-01T00:00:00Z").unwrap();
    let member = MemberId::new("somebody").unwrap();
    let mut state: Option<MemberState> = None;
    let (mut done, past) = (Vec::new(), Past::default());
    for activity in history.iter().filter(|it| !matches!(it, Activity::Return(_))) {
        let who = Who { member: &member, facts: &Facts::NONE };
        let context = Context::new(now, &programs, &past, who);
        let command = Command::Record(Arc::new(activity.clone()));
        if let Ok(Decision { operation, state: after, .. }) =
            decide_unused(&context, state.as_ref(), &command, &mut NoTrace)
        {
            state = Some(after.clone());
            done.push((activity.clone(), operation, after));
        }
    }
    done
}

/// A decimal or a quotient, as a number of any size.
fn exact(text: &str) -> Exact {
    let (num, den) = text.split_once('/').unwrap_or((text, "1"));
    parse(num).expect("a decimal") / parse(den).expect("a whole number")
}

/// A figure of a fact.
fn figure(fact: &Fact, name: &str) -> Option<Exact> {
    fact.figures.get(name).map(|text| exact(text))
}

/// What the lines cost before discounts, those above 0.
fn price(purchase: &Purchase) -> Exact {
    let each = purchase.lines.iter().map(|line| exact(&line.gross().unwrap().to_string()));
    each.filter(|gross| *gross > whole(0)).sum()
}

/// Panics where a purchase earns more than the fact says.
fn holds(fact: &Fact, program: &Program, purchase: &Purchase, operation: &Operation) {
    let index: usize = fact.path.trim_start_matches("/earning/").parse().expect("an index");
    let currency = program.currency(&program.document().earning[index].currency).unwrap();
    let awards = operation.awards.iter().filter(|award| award.currency == currency.id);
    let minor: i64 = awards.map(|award| award.points.minor()).sum();
    let points = whole(minor) / power_of_ten(currency.scale.into());
    if let Some((rate, beside)) = figure(fact, "rate").zip(figure(fact, "beside")) {
        assert!(points <= rate * price(purchase) + beside, "{points} for {}: {fact:#?}", price(purchase));
    }
    if let Some(most) = figure(fact, "most") {
        assert!(points <= most, "{points}: {fact:#?}");
    }
}

/// The rule that a warning is about.
fn rule_at(program: &Program, path: &str) -> String {
    let document = serde_json::to_value(program.document()).unwrap();
    document.pointer(path).expect("a rule").get("id").unwrap().as_str().unwrap().to_owned()
}

fn warned<'a>(report: &'a Report, code: &'a str) -> impl Iterator<Item = &'a Warning> {
    report.warnings.iter().filter(move |warning| warning.code == code)
}

proptest! {
    #![proptest_config(cases(500, 25_000))]

    /// No purchase earns more than the bound, no state is larger, no rule that cannot apply does, nobody holds a
    /// level that is out of reach, and every example is right.
    #[test]
    fn a_report_is_right((document, history) in case(10)) {
        let program = Program::from_document(document).expect("generated programs pass the check");
        let report = Report::of(&program);
        let never: BTreeSet<String> = warned(&report, "rule_never_applies").map(|it| rule_at(&program, &it.path)).collect();
        let beaten: BTreeSet<String> = warned(&report, "rule_always_beaten").map(|it| rule_at(&program, &it.path)).collect();
        let bytes = report.facts.iter().find(|fact| fact.code == "state_at_most").unwrap().figures["bytes"].parse::<usize>().unwrap();
        let unindexed = report.facts.iter().filter(|fact| fact.code == "rules_unindexed").flat_map(|fact| &fact.rules);
        prop_assert!(unindexed.eq(program.unindexed_rules()));
        for (activity, operation, state) in decided(&program, &history) {
            prop_assert!(minicbor::to_vec(&state).unwrap().len() <= bytes);
            let applied: BTreeSet<_> = operation.awards.iter().flat_map(|it| &it.rules).map(ToString::to_string).collect();
            prop_assert!(applied.is_disjoint(&never), "{applied:?} of {never:?}");
            let below_zero = |purchase: &Purchase| purchase.lines.iter().any(|line| line.net_paid().unwrap().is_negative());
            if !matches!(&activity, Activity::Purchase(purchase) if below_zero(purchase)) {
                prop_assert!(applied.is_disjoint(&beaten), "{applied:?} of {beaten:?}");
            }
            if let Activity::Purchase(purchase) = &activity {
                for fact in report.facts.iter().filter(|fact| fact.code == "reward_at_most") {
                    holds(fact, &program, purchase, &operation);
                }
            }
            for warning in warned(&report, "level_unreachable") {
                let place: Vec<usize> = warning.path.split('/').filter_map(|part| part.parse().ok()).collect();
                let track = &program.document().tiers[place[0]];
                prop_assert_ne!(state.tier(&track.id).map(|held| held.level()), Some(&track.levels[place[1]].id));
            }
        }
        let shown = report.warnings.iter().filter_map(|it| it.example.as_ref());
        for example in shown.chain(report.facts.iter().filter_map(|it| it.example.as_ref())) {
            prop_assert_eq!(reported::wrong(&program, example), None);
        }
    }
}
