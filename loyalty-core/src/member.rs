//! A member's state: everything that deciding the next activity needs, carried in every commit.

use minicbor::{Decode, Encode};

use crate::counter::CounterState;
use crate::id::AuthorId;
use crate::limits::LimitsState;
use crate::points::{OutOfRange, Points};
use crate::tier::{LevelGrant, TierState};
use crate::time::Timestamp;

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
    /// What was given for levels reached and may be taken back, oldest first.
    #[n(6)]
    pub level_grants: Vec<LevelGrant>,
    /// What returns took from the counters of tracks that do not look at returns.
    #[n(7)]
    pub returned: Vec<CounterState>,
    /// What limits against fraud measured.
    #[cbor(n(8), default, skip_if = "LimitsState::is_empty")]
    pub limits: LimitsState,
}

/// Points of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Balance {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// Open lots, soonest expiry first, those without last; no two of the same expiry, none empty.
    #[n(1)]
    pub lots: Vec<Lot>,
    /// All that was ever earned.
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
}

/// Points with one expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Lot {
    /// When they lapse; never where absent.
    #[n(0)]
    pub expires_at: Option<Timestamp>,
    /// How many are left, above 0.
    #[n(1)]
    pub points: Points,
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
            level_grants: Vec::new(),
            returned: Vec::new(),
            limits: LimitsState::EMPTY,
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
        tiers.chain(lots).min()
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
        }
    }

    /// What may be spent: the sum of the open lots.
    pub fn available(&self) -> Result<Points, OutOfRange> {
        self.lots.iter().try_fold(Points::ZERO, |sum, lot| sum.plus(lot.points))
    }

    /// Adds points to the lot of this expiry.
    pub fn add(&mut self, points: Points, expires_at: Option<Timestamp>) -> Result<(), OutOfRange> {
        if points.is_zero() {
            return Ok(());
        }
        let order = |lot: &Lot| lot.expires_at.unwrap_or(Timestamp::from_micros(i64::MAX));
        let wanted = expires_at.unwrap_or(Timestamp::from_micros(i64::MAX));
        match self.lots.binary_search_by_key(&wanted, order) {
            Ok(found) => {
                if let Some(lot) = self.lots.get_mut(found) {
                    lot.points = lot.points.plus(points)?;
                }
            }
            Err(place) => self.lots.insert(place, Lot { expires_at, points }),
        }
        self.available().map(|_| ())
    }

    /// Takes up to `points`, first from the lot of `first`, then soonest expiry first; gives what was taken.
    pub fn take(&mut self, points: Points, first: Option<Timestamp>) -> Result<Points, OutOfRange> {
        let mut left = points;
        let own = self.lots.iter().position(|l| l.expires_at == first);
        for index in own.into_iter().chain(0..self.lots.len()) {
            if let Some(lot) = self.lots.get_mut(index) {
                let part = lot.points.min(left);
                lot.points = lot.points.minus(part)?;
                left = left.minus(part)?;
            }
        }
        self.lots.retain(|lot| lot.points.is_positive());
        points.minus(left)
    }
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
        balance.add(points(5), None).unwrap();
        balance.add(points(3), late).unwrap();
        balance.add(points(2), soon).unwrap();
        assert_eq!(balance.take(points(4), late).unwrap(), points(4));
        let left: Vec<_> = balance.lots.iter().map(|l| (l.expires_at, l.points.minor())).collect();
        assert_eq!(left, [(soon, 1), (None, 5)]);
        assert_eq!(balance.take(points(9), None).unwrap(), points(6), "no balance is ever negative");
    }
}
