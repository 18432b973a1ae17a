//! Corrections: a return is undone, points live longer, and points that have lapsed come back.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ActivityId, ActorId, AuthorId, OperationKey};
use crate::points::Points;
use crate::time::{Date, Timestamp};

/// A return to be undone: what it brought back is the member's again, as if it had never come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct UndoReturn {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The id of the return.
    #[n(1)]
    pub of: ActivityId,
}

/// Points that are to lapse later. What lapses later anyway stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct ExtendExpiry {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The currency.
    #[n(1)]
    pub currency: AuthorId,
    /// The last day on which they may be spent, in the program's zone.
    #[n(2)]
    pub to: Date,
    /// Only points that would lapse at this instant; absent means all that would lapse before the end of `to`.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Timestamp>,
    /// Why, in 1 to 500 bytes.
    #[n(4)]
    pub reason: String,
    /// Who does it.
    #[n(5)]
    pub actor: ActorId,
}

/// Points that have lapsed and are to come back, those that lapsed first before the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Reinstate {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The currency.
    #[n(1)]
    pub currency: AuthorId,
    /// How many, in minor units, above 0.
    #[n(2)]
    pub points: Points,
    /// The last day on which they may be spent, in the program's zone; absent means as long as points given today.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Why, in 1 to 500 bytes.
    #[n(4)]
    pub reason: String,
    /// Who does it.
    #[n(5)]
    pub actor: ActorId,
}

impl UndoReturn {
    /// The key of the return's operation.
    pub fn undone(&self) -> Option<OperationKey> {
        OperationKey::new(&format!("return/{}", self.of)).ok()
    }
}
