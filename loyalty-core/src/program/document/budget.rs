//! Budgets: the most that a rule, a group or a currency gives to all members together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Over;
use crate::id::AuthorId;
use crate::money::Quantity;
use crate::time::Window;

/// Points that all members share. The rule, group or entry of a currency that names it gives no more than is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The author's id, never reused for another budget.
    pub id: AuthorId,
    /// The currency of its points.
    pub currency: AuthorId,
    /// Points as a decimal of whole points, 0 or more.
    pub amount: Quantity,
    /// The time for which the amount is: `lifetime`, or a window of the calendar, each with an amount of its own.
    #[serde(default = "lifetime", skip_serializing_if = "is_lifetime")]
    pub window: Window,
    /// What happens to what does not fit into what is left.
    #[serde(default)]
    pub over: Over,
}

const fn lifetime() -> Window {
    Window::Lifetime
}

fn is_lifetime(window: &Window) -> bool {
    *window == Window::Lifetime
}
