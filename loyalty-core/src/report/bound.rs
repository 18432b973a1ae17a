//! The most that a purchase can earn: so much for each 1 of its price, and so much beside.
//!
//! The price is what its lines cost before discounts, those above 0. What a rule measures of a line is never more
//! than that, so a sum of rates bounds what the rules give; fixed awards and what rounding up adds stand apart.

use super::logic::excludes;
use crate::activity::MAX_LINES;
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::program::condition::{Condition, LineCondition};
use crate::program::document::{
    Basis, Cap, CapScope, Combine, Document, Earning, Factor, FactorCombine, Group, GroupMember, Limit,
    LimitAnswer, Measure, MultiplierStage, Rule, RuleRoundingPlace, Trigger,
};

/// More members of one list than this are not told apart: the bound is then the sum of all.
const MOST_COMPARED: usize = 256;

/// The most that something gives.
#[derive(Debug, Clone, Default)]
pub struct Bound<'a> {
    /// Points for each 1 of the price; `None` without a bound.
    pub rate: Most,
    /// Points beside that.
    pub beside: Most,
    /// Points of one activity whatever its price; `None` without a bound.
    pub cap: Option<Ratio>,
    /// The rules that give the rate, or what stands beside where there is no rate.
    pub rules: Vec<&'a Rule>,
    /// What must hold for the factors that raise it.
    pub whens: Vec<&'a Condition>,
}

/// The most of something; `None` without a bound.
pub type Most = Option<Ratio>;

/// The smaller of two; where they cannot be compared, the first.
pub fn smaller(one: Ratio, other: Ratio) -> Ratio {
    if other.compare(one).is_ok_and(std::cmp::Ordering::is_lt) { other } else { one }
}

fn larger(one: Most, other: Most) -> Most {
    let (one, other) = (one?, other?);
    Some(if other.compare(one).ok()?.is_gt() { other } else { one })
}

fn sum(one: Most, other: Most) -> Most {
    one?.plus(other?).ok()
}

fn product(one: Most, other: Most) -> Most {
    one?.times(other?).ok()
}

impl<'a> Bound<'a> {
    fn nothing() -> Self {
        Self { rate: Some(Ratio::ZERO), beside: Some(Ratio::ZERO), ..Self::default() }
    }

    /// How much it gives for a price, in millionths: enough to prefer one to another.
    fn size(&self) -> (i128, i128) {
        let millionths = |most: Most| {
            let scaled = most.and_then(|most| most.times(Ratio::whole(1_000_000)).ok());
            scaled.map_or(i128::MAX, |most| most.round(Rounding::Floor))
        };
        (millionths(self.rate), millionths(self.beside))
    }

    fn capped(mut self, caps: &[Cap]) -> Self {
        for cap in caps.iter() {
            let most = cap.at_most.ratio();
            self.cap = Some(self.cap.map_or(most, |cap| smaller(cap, most)));
        }
        self
    }

    /// Rounding adds less than one minor unit wherever it goes up.
    fn rounded(mut self, mode: Option<Rounding>, unit: Ratio, times: usize) -> Self {
        if mode.is_some_and(|mode| mode != Rounding::Floor) {
            let times = i128::try_from(times).unwrap_or(i128::MAX);
            let more = Ratio::whole(times).over(unit).ok();
            self.beside = sum(self.beside, more);
            self.cap = sum(self.cap, more);
        }
        self
    }
}

/// The most that a purchase earns in a currency of so many minor units a point.
pub fn of_earning<'a>(earning: &'a Earning, round: Rounding, unit: Ratio) -> Bound<'a> {
    let groups: Vec<Item<'a>> = earning.groups.iter().map(|it| Item::of_group(it, unit)).collect();
    let mut bound = together(groups);
    for stage in &earning.multipliers {
        bound = multiplied(bound, stage).rounded(stage.round, unit, 1);
    }
    let after: Vec<Item<'a>> = earning.after.iter().filter_map(|it| Item::of_rule(it, unit)).collect();
    let after = together(after);
    bound.beside = sum(bound.beside, after.beside);
    bound.cap = bound.cap.zip(after.cap.or(after.beside)).and_then(|(cap, more)| cap.plus(more).ok());
    if bound.rules.is_empty() {
        bound.rules = after.rules;
    }
    bound.capped(&earning.caps).rounded(Some(round), unit, 1)
}

/// A member of a group, and what must hold for it where that is known.
struct Item<'a> {
    bound: Bound<'a>,
    when: Option<&'a Condition>,
    lines: Option<&'a LineCondition>,
}

impl<'a> Item<'a> {
    /// `None` where a purchase does not trigger the rule.
    fn of_rule(rule: &'a Rule, unit: Ratio) -> Option<Self> {
        let bound = of_rule(rule, unit)?;
        Some(Self { bound, when: rule.when.as_ref(), lines: rule.lines.as_ref() })
    }

    fn of_group(group: &'a Group, unit: Ratio) -> Self {
        let members: Vec<Self> = group
            .members
            .iter()
            .filter_map(|member| match member {
                GroupMember::Rule(rule) => Self::of_rule(rule, unit),
                GroupMember::Group(inner) => Some(Self::of_group(inner, unit)),
            })
            .collect();
        let bound = match group.combine {
            Combine::All => together(members),
            Combine::BestForMember | Combine::First => one_of(members),
        };
        let bound = bound.rounded(group.round, unit, 1).capped(&group.caps);
        Self { bound, when: None, lines: None }
    }
}

fn of_rule(rule: &Rule, unit: Ratio) -> Option<Bound<'_>> {
    if rule.on != Trigger::Purchase {
        return None;
    }
    let per = match (&rule.rate, &rule.per_full) {
        (Some(rate), _) => Some(rate.ratio()),
        (None, Some(full)) => full.points.ratio().over(full.step.ratio()).ok(),
        (None, None) => None,
    };
    let each_line = |value: Ratio| {
        let lines = Ratio::whole(i128::try_from(MAX_LINES).unwrap_or(i128::MAX));
        larger(product(product(per, Some(value)), Some(lines)), Some(Ratio::ZERO))
    };
    let mut bound = Bound { rules: vec![rule], ..Bound::nothing() };
    match (rule.fixed, &rule.basis) {
        (Some(fixed), _) => bound.beside = Some(fixed.ratio()),
        (None, Basis::Gross | Basis::NetOfStore | Basis::NetPaid) => {
            bound.rate = per;
            if let Some(least) = rule.basis_at_least {
                bound.beside = each_line(least.ratio());
            }
        }
        (None, Basis::Quantity | Basis::Attribute(_)) => match rule.basis_at_most {
            Some(most) => bound.beside = each_line(most.ratio()),
            None => bound.rate = None,
        },
    }
    let (mode, times) = match rule.round {
        Some(round) if round.at == RuleRoundingPlace::Line => (Some(round.mode), MAX_LINES),
        Some(round) => (Some(round.mode), 1),
        None => (None, 1),
    };
    Some(bound.rounded(mode, unit, times).capped(&rule.caps))
}

/// The most that one of the members gives.
fn one_of(members: Vec<Item<'_>>) -> Bound<'_> {
    members.into_iter().map(|member| member.bound).reduce(either).unwrap_or_else(Bound::nothing)
}

fn either<'a>(one: Bound<'a>, other: Bound<'a>) -> Bound<'a> {
    let rate = larger(one.rate, other.rate);
    let beside = larger(one.beside, other.beside);
    let cap = larger(one.cap, other.cap);
    let best = if other.size() > one.size() { other } else { one };
    Bound { rate, beside, cap, ..best }
}

/// The most that the members give together. Of those that never apply together only the largest counts.
fn together(members: Vec<Item<'_>>) -> Bound<'_> {
    let apart = |one: &Item<'_>, other: &Item<'_>| {
        one.when.zip(other.when).is_some_and(|(one, other)| excludes(one, other))
    };
    // No money is in two lines, so rules of lines that are never the same do not add up their rates.
    let of_other_lines = |one: &Item<'_>, other: &Item<'_>| {
        one.lines.zip(other.lines).is_some_and(|(one, other)| excludes(one, other))
    };
    let few = members.len() <= MOST_COMPARED;
    let cliques = |apart: &dyn Fn(&Item<'_>, &Item<'_>) -> bool| {
        let mut cliques: Vec<Vec<usize>> = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let all_apart = |clique: &Vec<usize>| {
                clique.iter().all(|other| members.get(*other).is_some_and(|other| apart(member, other)))
            };
            match cliques.iter().position(|clique| few && all_apart(clique)) {
                Some(found) => cliques.get_mut(found).into_iter().for_each(|clique| clique.push(index)),
                None => cliques.push(vec![index]),
            }
        }
        cliques
    };
    let largest = |cliques: Vec<Vec<usize>>, of: &dyn Fn(&Bound<'_>) -> Most| {
        cliques.into_iter().try_fold(Ratio::ZERO, |total, clique| {
            let each = clique.into_iter().filter_map(|index| members.get(index)).map(|it| of(&it.bound));
            sum(Some(total), each.reduce(larger).unwrap_or(Some(Ratio::ZERO)))
        })
    };
    let rate = largest(cliques(&|one, other| apart(one, other) || of_other_lines(one, other)), &|it| it.rate);
    let beside = largest(cliques(&apart), &|it| it.beside);
    let cap = members.iter().map(|it| it.bound.cap).reduce(sum).flatten();
    let mut chosen: Vec<&Item<'_>> = Vec::new();
    let mut by_size: Vec<&Item<'_>> = members.iter().collect();
    by_size.sort_by_cached_key(|it| std::cmp::Reverse(it.bound.size()));
    for member in by_size.into_iter().take(MOST_COMPARED) {
        if !chosen.iter().any(|other| apart(member, other) || of_other_lines(member, other)) {
            chosen.push(member);
        }
    }
    let rules = chosen.iter().flat_map(|it| it.bound.rules.iter().copied()).collect();
    let whens = chosen.iter().flat_map(|it| it.bound.whens.iter().copied()).collect();
    Bound { rate, beside, cap, rules, whens }
}

/// A stage multiplies by at most its unconditional factors and those of the others that raise it.
fn multiplied<'a>(bound: Bound<'a>, stage: &'a MultiplierStage) -> Bound<'a> {
    let (factor, whens) =
        largest_factor(stage).map_or((None, Vec::new()), |(factor, whens)| (Some(factor), whens));
    let mut bound = bound;
    bound.rate = product(bound.rate, factor);
    bound.beside = product(bound.beside, factor);
    bound.cap = product(bound.cap, factor);
    bound.whens.extend(whens);
    bound
}

fn largest_factor(stage: &MultiplierStage) -> Result<(Ratio, Vec<&Condition>), OutOfRange> {
    let mut most = Ratio::ONE;
    let mut whens: Vec<&Condition> = Vec::new();
    let by = |most: Ratio, factor: &Factor| match stage.combine {
        FactorCombine::Compound => most.times(factor.factor.ratio()),
        FactorCombine::Add => most.plus(factor.factor.ratio().minus(Ratio::ONE)?),
    };
    for factor in stage.factors.iter().filter(|factor| factor.when.is_none()) {
        most = by(most, factor)?;
    }
    let mut raising: Vec<(&Factor, &Condition)> = Vec::new();
    for factor in &stage.factors {
        if let Some(when) = &factor.when
            && factor.factor.ratio().compare(Ratio::ONE)?.is_gt()
        {
            raising.push((factor, when));
        }
    }
    // The largest first: of factors that never apply together only that one counts.
    raising.sort_by_key(|(factor, _)| std::cmp::Reverse(factor.factor));
    let mut cliques: Vec<Vec<&Condition>> = Vec::new();
    let few = raising.len() <= MOST_COMPARED;
    for (factor, when) in raising {
        let apart = |clique: &&mut Vec<&Condition>| few && clique.iter().all(|other| excludes(when, *other));
        match cliques.iter_mut().find(apart) {
            Some(clique) => clique.push(when),
            None => {
                cliques.push(vec![when]);
                whens.push(when);
                most = by(most, factor)?;
            }
        }
    }
    Ok((if most.is_negative() { Ratio::ZERO } else { most }, whens))
}

/// Whether everything that purchases and events give is limited over time.
pub fn is_limited(document: &Document, earning: &Earning) -> bool {
    let measured = |limit: &Limit| match &limit.measures {
        Measure::Points(points) => points.currency == earning.currency,
        _ => false,
    };
    let limits = document.limits.iter().filter(|limit| limit.when.is_none() && measured(limit));
    let of_time = |caps: &[Cap]| caps.iter().any(|cap| cap.per != CapScope::Activity);
    fn group_is(group: &Group, of_time: &dyn Fn(&[Cap]) -> bool) -> bool {
        of_time(&group.caps)
            || group.budget.is_some()
            || group.members.iter().all(|member| match member {
                GroupMember::Rule(rule) => of_time(&rule.caps) || rule.budget.is_some(),
                GroupMember::Group(inner) => group_is(inner, of_time),
            })
    }
    limits.into_iter().any(|limit| matches!(limit.then, LimitAnswer::Clip | LimitAnswer::Block))
        || of_time(&earning.caps)
        || earning.budget.is_some()
        || earning.groups.iter().all(|group| group_is(group, &of_time))
            && earning.after.iter().all(|rule| of_time(&rule.caps) || rule.budget.is_some())
}
