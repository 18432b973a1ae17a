//! Random grants of vouchers and badges.

use loyalty_core::money::Money;
use loyalty_core::program::document::{
    Badge, Counted, Credit, Currency, Expiry, Give, GivenTier, Grant, GrantLimit, Trigger, Voucher,
};
use loyalty_core::time::Window;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::condition::{Known, condition};
use super::earning::reachable;
use super::words::{EVENTS, decimal, id, span, window, word};

pub const VOUCHERS: [&str; 2] = ["five-off", "coffee"];
const BADGES: [&str; 2] = ["early", "regular"];

/// What may be given: one voucher that ends and one that may, and two badges.
pub fn declared() -> impl Strategy<Value = (Vec<Voucher>, Vec<Badge>)> {
    let to_end_of = option::of(select(vec![Window::Month, Window::Year]));
    let expiry = (span(), to_end_of).prop_map(|(after, to_end_of)| Expiry { after, to_end_of }).boxed();
    let uses = prop_oneof![3 => Just(1_u16), 1 => 2_u16..=3];
    let tenth = option::of(decimal(1, 90, 1));
    (expiry.clone(), option::of(expiry), uses, tenth).prop_map(|(first, second, uses, tenth)| {
        let kinds =
            [(Some(Money::ONE), None, None), (None, tenth, tenth.is_none().then(|| "a coffee".to_owned()))];
        let each = VOUCHERS.iter().zip([Some(first), second]).zip(kinds).zip([1, uses]);
        let vouchers = each.map(|(((name, expiry), (amount_off, percent_off, item)), uses)| Voucher {
            id: id(name),
            name: None,
            amount_off,
            percent_off,
            item,
            expiry,
            uses,
            funded_by: None,
        });
        let badges = BADGES.iter().map(|name| Badge { id: id(name), name: None });
        (vouchers.collect(), badges.collect())
    })
}

/// A few of what a counter counts.
fn credit(known: &Known<'_>, currencies: &[Currency]) -> BoxedStrategy<Give> {
    let counters: Vec<_> = known.counters.iter().filter(|it| it.counts != Counted::Days).cloned().collect();
    if counters.is_empty() {
        return Just(Give::Badge(id(BADGES[1]))).boxed();
    }
    let currencies = currencies.to_vec();
    let amounts = (decimal::<4>(1, 20, 0), decimal::<4>(1, 20, 1));
    (select(counters), amounts)
        .prop_map(move |(counter, (whole, tenths))| {
            let has_tenths = match &counter.counts {
                Counted::Earned(of) => currencies.iter().any(|it| it.id == *of && it.scale > 0),
                Counted::EarnedOfKind(_) | Counted::Spend(_) | Counted::Sum(_) => true,
                Counted::Purchases | Counted::Days | Counted::Events(_) => false,
            };
            let amount = if has_tenths { tenths } else { whole };
            Give::Credit(Credit { counter: counter.id, amount })
        })
        .boxed()
}

/// A level above the lowest.
fn tier(known: &Known<'_>) -> BoxedStrategy<Give> {
    let levels: Vec<_> = known
        .tracks
        .iter()
        .flat_map(|track| track.levels.iter().skip(1).map(|level| (track.id.clone(), level.id.clone())))
        .collect();
    if levels.is_empty() {
        return Just(Give::Badge(id(BADGES[1]))).boxed();
    }
    (select(levels), span())
        .prop_map(|((track, level), lasts)| Give::Tier(GivenTier { track, level, lasts }))
        .boxed()
}

/// Up to four grants, mostly for purchases; some give only so often.
pub fn grants(known: &Known<'_>, currencies: &[Currency]) -> BoxedStrategy<Vec<Grant>> {
    let reachable = reachable(known);
    let of_member = select(vec![Trigger::Enrolment, Trigger::Birthday, Trigger::Anniversary]);
    let event = word(EVENTS).prop_map(|name| Trigger::Event(id(&name)));
    let goal = any::<Index>().prop_map(move |index| match reachable.is_empty() {
        true => Trigger::Purchase,
        false => index.get(&reachable).clone(),
    });
    let bought = (Just(Trigger::Purchase), option::weighted(0.7, condition(known, true)));
    let other =
        (prop_oneof![1 => of_member, 1 => event, 3 => goal], option::weighted(0.2, condition(known, false)));
    let give = prop_oneof![
        2 => select(VOUCHERS.to_vec()).prop_map(|name| Give::Voucher(id(name))),
        2 => select(BADGES.to_vec()).prop_map(|name| Give::Badge(id(name))),
        1 => credit(known, currencies),
        1 => tier(known),
    ];
    let limit = (1_u16..=2, window()).prop_map(|(times, window)| GrantLimit { times, window });
    let grant = (prop_oneof![bought, other], give, option::weighted(0.4, limit));
    let grant = grant.prop_map(|((on, when), give, at_most)| {
        // What is reached gives nothing by which something is reached.
        let give = match give {
            Give::Tier(_) | Give::Credit(_) if on.is_reached() => Give::Badge(id(BADGES[0])),
            give => give,
        };
        Grant { id: id("unnamed"), on, when, give, at_most }
    });
    vec(grant, 0..=4)
        .prop_map(|all| {
            let numbered = all.into_iter().enumerate();
            numbered.map(|(n, grant)| Grant { id: id(&format!("grant-{n}")), ..grant }).collect()
        })
        .boxed()
}
