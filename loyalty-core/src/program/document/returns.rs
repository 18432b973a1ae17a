//! What returns take back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Quantity;
use crate::program::condition::TierTest;
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
    /// What happens where points that are to be taken are no longer there.
    #[serde(default, skip_serializing_if = "WhenGone::is_default")]
    pub when_gone: WhenGone,
}

/// What happens where points that are to be taken are no longer there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenGone {
    /// Returns take what still waits, and leave alone what may be spent; the rest is forgiven.
    OnlyPending,
    /// They take what is there; the rest is forgiven.
    #[default]
    WithinBalance,
    /// They take what is there, and the member owes the rest, up to a limit; beyond it, it is forgiven. So do
    /// adjustments, which are refused beyond it.
    IntoDebt(IntoDebt),
}

impl WhenGone {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How much a member may owe of each currency: the less of the two, of which one at least is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntoDebt {
    /// A decimal of whole points above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Quantity>,
    /// A share of all that the member ever earned, above 0 and up to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_of_earned: Option<Quantity>,
    /// Other limits for some levels: the first that the member holds counts in place of the above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<DebtOfTier>,
}

/// How much a member of some levels may owe: the less of the two, of which one at least is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DebtOfTier {
    /// The levels.
    pub tier: TierTest,
    /// A decimal of whole points above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Quantity>,
    /// A share of all that the member ever earned, above 0 and up to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_of_earned: Option<Quantity>,
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
    /// Its lines are matched by sku to the oldest sales first.
    Oldest,
}
