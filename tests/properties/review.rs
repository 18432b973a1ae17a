//! Reviews of what activities earned above a limit, beside the second implementation.

use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::id::{ActivityId, ActorId, AuthorId, OperationKey};
use loyalty_core::program::document::{Document, Limit, LimitAnswer};
use loyalty_core::time::Timestamp;
use loyalty_core::vesting::Review;
use loyalty_model::generate::case;
use loyalty_model::{Model, Outcome};
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Real, cases, compare_states, of_goals, without_zeros};

/// A review after an activity of this number: of what, whether it is approved, and how many hours later.
type Look = (usize, Index, bool, i64);

fn looks() -> impl Strategy<Value = Vec<Look>> {
    vec((0_usize..10, any::<Index>(), any::<bool>(), 0_i64..900), 1..8)
}

/// The same program with a limit on top that has nearly everything reviewed.
fn watched(document: &Document, first: bool) -> Document {
    let measures = r#"{"activities": {"at_most": 1, "window": {"rolling": {"days": 300}}}}"#;
    let measures = serde_json::from_str(measures).expect("a measure");
    let id = AuthorId::new("watched").unwrap();
    let limit = Limit { id, measures, when: None, then: LimitAnswer::Review };
    let mut document = document.clone();
    let place = if first { 0 } else { document.limits.len() };
    document.limits.insert(place, limit);
    document
}

fn command(number: usize, of: &str, approves: bool) -> Command {
    let review = Arc::new(Review {
        id: ActivityId::new(&format!("look-{number}")).unwrap(),
        of: OperationKey::new(of).unwrap(),
        actor: ActorId::new("ann").unwrap(),
        reason: "looked at".to_owned(),
    });
    if approves { Command::Approve(review) } else { Command::Refuse(review) }
}

/// Looks at one of the activities so far, mostly one that is under review.
fn look(real: &Real, model: &mut Model, number: usize, (of, approves): (&str, bool), clock: Timestamp) {
    let expected = model.review(of, approves, clock);
    let command = command(number, of, approves);
    let preview = block_on(real.engine.preview(&real.tenant, &real.member, &command, clock));
    match (real.execute(command.clone(), clock), expected) {
        (Ok(answer), Ok(outcome)) => {
            let Outcome { goal_takes, goal_forgiven, .. } = outcome;
            let [_, taken, gone] = of_goals(&answer.operation);
            assert_eq!((taken, gone), (without_zeros(goal_takes), without_zeros(goal_forgiven)));
            let preview = preview.expect("a preview").decision.operation;
            assert_eq!(preview.without_leases(), answer.operation.without_leases());
            let again = real.execute(command, clock).expect("a replay");
            assert!(again.replayed && again.operation == answer.operation);
            let key = &answer.operation.key;
            block_on(real.engine.explain(&real.tenant, &real.member, key, clock)).expect("a proof");
        }
        (Err(code), Err(expected)) => assert_eq!(code, expected),
        (real, model) => panic!("engine {:?}, model {model:?}", real.map(|answer| answer.operation)),
    }
}

fn key_of(activity: &Activity) -> String {
    activity.key().expect("a key").to_string()
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// What is approved, refused, returned and heard of in between comes to what the second implementation says.
    #[test]
    fn reviews_equal_the_second_implementation(
        (document, history) in case(10),
        looks in looks(),
        first in any::<bool>(),
    ) {
        let document = watched(&document, first);
        let (real, mut model) = (Real::new(&document), Model::new(&document));
        let mut clock = Timestamp::default();
        for (index, activity) in history.iter().enumerate() {
            let expected = model.record(activity);
            clock = clock.max(activity.occurred_at().at);
            if matches!(expected, Err(loyalty_model::Refused::Late)) {
                continue;
            }
            let done = real.execute(Command::Record(Arc::new(activity.clone())), clock);
            let refused = (done.as_ref().err(), expected.as_ref().err());
            prop_assert_eq!(refused.0.is_some(), refused.1.is_some(), "{:?}", refused);
            for (number, (_, of, approves, hours)) in looks.iter().enumerate().filter(|(_, it)| it.0 == index) {
                let Some(state) = real.state() else { continue };
                let soon = state.settled_to.plus_seconds(hours * 3_600);
                clock = clock.max(soon).plus_micros(1_000);
                let mut named = model.under_review();
                // Also of what never was, or is no more.
                named.extend(history[..=index].iter().take(1).map(key_of));
                look(&real, &mut model, number, (of.get(named.as_slice()).as_str(), *approves), clock);
            }
            let Some(state) = real.state() else { continue };
            model.settle(state.settled_to);
            compare_states(&real, &state, &model, activity.occurred_at());
            prop_assert_eq!(
                state.under_review().map(|it| it.of.to_string()).collect::<std::collections::BTreeSet<_>>(),
                model.under_review().into_iter().collect()
            );
        }
        if real.state().is_some() {
            let verified = block_on(real.engine.verify(&real.tenant, &real.member)).unwrap();
            prop_assert_eq!(verified.findings, vec![]);
        }
    }
}
