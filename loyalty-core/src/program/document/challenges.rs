//! Challenges: something to be done that counters tell of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Requirement;
use crate::id::AuthorId;
use crate::program::condition::DateRange;
use crate::time::Date;

/// A challenge: completed once in the windows of its counters, when a purchase or event meets what it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"id": "five-visits", "name": "Five visits in May", "complete": {"counter": {"id": "visits", "at_least": "5"}},
     "dates": {"from": "2026-05-01", "to": "2026-05-31"}}
]))]
pub struct Challenge {
    /// The author's id.
    pub id: AuthorId,
    /// What members see; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it takes, as a level says it.
    pub complete: Requirement,
    /// The dates of activities that may complete it; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateRange>,
}

impl Challenge {
    /// Whether an activity of a date may complete it.
    pub fn is_open(&self, date: Date) -> bool {
        self.dates.is_none_or(|dates| {
            dates.from.is_none_or(|from| from <= date) && dates.to.is_none_or(|to| date <= to)
        })
    }
}
