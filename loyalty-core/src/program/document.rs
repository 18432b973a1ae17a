//! The program document: what an author writes, as JSON.
//!
//! One definition serves reading, the JSON Schema and the engine. Decimals are strings of whole points or
//! money, ids are the author's and are never reused for another meaning.

mod budget;
mod challenges;
mod conversions;
mod counter;
mod earning;
mod grants;
mod holidays;
mod limits;
mod referrals;
mod returns;
mod rewards;
mod terms;
mod tiers;
mod transfers;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::budget::Budget;
pub use self::challenges::Challenge;
pub use self::conversions::Conversion;
pub use self::counter::{Counted, Counter, Start, Sum, SumOf};
pub use self::earning::{
    Basis, Cap, CapScope, Combine, Earning, Factor, FactorCombine, Group, GroupMember, MultiplierStage, Over,
    PerFull, Rule, RuleRounding, RuleRoundingPlace, StepsOf, TierReached, Trigger,
};
pub(in crate::program) use self::earning::{is_items, items};
pub use self::grants::{Badge, Credit, Give, GivenTier, Grant, GrantLimit, Voucher};
pub use self::holidays::HolidayList;
pub use self::limits::{
    Interval, Limit, LimitAnswer, LimitedActivities, LimitedAmount, LimitedPoints, LimitedShared,
    LimitedSpend, Measure, OnLoss, Sharing, Usual,
};
pub use self::referrals::Referral;
pub use self::returns::{DebtOfTier, IntoDebt, ReturnMethod, Returns, Unlinked, WhenGone};
pub use self::rewards::{
    AmountOff, AmountOffPerUnit, AmountOffSteps, Buckets, LeastPoints, MostOff, MostUnits, PercentOff,
    PlusCash, PointsOff, Prefer, Reward,
};
pub use self::terms::{Partner, RuleExpiry, Terms, Vest, VestingEvent};
pub use self::tiers::{
    AtLeast, Downgrade, HeadStart, Lasts, Level, OnReturn, Requirement, Rollover, Streak, Threshold,
    TierTrack, Upgrade,
};
pub use self::transfers::{Recipients, TransferCap, Transferable, Transfers};

use super::condition::TierTest;
use crate::id::AuthorId;
use crate::money::{Money, Quantity, Rounding};
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
    /// ISO 4217 code of the money that purchases are in, such as `EUR`.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub money: String,
    /// The zone of the program's calendar. A draft gives `{"name": "Europe/London"}`; publishing adds the
    /// zone's offset changes.
    pub zone: Zone,
    /// Whose date cuts the windows.
    #[serde(default)]
    pub dates_by: DatesBy,
    /// For how many members an activity of an id may be recorded.
    #[serde(default, skip_serializing_if = "ActivityIds::is_own")]
    pub activity_ids: ActivityIds,
    /// Kinds of points, 1 to 16.
    #[schemars(length(min = 1, max = 16))]
    pub currencies: Vec<Currency>,
    /// Facts of your own about activities and lines that rules may use, such as miles or nights; all others are
    /// dropped before anything is stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeDeclaration>,
    /// Groups of members that rules may ask for; who is in them, the member store knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// Facts about members that rules may use, answered by the member store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub member_attributes: Vec<AttributeDeclaration>,
    /// Businesses that pay for points of some rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partners: Vec<Partner>,
    /// Lists of dates that conditions name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<HolidayList>,
    /// Points that all members share, by which rules, groups and currencies are limited; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub budgets: Vec<Budget>,
    /// What is counted for each member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<Counter>,
    /// Tier tracks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierTrack>,
    /// What members may complete, and rules award.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub challenges: Vec<Challenge>,
    /// How points are earned, one entry for each currency that is earned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earning: Vec<Earning>,
    /// Vouchers that members may be given; at most 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub vouchers: Vec<Voucher>,
    /// Badges that members may be given; at most 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub badges: Vec<Badge>,
    /// What members get that is no points, in this order; at most 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub grants: Vec<Grant>,
    /// Points for members who bring others, and for these; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub referrals: Vec<Referral>,
    /// What returns take back.
    #[serde(default)]
    pub returns: Returns,
    /// What members get for their points; at most 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub rewards: Vec<Reward>,
    /// How many minutes a quote for a reward is valid, 1 to 43,200; 15 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 43_200))]
    pub quote_minutes: Option<u32>,
    /// Days on which points become vouchers; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub conversions: Vec<Conversion>,
    /// Which points members may give to each other; where absent, all that are spent, without limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Transfers>,
    /// Limits against fraud, in the order in which they are looked at; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub limits: Vec<Limit>,
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

/// For how many members an activity of an id may be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityIds {
    /// For each member: ids are a member's own.
    #[default]
    Own,
    /// For the one who is first: nobody else records a purchase, a return, or an event of a name, of the same id.
    Unique,
}

impl ActivityIds {
    #[allow(clippy::trivially_copy_pass_by_ref)] // The signature is serde's.
    const fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }
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
    /// Decimals of a point, 0 to 4: with 0 there are whole points only.
    #[serde(default)]
    #[schemars(range(max = 4))]
    pub scale: u8,
    /// Whether the points are spent or only count towards tiers.
    #[serde(default)]
    pub kind: CurrencyKind,
    /// How an award that is still no whole smallest unit when everything else is done is rounded.
    #[serde(default = "floor")]
    pub round: Rounding,
    /// When points lapse; absent means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<CurrencyExpiry>,
    /// Which points are spent before others.
    #[serde(default, skip_serializing_if = "Consumption::is_usual")]
    pub consumption: Consumption,
    /// From the date on which points lapsed to the last day on which a person may give them back; absent means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinstate_within: Option<Span>,
    /// The most points, in whole ones, that one person gives or takes by hand; above it another one has to approve it.
    /// Absent, everything is done by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_person_above: Option<Quantity>,
    /// What a point is worth in the program's money, by which checking says how much of a price comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<Money>,
}

const fn floor() -> Rounding {
    Rounding::Floor
}

/// Which points of a currency are spent before others. Of those that came at once the soonest to lapse are first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Consumption {
    /// First expired, first out: those that lapse soonest.
    #[default]
    #[n(0)]
    Fefo,
    /// First in, first out: those that came first.
    #[n(1)]
    Fifo,
    /// Last in, first out: those that came last.
    #[n(2)]
    Lifo,
}

impl Consumption {
    /// Whether it is that of currencies which say nothing.
    #[allow(clippy::trivially_copy_pass_by_ref)] // The signature is the serializer's.
    pub fn is_usual(&self) -> bool {
        *self == Self::Fefo
    }
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

/// When the points of a currency lapse: some time after they were earned (`after`), or after the last activity
/// (`by_activity`), by which all of them live on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurrencyExpiry {
    /// From the date earned to the last valid day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Span>,
    /// With `after`: moves the last valid day to the end of its month, quarter or year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_end_of: Option<Window>,
    /// From the date of the member's last activity to the last valid day of all points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_activity: Option<Span>,
    /// With `by_activity`: at these levels points do not lapse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless_tier: Option<TierTest>,
}

impl CurrencyExpiry {
    /// Of points that lapse some time after they were earned.
    pub fn dated(&self) -> Option<Expiry> {
        self.after.map(|after| Expiry { after, to_end_of: self.to_end_of })
    }
}

impl From<Expiry> for CurrencyExpiry {
    fn from(Expiry { after, to_end_of }: Expiry) -> Self {
        Self { after: Some(after), to_end_of, ..Self::default() }
    }
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

/// A group of members, kept by the member store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// The author's id, by which the member store answers.
    pub id: AuthorId,
    /// What people call it; the id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An attribute of activities, lines or members that rules may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeDeclaration {
    /// The name in the activity, or in the member's facts.
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
