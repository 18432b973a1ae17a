//! Limits against fraud.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Basis;
use crate::id::AuthorId;
use crate::money::{Money, Multiplier, Quantity};
use crate::program::condition::Condition;
use crate::time::{Span, Window};

/// A limit on what one member does, or on what members share, and what happens above it.
///
/// Limits are looked at in their order; each sees the points that those before it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The author's id, never reused for a limit that measures something else.
    pub id: AuthorId,
    /// What is measured, and how much of it is within the limit.
    pub measures: Measure,
    /// What must hold for an activity to be measured and counted; absent means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// What happens above it.
    pub then: LimitAnswer,
}

/// What happens to an activity above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitAnswer {
    /// Nothing: the explanation tells of it.
    Allow,
    /// It earns what fits; only where points are measured.
    Clip,
    /// It is recorded, and all that it earns waits until a person approves or refuses it.
    Review,
    /// It is refused, and nothing is counted.
    Block,
}

/// What a limit measures of purchases and events; a return is never measured and gives nothing back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// How many there are in a window, this one among them.
    Activities(LimitedActivities),
    /// What purchases add up to in a window, with this one.
    Spend(LimitedSpend),
    /// Points that activities give in a window, with this one.
    Points(LimitedPoints),
    /// A purchase beside the member's own of the last 90 days.
    Amount(LimitedAmount),
    /// The time to the nearest other activity, at least: `{"interval": {"minutes": 5}}`.
    Interval(Interval),
    /// The time since the member enrolled, at least: `{"since_enrolment": {"days": 30}}`. The activity that enrols
    /// is not measured.
    SinceEnrolment(Span),
    /// How many members, or activities of all members, bear the same card, device or address.
    Shared(LimitedShared),
}

/// A number of members or activities with the same text in an attribute, such as the device.
///
/// It is counted beside the ledger and may miss what happens in the same instant elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitedShared {
    /// The declared text attribute of activities; those without it are not measured.
    pub by: AuthorId,
    /// What is counted of all that have the same text there.
    pub counts: Sharing,
    /// How many are within the limit, 1 to 1,000,000: this member or activity is one of them.
    #[schemars(range(min = 1, max = LimitedActivities::MOST))]
    pub at_most: u32,
    /// The window, up to the activity; a year of the membership is none.
    pub window: Window,
    /// What happens where the counter cannot be read.
    #[serde(default)]
    pub on_loss: OnLoss,
}

/// What is counted of all members together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Different members.
    Members,
    /// Activities.
    Activities,
}

/// What happens where a shared counter cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnLoss {
    /// As if the limit were kept.
    #[default]
    Allow,
    /// The activity is recorded, and what it earns waits for a review.
    Review,
}

/// A number of activities in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitedActivities {
    /// How many are within the limit, 1 to 1,000,000.
    #[schemars(range(min = 1, max = LimitedActivities::MOST))]
    pub at_most: u32,
    /// The window. Up to 64 in rolling minutes or hours are measured to the instant.
    pub window: Window,
}

impl LimitedActivities {
    /// The most activities that a limit allows.
    pub const MOST: u32 = 1_000_000;
}

/// An amount in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitedSpend {
    /// How much is within the limit, 0 or more.
    pub at_most: Money,
    /// The window.
    pub window: Window,
    /// Which value of the item lines is added up; purchases below 0 add nothing.
    #[serde(default)]
    pub basis: Basis,
}

/// Points in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitedPoints {
    /// The currency.
    pub currency: AuthorId,
    /// Points as a decimal of whole points, 0 or more.
    pub at_most: Quantity,
    /// The window.
    pub window: Window,
}

/// A purchase beside those before it: at most so many times what is usual for the member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitedAmount {
    /// How many times as much is within the limit, above 0.
    pub at_most_times: Multiplier,
    /// As much as what.
    pub of: Usual,
    /// How many purchases of the last 90 days there must be before any is measured, 1 to 1,000.
    #[schemars(range(min = 1, max = LimitedAmount::MOST_BEFORE))]
    pub after: u16,
    /// Which value of the item lines is looked at; purchases of 0 and below are not.
    #[serde(default)]
    pub basis: Basis,
}

impl LimitedAmount {
    /// The most purchases that may have to be there before any is measured.
    pub const MOST_BEFORE: u16 = 1_000;
}

/// What is usual for a member: of the purchases of the last 90 days, today included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Usual {
    /// The mean.
    Mean,
    /// The largest.
    Maximum,
}

/// A length of time to the instant, such as `{"minutes": 5}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Interval {
    /// Seconds.
    Seconds(#[schemars(range(min = 1, max = Interval::MOST_SECONDS))] u32),
    /// Minutes.
    Minutes(#[schemars(range(min = 1, max = Interval::MOST_MINUTES))] u32),
    /// Hours.
    Hours(#[schemars(range(min = 1, max = Interval::MOST_HOURS))] u32),
}

impl Interval {
    const MOST_SECONDS: u32 = 86_400;
    const MOST_MINUTES: u32 = 1_440;
    const MOST_HOURS: u32 = 2_208;

    /// How many of its unit, as JSON names it; at least 1 and at most the last.
    pub const fn parts(self) -> (u32, &'static str, u32) {
        match self {
            Self::Seconds(seconds) => (seconds, "seconds", Self::MOST_SECONDS),
            Self::Minutes(minutes) => (minutes, "minutes", Self::MOST_MINUTES),
            Self::Hours(hours) => (hours, "hours", Self::MOST_HOURS),
        }
    }

    /// The same in microseconds.
    pub fn micros(self) -> i64 {
        const SECOND: i64 = 1_000_000;
        let (length, unit) = match self {
            Self::Seconds(length) => (length, SECOND),
            Self::Minutes(length) => (length, 60 * SECOND),
            Self::Hours(length) => (length, 3_600 * SECOND),
        };
        i64::from(length).saturating_mul(unit)
    }
}
