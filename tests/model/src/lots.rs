//! Open points by the instant they lapse, and the sums of what came and went.

use std::collections::BTreeMap;

use crate::calendar::Instant;
use crate::number::BigInt;

/// Sums over a member's whole history, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Awarded.
    pub earned: BigInt,
    /// Taken back by returns.
    pub clawed_back: BigInt,
    /// Lapsed.
    pub expired: BigInt,
    /// What returns could not take any more.
    pub forgiven: BigInt,
    /// How many activities gave more than nothing.
    pub accruals: u64,
}

/// The points of one currency.
#[derive(Debug, Clone, Default)]
pub struct Lots {
    open: BTreeMap<Instant, BigInt>,
    /// What came and went.
    pub totals: Totals,
}

impl Lots {
    /// Puts an award in.
    pub fn add(&mut self, points: &BigInt, lapse: Instant) {
        self.put(points, lapse);
        self.totals.accruals += u64::from(*points > BigInt::ZERO);
    }

    /// Puts in what no activity by itself has earned.
    pub fn put(&mut self, points: &BigInt, lapse: Instant) {
        *self.open.entry(lapse).or_default() += points;
        self.totals.earned += points;
    }

    /// Lets lapse what is due at `at`.
    pub fn lapse(&mut self, at: Instant) {
        let open = self.open.split_off(&(at + chrono::TimeDelta::microseconds(1)));
        let due = std::mem::replace(&mut self.open, open);
        self.totals.expired += due.into_values().sum::<BigInt>();
    }

    /// Takes points back: first those that lapse at `first`, then the soonest to lapse. Gives what it found.
    pub fn take_back(&mut self, points: &BigInt, first: Instant) -> BigInt {
        let mut order = vec![first];
        order.extend(self.open.keys().filter(|lapse| **lapse != first));
        let mut missing = points.clone();
        for lapse in order {
            let Some(lot) = self.open.get_mut(&lapse) else { continue };
            let part = missing.clone().min(lot.clone());
            *lot -= &part;
            missing -= part;
        }
        let taken = points - &missing;
        self.totals.clawed_back += &taken;
        self.totals.forgiven += missing;
        taken
    }

    /// What is open.
    pub fn balance(&self) -> BigInt {
        self.open.values().sum()
    }
}
