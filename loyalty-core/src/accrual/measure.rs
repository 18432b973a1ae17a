//! From a measured basis to points, at each line or at the rule's sum.

use super::shown;
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::program::document::{Basis, Rule, RuleRoundingPlace, StepsOf};

/// Whether each line gives whole minor units by itself.
pub fn is_whole_at_line(rule: &Rule) -> bool {
    match &rule.per_full {
        Some(steps) => steps.of == StepsOf::Line,
        None => rule.round.is_some_and(|round| round.at == RuleRoundingPlace::Line),
    }
}

/// The whole minor units that a line of this basis gives.
pub fn at_line(rule: &Rule, basis: Ratio, unit: Ratio) -> Result<i128, OutOfRange> {
    let mode = rule.round.filter(|round| round.at == RuleRoundingPlace::Line).map(|round| round.mode);
    Ok(at_sum(rule, basis, unit)?.round(mode.unwrap_or(Rounding::Floor)))
}

/// The exact minor units that a basis gives.
pub fn at_sum(rule: &Rule, basis: Ratio, unit: Ratio) -> Result<Ratio, OutOfRange> {
    match &rule.per_full {
        Some(steps) => {
            let full = Ratio::whole(basis.full_steps(steps.step.ratio())?);
            full.times(steps.points.ratio())?.times(unit)
        }
        None => basis.times(rule.rate.map_or(Ratio::ZERO, |rate| rate.ratio()))?.times(unit),
    }
}

/// How a basis became points, in words; it is shown with at least so many decimals.
pub fn arithmetic(rule: &Rule, basis: Ratio, (value, unit): (Ratio, Ratio), places: u32) -> String {
    let (named, points) = (format!("{} {}", name(&rule.basis), basis.shown(places)), shown(value, unit));
    match (&rule.per_full, rule.rate) {
        (Some(steps), _) => {
            let full = basis.full_steps(steps.step.ratio()).unwrap_or(0);
            let step = steps.step.shown(places);
            let steps_are = if full == 1 { "step" } else { "steps" };
            format!("{named}, {full} full {steps_are} of {step} × {} = {points}", steps.points)
        }
        (None, Some(rate)) => format!("{named} × {rate} = {points}"),
        (None, None) => named,
    }
}

/// What people call a basis.
pub fn name(basis: &Basis) -> String {
    match basis {
        Basis::Gross => "price".to_owned(),
        Basis::NetOfStore => "net of store discounts".to_owned(),
        Basis::NetPaid => "net paid".to_owned(),
        Basis::Quantity => "quantity".to_owned(),
        Basis::Attribute(id) => format!("`{id}`"),
    }
}
