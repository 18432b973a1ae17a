//! Conditions: what must hold for a rule, and which lines it looks at.

mod measured;
mod moment;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::measured::{BasketTest, DiscountTest, TenderTest, ValueTest};
pub use self::moment::{DateRange, Hours, MembershipTest};

use crate::activity::LineKind;
use crate::id::AuthorId;
use crate::money::Quantity;
use crate::time::DayOfWeek;

/// What must hold for an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Every one of these.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// The store.
    Store(TextTest),
    /// The partner.
    Partner(TextTest),
    /// The channel.
    Channel(TextTest),
    /// The coupons handed in.
    Coupons(ListTest),
    /// A declared attribute of the activity.
    Attribute(AttributeTest),
    /// At least one line satisfies this.
    Line(LineCondition),
    /// The sum of a basis over lines.
    Basket(BasketTest),
    /// How it was paid.
    Tender(TenderTest),
    /// The level that the member holds.
    Tier(TierTest),
    /// Local dates, both ends included.
    Dates(DateRange),
    /// The local day of the week.
    Weekday(Vec<DayOfWeek>),
    /// The local time of day.
    Hours(Hours),
    /// The local date is in this list of `holidays`.
    Holiday(AuthorId),
    /// How long the member has been one.
    Membership(MembershipTest),
}

/// What must hold for a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LineCondition {
    /// Every one of these.
    All(Vec<LineCondition>),
    /// At least one of these.
    Any(Vec<LineCondition>),
    /// Not this.
    Not(Box<LineCondition>),
    /// What the line is for.
    Kind(LineKind),
    /// The article.
    Sku(TextTest),
    /// The category path.
    Category(PathTest),
    /// The brand.
    Brand(TextTest),
    /// The tags.
    Tags(ListTest),
    /// The units.
    Quantity(NumberTest),
    /// The unit.
    Unit(TextTest),
    /// The line's value under a basis.
    Value(ValueTest),
    /// What was taken off the line.
    Discount(DiscountTest),
    /// A declared attribute of the line.
    Attribute(AttributeTest),
}

/// A test of a text, byte for byte. A text that is not there satisfies only `not_in` and `{"known": false}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TextTest {
    /// Equal.
    Is(String),
    /// Equal to one of these.
    In(Vec<String>),
    /// Equal to none of these.
    NotIn(Vec<String>),
    /// Begins with this or one of these.
    StartsWith(OneOrMany),
    /// Given at all, or not.
    Known(bool),
}

/// A text or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a string or a list of strings")]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several, any of which will do.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The texts.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A test of a number; both ends of a range are included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NumberTest {
    /// Equal.
    Is(Quantity),
    /// Equal or more.
    AtLeast(Quantity),
    /// Equal or less.
    AtMost(Quantity),
    /// From the first to the second.
    Between(Quantity, Quantity),
}

/// A test of a category path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PathTest {
    /// The path begins with these categories, the widest first.
    Under(Vec<String>),
    /// Given at all, or not.
    Known(bool),
}

/// A test of a list of marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ListTest {
    /// Holds this one.
    Has(String),
    /// Holds any at all, or none.
    Known(bool),
}

/// A test of a declared attribute. Exactly one of `text`, `number`, `flag` and `known` is given, fitting its
/// declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeTest {
    /// The attribute's id.
    pub id: AuthorId,
    /// For text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextTest>,
    /// For a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<NumberTest>,
    /// For a flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<bool>,
    /// For any kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
}

/// A test of the level a member holds before the activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierTest {
    /// The track's id.
    pub track: AuthorId,
    /// One of these levels.
    pub level: Vec<AuthorId>,
}
