//! Quotes, and what names them, beside the second implementation.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::adjustment::Adjust;
use loyalty_core::decision::Command;
use loyalty_core::id::{ActorId, AuthorId};
use loyalty_core::money::Money;
use loyalty_core::points::Points;
use loyalty_core::program::document::Document;
use loyalty_core::redemption::{Quote, Redeem};
use loyalty_core::time::{OffsetTime, Timestamp};
use loyalty_model::Model;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::spending::{held, key, spend};
use super::{Real, cases, compare_states};

/// Quotes that are valid for so many minutes: of things, steps, parts of a bill, what is had once a day.
fn document(minutes: Option<u32>) -> Document {
    let document = r#"{"format": 1, "name": "a", "money": "EUR", "zone": {"name": "UTC"}, "currencies": [{"id": "p"}],
        "rewards": [{"id": "mug", "points": "30", "plus_cash": {"per_point": "0.01"}}, {"id": "tenth", "points": "5", "percent_off": {"percent": "10"}},
            {"id": "pay", "amount_off": {"per_full": {"points": "10", "off": "1.00"}}},
            {"id": "gift", "points": "1", "at_most": {"times": 1, "window": "day"}},
            {"id": "march", "points": "2", "dates": {"to": "2026-03-10"}}]}"#;
    Document { quote_minutes: minutes, ..serde_json::from_str(document).unwrap() }
}

/// What somebody does, so many minutes later.
#[derive(Debug, Clone)]
struct Step {
    minutes: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Quote {
        reward: Index,
        points: Option<i64>,
        bill: bool,
    },
    /// By an earlier quote, mostly as it was given; perhaps only set aside.
    By {
        quote: Index,
        other: Option<Index>,
        holds: bool,
    },
    Plain(Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        3 => (any::<Index>(), option::weighted(0.3, 1_i64..40), any::<bool>())
            .prop_map(|(reward, points, bill)| What::Quote { reward, points, bill }),
        4 => (any::<Index>(), option::weighted(0.2, any::<Index>()), any::<bool>())
            .prop_map(|(quote, other, holds)| What::By { quote, other, holds }),
        1 => any::<Index>().prop_map(What::Plain),
    ];
    let minutes = prop_oneof![6 => 0_i64..6, 1 => 0_i64..900];
    vec((minutes, what).prop_map(|(minutes, what)| Step { minutes, what }), 1..24)
}

fn redeem(number: usize, quote: &Quote) -> Redeem {
    let Quote { reward, points, units, bill, bucket, .. } = quote.clone();
    Redeem { key: key(number), reward: Some(reward), points, units, bill, bucket, voucher: None, quote: None }
}

/// The command of a step, after quotes that were asked for.
fn command(document: &Document, (number, what): (usize, &What), asked: &mut Vec<Quote>) -> Command {
    let of = |reward: &Index| reward.get(&document.rewards).id.clone();
    match what {
        What::Quote { reward, points, bill } => {
            let points = points.map(|points| Points::new(points).unwrap());
            let bill = bill.then(|| Money::from_units(254_900));
            let quote =
                Quote { key: key(number), reward: of(reward), points, units: None, bill, bucket: None };
            asked.push(quote.clone());
            Command::Quote(Arc::new(quote))
        }
        What::By { quote, other, holds } => {
            let never = Quote {
                key: key(999),
                reward: of(quote),
                points: None,
                units: None,
                bill: None,
                bucket: None,
            };
            let all: Vec<&Quote> = asked.iter().flat_map(|it| [it; 3]).chain([&never]).collect();
            let named = *quote.get(&all);
            let redeem = Redeem { quote: Some(named.key.clone()), ..redeem(number, named) };
            let redeem = match other {
                Some(other) => Redeem { reward: Some(of(other)), ..redeem },
                None => redeem,
            };
            if *holds { held(&redeem, 30) } else { Command::Redeem(Arc::new(redeem)) }
        }
        What::Plain(reward) => {
            let quote = Quote {
                key: key(number),
                reward: of(reward),
                points: None,
                units: None,
                bill: None,
                bucket: None,
            };
            Command::Redeem(Arc::new(redeem(number, &quote)))
        }
    }
}

fn told(minutes: Option<u32>, steps: &[Step]) -> BTreeMap<String, u32> {
    let document = document(minutes);
    let (real, mut model) = (Real::new(&document), Model::new(&document));
    let mut now = Timestamp::parse("2026-03-10T22:00:00Z").unwrap();
    let enrol = serde_json::from_str(r#"{"enrol": {"occurred_at": "2026-03-10T22:00:00Z"}}"#).unwrap();
    model.record(&enrol).expect("joined");
    real.execute(Command::Record(Arc::new(enrol)), now).expect("joined");
    let adjust = Adjust {
        key: key(1_000),
        currency: AuthorId::new("p").unwrap(),
        points: Points::new(150).unwrap(),
        reason: "to begin with".to_owned(),
        actor: ActorId::new("ann").unwrap(),
    };
    model.adjust(&adjust, now).expect("given");
    real.execute(Command::Adjust(Arc::new(adjust)), now).expect("given");
    let (mut seen, mut asked) = (BTreeMap::new(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        now = now.plus_seconds(60 * step.minutes).plus_micros(1_000);
        let command = command(&document, (number, &step.what), &mut asked);
        spend(&real, &mut model, &command, now);
        let kind = command.to_json().as_object().unwrap().keys().next().unwrap().clone();
        let by = if command.quote().is_some() { " by quote" } else { "" };
        let word = real.execute(command, now).err().unwrap_or_else(|| "done".to_owned());
        *seen.entry(format!("{kind}{by} {word}")).or_default() += 1;
        let state = real.state().expect("a member");
        model.settle(state.settled_to);
        compare_states(&real, &state, &model, OffsetTime { at: now, offset: 0 });
        let mut open: Vec<String> = state.quotes.iter().map(|it| it.quote.key.to_string()).collect();
        open.sort();
        assert_eq!(open, model.open_quotes());
    }
    seen
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// Whatever is quoted and redeemed by quotes comes to what the second implementation says.
    #[test]
    fn quotes_equal_the_second_implementation(minutes in option::of(1_u32..60), steps in steps()) {
        told(minutes, &steps);
    }
}

#[test]
fn random_quotes_reach_everything() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..300 {
        let steps = steps().new_tree(&mut runner).expect("steps").current();
        for (word, times) in told(Some(20), &steps) {
            *seen.entry(word).or_default() += times;
        }
    }
    println!("{seen:#?}");
    for (what, least) in [
        ("quote done", 100),
        ("quote bill_missing", 20),
        ("quote reward_not_offered", 2),
        ("quote reward_limit_reached", 2),
        ("quote insufficient_points", 2),
        ("redeem by quote done", 30),
        ("hold by quote done", 30),
        ("redeem by quote quote_expired", 10),
        ("redeem by quote quote_not_found", 10),
        ("redeem by quote quote_differs", 10),
        ("redeem by quote insufficient_points", 1),
        ("redeem by quote reward_limit_reached", 1),
    ] {
        let count = seen.get(what).copied().unwrap_or(0);
        assert!(count >= least, "`{what}` was seen {count} times, {least} wanted");
    }
}
