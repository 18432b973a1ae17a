//! Which lines of which purchases a return brings back.

use chrono::NaiveDate;
use loyalty_core::activity::{Activity, Line, Return, ReturnLine};
use loyalty_core::program::document::{ReturnMethod, Returns, Unlinked};

use crate::basis::units;
use crate::calendar::{Instant, later};
use crate::history::Past;
use crate::number::{BigInt, Exact, exact, whole};
use crate::{Model, Outcome, Refused};

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
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The parts, in the order found.
    pub parts: Vec<Part>,
    /// The skus without a sale, and how many units of each.
    pub unmatched: Vec<(String, Exact)>,
    /// Money given back without goods, and of which purchase.
    pub refund: Option<(usize, Exact)>,
}

impl Found {
    /// The same the other way round: as if it had not come back.
    pub fn undone(self) -> Self {
        let parts = self.parts.into_iter().map(|part| Part { units: whole(0) - part.units, ..part });
        let refund = self.refund.map(|(purchase, amount)| (purchase, whole(0) - amount));
        Self { parts: parts.collect(), refund, unmatched: Vec::new() }
    }
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

impl Model {
    /// What comes back takes, and what follows from the counters then.
    pub(crate) fn bring_back(&mut self, found: Found, (today, now): (NaiveDate, Instant)) -> Outcome {
        let before = (self.past.clone(), self.standings.clone());
        let outcome = self.take_back(found, now);
        let outcome = self.follow_counters(&before, (today, now), outcome);
        self.follow_levels(self.moment_on(today, now));
        outcome
    }

    fn take_back(&mut self, found: Found, now: Instant) -> Outcome {
        let mut outcome = Outcome { unmatched: found.unmatched, ..Outcome::default() };
        let mut purchases: Vec<usize> = Vec::new();
        for purchase in found.parts.iter().map(|part| part.purchase).chain(found.refund.iter().map(|it| it.0))
        {
            if !purchases.contains(&purchase) {
                purchases.push(purchase);
            }
        }
        for &purchase in &purchases {
            let past = &mut self.past[purchase];
            let before = past.clone();
            let parts = found.parts.iter().filter(|part| part.purchase == purchase);
            past.returned.extend(parts.map(|part| (part.line, part.units.clone())));
            past.refunded += found.refund.iter().map(|it| it.1.clone()).sum::<Exact>();
            if self.document.returns.method == ReturnMethod::Rerate {
                past.rerate();
            }
            past.fall_with_budgets(&before);
            for (award, given) in before.awards.iter().enumerate() {
                let reach = self.reach(&given.currency);
                let past = &mut self.past[purchase];
                let kept = before.kept(&given.share).into_iter().zip(past.kept(&past.awards[award].share));
                let due: Vec<BigInt> = kept.map(|(before, now)| before - now).collect();
                let lots = self.lots.get_mut(&given.currency).expect("every currency has its lots");
                let [taken, forgiven] = past.taken.settle((award, given), &due, (lots, &reach));
                *outcome.forgiven.entry(given.currency.clone()).or_default() += forgiven;
                *outcome.taken.entry(given.currency.clone()).or_default() += taken;
            }
            self.return_gifts(purchase, now);
        }
        purchases.into_iter().for_each(|purchase| self.return_referrals(purchase));
        outcome
    }
}

/// Whether a line is a candidate for `sku`; one without units is none.
fn has_sku(line: &Line, sku: &str) -> bool {
    line.sku.as_deref() == Some(sku) && units(line) != whole(0)
}
