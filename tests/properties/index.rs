//! Looking rules up in the program's index gives what walking through all of them gives.

use std::sync::Arc;

use allocation_counter::measure;
use loyalty_core::activity::Activity;
use loyalty_core::decision::{Command, Context, Decision, decide};
use loyalty_core::explain::{NoTrace, Proof, Trace};
use loyalty_core::facts::{Facts, Who};
use loyalty_core::id::MemberId;
use loyalty_core::member::MemberState;
use loyalty_core::problem::Problem;
use loyalty_core::program::{Program, Programs};
use loyalty_core::returns::Past;
use loyalty_core::zone::Zone;
use loyalty_model::generate::{facts, history, with_rules};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{cases, now};

fn decided<T: Trace>(
    programs: &Programs,
    state: Option<&MemberState>,
    (activity, facts): (&Activity, &Facts),
    trace: &mut T,
) -> Result<Decision, Problem> {
    let past = Past::default();
    let member = MemberId::new("m").unwrap();
    let context = Context::new(now(), programs, &past, Who { member: &member, facts });
    decide(&context, state, &Command::Record(Arc::new(activity.clone())), trace)
}

proptest! {
    #![proptest_config(cases(400))]

    /// A proof looks at every rule, since it tells why each does not apply; without one the index chooses.
    #[test]
    fn the_index_changes_nothing(
        (document, history) in with_rules(24).prop_flat_map(|it| (Just(it.clone()), history(&it, 8))),
        known in facts(),
    ) {
        let program = Program::from_document(document).expect("generated programs pass the check");
        let programs = Programs::new(Arc::new(program));
        let mut state = None;
        for activity in history.iter().filter(|activity| !matches!(activity, Activity::Return(_))) {
            let indexed = decided(&programs, state.as_ref(), (activity, &known), &mut NoTrace);
            let walked = decided(&programs, state.as_ref(), (activity, &known), &mut Proof::default());
            prop_assert_eq!(&indexed, &walked);
            state = indexed.ok().map(|decision| decision.state).or(state);
        }
    }
}

/// A purchase of bread and fruit under a program with these rules.
fn cost_of(rules: Vec<Value>) -> (u64, Vec<(String, i64)>) {
    let document = json!({
        "format": 1, "name": "Many rules", "money": "EUR", "zone": Zone::utc(), "currencies": [{"id": "points"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "round": "floor", "members": rules}]}],
    });
    let program = Program::check(&serde_json::to_vec(&document).unwrap()).expect("a valid program");
    let programs = Programs::new(Arc::new(program));
    let purchase = json!({"purchase": {"id": "1", "occurred_at": "2026-03-01T12:00:00Z", "lines": [
        {"sku": "bread", "category": ["food", "bread"], "gross": "3.00"},
        {"sku": "apple", "category": ["food", "fruit"], "brand": "acme", "gross": "4.00", "quantity": "2"},
    ]}});
    let activity: Activity = serde_json::from_value(purchase).unwrap();
    let mut decision = None;
    let cost = measure(|| decision = Some(decided(&programs, None, (&activity, &Facts::NONE), &mut NoTrace)));
    let awards = decision.unwrap().unwrap().operation.awards;
    (cost.count_total, awards.into_iter().map(|it| (it.currency.to_string(), it.points.minor())).collect())
}

fn rule(id: &str, rest: Value) -> Value {
    let mut rule = json!({"id": id, "rate": "1"});
    rule.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    json!({"rule": rule})
}

/// 3.00 + 4.00 by the first rule and 4.00 by the second. The others are about what is in the basket and are found;
/// none of their limits is reached, and not one allocation more is made.
#[test]
fn rules_whose_limits_are_not_reached_cost_nothing() {
    let few = vec![
        rule("food", json!({"lines": {"category": {"under": ["food"]}}})),
        rule("fruit", json!({"lines": {"category": {"under": ["food", "fruit"]}}})),
    ];
    let mut many = few.clone();
    for n in 0..2_000 {
        let least = format!("8.{n:04}");
        many.push(rule(&format!("a-{n}"), json!({"when": {"basket": {"sum": {"at_least": least}}}})));
        many.push(rule(
            &format!("b-{n}"),
            json!({"when": {"basket": {"lines": {"sku": {"is": "bread"}}, "sum": {"at_least": least}}}}),
        ));
        many.push(rule(
            &format!("c-{n}"),
            json!({"lines": {"all": [{"brand": {"is": "acme"}}, {"quantity": {"at_least": least}}]}}),
        ));
        many.push(rule(&format!("d-{n}"), json!({"lines": {"sku": {"is": format!("no-{n}")}}})));
    }
    let expected = vec![("points".to_owned(), 11)];
    let (few, many) = (cost_of(few), cost_of(many));
    assert_eq!((&few.1, &many.1), (&expected, &expected));
    // What is sorted out on the way grows with the basket: a list of sums, a list of hits.
    assert!(many.0 <= few.0 + 4, "{} allocations beside {}", many.0, few.0);
}

/// A rule that asks for nothing is no concern: it always matches. One that asks for what no list holds is looked at
/// for every purchase.
#[test]
fn rules_that_no_index_serves_are_named() {
    let mut document = json!({
        "format": 1, "name": "Few rules", "money": "EUR", "zone": Zone::utc(), "currencies": [{"id": "points"}],
        "counters": [{"id": "visits", "counts": "purchases", "window": "year"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": [
            rule("always", json!({})),
            rule("sku", json!({"lines": {"all": [{"sku": {"in": ["a", "b"]}}, {"brand": {"known": true}}]}})),
            rule("either", json!({"lines": {"any": [{"sku": {"is": "a"}}, {"brand": {"known": true}}]}})),
            rule("not", json!({"when": {"not": {"store": {"is": "a"}}}})),
            rule("sum", json!({"when": {"basket": {"sum": {"at_most": "5"}}}})),
            rule("third", json!({"when": {"nth": {"counter": "visits", "is": 3}}})),
            rule("many", json!({"when": {"counter": {"id": "visits", "value": {"at_least": "9"}}}})),
            rule("back", json!({"when": {"since_last": {"counter": "visits", "days": {"at_least": "9"}}}})),
            rule("shop", json!({"when": {"all": [
                {"since_last": {"counter": "visits", "days": {"at_least": "9"}}}, {"store": {"is": "a"}},
            ]}})),
            rule("event", json!({"on": {"event": "flown"}, "fixed": "1"})),
        ]}]}],
    });
    let event = document.pointer_mut("/earning/0/groups/0/members/9/rule").unwrap();
    event.as_object_mut().unwrap().remove("rate");
    let program = Program::check(&serde_json::to_vec(&document).unwrap()).expect("a valid program");
    let unindexed: Vec<&str> = program.unindexed_rules().map(|id| id.as_str()).collect();
    assert_eq!(unindexed, ["either", "not", "third", "many", "back"]);
}
