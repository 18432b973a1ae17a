//! Transfers: which points members may give to each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::AuthorId;
use crate::money::Quantity;
use crate::time::Window;

/// Which points members may give to each other, how many, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"of": [{"currency": "points", "at_least": "100", "caps": [{"id": "gifts", "window": "month", "at_most": "5000"}]}],
     "to": "members"}
]))]
pub struct Transfers {
    /// The currencies whose points may be given, an entry each; an empty list lets nobody give any.
    pub of: Vec<Transferable>,
    /// To whom.
    #[serde(default)]
    pub to: Recipients,
}

/// A currency whose points may be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transferable {
    /// The currency, a redeemable one.
    pub currency: AuthorId,
    /// The fewest whole points of one transfer; absent means any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Quantity>,
    /// The most whole points of one transfer; absent means any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Quantity>,
    /// The most that a member gives in a window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<TransferCap>,
}

/// The most that a member gives in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferCap {
    /// The author's id, never reused for another cap, and none of a cap of earning.
    pub id: AuthorId,
    /// The window, such as `"month"`.
    pub window: Window,
    /// Whole points, above 0.
    pub at_most: Quantity,
}

/// Who may be given points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recipients {
    /// Everybody: who is no member yet joins before it is received.
    #[default]
    Anybody,
    /// Only who is a member.
    Members,
}
