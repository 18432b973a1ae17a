//! Expectations made wrong on purpose, one at a time.

use loyalty_core::money::Money;
use loyalty_core::time::Timestamp;

use super::case::{Missed, Refusal, Then};

/// Every way to spoil what a case expects, with its name.
pub fn each(then: &Then) -> Vec<(&'static str, Then)> {
    let all: [(&'static str, fn(&mut Then) -> Option<()>); 13] = [
        ("refused", |t| t.refused.as_mut().map(|refused| refused.path.push('x'))),
        ("problems", |t| t.problems.as_mut().map(|p| p.push(Refusal { code: "x".into(), path: "x".into() }))),
        ("replayed", |t| done(t).map(|t| t.replayed = !t.replayed)),
        ("awards", |t| t.awards.as_mut().map(|all| *all.entry("x".into()).or_default() += 1)),
        ("taken", |t| t.taken.as_mut().map(|all| *all.entry("x".into()).or_default() += 1)),
        ("forgiven", |t| t.taken.is_some().then(|| t.forgiven.insert("x".into(), 1)).map(drop)),
        ("unmatched", |t| t.taken.is_some().then(|| t.unmatched.push(missed()))),
        ("balances", |t| t.balances.as_mut().map(|all| *all.entry("x".into()).or_default() += 1)),
        ("tier", |t| t.tier.as_mut()?.values_mut().next().map(|level| level.push('x'))),
        ("until", |t| t.until.as_mut()?.values_mut().next().map(|until| *until = Some(Timestamp::default()))),
        ("lots", |t| t.lots.as_mut()?.first_mut().map(|lot| lot.points += 1)),
        ("counters", |t| t.counters.as_mut()?.values_mut().next().map(|c| *c = Money::from_units(c.units() + 1))),
        ("totals", |t| t.totals.as_mut()?.values_mut().next().map(|totals| totals.earned += 1)),
    ];
    let spoil = |(what, how): (&'static str, fn(&mut Then) -> Option<()>)| {
        let mut spoiled = then.clone();
        how(&mut spoiled).map(|()| (what, spoiled))
    };
    all.into_iter().filter_map(spoil).collect()
}

/// Replays are a matter of what was recorded.
fn done(then: &mut Then) -> Option<&mut Then> {
    (then.awards.is_some() || then.taken.is_some()).then_some(then)
}

fn missed() -> Missed {
    Missed { sku: "x".into(), quantity: loyalty_core::money::Quantity::ONE }
}
