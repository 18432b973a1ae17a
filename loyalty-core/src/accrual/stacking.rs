//! Rules and groups: the value of each, and whose value counts.

use super::basis::{self, Measured};
use super::candidates::Reach;
use super::{Rating, condition, measure, shown};
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::money::{OutOfRange, Ratio};
use crate::program::document::{Combine, Group, GroupMember, Rule, RuleRoundingPlace};

impl<'p, T: Trace> Rating<'_, 'p, T> {
    /// The value of a group; `None` where no member matched.
    pub fn group(&mut self, group: &'p Group, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        let mut heard = Heard::default();
        let combined = match group.combine {
            Combine::All => self.sum(group, reach, &mut heard)?,
            Combine::First => self.first(group, reach, &mut heard)?,
            Combine::BestForMember => self.best(group, reach, &mut heard)?,
        };
        let Some(mut value) = combined else { return Ok(None) };
        self.tell_stack(&group.id, group.combine, &heard, value);
        if let Some(mode) = group.round {
            value = self.rounded(value, mode, &group.id);
        }
        if value.is_negative() {
            value = Ratio::ZERO;
        }
        value = self.limited(&group.caps, group.budget.as_ref(), value)?;
        let unit = self.unit;
        self.trace.step(|| {
            let text = format!("group `{}` gives {}", group.id, shown(value, unit));
            Step::new(StepKind::Group, &group.id, text).with(value)
        });
        Ok(Some(value))
    }

    fn member(
        &mut self,
        of: &'p Group,
        (index, reach): (usize, Reach<'_>),
    ) -> Result<Option<Ratio>, OutOfRange> {
        match of.members.get(index) {
            Some(GroupMember::Rule(rule)) => self.rule(rule, reach),
            Some(GroupMember::Group(group)) => self.group(group, reach),
            None => Ok(None),
        }
    }

    fn sum(
        &mut self,
        group: &'p Group,
        reach: Reach<'_>,
        heard: &mut Heard,
    ) -> Result<Option<Ratio>, OutOfRange> {
        let mut sum = None;
        for member in reach.members(group.members.len()) {
            if let Some(value) = self.member(group, member)? {
                heard.add::<T>(|| group.members.get(member.0).map(GroupMember::id), value);
                sum = Some(sum.map_or(Ok(value), |sum: Ratio| sum.plus(value))?);
            }
        }
        Ok(sum)
    }

    fn first(
        &mut self,
        group: &'p Group,
        reach: Reach<'_>,
        heard: &mut Heard,
    ) -> Result<Option<Ratio>, OutOfRange> {
        for member in reach.members(group.members.len()) {
            if let Some(value) = self.member(group, member)? {
                heard.add::<T>(|| group.members.get(member.0).map(GroupMember::id), value);
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    fn best(
        &mut self,
        group: &'p Group,
        reach: Reach<'_>,
        heard: &mut Heard,
    ) -> Result<Option<Ratio>, OutOfRange> {
        let start = self.given.len();
        let mut best: Option<Ratio> = None;
        for member in reach.members(group.members.len()) {
            let before = self.given.len();
            let Some(value) = self.member(group, member)? else { continue };
            heard.add::<T>(|| group.members.get(member.0).map(GroupMember::id), value);
            let better = match best {
                Some(so_far) => value.compare(so_far)?.is_gt(),
                None => true,
            };
            if better {
                self.given.forget(start..before);
                best = Some(value);
            } else {
                self.given.forget(before..self.given.len());
            }
        }
        Ok(best)
    }

    /// The value of a rule; `None` where it does not match.
    pub fn rule(&mut self, rule: &'p Rule, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        if !self.subject.answers(&rule.on) {
            return Ok(None);
        }
        if let Some(when) = &rule.when
            && !condition::holds(when, self.subject, self.trace)?
        {
            return Ok(self.not_matched(rule));
        }
        let value = match rule.fixed {
            Some(points) => self.fixed(rule, points.ratio(), reach)?,
            None => self.by_lines(rule, reach)?,
        };
        let Some(mut value) = value else { return Ok(self.not_matched(rule)) };
        if let Some(rounding) = rule.round
            && rounding.at == RuleRoundingPlace::Rule
        {
            value = self.rounded(value, rounding.mode, &rule.id);
        }
        let place = self.given.take_part(rule, value);
        if !rule.caps.is_empty() || rule.budget.is_some() {
            value = self.limited(&rule.caps, rule.budget.as_ref(), value)?;
            self.given.comes_to(place, value);
        }
        let unit = self.unit;
        self.trace.step(|| {
            let text = format!("rule `{}` gives {}", rule.id, shown(value, unit));
            Step::new(StepKind::Rule, &rule.id, text).with(value)
        });
        Ok(Some(value))
    }

    fn not_matched(&mut self, rule: &Rule) -> Option<Ratio> {
        self.trace.step(|| {
            let text = format!("rule `{}` does not apply", rule.id);
            Step::new(StepKind::NotMatched, &rule.id, text)
        });
        None
    }

    /// A fixed award; where the rule names lines, one of them must be there.
    fn fixed(&self, rule: &Rule, points: Ratio, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        if rule.lines.is_some() && !basis::any_counts(rule, self.subject.lines(), reach.lines()) {
            return Ok(None);
        }
        points.times(self.unit).map(Some)
    }

    /// The value that a rule measures on its lines.
    fn by_lines(&mut self, rule: &Rule, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        let unit = self.unit;
        let (mut sum, mut any, at_line) = (Ratio::ZERO, false, measure::is_whole_at_line(rule));
        let places = if T::LISTENS && rule.basis.is_money() { self.subject.program.coin_places() } else { 0 };
        let trace = &mut *self.trace;
        basis::for_each_line(rule, self.subject, reach.lines(), |Measured { line, value }| {
            any = true;
            let mut part = value;
            if at_line {
                part = Ratio::whole(measure::at_line(rule, value, unit)?);
                trace.step(|| {
                    let arithmetic = measure::arithmetic(rule, value, (part, unit), places);
                    let text = format!("line {}: {arithmetic}", line.saturating_add(1));
                    Step::new(StepKind::Measured, &rule.id, text).with(part)
                });
            }
            sum = sum.plus(part)?;
            Ok::<(), OutOfRange>(())
        })?;
        if !any {
            return Ok(None);
        }
        self.tell_share(rule)?;
        if at_line {
            return Ok(Some(sum));
        }
        let value = measure::at_sum(rule, sum, unit)?;
        self.trace.step(|| {
            let text = measure::arithmetic(rule, sum, (value, unit), places);
            Step::new(StepKind::Measured, &rule.id, text).with(value)
        });
        Ok(Some(value))
    }

    /// Tells what share of a purchase was paid as a rule wants it, where it asks.
    fn tell_share(&mut self, rule: &Rule) -> Result<(), OutOfRange> {
        if T::LISTENS
            && !rule.share_of_tender.is_empty()
            && let Some(share) = basis::share_paid(rule, self.subject.tenders())?
        {
            let text = format!("{share} of it was paid by {}", rule.share_of_tender.join(", "));
            self.trace.step(|| Step::new(StepKind::Tested, &rule.id, text).with(share));
        }
        Ok(())
    }
}

/// What the members of a group gave, for whoever listens.
#[derive(Debug, Default)]
pub struct Heard(Vec<(String, Ratio)>);

impl Heard {
    /// Whether nothing was noted.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes what a member gave, if somebody listens.
    pub fn add<'i, T: Trace>(&mut self, id: impl FnOnce() -> Option<&'i AuthorId>, value: Ratio) {
        if T::LISTENS {
            self.0.extend(id().map(|id| (id.to_string(), value)));
        }
    }
}

impl<T: Trace> Rating<'_, '_, T> {
    /// Tells how the values of members became one.
    pub fn tell_stack(&mut self, of: &AuthorId, combine: Combine, heard: &Heard, value: Ratio) {
        let unit = self.unit;
        self.trace.step(|| {
            let each: Vec<_> =
                heard.0.iter().map(|(id, value)| format!("`{id}` {}", shown(*value, unit))).collect();
            let value_shown = shown(value, unit);
            let text = match (combine, each.as_slice()) {
                (Combine::First, [first]) => format!("{first} counts, being the first"),
                (_, [only]) => format!("only {only} counts"),
                (Combine::All, all) => format!("{} are {value_shown}", all.join(" + ")),
                (Combine::First, _) => format!("the first counts: {value_shown}"),
                (Combine::BestForMember, all) => {
                    format!("the best of {} counts: {value_shown}", all.join(" and "))
                }
            };
            Step::new(StepKind::Stacked, of, text).with(value)
        });
    }
}
