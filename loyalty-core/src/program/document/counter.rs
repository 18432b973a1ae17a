//! What is counted for each member.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Basis, CurrencyKind};
use crate::id::AuthorId;
use crate::program::condition::{Condition, LineCondition};
use crate::time::Window;

/// Something counted for each member in a window. What comes back is taken off again where it was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// The author's id, never reused for another meaning.
    pub id: AuthorId,
    /// What is counted.
    pub counts: Counted,
    /// The stretch of time that is counted.
    pub window: Window,
    /// What must hold for an activity to count; absent means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Which item lines are summed, for what is summed over lines; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineCondition>,
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
    /// Whole points of all currencies of a kind: `{"earned_of_kind": "qualifying"}`.
    EarnedOfKind(CurrencyKind),
    /// The value of a purchase's item lines: `{"spend": "net_paid"}`.
    Spend(Basis),
    /// Purchases, until all of one is back: `"purchases"`.
    Purchases,
    /// Local days with a purchase that is not all back, which is what most people call visits: `"days"`.
    Days,
    /// Custom events of a name: `{"events": "flown"}`.
    Events(AuthorId),
    /// A numeric attribute: `{"sum": {"attribute": "nights"}}`.
    Sum(Sum),
}

/// A sum of a numeric attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// The attribute's id.
    pub attribute: AuthorId,
    /// What carries it.
    #[serde(default)]
    pub of: SumOf,
}

/// What carries a summed attribute.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SumOf {
    /// The item lines of purchases.
    #[default]
    Lines,
    /// The purchase itself, until all of it is back.
    Purchase,
    /// Custom events of this name: `{"event": "flown"}`.
    Event(AuthorId),
}

impl Counted {
    /// Whether it is summed over the lines of purchases.
    pub fn sums_lines(&self) -> bool {
        matches!(self, Self::Spend(_) | Self::Sum(Sum { of: SumOf::Lines, .. }))
    }

    /// Whether it counts occasions one by one.
    pub const fn counts_occasions(&self) -> bool {
        matches!(self, Self::Purchases | Self::Days | Self::Events(_))
    }
}
