//! What is counted for each member.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Basis;
use crate::id::AuthorId;
use crate::time::Window;

/// Something counted for each member in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// The author's id, never reused for another meaning.
    pub id: AuthorId,
    /// What is counted.
    pub counts: Counted,
    /// The stretch of time that is counted.
    pub window: Window,
    /// What it begins with where an older version did not have it.
    #[serde(default, skip_serializing_if = "Start::is_zero")]
    pub start: Start,
}

/// What a counter begins with for members who are there already when its first version takes force.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Start {
    /// With nothing.
    #[default]
    Zero,
    /// With what another counter of the same window and unit has counted until then: `{"copy": "spend"}`.
    Copy(AuthorId),
}

impl Start {
    /// Whether it begins with nothing.
    pub const fn is_zero(&self) -> bool {
        matches!(self, Self::Zero)
    }
}

/// What a counter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Counted {
    /// Points of a currency, as awarded: `{"earned": "points"}`.
    Earned(AuthorId),
    /// The value of a purchase's item lines: `{"spend": "net_paid"}`.
    Spend(Basis),
    /// Purchases: `"purchases"`.
    Purchases,
}
