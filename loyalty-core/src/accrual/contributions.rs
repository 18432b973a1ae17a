//! What took part in an award, and its division where parts of it are given on different terms.

use std::ops::Range;

use super::{CapUse, Earned, Given, share};
use crate::id::AuthorId;
use crate::money::{OutOfRange, Ratio};
use crate::points::Points;
use crate::program::document::{Rule, Terms};

/// What took part in an award, in the order of the rules; a group that chooses one member drops the others'.
#[derive(Debug, Default)]
pub struct Contributions<'p> {
    each: Vec<Contribution<'p>>,
    /// Whether a rule that took part has terms of its own.
    terms: bool,
}

#[derive(Debug)]
enum Contribution<'p> {
    /// A rule that matched, and its value under its own caps.
    Rule(&'p Rule, Ratio),
    /// What a cap's window lost by it.
    Cap(CapUse),
    /// What a top group, or a rule after the multipliers, came to; what it consists of lies before it.
    Part(Ratio),
}

/// What the top groups came to after the multipliers, and how many of them there were.
#[derive(Debug, Clone, Copy)]
pub struct Multiplied {
    parts: usize,
    value: Ratio,
}

impl<'p> Contributions<'p> {
    pub const fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    pub const fn len(&self) -> usize {
        self.each.len()
    }

    /// Drops what a group has not chosen.
    pub fn forget(&mut self, these: Range<usize>) {
        self.each.drain(these);
    }

    /// Notes a rule that matched with a value; the answer is its place.
    pub fn take_part(&mut self, rule: &'p Rule, value: Ratio) -> usize {
        self.terms |= !rule.terms().are_plain();
        self.each.push(Contribution::Rule(rule, value));
        self.each.len().saturating_sub(1)
    }

    /// Notes what its own caps leave of the rule at a place.
    pub fn comes_to(&mut self, place: usize, left: Ratio) {
        if let Some(Contribution::Rule(_, value)) = self.each.get_mut(place) {
            *value = left;
        }
    }

    /// Notes what a cap's window loses.
    pub fn use_cap(&mut self, used: CapUse) {
        self.each.push(Contribution::Cap(used));
    }

    /// Notes what the contributions since the part before come to.
    pub fn end_part(&mut self, value: Ratio) {
        self.each.push(Contribution::Part(value));
    }

    /// Notes what the groups so far come to after the multipliers.
    pub fn end_multiplied(&self, value: Ratio) -> Multiplied {
        Multiplied { parts: self.values().count(), value }
    }

    fn values(&self) -> impl Iterator<Item = Ratio> {
        self.each.iter().filter_map(|one| match one {
            Contribution::Part(value) => Some(*value),
            _ => None,
        })
    }

    /// Divides the points of an award among the terms on which its parts were given.
    ///
    /// What the multipliers made of the groups and the rules after them share it by their values, then the groups
    /// share theirs by the groups' values; each time the largest remainders go up, ties to the earlier.
    pub fn divide(
        self,
        currency: &AuthorId,
        (points, multiplied): (Points, Multiplied),
        earned: &mut Vec<Earned<'p>>,
    ) -> Result<(), OutOfRange> {
        let shares = if self.terms { self.shares(points, multiplied)? } else { Vec::new() };
        let mut shares = shares.into_iter();
        let first = earned.len();
        let room = self.each.len();
        let mut entry = None;
        for one in self.each {
            let at = match (&one, entry) {
                (_, Some(at)) => at,
                (Contribution::Rule(rule, _), None) => {
                    let of = (currency, rule.terms(), room);
                    entry_of(earned, first, of)
                }
                _ => continue,
            };
            entry = Some(at);
            let Some(given) = earned.get_mut(at) else { continue };
            match one {
                Contribution::Rule(rule, value) => given.given.push(Given { rule: rule.id.clone(), value }),
                Contribution::Cap(used) => given.used.push(used),
                Contribution::Part(_) => {
                    given.points = given.points.plus(shares.next().unwrap_or(Points::ZERO))?;
                    entry = None;
                }
            }
        }
        if let Some([alone]) = earned.get_mut(first..) {
            alone.points = points;
        }
        Ok(())
    }

    /// The points of each part.
    fn shares(&self, points: Points, multiplied: Multiplied) -> Result<Vec<Points>, OutOfRange> {
        let values: Vec<Ratio> = self.values().collect();
        let (groups, after) = values.split_at_checked(multiplied.parts).unwrap_or((&values, &[]));
        let outer = by_value(points, &[&[multiplied.value], after].concat())?;
        let (of_groups, of_after) = outer.split_first().unwrap_or((&Points::ZERO, &[]));
        let mut shares = by_value(*of_groups, groups)?;
        shares.extend(of_after);
        Ok(shares)
    }
}

/// The place of the entry of some terms, which is made where there is none.
fn entry_of<'p>(
    earned: &mut Vec<Earned<'p>>,
    first: usize,
    (currency, terms, room): (&AuthorId, Terms<'p>, usize),
) -> usize {
    let known = earned.iter().skip(first).position(|it| it.terms == terms);
    known.map_or_else(
        || {
            let (currency, given) = (currency.clone(), Vec::with_capacity(room));
            earned.push(Earned { currency, points: Points::ZERO, given, used: Vec::new(), terms });
            earned.len().saturating_sub(1)
        },
        |at| first.saturating_add(at),
    )
}

/// Splits points by values that are not negative; where all are nothing, the first takes all.
fn by_value(points: Points, values: &[Ratio]) -> Result<Vec<Points>, OutOfRange> {
    let weights = Ratio::numerators(values)?;
    if weights.iter().all(|weight| *weight == 0) {
        let first = |place| if place == 0 { points } else { Points::ZERO };
        return Ok((0..values.len()).map(first).collect());
    }
    share::split(points, &weights)
}
