//! What happens to a member without anything being bought: joining, and days that come round every year.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attribute, AttributeValue, attributes};
use crate::json::object_only::read_from_objects;
use crate::time::OffsetTime;

/// A member joins before having done anything else. Once for a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Enrolment {
    /// When.
    #[n(0)]
    pub occurred_at: OffsetTime,
    /// Values that the program declares; others are dropped before anything is stored.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "attributes")]
    #[schemars(with = "std::collections::BTreeMap<String, AttributeValue>")]
    pub attributes: Vec<Attribute>,
}

/// A day that comes round every year is there: a birthday, or that of the enrolment. Once for a member and year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct YearlyDay {
    /// The year in which the day falls.
    #[n(0)]
    pub year: u16,
    /// When it is noticed: on that day, or later but before the next of its kind.
    #[n(1)]
    pub occurred_at: OffsetTime,
}

read_from_objects!(Enrolment, YearlyDay);
