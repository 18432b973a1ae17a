//! Returns that are undone, points that live longer and points that come back, beside the second implementation.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::adjustment::Adjust;
use loyalty_core::correction::{ExtendExpiry, Reinstate, UndoReturn};
use loyalty_core::decision::Command;
use loyalty_core::id::{ActivityId, ActorId, OperationKey};
use loyalty_core::member::MemberState;
use loyalty_core::money::Quantity;
use loyalty_core::points::Points;
use loyalty_core::program::document::Document;
use loyalty_core::time::{Date, Timestamp};
use loyalty_core::vesting::Review;
use loyalty_model::generate::case;
use loyalty_model::{Model, Outcome, Refused};
use pollster::block_on;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Real, cases, compare_states, in_some_order, moved, of_goals, without_zeros};

/// What a person corrects after an activity of this number, some hours later.
#[derive(Debug, Clone)]
struct Step {
    after: usize,
    hours: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// One of the returns so far; now and then one that never was.
    Undo(Index),
    /// Points of a currency until a day from now on; perhaps of one bucket alone.
    Extend(Index, i32, Option<Index>),
    /// So many points of a currency by hand, below 0 taken.
    Adjust(Index, i64),
    /// One of the adjustments so far, approved or refused by one of two people.
    Agree(Index, bool, bool),
    /// So many hundredths of what has lapsed of a currency; perhaps until a day from now on.
    Reinstate(Index, i64, Option<i32>),
}

fn steps(activities: usize) -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        4 => any::<Index>().prop_map(What::Undo),
        4 => (any::<Index>(), -90_i64..90).prop_map(|(currency, points)| What::Adjust(currency, points)),
        4 => (any::<Index>(), any::<bool>(), any::<bool>()).prop_map(|(of, by, ok)| What::Agree(of, by, ok)),
        2 => (any::<Index>(), -2_i32..200, option::of(any::<Index>())).prop_map(|(c, d, b)| What::Extend(c, d, b)),
        3 => (any::<Index>(), -1_i64..110, option::of(-2_i32..200)).prop_map(|(c, p, d)| What::Reinstate(c, p, d)),
    ];
    let step = (0..activities, prop_oneof![3 => 0_i64..3, 1 => 0_i64..2_000], what);
    vec(step.prop_map(|(after, hours, what)| Step { after, hours, what }), 1..8)
}

/// The same program, in which one person alone gives or takes at most 20 points by hand.
fn with_two_people(mut document: Document) -> Document {
    let alone = Quantity::from_units(20_000_000);
    document.currencies.iter_mut().for_each(|currency| currency.second_person_above = Some(alone));
    document
}

/// What is agreed to: each adjustment three times, and one that there is not.
fn agreed(steps: &[Step], which: Index, number: usize) -> usize {
    let adjusts = |it: &usize| matches!(steps[*it].what, What::Adjust(..));
    let all = (0..steps.len()).filter(adjusts).flat_map(|it| [it; 3]);
    *which.get(&all.chain([number]).collect::<Vec<_>>())
}

/// The command of a step.
fn command(
    real: &Real,
    (number, steps): (usize, &[Step]),
    told: &[Activity],
    state: &MemberState,
) -> Command {
    let key = ActivityId::new(&format!("correction-{number}")).unwrap();
    let (reason, actor) = ("a promise".to_owned(), ActorId::new("ann").unwrap());
    let document = real.program.document();
    let day = |days: i32| -> Date { real.program.zone().date_at(state.settled_to).plus_days(days) };
    match steps[number].what {
        What::Undo(which) => {
            let returns = told.iter().filter(|activity| matches!(activity, Activity::Return(_)));
            let mut ids: Vec<ActivityId> = returns.filter_map(|it| it.id().cloned()).collect();
            ids.push(key.clone());
            Command::UndoReturn(Arc::new(UndoReturn { key, of: which.get(&ids).clone() }))
        }
        What::Extend(currency, days, bucket) => {
            let currency = currency.get(&document.currencies).id.clone();
            let buckets =
                state.balance(&currency).map(|balance| balance.buckets().unwrap()).unwrap_or_default();
            let lapsing: Vec<Timestamp> =
                buckets.into_iter().filter_map(|it| it.0).chain([state.settled_to]).collect();
            let bucket = bucket.map(|which| *which.get(&lapsing));
            Command::ExtendExpiry(Arc::new(ExtendExpiry {
                key,
                currency,
                to: day(days),
                bucket,
                reason,
                actor,
            }))
        }
        What::Adjust(currency, points) => {
            let currency = currency.get(&document.currencies);
            let points = Points::new(points * 10_i64.pow(currency.scale.into())).unwrap();
            let currency = currency.id.clone();
            Command::Adjust(Arc::new(Adjust { key, currency, points, reason, actor }))
        }
        What::Agree(which, by_another, approves) => {
            let of =
                OperationKey::new(&format!("adjust/correction-{}", agreed(steps, which, number))).unwrap();
            let actor = if by_another { ActorId::new("bob").unwrap() } else { actor };
            let review = Arc::new(Review { id: key, of, actor, reason });
            if approves { Command::Approve(review) } else { Command::Refuse(review) }
        }
        What::Reinstate(which, hundredths, days) => {
            // Mostly of a currency of which something may come back.
            let back = document.currencies.iter().filter(|it| {
                it.reinstate_within.is_some()
                    && state.balance(&it.id).is_some_and(|it| it.expired.is_positive())
            });
            let back: Vec<_> = back.flat_map(|it| [it; 4]).chain(&document.currencies).collect();
            let currency = which.get(&back).id.clone();
            let lapsed = state.balance(&currency).map_or(0, |balance| balance.expired.minor());
            let points = Points::new(lapsed * hundredths / 100).unwrap();
            Command::Reinstate(Arc::new(Reinstate {
                key,
                currency,
                points,
                to: days.map(day),
                reason,
                actor,
            }))
        }
    }
}

fn expected(model: &mut Model, command: &Command, at: Timestamp) -> Result<Outcome, &'static str> {
    match command {
        Command::UndoReturn(undo) => model.undo_return(undo, at),
        Command::ExtendExpiry(extend) => model.extend_expiry(extend, at).map(|()| Outcome::default()),
        Command::Reinstate(reinstate) => model.reinstate(reinstate, at).map(|()| Outcome::default()),
        Command::Adjust(adjust) => model.adjust(adjust, at).map(|()| Outcome::default()),
        Command::Approve(review) => model.agree(review, true, at).map(|()| Outcome::default()),
        Command::Refuse(review) => model.agree(review, false, at).map(|()| Outcome::default()),
        _ => unreachable!("only corrections"),
    }
}

/// Corrects something on both; its answer is shown before, stays, and is proved. Gives what came of it in a word.
fn correct(real: &Real, model: &mut Model, command: &Command, clock: Timestamp) -> String {
    let expected = expected(model, command, clock);
    let preview = block_on(real.engine.preview(&real.tenant, &real.member, command, clock));
    match (real.execute(command.clone(), clock), expected) {
        (Ok(answer), Ok(outcome)) => {
            let [_, taken, forgiven] = moved(&answer.operation);
            assert_eq!((taken, forgiven), (without_zeros(outcome.taken), without_zeros(outcome.forgiven)));
            let [_, taken, forgiven] = of_goals(&answer.operation);
            let goals = (without_zeros(outcome.goal_takes), without_zeros(outcome.goal_forgiven));
            assert_eq!((taken, forgiven), goals);
            assert_eq!(preview.expect("a preview").decision.state, answer.head.state);
            let again = real.execute(command.clone(), clock).expect("a replay");
            assert!(again.replayed && again.operation == answer.operation);
            let key = &answer.operation.key;
            block_on(real.engine.explain(&real.tenant, &real.member, key, clock)).expect("a proof");
            "done".to_owned()
        }
        (Err(code), Err(expected)) => {
            assert_eq!(code, expected);
            code
        }
        (real, model) => {
            panic!("{command:?}: engine {:?}, model {model:?}", real.map(|answer| answer.operation))
        }
    }
}

/// Records a history with its corrections on both; gives how often each word was heard.
fn corrected(
    (real, model): (&Real, &mut Model),
    history: &[Activity],
    steps: &[Step],
) -> BTreeMap<String, u32> {
    let mut seen = BTreeMap::new();
    let mut clock = Timestamp::default();
    for (index, activity) in history.iter().enumerate() {
        let expected = model.record(activity);
        clock = clock.max(activity.occurred_at().at);
        if matches!(expected, Err(Refused::Late)) {
            continue;
        }
        let done = real.execute(Command::Record(Arc::new(activity.clone())), clock);
        assert_eq!(done.err(), expected.err().map(|refused| refused.code().to_owned()));
        for (number, step) in steps.iter().enumerate().filter(|(_, it)| it.after == index) {
            let Some(state) = real.state() else { continue };
            clock = clock.max(state.settled_to.plus_seconds(step.hours * 3_600)).plus_micros(1_000);
            let command = command(real, (number, steps), &history[..=index], &state);
            let kind = command.to_json().as_object().unwrap().keys().next().unwrap().clone();
            let word = correct(real, model, &command, clock);
            *seen.entry(format!("{kind} {word}")).or_default() += 1;
        }
        let Some(state) = real.state() else { continue };
        model.settle(state.settled_to);
        compare_states(real, &state, model, activity.occurred_at());
    }
    seen
}

proptest! {
    #![proptest_config(cases(1_500))]

    /// Whatever is corrected between activities and returns comes to what the second implementation says.
    #[test]
    fn corrections_equal_the_second_implementation(
        (document, history) in case(10), steps in steps(10), order in 0_u8..9,
    ) {
        let document = in_some_order(with_two_people(document), order);
        let (real, mut model) = (Real::new(&document), Model::new(&document));
        corrected((&real, &mut model), &history, &steps);
        let verified = block_on(real.engine.verify(&real.tenant, &real.member));
        if let Ok(verified) = verified {
            prop_assert_eq!(verified.findings, vec![]);
        }
    }
}

/// Everything that a correction may come to comes up.
#[test]
fn random_corrections_reach_everything() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..800 {
        let ((document, history), steps) =
            (case(10), steps(10)).new_tree(&mut runner).expect("a case").current();
        let document = with_two_people(document);
        let (real, mut model) = (Real::new(&document), Model::new(&document));
        for (word, times) in corrected((&real, &mut model), &history, &steps) {
            *seen.entry(word).or_default() += times;
        }
    }
    println!("{seen:#?}");
    let wanted = [
        ("undo_return done", 20),
        ("undo_return already_undone", 1),
        ("undo_return return_not_found", 50),
        ("undo_return nothing_to_undo", 1),
        ("adjust done", 50),
        ("approve done", 2),
        ("approve same_person", 2),
        ("approve review_not_found", 20),
        ("refuse done", 2),
        ("extend_expiry done", 5),
        ("extend_expiry nothing_to_extend", 20),
        ("extend_expiry already_over", 1),
        ("reinstate done", 4),
        ("reinstate exceeds_lapsed", 3),
        ("reinstate not_reinstatable", 50),
        ("reinstate points_not_positive", 20),
    ];
    for (what, least) in wanted {
        let count = seen.get(what).copied().unwrap_or(0);
        assert!(count >= least, "`{what}` was seen {count} times, {least} wanted");
    }
}
