//! What returns take back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Span;

/// What returns take back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// How much of an award a part of a purchase carries.
    #[serde(default)]
    pub method: ReturnMethod,
    /// What happens to a return that names no purchase.
    #[serde(default)]
    pub unlinked: Unlinked,
    /// Days after a purchase within which an unlinked return may find it; absent means unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

/// How much of an award a part of a purchase carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnMethod {
    /// By units: of P points on a line of Q units, r units back keep P − floor(P·r/Q).
    Proportional,
    /// Rated anew: every award keeps the less of what was given and of what the lines kept would have earned, at the
    /// place where the purchase stood.
    #[default]
    Rerate,
}

/// What happens to a return that names no purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unlinked {
    /// It is refused.
    #[default]
    Refuse,
    /// Its lines are matched by sku to the newest sales first.
    MostRecent,
}
