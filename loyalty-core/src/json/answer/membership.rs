//! Whether a member takes part, as doors show it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::id::ActorId;
use crate::membership::{Stop, Stopped};
use crate::time::Timestamp;

/// Whether a member takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// They do.
    Active,
    /// They earn and spend nothing until somebody ends that.
    Frozen,
    /// They never do again.
    Closed,
}

/// Since when a member does not take part, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StoppedView {
    /// Since when.
    pub since: Timestamp,
    /// By whom.
    pub actor: ActorId,
    /// Why.
    pub reason: String,
}

impl MemberStatus {
    /// That of a member of whom this is known.
    pub fn of(stopped: Option<&Stopped>) -> Self {
        match stopped.map(|stopped| stopped.how) {
            None => Self::Active,
            Some(Stop::Frozen) => Self::Frozen,
            Some(Stop::Closed) => Self::Closed,
        }
    }

    /// Its name, as JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Closed => "closed",
        }
    }
}

impl From<&Stopped> for StoppedView {
    fn from(Stopped { since, reason, actor, .. }: &Stopped) -> Self {
        Self { since: *since, actor: actor.clone(), reason: reason.clone() }
    }
}
