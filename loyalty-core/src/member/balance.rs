//! Points of one currency, as the state keeps them.

use minicbor::{Decode, Encode};

use super::lapse::{Lapse, Life, Living};
use crate::id::AuthorId;
use crate::points::{OutOfRange, Points};
use crate::time::Timestamp;

const fn is_first(life: &u32) -> bool {
    *life == 0
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
}

/// Points with one expiry, paid for by one partner.
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

    /// Whether both are the same lot, whatever they hold.
    pub fn is_like(&self, other: &Self) -> bool {
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
        Lot { lapses, points, funded_by: funded_by.cloned(), life: self.living.joined(lapses) }
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
            }
        }
        self.available().map(|_| ())
    }

    /// Lets the points that live by activity have another life before them.
    pub fn live(&mut self, life: Life) {
        self.living.life = Some(life);
        self.sort();
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

    /// Takes points to be spent, soonest expiry first, where one is named out of its lots alone; gives what was taken,
    /// by lot.
    pub fn spend(
        &mut self,
        points: Points,
        bucket: Option<Option<Timestamp>>,
    ) -> Result<Vec<Lot>, OutOfRange> {
        let mut left = points;
        let (mut taken, living) = (Vec::new(), self.living);
        for lot in self.lots.iter_mut().filter(|lot| bucket.is_none_or(|only| living.lapses_at(lot) == only))
        {
            lot.give_up_to(&mut left, &mut taken)?;
        }
        self.lots.retain(|lot| lot.points.is_positive());
        // What was to be taken was there.
        if left.is_zero() { Ok(taken) } else { Err(OutOfRange) }
    }

    /// Takes up to `points`, first from the lot that points of this expiry and partner would join, then soonest expiry
    /// first; gives what was taken, by lot.
    pub fn take(
        &mut self,
        points: Points,
        first: (Option<Lapse>, Option<&AuthorId>),
    ) -> Result<Vec<Lot>, OutOfRange> {
        let mut left = points;
        let mut taken = Vec::new();
        let own = self.lot(points, first.0, first.1);
        let own = self.lots.iter().position(|lot| lot.is_like(&own));
        for index in own.into_iter().chain(0..self.lots.len()) {
            let Some(lot) = self.lots.get_mut(index).filter(|_| left.is_positive()) else { continue };
            lot.give_up_to(&mut left, &mut taken)?;
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
