//! What happened: purchases, returns, custom events and occasions, as a business reports them.

mod occasion;
mod quick;

use std::fmt;

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{ActivityId, AuthorId, MemberId, OperationKey};
use crate::json::object_only::read_from_objects;
use crate::json::{self, Limits};
use crate::money::{Money, OutOfRange, Quantity, Ratio};
use crate::problem::Problem;
use crate::time::OffsetTime;

pub use self::occasion::{Enrolment, YearlyDay};

/// The most lines one activity may have.
pub const MAX_LINES: usize = 1_000;

/// Something that happened to a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Goods or services were bought.
    #[n(0)]
    Purchase(#[n(0)] Purchase),
    /// Bought things came back.
    #[n(1)]
    Return(#[n(0)] Return),
    /// Anything else that a program may award: a flight flown, a survey answered.
    #[n(2)]
    Event(#[n(0)] CustomEvent),
    /// The member joined.
    #[n(3)]
    Enrol(#[n(0)] Enrolment),
    /// The member's birthday.
    #[n(4)]
    Birthday(#[n(0)] YearlyDay),
    /// The day on which the member joined, in a later year.
    #[n(5)]
    Anniversary(#[n(0)] YearlyDay),
}

impl Activity {
    /// The business's id of the activity; none of what happens once anyway.
    pub const fn id(&self) -> Option<&ActivityId> {
        match self {
            Self::Purchase(it) => Some(&it.id),
            Self::Return(it) => Some(&it.id),
            Self::Event(it) => Some(&it.id),
            Self::Enrol(_) | Self::Birthday(_) | Self::Anniversary(_) => None,
        }
    }

    /// When it happened.
    pub const fn occurred_at(&self) -> OffsetTime {
        match self {
            Self::Purchase(it) => it.occurred_at,
            Self::Return(it) => it.occurred_at,
            Self::Event(it) => it.occurred_at,
            Self::Enrol(it) => it.occurred_at,
            Self::Birthday(it) | Self::Anniversary(it) => it.occurred_at,
        }
    }

    /// What it is, as JSON names it: `purchase`, `return`, `event`, `enrol`, `birthday` or `anniversary`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Purchase(_) => "purchase",
            Self::Return(_) => "return",
            Self::Event(_) => "event",
            Self::Enrol(_) => "enrol",
            Self::Birthday(_) => "birthday",
            Self::Anniversary(_) => "anniversary",
        }
    }

    /// Whether it is an occasion of the member rather than something done: nothing that counts or limits what
    /// members do looks at it.
    pub const fn is_occasion(&self) -> bool {
        matches!(self, Self::Enrol(_) | Self::Birthday(_) | Self::Anniversary(_))
    }

    /// A problem of its content with its path from the activity on: `/lines/0` of a purchase becomes
    /// `/purchase/lines/0`.
    pub(crate) fn place(&self, problem: Problem) -> Problem {
        Problem { path: format!("/{}{}", self.kind(), problem.path), ..problem }
    }

    /// The key under which it is recorded once: `purchase/<id>`, `return/<id>`, `event/<name>/<id>`, `enrol`,
    /// `birthday/<year>`, `anniversary/<year>`.
    pub fn key(&self) -> Option<OperationKey> {
        let text = match self {
            Self::Purchase(it) => ["purchase/", it.id.as_str()].concat(),
            Self::Return(it) => ["return/", it.id.as_str()].concat(),
            Self::Event(it) => ["event/", it.name.as_str(), "/", it.id.as_str()].concat(),
            Self::Enrol(_) => "enrol".to_owned(),
            Self::Birthday(it) => format!("birthday/{}", it.year),
            Self::Anniversary(it) => format!("anniversary/{}", it.year),
        };
        OperationKey::new(&text).ok()
    }
}

/// A purchase: up to 1,000 lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Purchase {
    /// The business's id, such as the receipt number.
    #[n(0)]
    pub id: ActivityId,
    /// When it happened, with the offset of the place.
    #[n(1)]
    pub occurred_at: OffsetTime,
    /// ISO 4217 code; absent means the program's money.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<String>,
    /// Where it happened.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The partner business that sold it.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// How it was sold: `till`, `web` …
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What was bought.
    #[n(6)]
    #[schemars(length(max = 1_000))]
    pub lines: Vec<Line>,
    /// How it was paid.
    #[n(7)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenders: Vec<Tender>,
    /// Coupon codes that were handed in.
    #[n(8)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<String>,
    /// Values that the program declares; others are dropped before anything is stored.
    #[n(9)]
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "attributes")]
    #[schemars(with = "std::collections::BTreeMap<String, AttributeValue>")]
    pub attributes: Vec<Attribute>,
}

/// One line of a purchase. Exactly one of `gross`, `unit_price` and `net_of_store` gives its price.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields, default)]
pub struct Line {
    /// What the line is for; only `item` earns unless a rule says so.
    #[n(0)]
    #[serde(skip_serializing_if = "LineKind::is_item")]
    pub kind: LineKind,
    /// The article; compared byte for byte.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// From the widest to the narrowest category.
    #[n(2)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// The brand.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Free marks, such as `organic`.
    #[n(4)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How many units; absent means 1.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// The unit, such as `l` or `kg`.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The whole line's price before any discount.
    #[n(7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gross: Option<Money>,
    /// The price of one unit before any discount.
    #[n(8)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// The whole line's price after discounts of the store and before all others.
    #[n(9)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_of_store: Option<Money>,
    /// What was taken off, and who pays for it.
    #[n(10)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// Values that the program declares; others are dropped before anything is stored.
    #[n(11)]
    #[serde(skip_serializing_if = "Vec::is_empty", with = "attributes")]
    #[schemars(with = "std::collections::BTreeMap<String, AttributeValue>")]
    pub attributes: Vec<Attribute>,
}

/// What a line is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Encode, Decode, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum LineKind {
    /// Goods or services.
    #[default]
    #[n(0)]
    Item,
    /// Carriage.
    #[n(1)]
    Shipping,
    /// Tax shown apart.
    #[n(2)]
    Tax,
    /// A tip.
    #[n(3)]
    Tip,
    /// A fee.
    #[n(4)]
    Fee,
    /// A gift to charity.
    #[n(5)]
    Donation,
    /// A gift card sold.
    #[n(6)]
    GiftCard,
    /// A card reloaded.
    #[n(7)]
    Reload,
    /// A deposit on packaging.
    #[n(8)]
    Deposit,
}

impl LineKind {
    /// Whether this is an ordinary line.
    pub const fn is_item(&self) -> bool {
        matches!(self, Self::Item)
    }
}

/// Something taken off a line's price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Discount {
    /// Who pays for it.
    #[n(0)]
    pub funder: Funder,
    /// How much, as a positive amount.
    #[n(1)]
    pub amount: Money,
}

/// Who pays for a discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Funder {
    /// The store itself.
    #[n(0)]
    Store,
    /// The maker of the goods.
    #[n(1)]
    Manufacturer,
    /// The member's own points.
    #[n(2)]
    Points,
    /// Anybody else.
    #[n(3)]
    Other,
}

/// A part of the payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Tender {
    /// Such as `cash`, `card`, `gift_card`.
    #[n(0)]
    pub kind: String,
    /// How much was paid this way.
    #[n(1)]
    pub amount: Money,
}

/// A return. Without `of` it is unlinked: its lines are matched to sales by sku.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Return {
    /// The business's id of the return.
    #[n(0)]
    pub id: ActivityId,
    /// When it happened.
    #[n(1)]
    pub occurred_at: OffsetTime,
    /// The purchase that comes back; absent when unknown.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ActivityId>,
    /// What comes back; empty with `of` means all that is left of the purchase.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub lines: Vec<ReturnLine>,
    /// How much money is given back without goods coming back, above 0; needs `of` and no `lines`.
    #[cbor(n(4), default)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// One line of a return. The price is that of the sale, never one of the return.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields, default)]
pub struct ReturnLine {
    /// The number of the purchase's line, from 1; needs `of`.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u16>,
    /// The article, where the line's number is not known.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// How many units come back; absent means all that is left of the line.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
}

/// An event that a program may award.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct CustomEvent {
    /// What kind of event, as rules name it.
    #[n(0)]
    pub name: AuthorId,
    /// The business's id of the event.
    #[n(1)]
    pub id: ActivityId,
    /// When it happened.
    #[n(2)]
    pub occurred_at: OffsetTime,
    /// Values that the program declares; others are dropped before anything is stored.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "attributes")]
    #[schemars(with = "std::collections::BTreeMap<String, AttributeValue>")]
    pub attributes: Vec<Attribute>,
    /// The purchase that it speaks of: its pending points vest by the event, or are cancelled.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ActivityId>,
    /// The numbers of the purchase's lines that it speaks of, from 1; empty means all. Needs `of`.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub lines: Vec<u16>,
}

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Attribute {
    /// The name.
    #[n(0)]
    pub name: String,
    /// The value.
    #[n(1)]
    pub value: AttributeValue,
}

/// The value of an attribute: a string (text, or a decimal for a numeric one), or true / false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Encode, Decode, JsonSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Text or a decimal.
    #[n(0)]
    Text(#[n(0)] String),
    /// Yes or no.
    #[n(1)]
    Flag(#[n(0)] bool),
}

/// An activity and whose it is: one line of an import file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct MemberActivity {
    /// To whom it happened.
    pub member: MemberId,
    /// What happened.
    pub activity: Activity,
}

read_from_objects!(Purchase, Line, Discount, Tender, Return, ReturnLine, CustomEvent, MemberActivity);

impl MemberActivity {
    /// Reads one line of an import file; attributes that are not `declared` may be left out.
    ///
    /// Errors: all problems of the line, as [`json::read`] gives them.
    pub fn read(text: &[u8], limits: &Limits, declared: &dyn Fn(&str) -> bool) -> Result<Self, Vec<Problem>> {
        let quick = if text.len() <= limits.bytes { quick::read(text, declared) } else { None };
        quick.map_or_else(|| json::read(text, limits), Ok)
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    /// By hand, since an untagged enum would first copy every value.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl serde::de::Visitor<'_> for Value {
            type Value = AttributeValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or true or false; write numbers as strings, such as \"500\"")
            }
            fn visit_str<E>(self, text: &str) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Text(text))
            }
            fn visit_bool<E>(self, flag: bool) -> Result<AttributeValue, E> {
                Ok(AttributeValue::Flag(flag))
            }
        }
        deserializer.deserialize_any(Value)
    }
}

/// The value of the attribute called `name`.
pub fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a AttributeValue> {
    attributes.iter().find(|a| a.name == name).map(|a| &a.value)
}

impl Line {
    /// How many units, 1 where none is given.
    pub fn units(&self) -> Quantity {
        self.quantity.unwrap_or(Quantity::ONE)
    }

    /// The price before any discount.
    pub fn gross(&self) -> Result<Ratio, OutOfRange> {
        match (self.gross, self.unit_price, self.net_of_store) {
            (Some(gross), _, _) => Ok(gross.ratio()),
            (_, Some(each), _) => each.ratio().times(self.units().ratio()),
            (_, _, Some(net)) => net.ratio().plus(self.discounts_of(|f| f == Funder::Store)?),
            _ => Ok(Ratio::ZERO),
        }
    }

    /// The price after discounts of the store.
    pub fn net_of_store(&self) -> Result<Ratio, OutOfRange> {
        match self.net_of_store {
            Some(net) => Ok(net.ratio()),
            None => self.gross()?.minus(self.discounts_of(|f| f == Funder::Store)?),
        }
    }

    /// The price after all discounts: what the customer paid.
    pub fn net_paid(&self) -> Result<Ratio, OutOfRange> {
        self.net_of_store()?.minus(self.discounts_of(|f| f != Funder::Store)?)
    }

    /// What some funders took off.
    pub fn discounts_of(&self, wanted: impl Fn(Funder) -> bool) -> Result<Ratio, OutOfRange> {
        let mut sum = Money::ZERO.ratio();
        for discount in self.discounts.iter().filter(|d| wanted(d.funder)) {
            sum = sum.plus(discount.amount.ratio())?;
        }
        Ok(sum)
    }
}

/// Attributes as a JSON object, kept in the order of their names, each name once.
pub(crate) mod attributes {
    use serde::de::{Error, MapAccess, Visitor};
    use serde::{Deserializer, Serializer};

    use super::Attribute;

    pub fn serialize<S: Serializer>(attributes: &[Attribute], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(attributes.iter().map(|a| (&a.name, &a.value)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Attribute>, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Vec<Attribute>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of attributes")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut sorted = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    sorted.push(Attribute { name, value });
                }
                sorted.sort_by(|a, b| a.name.cmp(&b.name));
                if sorted.windows(2).any(|two| matches!(two, [a, b] if a.name == b.name)) {
                    return Err(A::Error::custom("an attribute is given twice"));
                }
                Ok(sorted)
            }
        }
        deserializer.deserialize_map(Object)
    }
}
