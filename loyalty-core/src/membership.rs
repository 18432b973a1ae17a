//! Membership: a member is frozen for a time or closed for good, by a person who says why.
//!
//! Who is frozen earns and spends nothing, and keeps everything; what falls due by itself still does. Who is closed has no
//! points: all that there are, and all that a late correction would bring, are forfeited.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activity::Activity;
use crate::command::Command;
use crate::id::{ActivityId, ActorId};
use crate::member::MemberState;
use crate::problem::Problem;
use crate::time::Timestamp;

/// A member to be frozen, to take part again, or to be closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct MembershipChange {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// Why, in 1 to 500 bytes.
    #[n(1)]
    pub reason: String,
    /// Who does it.
    #[n(2)]
    pub actor: ActorId,
}

/// That a member does not take part.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Stopped {
    /// For a time, or for good.
    #[n(0)]
    pub how: Stop,
    /// Since when.
    #[n(1)]
    pub since: Timestamp,
    /// Why.
    #[n(2)]
    pub reason: String,
    /// By whom.
    #[n(3)]
    pub actor: ActorId,
}

/// How a member does not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Stop {
    /// Until somebody ends it.
    #[n(0)]
    Frozen,
    /// For good.
    #[n(1)]
    Closed,
}

impl Stopped {
    /// The refusal of what does not go on.
    pub fn problem(&self) -> Problem {
        let since = self.since;
        match self.how {
            Stop::Frozen => {
                let help = "somebody has to look at the member and send `unfreeze` first";
                Problem::new("member_frozen", "", format!("the member is frozen since {since}"), help)
            }
            Stop::Closed => {
                let help = "closing is final: use another member";
                Problem::new("member_closed", "", format!("the member is closed since {since}"), help)
            }
        }
    }
}

impl MemberState {
    /// Since when the member is closed.
    pub fn closed_since(&self) -> Option<Timestamp> {
        self.stopped.as_ref().filter(|stopped| stopped.how == Stop::Closed).map(|stopped| stopped.since)
    }

    /// Whether the member is closed.
    pub fn is_closed(&self) -> bool {
        self.closed_since().is_some()
    }
}

/// Refuses what does not go on where a member is frozen or closed.
pub fn check(command: &Command, state: Option<&MemberState>) -> Result<(), Problem> {
    match state.and_then(|state| state.stopped.as_ref()) {
        Some(stopped) if !goes_on(command, stopped.how) => Err(stopped.problem()),
        _ => Ok(()),
    }
}

/// What came back has come back, and what others began has to end; as long as the member is not closed, what is set
/// aside or was spent may be given up too.
fn goes_on(command: &Command, how: Stop) -> bool {
    match command {
        Command::Record(activity) => matches!(activity.as_ref(), Activity::Return(_)),
        Command::UndoReturn(_) | Command::Referral(_) | Command::EndTransfer(_) => true,
        Command::Unfreeze(_) | Command::Close(_) | Command::Void(_) | Command::CancelRedemption(_) => {
            how == Stop::Frozen
        }
        _ => false,
    }
}
