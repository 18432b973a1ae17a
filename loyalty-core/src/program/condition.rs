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

/// What must hold for an activity: one of these names. To ask for several, put them into `all`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"basket": {"sum": {"at_least": "50"}}},
    {"all": [{"weekday": ["tuesday"]}, {"not": {"channel": {"is": "web"}}}]}
]))]
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
    /// A coupon handed in: `{"has": "SPRING26"}`.
    Coupons(ListTest),
    /// A declared attribute of the activity.
    Attribute(AttributeTest),
    /// At least one line satisfies this.
    Line(LineCondition),
    /// The sum of a basis over lines.
    Basket(BasketTest),
    /// How it was paid.
    Tender(TenderTest),
    /// The level that the member holds before the activity.
    Tier(TierTest),
    /// Segments that the member is in: `{"segment": {"in": ["students"]}}`.
    Segment(SegmentTest),
    /// A declared attribute of the member.
    MemberAttribute(AttributeTest),
    /// Whether the activity's local date lies in the month of the member's birthday. Who has told none satisfies
    /// neither `true` nor `false`.
    BirthdayMonth(bool),
    /// A share of all members: `{"split": {"id": "welcome", "from": 0, "below": 5000}}` is a half.
    Split(SplitTest),
    /// Local dates, both ends included.
    Dates(DateRange),
    /// The local day of the week.
    Weekday(Vec<DayOfWeek>),
    /// What a counter holds before the activity: `{"counter": {"id": "visits", "value": {"at_least": "3"}}}`.
    Counter(CounterTest),
    /// Whether the activity is the nth that a counter counts: `{"nth": {"counter": "coffees", "every": 10}}`.
    Nth(NthTest),
    /// How long ago a counter last counted: `{"since_last": {"counter": "visits", "days": {"at_least": "90"}}}`.
    SinceLast(SinceLastTest),
    /// The local time of day.
    Hours(Hours),
    /// The local date is in this list of `holidays`.
    Holiday(AuthorId),
    /// How long the member has been one.
    Membership(MembershipTest),
}

/// What must hold for a line: one of these names. To ask for several, put them into `all`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"category": {"under": ["food", "meat"]}},
    {"not": {"brand": {"in": ["Acme", "Umbrella"]}}}
]))]
pub enum LineCondition {
    /// Every one of these.
    All(Vec<LineCondition>),
    /// At least one of these.
    Any(Vec<LineCondition>),
    /// Not this.
    Not(Box<LineCondition>),
    /// What the line is for; a rule must also list the kind under `kinds`.
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
    /// The path begins with these categories, the widest first: `["food", "meat"]` fits food / meat / beef.
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

/// A test of the segments that a member is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentTest {
    /// One of these.
    #[serde(rename = "in")]
    pub any_of: Vec<AuthorId>,
}

/// A share of all members. Each falls into one of 10,000 parts by a hash of the split's id and the member's id:
/// the same in every version and wherever it is computed, and independent of other splits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitTest {
    /// The author's id of the split; conditions with the same id share its parts out.
    pub id: AuthorId,
    /// The first part.
    #[schemars(range(max = 9_999))]
    pub from: u16,
    /// The part after the last one: above `from`, and 10,000 at most.
    #[schemars(range(min = 1, max = 10_000))]
    pub below: u16,
}

/// A test of what a counter holds before the activity: whole points, money, another sum or a number of occasions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterTest {
    /// The counter's id.
    pub id: AuthorId,
    /// What it must hold.
    pub value: NumberTest,
}

/// Whether the activity is the nth occasion that a counter counts in its window. Exactly one of `is` and `every`
/// is given. Each number is reached once in a window, whatever comes back in between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NthTest {
    /// The id of a counter of purchases, days or events.
    pub counter: AuthorId,
    /// This one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub is: Option<u32>,
    /// Every so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub every: Option<u32>,
}

/// How long before the activity a counter last counted, returned since or not. Exactly one of `days`, `hours`,
/// `minutes` and `known` is given; who never did satisfies only `{"known": false}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinceLastTest {
    /// The id of a counter of purchases, days or events.
    pub counter: AuthorId,
    /// Days of the program's calendar: 1 is yesterday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<NumberTest>,
    /// Hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<NumberTest>,
    /// Minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<NumberTest>,
    /// Whether it ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
}

impl Condition {
    /// Calls `each` with this condition and all within it.
    pub fn walk<'a>(&'a self, each: &mut impl FnMut(&'a Self)) {
        each(self);
        match self {
            Self::All(list) | Self::Any(list) => list.iter().for_each(|one| one.walk(each)),
            Self::Not(inner) => inner.walk(each),
            _ => {}
        }
    }
}
