//! How points are earned: groups of rules, multipliers and caps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RuleExpiry, Vest};
use crate::activity::LineKind;
use crate::id::AuthorId;
use crate::money::{Multiplier, Quantity, Rate, Rounding};
use crate::program::condition::{Condition, LineCondition};
use crate::time::Window;

/// How points of one currency are earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Earning {
    /// The currency earned.
    pub currency: AuthorId,
    /// The top groups, whose values are added.
    pub groups: Vec<Group>,
    /// Factors on the sum of the groups, stage after stage. A bonus on some rules only is a rule of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub multipliers: Vec<MultiplierStage>,
    /// Fixed awards that join after the multipliers, which leave them alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Rule>,
    /// Limits on what the whole activity earns, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// The budget that everything comes out of, after the caps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<AuthorId>,
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
    /// The budget that the combined value comes out of, after the caps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<AuthorId>,
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

impl GroupMember {
    /// The rule's or the group's id.
    pub const fn id(&self) -> &AuthorId {
        match self {
            Self::Rule(rule) => &rule.id,
            Self::Group(group) => &group.id,
        }
    }
}

/// How values combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// The sum of the unrounded values.
    #[default]
    All,
    /// The largest alone; of equal ones the first.
    BestForMember,
    /// The first member that matches alone: the special case stands before the ordinary one.
    First,
}

/// One way to earn. Exactly one of `rate`, `per_full` and `fixed` says how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {"id": "euro", "rate": "1"},
    {"id": "fuel", "lines": {"category": {"under": ["fuel"]}}, "basis": "quantity", "per_full": {"step": "2", "points": "1"}},
    {"id": "survey", "on": {"event": "survey"}, "fixed": "50"}
]))]
pub struct Rule {
    /// The author's id, never reused for another rule.
    pub id: AuthorId,
    /// What it answers to: `"purchase"`, `"enrolment"`, `"birthday"`, or `{"event": "survey"}`.
    #[serde(default)]
    pub on: Trigger,
    /// What must hold for the activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Which lines it looks at; absent means all of the kinds below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineCondition>,
    /// Kinds of lines it looks at; goods and services alone, unless it names others.
    #[serde(default = "items", skip_serializing_if = "is_items")]
    pub kinds: Vec<LineKind>,
    /// Which value of each line, or of the event, it measures; what was paid, unless it names another.
    #[serde(default)]
    pub basis: Basis,
    /// The least that each line's basis counts as, such as 500 miles a leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis_at_least: Option<Quantity>,
    /// The most that each line's basis counts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis_at_most: Option<Quantity>,
    /// Kinds of tender: only their share in all tenders of the purchase counts of each line's basis. Without a
    /// tender of these kinds the rule does not match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub share_of_tender: Vec<String>,
    /// Points for each 1 of the basis: `"1"` is a point for each euro, `"0.25"` one for four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Points for each full step of the basis, such as 10 for each full 2.00.
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
    /// The budget that its value comes out of, after the caps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<AuthorId>,
    /// When its points may be spent; absent means at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vest: Option<Vest>,
    /// When its points lapse; absent means as the currency says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<RuleExpiry>,
    /// The partner that pays for its points; absent means the program does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funded_by: Option<AuthorId>,
}

pub(in crate::program) fn items() -> Vec<LineKind> {
    vec![LineKind::Item]
}

pub(in crate::program) fn is_items(kinds: &[LineKind]) -> bool {
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
    /// The member joins, by `enrol` or by a first activity: once.
    Enrolment,
    /// The member's birthday: once a year.
    Birthday,
    /// The day of the enrolment, in every later year.
    Anniversary,
    /// A purchase or event by which a level's `reach` begins to hold: once in its window.
    TierReached(TierReached),
    /// A purchase or event by which a challenge is completed: once in its window.
    ChallengeCompleted(AuthorId),
}

impl Trigger {
    /// Whether what it gives is apart from what an activity earns, and given for what the member has come to.
    pub const fn is_goal(&self) -> bool {
        matches!(self, Self::Enrolment) || self.is_reached()
    }

    /// Whether it is something that counters reach: a level or a challenge.
    pub const fn is_reached(&self) -> bool {
        matches!(self, Self::TierReached(_) | Self::ChallengeCompleted(_))
    }

    /// Whether what it answers to can have lines, a store and tenders.
    pub const fn may_be_bought(&self) -> bool {
        matches!(self, Self::Purchase) || self.is_goal()
    }
}

/// The level that is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierReached {
    /// The track.
    pub track: AuthorId,
    /// The level; every level of the track where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<AuthorId>,
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
    /// How many: pieces, litres, nights.
    Quantity,
    /// A numeric attribute of the line or event.
    Attribute(AuthorId),
}

impl Basis {
    /// Whether it is an amount of money.
    pub const fn is_money(&self) -> bool {
        matches!(self, Self::Gross | Self::NetOfStore | Self::NetPaid)
    }
}

/// Points for each full step of a basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerFull {
    /// The step, above 0.
    pub step: Quantity,
    /// Points for each, as a decimal of whole points.
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
    /// The factor: `"1.25"` is a quarter more, `"2"` is double.
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
    /// Points as a decimal of whole points, 0 or more.
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
    /// What the member holds, pending points included: it is never raised above the limit. Only of all that an
    /// activity earns, since nothing may change the value afterwards.
    Balance,
}

/// What happens above a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// What fits below it is given.
    #[default]
    Clip,
    /// Nothing is given unless all of it fits.
    Reject,
}
