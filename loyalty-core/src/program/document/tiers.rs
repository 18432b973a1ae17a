//! Tier tracks: levels, what they ask for, and how long they last.

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
    /// What it takes; every level but the lowest has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Requirement>,
    /// What it takes to keep, over the window that ended; absent means `reach` over the window that begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Requirement>,
    /// Levels of an older version that this one replaces: their members go on with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<AuthorId>,
}

/// What a level asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Requirement {
    /// Every one of these.
    All(Vec<Requirement>),
    /// At least one of these.
    Any(Vec<Requirement>),
    /// A counter at or above a threshold.
    Counter(Threshold),
}

/// A counter at or above a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The counter's id.
    pub id: AuthorId,
    /// Whole points, money or a number of purchases, as the counter counts.
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
