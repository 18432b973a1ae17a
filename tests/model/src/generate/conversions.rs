//! Random days on which points become vouchers.

use loyalty_core::money::Money;
use loyalty_core::program::document::{Conversion, Currency, CurrencyKind, Expiry, PointsOff};
use loyalty_core::time::{MonthDay, Window};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::words::{id, points, span};

/// Mostly none, else one or two of currencies that are spent.
pub fn conversions(currencies: &[Currency]) -> BoxedStrategy<Vec<Conversion>> {
    let redeemable = currencies.iter().filter(|it| it.kind == CurrencyKind::Redeemable);
    let redeemable: Vec<Currency> = redeemable.cloned().collect();
    if redeemable.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let named = redeemable.len() > 1;
    let days = vec((1_u32..=12, 1_u32..=28), 1..=6).prop_map(|mut days| {
        days.sort_unstable();
        days.dedup();
        let written = days.into_iter().map(|(month, day)| format!("{month:02}-{day:02}"));
        written.map(|day| MonthDay::parse(&day).expect("a day of the year")).collect::<Vec<_>>()
    });
    let to_end_of = option::of(select(vec![Window::Month, Window::Year]));
    let expiry = option::of((span(), to_end_of));
    let conversion = (select(redeemable), days, 1_i128..=300, expiry).prop_flat_map(
        move |(currency, on, cents, expiry)| {
            let scale = currency.scale;
            let amounts = (points(9, scale), option::of(points(60, scale)));
            (amounts, any::<bool>()).prop_map(move |((step, at_least), names)| Conversion {
                id: id("unnamed"),
                name: None,
                currency: (named || names).then(|| currency.id.clone()),
                on: on.clone(),
                at_least,
                per_full: PointsOff { points: step, off: Money::from_units(cents * 100) },
                expiry: expiry.map(|(after, to_end_of)| Expiry { after, to_end_of }),
            })
        },
    );
    let numbered = |all: Vec<Conversion>| {
        let numbered = all.into_iter().enumerate();
        numbered.map(|(n, it)| Conversion { id: id(&format!("statement-{n}")), ..it }).collect::<Vec<_>>()
    };
    prop_oneof![2 => Just(Vec::new()), 1 => vec(conversion, 1..=2).prop_map(numbered)].boxed()
}
