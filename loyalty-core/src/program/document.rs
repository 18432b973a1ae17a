//! The program document: what an author writes, as JSON.
//!
//! One definition serves reading, the JSON Schema and the engine. Decimals are strings of whole points or
//! money, ids are the author's and are never reused for another meaning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::{Condition, LineCondition};
use crate::activity::LineKind;
use crate::id::AuthorId;
use crate::money::{Money, Multiplier, Quantity, Rate, Rounding};
use crate::time::{Span, Window};
use crate::zone::Zone;

/// A loyalty program. Unknown fields and duplicate keys are errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of this language: 1.
    #[schemars(range(min = 1, max = 1))]
    pub format: u32,
    /// What people call the program.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// ISO 4217 code of the money that purchases are in.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub money: String,
    /// The zone of the program's calendar. A draft gives `{"name": "Europe/London"}`; publishing adds the
    /// zone's offset changes.
    pub zone: Zone,
    /// Whose date cuts the windows.
    #[serde(default)]
    pub dates_by: DatesBy,
    /// Kinds of points, 1 to 16.
    #[schemars(length(min = 1, max = 16))]
    pub currencies: Vec<Currency>,
    /// Attributes that rules may use; all others are dropped before anything is stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeDeclaration>,
    /// What is counted for each member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<Counter>,
    /// Tier tracks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierTrack>,
    /// How points are earned, at most one entry a currency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earning: Vec<Earning>,
    /// What returns take back.
    #[serde(default)]
    pub returns: Returns,
}

/// Whose date cuts days, months and years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatesBy {
    /// The date in the program's zone.
    #[default]
    Zone,
    /// The date on the wall where the activity happened, by its own offset.
    Activity,
}

/// A kind of point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Currency {
    /// The author's id.
    pub id: AuthorId,
    /// What members see; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Decimals of a point, 0 to 4.
    #[serde(default)]
    #[schemars(range(max = 4))]
    pub scale: u8,
    /// Whether the points are spent or only count towards tiers.
    #[serde(default)]
    pub kind: CurrencyKind,
    /// How an award that is still no whole minor unit at the end of the pipeline is rounded.
    #[serde(default = "floor")]
    pub round: Rounding,
    /// When points lapse; absent means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
}

const fn floor() -> Rounding {
    Rounding::Floor
}

/// What a currency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CurrencyKind {
    /// Points that members spend.
    #[default]
    Redeemable,
    /// Points that count towards tiers.
    Qualifying,
}

/// When points lapse. The last valid day ends at 00:00 of the next day in the program's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// From the date earned to the last valid day.
    pub after: Span,
    /// Moves the last valid day to the end of its month, quarter or year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_end_of: Option<Window>,
}

/// An attribute of activities or lines that rules may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeDeclaration {
    /// The name in the activity.
    pub id: AuthorId,
    /// What its values are.
    pub values: AttributeKind,
}

/// What an attribute's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeKind {
    /// Text, compared byte for byte.
    Text,
    /// A decimal with at most 6 decimals, written as a string.
    Number,
    /// `true` or `false`.
    Flag,
}

/// Something counted for each member in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// The author's id, never reused for another meaning.
    pub id: AuthorId,
    /// What is counted.
    pub counts: Counted,
    /// The stretch of time that is counted.
    pub window: Window,
}

/// What a counter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Counted {
    /// Points of a currency, as awarded: `{"earned": "points"}`.
    Earned(AuthorId),
    /// The value of a purchase's item lines: `{"spend": "net_paid"}`.
    Spend(Basis),
    /// Purchases: `"purchases"`.
    Purchases,
}

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

/// How points of one currency are earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Earning {
    /// The currency earned.
    pub currency: AuthorId,
    /// The top groups, whose values are added.
    pub groups: Vec<Group>,
    /// Factors on the sum, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub multipliers: Vec<MultiplierStage>,
    /// Fixed awards that join after the multipliers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Rule>,
    /// Limits on what the whole activity earns, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
}

/// Rules and groups whose values are combined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The author's id.
    pub id: AuthorId,
    /// How the members' values combine.
    #[serde(default)]
    pub combine: Combine,
    /// How the combined value is rounded; absent means not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Rounding>,
    /// Limits on the combined value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// What it combines, in this order.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant)] // read once, walked in place
pub enum GroupMember {
    /// A rule.
    Rule(Rule),
    /// A group within.
    Group(Group),
}

/// How values combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// The sum of the unrounded values.
    #[default]
    All,
    /// The largest; of equal ones the first.
    BestForMember,
    /// The first member that matches.
    First,
}

/// One way to earn. Exactly one of `rate`, `per_full` and `fixed` says how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The author's id, never reused for another rule.
    pub id: AuthorId,
    /// What it answers to.
    #[serde(default)]
    pub on: Trigger,
    /// What must hold for the activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Which lines it looks at; absent means all of the kinds below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineCondition>,
    /// Kinds of lines it looks at.
    #[serde(default = "items", skip_serializing_if = "is_items")]
    pub kinds: Vec<LineKind>,
    /// Which value of a line or event it measures.
    #[serde(default)]
    pub basis: Basis,
    /// The least that each line's basis counts as, such as 500 miles a leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis_at_least: Option<Quantity>,
    /// The most that each line's basis counts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis_at_most: Option<Quantity>,
    /// Points for each 1 of the basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Points for each full step of the basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_full: Option<PerFull>,
    /// Points, whatever the basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Quantity>,
    /// Where and how its value is rounded; absent means not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<RuleRounding>,
    /// Limits on its value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
}

fn items() -> Vec<LineKind> {
    vec![LineKind::Item]
}

fn is_items(kinds: &[LineKind]) -> bool {
    kinds == [LineKind::Item]
}

/// What a rule answers to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// A purchase.
    #[default]
    Purchase,
    /// A custom event of this name.
    Event(AuthorId),
}

/// Which value of a line is measured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Basis {
    /// The whole line's price before discounts.
    Gross,
    /// The price after discounts of the store.
    NetOfStore,
    /// The price after all discounts.
    #[default]
    NetPaid,
    /// The units.
    Quantity,
    /// A numeric attribute of the line or event.
    Attribute(AuthorId),
}

/// Points for each full step of a basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerFull {
    /// The step, above 0.
    pub step: Quantity,
    /// Whole points for each.
    pub points: Quantity,
    /// Whether steps are counted over the sum of the rule's lines or in each line.
    #[serde(default)]
    pub of: StepsOf,
}

/// Where full steps are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepsOf {
    /// In the sum of the rule's lines.
    #[default]
    Sum,
    /// In each line.
    Line,
}

/// Where and how a rule rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleRounding {
    /// At each line or at the rule's sum.
    pub at: RuleRoundingPlace,
    /// How.
    pub mode: Rounding,
}

/// Where a rule rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleRoundingPlace {
    /// At each line.
    Line,
    /// At the sum of its lines.
    Rule,
}

/// Factors that are combined into one, then applied and rounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MultiplierStage {
    /// The author's id.
    pub id: AuthorId,
    /// How matching factors combine.
    #[serde(default)]
    pub combine: FactorCombine,
    /// How the product is rounded; absent means not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Rounding>,
    /// The factors.
    pub factors: Vec<Factor>,
}

/// How factors combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorCombine {
    /// Their product.
    #[default]
    Compound,
    /// 1 plus the sum of what each is above 1.
    Add,
}

/// One factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// The author's id.
    pub id: AuthorId,
    /// What must hold for the activity; absent means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// The factor.
    pub factor: Multiplier,
}

/// A limit on points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// The author's id, never reused for another cap.
    pub id: AuthorId,
    /// What is limited together.
    pub per: CapScope,
    /// Whole points.
    pub at_most: Quantity,
    /// What happens above it.
    #[serde(default)]
    pub over: Over,
}

/// What a cap limits together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CapScope {
    /// One activity.
    Activity,
    /// All activities of a window, such as `{"window": "day"}`.
    Window(Window),
}

/// What happens above a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// What fits is given.
    #[default]
    Clip,
    /// Nothing is given.
    Reject,
}

/// What returns take back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// How much of an award a part of a purchase carries.
    #[serde(default)]
    pub method: ReturnMethod,
    /// What happens to a return that names no purchase.
    #[serde(default)]
    pub unlinked: Unlinked,
    /// Days after a purchase within which an unlinked return may find it; absent means unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

/// How much of an award a part of a purchase carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnMethod {
    /// By units: of P points on a line of Q units, r units back keep P − floor(P·r/Q).
    #[default]
    Proportional,
}

/// What happens to a return that names no purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unlinked {
    /// It is refused.
    #[default]
    Refuse,
    /// Its lines are matched by sku to the newest sales first.
    MostRecent,
}
