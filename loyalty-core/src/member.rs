//! A member's state: everything that deciding the next activity needs, carried in every commit.

use minicbor::{Decode, Encode};

use crate::counter::CounterState;
use crate::grants::Gifts;
use crate::id::{AuthorId, OperationKey};
use crate::ledger::operation::{CountedIn, VestingOutcome};
use crate::limits::LimitsState;
use crate::points::{OutOfRange, Points};
use crate::redemption::Held;
use crate::shared::Shared;
use crate::tier::{GoalGrant, TierState};
use crate::time::Timestamp;

/// The most awards that wait for one member.
pub const MOST_PENDING: usize = 256;

/// What is known of a member after a commit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MemberState {
    /// When the member's first activity happened.
    #[n(0)]
    pub enrolled_at: Timestamp,
    /// Up to when everything that fell due has been applied.
    #[n(1)]
    pub settled_to: Timestamp,
    /// One entry a currency that was ever earned, in the order of first earning.
    #[n(2)]
    pub balances: Vec<Balance>,
    /// Counters of the program, in the order of first counting.
    #[n(3)]
    pub counters: Vec<CounterState>,
    /// What caps have used, by the cap's id.
    #[n(4)]
    pub caps: Vec<CounterState>,
    /// One entry a tier track.
    #[n(5)]
    pub tiers: Vec<TierState>,
    /// What was given for levels and challenges reached and may be taken back, oldest first.
    #[n(6)]
    pub goal_grants: Vec<GoalGrant>,
    /// What returns took from the counters of tracks that do not look at returns.
    #[n(7)]
    pub returned: Vec<CounterState>,
    /// What limits against fraud measured.
    #[cbor(n(8), default, skip_if = "LimitsState::is_empty")]
    pub limits: LimitsState,
    /// Awards that may not be spent yet, the one that falls due first before the others, those under review last.
    #[cbor(n(9), default, skip_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// What a chain that belongs to no member keeps: a budget, or a claim.
    #[cbor(n(10), default)]
    pub shared: Option<Shared>,
    /// What the member has that is no points.
    #[cbor(n(12), default, skip_if = "Gifts::is_empty")]
    pub gifts: Gifts,
    /// Points set aside, the hold that ends first before the others.
    #[cbor(n(11), default, skip_if = "Vec::is_empty")]
    pub holds: Vec<Held>,
}

const fn is_nothing(points: &Points) -> bool {
    points.is_zero()
}

/// Points of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Balance {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// Open lots, soonest expiry first, those without last; no two of the same expiry and partner, none empty.
    #[n(1)]
    pub lots: Vec<Lot>,
    /// All that was ever earned, less what was cancelled before it could be spent.
    #[n(2)]
    pub earned: Points,
    /// All that returns took back from lots.
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
    #[cbor(n(8), default, skip_if = "is_nothing")]
    pub redeemed: Points,
    /// All that was given by hand, less what was taken.
    #[cbor(n(9), default, skip_if = "is_nothing")]
    pub adjusted: Points,
}

/// Points with one expiry, paid for by one partner.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Lot {
    /// When they lapse; never where absent.
    #[n(0)]
    pub expires_at: Option<Timestamp>,
    /// How many are left, above 0.
    #[n(1)]
    pub points: Points,
    /// The partner that pays for them; the program where absent.
    #[n(2)]
    pub funded_by: Option<AuthorId>,
}

impl Lot {
    /// By expiry, soonest first and never last; then the program's own before those of partners.
    fn place(&self) -> (Timestamp, Option<&AuthorId>) {
        place(self.expires_at, self.funded_by.as_ref())
    }

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
}

fn place(expires_at: Option<Timestamp>, funded_by: Option<&AuthorId>) -> (Timestamp, Option<&AuthorId>) {
    (expires_at.unwrap_or(Timestamp::from_micros(i64::MAX)), funded_by)
}

/// Points of one award that may not be spent yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Pending {
    /// When they vest or are cancelled by themselves; under review, when they would have been.
    #[n(0)]
    pub due: Timestamp,
    /// Which of the two.
    #[n(1)]
    pub then: VestingOutcome,
    /// The operation that gave them.
    #[n(2)]
    pub of: OperationKey,
    /// Which of its awards, from 0.
    #[n(3)]
    pub award: u32,
    /// The currency.
    #[n(4)]
    pub currency: AuthorId,
    /// How many are left; 0 where only a cap waits for them to be cancelled.
    #[n(5)]
    pub points: Points,
    /// What counters and caps get back when they are cancelled; none where only time passes until they vest.
    #[n(6)]
    pub counted: Vec<CountedIn>,
    /// When they lapse once they have vested by themselves.
    #[n(7)]
    pub expires_at: Option<Timestamp>,
    /// The partner that pays for them.
    #[n(8)]
    pub funded_by: Option<AuthorId>,
    /// What counters counted of it that has come back, as far as tracks count it still.
    #[cbor(n(9), default, skip_if = "Vec::is_empty")]
    pub returned: Vec<CountedIn>,
    /// Whether a person has to approve them first: until then nothing falls due.
    #[cbor(n(10), default)]
    pub review: bool,
}

impl MemberState {
    /// The state of a member whose first activity happens at `at`.
    pub const fn enrolled(at: Timestamp) -> Self {
        Self {
            enrolled_at: at,
            settled_to: at,
            balances: Vec::new(),
            counters: Vec::new(),
            caps: Vec::new(),
            tiers: Vec::new(),
            goal_grants: Vec::new(),
            returned: Vec::new(),
            limits: LimitsState::EMPTY,
            pending: Vec::new(),
            shared: None,
            gifts: Gifts::NONE,
            holds: Vec::new(),
        }
    }

    /// The balance of a currency, if any was ever earned.
    pub fn balance(&self, currency: &AuthorId) -> Option<&Balance> {
        self.balances.iter().find(|b| b.currency == *currency)
    }

    /// The balance of a currency, made where there is none.
    pub fn balance_mut(&mut self, currency: &AuthorId) -> &mut Balance {
        let index = self.balances.iter().position(|b| b.currency == *currency).unwrap_or_else(|| {
            self.balances.push(Balance::empty(currency.clone()));
            self.balances.len().saturating_sub(1)
        });
        // INVARIANT: the index was found in, or just pushed to, the list.
        #[allow(clippy::indexing_slicing)]
        &mut self.balances[index]
    }

    /// Pending points of a currency.
    pub fn pending_of(&self, currency: &AuthorId) -> Result<Points, OutOfRange> {
        let waiting = self.pending.iter().filter(|pending| pending.currency == *currency);
        waiting.map(|pending| pending.points).try_fold(Points::ZERO, Points::plus)
    }

    /// Points of a currency that are set aside.
    pub fn held_of(&self, currency: &AuthorId) -> Result<Points, OutOfRange> {
        let own = self.holds.iter().filter(|held| held.redeemed.currency == *currency);
        own.map(|held| held.redeemed.points()).try_fold(Points::ZERO, |sum, points| sum.plus(points?))
    }

    /// Sets points aside, in the order in which holds end.
    pub fn hold(&mut self, held: Held) {
        let later = |other: &Held| (other.until, &other.id) > (held.until, &held.id);
        let place = self.holds.iter().position(later).unwrap_or(self.holds.len());
        self.holds.insert(place, held);
    }

    /// What waits and falls due first; what is under review does not.
    pub fn next_pending(&self) -> Option<&Pending> {
        self.pending.first().filter(|pending| !pending.review)
    }

    /// What is under review, of all activities.
    pub fn under_review(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| pending.review)
    }

    /// Whether anything is.
    pub fn is_under_review(&self) -> bool {
        self.under_review().next().is_some()
    }

    /// What is held on a track.
    pub fn tier(&self, track: &AuthorId) -> Option<&TierState> {
        self.tiers.iter().find(|t| t.track == *track)
    }

    /// What is held on a track, to be changed.
    pub fn tier_mut(&mut self, track: &AuthorId) -> Option<&mut TierState> {
        self.tiers.iter_mut().find(|t| t.track == *track)
    }

    /// The first instant at which something falls due by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        let tiers = self.tiers.iter().filter_map(TierState::due);
        let lots = self.balances.iter().filter_map(|b| b.lots.first().and_then(|l| l.expires_at));
        let pending = self.next_pending().map(|pending| pending.due);
        let holds = self.holds.first().map(|held| held.until);
        tiers.chain(lots).chain(pending).chain(holds).chain(self.next_voucher_ends()).min()
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
        }
    }

    /// What may be spent: the sum of the open lots.
    pub fn available(&self) -> Result<Points, OutOfRange> {
        self.lots.iter().try_fold(Points::ZERO, |sum, lot| sum.plus(lot.points))
    }

    /// Adds points to the lot of this expiry and partner.
    pub fn add(
        &mut self,
        points: Points,
        expires_at: Option<Timestamp>,
        funded_by: Option<&AuthorId>,
    ) -> Result<(), OutOfRange> {
        if points.is_zero() {
            return Ok(());
        }
        match self.lots.binary_search_by(|lot| lot.place().cmp(&place(expires_at, funded_by))) {
            Ok(found) => {
                if let Some(lot) = self.lots.get_mut(found) {
                    lot.points = lot.points.plus(points)?;
                }
            }
            Err(at) => self.lots.insert(at, Lot { expires_at, points, funded_by: funded_by.cloned() }),
        }
        self.available().map(|_| ())
    }

    /// What may be spent by the instant it lapses, soonest first.
    pub fn buckets(&self) -> Result<Vec<(Option<Timestamp>, Points)>, OutOfRange> {
        let mut buckets: Vec<(Option<Timestamp>, Points)> = Vec::new();
        for lot in &self.lots {
            match buckets.last_mut().filter(|last| last.0 == lot.expires_at) {
                Some((_, sum)) => *sum = sum.plus(lot.points)?,
                None => buckets.push((lot.expires_at, lot.points)),
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
        let mut taken = Vec::new();
        for lot in self.lots.iter_mut().filter(|lot| bucket.is_none_or(|only| lot.expires_at == only)) {
            lot.give_up_to(&mut left, &mut taken)?;
        }
        self.lots.retain(|lot| lot.points.is_positive());
        // What was to be taken was there.
        if left.is_zero() { Ok(taken) } else { Err(OutOfRange) }
    }

    /// Takes up to `points`, first from the lot of this expiry and partner, then soonest expiry first; gives what
    /// was taken, by lot.
    pub fn take(
        &mut self,
        points: Points,
        first: (Option<Timestamp>, Option<&AuthorId>),
    ) -> Result<Vec<Lot>, OutOfRange> {
        let mut left = points;
        let mut taken = Vec::new();
        let own = self.lots.iter().position(|lot| lot.place() == place(first.0, first.1));
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
        let [soon, late] = [1, 2].map(|s| Some(Timestamp::from_seconds(s)));
        let mut balance = Balance::empty(id("points"));
        balance.add(points(5), None, None).unwrap();
        balance.add(points(3), late, None).unwrap();
        balance.add(points(2), soon, None).unwrap();
        let taken = balance.take(points(4), (late, None)).unwrap();
        assert_eq!(by_partner(&taken).unwrap(), [(None, points(4))]);
        let left: Vec<_> = balance.lots.iter().map(|l| (l.expires_at, l.points.minor())).collect();
        assert_eq!(left, [(soon, 1), (None, 5)]);
        let all = balance.take(points(9), (None, None)).unwrap();
        assert_eq!(by_partner(&all).unwrap(), [(None, points(6))], "no balance is ever negative");
    }

    #[test]
    fn lots_of_partners_are_apart() {
        let (bank, soon) = (id("bank"), Some(Timestamp::from_seconds(1)));
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
