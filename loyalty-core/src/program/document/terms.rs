//! The terms of an award: when it may be spent, when it lapses, and who pays for it.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Expiry, Rule};
use crate::id::AuthorId;
use crate::time::{Date, Span};

/// When an award may be spent; until then it is pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Vest {
    /// From the first instant of the date this long after the activity's.
    After(Span),
    /// From the first instant of this date; at once where the activity's date is not before it.
    On(Date),
    /// When an event says so.
    Event(VestingEvent),
}

/// The event that lets an award be spent, and what happens without it. Events name the purchase in `of`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VestingEvent {
    /// The event's name, such as `flown` or `delivered`.
    pub name: AuthorId,
    /// How long after the activity's date the event may happen; the award is cancelled after that day.
    pub within: Span,
    /// Events that cancel the award at once, such as `diverted`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancelled_by: Vec<AuthorId>,
}

/// When an award lapses instead of as its currency says: `"never"`, or as an expiry of a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleExpiry {
    /// It does not lapse.
    Never,
    /// It lapses like this.
    By(Expiry),
}

/// A business that pays for points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// The author's id.
    pub id: AuthorId,
    /// What people call it; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The terms that a rule gives points on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms<'a> {
    /// When they may be spent; absent means at once.
    pub vest: Option<&'a Vest>,
    /// When they lapse; absent means as the currency says.
    pub expiry: Option<&'a RuleExpiry>,
    /// Who pays for them; absent means the program.
    pub funded_by: Option<&'a AuthorId>,
}

impl Rule {
    /// The terms that it gives points on.
    pub const fn terms(&self) -> Terms<'_> {
        Terms { vest: self.vest.as_ref(), expiry: self.expiry.as_ref(), funded_by: self.funded_by.as_ref() }
    }
}

impl Terms<'_> {
    /// Whether these are the terms of a rule that says nothing of them.
    pub const fn are_plain(&self) -> bool {
        self.vest.is_none() && self.expiry.is_none() && self.funded_by.is_none()
    }
}

impl Serialize for RuleExpiry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_str("never"),
            Self::By(expiry) => expiry.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RuleExpiry {
    /// By hand, so that a fault within an expiry is reported where it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RuleExpiry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"never\", or an expiry such as {\"after\": {\"months\": 12}}")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<RuleExpiry, E> {
                if text == "never" {
                    Ok(RuleExpiry::Never)
                } else {
                    Err(E::custom("must be `never` or an expiry"))
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RuleExpiry, A::Error> {
                Expiry::deserialize(MapAccessDeserializer::new(map)).map(RuleExpiry::By)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for RuleExpiry {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleExpiry".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let expiry = generator.subschema_for::<Expiry>();
        json_schema!({
            "description": "When an award lapses instead of as its currency says: `never`, or an expiry.",
            "anyOf": [{ "const": "never" }, expiry],
        })
    }
}
