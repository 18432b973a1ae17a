//! The rules of the program language a second time: slow, obvious, and independent of the engine.
//!
//! A [`Model`] keeps everything that one member ever did and computes counters, caps, kept points and levels
//! from it again and again. Of `loyalty-core` it takes the data types of programs and activities, and none of
//! their arithmetic. [`generate`] makes random programs and histories to compare the engine with.
//!
//! It knows activities in order only, each recorded once, under one version of a program.

pub mod generate;
pub mod number;

mod basis;
mod calendar;
mod condition;
mod history;
mod lots;
mod rating;
mod returns;
mod share;
mod tier;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Cap, Counter, Currency, Document};
use loyalty_core::time::{OffsetTime, Timestamp};

pub use crate::calendar::Instant;
use crate::calendar::{Calendar, Moment, NEVER, later, window_end};
use crate::condition::Facts;
use crate::history::{Before, Past};
use crate::lots::Lots;
pub use crate::lots::Totals;
use crate::number::{BigInt, Exact};
use crate::rating::{Rated, Rating};
use crate::returns::{Found, Search};
use crate::tier::{Status, Tiers};

/// Why an activity is not recorded. Nothing changes then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It happened before what is settled already.
    Late,
    /// It is in another money than the program's.
    NoRate,
    /// The purchase that comes back is not there.
    PurchaseNotFound,
    /// The purchase has no such line.
    LineNotFound,
    /// More comes back than is left.
    ReturnExceedsPurchase,
    /// Nothing is left that could come back.
    AlreadyReturned,
    /// The program wants returns to name their purchase.
    Unlinked,
    /// A line of a return does not say what comes back: unlinked, it needs sku and quantity.
    LineUnnamed,
}

impl Refused {
    /// The stable code of the refusal. The engine has none for `late`: it rates late activities.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::NoRate => "no_rate",
            Self::PurchaseNotFound => "purchase_not_found",
            Self::LineNotFound => "line_not_found",
            Self::ReturnExceedsPurchase => "return_exceeds_purchase",
            Self::AlreadyReturned => "already_returned",
            Self::Unlinked => "unlinked_return",
            Self::LineUnnamed => "return_line_unnamed",
        }
    }
}

/// What one activity did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The level held before, by track.
    pub tier: BTreeMap<String, String>,
    /// Points given, in minor units, for each currency that can be earned.
    pub awards: BTreeMap<String, BigInt>,
    /// The same by line of the purchase.
    pub lines: BTreeMap<String, Vec<BigInt>>,
    /// Points taken back by a return, in minor units.
    pub taken: BTreeMap<String, BigInt>,
    /// Points that a return should have taken back, but found gone.
    pub forgiven: BTreeMap<String, BigInt>,
    /// Skus of an unlinked return that found no sale, and how many units.
    pub unmatched: Vec<(String, Exact)>,
}

/// One member under one program.
#[derive(Debug, Clone)]
pub struct Model {
    document: Document,
    calendar: Calendar,
    past: Vec<Past>,
    /// Every status of each track in the order they began; none before the first activity.
    statuses: BTreeMap<String, Vec<Status>>,
    lots: BTreeMap<String, Lots>,
    settled_to: Option<Instant>,
    enrolled: Option<NaiveDate>,
}

impl Model {
    /// A member who has done nothing yet, under a checked program.
    pub fn new(document: &Document) -> Self {
        let lots = document.currencies.iter().map(|currency| (currency.id.to_string(), Lots::default()));
        Self {
            calendar: Calendar::new(document),
            lots: lots.collect(),
            document: document.clone(),
            past: Vec::new(),
            statuses: BTreeMap::new(),
            settled_to: None,
            enrolled: None,
        }
    }

    /// Records what happened next.
    pub fn record(&mut self, activity: &Activity) -> Result<Outcome, Refused> {
        let time = activity.occurred_at();
        let own_time = self.calendar.own_time(time);
        let date = self.calendar.date_of(time);
        let outcome = match activity {
            Activity::Return(given) => {
                let found = Search::new(&self.past, &self.document.returns).find(given, date)?;
                let tier = self.begin(own_time, date);
                Outcome { tier, ..self.take_back(found) }
            }
            Activity::Purchase(purchase)
                if purchase.money.as_ref().is_some_and(|m| *m != self.document.money) =>
            {
                return Err(Refused::NoRate);
            }
            _ if self.is_late(time) => return Err(Refused::Late),
            _ => {
                let tier = self.begin(own_time, date);
                self.rate(activity, self.moment(time, date), tier)
            }
        };
        self.settle_to(own_time);
        Ok(outcome)
    }

    /// Whether something that happened at `time` comes too late to be recorded in order.
    pub fn is_late(&self, time: OffsetTime) -> bool {
        self.settled_to.is_some_and(|settled| self.calendar.own_time(time) < settled)
    }

    /// Applies what fell due up to `at`. Before the first activity nothing does.
    pub fn settle(&mut self, at: Timestamp) {
        if self.settled_to.is_some() {
            self.settle_to(Instant::from_timestamp_micros(at.micros()).expect("an instant of the calendar"));
        }
    }

    /// Up to when everything is settled.
    pub fn settled_to(&self) -> Option<Instant> {
        self.settled_to
    }

    /// Open points of a currency at `settled_to`, in minor units.
    pub fn balance(&self, currency: &str) -> BigInt {
        self.lots[currency].balance()
    }

    /// Sums over the whole history of a currency.
    pub fn totals(&self, currency: &str) -> &Totals {
        &self.lots[currency].totals
    }

    /// The value of a counter, read at what happened at `time`: points in minor units, money, or purchases.
    pub fn counter(&self, id: &str, time: OffsetTime) -> Exact {
        self.counter_at(id, self.moment(time, self.calendar.date_of(time)))
    }

    fn counter_at(&self, id: &str, read: Moment) -> Exact {
        let counter = self.document.counters.iter().find(|counter| counter.id.as_str() == id);
        history::counter(&self.past, counter.expect("a counter's id"), &self.document.currencies, read)
    }

    /// The level of a track that is held at `settled_to`.
    pub fn level(&self, track: &str) -> String {
        let track = self.document.tiers.iter().find(|it| it.id.as_str() == track).expect("a track's id");
        let held =
            self.statuses.get(track.id.as_str()).and_then(|all| all.last()).map_or(0, |held| held.level);
        track.levels[held].id.to_string()
    }

    fn levels(&self) -> BTreeMap<String, String> {
        self.document
            .tiers
            .iter()
            .map(|track| (track.id.to_string(), self.level(track.id.as_str())))
            .collect()
    }

    fn tiers(&self) -> Tiers<'_> {
        let enrolled = self.enrolled.expect("a member");
        Tiers { document: &self.document, calendar: &self.calendar, past: &self.past, enrolled }
    }

    fn moment(&self, time: OffsetTime, date: NaiveDate) -> Moment {
        Moment { at: calendar::happened(time), date, enrolled: self.enrolled.unwrap_or(date) }
    }

    /// Settles, or enrols on the first activity, before which nothing can be due; gives the levels held.
    fn begin(&mut self, own_time: Instant, date: NaiveDate) -> BTreeMap<String, String> {
        if self.settled_to.is_some() {
            self.settle_to(own_time);
        } else {
            self.enrolled = Some(self.calendar.date_at(own_time));
            let lowest = |track| self.tiers().status(track, 0, date);
            let first = self.document.tiers.iter().map(|track| (track.id.to_string(), vec![lowest(track)]));
            self.statuses = first.collect();
        }
        self.levels()
    }

    /// Tiers and lots do not look at each other, so their order among themselves makes no difference.
    fn settle_to(&mut self, at: Instant) {
        let at = self.settled_to.map_or(at, |settled| settled.max(at));
        for track in &self.document.tiers.clone() {
            while let Some(ended) = self.statuses[track.id.as_str()].last().filter(|held| held.ends <= at) {
                let next = self.tiers().after(track, ended);
                self.statuses.entry(track.id.to_string()).or_default().push(next);
            }
        }
        self.lots.values_mut().for_each(|lots| lots.lapse(at));
        self.settled_to = Some(at);
    }

    fn rate(&mut self, activity: &Activity, moment: Moment, tier: BTreeMap<String, String>) -> Outcome {
        let mut outcome = Outcome { tier, ..Outcome::default() };
        let mut past = Past {
            activity: activity.clone(),
            moment,
            awards: BTreeMap::new(),
            lapse: BTreeMap::new(),
            caps: BTreeMap::new(),
            counted: self.counted(activity, moment, &outcome.tier),
            reached: BTreeMap::new(),
            returned: Vec::new(),
        };
        for currency in &self.document.currencies {
            let Some(rated) = self.rate_in(currency, activity, moment, &outcome.tier) else { continue };
            let id = currency.id.to_string();
            let lapse = self.lapse(currency, moment);
            self.lots.entry(id.clone()).or_default().add(&rated.award.points, lapse);
            outcome.awards.insert(id.clone(), rated.award.points.clone());
            outcome.lines.insert(id.clone(), rated.award.lines.clone());
            past.awards.insert(id.clone(), rated.award);
            past.lapse.insert(id, lapse);
            past.caps.extend(rated.caps);
        }
        let counted = past.counted.clone();
        self.past.push(past);
        let reached = counted.into_iter().map(|id| (id.clone(), self.counter_at(&id, moment)));
        let reached = reached.collect();
        self.past.last_mut().expect("just pushed").reached = reached;
        self.upgrade(moment);
        outcome
    }

    /// The counters in which an activity counts.
    fn counted(
        &self,
        activity: &Activity,
        now: Moment,
        levels: &BTreeMap<String, String>,
    ) -> BTreeSet<String> {
        let before = self.before(now);
        let facts = Facts { activity, date: now.date, levels, before: &before };
        let counts = |counter: &&Counter| {
            history::looks_at(counter, activity) && counter.when.as_ref().is_none_or(|when| facts.hold(when))
        };
        self.document.counters.iter().filter(counts).map(|counter| counter.id.to_string()).collect()
    }

    fn before(&self, now: Moment) -> Before<'_> {
        Before { document: &self.document, calendar: &self.calendar, past: &self.past, now }
    }

    fn rate_in(
        &self,
        currency: &Currency,
        activity: &Activity,
        moment: Moment,
        levels: &BTreeMap<String, String>,
    ) -> Option<Rated> {
        let earning = self.document.earning.iter().find(|earning| earning.currency == currency.id)?;
        let before = self.before(moment);
        let facts = Facts { activity, date: moment.date, levels, before: &before };
        let used = |cap: &Cap, window| history::cap_used(&self.past, cap.id.as_str(), window, moment);
        Some(Rating { facts: &facts, currency, used: &used }.rate(earning))
    }

    /// When points earned then lapse.
    fn lapse(&self, currency: &Currency, earned: Moment) -> Instant {
        let Some(expiry) = currency.expiry else { return NEVER };
        let last_day = later(earned.date, expiry.after);
        match expiry.to_end_of {
            None => self.calendar.after_last_day(last_day),
            Some(window) => self.calendar.start_or_never(window_end(window, last_day, earned.enrolled)),
        }
    }

    fn upgrade(&mut self, when: Moment) {
        for track in &self.document.tiers.clone() {
            let id = track.id.to_string();
            let present = self.statuses[&id].last().map_or(0, |held| held.level);
            let reached = self.tiers().reached(track, present, when);
            self.statuses.entry(id).or_default().extend(reached);
        }
    }

    fn take_back(&mut self, found: Found) -> Outcome {
        let mut outcome = Outcome { unmatched: found.unmatched, ..Outcome::default() };
        let mut purchases: Vec<usize> = Vec::new();
        for part in &found.parts {
            if !purchases.contains(&part.purchase) {
                purchases.push(part.purchase);
            }
        }
        for purchase in purchases {
            let past = &mut self.past[purchase];
            let before = past.clone();
            let parts = found.parts.iter().filter(|part| part.purchase == purchase);
            past.returned.extend(parts.map(|part| (part.line, part.units.clone())));
            for (currency, share) in &before.awards {
                let due = before.kept(Some(share)) - past.kept(Some(share));
                let lots = self.lots.get_mut(currency).expect("every currency has its lots");
                let taken = lots.take_back(&due, before.lapse[currency]);
                *outcome.forgiven.entry(currency.clone()).or_default() += due - &taken;
                *outcome.taken.entry(currency.clone()).or_default() += taken;
            }
        }
        outcome
    }
}
