//! Referrals: a member names once who brought them, and both get points once a purchase of theirs qualifies.
//!
//! The chain of the member who was brought, the *referee*, decides. Each time that the referral qualifies, or no longer does,
//! is a *turn*: it moves what the referrer is due from the program into clearing, or back. The same turn is then a command
//! of the referrer, whose chain takes it out of clearing, or puts it there, once: its key follows from referee and number.
//! So every member's chain balances by itself, and clearing holds what is on its way.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AuthorId, MemberId, OperationKey};
use crate::points::Points;
use crate::program::VersionId;
use crate::tier::GoalPoints;
use crate::time::{OffsetTime, Timestamp};

/// Says who brought a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct NameReferrer {
    /// Who did.
    #[n(0)]
    pub referrer: MemberId,
}

/// What is known of a member whom somebody brought.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Referee {
    /// Who did.
    #[n(0)]
    pub referrer: MemberId,
    /// Since when that is known. What happened on an earlier date does not qualify.
    #[n(1)]
    pub since: Timestamp,
    /// How many turns there were.
    #[n(2)]
    pub turns: u32,
    /// What has qualified, at most one entry a referral of the program.
    #[n(3)]
    pub qualified: Vec<Qualified>,
}

/// A referral that has qualified, and may have been lost since.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Qualified {
    /// The referral of the program.
    #[n(0)]
    pub referral: AuthorId,
    /// The operation of the purchase by which it does, or did.
    #[n(1)]
    pub by: OperationKey,
    /// The newest turn.
    #[n(2)]
    pub last: Turn,
    /// What the referee got.
    #[n(3)]
    pub own: Option<GoalPoints>,
}

impl Referee {
    /// What has become of a referral.
    pub fn of(&self, referral: &AuthorId) -> Option<&Qualified> {
        self.qualified.iter().find(|it| it.referral == *referral)
    }

    /// Whether a referral qualifies as things stand.
    pub fn has(&self, referral: &AuthorId) -> bool {
        self.of(referral).is_some_and(|it| it.last.gives)
    }
}

/// A referral qualifies, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema, Encode, Decode)]
pub struct Turn {
    /// Who was brought.
    #[n(0)]
    pub referee: MemberId,
    /// Who brought them.
    #[n(1)]
    pub referrer: MemberId,
    /// Which of the referee's turns, from 1.
    #[n(2)]
    pub number: u32,
    /// The referral of the program.
    #[n(3)]
    pub referral: AuthorId,
    /// The version by which it qualified first.
    #[n(4)]
    pub version: VersionId,
    /// The currency.
    #[n(5)]
    pub currency: AuthorId,
    /// What the referrer is due by it, or no longer is.
    #[n(6)]
    pub points: Points,
    /// The partner that pays for them.
    #[n(7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funded_by: Option<AuthorId>,
    /// Whether it qualifies.
    #[n(8)]
    pub gives: bool,
    /// When.
    #[n(9)]
    pub occurred_at: OffsetTime,
    /// The operation of the referee that made the turn.
    #[n(10)]
    pub by: OperationKey,
    /// The turn before it of the same referral.
    #[n(11)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<TurnBefore>,
}

/// An earlier turn of a referee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema, Encode, Decode)]
pub struct TurnBefore {
    /// Which.
    #[n(0)]
    pub number: u32,
    /// The operation of the referee that made it.
    #[n(1)]
    pub by: OperationKey,
}

impl Turn {
    /// The key of the referrer's part.
    pub fn key(&self) -> Option<OperationKey> {
        turn_key(&self.referee, self.number)
    }

    /// The key of the referrer's part of the turn before it.
    pub fn key_before(&self) -> Option<OperationKey> {
        turn_key(&self.referee, self.after.as_ref()?.number)
    }
}

fn turn_key(referee: &MemberId, number: u32) -> Option<OperationKey> {
    OperationKey::new(&format!("referral/{referee}/{number}")).ok()
}
