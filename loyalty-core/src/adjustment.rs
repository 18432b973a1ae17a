//! Adjustments: a person gives points, or takes them, and says why.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ActivityId, ActorId, AuthorId};
use crate::points::Points;
use crate::problem::Problem;

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 500;

/// Points given or taken by hand. No counter counts them, so that no level comes or goes with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Adjust {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The currency.
    #[n(1)]
    pub currency: AuthorId,
    /// Minor units: above 0 they are given, below 0 taken, never more than may be spent.
    #[n(2)]
    pub points: Points,
    /// Why, in 1 to 500 bytes.
    #[n(3)]
    pub reason: String,
    /// Who does it.
    #[n(4)]
    pub actor: ActorId,
}

/// Refuses a reason that is missing or longer than 500 bytes; the path leads from the input on.
pub fn check_reason(reason: &str) -> Result<(), Problem> {
    if reason.is_empty() || reason.len() > LONGEST_REASON {
        let message = format!("a reason has 1 to {LONGEST_REASON} bytes, not {}", reason.len());
        return Err(Problem::new("wrong_length", "/reason", message, "say why"));
    }
    Ok(())
}
