//! Tests of when something happens: dates, hours, and how long the member has been one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NumberTest;
use crate::time::{Date, TimeOfDay};

/// Local dates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateRange {
    /// The first date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

/// Local times of day, by the clock that also cuts the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The first minute.
    pub from: TimeOfDay,
    /// The first minute after; earlier than `from` means that of the next day.
    pub to: TimeOfDay,
}

/// A test of the full days, months or years from the date of enrolment to that of the activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MembershipTest {
    /// Days.
    Days(NumberTest),
    /// Full months; from 31 January the last of February is one.
    Months(NumberTest),
    /// Full years.
    Years(NumberTest),
}

impl MembershipTest {
    /// What is asked, and the unit as JSON names it.
    pub const fn parts(&self) -> (&NumberTest, &'static str) {
        match self {
            Self::Days(test) => (test, "days"),
            Self::Months(test) => (test, "months"),
            Self::Years(test) => (test, "years"),
        }
    }
}
