//! Random limits against fraud.

use loyalty_core::money::Multiplier;
use loyalty_core::program::document::{
    Currency, Interval, Limit, LimitAnswer, LimitedActivities, LimitedAmount, LimitedPoints, LimitedShared,
    LimitedSpend, Measure, OnLoss, Sharing, Usual,
};
use loyalty_core::time::{Span, Window};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::condition::{Known, basis, condition};
use super::words::{COLOUR, decimal, id, points, window};

/// Up to 3 limits; most programs have none, so that most histories are not cut short.
pub fn limits(currencies: &[Currency]) -> BoxedStrategy<Vec<Limit>> {
    let limit = (measure(currencies), option::weighted(0.3, condition(&Known::default(), false)), answer());
    let limits = vec(limit, 1..=3).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        let named = numbered.map(|(n, (measures, when, then))| {
            let clips = then != LimitAnswer::Clip || matches!(measures, Measure::Points(_));
            let then = if clips { then } else { LimitAnswer::Block };
            Limit { id: id(&format!("limit-{n}")), measures, when, then }
        });
        named.collect()
    });
    prop_oneof![2 => Just(Vec::new()), 1 => limits].boxed()
}

fn answer() -> impl Strategy<Value = LimitAnswer> {
    use LimitAnswer::{Allow, Block, Clip, Review};
    select(vec![Allow, Clip, Clip, Block, Review])
}

fn measure(currencies: &[Currency]) -> impl Strategy<Value = Measure> + use<> {
    let at_most = prop_oneof![4 => 1_u32..=5, 1 => Just(70)];
    let activities = (at_most, window()).prop_map(|(at_most, window)| LimitedActivities { at_most, window });
    let spend = (decimal(0, 300, 2), window(), basis());
    let spend = spend.prop_map(|(at_most, window, basis)| LimitedSpend { at_most, window, basis });
    let of_currency = |currency: Currency| {
        let currency_id = currency.id;
        (points(150, currency.scale), window()).prop_map(move |(at_most, window)| LimitedPoints {
            currency: currency_id.clone(),
            at_most,
            window,
        })
    };
    let points = select(currencies.to_vec()).prop_flat_map(of_currency);
    let times = select(vec!["0.5", "1", "1.25", "3"]).prop_map(|it| Multiplier::parse(it).expect("a factor"));
    let amount = (times, select(vec![Usual::Mean, Usual::Maximum]), 1_u16..=3, basis());
    let amount = amount.prop_map(|(at_most_times, of, after, basis)| LimitedAmount {
        at_most_times,
        of,
        after,
        basis,
    });
    let interval = prop_oneof![
        (1_u32..=600).prop_map(Interval::Seconds),
        (1_u32..=600).prop_map(Interval::Minutes),
        (1_u32..=72).prop_map(Interval::Hours),
    ];
    let shared_window = window().prop_filter("shared", |window| *window != Window::AnniversaryYear);
    let counts = select(vec![Sharing::Members, Sharing::Activities, Sharing::Activities]);
    let shared = (counts, 1_u32..=3, shared_window, select(vec![OnLoss::Allow, OnLoss::Review]));
    let shared = shared.prop_map(|(counts, at_most, window, on_loss)| LimitedShared {
        by: id(COLOUR),
        counts,
        at_most,
        window,
        on_loss,
    });
    prop_oneof![
        2 => shared.prop_map(Measure::Shared),
        2 => activities.prop_map(Measure::Activities),
        2 => spend.prop_map(Measure::Spend),
        4 => points.prop_map(Measure::Points),
        2 => amount.prop_map(Measure::Amount),
        1 => interval.prop_map(Measure::Interval),
        1 => (1_u16..=20).prop_map(|days| Measure::SinceEnrolment(Span::Days(days))),
    ]
}
