//! What keeps a version from following others: an id must go on meaning what it meant, and what members hold
//! must not vanish.
//!
//! An id means the same as long as these do not change:
//! - a currency: its scale;
//! - a counter: all that defines it, and of spend also the program's money; where it starts is no part of it;
//! - a rule: the currency it earns, its trigger, and what it measures (the basis, or nothing for fixed points).
//!   How much it gives, when, and for which lines may change;
//! - a cap: the currency, the rule or group it limits, and over what it adds up. The amount may change;
//! - a budget: its currency and its window. The amount, and what comes out of it, may change;
//! - a limit against fraud: what it measures, of spend and amounts also the program's money, and its window. How
//!   much is within it, when, and its answer may change;
//! - a grant: its trigger, what it gives, and the window in which that is limited. When, and how often, may change;
//! - a referral: its currency, and the window in which it is limited. When, and how much, may change;
//! - a reward: the window in which it is limited, if it is;
//! - a conversion: its currency; its id was that of no voucher. When, and how much, may change;
//! - a cap of transfers: its currency and its window. The amount may change;
//! - a level: its track, and its order among the levels that stay.

use std::collections::HashMap;

use super::Program;
use super::document::{
    Basis, Conversion, Counted, Counter, Document, Grant, Level, Measure, Referral, Rule, Sharing, Start,
    TierTrack, TransferCap, Trigger, Usual,
};
use super::walk::{self, Limit, Placed};
use crate::id::AuthorId;
use crate::limits::kept;
use crate::problem::Problem;
use crate::time::Window;

impl Program {
    /// What keeps this version from following the others: `published` are all of them, oldest first, and the
    /// last is the one in force when this one takes force. Empty where nothing does.
    ///
    /// Paths lead into this version's document. Codes: `counter_changed`, `scale_changed`, `rule_reused`,
    /// `cap_reused`, `budget_reused`, `limit_reused`, `grant_reused`, `referral_reused`, `voucher_removed`, `badge_removed`, `currency_removed`, `partner_removed`, `track_removed`, `level_removed`,
    /// `levels_reordered`, `start_unknown`, `start_differs`.
    pub fn compatible_with(&self, published: &[&Program]) -> Vec<Problem> {
        let mut problems = self.reused_ids(published);
        if let Some(newest) = published.last() {
            problems.extend(self.lost_since(newest));
        }
        problems
    }

    /// Ids that meant something else in any of these versions, and counters that start from nothing known.
    pub(crate) fn reused_ids(&self, published: &[&Program]) -> Vec<Problem> {
        let document = self.document();
        let mut problems = Vec::new();
        // The newest that has an id comes first: an id that changed its meaning is said once.
        let older: Vec<&Document> = published.iter().rev().map(|program| program.document()).collect();
        scales(document, &older, &mut problems);
        counters(document, &older, &mut problems);
        rules(document, &older, &mut problems);
        caps(document, &older, &mut problems);
        budgets(document, &older, &mut problems);
        limits(document, &older, &mut problems);
        grants(document, &older, &mut problems);
        referrals(document, &older, &mut problems);
        conversions(document, &older, &mut problems);
        rewards(document, &older, &mut problems);
        problems
    }

    /// What members hold under the version before and would lose under this one.
    pub(crate) fn lost_since(&self, before: &Program) -> Vec<Problem> {
        let mut problems = Vec::new();
        for currency in &before.document().currencies {
            if self.currency(&currency.id).is_none() {
                let message =
                    format!("the currency `{}` is gone, and members may hold points of it", currency.id);
                let help = "keep it declared; without `earning` nobody gets more of it";
                problems.push(Problem::new("currency_removed", "/currencies", message, help));
            }
        }
        for partner in &before.document().partners {
            if !self.document().partners.iter().any(|it| it.id == partner.id) {
                let message =
                    format!("the partner `{}` is gone, and may pay for points that members hold", partner.id);
                let help = "keep it declared; without `funded_by` it pays for no more of them";
                problems.push(Problem::new("partner_removed", "/partners", message, help));
            }
        }
        self.lost_gifts(before, &mut problems);
        for old in &before.document().tiers {
            let tracks = &self.document().tiers;
            match tracks.iter().position(|track| track.id == old.id) {
                Some(index) => levels(tracks, index, old, &mut problems),
                None => {
                    let message = format!("the track `{}` is gone, and members hold levels of it", old.id);
                    let help = "keep it with its lowest level, which `replaces` the others";
                    problems.push(Problem::new("track_removed", "/tiers", message, help));
                }
            }
        }
        problems
    }
}

impl Program {
    /// Vouchers and badges that members hold and that are declared no more.
    fn lost_gifts(&self, before: &Program, problems: &mut Vec<Problem>) {
        let help = "keep it declared; without a grant nobody gets more of it";
        for old in before.document().vouchers.iter().filter(|old| self.voucher(&old.id).is_none()) {
            let message = format!("the voucher `{}` is gone, and members may hold it", old.id);
            problems.push(Problem::new("voucher_removed", "/vouchers", message, help));
        }
        for old in before.document().badges.iter().filter(|old| self.badge(&old.id).is_none()) {
            let message = format!("the badge `{}` is gone, and members may have it", old.id);
            problems.push(Problem::new("badge_removed", "/badges", message, help));
        }
    }
}

fn scales(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    for (index, currency) in document.currencies.iter().enumerate() {
        let before = older.iter().flat_map(|old| &old.currencies);
        let changed = before.filter(|old| old.id == currency.id).find(|old| old.scale != currency.scale);
        if let Some(old) = changed {
            let message = format!("the currency `{}` had {} decimals before", currency.id, old.scale);
            let help = "keep the scale, or declare a new currency";
            problems.push(Problem::new("scale_changed", format!("/currencies/{index}/scale"), message, help));
        }
    }
}

fn counters(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    for (index, counter) in document.counters.iter().enumerate() {
        let path = format!("/counters/{index}");
        let meant = older.iter().flat_map(|old| old.counters.iter().map(move |it| (it, &old.money)));
        let mut meant = meant.filter(|(old, _)| old.id == counter.id).peekable();
        let known = meant.peek().is_some();
        if meant
            .any(|(old, money)| !same_counter(old, counter) || counts_other_money(counter, money, document))
        {
            let message = format!("the counter `{}` counted something else before", counter.id);
            let help = "give it a new id, and say with `start` what it begins with";
            problems.push(Problem::new("counter_changed", path, message, help));
        } else if !known && !older.is_empty() {
            problems.extend(unfounded_start(counter, older, path));
        }
    }
}

fn same_counter(old: &Counter, new: &Counter) -> bool {
    Counter { start: Start::Zero, ..old.clone() } == Counter { start: Start::Zero, ..new.clone() }
}

fn counts_other_money(counter: &Counter, money: &str, document: &Document) -> bool {
    matches!(counter.counts, Counted::Spend(Basis::Gross | Basis::NetOfStore | Basis::NetPaid))
        && money != document.money
}

/// What is wrong with the beginning of a counter that is new.
fn unfounded_start(counter: &Counter, older: &[&Document], path: String) -> Option<Problem> {
    let Start::Copy(source) = &counter.start else { return None };
    let path = format!("{path}/start/copy");
    let found = older.iter().flat_map(|old| old.counters.iter().map(move |it| (it, *old)));
    let Some((old, its)) = found.into_iter().find(|(old, _)| old.id == *source) else {
        let message = format!("no published version has a counter `{source}`");
        let help = "name a counter of an older version, or start at zero";
        return Some(Problem::new("start_unknown", path, message, help));
    };
    if old.window == counter.window && unit(old, its) == unit(counter, its) {
        return None;
    }
    let message = format!("`{}` and `{source}` differ in their window or unit", counter.id);
    let help = "copy a counter of the same window and unit, or start at zero";
    Some(Problem::new("start_differs", path, message, help))
}

/// What a counter's numbers are.
#[derive(PartialEq)]
enum Unit {
    /// Minor units of a currency of this scale.
    Points(u8),
    /// Whole points of several currencies.
    WholePoints,
    /// Money, or another basis.
    Amount(bool),
    /// Things.
    Number,
    /// Days, of which each is kept.
    Days,
}

fn unit(counter: &Counter, document: &Document) -> Unit {
    match &counter.counts {
        Counted::Earned(currency) => {
            Unit::Points(document.currencies.iter().find(|c| c.id == *currency).map_or(0, |c| c.scale))
        }
        Counted::EarnedOfKind(_) => Unit::WholePoints,
        Counted::Spend(basis) => Unit::Amount(matches!(basis, Basis::Quantity | Basis::Attribute(_))),
        Counted::Sum(_) => Unit::Amount(true),
        Counted::Purchases | Counted::Events(_) => Unit::Number,
        Counted::Days => Unit::Days,
    }
}

/// What makes a rule the rule that it is.
#[derive(PartialEq)]
struct Meaning<'a> {
    currency: &'a AuthorId,
    on: &'a Trigger,
    /// Absent where it gives fixed points.
    measures: Option<&'a Basis>,
}

fn meaning<'a>(rule: &Placed<'a, &'a Rule>) -> Meaning<'a> {
    let measures = Some(&rule.it.basis).filter(|_| rule.it.fixed.is_none());
    Meaning { currency: rule.currency, on: &rule.it.on, measures }
}

fn rules(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    let mut meant: HashMap<&AuthorId, Vec<Placed<'_, &Rule>>> = HashMap::new();
    for rule in older.iter().flat_map(|old| walk::rules(old)) {
        meant.entry(&rule.it.id).or_default().push(rule);
    }
    for rule in walk::rules(document) {
        let before = meant.get(&rule.it.id).map_or(&[][..], Vec::as_slice);
        if before.iter().any(|old| meaning(old) != meaning(&rule)) {
            let message = format!("the id `{}` meant another rule before", rule.it.id);
            let help = "give the rule a new id: another currency, trigger or basis is another rule";
            problems.push(Problem::new("rule_reused", format!("{}/id", rule.path), message, help));
        }
    }
}

fn caps(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    let mut meant: HashMap<&AuthorId, Vec<Placed<'_, Limit<'_>>>> = HashMap::new();
    for limit in older.iter().flat_map(|old| walk::caps(old)) {
        meant.entry(&limit.it.cap.id).or_default().push(limit);
    }
    let same = |a: &Placed<'_, Limit<'_>>, b: &Placed<'_, Limit<'_>>| {
        (a.currency, a.it.rule, a.it.group, a.it.cap.per) == (b.currency, b.it.rule, b.it.group, b.it.cap.per)
    };
    let of_transfers: Vec<_> = older.iter().flat_map(|old| transfer_caps(old)).collect();
    for limit in walk::caps(document) {
        let before = meant.get(&limit.it.cap.id).map_or(&[][..], Vec::as_slice);
        let transfers = of_transfers.iter().any(|(_, _, cap)| cap.id == limit.it.cap.id);
        if transfers || before.iter().any(|old| !same(old, &limit)) {
            problems.push(cap_reused(&limit.it.cap.id, &limit.path));
        }
    }
    for (path, currency, cap) in transfer_caps(document) {
        let mut before = of_transfers.iter().filter(|(_, _, old)| old.id == cap.id);
        let changed = before.any(|(_, was, old)| (*was, old.window) != (currency, cap.window));
        if changed || meant.contains_key(&cap.id) {
            problems.push(cap_reused(&cap.id, &path));
        }
    }
}

/// Every cap of transfers, with its place and its currency.
fn transfer_caps(document: &Document) -> Vec<(String, &AuthorId, &TransferCap)> {
    let of = document.transfers.iter().flat_map(|transfers| &transfers.of).enumerate();
    let caps = of.flat_map(|(place, of)| {
        let path = move |index| format!("/transfers/of/{place}/caps/{index}");
        of.caps.iter().enumerate().map(move |(index, cap)| (path(index), &of.currency, cap))
    });
    caps.collect()
}

fn cap_reused(id: &AuthorId, path: &str) -> Problem {
    let message = format!("the id `{id}` meant another cap before");
    let help = "give the cap a new id: what it limits, or over what it adds up, has changed";
    Problem::new("cap_reused", format!("{path}/id"), message, help)
}

fn budgets(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    for (index, budget) in document.budgets.iter().enumerate() {
        let mut before = older.iter().flat_map(|old| &old.budgets).filter(|old| old.id == budget.id);
        if before.any(|old| (&old.currency, old.window) != (&budget.currency, budget.window)) {
            let message = format!("the id `{}` meant another budget before", budget.id);
            let help = "give the budget a new id: its currency, or its window, has changed";
            problems.push(Problem::new("budget_reused", format!("/budgets/{index}/id"), message, help));
        }
    }
}

fn limits(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    for (index, limit) in document.limits.iter().enumerate() {
        let before = older.iter().flat_map(|old| old.limits.iter().map(move |it| (it, *old)));
        let mut before = before.filter(|(old, _)| old.id == limit.id);
        if before.any(|(old, its)| measured(old, its) != measured(limit, document)) {
            let message = format!("the id `{}` meant another limit before", limit.id);
            let help = "give the limit a new id: what it measures, or its window, has changed";
            problems.push(Problem::new("limit_reused", format!("/limits/{index}/id"), message, help));
        }
    }
}

fn grants(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    let meaning = |grant: &Grant| (grant.on.clone(), grant.give.clone(), grant.at_most.map(|it| it.window));
    for (index, grant) in document.grants.iter().enumerate() {
        let mut before = older.iter().flat_map(|old| &old.grants).filter(|old| old.id == grant.id);
        if before.any(|old| meaning(old) != meaning(grant)) {
            let message = format!("the id `{}` meant another grant before", grant.id);
            let help = "give the grant a new id: its trigger, what it gives or its window has changed";
            problems.push(Problem::new("grant_reused", format!("/grants/{index}/id"), message, help));
        }
    }
}

fn referrals(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    let meaning = |it: &Referral| (it.currency.clone(), it.at_most.map(|it| it.window));
    for (index, referral) in document.referrals.iter().enumerate() {
        let mut before = older.iter().flat_map(|old| &old.referrals).filter(|old| old.id == referral.id);
        if before.any(|old| meaning(old) != meaning(referral)) {
            let message = format!("the id `{}` meant another referral before", referral.id);
            let help = "give the referral a new id: its currency, or its window, has changed";
            problems.push(Problem::new("referral_reused", format!("/referrals/{index}/id"), message, help));
        }
    }
}

fn rewards(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    for (index, reward) in document.rewards.iter().enumerate() {
        let Some(limit) = reward.at_most else { continue };
        let before = older.iter().flat_map(|old| &old.rewards).filter(|old| old.id == reward.id);
        if before.filter_map(|old| old.at_most).any(|old| old.window != limit.window) {
            let message =
                format!("how often `{}` was redeemed was counted in another window before", reward.id);
            let help = "keep the window, or give the reward a new id";
            problems.push(Problem::new("reward_reused", format!("/rewards/{index}/id"), message, help));
        }
    }
}

/// A voucher of a member has one name, whatever it came of.
fn conversions(document: &Document, older: &[&Document], problems: &mut Vec<Problem>) {
    for (index, conversion) in document.conversions.iter().enumerate() {
        let id = &conversion.id;
        let currency =
            |of: &Document, it: &Conversion| of.spent(it.currency.as_ref()).map(|it| it.id.clone());
        let was = |old: &&Document| {
            let own = old.conversions.iter().find(|it| it.id == *id);
            old.vouchers.iter().any(|it| it.id == *id)
                || own.is_some_and(|own| currency(old, own) != currency(document, conversion))
        };
        if older.iter().any(was) {
            let message = format!("the id `{id}` meant another conversion, or a voucher, before");
            let help = "give the conversion a new id: its currency has changed, or a voucher had the id";
            let path = format!("/conversions/{index}/id");
            problems.push(Problem::new("conversion_reused", path, message, help));
        }
    }
    for (index, voucher) in document.vouchers.iter().enumerate() {
        if older.iter().any(|old| old.conversions.iter().any(|it| it.id == voucher.id)) {
            let message = format!("the id `{}` meant a conversion before", voucher.id);
            let help = "give the voucher a new id: members may hold what points became";
            problems.push(Problem::new("voucher_reused", format!("/vouchers/{index}/id"), message, help));
        }
    }
}

/// What a limit's numbers are.
#[derive(PartialEq)]
enum Measured<'a> {
    /// Slots of a window, or instants.
    Activities(Window, Option<usize>),
    /// What is added up, in which money, and where.
    Spend(&'a Basis, &'a str, Window),
    Points(&'a AuthorId, Window),
    Amount(&'a Basis, &'a str, Usual),
    Instants,
    Shared(&'a AuthorId, Sharing, Window),
    Nothing,
}

fn measured<'a>(limit: &'a super::document::Limit, document: &'a Document) -> Measured<'a> {
    match &limit.measures {
        Measure::Activities(limited) => Measured::Activities(limited.window, kept(&limit.measures)),
        Measure::Spend(limited) => Measured::Spend(&limited.basis, &document.money, limited.window),
        Measure::Points(limited) => Measured::Points(&limited.currency, limited.window),
        Measure::Amount(limited) => Measured::Amount(&limited.basis, &document.money, limited.of),
        Measure::Interval(_) => Measured::Instants,
        Measure::SinceEnrolment(_) => Measured::Nothing,
        Measure::Shared(shared) => Measured::Shared(&shared.by, shared.counts, shared.window),
    }
}

/// Levels of a track that went without saying where to, and such as changed places.
fn levels(tracks: &[TierTrack], index: usize, old: &TierTrack, problems: &mut Vec<Problem>) {
    let Some(track) = tracks.get(index) else { return };
    let path = format!("/tiers/{index}/levels");
    let goes_on = |level: &Level| track.levels.iter().any(|new| new.replaces.contains(&level.id));
    for level in old.levels.iter().filter(|level| track.rank(&level.id).is_none() && !goes_on(level)) {
        let message = format!("the level `{}` is gone, and members hold it", level.id);
        let help = "name it under `replaces` of the level that its members go on with";
        problems.push(Problem::new("level_removed", &path, message, help));
    }
    let ranks = old.levels.iter().filter_map(|level| track.rank(&level.id)).collect::<Vec<_>>();
    if !ranks.is_sorted() {
        let message = format!("levels of the track `{}` have changed places", track.id);
        let help = "keep their order, or give the levels that move new ids and `replaces`";
        problems.push(Problem::new("levels_reordered", path, message, help));
    }
}
