//! Tests of what is measured: sums of lines, tenders, a line's value and what was taken off it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LineCondition, NumberTest};
use crate::activity::{Funder, LineKind};
use crate::program::document::{Basis, is_items, items};

/// A test of a sum over lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasketTest {
    /// What is summed.
    #[serde(default)]
    pub basis: Basis,
    /// Kinds of lines that are summed.
    #[serde(default = "items", skip_serializing_if = "is_items")]
    pub kinds: Vec<LineKind>,
    /// Which lines of these kinds are summed; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineCondition>,
    /// What the sum must be.
    pub sum: NumberTest,
}

/// A test of how a purchase was paid. Exactly one of `known`, `amount` and `share` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenderTest {
    /// Kinds of tender, taken together; byte for byte.
    pub kinds: Vec<String>,
    /// Whether a tender of these kinds is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
    /// What was paid with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<NumberTest>,
    /// Their share in all tenders, from 0 to 1; no test holds where the purchase does not say how it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<NumberTest>,
}

/// A test of a line's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueTest {
    /// Which value.
    #[serde(default)]
    pub basis: Basis,
    /// What it must be.
    pub number: NumberTest,
}

/// A test of what was taken off a line. Exactly one of `known` and `amount` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountTest {
    /// Who paid for it, taken together; absent means anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funders: Option<Vec<Funder>>,
    /// Whether anything was taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
    /// How much was taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<NumberTest>,
}
