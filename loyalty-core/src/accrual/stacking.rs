//! Rules and groups: the value of each, and whose value counts.

use super::{CapUse, Rating, condition, shown};
use crate::accrual::basis::{self, Measured};
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::points::Points;
use crate::program::document::{
    Basis, Combine, Group, GroupMember, Rule, RuleRoundingPlace, StepsOf, Trigger,
};

/// Something that took part in an award.
#[derive(Debug, Clone)]
pub enum Contribution<'a> {
    /// A rule that matched, and whether it gave something.
    Rule(&'a AuthorId, bool),
    /// A line that it counted, with the whole minor units that the line gave, where it gave any by itself.
    Line(usize, Option<i128>),
    /// A fixed award, which belongs to no line.
    Fixed,
    /// What it used of a cap.
    Cap(CapUse),
}

/// What took part, in the order of the rules; a group that chooses one member drops the others' part.
#[derive(Debug, Default)]
pub struct Contributions<'a>(Vec<Contribution<'a>>);

impl<'a> Contributions<'a> {
    pub fn push(&mut self, one: Contribution<'a>) {
        self.0.push(one);
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Contribution<'a>> {
        self.0.iter()
    }

    /// The rules that gave something.
    pub fn rules(&self) -> Vec<AuthorId> {
        let gave = self.0.iter().filter_map(|one| match one {
            Contribution::Rule(id, true) => Some((*id).clone()),
            _ => None,
        });
        gave.collect()
    }

    /// What caps of rules and groups have used.
    pub fn used(&self) -> Vec<CapUse> {
        let used = self.0.iter().filter_map(|one| match one {
            Contribution::Cap(used) => Some(used.clone()),
            _ => None,
        });
        used.collect()
    }
}

impl<'a, T: Trace> Rating<'_, 'a, T> {
    /// The value of a group; `None` where no member matched.
    pub fn group(&mut self, group: &'a Group) -> Result<Option<Ratio>, OutOfRange> {
        let combined = match group.combine {
            Combine::All => self.sum(group)?,
            Combine::First => self.first(group)?,
            Combine::BestForMember => self.best(group)?,
        };
        let Some(mut value) = combined else { return Ok(None) };
        if let Some(mode) = group.round {
            value = self.rounded(value, mode, &group.id);
        }
        if value.is_negative() {
            value = Ratio::ZERO;
        }
        for cap in &group.caps {
            value = self.capped(cap, value)?;
            self.use_window(cap, value)?;
        }
        let unit = self.unit;
        self.trace.step(|| {
            let text = format!("group `{}` gives {}", group.id, shown(value, unit));
            Step::new(StepKind::Group, &group.id, text).with(value)
        });
        Ok(Some(value))
    }

    fn member(&mut self, member: &'a GroupMember) -> Result<Option<Ratio>, OutOfRange> {
        match member {
            GroupMember::Rule(rule) => self.rule(rule),
            GroupMember::Group(group) => self.group(group),
        }
    }

    fn sum(&mut self, group: &'a Group) -> Result<Option<Ratio>, OutOfRange> {
        let mut sum = None;
        for member in &group.members {
            if let Some(value) = self.member(member)? {
                sum = Some(sum.map_or(Ok(value), |sum: Ratio| sum.plus(value))?);
            }
        }
        Ok(sum)
    }

    fn first(&mut self, group: &'a Group) -> Result<Option<Ratio>, OutOfRange> {
        for member in &group.members {
            let value = self.member(member)?;
            if value.is_some() {
                return Ok(value);
            }
        }
        Ok(None)
    }

    fn best(&mut self, group: &'a Group) -> Result<Option<Ratio>, OutOfRange> {
        let start = self.given.0.len();
        let mut best: Option<Ratio> = None;
        for member in &group.members {
            let before = self.given.0.len();
            let Some(value) = self.member(member)? else { continue };
            let better = match best {
                Some(so_far) => value.compare(so_far)?.is_gt(),
                None => true,
            };
            if better {
                self.given.0.drain(start..before);
                best = Some(value);
            } else {
                self.given.0.truncate(before);
            }
        }
        Ok(best)
    }

    /// The value of a rule; `None` where it does not match.
    pub fn rule(&mut self, rule: &'a Rule) -> Result<Option<Ratio>, OutOfRange> {
        if !self.triggered(rule) {
            return Ok(None);
        }
        if let Some(when) = &rule.when
            && !condition::holds(when, self.subject, self.trace)?
        {
            return Ok(self.not_matched(rule));
        }
        let before = self.given.0.len();
        let value = match rule.fixed {
            Some(points) => self.fixed(rule, points.ratio())?,
            None => self.by_lines(rule)?,
        };
        let Some(mut value) = value else { return Ok(self.not_matched(rule)) };
        if let Some(rounding) = rule.round
            && rounding.at == RuleRoundingPlace::Rule
        {
            value = self.rounded(value, rounding.mode, &rule.id);
        }
        for cap in &rule.caps {
            value = self.capped(cap, value)?;
            self.use_window(cap, value)?;
        }
        let gave = value.compare(Ratio::ZERO)?.is_ne();
        self.given.0.insert(before, Contribution::Rule(&rule.id, gave));
        let unit = self.unit;
        self.trace.step(|| {
            let text = format!("rule `{}` gives {}", rule.id, shown(value, unit));
            Step::new(StepKind::Rule, &rule.id, text).with(value)
        });
        Ok(Some(value))
    }

    fn triggered(&self, rule: &Rule) -> bool {
        match (&rule.on, self.subject.activity) {
            (Trigger::Purchase, crate::activity::Activity::Purchase(_)) => true,
            (Trigger::Event(name), crate::activity::Activity::Event(event)) => *name == event.name,
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
    fn fixed(&mut self, rule: &'a Rule, points: Ratio) -> Result<Option<Ratio>, OutOfRange> {
        let lines = self.subject.lines();
        if rule.lines.is_some() && !lines.iter().any(|line| basis::counts(rule, line)) {
            return Ok(None);
        }
        self.contribute(Contribution::Fixed);
        points.times(self.unit).map(Some)
    }

    /// The value that a rule measures on its lines.
    fn by_lines(&mut self, rule: &'a Rule) -> Result<Option<Ratio>, OutOfRange> {
        let unit = self.unit;
        let place = LinePlace::of(rule);
        let (mut sum, mut any) = (Ratio::ZERO, false);
        let given = &mut self.given;
        basis::for_each_line(rule, self.subject, |Measured { line, value }| {
            any = true;
            let own = match place {
                LinePlace::Whole => None,
                LinePlace::Steps => Some(steps(rule, value)?.times(unit)?.round(Rounding::Floor)),
                LinePlace::Rounded(mode) => Some(per_unit(rule, value)?.times(unit)?.round(mode)),
            };
            given.push(Contribution::Line(line, own));
            sum = sum.plus(own.map_or(value, Ratio::whole))?;
            Ok::<(), OutOfRange>(())
        })?;
        if !any {
            return Ok(None);
        }
        let value = match place {
            LinePlace::Whole if rule.per_full.is_some() => steps(rule, sum)?.times(unit)?,
            LinePlace::Whole => per_unit(rule, sum)?.times(unit)?,
            LinePlace::Steps | LinePlace::Rounded(_) => sum,
        };
        self.trace.step(|| {
            let measured = if place == LinePlace::Whole { sum.to_string() } else { "each line".to_owned() };
            let text = format!("rule `{}`: {} {measured}", rule.id, basis_name(&rule.basis));
            Step::new(StepKind::Tested, &rule.id, text)
        });
        Ok(Some(value))
    }
}

/// Where a rule that measures lines makes whole points.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LinePlace {
    /// Not at the line.
    Whole,
    /// Full steps of each line.
    Steps,
    /// Each line rounded.
    Rounded(Rounding),
}

impl LinePlace {
    fn of(rule: &Rule) -> Self {
        match (&rule.per_full, rule.round) {
            (Some(steps), _) if steps.of == StepsOf::Line => Self::Steps,
            (None, Some(round)) if round.at == RuleRoundingPlace::Line => Self::Rounded(round.mode),
            _ => Self::Whole,
        }
    }
}

fn per_unit(rule: &Rule, value: Ratio) -> Result<Ratio, OutOfRange> {
    value.times(rule.rate.map_or(Ratio::ZERO, |rate| rate.ratio()))
}

fn steps(rule: &Rule, value: Ratio) -> Result<Ratio, OutOfRange> {
    let Some(per_full) = &rule.per_full else { return Ok(Ratio::ZERO) };
    let full = value.full_steps(per_full.step.ratio())?;
    Ratio::whole(full).times(per_full.points.ratio())
}

fn basis_name(basis: &Basis) -> String {
    match basis {
        Basis::Gross => "gross".to_owned(),
        Basis::NetOfStore => "net of store discounts".to_owned(),
        Basis::NetPaid => "net paid".to_owned(),
        Basis::Quantity => "quantity".to_owned(),
        Basis::Attribute(id) => format!("`{id}`"),
    }
}

/// A value as whole minor units, where it is one.
pub fn whole_points(value: Ratio) -> Result<Points, OutOfRange> {
    Points::from_wide(value.round(Rounding::Floor))
}
