//! Rewards: what members get for their points.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::GrantLimit;
use crate::id::AuthorId;
use crate::money::{Money, Multiplier, Quantity, Rounding};
use crate::program::condition::{DateRange, SegmentTest, TierTest};

/// Something that members get for points, or for a voucher. Without money off it is a thing with a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"id": "coffee", "name": "A coffee", "points": "100"},
    {"id": "mug", "points": "1000", "plus_cash": {"per_point": "0.008", "at_least": "500"}},
    {"id": "ten-off", "points": "500", "amount_off": "10.00"},
    {"id": "pay", "amount_off": {"per_full": {"points": "100", "off": "1.00"}, "share_of_bill": "0.5"}},
    {"id": "ferry", "name": "Three times your voucher on the ferry", "voucher_value": "3"}
]))]
pub struct Reward {
    /// The author's id.
    pub id: AuthorId,
    /// What members see; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The currency that it takes; needed only where several are redeemable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<AuthorId>,
    /// Its price, a decimal of whole points above 0; absent where money comes off for full steps of points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Quantity>,
    /// That members may pay a part of the price in money instead; absent means all of it is paid with points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plus_cash: Option<PlusCash>,
    /// Money off: an amount for the price, or so much for full steps of points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_off: Option<AmountOff>,
    /// Money off each unit, such as a gallon, for full steps of points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_off_per_unit: Option<AmountOffPerUnit>,
    /// A part of the bill off, for the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_off: Option<PercentOff>,
    /// For the price, a voucher of the program with a code of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<AuthorId>,
    /// Instead of points it takes a voucher that a conversion made, and gives so many times its value off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_value: Option<Multiplier>,
    /// The levels of which the member must hold one; absent means everybody may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierTest>,
    /// The segments of which the member must be in one; absent means everybody may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentTest>,
    /// The dates on which it is redeemed, in the program's zone; always where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateRange>,
    /// How often a member may redeem it; absent means as often as there are points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<GrantLimit>,
    /// How many there are for all members together, from 0; absent means as many as are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<u32>,
    /// From which points it may be paid.
    #[serde(default, skip_serializing_if = "Buckets::is_any")]
    pub buckets: Buckets,
    /// Of `one_bucket`: which is taken where the member does not choose; absent means the oldest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer: Option<Prefer>,
}

/// A part of a price that may be paid in money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlusCash {
    /// The money for each whole point that is missing, above 0, in the program's money.
    pub per_point: Quantity,
    /// The least whole points that are paid; absent means any number above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Quantity>,
    /// How the money is rounded to whole coins, once; absent means `half_up`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Rounding>,
}

/// Money off for points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmountOff {
    /// This amount, for the reward's price.
    Fixed(Money),
    /// So much for each full step of points, as many steps as the member wants.
    Steps(AmountOffSteps),
}

/// Money off for full steps of points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountOffSteps {
    /// What one step takes and gives.
    pub per_full: PointsOff,
    /// The least that one redemption takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<LeastPoints>,
    /// The most that one redemption takes or gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<MostOff>,
    /// The part of the bill that points may pay, above 0 and up to 1; absent means all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_of_bill: Option<Quantity>,
}

/// Money off each unit for full steps of points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountOffPerUnit {
    /// What a unit is, such as `gal`; for people to read.
    #[schemars(length(min = 1, max = 64))]
    pub unit: String,
    /// What one step takes, and what it gives off each unit.
    pub per_full: PointsOff,
    /// The most that one redemption takes, and the most units that get cheaper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<MostUnits>,
}

/// A step of points and the money off for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointsOff {
    /// Points of one step, a decimal of whole points above 0.
    pub points: Quantity,
    /// Money off for it, above 0.
    pub off: Money,
}

/// The least that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeastPoints {
    /// A decimal of whole points: full steps.
    pub points: Quantity,
}

/// The most that is taken or given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MostOff {
    /// A decimal of whole points: full steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Quantity>,
    /// Money, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Money>,
}

/// The most that is taken, and the most units that get cheaper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MostUnits {
    /// A decimal of whole points: full steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Quantity>,
    /// Units, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Quantity>,
}

/// A part of the bill off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PercentOff {
    /// Hundredths of the bill, above 0 and up to 100.
    pub percent: Quantity,
    /// The most money off, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Money>,
}

/// From which points a reward may be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Buckets {
    /// From all, those that lapse soonest first.
    #[default]
    Any,
    /// From points alone that lapse at the same instant.
    OneBucket,
}

impl Buckets {
    /// Whether it may be paid from all points.
    pub const fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

/// Which of the buckets that have enough is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prefer {
    /// The one that lapses last; points that never lapse are the newest.
    Newest,
    /// The one that lapses first.
    Oldest,
}

impl Serialize for AmountOff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(money) => money.serialize(serializer),
            Self::Steps(steps) => steps.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AmountOff {
    /// By hand, so that a fault within the steps is reported where it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = AmountOff;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount such as \"10.00\", or steps such as {\"per_full\": {…}}")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<AmountOff, E> {
                Money::parse(text).map(AmountOff::Fixed).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AmountOff, A::Error> {
                AmountOffSteps::deserialize(MapAccessDeserializer::new(map)).map(AmountOff::Steps)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for AmountOff {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AmountOff".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (fixed, steps) =
            (generator.subschema_for::<Money>(), generator.subschema_for::<AmountOffSteps>());
        json_schema!({
            "description": "Money off for points: an amount for the price, or so much for full steps of points.",
            "anyOf": [fixed, steps],
        })
    }
}
