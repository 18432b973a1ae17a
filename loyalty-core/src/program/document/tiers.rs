//! Tier tracks: levels, what they ask for, and how long they last.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::AuthorId;
use crate::money::Money;
use crate::time::{Span, Window};

/// Levels that members hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierTrack {
    /// The author's id.
    pub id: AuthorId,
    /// From the lowest, which everybody holds, to the highest.
    #[schemars(length(min = 1, max = 64))]
    pub levels: Vec<Level>,
    /// When a level reached begins.
    #[serde(default)]
    pub upgrade: Upgrade,
    /// How long a level lasts.
    pub lasts: Lasts,
    /// What happens at the end to who no longer qualifies.
    #[serde(default)]
    pub downgrade: Downgrade,
    /// How long a drop waits; who qualifies meanwhile keeps the level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Span>,
    /// When a return that lowers counters lowers levels.
    #[serde(default)]
    pub on_return: OnReturn,
    /// Counters whose excess over what was reached counts in the next window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollover: Vec<Rollover>,
}

/// A counter whose excess counts, for this track, in the next window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollover {
    /// The counter. What is above the highest of its thresholds under `reach` that it is at rolls over.
    pub counter: AuthorId,
    /// The most that rolls over; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Money>,
}

/// An amount with which a counter begins its window, for this track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadStart {
    /// The counter.
    pub counter: AuthorId,
    /// Whole points, money or a number of purchases, as the counter counts.
    pub amount: Money,
}

/// One level of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The author's id.
    pub id: AuthorId,
    /// What members see; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it takes; every level but the lowest has this or `lifetime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Requirement>,
    /// What it takes to keep, over the window that ended; absent means `reach` over the window that begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Requirement>,
    /// Levels of an older version that this one replaces: their members go on with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<AuthorId>,
    /// What makes the level one for life, over counters of a lifetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Requirement>,
    /// What counters begin a window with for who holds the level just before it; the lowest level's also for a new
    /// member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub head_start: Vec<HeadStart>,
    /// Whether who has once reached the level never falls below it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub never_below: bool,
}

/// Whether a flag stands where it stands when it is left out.
#[allow(clippy::trivially_copy_pass_by_ref)] // The signature is serde's.
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What a level asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Requirement {
    /// Every one of these.
    All(Vec<Requirement>),
    /// At least one of these.
    Any(Vec<Requirement>),
    /// At least so many of these.
    AtLeast(AtLeast),
    /// A counter at or above a threshold.
    Counter(Threshold),
    /// A counter at or above a value in several windows one after the other.
    Streak(Streak),
}

/// A counter at or above a value in its present window and in those just before it.
///
/// What rolled over or was a head start is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Streak {
    /// The counter's id; its window is one of the calendar.
    pub counter: AuthorId,
    /// Whole points, money or a number of purchases that each window reaches, above 0.
    pub at_least: Money,
    /// How many windows, the present one included: 2 to 52.
    #[schemars(range(min = 2, max = 52))]
    pub windows: u16,
}

impl Streak {
    /// The most windows of a streak.
    pub const MOST_WINDOWS: u16 = 52;
}

/// At least so many of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    /// How many: 1 to the number of those listed.
    pub count: u16,
    /// What is listed.
    pub of: Vec<Requirement>,
}

/// A counter at or above a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The counter's id.
    #[n(0)]
    pub id: AuthorId,
    /// Whole points, money or a number of purchases, as the counter counts.
    #[n(1)]
    pub at_least: Money,
}

/// When a level reached begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upgrade {
    /// With the next activity.
    #[default]
    AtOnce,
    /// When the present status ends.
    AtPeriodEnd,
}

/// When a return that lowers counters lowers levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnReturn {
    /// With the return, to what is earned without what came back.
    AtOnce,
    /// When the status ends, which looks at the lowered counters.
    #[default]
    AtPeriodEnd,
    /// Never: the track counts as if nothing came back.
    Never,
}

/// How long a level lasts from the day it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Lasts {
    /// Without end.
    Forever,
    /// To the end of the window it begins in.
    ToEndOf(Window),
    /// To the end of the window after the one it begins in.
    ToEndOfNext(Window),
    /// A length of time; the last valid day is the one this long after the day it began.
    For(Span),
}

/// What happens at the end of a status to who does not qualify for it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Downgrade {
    /// The highest level whose requirement holds.
    #[default]
    Reassess,
    /// At most one level down.
    OneStep,
    /// Never down.
    None,
}
