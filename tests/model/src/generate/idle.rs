//! Random currencies whose points live by activity, of a program that has everything else.

use loyalty_core::program::condition::TierTest;
use loyalty_core::program::document::{CurrencyExpiry, Document};
use loyalty_core::time::Span;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::words::span;

/// What is picked for a currency: how long its points live, and at which level of which track they always do.
pub type Pick = Option<(Span, Option<(Index, Vec<Index>)>)>;

/// A pick for each of so many currencies.
pub fn picks(currencies: usize) -> impl Strategy<Value = Vec<Pick>> {
    let short = (1_u16..=40).prop_map(Span::Days);
    let levels = option::of((any::<Index>(), vec(any::<Index>(), 1..=2)));
    let pick = (prop_oneof![short.boxed(), span().boxed()], levels);
    vec(option::weighted(0.3, pick), currencies)
}

/// Lets the points of currencies live by activity, as the pick says.
pub fn give(document: &mut Document, picks: Vec<Pick>) {
    for (currency, pick) in document.currencies.iter_mut().zip(picks) {
        let Some((span, kept)) = pick else { continue };
        let kept = kept.filter(|_| !document.tiers.is_empty()).map(|(track, levels)| {
            let track = track.get(&document.tiers);
            let mut level: Vec<_> = levels.iter().map(|it| it.get(&track.levels).id.clone()).collect();
            level.dedup();
            TierTest { track: track.id.clone(), level }
        });
        let by_activity = Some(span);
        currency.expiry =
            Some(CurrencyExpiry { by_activity, unless_tier: kept, ..CurrencyExpiry::default() });
    }
}
