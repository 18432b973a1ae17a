//! Programs: documents, their check, and what the engine runs.

mod against;
mod check;
pub mod condition;
pub mod document;
mod in_force;
pub(crate) mod index;
pub mod version;
pub(crate) mod walk;

use std::sync::Arc;

use schemars::Schema;

pub use self::in_force::Programs;
pub use self::version::VersionId;

use self::condition::Condition;
use self::index::{Index, Map, Place};

use self::document::{
    Badge, Budget, Cap, CapScope, Challenge, Consumption, Conversion, Counter, Currency, CurrencyKind,
    Document, Earning, Group, GroupMember, Referral, Requirement, Reward, Rule, Streak, Threshold, TierTrack,
    Trigger, Voucher,
};
use crate::activity::Activity;
use crate::facts::Asked;
use crate::id::AuthorId;
use crate::json::{self, Limits};
use crate::ledger::operation::{Award, CountedBy};
use crate::money::{Quantity, Ratio, Rounding, coin_places};
use crate::points::Points;
use crate::problem::Problem;
use crate::time::Window;
use crate::zone::Zone;

/// What a program document may measure: 16 MiB, 64 levels.
pub const LIMITS: Limits = Limits { bytes: 16 << 20, depth: 64, problems: 1_000 };
/// The most rules a program may have.
pub const MAX_RULES: usize = 10_000;

/// A checked, immutable program version.
///
/// ```
/// use loyalty_core::program::Program;
/// let problems = Program::check(br#"{"format": 1, "name": "Mine", "money": "EUR", "colour": "red"}"#);
/// let codes: Vec<_> = problems.unwrap_err().iter().map(|p| (p.code, p.path.clone())).collect();
/// assert!(codes.contains(&("unknown_field", "/colour".to_owned())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    document: Document,
    version: VersionId,
    window_caps: Vec<WindowCap>,
    /// Where each budget is named.
    budgets: Vec<WindowCap>,
    takes_over: bool,
    noted: Vec<(AuthorId, Noted)>,
    awards_goals: bool,
    welcomes: bool,
    compiled: Arc<Compiled>,
    asked: Asked,
    asked_on_birthdays: Asked,
    asked_for_rewards: Asked,
}

/// What the state notes of a counter beside its amounts, because conditions ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noted {
    /// The most that each window came to.
    pub nth: bool,
    /// The last instants.
    pub since_last: bool,
    /// How many windows before the present one streaks look at.
    pub windows_before: u16,
}

/// What is made of a document once, so that deciding looks things up instead of searching.
#[derive(Debug, PartialEq, Eq, Default)]
struct Compiled {
    /// The rules of each currency's earning, in the order of the document.
    indexes: Vec<Index>,
    /// Each rule's earning, and its number there.
    rules: Map<AuthorId, (usize, u32)>,
    counters: Map<AuthorId, usize>,
    window_caps: Map<AuthorId, usize>,
    budgets: Map<AuthorId, usize>,
}

/// A cap that counts over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowCap {
    /// The cap's id.
    pub id: AuthorId,
    /// The currency that it limits.
    pub currency: AuthorId,
    /// The window.
    pub window: Window,
    /// The rules under it, where it limits one rule or group; empty where it limits the whole activity.
    pub rules: Vec<AuthorId>,
}

impl Program {
    /// Checks a published document, whose zone has its offsets: an immutable program, or all its problems.
    pub fn check(json: &[u8]) -> Result<Self, Vec<Problem>> {
        Self::from_document(json::read(json, &LIMITS)?)
    }

    /// Checks a document already read.
    pub fn from_document(document: Document) -> Result<Self, Vec<Problem>> {
        let mut problems = check::problems(&document);
        let canonical = serde_jcs::to_vec(&document).unwrap_or_default();
        if canonical.is_empty() {
            problems.push(Problem::new(
                "not_json",
                "",
                "the document has no canonical form",
                "check its texts",
            ));
        }
        if problems.is_empty() {
            let window_caps: Vec<_> = document.earning.iter().flat_map(window_caps).collect();
            let version = VersionId::of_canonical(&canonical);
            let (takes_over, noted) = (takes_over(&document), noted(&document));
            let answers = |on: &dyn Fn(&Trigger) -> bool| {
                let rules = document.earning.iter().flat_map(rules_in).map(|rule| &rule.on);
                rules.chain(document.grants.iter().map(|grant| &grant.on)).any(on)
            };
            let awards_goals = answers(&Trigger::is_reached);
            let welcomes = answers(&|on| *on == Trigger::Enrolment);
            let budgets = budget_places(&document);
            let compiled = Arc::new(Compiled::of(&document, &window_caps));
            let asked = Asked::by(&document);
            let asked_on_birthdays = Asked { birthday: true, ..asked.clone() };
            let asked_for_rewards = Asked::by_rewards(&document);
            Ok(Self {
                document,
                version,
                window_caps,
                budgets,
                takes_over,
                noted,
                awards_goals,
                welcomes,
                compiled,
                asked,
                asked_on_birthdays,
                asked_for_rewards,
            })
        } else {
            Err(problems)
        }
    }

    /// Checks a draft: adds the zone that `expand` knows by name, then as [`Program::check`].
    pub fn from_draft(json: &[u8], expand: impl Fn(&str) -> Option<Zone>) -> Result<Self, Vec<Problem>> {
        let mut document: Document = json::read(json, &LIMITS)?;
        if document.zone.offset.is_none() && document.zone.changes.is_empty() {
            if let Some(zone) = expand(&document.zone.name) {
                document.zone = zone;
            } else {
                let message = format!("the zone `{}` is not known", document.zone.name);
                let unknown = Problem::new(
                    "unknown_zone",
                    "/zone/name",
                    message,
                    "use an IANA name such as `Europe/London`",
                );
                let others = check::problems(&document).into_iter().filter(|p| p.code != "zone_not_expanded");
                return Err(std::iter::once(unknown).chain(others).collect());
            }
        }
        Self::from_document(document)
    }

    /// The document.
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// The version's name: the hash of its canonical document.
    pub const fn version(&self) -> VersionId {
        self.version
    }

    /// The published document as canonical JSON.
    pub fn canonical(&self) -> Vec<u8> {
        serde_jcs::to_vec(&self.document).unwrap_or_default()
    }

    /// The JSON Schema of documents.
    pub fn schema() -> Schema {
        schemars::schema_for!(Document)
    }

    /// The program's zone.
    pub const fn zone(&self) -> &Zone {
        &self.document.zone
    }

    /// The decimals of the smallest coin of the program's money.
    pub fn coin_places(&self) -> u32 {
        coin_places(&self.document.money)
    }

    /// A currency by its id.
    pub fn currency(&self, id: &AuthorId) -> Option<&Currency> {
        self.document.currencies.iter().find(|c| c.id == *id)
    }

    /// Which points of a currency are spent before others.
    pub fn consumption(&self, currency: &AuthorId) -> Consumption {
        self.currency(currency).map_or(Consumption::Fefo, |currency| currency.consumption)
    }

    /// A reward by its id.
    pub fn reward(&self, id: &AuthorId) -> Option<&Reward> {
        self.document.rewards.iter().find(|reward| reward.id == *id)
    }

    /// A scheduled conversion by its id, with the currency that it takes.
    pub fn conversion(&self, id: &AuthorId) -> Option<(&Conversion, &Currency)> {
        let conversion = self.document.conversions.iter().find(|conversion| conversion.id == *id)?;
        Some((conversion, self.document.spent(conversion.currency.as_ref())?))
    }

    /// A counter by its id.
    pub fn counter(&self, id: &AuthorId) -> Option<&Counter> {
        self.document.counters.get(*self.compiled.counters.get(id)?)
    }

    /// What the state notes of a counter beside its amounts.
    pub fn noted_of(&self, counter: &AuthorId) -> Noted {
        self.noted.iter().find(|(id, _)| id == counter).map_or_else(Noted::default, |(_, noted)| *noted)
    }

    /// A cap of a window by its id.
    pub fn window_cap(&self, id: &AuthorId) -> Option<&WindowCap> {
        self.window_caps.get(*self.compiled.window_caps.get(id)?)
    }

    /// A budget by its id.
    pub fn budget(&self, id: &AuthorId) -> Option<&Budget> {
        self.document.budgets.get(*self.compiled.budgets.get(id)?)
    }

    /// A budget's amount in minor units; 0 where the program has no such budget.
    pub fn budget_amount(&self, id: &AuthorId) -> Points {
        self.budget(id).map_or(Points::ZERO, |budget| self.minor(budget.amount, &budget.currency))
    }

    /// Whole points of a currency in its minor units; 0 where the program has no such currency.
    pub fn minor(&self, points: Quantity, currency: &AuthorId) -> Points {
        let minor = self.currency(currency).and_then(|it| points.ratio().times(it.unit()).ok());
        minor.and_then(|it| Points::from_wide(it.round(Rounding::Floor)).ok()).unwrap_or(Points::ZERO)
    }

    /// A referral by its id.
    pub fn referral(&self, id: &AuthorId) -> Option<&Referral> {
        self.document.referrals.iter().find(|referral| referral.id == *id)
    }

    /// What is limited by a cap of a window, or by a budget; `None` for a counter.
    pub fn limited_by(&self, of: &CountedBy) -> Option<&WindowCap> {
        match of {
            CountedBy::Counter(_) | CountedBy::Grant(_) => None,
            CountedBy::Cap(id) => self.window_cap(id),
            CountedBy::Budget(id) => self.budgets.iter().find(|budget| budget.id == *id),
        }
    }

    /// Whether a budget counts some of an award.
    pub fn pays_from_budget(&self, award: &Award) -> bool {
        let of_rules = |budget: &WindowCap| award.rules.iter().any(|rule| budget.rules.contains(rule));
        let of = |budget: &WindowCap| budget.rules.is_empty() || of_rules(budget);
        self.budgets.iter().any(|budget| budget.currency == award.currency && of(budget))
    }

    /// Whether it changes something for members who are there already when it takes force.
    pub const fn takes_over(&self) -> bool {
        self.takes_over
    }

    /// Every cap of a window, with it.
    pub fn window_caps(&self) -> &[WindowCap] {
        &self.window_caps
    }

    /// The rules of a currency with these ids, in the order of the document.
    pub fn rules_of(&self, currency: &AuthorId, ids: &[AuthorId]) -> Vec<&Rule> {
        let mut found: Vec<_> = ids.iter().filter_map(|id| self.compiled.rules.get(id).copied()).collect();
        found.sort_unstable();
        found.dedup();
        let rules = found.into_iter().filter_map(|(earning, number)| {
            let (earning, index) = (self.document.earning.get(earning)?, self.compiled.indexes.get(earning)?);
            if earning.currency == *currency { rule_at(earning, &index.places().all, number) } else { None }
        });
        rules.collect()
    }

    /// How each currency is earned, with the index of its rules.
    pub(crate) fn earnings(&self) -> impl Iterator<Item = (&Earning, &Index)> {
        self.document.earning.iter().zip(&self.compiled.indexes)
    }

    /// The rules that ask for something, but for nothing that an index can look up: every activity of their kind
    /// is compared with them.
    pub fn unindexed_rules(&self) -> impl Iterator<Item = &AuthorId> {
        self.compiled.indexes.iter().flat_map(Index::unserved)
    }

    /// Whether any rule answers to a level reached or a challenge completed.
    pub const fn awards_goals(&self) -> bool {
        self.awards_goals
    }

    /// Whether any rule answers to an enrolment.
    pub const fn welcomes(&self) -> bool {
        self.welcomes
    }

    /// What an activity asks of the member store: what conditions look at, and the birthday where it is one.
    /// Nothing answers to a return.
    pub const fn asked(&self, activity: &Activity) -> Option<&Asked> {
        match activity {
            Activity::Return(_) => None,
            Activity::Birthday(_) => Some(&self.asked_on_birthdays),
            _ => Some(&self.asked),
        }
    }

    /// What rewards ask of the member store.
    pub const fn asked_for_rewards(&self) -> &Asked {
        &self.asked_for_rewards
    }

    /// A voucher by its id.
    pub fn voucher(&self, id: &AuthorId) -> Option<&Voucher> {
        self.document.vouchers.iter().find(|voucher| voucher.id == *id)
    }

    /// A badge by its id.
    pub fn badge(&self, id: &AuthorId) -> Option<&Badge> {
        self.document.badges.iter().find(|badge| badge.id == *id)
    }

    /// A challenge by its id.
    pub fn challenge(&self, id: &AuthorId) -> Option<&Challenge> {
        self.document.challenges.iter().find(|challenge| challenge.id == *id)
    }

    /// A tier track by its id.
    pub fn track(&self, id: &AuthorId) -> Option<&TierTrack> {
        self.document.tiers.iter().find(|t| t.id == *id)
    }
}

impl Noted {
    fn add(&mut self, other: Self) {
        self.nth |= other.nth;
        self.since_last |= other.since_last;
        self.windows_before = self.windows_before.max(other.windows_before);
    }
}

impl Document {
    /// The currency that something takes: the one it names, or the only one that members spend.
    pub fn spent(&self, named: Option<&AuthorId>) -> Option<&Currency> {
        let mut redeemable = self.currencies.iter().filter(|it| it.kind == CurrencyKind::Redeemable);
        match named {
            Some(id) => redeemable.find(|currency| currency.id == *id),
            None => redeemable.next().filter(|_| redeemable.next().is_none()),
        }
    }

    /// Every requirement that the document makes, without those within them.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        let levels = self.tiers.iter().flat_map(|track| &track.levels);
        let of_levels = levels.flat_map(|level| [&level.reach, &level.keep, &level.lifetime]).flatten();
        of_levels.chain(self.challenges.iter().map(|challenge| &challenge.complete))
    }

    /// Every condition on an activity that the document holds, without those within them.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let rules = self.earning.iter().flat_map(rules_in).filter_map(|rule| rule.when.as_ref());
        let stages = self.earning.iter().flat_map(|earning| &earning.multipliers);
        let factors = stages.flat_map(|stage| &stage.factors).filter_map(|factor| factor.when.as_ref());
        let counters = self.counters.iter().filter_map(|counter| counter.when.as_ref());
        let limits = self.limits.iter().filter_map(|limit| limit.when.as_ref());
        let grants = self.grants.iter().filter_map(|grant| grant.when.as_ref());
        let referrals = self.referrals.iter().filter_map(|referral| referral.when.as_ref());
        rules.chain(factors).chain(counters).chain(limits).chain(grants).chain(referrals)
    }
}

impl Currency {
    /// Minor units of one whole point.
    pub const fn unit(&self) -> Ratio {
        Ratio::whole(match self.scale {
            0 => 1,
            1 => 10,
            2 => 100,
            3 => 1_000,
            _ => 10_000,
        })
    }

    /// What members see.
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

impl TierTrack {
    /// The place of a level in the track, 0 for the lowest.
    pub fn rank(&self, level: &AuthorId) -> Option<usize> {
        self.levels.iter().position(|l| l.id == *level)
    }

    /// The level below which who holds the one at `rank` never falls.
    pub fn floor(&self, rank: usize) -> Option<usize> {
        self.levels.iter().take(rank.saturating_add(1)).rposition(|level| level.never_below)
    }

    /// The counters that its levels ask for, each as often as it is asked for.
    pub fn asked(&self) -> Vec<&AuthorId> {
        let mut ids = Vec::new();
        for level in &self.levels {
            let all = [&level.reach, &level.keep, &level.lifetime];
            for asked in all.into_iter().flatten() {
                asked.thresholds(&mut |it| ids.push(&it.id));
                asked.streaks(&mut |it| ids.push(&it.counter));
            }
        }
        ids
    }
}

impl Requirement {
    /// Shows every threshold in it.
    pub fn thresholds<'a>(&'a self, show: &mut impl FnMut(&'a Threshold)) {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().for_each(|one| one.thresholds(show)),
            Self::AtLeast(some) => some.of.iter().for_each(|one| one.thresholds(show)),
            Self::Counter(threshold) => show(threshold),
            Self::Streak(_) => {}
        }
    }

    /// Whether a streak is in it.
    pub fn has_streaks(&self) -> bool {
        let mut any = false;
        self.streaks(&mut |_| any = true);
        any
    }

    /// Shows every streak in it.
    pub fn streaks<'a>(&'a self, show: &mut impl FnMut(&'a Streak)) {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().for_each(|one| one.streaks(show)),
            Self::AtLeast(some) => some.of.iter().for_each(|one| one.streaks(show)),
            Self::Counter(_) => {}
            Self::Streak(streak) => show(streak),
        }
    }
}

fn takes_over(document: &Document) -> bool {
    document.counters.iter().any(|counter| !counter.start.is_zero())
        || document.tiers.iter().flat_map(|track| &track.levels).any(|level| !level.replaces.is_empty())
}

impl Compiled {
    fn of(document: &Document, window_caps: &[WindowCap]) -> Self {
        let rules = document.earning.iter().enumerate().flat_map(|(index, earning)| {
            (0..).zip(rules_in(earning)).map(move |(number, rule)| (rule.id.clone(), (index, number)))
        });
        Self {
            indexes: document.earning.iter().map(Index::of).collect(),
            rules: rules.collect(),
            counters: places(document.counters.iter().map(|counter| &counter.id)),
            window_caps: places(window_caps.iter().map(|cap| &cap.id)),
            budgets: places(document.budgets.iter().map(|budget| &budget.id)),
        }
    }
}

fn places<'a>(ids: impl Iterator<Item = &'a AuthorId>) -> Map<AuthorId, usize> {
    ids.enumerate().map(|(place, id)| (id.clone(), place)).collect()
}

/// The rule with a number, found by descending.
fn rule_at<'a>(earning: &'a Earning, places: &[Place], number: u32) -> Option<&'a Rule> {
    let at = Place::holding(places, number)?;
    match earning.groups.get(at) {
        Some(group) => rule_under(group, &places.get(at)?.members, number),
        None => earning.after.get(at.checked_sub(earning.groups.len())?),
    }
}

fn rule_under<'a>(group: &'a Group, places: &[Place], number: u32) -> Option<&'a Rule> {
    let at = Place::holding(places, number)?;
    match group.members.get(at)? {
        GroupMember::Rule(rule) => Some(rule),
        GroupMember::Group(inner) => rule_under(inner, &places.get(at)?.members, number),
    }
}

/// Every rule of a currency's earning, in the order of the document.
pub(crate) fn rules_in(earning: &Earning) -> Vec<&Rule> {
    let grouped = earning.groups.iter().flat_map(rules_under);
    grouped.chain(&earning.after).collect()
}

/// Every rule of a group and the groups within it.
fn rules_under(group: &Group) -> Vec<&Rule> {
    let each = group.members.iter().map(|member| match member {
        GroupMember::Rule(rule) => vec![rule],
        GroupMember::Group(inner) => rules_under(inner),
    });
    each.flatten().collect()
}

/// A group and the groups within it.
fn groups_under(group: &Group) -> Vec<&Group> {
    let inner = group.members.iter().filter_map(|member| match member {
        GroupMember::Group(inner) => Some(groups_under(inner)),
        GroupMember::Rule(_) => None,
    });
    std::iter::once(group).chain(inner.flatten()).collect()
}

/// What conditions and streaks ask of counters beside the amounts of their present windows.
fn noted(document: &Document) -> Vec<(AuthorId, Noted)> {
    let mut all: Vec<(AuthorId, Noted)> = Vec::new();
    let mut ask = |id: &AuthorId, asked: Noted| match all.iter_mut().find(|(known, _)| known == id) {
        Some((_, noted)) => noted.add(asked),
        None => all.push((id.clone(), asked)),
    };
    for condition in document.conditions() {
        condition.walk(&mut |one| match one {
            Condition::Nth(test) => ask(&test.counter, Noted { nth: true, ..Noted::default() }),
            Condition::SinceLast(test) => ask(&test.counter, Noted { since_last: true, ..Noted::default() }),
            _ => {}
        });
    }
    for requirement in document.requirements() {
        requirement.streaks(&mut |streak| {
            let windows_before = streak.windows.saturating_sub(1);
            ask(&streak.counter, Noted { windows_before, ..Noted::default() });
        });
    }
    all
}

/// Where budgets are named, each with the rules under it.
fn budget_places(document: &Document) -> Vec<WindowCap> {
    let mut named: Vec<(&AuthorId, &AuthorId, Vec<&Rule>)> = Vec::new();
    for earning in &document.earning {
        let currency = &earning.currency;
        named.extend(earning.budget.iter().map(|id| (id, currency, Vec::new())));
        for group in earning.groups.iter().flat_map(groups_under) {
            named.extend(group.budget.iter().map(|id| (id, currency, rules_under(group))));
        }
        for rule in rules_in(earning) {
            named.extend(rule.budget.iter().map(|id| (id, currency, vec![rule])));
        }
    }
    let places = named.into_iter().filter_map(|(id, currency, rules)| {
        let budget = document.budgets.iter().find(|budget| budget.id == *id)?;
        let rules = rules.into_iter().map(|rule| rule.id.clone()).collect();
        Some(WindowCap { id: id.clone(), currency: currency.clone(), window: budget.window, rules })
    });
    places.collect()
}

/// The caps of windows in a currency's earning, each with the rules under it.
fn window_caps(earning: &Earning) -> Vec<WindowCap> {
    let mut caps: Vec<(&Cap, Vec<&Rule>)> = earning.caps.iter().map(|cap| (cap, Vec::new())).collect();
    for group in earning.groups.iter().flat_map(groups_under) {
        caps.extend(group.caps.iter().map(|cap| (cap, rules_under(group))));
    }
    for rule in rules_in(earning) {
        caps.extend(rule.caps.iter().map(|cap| (cap, vec![rule])));
    }
    let of_windows = caps.into_iter().filter_map(|(cap, rules)| match cap.per {
        CapScope::Window(window) => Some(WindowCap {
            id: cap.id.clone(),
            currency: earning.currency.clone(),
            window,
            rules: rules.into_iter().map(|rule| rule.id.clone()).collect(),
        }),
        CapScope::Activity | CapScope::Balance => None,
    });
    of_windows.collect()
}
