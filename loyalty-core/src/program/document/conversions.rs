//! Scheduled conversions: on some days of the year points become a voucher.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expiry, PointsOff};
use crate::id::AuthorId;
use crate::money::Quantity;
use crate::time::MonthDay;

/// On some days of the year, full steps of a member's points become a voucher with a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"id": "statement", "on": ["02-10", "08-10"], "at_least": "150", "per_full": {"points": "1", "off": "0.01"},
     "expiry": {"after": {"years": 2}, "to_end_of": "month"}}
]))]
pub struct Conversion {
    /// The author's id, by which its vouchers are called; no voucher of the program has the same.
    pub id: AuthorId,
    /// What members see of its vouchers; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The currency that it takes; needed only where several are redeemable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<AuthorId>,
    /// The days of the year at whose first instant, in the program's zone, it happens: 1 to 64.
    #[schemars(length(min = 1, max = 64))]
    pub on: Vec<MonthDay>,
    /// Of how many points on nothing is left as it is: a decimal of whole points. Absent means one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Quantity>,
    /// Points of one step, and what the voucher is worth for each, in whole coins.
    pub per_full: PointsOff,
    /// How long the voucher is valid from that day; for ever where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
}

impl Conversion {
    /// What members see of its vouchers.
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}
