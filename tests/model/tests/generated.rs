//! What must hold for the model on every random case, and proof that the random cases reach everything.

use std::collections::BTreeMap;

use loyalty_core::activity::Activity;
use loyalty_core::facts::{Birthday, Facts};
use loyalty_core::program::document::Document;
use loyalty_model::Model;
use loyalty_model::generate::{case, cases};
use loyalty_model::number::BigInt;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

proptest! {
    #![proptest_config(cases(200, 10_000))]

    #[test]
    fn points_are_conserved_and_never_negative((document, history) in case(15)) {
        let mut model = Model::new(&document);
        for (number, activity) in history.iter().enumerate() {
            let _ = model.record(activity);
            // Every third has what waits looked at, and every second of these approves it.
            for of in model.under_review().into_iter().filter(|_| number % 3 == 0) {
                let _ = model.review(&of, number % 2 == 0, activity.occurred_at().at);
            }
            for currency in &document.currencies {
                let id = currency.id.as_str();
                let totals = model.totals(id);
                let left = &totals.earned - &totals.clawed_back - &totals.expired - &totals.redeemed;
                prop_assert_eq!(model.balance(id) + model.pending(id) - model.debt(id), left);
                prop_assert!(model.balance(id) >= BigInt::ZERO && totals.forgiven >= BigInt::ZERO);
                prop_assert!(&totals.clawed_back + &totals.forgiven <= totals.earned);
            }
        }
    }

    #[test]
    fn the_points_of_lines_add_up_to_the_award((document, history) in case(8)) {
        let mut model = Model::new(&document);
        for activity in &history {
            let Ok(outcome) = model.record(activity) else { continue };
            for (currency, award) in &outcome.awards {
                let sum: BigInt = outcome.lines[currency].iter().sum();
                prop_assert!(*award >= BigInt::ZERO);
                prop_assert!(outcome.lines[currency].iter().all(|points| *points >= BigInt::ZERO));
                prop_assert_eq!(&sum, award);
            }
        }
    }

    #[test]
    fn programs_and_histories_survive_json((document, history) in case(8)) {
        let text = serde_json::to_string(&document).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Document>(&text).expect("a document"), document);
        let text = serde_json::to_string(&history).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Vec<Activity>>(&text).expect("activities"), history);
    }
}

/// Counts what happens in 1,200 cases of a fixed seed.
#[test]
fn random_cases_reach_everything() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..1_200 {
        let (document, history) = case(26).new_tree(&mut runner).expect("a case").current();
        watch(&document, &history, &mut |what| *seen.entry(what).or_default() += 1);
    }
    println!("{seen:#?}");
    let wanted = [
        ("award", 1_000),
        ("award of an event", 100),
        ("award of a birthday", 5),
        ("award of an anniversary", 2),
        ("welcome", 50),
        ("completed", 30),
        ("no longer completed", 3),
        ("already_enrolled", 20),
        ("unknown_member", 5),
        ("before_enrolment", 20),
        ("not_due_yet", 20),
        ("already_over", 5),
        ("no award", 200),
        ("level up", 100),
        ("level down", 30),
        ("taken", 300),
        ("taken in part", 50),
        ("forgiven", 5),
        ("unmatched", 50),
        ("expired", 50),
        ("pending", 50),
        ("cancelled", 50),
        ("vested", 50),
        ("under review", 50),
        ("purchase_not_found", 20),
        ("already_returned", 20),
        ("return_exceeds_purchase", 20),
        ("unlinked_return", 20),
        ("limit_exceeded", 100),
        ("clipped", 20),
        ("voucher", 500),
        ("voucher taken", 50),
        ("voucher ended", 100),
        ("badge", 300),
        ("badge taken", 30),
        ("given level", 30),
        ("given level taken", 5),
        ("credit", 200),
        ("credit taken", 20),
        ("given only so often", 300),
        ("kept by a level", 50),
        ("a life ended", 100),
        ("another life", 100),
        ("converted", 100),
    ];
    for (what, least) in wanted {
        let count = seen.get(what).copied().unwrap_or(0);
        assert!(count >= least, "`{what}` was seen {count} times, {least} wanted");
    }
    assert!(!seen.contains_key("late"), "histories are in order");
}

fn award_of(activity: &Activity, any: bool) -> &'static str {
    match activity {
        _ if !any => "no award",
        Activity::Event(_) => "award of an event",
        Activity::Birthday(_) => "award of a birthday",
        Activity::Anniversary(_) => "award of an anniversary",
        _ => "award",
    }
}

fn watch(document: &Document, history: &[Activity], seen: &mut dyn FnMut(&'static str)) {
    let mut model = Model::new(document);
    let birthday = Birthday::parse("06-15").ok();
    model.told(Facts { birthday, ..Facts::NONE });
    let mut before = BTreeMap::new();
    for activity in history {
        let outcome = match model.record(activity) {
            Ok(outcome) => outcome,
            Err(refused) => {
                seen(refused.code());
                continue;
            }
        };
        let place = |track: &str, level: &str| {
            let track = document.tiers.iter().find(|it| it.id.as_str() == track).expect("a track");
            track.levels.iter().position(|it| it.id.as_str() == level)
        };
        for (track, level) in &outcome.tier {
            let (then, now) =
                (before.get(track).and_then(|it: &String| place(track, it)), place(track, level));
            if then.is_some() && then != now {
                seen(if then < now { "level up" } else { "level down" });
            }
        }
        before = outcome.tier;
        let positive = |points: &BigInt| *points > BigInt::ZERO;
        if !matches!(activity, Activity::Return(_)) {
            seen(award_of(activity, outcome.awards.values().any(positive)));
        }
        if outcome.welcome.values().any(positive) {
            seen("welcome");
        }
        let of_challenge =
            |(key, points): (&[String; 3], &BigInt)| key[0].is_empty() && *points > BigInt::ZERO;
        if outcome.goal_awards.iter().any(of_challenge) {
            seen("completed");
        }
        if outcome.goal_takes.iter().any(of_challenge) {
            seen("no longer completed");
        }
        if outcome.clipped {
            seen("clipped");
        }
        if outcome.taken.values().any(positive) {
            let lines = matches!(activity, Activity::Return(given) if !given.lines.is_empty());
            seen("taken");
            if lines {
                seen("taken in part");
            }
        }
        if outcome.forgiven.values().any(positive) {
            seen("forgiven");
        }
        if document.currencies.iter().any(|currency| positive(&model.pending(currency.id.as_str()))) {
            seen("pending");
        }
        if !model.under_review().is_empty() {
            seen("under review");
        }
        if !outcome.unmatched.is_empty() {
            seen("unmatched");
        }
    }
    let of_gifts = [model.gifts_seen(), model.lives_seen(), model.vouchers_seen()].concat();
    of_gifts.into_iter().for_each(&mut *seen);
    ended(document, &model, seen);
}

fn ended(document: &Document, model: &Model, seen: &mut dyn FnMut(&'static str)) {
    if document.currencies.iter().any(|currency| model.totals(currency.id.as_str()).expired > BigInt::ZERO) {
        seen("expired");
    }
    if document.currencies.iter().any(|currency| model.totals(currency.id.as_str()).cancelled > BigInt::ZERO)
    {
        seen("cancelled");
    }
    if document.currencies.iter().any(|currency| model.vested(currency.id.as_str()) > BigInt::ZERO) {
        seen("vested");
    }
}
