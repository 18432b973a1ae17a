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
mod vesting;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Cap, Counter, Currency, Document};
use loyalty_core::time::{Date, OffsetTime, Timestamp};

use crate::calendar::Calendar;
pub use crate::calendar::Instant;
use crate::condition::Facts;
use crate::history::Past;
use crate::lots::Lots;
pub use crate::lots::Totals;
use crate::number::{BigInt, Exact};
use crate::rating::{Rated, Rating};
use crate::returns::{Found, Search};
use crate::tier::{Status, Tiers};
use crate::vesting::{Fate, Given};

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
    /// An event names lines and no purchase.
    LinesWithoutPurchase,
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
            Self::LinesWithoutPurchase => "lines_without_purchase",
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
    enrolled_at: Option<Instant>,
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
            enrolled_at: None,
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
            Activity::Event(event) => match self.refuses(event) {
                Some(refused) => return Err(refused),
                None => {
                    let tier = self.begin(own_time, date);
                    let outcome = self.rate(activity, date, tier);
                    self.heed(event, date);
                    outcome
                }
            },
            Activity::Purchase(_) => {
                let tier = self.begin(own_time, date);
                self.rate(activity, date, tier)
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

    /// The value of a counter in the window of `date`: points in minor units, money, or purchases.
    pub fn counter(&self, id: &str, date: Date) -> Exact {
        let counter: &Counter =
            self.document.counters.iter().find(|counter| counter.id.as_str() == id).expect("a counter's id");
        history::counter(&self.past, counter, calendar::date(date))
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
        Tiers { document: &self.document, calendar: &self.calendar, past: &self.past }
    }

    /// Settles, or enrols on the first activity, before which nothing can be due; gives the levels held.
    fn begin(&mut self, own_time: Instant, date: NaiveDate) -> BTreeMap<String, String> {
        if self.settled_to.is_some() {
            self.settle_to(own_time);
        } else {
            self.enrolled_at = Some(own_time);
            let lowest = |track| self.tiers().status(track, 0, date);
            let first = self.document.tiers.iter().map(|track| (track.id.to_string(), vec![lowest(track)]));
            self.statuses = first.collect();
        }
        self.levels()
    }

    /// In the order of time: what waits, then tiers. Lots are looked at by nothing else, so they lapse at the end.
    fn settle_to(&mut self, at: Instant) {
        let at = self.settled_to.map_or(at, |settled| settled.max(at));
        loop {
            let ends =
                self.statuses.iter().filter_map(|(track, all)| Some((all.last()?.ends, track.clone())));
            let ends = ends.filter(|(ends, _)| *ends <= at).min();
            let waits = self.first_due().filter(|due| *due <= at);
            match (waits, ends) {
                (Some(due), Some((ends, track))) if ends < due => self.end_status(&track),
                (Some(due), _) => self.fall_due(due),
                (None, Some((_, track))) => self.end_status(&track),
                (None, None) => break,
            }
        }
        self.lots.values_mut().for_each(|lots| lots.lapse(at));
        self.settled_to = Some(at);
    }

    fn end_status(&mut self, track: &str) {
        let rules = self.document.tiers.iter().find(|it| it.id.as_str() == track).expect("a track");
        let ended = self.statuses[track].last().expect("a status");
        let next = self.tiers().after(rules, ended);
        self.statuses.entry(track.to_owned()).or_default().push(next);
    }

    fn rate(&mut self, activity: &Activity, date: NaiveDate, tier: BTreeMap<String, String>) -> Outcome {
        let mut outcome = Outcome { tier, ..Outcome::default() };
        let mut past = Past { activity: activity.clone(), date, awards: Vec::new(), returned: Vec::new() };
        for currency in &self.document.currencies {
            let Some(rated) = self.rate_in(currency, activity, date, &outcome.tier) else { continue };
            let given = rated.into_iter().map(|rated| Given::new(rated, currency, date, &self.calendar));
            let (id, given) = (currency.id.to_string(), given.collect::<Vec<_>>());
            let lots = self.lots.entry(id.clone()).or_default();
            let sum: BigInt = given.iter().map(|given| &given.share.points).sum();
            lots.totals.earned += &sum;
            lots.totals.accruals += u64::from(sum > BigInt::ZERO);
            let lines = outcome.lines.entry(id.clone()).or_default();
            for given in &given {
                if let [Fate::Available(lapse), ..] = given.fates[..] {
                    lots.vest(&given.share.points, (lapse, given.terms.partner.clone()));
                }
                lines.resize(given.share.lines.len(), BigInt::ZERO);
                lines.iter_mut().zip(&given.share.lines).for_each(|(sum, points)| *sum += points);
            }
            outcome.awards.insert(id, sum);
            past.awards.extend(given);
        }
        self.past.push(past);
        self.upgrade(date);
        outcome
    }

    fn rate_in(
        &self,
        currency: &Currency,
        activity: &Activity,
        date: NaiveDate,
        levels: &BTreeMap<String, String>,
    ) -> Option<Vec<Rated>> {
        let earning = self.document.earning.iter().find(|earning| earning.currency == currency.id)?;
        let facts = Facts {
            activity,
            document: &self.document,
            calendar: &self.calendar,
            date,
            enrolled_on: self.enrolled_at.map_or(date, |at| self.calendar.date_at(at)),
            levels,
        };
        let used = |cap: &Cap, window| history::cap_used(&self.past, cap.id.as_str(), window, date);
        let id = currency.id.as_str();
        let held = self.balance(id) + self.pending(id);
        Some(Rating { facts: &facts, currency, used: &used, held }.rate(earning))
    }

    fn upgrade(&mut self, date: NaiveDate) {
        for track in &self.document.tiers.clone() {
            let id = track.id.to_string();
            let present = self.statuses[&id].last().map_or(0, |held| held.level);
            let reached = self.tiers().reached(track, present, date);
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
            for given in &before.awards {
                let kept = before.kept(&given.share).into_iter().zip(past.kept(&given.share));
                let due: Vec<BigInt> = kept.map(|(before, now)| before - now).collect();
                let lots = self.lots.get_mut(&given.currency).expect("every currency has its lots");
                let [taken, forgiven] = vesting::take_back(given, &due, lots);
                *outcome.forgiven.entry(given.currency.clone()).or_default() += forgiven;
                *outcome.taken.entry(given.currency.clone()).or_default() += taken;
            }
        }
        outcome
    }
}
