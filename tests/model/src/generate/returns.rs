//! Random ways of taking points back.

use loyalty_core::money::Quantity;
use loyalty_core::program::document::{
    DebtOfTier, IntoDebt, ReturnMethod, Returns, TierTrack, Unlinked, WhenGone,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::rewards::tier_test;
use super::words::span;

/// A limit on what is owed, of points and as a share of what was earned; one of the two is there.
type Limit = (Option<Quantity>, Option<Quantity>);

fn limit() -> impl Strategy<Value = Limit> {
    let points = (1_i128..300).prop_map(|points| Quantity::from_units(points * 1_000_000));
    let shares = select(vec![10_000_i128, 250_000, 333_333, 1_000_000]).prop_map(Quantity::from_units);
    (points, option::of(shares), any::<bool>())
        .prop_map(|(points, share, both)| (Some(points).filter(|_| both || share.is_none()), share))
}

fn when_gone(tiers: &[TierTrack]) -> impl Strategy<Value = WhenGone> + use<> {
    let tiers = tiers.to_vec();
    let of_tier = ((any::<Index>(), vec(any::<Index>(), 1..=2)), limit());
    let into = (limit(), vec(of_tier, 0..=2)).prop_map(move |((at_most, share_of_earned), own)| {
        let own = own.into_iter().filter_map(|(picks, (at_most, share_of_earned))| {
            Some(DebtOfTier { tier: tier_test(&tiers, picks)?, at_most, share_of_earned })
        });
        WhenGone::IntoDebt(IntoDebt { at_most, share_of_earned, tiers: own.collect() })
    });
    prop_oneof![
        2 => Just(WhenGone::WithinBalance),
        1 => Just(WhenGone::OnlyPending),
        3 => into,
    ]
}

/// What returns take back.
pub fn returns(tiers: &[TierTrack]) -> impl Strategy<Value = Returns> + use<> {
    let unlinked =
        select(vec![Unlinked::Refuse, Unlinked::MostRecent, Unlinked::MostRecent, Unlinked::Oldest]);
    let method = select(vec![ReturnMethod::Proportional, ReturnMethod::Rerate]);
    let all = (method, unlinked, option::of(span()), when_gone(tiers));
    all.prop_map(|(method, unlinked, within, when_gone)| Returns {
        method,
        unlinked,
        within: within.filter(|_| unlinked != Unlinked::Refuse),
        when_gone,
    })
}
