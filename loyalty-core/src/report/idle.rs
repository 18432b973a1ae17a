//! Points that are said to live by activity and never lapse, and such as have lapsed before they can be spent.

use super::Study;
use super::example::Example;
use super::witness::Witness;
use crate::money::Money;
use crate::program::document::{Currency, CurrencyExpiry, Rule, TierTrack, Vest};
use crate::program::walk;
use crate::time::{Date, Span};

/// Warns of both.
pub fn study(study: &mut Study<'_>) {
    let document = study.program.document();
    for (index, currency) in document.currencies.iter().enumerate() {
        let Some(expiry @ CurrencyExpiry { by_activity: Some(span), .. }) = &currency.expiry else {
            continue;
        };
        if let Some(track) = document.tiers.iter().find(|track| keeps_all(expiry, track)) {
            let message = format!("every level of `{}` keeps `{}`: they never lapse", track.id, currency.id);
            let help = "leave a level out, or drop the expiry";
            let path = format!("/currencies/{index}/expiry/unless_tier");
            study.warn("never_lapses", path, (message, help), None);
        }
        for rule in walk::rules(document) {
            if *rule.currency == currency.id && vests_too_late(rule.it, *span) {
                let message = format!(
                    "what `{}` gives has lapsed when it vests, if nothing happens until then",
                    rule.it.id
                );
                let help = "let it vest sooner, let points live longer, or give the rule its own `expiry`";
                let example = example(study, rule.it, currency);
                study.warn("lapses_before_vesting", format!("{}/vest", rule.path), (message, help), example);
            }
        }
    }
}

fn keeps_all(expiry: &CurrencyExpiry, track: &TierTrack) -> bool {
    let test = expiry.unless_tier.as_ref().filter(|test| test.track == track.id);
    test.is_some_and(|test| track.levels.iter().all(|level| test.level.contains(&level.id)))
}

/// Whether it is so on every day of four years.
fn vests_too_late(rule: &Rule, span: Span) -> bool {
    let Some(Vest::After(wait)) = &rule.vest else { return false };
    let mut days = (0..1_461).map(Date::from_days);
    rule.expiry.is_none() && days.all(|day| wait.after(day) > span.after(day))
}

/// What a member sees once it has vested.
fn example(study: &Study<'_>, rule: &Rule, currency: &Currency) -> Option<Example> {
    let mut witness = Witness::default();
    witness.meet_rule(rule);
    let scene = witness.scene(study.program, Money::from_units(Money::ONE.units().saturating_mul(100)))?;
    let played = scene.play(&study.programs)?;
    let due = played.state.pending.iter().find(|pending| pending.currency == currency.id)?.due;
    study.read(scene, due)
}
