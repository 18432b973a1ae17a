//! Operations: one command decided within a commit, with everything needed to prove and to return it.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::posting::Posting;
use crate::activity::Activity;
use crate::command::Command;
use crate::conversion::Converted;
use crate::facts::Facts;
use crate::grants::{Ended, Granted, Regranted};
use crate::id::{ActivityId, ActorId, AuthorId, OperationKey};
use crate::limits::Noted;
use crate::member::{Lapse, Lot};
use crate::money::{Money, Quantity};
use crate::points::Points;
use crate::program::VersionId;
use crate::redemption::quote::Quoted;
use crate::redemption::{Held, Redeemed, Refused, UsedVoucher};
use crate::referral::Turn;
use crate::shared::Reading;
use crate::tier::GoalPoints;
use crate::time::{OffsetTime, Timestamp};
use crate::transfer::InTransit;
use crate::vesting::Review;

#[allow(clippy::trivially_copy_pass_by_ref)] // The signature is the encoder's.
const fn is_not(said: &bool) -> bool {
    !*said
}

/// One command decided within a commit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Operation {
    /// What makes it happen once.
    #[n(0)]
    pub key: OperationKey,
    /// When the activity happened.
    #[n(1)]
    pub occurred_at: OffsetTime,
    /// The program version that decided it.
    #[n(2)]
    pub version: VersionId,
    /// What fell due before it.
    #[n(3)]
    pub settlement: Settlement,
    /// What it gave, an entry for each currency and terms.
    #[n(4)]
    pub awards: Vec<Award>,
    /// What it took back, one entry for each purchase returned from.
    #[n(5)]
    pub returned: Vec<Returned>,
    /// Parts of a return for which no sale was found.
    #[n(6)]
    pub unmatched: Vec<Unmatched>,
    /// What it added to counters and caps.
    #[n(7)]
    pub counted: Vec<CountedIn>,
    /// Levels that it reached.
    #[n(8)]
    pub tier_changes: Vec<TierChange>,
    /// Its postings, those of the settlement apart.
    #[n(9)]
    pub postings: Vec<Posting>,
    /// What it was decided on. In clear until there is a vault.
    #[n(10)]
    pub sealed: Sealed,
    /// What levels and challenges gave that it reached, in the order of the document.
    #[n(11)]
    pub goal_awards: Vec<GoalAward>,
    /// What a return took back of them, whose counters it lowered.
    #[n(12)]
    pub goal_takes: Vec<GoalTake>,
    /// Pending points of a purchase that it let vest or cancelled.
    #[n(13)]
    pub vesting: Vec<Vesting>,
    /// The limits for which what it earned waits for a review.
    #[cbor(n(14), default, skip_if = "Vec::is_empty")]
    pub reviewed_for: Vec<AuthorId>,
    /// What the enrolment gave, where it enrolled the member. No return takes it back.
    #[cbor(n(15), default, skip_if = "Vec::is_empty")]
    pub welcome: Vec<Award>,
    /// What it was told of budgets that it looked at, and the leases by which it draws on them.
    #[cbor(n(16), default, skip_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// What it was told of counters that members share.
    #[cbor(n(17), default, skip_if = "Vec::is_empty")]
    pub noted: Vec<Noted>,
    /// Why it was refused, where it spends: nothing was done then, and the same command is refused again.
    #[cbor(n(18), default)]
    pub refused: Option<Refused>,
    /// What was spent.
    #[cbor(n(19), default)]
    pub redeemed: Option<Redeemed>,
    /// The hold that it placed, or let last longer.
    #[cbor(n(20), default)]
    pub held: Option<Held>,
    /// What grants gave, in the order of the document: for joining, for itself, then for what it reached.
    #[cbor(n(21), default, skip_if = "Vec::is_empty")]
    pub granted: Vec<Granted>,
    /// What it took back of grants, or gave again.
    #[cbor(n(22), default, skip_if = "Vec::is_empty")]
    pub regranted: Vec<Regranted>,
    /// Referrals of the member that qualified by it, or no longer do.
    #[cbor(n(23), default, skip_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// What the member got for having brought another, after a turn of that one's referral.
    #[cbor(n(24), default)]
    pub referred: Option<GoalPoints>,
    /// The voucher that was used.
    #[cbor(n(25), default)]
    pub used: Option<UsedVoucher>,
    /// What it sent to another member.
    #[cbor(n(26), default)]
    pub sent: Option<InTransit>,
    /// Of an adjustment: whether it waits for a second person, so that nothing has moved.
    #[cbor(n(27), default, skip_if = "is_not")]
    pub proposed: bool,
    /// Of a cancellation: the money to be paid back, which was paid beside the points.
    #[cbor(n(28), default)]
    pub pay_back: Option<Money>,
    /// What a quote promises.
    #[cbor(n(29), default)]
    pub quoted: Option<Quoted>,
}

impl Operation {
    /// Whether others have to do something after it.
    pub fn is_followed(&self) -> bool {
        !self.turns.is_empty() || self.sent.is_some()
    }

    /// The redemption that it cancelled.
    pub fn cancels(&self) -> Option<OperationKey> {
        match &self.sealed.command {
            Command::CancelRedemption(cancel) if self.refused.is_none() => cancel.redemption(),
            _ => None,
        }
    }

    /// The purchases that it returned from, or whose pending points it settled; each once.
    pub fn speaks_of(&self) -> impl Iterator<Item = ActivityId> {
        let vested = self.vesting.first().map(|vesting| vesting.activity.clone());
        let vested = vested.or_else(|| self.reviews().and_then(Review::purchase));
        self.returned.iter().map(|returned| returned.activity.clone()).chain(vested)
    }

    /// What a person said of what an activity earned.
    fn reviews(&self) -> Option<&Review> {
        match &self.sealed.command {
            Command::Approve(review) | Command::Refuse(review) => Some(review),
            _ => None,
        }
    }
}

/// Points given for a level reached, or a challenge completed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GoalAward {
    /// The track of the level; absent of a challenge.
    #[n(0)]
    pub track: Option<AuthorId>,
    /// The level or challenge.
    #[n(1)]
    pub id: AuthorId,
    /// What was given.
    #[n(2)]
    pub award: Award,
}

/// Points of a level or challenge taken back, whose counters a return has lowered, or given again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GoalTake {
    /// The track of the level; absent of a challenge.
    #[n(0)]
    pub track: Option<AuthorId>,
    /// The level or challenge.
    #[n(1)]
    pub id: AuthorId,
    /// What was taken.
    #[n(2)]
    pub take: Take,
}

/// The part of an operation that may hold personal data; a vault encrypts it before it is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Sealed {
    /// The input, without attributes that the program does not declare.
    #[n(0)]
    pub command: Command,
    /// What the member store answered to what the program asks.
    #[cbor(n(1), default, skip_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Who sent the activity, where that was told.
    #[cbor(n(2), default)]
    pub sent_by: Option<ActorId>,
}

impl Operation {
    /// The activity that it recorded, if it did.
    pub fn activity(&self) -> Option<&Activity> {
        self.sealed.command.activity()
    }
}

impl Settlement {
    /// Whether nothing fell due.
    pub const fn is_empty(&self) -> bool {
        self.postings.is_empty()
            && self.tier_changes.is_empty()
            && self.started.is_empty()
            && self.budgets.is_empty()
            && self.vouchers.is_empty()
            && self.converted.is_empty()
    }
}

/// What fell due by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Settlement {
    /// Points that lapsed.
    #[n(0)]
    pub postings: Vec<Posting>,
    /// Levels decided anew, and such as went on under another name.
    #[n(1)]
    pub tier_changes: Vec<TierChange>,
    /// Counters that began with what another had.
    #[cbor(n(2), default)]
    pub started: Vec<Started>,
    /// What budgets get back of points that were cancelled, below 0.
    #[cbor(n(3), default, skip_if = "Vec::is_empty")]
    pub budgets: Vec<CountedIn>,
    /// Vouchers that were valid no more.
    #[cbor(n(4), default, skip_if = "Vec::is_empty")]
    pub vouchers: Vec<Ended>,
    /// Points that became vouchers.
    #[cbor(n(5), default, skip_if = "Vec::is_empty")]
    pub converted: Vec<Converted>,
}

/// A counter that began with what another had counted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, JsonSchema)]
pub struct Started {
    /// The counter.
    #[n(0)]
    pub counter: AuthorId,
    /// The counter that it copied.
    #[n(1)]
    pub copied: AuthorId,
    /// When: the first instant of the version that has it.
    #[n(2)]
    pub at: Timestamp,
}

/// Points given by an activity on the same terms.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Award {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// How many, 0 where rules matched and gave nothing.
    #[n(1)]
    pub points: Points,
    /// When they lapse; of points that wait for an event, that is decided when they vest.
    #[n(2)]
    pub lapses: Option<Lapse>,
    /// The rules that took part.
    #[n(3)]
    pub rules: Vec<AuthorId>,
    /// What they wait for before they may be spent.
    #[n(4)]
    pub waits: Option<Waits>,
    /// The partner that pays for them.
    #[n(5)]
    pub funded_by: Option<AuthorId>,
}

/// What pending points wait for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, JsonSchema)]
pub struct Waits {
    /// When they vest; where they wait for an event, when they are cancelled without it.
    #[n(0)]
    pub until: Timestamp,
    /// The event that lets them vest.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<AuthorId>,
}

/// Pending points of a purchase that an event or a review let vest or cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Vesting {
    /// The purchase.
    #[n(0)]
    pub activity: ActivityId,
    /// Which of its awards, from 0.
    #[n(1)]
    pub award: u32,
    /// The lines of the purchase, from 0; empty means all that were still pending.
    #[n(2)]
    pub lines: Vec<u32>,
    /// What became of them.
    #[n(3)]
    pub outcome: VestingOutcome,
    /// How many.
    #[n(4)]
    pub points: Points,
    /// When those that vested lapse; never where absent.
    #[n(5)]
    pub lapses: Option<Lapse>,
    /// Whether they are under review, and only do so once they are approved.
    #[cbor(n(6), default)]
    pub held: bool,
}

/// What became of pending points.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum VestingOutcome {
    /// They may be spent.
    #[n(0)]
    Vested,
    /// They are gone.
    #[n(1)]
    Cancelled,
}

/// What has come back of one purchase so far, and what that took.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Returned {
    /// The purchase.
    #[n(0)]
    pub activity: ActivityId,
    /// Units that have come back in all, by line; one unit where the purchase has no lines.
    #[n(1)]
    pub units: Vec<Quantity>,
    /// What this return took of each award, in the order of the awards.
    #[n(2)]
    pub takes: Vec<Take>,
    /// Money given back in all without goods.
    #[cbor(n(3), default, skip_if = "Money::is_zero")]
    pub amount: Money,
    /// What is kept of the awards, where what is kept was rated anew.
    #[cbor(n(4), default)]
    pub kept: Option<Kept>,
}

/// What the lines of a purchase keep of what it gave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Kept {
    /// The points of each line, by award.
    #[n(0)]
    pub awards: Vec<Vec<Points>>,
    /// What each line keeps of the use of caps of rules and groups, by entry of what the purchase counted; none for
    /// all other entries.
    #[n(1)]
    pub uses: Vec<Vec<Points>>,
    /// Whether each of the things that grants gave stays.
    #[cbor(n(2), default, skip_if = "Vec::is_empty")]
    pub grants: Vec<bool>,
}

/// Points taken back; below 0 where they are given again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, JsonSchema)]
pub struct Take {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// What was taken from lots.
    #[n(1)]
    pub points: Points,
    /// What is no longer there, and not owed.
    #[n(2)]
    pub forgiven: Points,
    /// The lots it was taken from, and those that it was given back to, below 0.
    #[cbor(n(3), default, skip_if = "Vec::is_empty")]
    #[serde(skip)]
    pub lots: Vec<LotTake>,
    /// What is no longer there, and owed.
    #[cbor(n(4), default, skip_if = "Points::is_nothing")]
    pub into_debt: Points,
}

/// Points taken from a lot, in the order of taking; below 0 where they are given again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LotTake {
    /// When the points lapse that the award gave there.
    #[n(0)]
    pub of: Option<Lapse>,
    /// The lot, with what was taken of it.
    #[n(1)]
    pub lot: Lot,
}

/// A part of a return for which no sale was found.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, JsonSchema)]
pub struct Unmatched {
    /// The article.
    #[n(0)]
    pub sku: String,
    /// Units that were returned and never seen sold.
    #[n(1)]
    pub quantity: Quantity,
}

/// An amount added to a slot of a counter or cap.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CountedIn {
    /// The counter or cap.
    #[n(0)]
    pub of: CountedBy,
    /// The slot of its window.
    #[n(1)]
    pub slot: i64,
    /// How much; negative when a return gives it back.
    #[cbor(n(2), with = "crate::money::wide")]
    pub amount: i128,
    /// The award whose points it counts, from 0; absent where it counts something else.
    #[n(3)]
    pub award: Option<u32>,
}

impl CountedIn {
    /// As much less as this is more, or the other way round.
    #[must_use]
    pub fn undone(&self) -> Self {
        Self { amount: self.amount.saturating_neg(), ..self.clone() }
    }
}

/// What counts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CountedBy {
    /// A counter of the program.
    #[n(0)]
    Counter(#[n(0)] AuthorId),
    /// A cap.
    #[n(1)]
    Cap(#[n(0)] AuthorId),
    /// A budget that all members share; it is no part of the state.
    #[n(2)]
    Budget(#[n(0)] AuthorId),
    /// How often a grant gave, where that is limited.
    #[n(3)]
    Grant(#[n(0)] AuthorId),
}

/// A level that gave way to another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, JsonSchema)]
pub struct TierChange {
    /// The track.
    #[n(0)]
    pub track: AuthorId,
    /// The level before.
    #[n(1)]
    pub from: AuthorId,
    /// The level from now on; the same where a status was renewed.
    #[n(2)]
    pub to: AuthorId,
    /// When.
    #[n(3)]
    pub at: Timestamp,
}
