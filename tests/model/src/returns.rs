//! Which lines of which purchases a return brings back.

use chrono::NaiveDate;
use loyalty_core::activity::{Activity, Line, Return, ReturnLine};
use loyalty_core::program::document::{Returns, Unlinked};

use crate::Refused;
use crate::basis::units;
use crate::calendar::later;
use crate::history::Past;
use crate::number::{Exact, exact, whole};

/// Units of one line that come back.
#[derive(Debug, Clone)]
pub struct Part {
    /// The purchase, as its place in the past.
    pub purchase: usize,
    /// The line, from 0.
    pub line: usize,
    /// How many units.
    pub units: Exact,
}

/// What a return found, and what it did not.
#[derive(Debug, Default)]
pub struct Found {
    /// The parts, in the order found.
    pub parts: Vec<Part>,
    /// The skus without a sale, and how many units of each.
    pub unmatched: Vec<(String, Exact)>,
    /// Money given back without goods, and of which purchase.
    pub refund: Option<(usize, Exact)>,
}

/// Looks for what comes back.
pub struct Search<'a> {
    /// What the member did.
    pub past: &'a [Past],
    /// The program's rules about returns.
    pub rules: &'a Returns,
    found: Found,
}

impl<'a> Search<'a> {
    /// A search in `past`.
    pub fn new(past: &'a [Past], rules: &'a Returns) -> Self {
        Self { past, rules, found: Found::default() }
    }

    /// Finds all that `given` brings back on `date`.
    pub fn find(mut self, given: &Return, date: NaiveDate) -> Result<Found, Refused> {
        match &given.of {
            Some(of) => {
                let is_it = |past: &Past| matches!(&past.activity, Activity::Purchase(p) if p.id == *of);
                let purchase = self.past.iter().position(is_it).ok_or(Refused::PurchaseNotFound)?;
                match given.amount {
                    Some(amount) => self.refund(purchase, exact(amount))?,
                    None => self.linked(purchase, &given.lines)?,
                }
            }
            None if self.rules.unlinked == Unlinked::Refuse => return Err(Refused::Unlinked),
            None => {
                for line in &given.lines {
                    self.unlinked(line, date)?;
                }
            }
        }
        Ok(self.found)
    }

    fn refund(&mut self, purchase: usize, amount: Exact) -> Result<(), Refused> {
        let past = &self.past[purchase];
        if past.is_all_back() {
            return Err(Refused::AlreadyReturned);
        }
        if amount > past.paid() - &past.refunded {
            return Err(Refused::ReturnExceedsPurchase);
        }
        self.found.refund = Some((purchase, amount));
        Ok(())
    }

    fn linked(&mut self, purchase: usize, lines: &[ReturnLine]) -> Result<(), Refused> {
        if self.past[purchase].is_all_back() {
            return Err(Refused::AlreadyReturned);
        }
        let everything = self.past[purchase].left();
        if lines.is_empty() {
            for (line, left) in everything.into_iter().enumerate() {
                self.take(Part { purchase, line, units: left });
            }
        }
        for returned in lines {
            self.linked_line(purchase, returned)?;
        }
        if self.found.parts.is_empty() { Err(Refused::AlreadyReturned) } else { Ok(()) }
    }

    fn linked_line(&mut self, purchase: usize, returned: &ReturnLine) -> Result<(), Refused> {
        let lines = self.past[purchase].lines();
        let named = |at: usize| match (returned.line, &returned.sku) {
            (Some(number), _) => at + 1 == usize::from(number),
            (None, Some(sku)) => has_sku(&lines[at], sku),
            (None, None) => false,
        };
        if returned.line.is_none() && returned.sku.is_none() {
            return Err(Refused::LineUnnamed);
        }
        let candidates: Vec<usize> = (0..lines.len()).rev().filter(|at| named(*at)).collect();
        if candidates.is_empty() {
            return Err(Refused::LineNotFound);
        }
        let left: Exact = candidates.iter().map(|line| self.left(purchase, *line)).sum();
        let mut wanted = returned.quantity.map_or(left.clone(), exact);
        if wanted > left {
            return Err(Refused::ReturnExceedsPurchase);
        }
        for line in candidates {
            wanted -= self.take_up_to(purchase, line, &wanted);
        }
        Ok(())
    }

    /// Newest purchase first, or the oldest; last line first.
    fn unlinked(&mut self, returned: &ReturnLine, date: NaiveDate) -> Result<(), Refused> {
        let (None, Some(sku), Some(quantity)) = (returned.line, &returned.sku, returned.quantity) else {
            return Err(Refused::LineUnnamed);
        };
        let mut wanted = exact(quantity);
        let mut purchases: Vec<usize> = (0..self.past.len()).rev().collect();
        if self.rules.unlinked == Unlinked::Oldest {
            purchases.sort_by_key(|purchase| self.past[*purchase].moment.at);
        }
        for purchase in purchases {
            let past = &self.past[purchase];
            if self.rules.within.is_some_and(|within| later(past.moment.date, within) < date) {
                continue;
            }
            for line in (0..past.lines().len()).rev().filter(|line| has_sku(&past.lines()[*line], sku)) {
                wanted -= self.take_up_to(purchase, line, &wanted);
            }
        }
        if wanted > whole(0) {
            self.found.unmatched.push((sku.clone(), wanted));
        }
        Ok(())
    }

    /// What this return may still take of a line.
    fn left(&self, purchase: usize, line: usize) -> Exact {
        let here = self.found.parts.iter().filter(|part| part.purchase == purchase && part.line == line);
        self.past[purchase].left()[line].clone() - here.map(|part| &part.units).sum::<Exact>()
    }

    fn take_up_to(&mut self, purchase: usize, line: usize, wanted: &Exact) -> Exact {
        let units = wanted.clone().min(self.left(purchase, line));
        self.take(Part { purchase, line, units: units.clone() });
        units
    }

    fn take(&mut self, part: Part) {
        if part.units > whole(0) {
            self.found.parts.push(part);
        }
    }
}

/// Whether a line is a candidate for `sku`; one without units is none.
fn has_sku(line: &Line, sku: &str) -> bool {
    line.sku.as_deref() == Some(sku) && units(line) != whole(0)
}
