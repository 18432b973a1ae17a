//! Rules that another of their group always beats.

use super::Study;
use super::logic::implies;
use super::witness::Witness;
use crate::id::AuthorId;
use crate::money::Money;
use crate::program::condition::LineCondition;
use crate::program::document::{Basis, Combine, Group, GroupMember, PerFull, Rule};
use crate::program::walk::{self, Part, Placed};

/// Each member of a group is compared with this many others at most.
const MOST_COMPARED: usize = 128;

/// Warns of rules whose value never counts in their group.
pub fn study(study: &mut Study<'_>) {
    for Placed { path, it, .. } in walk::parts(study.program.document()) {
        let Part::Group(group) = it else { continue };
        for (index, member) in group.members.iter().enumerate() {
            let GroupMember::Rule(rule) = member else { continue };
            let Some(by) = beaten_by(rule, index, group) else { continue };
            let how = match group.combine {
                Combine::First => "comes first wherever it applies",
                _ => "gives at least as much wherever it applies, as long as no line is below 0",
            };
            let message = format!("the rule `{}` never counts: `{}` {how}", rule.id, by.id);
            let help = "move it before the other, raise what it gives, or drop it";
            let example = shown(study, rule, &by.id);
            study.warn(
                "rule_always_beaten",
                format!("{path}/members/{index}/rule"),
                (message, help),
                example,
            );
        }
    }
}

/// A purchase on which both rules apply and the other counts.
fn shown(study: &Study<'_>, rule: &Rule, by: &AuthorId) -> Option<super::Example> {
    let mut witness = Witness::default();
    witness.meet_rule(rule);
    let price = Money::from_units(witness.at_least(100).saturating_mul(Money::ONE.units()));
    let scene = witness.scene(study.program, price)?;
    let counted = scene.play(&study.programs)?.operation.awards;
    let counts = |id: &AuthorId| counted.iter().any(|award| award.rules.contains(id));
    if counts(by) && !counts(&rule.id) { study.earned(scene) } else { None }
}

/// The rule that always beats another of its group.
fn beaten_by<'a>(rule: &Rule, index: usize, group: &'a Group) -> Option<&'a Rule> {
    let rules = group.members.iter().enumerate().filter_map(|(place, member)| match member {
        GroupMember::Rule(rule) if place != index => Some((place, rule)),
        _ => None,
    });
    let mut others = rules.take(MOST_COMPARED);
    match group.combine {
        Combine::All => None,
        Combine::First => {
            others.find(|(place, other)| *place < index && covers(other, rule)).map(|(_, by)| by)
        }
        Combine::BestForMember => others
            .find(|(place, other)| covers(other, rule) && gives_more(other, rule, *place < index))
            .map(|(_, by)| by),
    }
}

/// Whether a rule applies wherever the other does.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    let when = match (&narrow.when, &wide.when) {
        (_, None) => true,
        (Some(narrow), Some(wide)) => implies(narrow, wide),
        (None, Some(_)) => false,
    };
    let paid = wide.share_of_tender.is_empty() || wide.share_of_tender == narrow.share_of_tender;
    wide.on == narrow.on && when && paid && looks_at_all(wide, narrow)
}

/// Whether a rule finds a line wherever the other does.
fn looks_at_all(wide: &Rule, narrow: &Rule) -> bool {
    if wide.fixed.is_some() && wide.lines.is_none() {
        return true;
    }
    // A fixed award without lines is given for a purchase of nothing as well.
    let asks_for_a_line = narrow.fixed.is_none() || narrow.lines.is_some();
    let same_attribute = match &wide.basis {
        Basis::Attribute(_) if wide.fixed.is_none() => narrow.fixed.is_none() && wide.basis == narrow.basis,
        _ => true,
    };
    asks_for_a_line && same_attribute && lines_within(narrow, wide)
}

fn lines_within(narrow: &Rule, wide: &Rule) -> bool {
    let kinds = narrow.kinds.iter().all(|kind| wide.kinds.contains(kind));
    kinds
        && match (&narrow.lines, &wide.lines) {
            (_, None) => true,
            (Some(narrow), Some(wide)) => implies::<LineCondition>(narrow, wide),
            (None, Some(_)) => false,
        }
}

/// Whether a rule that applies with another gives more, or as much where that is enough.
fn gives_more(one: &Rule, other: &Rule, as_much_is_enough: bool) -> bool {
    let like = (&one.basis, one.basis_at_least, one.basis_at_most, one.round, &one.share_of_tender)
        == (&other.basis, other.basis_at_least, other.basis_at_most, other.round, &other.share_of_tender);
    if !one.caps.is_empty() || !(like || one.fixed.is_some() && one.round == other.round) {
        return false;
    }
    let full = |per: &Option<PerFull>| per.as_ref().map(|per| (per.step, per.of));
    let pairs = [
        one.rate.zip(other.rate).map(|(one, other)| one.cmp(&other)),
        one.fixed.zip(other.fixed).map(|(one, other)| one.cmp(&other)),
        one.per_full.as_ref().zip(other.per_full.as_ref()).map(|(one, other)| one.points.cmp(&other.points)),
    ];
    let same_steps = full(&one.per_full) == full(&other.per_full);
    let order = pairs.into_iter().flatten().next().filter(|_| same_steps);
    order.is_some_and(|order| order.is_gt() || order.is_eq() && as_much_is_enough)
}
