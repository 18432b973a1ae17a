//! Referrals: points for a member who brings another one, and for the one who is brought.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GrantLimit, RuleExpiry};
use crate::id::AuthorId;
use crate::money::Quantity;
use crate::program::condition::Condition;
use crate::time::Span;

/// What two members get when the one whom the other has brought makes a purchase that qualifies: once for each member
/// who is brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"id": "friend", "when": {"basket": {"sum": {"at_least": "30"}}}, "within": {"days": 30},
     "currency": "points", "referrer": "500", "referee": "250", "at_most": {"times": 10, "window": "year"}}
]))]
pub struct Referral {
    /// The author's id, never reused for another referral, and none of a grant.
    pub id: AuthorId,
    /// What must hold for a purchase of the member who was brought, as rules say it; any purchase where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// How long after joining the purchase may happen: the last day is the one this long after it. No end where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// The currency of the points.
    pub currency: AuthorId,
    /// Whole points for the member who brought the other, above 0.
    pub referrer: Quantity,
    /// Whole points for the member who was brought; none where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referee: Option<Quantity>,
    /// When the points lapse; as those of the currency where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<RuleExpiry>,
    /// The partner that pays for them; absent means the program does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funded_by: Option<AuthorId>,
    /// For how many others a member gets points; absent means for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<GrantLimit>,
}
