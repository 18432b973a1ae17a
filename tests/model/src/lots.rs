//! Open points by the instant they lapse, and the sums of what came and went.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use loyalty_core::program::document::Consumption;

use crate::calendar::{Instant, NEVER};
use crate::number::BigInt;

/// The most places of a currency in which something lies.
const MOST_PLACES: usize = 1_024;

/// Sums over a member's whole history, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Awarded.
    pub earned: BigInt,
    /// Taken back by returns, or owed for them.
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
    /// Given to other members.
    pub given: BigInt,
    /// Given by other members.
    pub received: BigInt,
    /// Gone when the member was closed, less what was owed.
    pub forfeited: BigInt,
    /// How many activities gave more than nothing.
    pub accruals: u64,
}

/// When points lapse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lapses {
    /// On a day of their own, or [`NEVER`].
    At(Instant),
    /// When nothing happens for long.
    ByActivity,
}

/// Where points go: when they lapse, and who pays for them.
pub type Goal = (Lapses, Option<String>);

/// Where points lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When they lapse.
    lapses: Lapses,
    /// Of points that live by activity: which of their lives, from 0.
    life: usize,
    /// Who pays for them.
    partner: Option<String>,
    /// With which of all that happened to the member they came; 0 where the currency does not ask.
    arrival: u64,
}

impl Place {
    /// Where points of it would go elsewhere.
    pub fn goal(&self) -> Goal {
        (self.lapses, self.partner.clone())
    }

    /// Whether points of one go where those of the other do, whenever they came.
    fn is_of(&self, other: &Self) -> bool {
        Self { arrival: other.arrival, ..self.clone() } == *other
    }

    /// Moves points with a day of their own to a later one; where `only` says so, those of that instant alone.
    pub fn extend(&mut self, only: Option<Instant>, to: Instant) -> bool {
        let Lapses::At(at) = self.lapses else { return false };
        let longer = at < to && only.is_none_or(|only| only == at);
        if longer {
            self.lapses = Lapses::At(to);
        }
        longer
    }
}

/// What returns and hands may take, by the program's rule.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Whether what may be spent is taken.
    pub lots: bool,
    /// How much may be owed in all.
    pub owed: BigInt,
}

/// What was taken: where it was found, what is owed for it and what nothing could be done about.
#[derive(Debug, Clone, Default)]
pub struct Taking {
    /// By place, in this order.
    pub found: Vec<(Place, BigInt)>,
    /// Owed from now on.
    pub owed: BigInt,
    /// Let go.
    pub forgiven: BigInt,
}

impl Taking {
    /// How much was found.
    pub fn sum(&self) -> BigInt {
        self.found.iter().map(|(_, part)| part).sum()
    }
}

/// The points of one currency.
#[derive(Debug, Clone, Default)]
pub struct Lots {
    open: BTreeMap<Place, BigInt>,
    /// Which points are spent first.
    consumption: Consumption,
    /// How often anything has happened so far.
    happened: u64,
    /// When the present life of points by activity ends; [`NEVER`] while a level keeps them, none where it has not
    /// begun.
    pub ends: Option<Instant>,
    /// When each of the lives before ended.
    ended: Vec<Instant>,
    /// What the member owes.
    pub debt: BigInt,
    /// What has lapsed and did not come back: when, how many and who pays for them, the first before the others.
    pub lapsed: Vec<(Instant, BigInt, Option<String>)>,
    /// What came and went.
    pub totals: Totals,
}

impl Lots {
    /// No points of a currency that are spent in this order.
    pub fn new(consumption: Consumption) -> Self {
        Self { consumption, ..Self::default() }
    }

    /// What comes from now on comes after all that has come so far.
    pub fn happens(&mut self) {
        self.happened += 1;
    }

    /// Puts in what no activity by itself has earned.
    pub fn put(&mut self, points: &BigInt, goal: Goal) {
        self.vest(points, goal);
        self.totals.earned += points;
    }

    /// Puts points in that may be spent from now on.
    pub fn vest(&mut self, points: &BigInt, goal: Goal) {
        let place = self.joined(goal);
        self.put_back(points, place);
    }

    /// Puts points back where they were.
    pub fn put_back(&mut self, points: &BigInt, place: Place) {
        *self.open.entry(place).or_default() += points;
        if self.open.len() > MOST_PLACES {
            self.open.retain(|_, points| *points > BigInt::ZERO);
        }
        if self.open.len() > MOST_PLACES {
            self.join_nearest();
        }
    }

    /// Of all places of one partner with a day of their own, lets the two that lapse nearest to each other lapse with
    /// the later; of several the first.
    fn join_nearest(&mut self) {
        let mut nearest: Option<(TimeDelta, Place, Place)> = None;
        let mut before: BTreeMap<Option<String>, (Instant, Place)> = BTreeMap::new();
        for place in self.in_order() {
            let Lapses::At(at) = place.lapses else { continue };
            if at == NEVER {
                continue;
            }
            if let Some((sooner, other)) = before.insert(place.partner.clone(), (at, place.clone()))
                && nearest.as_ref().is_none_or(|known| at - sooner < known.0)
            {
                nearest = Some((at - sooner, other, place));
            }
        }
        if let Some((_, sooner, later)) = nearest {
            let points = self.open.remove(&sooner).expect("it is open");
            *self.open.get_mut(&later).expect("it is open") += points;
        }
    }

    /// The place that points join now.
    fn joined(&self, (lapses, partner): Goal) -> Place {
        let life = if lapses == Lapses::ByActivity { self.ended.len() } else { 0 };
        let arrival = if self.consumption == Consumption::Fefo { 0 } else { self.happened };
        Place { lapses, life, partner, arrival }
    }

    /// When what lies in a place lapses, if nothing happens.
    fn lapse_of(&self, place: &Place) -> Instant {
        match place.lapses {
            Lapses::At(at) => at,
            Lapses::ByActivity => match self.ended.get(place.life) {
                Some(ended) => *ended,
                None => self.ends.or(self.ended.last().copied()).unwrap_or(NEVER),
            },
        }
    }

    /// The places in which something lies, those first that are to be spent first: of what came at once the soonest to
    /// lapse, and where the currency does not ask what came first of all. Of the same instant those with a day of their
    /// own are first, but for those that never lapse, which are last.
    fn in_order(&self) -> Vec<Place> {
        let mut places: Vec<Place> = self.open.keys().cloned().collect();
        places.sort_by_key(|place| {
            let kind = match place.lapses {
                Lapses::At(at) if at == NEVER => 2,
                Lapses::At(_) => 0,
                Lapses::ByActivity => 1,
            };
            let came = i128::from(place.arrival);
            let came = match self.consumption {
                Consumption::Fefo => 0,
                Consumption::Fifo => came,
                Consumption::Lifo => -came,
            };
            (came, self.lapse_of(place), kind, place.clone())
        });
        places
    }

    /// Lets lapse what is due at `at`.
    pub fn lapse(&mut self, at: Instant) {
        if self.ends.is_some_and(|ends| ends <= at) {
            self.ended.extend(self.ends.take());
        }
        let due: Vec<Place> = self.open.keys().filter(|place| self.lapse_of(place) <= at).cloned().collect();
        for place in due {
            let points = self.open.remove(&place).expect("it is open");
            self.expire(points, &place, self.lapse_of(&place));
        }
    }

    /// Puts points back where they were, or lets them lapse at `now` where they would have by then.
    pub fn release(&mut self, points: &BigInt, place: Place, now: Instant) {
        if self.lapse_of(&place) <= now {
            self.expire(points.clone(), &place, now);
        } else {
            self.put_back(points, place);
        }
    }

    fn expire(&mut self, points: BigInt, place: &Place, at: Instant) {
        self.totals.expired += &points;
        self.lapsed.push((at, points, place.partner.clone()));
        self.lapsed.sort();
    }

    /// Takes points back: first those of `first`, then the soonest to lapse; what is missing is owed as far as it may
    /// be, and the rest forgiven.
    pub fn take_back(&mut self, points: &BigInt, first: Goal, reach: &Reach) -> Taking {
        let first = self.joined(first);
        let (mut order, others): (Vec<Place>, Vec<Place>) =
            self.in_order().into_iter().partition(|place| place.is_of(&first));
        order.extend(others);
        order.retain(|_| reach.lots);
        let mut missing = points.clone();
        let mut found = Vec::new();
        for place in order {
            let Some(lot) = self.open.get_mut(&place) else { continue };
            let part = missing.clone().min(lot.clone());
            *lot -= &part;
            missing -= &part;
            found.push((place, part));
        }
        let owed = self.owe(&missing, reach);
        let forgiven = missing - &owed;
        self.totals.clawed_back += points - &forgiven;
        self.totals.forgiven += &forgiven;
        Taking { found, owed, forgiven }
    }

    /// Owes points as far as may be; gives how many.
    pub fn owe(&mut self, points: &BigInt, reach: &Reach) -> BigInt {
        let room = (&reach.owed - &self.debt).max(BigInt::ZERO);
        let owed = points.clone().min(room);
        self.debt += &owed;
        owed
    }

    /// Whatever may be spent repays what is owed, the soonest to lapse first.
    pub fn repay(&mut self) {
        let part = self.debt.clone().min(self.balance());
        self.spend(&part, None).expect("no more than there is");
        self.debt -= part;
    }

    /// Lets points lapse at `to` that would sooner; where `only` says so, those of that instant alone. Gives whether
    /// there were any.
    pub fn extend(&mut self, only: Option<Instant>, to: Instant) -> bool {
        self.open.retain(|_, points| *points > BigInt::ZERO);
        let mut any = false;
        let alive = self.ended.len();
        let lives = self.open.keys().any(|place| place.lapses == Lapses::ByActivity && place.life == alive);
        if lives && self.ends.is_some_and(|ends| ends < to && only.is_none_or(|only| only == ends)) {
            self.ends = Some(to);
            any = true;
        }
        for (mut place, points) in std::mem::take(&mut self.open) {
            any |= place.extend(only, to);
            self.put_back(&points, place);
        }
        any
    }

    /// What a return gives again of what it took: less is owed first; gives what is left of it.
    pub fn owe_less(&mut self, points: &BigInt) -> BigInt {
        let part = self.debt.clone().min(points.clone());
        self.debt -= &part;
        self.totals.clawed_back -= &part;
        points - part
    }

    /// How many lives of points by activity are over.
    pub fn lives_ended(&self) -> usize {
        self.ended.len()
    }

    /// What is open, by the instant it lapses.
    pub fn buckets(&self) -> BTreeMap<Instant, BigInt> {
        let mut buckets = BTreeMap::new();
        for (place, points) in self.open.iter().filter(|(_, points)| **points > BigInt::ZERO) {
            *buckets.entry(self.lapse_of(place)).or_default() += points;
        }
        buckets
    }

    /// Takes points to be spent, the soonest to lapse first, or those of one instant alone; none where there are not
    /// so many.
    pub fn spend(&mut self, points: &BigInt, bucket: Option<Instant>) -> Option<Vec<(Place, BigInt)>> {
        let mut missing = points.clone();
        let mut found = Vec::new();
        for place in self.in_order() {
            if bucket.is_some_and(|only| self.lapse_of(&place) != only) {
                continue;
            }
            let lot = self.open.get_mut(&place).expect("it is open");
            let part = missing.clone().min(lot.clone());
            *lot -= &part;
            missing -= &part;
            found.push((place, part));
        }
        (missing == BigInt::ZERO).then_some(found)
    }

    /// Puts back what a return took from a place.
    pub fn give_again(&mut self, points: &BigInt, place: Place) {
        self.totals.clawed_back -= points;
        self.put_back(points, place);
    }

    /// Gives again to where points would go now.
    pub fn give_anew(&mut self, points: &BigInt, goal: Goal) {
        let place = self.joined(goal);
        self.give_again(points, place);
    }

    /// Puts back where it was found what returns give again, the last first, and the rest into a place of its own.
    pub fn refill(&mut self, points: BigInt, found: &[(Place, BigInt)], own: &Goal) {
        let mut left = points;
        for (place, part) in found.iter().rev() {
            let part = left.clone().min(part.clone());
            left -= &part;
            self.give_again(&part, place.clone());
        }
        self.give_anew(&left, own.clone());
    }

    /// Takes all out; gives how many that were.
    pub fn empty(&mut self) -> BigInt {
        std::mem::take(&mut self.open).into_values().sum()
    }

    /// What is open.
    pub fn balance(&self) -> BigInt {
        self.open.values().sum()
    }
}
