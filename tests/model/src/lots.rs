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
    /// Cancelled before it could be spent.
    pub cancelled: BigInt,
    /// Spent, less what came back.
    pub redeemed: BigInt,
    /// Given by hand, less what was taken.
    pub adjusted: BigInt,
    /// How many activities gave more than nothing.
    pub accruals: u64,
}

/// Where points lie: when they lapse, and who pays for them.
pub type Place = (Instant, Option<String>);

/// The points of one currency.
#[derive(Debug, Clone, Default)]
pub struct Lots {
    open: BTreeMap<Place, BigInt>,
    /// What came and went.
    pub totals: Totals,
}

impl Lots {
    /// Puts in what no activity by itself has earned.
    pub fn put(&mut self, points: &BigInt, place: Place) {
        self.vest(points, place);
        self.totals.earned += points;
    }

    /// Puts points in that may be spent from now on.
    pub fn vest(&mut self, points: &BigInt, place: Place) {
        *self.open.entry(place).or_default() += points;
    }

    /// Lets lapse what is due at `at`.
    pub fn lapse(&mut self, at: Instant) {
        let open = self.open.split_off(&(at + chrono::TimeDelta::microseconds(1), None));
        let due = std::mem::replace(&mut self.open, open);
        self.totals.expired += due.into_values().sum::<BigInt>();
    }

    /// Takes points back: first those of `first`, then the soonest to lapse. Gives what it found, and where.
    pub fn take_back(&mut self, points: &BigInt, first: Place) -> Vec<(Place, BigInt)> {
        let mut order = vec![first.clone()];
        order.extend(self.open.keys().filter(|place| **place != first).cloned());
        let mut missing = points.clone();
        let mut found = Vec::new();
        for place in order {
            let Some(lot) = self.open.get_mut(&place) else { continue };
            let part = missing.clone().min(lot.clone());
            *lot -= &part;
            missing -= &part;
            found.push((place, part));
        }
        self.totals.clawed_back += points - &missing;
        self.totals.forgiven += missing;
        found
    }

    /// What is open, by the instant it lapses.
    pub fn buckets(&self) -> BTreeMap<Instant, BigInt> {
        let mut buckets = BTreeMap::new();
        for ((lapses, _), points) in self.open.iter().filter(|(_, points)| **points > BigInt::ZERO) {
            *buckets.entry(*lapses).or_default() += points;
        }
        buckets
    }

    /// Takes points to be spent, the soonest to lapse first, or those of one instant alone; none where there are not
    /// so many.
    pub fn spend(&mut self, points: &BigInt, bucket: Option<Instant>) -> Option<Vec<(Place, BigInt)>> {
        let mut missing = points.clone();
        let mut found = Vec::new();
        for (place, lot) in self.open.iter_mut().filter(|lot| bucket.is_none_or(|only| lot.0.0 == only)) {
            let part = missing.clone().min(lot.clone());
            *lot -= &part;
            missing -= &part;
            found.push((place.clone(), part));
        }
        (missing == BigInt::ZERO).then_some(found)
    }

    /// Puts back what a return took from a place.
    pub fn give_again(&mut self, points: &BigInt, place: Place) {
        self.totals.clawed_back -= points;
        self.vest(points, place);
    }

    /// What is open.
    pub fn balance(&self) -> BigInt {
        self.open.values().sum()
    }
}
