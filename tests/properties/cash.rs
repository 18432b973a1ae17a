//! Prices that are paid partly in money, beside the second implementation.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::adjustment::Adjust;
use loyalty_core::decision::Command;
use loyalty_core::id::{ActorId, AuthorId};
use loyalty_core::money::{Quantity, Rounding};
use loyalty_core::points::Points;
use loyalty_core::program::document::{Document, PlusCash, Reward};
use loyalty_core::redemption::{CancelRedemption, Capture, Redeem};
use loyalty_core::time::Timestamp;
use loyalty_model::Model;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::spending::{held, key, spend};
use super::{Real, cases, compare_states};

/// A currency with so many decimals, money of a kind, and a price that may be paid partly in money.
fn document() -> impl Strategy<Value = Document> {
    let round =
        option::of(select(vec![Rounding::Floor, Rounding::Ceil, Rounding::HalfUp, Rounding::HalfEven]));
    let money = select(vec!["EUR", "JPY", "KWD"]);
    (0_u8..=4, money, 1_i128..40, option::of(1_i128..40), 1_i128..3_000_000, round).prop_map(
        |(scale, money, points, at_least, per_point, round)| {
            let whole = |points: i128| Quantity::from_units(points * 1_000_000);
            let document = format!(
                r#"{{"format": 1, "name": "a", "money": "{money}", "zone": {{"name": "UTC"}},
                    "currencies": [{{"id": "p", "scale": {scale}, "expiry": {{"after": {{"days": 9}}}}}}],
                    "rewards": [{{"id": "mug", "points": "{points}"}}, {{"id": "off", "points": "{points}", "amount_off": "2"}}]}}"#
            );
            let mut document: Document = serde_json::from_str(&document).unwrap();
            let at_least = at_least.map(|least| whole(least.min(points)));
            let cash = PlusCash { per_point: Quantity::from_units(per_point), at_least, round };
            document.rewards.iter_mut().for_each(|reward| reward.plus_cash = Some(cash.clone()));
            document
        },
    )
}

/// What somebody does.
#[derive(Debug, Clone)]
enum What {
    /// So many thousandths of the price are paid with points, where that is said, and perhaps only set aside.
    Buy(Index, Option<i64>, bool),
    /// Perhaps so many thousandths of the price of a hold.
    Capture(Index, Option<i64>),
    Cancel(Index),
}

fn whats() -> impl Strategy<Value = Vec<What>> {
    let what = prop_oneof![
        4 => (any::<Index>(), option::of(-20_i64..1_100), any::<bool>()).prop_map(|(r, p, h)| What::Buy(r, p, h)),
        2 => (any::<Index>(), option::of(1_i64..1_100)).prop_map(|(of, points)| What::Capture(of, points)),
        2 => any::<Index>().prop_map(What::Cancel),
    ];
    vec(what, 1..12)
}

fn part(reward: &Reward, scale: u8, thousandths: i64) -> Points {
    let price = i64::try_from(reward.points.expect("a price").units()).unwrap() / 1_000_000;
    Points::new(price * 10_i64.pow(scale.into()) * thousandths / 1_000).unwrap()
}

fn command(document: &Document, (number, what): (usize, &What)) -> Command {
    let before = |of: &Index| self::key(of.index(number.max(1)));
    let (key, scale) = (key(number), document.currencies[0].scale);
    match what {
        What::Buy(reward, thousandths, holds) => {
            let reward = reward.get(&document.rewards);
            let points = thousandths.map(|it| part(reward, scale, it));
            let reward = Some(reward.id.clone());
            let redeem = Redeem {
                key,
                reward,
                points,
                units: None,
                bill: None,
                bucket: None,
                voucher: None,
                quote: None,
            };
            if *holds { held(&redeem, 60) } else { Command::Redeem(Arc::new(redeem)) }
        }
        What::Capture(of, thousandths) => {
            let points = thousandths.map(|it| part(&document.rewards[0], scale, it));
            Command::Capture(Arc::new(Capture { key, hold: before(of), points }))
        }
        What::Cancel(of) => Command::CancelRedemption(Arc::new(CancelRedemption { key, of: before(of) })),
    }
}

/// Everybody begins with this many whole points.
fn begun(real: &Real, model: &mut Model, whole: i64, at: Timestamp) {
    let enrol = r#"{"enrol": {"occurred_at": "2026-03-10T10:00:00Z"}}"#;
    let enrol = serde_json::from_str(enrol).unwrap();
    model.record(&enrol).expect("joined");
    real.execute(Command::Record(Arc::new(enrol)), at).expect("joined");
    let scale = real.program.document().currencies[0].scale;
    let adjust = Adjust {
        key: key(1_000),
        currency: AuthorId::new("p").unwrap(),
        points: Points::new(whole * 10_i64.pow(scale.into())).unwrap(),
        reason: "to begin with".to_owned(),
        actor: ActorId::new("ann").unwrap(),
    };
    model.adjust(&adjust, at).expect("given");
    real.execute(Command::Adjust(Arc::new(adjust)), at).expect("given");
}

fn told(document: &Document, whats: &[What], whole: i64) -> BTreeMap<String, u32> {
    let (real, mut model) = (Real::new(document), Model::new(document));
    let at = Timestamp::parse("2026-03-10T10:00:00Z").unwrap();
    begun(&real, &mut model, whole, at);
    let mut seen = BTreeMap::new();
    for (number, what) in whats.iter().enumerate() {
        let now = at.plus_seconds(60 * i64::try_from(number + 1).unwrap());
        let command = command(document, (number, what));
        spend(&real, &mut model, &command, now);
        let word = match real.execute(command, now) {
            Ok(answer) if answer.operation.redeemed.as_ref().is_some_and(|it| it.due.is_some()) => {
                "with money".to_owned()
            }
            Ok(answer) if answer.operation.pay_back.is_some() => "paid back".to_owned(),
            Ok(_) => "done".to_owned(),
            Err(code) => code,
        };
        *seen.entry(word).or_default() += 1;
        let state = real.state().expect("a member");
        model.settle(state.settled_to);
        compare_states(&real, &state, &model, loyalty_core::time::OffsetTime { at: now, offset: 0 });
    }
    seen
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// Whatever part is paid in money, captured and cancelled comes to what the second implementation says.
    #[test]
    fn points_and_money_equal_the_second_implementation(document in document(), whats in whats(), whole in 1_i64..120) {
        told(&document, &whats, whole);
    }
}

#[test]
fn random_parts_reach_everything() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..300 {
        let (document, whats) = (document(), whats()).new_tree(&mut runner).expect("a case").current();
        for (word, times) in told(&document, &whats, 60) {
            *seen.entry(word).or_default() += times;
        }
    }
    println!("{seen:#?}");
    for (what, least) in [
        ("with money", 50),
        ("paid back", 5),
        ("done", 50),
        ("points_too_few", 10),
        ("points_too_many", 10),
        ("negative_amount", 5),
        ("insufficient_points", 10),
    ] {
        let count = seen.get(what).copied().unwrap_or(0);
        assert!(count >= least, "`{what}` was seen {count} times, {least} wanted");
    }
}
