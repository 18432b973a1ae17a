//! Thresholds and full steps that a purchase does not pass, the nearest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::accrual::Subject;
use crate::accrual::basis::{self, Measured, line_value};
use crate::accrual::condition::{basket_counts, basket_sum};
use crate::activity::Line;
use crate::id::AuthorId;
use crate::money::{Money, OutOfRange, Ratio, Rounding};
use crate::program::condition::{BasketTest, Condition, LineCondition, NumberTest, ValueTest};
use crate::program::document::{Earning, PerFull, Rule, StepsOf, Trigger};
use crate::program::rules_in;

/// What a line would have to cost more to pass a threshold or step.
#[derive(Debug)]
pub struct Gap<'a> {
    /// How much more: whole coins.
    pub more: Money,
    /// The line, from 0.
    pub line: usize,
    /// The rule or factor.
    pub of: &'a AuthorId,
    /// The currency in which it earns.
    pub currency: &'a AuthorId,
}

/// Every gap of a purchase, by what is missing, then in the order of the program and of the lines.
#[derive(Debug)]
pub struct Gaps<'a> {
    lines: &'a [Line],
    coin: Money,
    marks: Vec<Mark<'a>>,
    next: BinaryHeap<Reverse<Next>>,
}

/// A threshold, or the steps of a rule.
#[derive(Debug)]
struct Mark<'a> {
    of: &'a AuthorId,
    currency: &'a AuthorId,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    /// A sum at which a test turns, as it is; `beyond` where it turns only above it.
    Threshold { test: &'a BasketTest, at: Ratio, beyond: bool, sum: Ratio },
    /// A value at which a test of one line turns.
    Value { test: &'a ValueTest, at: Ratio, beyond: bool },
    /// The full steps of a rule that counts a share of its lines, and all that counts.
    Steps { rule: &'a Rule, full: &'a PerFull, share: Ratio, sum: Ratio },
}

/// A gap of a mark, beside what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    more: Money,
    mark: usize,
    /// Which of the steps, 0 for the first that is missing.
    step: u32,
    line: usize,
    /// Whether no other line has a smaller gap to this step.
    first: bool,
}

impl<'a> Gaps<'a> {
    /// Every gap of a purchase in whole coins.
    pub fn of(subject: &Subject<'a>, coin: Money) -> Self {
        let mut gaps = Self { lines: subject.lines(), coin, marks: Vec::new(), next: BinaryHeap::new() };
        for earning in &subject.program.document().earning {
            // What cannot be summed is refused when it is decided.
            let _ = gaps.marks_of(earning, subject);
        }
        for mark in 0..gaps.marks.len() {
            gaps.push(mark, 0, None);
        }
        gaps
    }

    fn marks_of(&mut self, earning: &'a Earning, subject: &Subject<'a>) -> Result<(), OutOfRange> {
        let currency = &earning.currency;
        for rule in rules_in(earning).into_iter().filter(|rule| rule.on == Trigger::Purchase) {
            let of = (&rule.id, currency);
            if let Some(when) = &rule.when {
                self.thresholds(when, of, subject)?;
            }
            if let Some(lines) = &rule.lines {
                self.values(lines, of);
            }
            self.steps(rule, currency, subject)?;
        }
        for factor in earning.multipliers.iter().flat_map(|stage| &stage.factors) {
            if let Some(when) = &factor.when {
                self.thresholds(when, (&factor.id, currency), subject)?;
            }
        }
        Ok(())
    }

    /// Amounts of money at which a condition may turn, whichever way round it asks for them.
    fn thresholds(
        &mut self,
        condition: &'a Condition,
        of: (&'a AuthorId, &'a AuthorId),
        subject: &Subject<'a>,
    ) -> Result<(), OutOfRange> {
        let mut leaves = Vec::new();
        condition.walk(&mut |one| leaves.push(one));
        for leaf in leaves {
            match leaf {
                Condition::Basket(test) => {
                    if test.basis.is_money() {
                        let sum = basket_sum(test, subject)?;
                        self.mark(of, &test.sum, |at, beyond| What::Threshold { test, at, beyond, sum });
                    }
                    test.lines.iter().for_each(|lines| self.values(lines, of));
                }
                Condition::Line(wanted) => self.values(wanted, of),
                _ => {}
            }
        }
        Ok(())
    }

    /// Values at which a condition on one line may turn.
    fn values(&mut self, condition: &'a LineCondition, of: (&'a AuthorId, &'a AuthorId)) {
        match condition {
            LineCondition::All(all) | LineCondition::Any(all) => {
                all.iter().for_each(|one| self.values(one, of));
            }
            LineCondition::Not(inner) => self.values(inner, of),
            LineCondition::Value(test) if test.basis.is_money() => {
                self.mark(of, &test.number, |at, beyond| What::Value { test, at, beyond });
            }
            _ => {}
        }
    }

    /// Marks the numbers at which a test turns.
    fn mark(
        &mut self,
        (of, currency): (&'a AuthorId, &'a AuthorId),
        test: &NumberTest,
        what: impl Fn(Ratio, bool) -> What<'a>,
    ) {
        let (from, beyond) = match *test {
            NumberTest::AtLeast(least) => (Some(least), None),
            NumberTest::AtMost(most) => (None, Some(most)),
            NumberTest::Is(value) => (Some(value), Some(value)),
            NumberTest::Between(low, high) => (Some(low), Some(high)),
        };
        for (at, beyond) in [(from, false), (beyond, true)] {
            self.marks.extend(at.map(|at| Mark { of, currency, what: what(at.ratio(), beyond) }));
        }
    }

    fn steps(
        &mut self,
        rule: &'a Rule,
        currency: &'a AuthorId,
        subject: &Subject<'a>,
    ) -> Result<(), OutOfRange> {
        let Some(full) = rule.per_full.as_ref().filter(|_| rule.basis.is_money()) else { return Ok(()) };
        let Some(share) = basis::share_paid(rule, subject.tenders())? else { return Ok(()) };
        let mut sum = Ratio::ZERO;
        basis::for_each_line(rule, subject, None, |Measured { value, .. }| {
            sum = sum.plus(value)?;
            Ok::<(), OutOfRange>(())
        })?;
        self.marks.push(Mark { of: &rule.id, currency, what: What::Steps { rule, full, share, sum } });
        Ok(())
    }

    /// Queues the smallest gap of a step that comes after another, if there is one.
    fn push(&mut self, mark: usize, step: u32, after: Option<(Money, usize)>) {
        let Some(known) = self.marks.get(mark) else { return };
        let gaps = self.lines.iter().enumerate().filter_map(|(place, line)| {
            let more = self.in_coins(known.missing(line, step)?)?;
            Some((more, place))
        });
        if let Some((more, line)) = gaps.filter(|gap| after.is_none_or(|after| *gap > after)).min() {
            self.next.push(Reverse(Next { more, mark, step, line, first: after.is_none() }));
        }
    }

    /// Whole coins, at least one.
    fn in_coins(&self, (missing, beyond): (Ratio, bool)) -> Option<Money> {
        let coins = missing.over(self.coin.ratio()).ok()?;
        let coins =
            if beyond { coins.round(Rounding::Floor).checked_add(1)? } else { coins.round(Rounding::Ceil) };
        let units = coins.checked_mul(self.coin.units())?;
        (units > 0).then(|| Money::from_units(units))
    }
}

impl<'a> Iterator for Gaps<'a> {
    type Item = Gap<'a>;

    fn next(&mut self) -> Option<Gap<'a>> {
        let Reverse(Next { more, mark, step, line, first }) = self.next.pop()?;
        self.push(mark, step, Some((more, line)));
        if first {
            // No line reaches a later step by less than the first reaches this one.
            self.push(mark, step.saturating_add(1), None);
        }
        let Mark { of, currency, .. } = self.marks.get(mark)?;
        Some(Gap { more, line, of, currency })
    }
}

impl Mark<'_> {
    /// What a line misses, and whether it has to be more than that; `None` where the line does not count.
    fn missing(&self, line: &Line, step: u32) -> Option<(Ratio, bool)> {
        match &self.what {
            What::Threshold { test, at, beyond, sum } => {
                let counts = step == 0 && basket_counts(test, line);
                Some((at.minus(*sum).ok()?, *beyond)).filter(|_| counts)
            }
            What::Value { test, at, beyond } => {
                let value = line_value(line, &test.basis).ok()??;
                Some((at.minus(value).ok()?, *beyond)).filter(|_| step == 0)
            }
            What::Steps { rule, full, share, sum } => {
                let value = line_value(line, &rule.basis).ok()??;
                let counted = basis::counted(rule, line).ok()??.times(*share).ok()?;
                let sum = if full.of == StepsOf::Sum { *sum } else { counted };
                let others = sum.minus(counted).ok()?;
                let size = full.step.ratio();
                let steps = sum.full_steps(size).ok()?.checked_add(i128::from(step))?.checked_add(1)?;
                let wanted = size.times(Ratio::whole(steps)).ok()?.minus(others).ok()?.over(*share).ok()?;
                let within = rule
                    .basis_at_most
                    .is_none_or(|most| wanted.compare(most.ratio()).is_ok_and(std::cmp::Ordering::is_le));
                Some((wanted.minus(value).ok()?, false)).filter(|_| within)
            }
        }
    }
}
