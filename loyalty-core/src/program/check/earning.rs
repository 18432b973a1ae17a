//! Checks of earning: rules, groups, multipliers and caps.

mod terms;

use std::collections::HashSet;

use super::Check;
use crate::id::AuthorId;
use crate::money::{Quantity, Ratio};
use crate::program::MAX_RULES;
use crate::program::document::{
    Basis, Cap, CapScope, Earning, FactorCombine, Group, GroupMember, MultiplierStage, Rule,
    RuleRoundingPlace, Trigger,
};

/// So that every product fits a ratio of 128-bit integers.
const MOST_COMPOUNDED: usize = 2;

/// Ids of earning, each kind a name space of its own.
#[derive(Default)]
struct Ids<'a> {
    rules: HashSet<&'a AuthorId>,
    groups: HashSet<&'a AuthorId>,
    stages: HashSet<&'a AuthorId>,
    factors: HashSet<&'a AuthorId>,
    caps: HashSet<&'a AuthorId>,
}

/// What a cap limits.
#[derive(Clone, Copy)]
struct Scope {
    /// Decimals of the currency.
    scale: u8,
    /// Whether the value is in whole minor units there.
    whole: bool,
}

impl<'a> Check<'a> {
    pub fn earning(&mut self) {
        let mut ids = Ids::default();
        let mut currencies = HashSet::new();
        for (index, earning) in self.document.earning.iter().enumerate() {
            let path = format!("/earning/{index}");
            self.currency_exists(&earning.currency, &format!("{path}/currency"));
            if !currencies.insert(&earning.currency) {
                let message = format!("the currency `{}` has two entries", earning.currency);
                self.problem("duplicate_id", format!("{path}/currency"), message, "join their groups in one");
            }
            self.one_earning(earning, &path, &mut ids);
        }
        if ids.rules.len() > MAX_RULES {
            let message = format!("{} rules are more than {MAX_RULES}", ids.rules.len());
            self.problem(
                "too_many_rules",
                "/earning",
                message,
                "join rules that differ in one value by `in`",
            );
        }
    }

    fn one_earning(&mut self, earning: &'a Earning, path: &str, ids: &mut Ids<'a>) {
        let scale = self.scale_of(&earning.currency);
        if earning.groups.is_empty() && earning.after.is_empty() {
            self.empty_list(&format!("{path}/groups"));
        }
        for (index, group) in earning.groups.iter().enumerate() {
            self.group(group, scale, &format!("{path}/groups/{index}"), ids);
        }
        for (index, stage) in earning.multipliers.iter().enumerate() {
            let own = format!("{path}/multipliers/{index}");
            self.fresh(&stage.id, &mut ids.stages, &own);
            if stage.factors.is_empty() {
                self.empty_list(&format!("{own}/factors"));
            }
            for (index, factor) in stage.factors.iter().enumerate() {
                let own = format!("{own}/factors/{index}");
                self.fresh(&factor.id, &mut ids.factors, &own);
                if let Some(when) = &factor.when {
                    self.condition(when, &format!("{own}/when"));
                }
            }
        }
        self.compounded(&earning.multipliers, &format!("{path}/multipliers"));
        for (index, rule) in earning.after.iter().enumerate() {
            let own = format!("{path}/after/{index}");
            self.rule(rule, scale, &own, ids);
            if rule.fixed.is_none() {
                let message = format!("the rule `{}` joins after the multipliers but is not fixed", rule.id);
                self.problem("after_needs_fixed", &own, message, "give `fixed`, or move it into a group");
            }
        }
        for (index, cap) in earning.caps.iter().enumerate() {
            self.cap(cap, scale, &format!("{path}/caps/{index}"), ids);
        }
    }

    /// At most two factors compound before they are rounded; a stage that adds its factors is one of them.
    fn compounded(&mut self, stages: &[MultiplierStage], path: &str) {
        let mut unrounded = 0_usize;
        for (index, stage) in stages.iter().enumerate() {
            let before = unrounded;
            unrounded = before.saturating_add(match stage.combine {
                FactorCombine::Compound => stage.factors.len(),
                FactorCombine::Add => 1,
            });
            if unrounded > MOST_COMPOUNDED && before <= MOST_COMPOUNDED {
                let message =
                    format!("with the stage `{}`, {unrounded} factors compound without rounding", stage.id);
                let help = "round an earlier stage, or `add` factors of which only one can match";
                self.problem("multiplier_needs_rounding", format!("{path}/{index}"), message, help);
            }
            if stage.round.is_some() {
                unrounded = 0;
            }
        }
    }

    /// Decimals of a currency.
    pub fn scale_of(&self, currency: &AuthorId) -> u8 {
        self.document.currencies.iter().find(|c| c.id == *currency).map_or(0, |c| c.scale.min(4))
    }

    fn group(&mut self, group: &'a Group, scale: u8, path: &str, ids: &mut Ids<'a>) {
        self.fresh(&group.id, &mut ids.groups, path);
        if group.members.is_empty() {
            self.empty_list(&format!("{path}/members"));
        }
        for (index, member) in group.members.iter().enumerate() {
            match member {
                GroupMember::Rule(rule) => {
                    self.rule(rule, scale, &format!("{path}/members/{index}/rule"), ids)
                }
                GroupMember::Group(group) => {
                    self.group(group, scale, &format!("{path}/members/{index}/group"), ids);
                }
            }
        }
        self.common_terms(group, path);
        let scope = Scope { scale, whole: gives_whole_points(group, scale) };
        self.caps(&group.caps, scope, path, ids);
    }

    fn rule(&mut self, rule: &'a Rule, scale: u8, path: &str, ids: &mut Ids<'a>) {
        self.fresh(&rule.id, &mut ids.rules, path);
        if let Some(when) = &rule.when {
            self.condition(when, &format!("{path}/when"));
        }
        if let Some(lines) = &rule.lines {
            self.line_condition(lines, &format!("{path}/lines"));
        }
        self.basis(&rule.basis, &format!("{path}/basis"));
        self.rule_value(rule, scale, path);
        if let Trigger::Event(name) = &rule.on {
            if rule.fixed.is_none() && !matches!(rule.basis, Basis::Attribute(_)) {
                let message = format!("the event `{name}` has no lines to measure");
                let help = "use an attribute as the basis, or `fixed`";
                self.problem("basis_needs_purchase", format!("{path}/basis"), message, help);
            }
            if rule.lines.is_some() {
                let message = format!("the event `{name}` has no lines");
                self.problem(
                    "basis_needs_purchase",
                    format!("{path}/lines"),
                    message,
                    "test attributes in `when`",
                );
            }
        }
        if matches!(rule.on, Trigger::Enrolment | Trigger::Birthday | Trigger::Anniversary)
            && (rule.fixed.is_none() || rule.lines.is_some())
        {
            let message = format!("the rule `{}` answers to an occasion, which has no lines", rule.id);
            self.problem("occasion_award_not_fixed", path, message, "give `fixed`, and no `lines`");
        }
        if let Trigger::ChallengeCompleted(id) = &rule.on {
            self.challenge_completed(id, &format!("{path}/on/challenge_completed"));
        }
        if let Trigger::TierReached(on) = &rule.on {
            self.tier_reached(on, &format!("{path}/on/tier_reached"));
        }
        if rule.on.is_reached() && (rule.fixed.is_none() || rule.lines.is_some()) {
            let message = format!("the rule `{}` answers to what is reached, which has no lines", rule.id);
            self.problem("level_award_not_fixed", path, message, "give `fixed`, and no `lines`");
        }
        if rule.kinds.is_empty() {
            self.empty_list(&format!("{path}/kinds"));
        }
        self.share_of_tender(rule, path);
        self.terms(rule, path);
        if rule.basis_at_least.zip(rule.basis_at_most).is_some_and(|(least, most)| least > most) {
            self.empty_range(&format!("{path}/basis_at_least"));
        }
        let scope = Scope { scale, whole: rule_gives_whole_points(rule, scale) };
        self.caps(&rule.caps, scope, path, ids);
    }

    /// A share of tenders scales what a purchase measures.
    fn share_of_tender(&mut self, rule: &Rule, path: &str) {
        let path = format!("{path}/share_of_tender");
        if rule.share_of_tender.is_empty() {
            return;
        }
        if rule.fixed.is_some() {
            let message = format!("the rule `{}` is fixed, so there is no basis to scale", rule.id);
            self.problem("share_needs_basis", path, message, "test the tender in `when`");
        } else if rule.on != Trigger::Purchase {
            let message = format!("the rule `{}` answers to no purchase, so nothing was paid", rule.id);
            self.problem("basis_needs_purchase", path, message, "leave it out");
        }
    }

    /// Exactly one of `rate`, `per_full` and `fixed`, in range, with a rounding that fits.
    fn rule_value(&mut self, rule: &Rule, scale: u8, path: &str) {
        let given = [rule.rate.is_some(), rule.per_full.is_some(), rule.fixed.is_some()];
        let help = "give one of `rate`, `per_full`, `fixed`";
        match given.iter().filter(|is| **is).count() {
            0 => self.problem(
                "rule_without_value",
                path,
                format!("the rule `{}` gives nothing", rule.id),
                help,
            ),
            1 => {}
            _ => {
                let message = format!("the rule `{}` says twice how much it gives", rule.id);
                self.problem("rule_value_ambiguous", path, message, help);
            }
        }
        if let Some(fixed) = rule.fixed {
            self.points(fixed, scale, &format!("{path}/fixed"));
        }
        if let Some(per_full) = &rule.per_full {
            if per_full.step <= Quantity::ZERO {
                let message = "a step must be above 0".to_owned();
                self.problem(
                    "step_not_positive",
                    format!("{path}/per_full/step"),
                    message,
                    "write such as \"2.00\"",
                );
            }
            self.points(per_full.points, scale, &format!("{path}/per_full/points"));
        }
        if rule.rate.is_none() && rule.round.is_some_and(|round| round.at == RuleRoundingPlace::Line) {
            let message = "only a rate is rounded at the line".to_owned();
            self.problem("rounding_misplaced", format!("{path}/round/at"), message, "use `rule`, or drop it");
        }
    }

    /// Points of a document: not negative, no finer than the currency.
    pub fn points(&mut self, points: Quantity, scale: u8, path: &str) {
        if points < Quantity::ZERO {
            let message = format!("`{points}` is below 0");
            self.problem("points_negative", path, message, "rules never take points: returns do");
        } else if !is_whole_minor(points, scale) {
            let message = format!("`{points}` is finer than the currency's {scale} decimals");
            self.problem("points_too_fine", path, message, "round it, or raise the currency's scale");
        }
    }

    fn caps(&mut self, caps: &'a [Cap], scope: Scope, path: &str, ids: &mut Ids<'a>) {
        for (index, cap) in caps.iter().enumerate() {
            let own = format!("{path}/caps/{index}");
            self.cap(cap, scope.scale, &own, ids);
            if cap.per == CapScope::Balance {
                let message = format!("the cap `{}` would not know what is made of the value later", cap.id);
                let help = "move it to the caps of the currency's entry";
                self.problem("balance_cap_misplaced", format!("{own}/per"), message, help);
            }
            if !scope.whole && matches!(cap.per, CapScope::Window(_)) {
                let message = format!("the cap `{}` would add up fractions of a point", cap.id);
                self.problem("cap_needs_rounding", own, message, "give its rule or group a `round`");
            }
        }
    }

    fn cap(&mut self, cap: &'a Cap, scale: u8, path: &str, ids: &mut Ids<'a>) {
        self.fresh(&cap.id, &mut ids.caps, path);
        self.points(cap.at_most, scale, &format!("{path}/at_most"));
        if let CapScope::Window(window) = cap.per {
            self.window(window, &format!("{path}/per/window"));
        }
    }

    fn fresh(&mut self, id: &'a AuthorId, seen: &mut HashSet<&'a AuthorId>, path: &str) {
        if !seen.insert(id) {
            self.duplicate(id, format!("{path}/id"));
        }
    }
}

fn is_whole_minor(points: Quantity, scale: u8) -> bool {
    let unit = Ratio::whole(10_i128.pow(u32::from(scale)));
    points.ratio().times(unit).is_ok_and(Ratio::is_whole)
}

/// Whether a rule gives whole minor units.
pub fn rule_gives_whole_points(rule: &Rule, scale: u8) -> bool {
    rule.round.is_some()
        || rule.fixed.is_some_and(|points| is_whole_minor(points, scale))
        || rule.per_full.as_ref().is_some_and(|per_full| is_whole_minor(per_full.points, scale))
}

/// Whether a group gives whole minor units.
pub fn gives_whole_points(group: &Group, scale: u8) -> bool {
    group.round.is_some()
        || group.members.iter().all(|member| match member {
            GroupMember::Rule(rule) => rule_gives_whole_points(rule, scale),
            GroupMember::Group(group) => gives_whole_points(group, scale),
        })
}
