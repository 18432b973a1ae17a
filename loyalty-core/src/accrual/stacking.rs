//! Rules and groups: the value of each, and whose value counts.

use super::basis::{self, Measured};
use super::candidates::Reach;
use super::{Occasion, Rating, condition, measure, shown, tender};
use crate::activity::Activity;
use crate::explain::{Step, StepKind, Trace};
use crate::money::{OutOfRange, Ratio};
use crate::program::document::{Combine, Group, GroupMember, Rule, RuleRoundingPlace, Trigger};

impl<'p, T: Trace> Rating<'_, 'p, T> {
    /// The value of a group; `None` where no member matched.
    pub fn group(&mut self, group: &'p Group, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        let combined = match group.combine {
            Combine::All => self.sum(group, reach)?,
            Combine::First => self.first(group, reach)?,
            Combine::BestForMember => self.best(group, reach)?,
        };
        let Some(mut value) = combined else { return Ok(None) };
        if let Some(mode) = group.round {
            value = self.rounded(value, mode, &group.id);
        }
        if value.is_negative() {
            value = Ratio::ZERO;
        }
        value = self.under_caps(&group.caps, value)?;
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

    fn sum(&mut self, group: &'p Group, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        let mut sum = None;
        for member in reach.members(group.members.len()) {
            if let Some(value) = self.member(group, member)? {
                sum = Some(sum.map_or(Ok(value), |sum: Ratio| sum.plus(value))?);
            }
        }
        Ok(sum)
    }

    fn first(&mut self, group: &'p Group, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        for member in reach.members(group.members.len()) {
            let value = self.member(group, member)?;
            if value.is_some() {
                return Ok(value);
            }
        }
        Ok(None)
    }

    fn best(&mut self, group: &'p Group, reach: Reach<'_>) -> Result<Option<Ratio>, OutOfRange> {
        let start = self.given.len();
        let mut best: Option<Ratio> = None;
        for member in reach.members(group.members.len()) {
            let before = self.given.len();
            let Some(value) = self.member(group, member)? else { continue };
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
        if !self.triggered(rule) {
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
        self.given.take_part(rule);
        value = self.under_caps(&rule.caps, value)?;
        let unit = self.unit;
        self.trace.step(|| {
            let text = format!("rule `{}` gives {}", rule.id, shown(value, unit));
            Step::new(StepKind::Rule, &rule.id, text).with(value)
        });
        Ok(Some(value))
    }

    fn triggered(&self, rule: &Rule) -> bool {
        if let Occasion::TierReached { track, level } = self.subject.occasion {
            let Trigger::TierReached(on) = &rule.on else { return false };
            return on.track == *track && on.level.as_ref().is_none_or(|asked| asked == level);
        }
        match (&rule.on, self.subject.activity) {
            (Trigger::Purchase, Activity::Purchase(_)) => true,
            (Trigger::Event(name), Activity::Event(event)) => *name == event.name,
            _ => false,
        }
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
        basis::for_each_line(rule, self.subject, reach.lines(), |Measured { value, .. }| {
            any = true;
            let part = if at_line { Ratio::whole(measure::at_line(rule, value, unit)?) } else { value };
            sum = sum.plus(part)?;
            Ok::<(), OutOfRange>(())
        })?;
        if !any {
            return Ok(None);
        }
        if let (false, Activity::Purchase(purchase)) =
            (rule.share_of_tender.is_empty(), self.subject.activity)
        {
            let share = tender::share(&purchase.tenders, &rule.share_of_tender)?.unwrap_or(Ratio::ZERO);
            self.trace.step(|| {
                let text = format!("{share} of it was paid by {}", rule.share_of_tender.join(", "));
                Step::new(StepKind::Tested, &rule.id, text).with(share)
            });
        }
        self.trace.step(|| {
            let measured = if at_line { "each line by itself".to_owned() } else { sum.to_string() };
            Step::new(StepKind::Tested, &rule.id, format!("{}: {measured}", measure::name(&rule.basis)))
        });
        if at_line { Ok(Some(sum)) } else { measure::at_sum(rule, sum, unit).map(Some) }
    }
}
