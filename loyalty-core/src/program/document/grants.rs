//! Grants: what members get that is no points.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expiry, Trigger};
use crate::id::AuthorId;
use crate::money::{Money, Quantity};
use crate::program::condition::Condition;
use crate::time::{Span, Window};

/// A voucher that members may be given. Exactly one of `amount_off`, `percent_off` and `item` says what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"id": "five-off", "name": "5 € off", "amount_off": "5.00", "expiry": {"after": {"days": 30}}},
    {"id": "coffee", "item": "A coffee of your choice", "uses": 10}
]))]
pub struct Voucher {
    /// The author's id, never reused for another voucher.
    pub id: AuthorId,
    /// What members see; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Money off a bill, in the program's money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_off: Option<Money>,
    /// A part of a bill, above 0 and at most `"100"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_off: Option<Quantity>,
    /// Something given for it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub item: Option<String>,
    /// How long it is valid from the date on which it is given; for ever where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// How often it may be used: 1 to 1,000.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    #[schemars(range(min = 1, max = 1000))]
    pub uses: u16,
    /// The partner that pays for it; absent means the program does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funded_by: Option<AuthorId>,
}

impl Voucher {
    /// What members see.
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

const fn once() -> u16 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // The signature is serde's.
const fn is_once(uses: &u16) -> bool {
    *uses == 1
}

/// A badge that members may be given: held once, and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Badge {
    /// The author's id, never reused for another badge.
    pub id: AuthorId,
    /// What members see; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// When something happens, members get something that is no points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"id": "welcome", "on": "enrolment", "give": {"voucher": "five-off"}},
    {"id": "large-basket", "when": {"basket": {"sum": {"at_least": "100"}}}, "give": {"voucher": "five-off"},
     "at_most": {"times": 1, "window": "month"}}
]))]
pub struct Grant {
    /// The author's id, never reused for another grant.
    pub id: AuthorId,
    /// What it answers to, as rules say it: `"purchase"`, `"enrolment"`, `{"event": "survey"}` …
    #[serde(default)]
    pub on: Trigger,
    /// What must hold for the activity, as rules say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// What it gives.
    pub give: Give,
    /// How often a member may get it; absent means each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<GrantLimit>,
}

/// What a grant gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Give {
    /// A voucher with a code of its own.
    Voucher(AuthorId),
    /// A badge; nothing to who has it.
    Badge(AuthorId),
    /// A level of a track for a time; nothing to who has earned it or holds a better one.
    Tier(GivenTier),
    /// An amount that a counter counts, as if it had been done.
    Credit(Credit),
}

/// A level that is given for a time, above what the member has earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenTier {
    /// The track.
    pub track: AuthorId,
    /// The level, above the lowest.
    pub level: AuthorId,
    /// How long: the last valid day is the one this long after the date on which it is given.
    #[serde(rename = "for")]
    pub lasts: Span,
}

/// An amount that a counter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// The counter, which does not count `days`.
    pub counter: AuthorId,
    /// Whole points, money or a number of purchases, as the counter counts; above 0.
    pub amount: Money,
}

/// How often a member may get what a grant gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantLimit {
    /// How often: 1 to 1,000.
    #[schemars(range(min = 1, max = 1000))]
    pub times: u16,
    /// In which window, such as `"month"`, or `"lifetime"`.
    pub window: Window,
}
