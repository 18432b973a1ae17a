//! All that a member did, and the sums over it.

use chrono::NaiveDate;
use loyalty_core::activity::{Activity, Line, LineKind};
use loyalty_core::money::Rounding;
use loyalty_core::program::document::{Basis, Counted, Counter};
use loyalty_core::time::Window;

use crate::basis::{basis_of, returnable_units};
use crate::calendar::same_window;
use crate::number::{BigInt, Exact, power_of_ten, round, whole};
use crate::share::Share;
use crate::vesting::{Fate, Given};

/// One purchase or event of the past, with what has come back of it since.
#[derive(Debug, Clone)]
pub struct Past {
    /// What happened.
    pub activity: Activity,
    /// The date that cut its windows.
    pub date: NaiveDate,
    /// The awards, one for each currency and terms.
    pub awards: Vec<Given>,
    /// Every part that has come back: the line, from 0, and its units.
    pub returned: Vec<(usize, Exact)>,
}

impl Past {
    /// The lines of a purchase; none of anything else.
    pub fn lines(&self) -> &[Line] {
        match &self.activity {
            Activity::Purchase(purchase) => &purchase.lines,
            _ => &[],
        }
    }

    /// How many units of each line there were. Without lines, the whole is one unit.
    pub fn units(&self) -> Vec<Exact> {
        if self.lines().is_empty() {
            return vec![whole(1)];
        }
        self.lines().iter().map(returnable_units).collect()
    }

    /// How many of these have come back.
    pub fn back(&self) -> Vec<Exact> {
        let of_line = |at: usize| self.returned.iter().filter(|r| r.0 == at).map(|r| &r.1).sum();
        (0..self.units().len()).map(of_line).collect()
    }

    /// How many of them have not come back.
    pub fn left(&self) -> Vec<Exact> {
        self.units().into_iter().zip(self.back()).map(|(units, back)| units - back).collect()
    }

    /// What is kept of a share on each line, in minor units.
    pub fn kept(&self, share: &Share) -> Vec<BigInt> {
        share.kept(&self.units(), &self.back())
    }

    /// What is kept of a share of an award and was not cancelled.
    fn counting(&self, given: &Given, share: &Share) -> BigInt {
        let lines = self.kept(share).into_iter().zip(&given.fates);
        lines.filter(|(_, fate)| **fate != Fate::Cancelled).map(|(points, _)| points).sum()
    }

    /// What it adds to a counter, after all that has come back.
    fn counts(&self, counted: &Counted) -> Exact {
        match (counted, &self.activity) {
            (Counted::Earned(currency), _) => {
                let own = self.awards.iter().filter(|given| given.currency == currency.as_str());
                whole(own.map(|given| self.counting(given, &given.share)).sum::<BigInt>())
            }
            (Counted::Spend(basis), Activity::Purchase(_)) => self.spend(basis),
            (Counted::Purchases, Activity::Purchase(_)) => {
                whole(i32::from(self.left().iter().any(|left| *left > whole(0))))
            }
            _ => whole(0),
        }
    }

    fn spend(&self, basis: &Basis) -> Exact {
        let items = self.lines().iter().zip(self.left()).filter(|(line, _)| line.kind == LineKind::Item);
        let kept =
            items.filter_map(|(line, left)| Some(basis_of(line, basis)? * left / returnable_units(line)));
        let sum: Exact = kept.sum();
        whole(round(&(sum * power_of_ten(4)), Rounding::HalfEven)) / power_of_ten(4)
    }
}

/// The value of a counter in the window of `date`: points in minor units, money, or purchases.
pub fn counter(past: &[Past], counter: &Counter, date: NaiveDate) -> Exact {
    in_window(past, counter.window, date).map(|past| past.counts(&counter.counts)).sum()
}

/// What a cap has counted in the window of `date`, in minor units.
pub fn cap_used(past: &[Past], id: &str, window: Window, date: NaiveDate) -> Exact {
    let used = |past: &Past| {
        let all = past.awards.iter().flat_map(|given| given.caps.iter().map(move |cap| (given, cap)));
        let own = all.filter(|(_, cap)| cap.0 == id).map(|(given, cap)| past.counting(given, &cap.1));
        whole(own.sum::<BigInt>())
    };
    in_window(past, window, date).map(used).sum()
}

fn in_window(past: &[Past], window: Window, date: NaiveDate) -> impl Iterator<Item = &Past> {
    past.iter().filter(move |past| same_window(window, past.date, date))
}
