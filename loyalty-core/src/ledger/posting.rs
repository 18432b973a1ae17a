//! Postings: points from one account to another, so that every posting balances by construction.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::id::AuthorId;
use crate::points::Points;
use crate::time::Timestamp;

/// Where points come from or go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Encode, Decode, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Account {
    /// The member's points that may be spent.
    #[n(0)]
    Available,
    /// The program's points given to members, less those taken back.
    #[n(1)]
    Issued,
    /// The program's points that lapsed unspent.
    #[n(2)]
    Breakage,
    /// The member's points that may not be spent yet.
    #[n(3)]
    Pending,
    /// The program's points that members spent, less what came back.
    #[n(4)]
    Redeemed,
    /// The program's points taken by hand, less those given.
    #[n(5)]
    Adjusted,
    /// The member's points that are set aside at a checkout.
    #[n(6)]
    Held,
    /// The member's points that are owed: never above 0.
    #[n(7)]
    Debt,
    /// The program's points on their way from what one member did to another member.
    #[n(8)]
    Clearing,
    /// The member's points on their way to another member, until that one's chain has decided.
    #[n(9)]
    InTransit,
    /// The program's points that members lost when they were closed, less what they owed.
    #[n(10)]
    Forfeited,
}

impl Account {
    /// Its name, as JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Issued => "issued",
            Self::Breakage => "breakage",
            Self::Pending => "pending",
            Self::Redeemed => "redeemed",
            Self::Adjusted => "adjusted",
            Self::Held => "held",
            Self::Debt => "debt",
            Self::Clearing => "clearing",
            Self::InTransit => "in_transit",
            Self::Forfeited => "forfeited",
        }
    }
}

/// Points from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode, JsonSchema)]
pub struct Posting {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// Where they come from.
    #[n(1)]
    pub from: Account,
    /// Where they go.
    #[n(2)]
    pub to: Account,
    /// How many minor units, above 0.
    #[n(3)]
    pub points: Points,
    /// When it counts: the due instant of what fell due, else when the activity happened.
    #[n(4)]
    pub effective_at: Timestamp,
    /// The partner that pays for the points: the program-side account is then that partner's own.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<AuthorId>,
}
