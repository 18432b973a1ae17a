//! Which rules may match an activity: what the program's index finds for it, in the order of the document.

use super::basis::line_value;
use super::condition::basket_sum;
use super::subject::Subject;
use crate::activity::{Activity, Line};
use crate::money::{Money, OutOfRange, Quantity, Ratio, Rounding};
use crate::program::index::{Entry, Index, Measure, Place, Shelf};

/// A rule that may match, and a line because of which it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit(u64);

/// Stands for a line where a rule has to look at all of them.
const ALL_LINES: u32 = u32::MAX;

impl Hit {
    fn new(rule: u32, line: u32) -> Self {
        Self((u64::from(rule) << 32) | u64::from(line))
    }

    /// The rule's number.
    const fn rule(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The line's index; `None` where all lines are to be looked at.
    pub fn line(self) -> Option<usize> {
        let line = self.0 as u32;
        if line == ALL_LINES { None } else { usize::try_from(line).ok() }
    }
}

/// The part of the rules that is looked at.
#[derive(Debug, Clone, Copy)]
pub enum Reach<'c> {
    /// All of them, as a proof tells.
    Everything,
    /// Those that were found, at these places.
    Found {
        /// The members of the group, or nothing for a rule.
        places: &'c [Place],
        /// What was found in them, ascending.
        hits: &'c [Hit],
    },
}

impl<'c> Reach<'c> {
    /// What was found in one rule; `None` where all lines are to be looked at.
    pub fn lines(self) -> Option<&'c [Hit]> {
        match self {
            Self::Found { hits, .. } if hits.first().is_some_and(|hit| hit.line().is_some()) => Some(hits),
            _ => None,
        }
    }

    /// Of `count` members of a group those to look at, by their index, and how far in each.
    pub fn members(self, count: usize) -> Members<'c> {
        Members { all: 0..count, reach: self }
    }
}

/// See [`Reach::members`].
#[derive(Debug)]
pub struct Members<'c> {
    all: std::ops::Range<usize>,
    reach: Reach<'c>,
}

impl<'c> Iterator for Members<'c> {
    type Item = (usize, Reach<'c>);

    fn next(&mut self) -> Option<Self::Item> {
        let Reach::Found { places, hits } = self.reach else {
            return self.all.next().map(|index| (index, Reach::Everything));
        };
        let index = Place::holding(places, hits.first()?.rule())?;
        let after = places.get(index.saturating_add(1)).map_or(u32::MAX, |next| next.first);
        let own = hits.iter().position(|hit| hit.rule() >= after).unwrap_or(hits.len());
        let (own, others) = hits.split_at(own);
        self.reach = Reach::Found { places, hits: others };
        Some((index, Reach::Found { places: &places.get(index)?.members, hits: own }))
    }
}

/// What the index finds for an activity; `None` where it cannot tell and all rules are to be looked at.
pub fn found(index: &Index, subject: &Subject<'_>) -> Option<Vec<Hit>> {
    if !index.serves() || !subject.lines().iter().all(is_ordinary) {
        return None;
    }
    let mut search = Search { index, subject, hits: Vec::with_capacity(32), sums: Vec::new(), last: None };
    search.activity().ok()?;
    search.hits.sort_unstable();
    search.hits.dedup();
    Some(search.hits)
}

/// Whether no sum over lines like this one can be out of range. Where one could, all rules are looked at: they
/// would be refused alike, whichever of them sees it first.
fn is_ordinary(line: &Line) -> bool {
    const MOST_MONEY: Money = Money::from_units(10_i128.pow(15));
    const MOST_UNITS: Quantity = Quantity::from_units(10_i128.pow(13));
    let mut prices = [line.gross, line.unit_price, line.net_of_store].into_iter().flatten();
    let small = |money: Money| money.units().unsigned_abs() <= MOST_MONEY.units().unsigned_abs();
    prices.all(small)
        && line.discounts.iter().all(|discount| small(discount.amount))
        && line.units() <= MOST_UNITS
}

struct Search<'s, 'a> {
    index: &'s Index,
    subject: &'s Subject<'a>,
    hits: Vec<Hit>,
    /// Sums made so far, each by its measure.
    sums: Vec<(usize, Units)>,
    /// What was measured last of the line at hand, by its measure: most lists of a line compare the same.
    last: Option<(usize, Option<Units>)>,
}

/// A measure in units of a [`Quantity`], to both sides: the limits are in whole units.
#[derive(Debug, Clone, Copy)]
struct Units {
    floor: i128,
    ceil: i128,
}

impl Units {
    fn of(measured: Ratio) -> Result<Self, OutOfRange> {
        let scaled = measured.times(Ratio::whole(Quantity::ONE.units()))?;
        Ok(Self { floor: scaled.round(Rounding::Floor), ceil: scaled.round(Rounding::Ceil) })
    }
}

impl Search<'_, '_> {
    fn activity(&mut self) -> Result<(), OutOfRange> {
        let index = self.index;
        self.shelf(index.any(), None)?;
        match self.subject.activity {
            Activity::Purchase(purchase) => {
                index.of_purchase(purchase).try_for_each(|shelf| self.shelf(shelf, None))?;
                for (number, line) in (0..).zip(&purchase.lines) {
                    self.last = None;
                    index.of_line(line).try_for_each(|shelf| self.shelf(shelf, Some((number, line))))?;
                }
                Ok(())
            }
            Activity::Event(event) => index.of_event(event).try_for_each(|shelf| self.shelf(shelf, None)),
            Activity::Enrol(enrolment) => {
                index.of_attributes(&enrolment.attributes).try_for_each(|shelf| self.shelf(shelf, None))
            }
            // They hold no text, and nothing but an enrolment by it answers to a return.
            Activity::Return(_) | Activity::Birthday(_) | Activity::Anniversary(_) => Ok(()),
        }
    }

    /// Notes the rules of a shelf whose limits are reached.
    fn shelf(&mut self, shelf: &Shelf, line: Option<(u32, &Line)>) -> Result<(), OutOfRange> {
        let number = line.map_or(ALL_LINES, |(number, _)| number);
        let hit = |entry: &Entry| Hit::new(entry.rule, if entry.each_line { number } else { ALL_LINES });
        self.hits.extend(shelf.free.iter().map(hit));
        for limited in &shelf.limited {
            let Some(measured) = self.measured(limited.measure, line.map(|(_, line)| line))? else {
                continue;
            };
            let reached = if limited.most { measured.ceil.saturating_neg() } else { measured.floor };
            self.hits.extend(limited.reached(reached).iter().map(hit));
        }
        Ok(())
    }

    /// The value of a measure; `None` where the line has none.
    fn measured(&mut self, id: usize, line: Option<&Line>) -> Result<Option<Units>, OutOfRange> {
        match self.index.measure(id).ok_or(OutOfRange)? {
            Measure::Line(basis) => {
                if let Some((_, known)) = self.last.filter(|(known, _)| *known == id) {
                    return Ok(known);
                }
                let value = line_value(line.ok_or(OutOfRange)?, basis)?.map(Units::of).transpose()?;
                self.last = Some((id, value));
                Ok(value)
            }
            Measure::Basket(test) => {
                if let Some((_, known)) = self.sums.iter().find(|(known, _)| *known == id) {
                    return Ok(Some(*known));
                }
                let sum = Units::of(basket_sum(test, self.subject)?)?;
                self.sums.push((id, sum));
                Ok(Some(sum))
            }
        }
    }
}
