//! A member's state: everything that deciding the next activity needs, carried in every commit.

mod balance;
mod lapse;

use minicbor::{Decode, Encode};

use crate::counter::{self, CounterState};
use crate::grants::Gifts;
use crate::id::{AuthorId, OperationKey};
use crate::ledger::operation::{CountedIn, VestingOutcome};
use crate::limits::LimitsState;
use crate::membership::Stopped;
use crate::points::{OutOfRange, Points};
use crate::program::Program;
use crate::redemption::Held;
use crate::redemption::quote::OpenQuote;
use crate::referral::Referee;
use crate::shared::Shared;
use crate::tier::{GoalGrant, TierState};
use crate::time::Timestamp;
use crate::transfer::{InTransit, Parcel};

pub use self::balance::{Balance, Lapsed, Lot, by_partner};
pub use self::lapse::{Lapse, Life, Living};

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
    /// What a chain that belongs to no member keeps: a budget, a claim, or a stock.
    #[cbor(n(10), default)]
    pub shared: Option<Shared>,
    /// What the member has that is no points.
    #[cbor(n(12), default, skip_if = "Gifts::is_empty")]
    pub gifts: Gifts,
    /// Points set aside, the hold that ends first before the others.
    #[cbor(n(11), default, skip_if = "Vec::is_empty")]
    pub holds: Vec<Held>,
    /// Who brought the member, and what came of it.
    #[cbor(n(13), default)]
    pub referral: Option<Referee>,
    /// How often rewards were had that one may have only so often in a window, by the reward's id.
    #[cbor(n(14), default, skip_if = "Vec::is_empty")]
    pub rewards: Vec<CounterState>,
    /// Points on their way to other members, the oldest first.
    #[cbor(n(15), default, skip_if = "Vec::is_empty")]
    pub in_transit: Vec<InTransit>,
    /// Adjustments that wait for a second person, oldest first.
    #[cbor(n(16), default, skip_if = "Vec::is_empty")]
    pub proposals: Vec<OperationKey>,
    /// That the member does not take part; absent where they do.
    #[cbor(n(17), default)]
    pub stopped: Option<Stopped>,
    /// Quotes that are valid, oldest first.
    #[cbor(n(18), default, skip_if = "Vec::is_empty")]
    pub quotes: Vec<OpenQuote>,
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
    /// When they lapse once they have vested by themselves; never where absent.
    #[n(7)]
    pub lapses: Option<Lapse>,
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
            referral: None,
            rewards: Vec::new(),
            in_transit: Vec::new(),
            proposals: Vec::new(),
            stopped: None,
            quotes: Vec::new(),
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

    /// What comes from now on comes after all that has come so far, and is spent in the order that a program says.
    pub fn arrive(&mut self, program: &Program) -> Result<(), OutOfRange> {
        self.balances
            .iter_mut()
            .try_for_each(|balance| balance.arrive(program.consumption(&balance.currency)))
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

    /// Points of a currency that are on their way to other members.
    pub fn in_transit_of(&self, currency: &AuthorId) -> Result<Points, OutOfRange> {
        let parcels = self.in_transit.iter().flat_map(|it| &it.parcels);
        let own = parcels.filter(|parcel| parcel.currency == *currency);
        own.map(Parcel::points).try_fold(Points::ZERO, |sum, points| sum.plus(points?))
    }

    /// All that the member has of a currency: what may be spent, waits, is set aside, or is on its way elsewhere.
    pub fn holds_of(&self, currency: &AuthorId) -> Result<Points, OutOfRange> {
        let available = self.balance(currency).map_or(Ok(Points::ZERO), Balance::available)?;
        let waiting = self.pending_of(currency)?.plus(self.held_of(currency)?)?;
        available.plus(waiting)?.plus(self.in_transit_of(currency)?)
    }

    /// Sets points aside, in the order in which holds end.
    pub fn hold(&mut self, held: Held) {
        let later = |other: &Held| (other.until, &other.id) > (held.until, &held.id);
        let place = self.holds.iter().position(later).unwrap_or(self.holds.len());
        self.holds.insert(place, held);
    }

    /// Counts a reward no more that was had in a slot of its window.
    pub fn give_up_reward(&mut self, reward: &AuthorId, slot: Option<i64>) -> Result<(), OutOfRange> {
        slot.map_or(Ok(()), |slot| counter::give_back(&mut self.rewards, reward, slot, -1))
    }

    /// What waits and falls due first; what is under review does not.
    pub fn next_pending(&self) -> Option<&Pending> {
        self.pending.first().filter(|pending| !pending.review)
    }

    /// What is under review, of all activities.
    pub fn under_review(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| pending.review)
    }

    /// Whether anything waits for a person: what activities earned, or an adjustment.
    pub fn is_under_review(&self) -> bool {
        !self.proposals.is_empty() || self.under_review().next().is_some()
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
        let lots = self.balances.iter().filter_map(Balance::next_lapse);
        let idle = self.balances.iter().filter_map(|balance| balance.living.ends());
        let pending = self.next_pending().map(|pending| pending.due);
        let holds = self.holds.first().map(|held| held.until);
        tiers.chain(lots).chain(idle).chain(pending).chain(holds).chain(self.next_voucher_ends()).min()
    }
}
