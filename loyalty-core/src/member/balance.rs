//! Points of one currency, as the state keeps them.

use minicbor::{Decode, Encode};

use super::lapse::{Lapse, Life, Living};
use crate::id::AuthorId;
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::document::Consumption;
use crate::time::Timestamp;

const fn is_first(number: &u32) -> bool {
    *number == 0
}

/// Points of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Balance {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// Open lots, soonest expiry first, those without last; no two of the same expiry and partner, none empty. Those
    /// that live by activity stand where they would lapse if nothing happened.
    #[n(1)]
    pub lots: Vec<Lot>,
    /// All that was ever earned, less what was cancelled before it could be spent.
    #[n(2)]
    pub earned: Points,
    /// All that returns took back from lots, or into debt.
    #[n(3)]
    pub clawed_back: Points,
    /// All that lapsed unspent.
    #[n(4)]
    pub expired: Points,
    /// All that returns should have taken and could not.
    #[n(5)]
    pub forgiven: Points,
    /// Activities that gave more than nothing.
    #[n(6)]
    pub accruals: u64,
    /// All that was cancelled before it could be spent.
    #[n(7)]
    pub cancelled: Points,
    /// All that was spent, less what came back of it.
    #[cbor(n(8), default, skip_if = "Points::is_nothing")]
    pub redeemed: Points,
    /// All that was given by hand, less what was taken.
    #[cbor(n(9), default, skip_if = "Points::is_nothing")]
    pub adjusted: Points,
    /// What the points that live by activity have before them.
    #[cbor(n(10), default, skip_if = "Living::is_unbegun")]
    pub living: Living,
    /// What the member owes; then there is nothing to spend.
    #[cbor(n(11), default, skip_if = "Points::is_nothing")]
    pub debt: Points,
    /// All that was given to other members, once it has arrived.
    #[cbor(n(12), default, skip_if = "Points::is_nothing")]
    pub given: Points,
    /// All that other members gave.
    #[cbor(n(13), default, skip_if = "Points::is_nothing")]
    pub received: Points,
    /// What has lapsed and may still be given back, that which lapsed first before the others.
    #[cbor(n(14), default, skip_if = "Vec::is_empty")]
    pub lapsed: Vec<Lapsed>,
    /// All that was forfeited when the member was closed, or came afterwards, less what was owed.
    #[cbor(n(15), default, skip_if = "Points::is_nothing")]
    pub forfeited: Points,
    /// Which of them are spent first.
    #[cbor(n(16), default, skip_if = "Consumption::is_usual")]
    pub consumption: Consumption,
    /// The number of what came last, where the order of coming matters.
    #[cbor(n(17), default, skip_if = "is_first")]
    arrivals: u32,
}

/// The most open lots of a currency; beyond them the two of one partner that lapse nearest to each other are one, which
/// lapses with the later, so that nothing is refused for want of room.
pub const MOST_LOTS: usize = 1_024;
/// The most entries of what has lapsed; beyond them the two oldest are one, which is forgotten with the older.
const MOST_LAPSED: usize = 64;

/// Points that lapsed at an instant and were not given back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Lapsed {
    /// When.
    #[n(0)]
    pub at: Timestamp,
    /// How many, above 0.
    #[n(1)]
    pub points: Points,
    /// The partner that paid for them; the program where absent.
    #[n(2)]
    pub funded_by: Option<AuthorId>,
}

/// Points with one expiry, paid for by one partner; where the order of coming matters, such as came one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Lot {
    /// When they lapse; never where absent.
    #[n(0)]
    pub lapses: Option<Lapse>,
    /// How many are left, above 0.
    #[n(1)]
    pub points: Points,
    /// The partner that pays for them; the program where absent.
    #[n(2)]
    pub funded_by: Option<AuthorId>,
    /// Of points that live by activity: how often all of them had lapsed before. 0 of all others.
    #[cbor(n(3), default, skip_if = "is_first")]
    pub life: u32,
    /// The number of their coming, by which they are spent first or last; 0 of those that came while it did not matter.
    #[cbor(n(4), default, skip_if = "is_first")]
    pub arrival: u32,
}

impl Lot {
    /// Moves what is `left` to be taken, or all that there is, to what is `taken`.
    fn give_up_to(&mut self, left: &mut Points, taken: &mut Vec<Self>) -> Result<(), OutOfRange> {
        let part = self.points.min(*left);
        self.points = self.points.minus(part)?;
        *left = left.minus(part)?;
        if part.is_positive() {
            taken.push(Self { points: part, ..self.clone() });
        }
        Ok(())
    }

    /// Lets it lapse at `to` where it has an instant of its own that is meant; gives whether it has.
    pub fn extend(&mut self, is_meant: impl Fn(Timestamp) -> bool, to: Timestamp) -> bool {
        let meant = self.lapses.and_then(Lapse::at).is_some_and(is_meant);
        if meant {
            self.lapses = Some(Lapse::At(to));
        }
        meant
    }

    /// Whether both are the same lot, whatever they hold.
    pub fn is_like(&self, other: &Self) -> bool {
        self.arrival == other.arrival && self.is_of(other)
    }

    /// Whether points of one go where those of the other do, whenever they came.
    fn is_of(&self, other: &Self) -> bool {
        (self.lapses, self.life, &self.funded_by) == (other.lapses, other.life, &other.funded_by)
    }
}

impl Balance {
    /// No points of a currency.
    pub const fn empty(currency: AuthorId) -> Self {
        Self {
            currency,
            lots: Vec::new(),
            earned: Points::ZERO,
            clawed_back: Points::ZERO,
            expired: Points::ZERO,
            forgiven: Points::ZERO,
            accruals: 0,
            cancelled: Points::ZERO,
            redeemed: Points::ZERO,
            adjusted: Points::ZERO,
            living: Living::UNBEGUN,
            debt: Points::ZERO,
            given: Points::ZERO,
            received: Points::ZERO,
            lapsed: Vec::new(),
            forfeited: Points::ZERO,
            consumption: Consumption::Fefo,
            arrivals: 0,
        }
    }

    /// What may be spent: the sum of the open lots.
    pub fn available(&self) -> Result<Points, OutOfRange> {
        self.lots.iter().try_fold(Points::ZERO, |sum, lot| sum.plus(lot.points))
    }

    /// Adds points that lapse then, paid for by this partner; those that live by activity join all that do.
    pub fn add(
        &mut self,
        points: Points,
        lapses: Option<Lapse>,
        funded_by: Option<&AuthorId>,
    ) -> Result<(), OutOfRange> {
        self.put(self.lot(points, lapses, funded_by))
    }

    /// The lot that points join which lapse then, paid for by this partner.
    pub fn lot(&self, points: Points, lapses: Option<Lapse>, funded_by: Option<&AuthorId>) -> Lot {
        let arrival = if self.consumption.is_usual() { 0 } else { self.arrivals.saturating_add(1) };
        Lot { lapses, points, funded_by: funded_by.cloned(), life: self.living.joined(lapses), arrival }
    }

    /// What comes from now on comes after all that has come so far, and is spent in this order.
    ///
    /// Points that lapse together and came one after the other are one lot: no order of coming tells them apart.
    pub fn arrive(&mut self, consumption: Consumption) -> Result<(), OutOfRange> {
        let before = std::mem::replace(&mut self.consumption, consumption);
        if before.is_usual() {
            return Ok(());
        }
        let came = self.arrivals.saturating_add(1);
        let of = |number: u32| self.lots.iter().filter(move |lot| lot.arrival == number);
        let one = |number| Some(of(number).next()?).filter(|_| of(number).count() == 1);
        if of(came).next().is_none() {
            return Ok(());
        }
        let joined =
            one(came).zip(one(self.arrivals)).filter(|(new, known)| known.arrival > 0 && new.is_of(known));
        let Some((new, _)) = joined else {
            self.arrivals = came;
            return Ok(());
        };
        let new = Lot { arrival: self.arrivals, ..new.clone() };
        self.lots.retain(|lot| lot.arrival != came);
        self.put(new)
    }

    /// The places of the lots, those first that are spent first.
    fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<(u32, usize)> =
            self.lots.iter().enumerate().map(|(place, lot)| (lot.arrival, place)).collect();
        match self.consumption {
            Consumption::Fefo => {}
            Consumption::Fifo => order.sort_by_key(|(arrival, _)| *arrival),
            Consumption::Lifo => order.sort_by_key(|(arrival, _)| std::cmp::Reverse(*arrival)),
        }
        order.into_iter().map(|(_, place)| place).collect()
    }

    /// Puts points into a lot, or back into it: what has lapsed there meanwhile lapses again.
    pub fn put(&mut self, lot: Lot) -> Result<(), OutOfRange> {
        if lot.points.is_zero() {
            return Ok(());
        }
        match self.lots.iter_mut().find(|known| known.is_like(&lot)) {
            Some(known) => known.points = known.points.plus(lot.points)?,
            None => {
                let place = self.living.place(&lot);
                let at = self.lots.partition_point(|known| self.living.place(known) < place);
                self.lots.insert(at, lot);
                if self.lots.len() > MOST_LOTS {
                    self.join_nearest()?;
                }
            }
        }
        self.available().map(|_| ())
    }

    /// Joins the two lots of one partner that lapse at instants of their own nearest to each other, of those the first,
    /// at the later instant.
    fn join_nearest(&mut self) -> Result<(), OutOfRange> {
        let next = |(at, lot): (usize, &Lot)| {
            let later = at.saturating_add(1);
            let lapses = lot.lapses?.at()?;
            let of_same = self.lots.iter().skip(later).position(|it| it.funded_by == lot.funded_by)?;
            let later = later.saturating_add(of_same);
            let apart = self.lots.get(later)?.lapses?.at()?.micros().checked_sub(lapses.micros())?;
            Some((apart, at, later))
        };
        let nearest = self.lots.iter().enumerate().filter_map(next).min();
        if let Some((_, at, later)) = nearest
            && let Some(points) = self.lots.get(at).map(|lot| lot.points)
            && let Some(lot) = self.lots.get_mut(later)
        {
            lot.points = lot.points.plus(points)?;
            self.lots.remove(at);
        }
        Ok(())
    }

    /// Lets the points that live by activity have another life before them.
    pub fn live(&mut self, life: Life) {
        self.living.life = Some(life);
        self.sort();
    }

    /// Lets points lapse at `to` that would at an instant which is meant; gives whether there were any.
    pub fn extend(
        &mut self,
        is_meant: impl Fn(Timestamp) -> bool,
        to: Timestamp,
    ) -> Result<bool, OutOfRange> {
        let mut any = false;
        let living = self.living;
        let lives = |lot: &Lot| lot.lapses == Some(Lapse::Idle) && living.joined(lot.lapses) == lot.life;
        if living.ends().is_some_and(&is_meant) && self.lots.iter().any(lives) {
            self.living.life = Some(Life::Until(to));
            any = true;
        }
        for mut lot in std::mem::take(&mut self.lots) {
            any |= lot.extend(&is_meant, to);
            self.put(lot)?;
        }
        Ok(any)
    }

    /// Counts points of a lot as lapsed at an instant; `kept` where they may be given back.
    pub fn expire(&mut self, lot: Lot, at: Timestamp, kept: bool) -> Result<(), OutOfRange> {
        let Lot { points, funded_by, .. } = lot;
        self.expired = self.expired.plus(points)?;
        if !kept {
            return Ok(());
        }
        let place = self.lapsed.partition_point(|it| (it.at, &it.funded_by) < (at, &funded_by));
        match self.lapsed.get_mut(place).filter(|it| it.at == at && it.funded_by == funded_by) {
            Some(known) => known.points = known.points.plus(points)?,
            None => self.lapsed.insert(place, Lapsed { at, points, funded_by }),
        }
        if self.lapsed.len() > MOST_LAPSED {
            self.join_oldest()?;
        }
        Ok(())
    }

    /// Joins the two oldest entries of what has lapsed that the same partner paid for.
    fn join_oldest(&mut self) -> Result<(), OutOfRange> {
        for first in 0..self.lapsed.len() {
            let next = first.saturating_add(1);
            let Some((oldest, others)) = self.lapsed.get_mut(first..).and_then(<[_]>::split_first_mut) else {
                break;
            };
            if let Some(same) = others.iter().position(|it| it.funded_by == oldest.funded_by) {
                let Lapsed { points, .. } = self.lapsed.remove(next.saturating_add(same));
                if let Some(oldest) = self.lapsed.get_mut(first) {
                    oldest.points = oldest.points.plus(points)?;
                }
                break;
            }
        }
        Ok(())
    }

    /// Forgets what may not be given back any more: what lapsed at instants that are `over`.
    pub fn forget_lapsed(&mut self, over: impl Fn(Timestamp) -> bool) {
        self.lapsed.retain(|lapsed| !over(lapsed.at));
    }

    /// Gives back points that have lapsed, the first before the others, into lots that lapse then; gives how many by
    /// who pays for them.
    ///
    /// `exceeds_lapsed` where there are not so many.
    pub fn reinstate(
        &mut self,
        points: Points,
        lapses: Option<Lapse>,
    ) -> Result<Vec<(Option<AuthorId>, Points)>, Problem> {
        let (mut left, mut back) = (points, Vec::new());
        for lapsed in &mut self.lapsed {
            let part = lapsed.points.min(left);
            lapsed.points = lapsed.points.minus(part)?;
            left = left.minus(part)?;
            back.push(Lot { lapses, points: part, funded_by: lapsed.funded_by.clone(), life: 0, arrival: 0 });
        }
        if left.is_positive() {
            let message = format!("{points} are more than the {} that may come back", points.minus(left)?);
            let help = "only what lapsed within the program's window comes back";
            return Err(Problem::new("exceeds_lapsed", "/points", message, help));
        }
        self.lapsed.retain(|lapsed| lapsed.points.is_positive());
        let back = by_partner(&back)?;
        for (partner, points) in &back {
            self.expired = self.expired.minus(*points)?;
            self.add(*points, lapses, partner.as_ref())?;
        }
        Ok(back.into_iter().filter(|(_, points)| points.is_positive()).collect())
    }

    /// Ends the life of the points that live by activity: all that are of it are to lapse.
    pub fn end_life(&mut self, at: Timestamp) {
        self.living.end(at);
        self.sort();
    }

    fn sort(&mut self) {
        let living = self.living;
        self.lots.sort_by(|one, other| living.place(one).cmp(&living.place(other)));
    }

    /// When the first lot lapses if nothing happens.
    pub fn next_lapse(&self) -> Option<Timestamp> {
        self.lots.first().and_then(|lot| self.living.lapses_at(lot))
    }

    /// What may be spent by the instant at which it lapses if nothing happens, soonest first.
    pub fn buckets(&self) -> Result<Vec<(Option<Timestamp>, Points)>, OutOfRange> {
        let mut buckets: Vec<(Option<Timestamp>, Points)> = Vec::new();
        for lot in &self.lots {
            let at = self.living.lapses_at(lot);
            match buckets.last_mut().filter(|last| last.0 == at) {
                Some((_, sum)) => *sum = sum.plus(lot.points)?,
                None => buckets.push((at, lot.points)),
            }
        }
        Ok(buckets)
    }

    /// Takes points to be spent, in the order of the currency, where an expiry is named out of its lots alone; gives what was taken,
    /// by lot.
    pub fn spend(
        &mut self,
        points: Points,
        bucket: Option<Option<Timestamp>>,
    ) -> Result<Vec<Lot>, OutOfRange> {
        let mut left = points;
        let (mut taken, living) = (Vec::new(), self.living);
        let wanted = |lot: &&mut Lot| bucket.is_none_or(|only| living.lapses_at(lot) == only);
        for place in self.in_order() {
            if let Some(lot) = self.lots.get_mut(place).filter(wanted) {
                lot.give_up_to(&mut left, &mut taken)?;
            }
        }
        self.lots.retain(|lot| lot.points.is_positive());
        // What was to be taken was there.
        if left.is_zero() { Ok(taken) } else { Err(OutOfRange) }
    }

    /// Takes up to `points`, first of those with this expiry and partner, then others, both in the order of the currency;
    /// gives what was taken, by lot.
    pub fn take(
        &mut self,
        points: Points,
        first: (Option<Lapse>, Option<&AuthorId>),
    ) -> Result<Vec<Lot>, OutOfRange> {
        let mut left = points;
        let mut taken = Vec::new();
        let own = self.lot(points, first.0, first.1);
        for is_own in [true, false] {
            for place in self.in_order() {
                if let Some(lot) = self.lots.get_mut(place).filter(|lot| lot.is_of(&own) == is_own) {
                    lot.give_up_to(&mut left, &mut taken)?;
                }
            }
        }
        self.lots.retain(|lot| lot.points.is_positive());
        Ok(taken)
    }
}

/// Points of several lots, by who pays for them.
pub fn by_partner(lots: &[Lot]) -> Result<Vec<(Option<AuthorId>, Points)>, OutOfRange> {
    let mut sums: Vec<(Option<AuthorId>, Points)> = Vec::new();
    for lot in lots {
        match sums.iter_mut().find(|(partner, _)| *partner == lot.funded_by) {
            Some((_, sum)) => *sum = sum.plus(lot.points)?,
            None => sums.push((lot.funded_by.clone(), lot.points)),
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> AuthorId {
        AuthorId::new(text).unwrap()
    }

    fn points(minor: i64) -> Points {
        Points::new(minor).unwrap()
    }

    #[test]
    fn lots_are_taken_own_first_then_soonest() {
        let [soon, late] = [1, 2].map(|s| Some(Lapse::At(Timestamp::from_seconds(s))));
        let mut balance = Balance::empty(id("points"));
        balance.add(points(5), None, None).unwrap();
        balance.add(points(3), late, None).unwrap();
        balance.add(points(2), soon, None).unwrap();
        let taken = balance.take(points(4), (late, None)).unwrap();
        assert_eq!(by_partner(&taken).unwrap(), [(None, points(4))]);
        let left: Vec<_> = balance.lots.iter().map(|l| (l.lapses, l.points.minor())).collect();
        assert_eq!(left, [(soon, 1), (None, 5)]);
        let all = balance.take(points(9), (None, None)).unwrap();
        assert_eq!(by_partner(&all).unwrap(), [(None, points(6))], "no balance is ever negative");
    }

    #[test]
    fn lots_of_partners_are_apart() {
        let (bank, soon) = (id("bank"), Some(Lapse::At(Timestamp::from_seconds(1))));
        let mut balance = Balance::empty(id("points"));
        balance.add(points(5), soon, Some(&bank)).unwrap();
        balance.add(points(3), soon, None).unwrap();
        balance.add(points(2), None, Some(&bank)).unwrap();
        let lots: Vec<_> =
            balance.lots.iter().map(|lot| (lot.funded_by.clone(), lot.points.minor())).collect();
        assert_eq!(lots, [(None, 3), (Some(bank.clone()), 5), (Some(bank.clone()), 2)]);
        let taken = balance.take(points(9), (None, Some(&bank))).unwrap();
        assert_eq!(by_partner(&taken).unwrap(), [(Some(bank), points(6)), (None, points(3))]);
    }
}
