//! The rules of the program language a second time: slow, obvious, and independent of the engine.
//!
//! A [`Model`] keeps everything that one member ever did and computes counters, caps, kept points and levels
//! from it again and again. Of `loyalty-core` it takes the data types of programs and activities, and none of
//! their arithmetic. [`generate`] makes random programs and histories to compare the engine with.
//!
//! It knows activities in order only, each recorded once, under one version of a program.

pub mod generate;
pub mod number;

mod award;
mod basis;
mod budgets;
mod calendar;
mod carry;
mod condition;
mod correction;
mod debt;
mod goals;
mod grants;
mod history;
mod idle;
mod limits;
mod lots;
mod membership;
mod occasion;
mod offered;
mod quotes;
mod rating;
mod referrals;
mod refused;
mod rerate;
mod returns;
mod review;
mod share;
mod spending;
mod standing;
mod tier;
mod transfers;
mod vesting;
mod vouchers;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use loyalty_core::activity::Activity;
use loyalty_core::adjustment::Adjust;
use loyalty_core::id::AuthorId;
use loyalty_core::program::document::{Cap, Counter, Currency, Document, TierTrack};
use loyalty_core::tier::TierGrant;
use loyalty_core::time::{OffsetTime, Timestamp};

use crate::award::Awards;
pub use crate::calendar::Instant;
pub use crate::calendar::NEVER;
use crate::calendar::{Calendar, Moment};
use crate::condition::{Facts, Who};
use crate::grants::Gift;
use crate::history::{Before, Past};
use crate::idle::note_award;
use crate::limits::Holding;
use crate::lots::Lots;
pub use crate::lots::Totals;
pub use crate::membership::Stopped;
use crate::number::{BigInt, Exact};
use crate::offered::Had;
use crate::rating::{Occasion, Rated, Rating};
use crate::referrals::Brought;
pub use crate::referrals::Turn;
pub use crate::refused::Refused;
use crate::returns::{Found, Search};
pub use crate::spending::{Held, Spent};
use crate::standing::{Given as Granted, Standing};
use crate::tier::Tiers;
use crate::transfers::Gave;
use crate::vesting::{Fate, Given};
use crate::vouchers::Own;
pub use crate::vouchers::{Name as VoucherName, Seen as SeenVoucher};

/// What one activity did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The level held before, by track.
    pub tier: BTreeMap<String, String>,
    /// Points given, in minor units, for each currency that can be earned.
    pub awards: BTreeMap<String, BigInt>,
    /// Points given for joining.
    pub welcome: BTreeMap<String, BigInt>,
    /// The same by line of the purchase.
    pub lines: BTreeMap<String, Vec<BigInt>>,
    /// Whether limits left only a part of the points.
    pub clipped: bool,
    /// Points taken back by a return, in minor units.
    pub taken: BTreeMap<String, BigInt>,
    /// Points that a return should have taken back, but found gone.
    pub forgiven: BTreeMap<String, BigInt>,
    /// Points given for levels and challenges, by track (empty of a challenge), id and currency.
    pub goal_awards: BTreeMap<[String; 3], BigInt>,
    /// Points of theirs taken back by a return, the same way.
    pub goal_takes: BTreeMap<[String; 3], BigInt>,
    /// Points of theirs that a return found gone.
    pub goal_forgiven: BTreeMap<[String; 3], BigInt>,
    /// Skus of an unlinked return that found no sale, and how many units.
    pub unmatched: Vec<(String, Exact)>,
}

/// One member under one program.
#[derive(Debug, Clone)]
pub struct Model {
    document: Document,
    who: Who,
    calendar: Calendar,
    past: Vec<Past>,
    /// Where the member stands on each track; nowhere before the first activity.
    standings: BTreeMap<String, Standing>,
    lots: BTreeMap<String, Lots>,
    given: Awards,
    settled_to: Option<Instant>,
    enrolled: Option<Instant>,
    /// Adjustments that need a second person, by their keys; none once somebody has said what becomes of them.
    proposals: BTreeMap<String, Option<Adjust>>,
    /// What every return brought back, by its id; none once that is undone.
    brought_back: BTreeMap<String, Option<Found>>,
    /// Every redemption, by its key.
    spent: BTreeMap<String, Spent>,
    /// Points set aside.
    holds: Vec<Held>,
    /// Every hold that was ever placed.
    placed: BTreeSet<String>,
    /// What all other members have used of each budget, as of the next activity.
    used_by_others: BTreeMap<String, Exact>,
    /// The budgets of which the newest activity was told what is left, by a moment of their windows.
    read: RefCell<Vec<(AuthorId, Moment)>>,
    /// All that grants ever gave.
    gifts: Vec<Gift>,
    /// The currencies of which the newest activity gave points that live by activity.
    gave: BTreeSet<String>,
    /// The levels before the first of returns that come one after the other.
    owes_as: Option<BTreeMap<String, String>>,
    /// Who brought the member.
    brought: Option<Brought>,
    /// What the member got for others, by their names and referrals.
    brings: BTreeMap<(String, String), referrals::Points>,
    /// What has turned of the member's own referral, and nobody has asked for yet.
    turned: Vec<Turn>,
    /// The key of what is being recorded.
    doing: String,
    /// Vouchers that points became or bought.
    own_vouchers: Vec<Own>,
    /// Every use of a voucher by its key, and whether it was undone.
    used_by: BTreeMap<String, (VoucherName, bool)>,
    /// Rewards that were had, or are held.
    had: Vec<Had>,
    /// When points become vouchers next.
    converts_next: Option<Instant>,
    /// What the member gave to others, where that is limited.
    given_away: Vec<Gave>,
    /// Why the member does not take part.
    stopped: Option<Stopped>,
    /// Every quote, by its key.
    quotes: BTreeMap<String, quotes::Given>,
}

impl Model {
    /// A member called `m` who has done nothing yet, under a checked program; nothing is known of them.
    pub fn new(document: &Document) -> Self {
        let lots = document.currencies.iter().map(|it| (it.id.to_string(), Lots::new(it.consumption)));
        Self {
            calendar: Calendar::new(document),
            lots: lots.collect(),
            document: document.clone(),
            who: Who { member: "m".to_owned(), told: loyalty_core::facts::Facts::NONE },
            past: Vec::new(),
            given: Awards::default(),
            standings: BTreeMap::new(),
            settled_to: None,
            enrolled: None,
            brought_back: BTreeMap::new(),
            proposals: BTreeMap::new(),
            spent: BTreeMap::new(),
            holds: Vec::new(),
            placed: BTreeSet::new(),
            used_by_others: BTreeMap::new(),
            read: RefCell::default(),
            gifts: Vec::new(),
            gave: BTreeSet::new(),
            owes_as: None,
            brought: None,
            brings: BTreeMap::new(),
            turned: Vec::new(),
            doing: String::new(),
            own_vouchers: Vec::new(),
            used_by: BTreeMap::new(),
            had: Vec::new(),
            converts_next: None,
            given_away: Vec::new(),
            stopped: None,
            quotes: BTreeMap::new(),
        }
    }

    /// The same for a member of another name.
    pub fn called(document: &Document, member: &str) -> Self {
        let model = Self::new(document);
        Self { who: Who { member: member.to_owned(), ..model.who }, ..model }
    }

    /// What the member store says from now on.
    pub fn told(&mut self, facts: loyalty_core::facts::Facts) {
        self.who.told = facts;
    }

    /// Records what happened next.
    pub fn record(&mut self, activity: &Activity) -> Result<Outcome, Refused> {
        self.read.take();
        self.gave.clear();
        self.doing = activity.key().expect("a key").to_string();
        let time = activity.occurred_at();
        let own_time = self.calendar.own_time(time);
        let date = self.calendar.date_of(time);
        let outcome = match activity {
            Activity::Return(given) => {
                let found = Search::new(&self.past, &self.document.returns).find(given, date)?;
                let enrols = self.settled_to.is_none();
                let tier = self.begin(own_time, date);
                self.owes_as.get_or_insert_with(|| tier.clone());
                let mut first = Outcome::default();
                if enrols {
                    self.welcome(activity, self.moment(time, date), &tier, &mut first);
                }
                let now = self.settled_to.map_or(own_time, |settled| settled.max(own_time));
                let today = if now > own_time { self.calendar.date_at(now) } else { date };
                self.brought_back.insert(given.id.to_string(), Some(found.clone()));
                let outcome =
                    Outcome { tier, welcome: first.welcome, ..self.bring_back(found, (today, now)) };
                self.renew_by(activity, self.moment(time, date));
                outcome
            }
            Activity::Purchase(purchase)
                if purchase.money.as_ref().is_some_and(|m| *m != self.document.money) =>
            {
                return Err(Refused::NoRate);
            }
            _ if self.stopped == Some(Stopped::Frozen) => return Err(Refused::Frozen),
            _ if self.stopped == Some(Stopped::Closed) => return Err(Refused::Closed),
            _ if self.is_late(time) => return Err(Refused::Late),
            _ => {
                let refused = match activity {
                    Activity::Event(event) => self.refuses(event),
                    _ => self.is_no_occasion(activity, date),
                };
                if let Some(refused) = refused {
                    return Err(refused);
                }
                let before = self.clone();
                let enrols = self.settled_to.is_none();
                let tier = self.begin(own_time, date);
                self.owes_as = None;
                match self.rate(activity, self.moment(time, date), tier, enrols) {
                    Ok(outcome) => outcome,
                    Err(refused) => {
                        *self = before;
                        return Err(refused);
                    }
                }
            }
        };
        self.repay();
        self.forfeit();
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

    /// Open points of a currency by when they lapse if nothing happens; [`NEVER`] where they do not.
    pub fn lapsing(&self, currency: &str) -> BTreeMap<Instant, BigInt> {
        self.lots[currency].buckets()
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
        let held = self.standings.get(track.id.as_str()).map_or(0, Standing::level);
        track.levels[held].id.to_string()
    }

    /// When the level of a track is decided anew or over; [`NEVER`] where it is not.
    pub fn until(&self, track: &str) -> Instant {
        self.standings[track].ends()
    }

    /// Gives a level until an end, or says the code of why not; then nothing has changed.
    pub fn grant(&mut self, grant: &TierGrant, at: Timestamp) -> Result<(), &'static str> {
        let mut after = self.clone();
        after.give(grant, at)?;
        *self = after;
        Ok(())
    }

    fn give(&mut self, grant: &TierGrant, at: Timestamp) -> Result<(), &'static str> {
        if self.settled_to.is_none() {
            return Err("unknown_member");
        }
        self.settle(at);
        let now = self.settled_to.expect("just settled");
        let track = self.document.tiers.iter().find(|it| it.id == grant.track).ok_or("unknown_tier")?;
        let level = track.levels.iter().position(|it| it.id == grant.level).ok_or("unknown_tier")?;
        let ends = Instant::from_timestamp_micros(grant.until.micros()).expect("an instant of the calendar");
        if ends <= now {
            return Err("already_over");
        }
        let standing = self.standings.get_mut(track.id.as_str()).expect("a member stands on every track");
        if level <= standing.earned().level {
            return Err("tier_not_higher");
        }
        standing.given = Some(Granted { level, ends, keep: grant.keep.clone() });
        self.follow_levels(self.moment_on(self.calendar.date_at(now), now));
        Ok(())
    }

    fn levels(&self) -> BTreeMap<String, String> {
        self.document
            .tiers
            .iter()
            .map(|track| (track.id.to_string(), self.level(track.id.as_str())))
            .collect()
    }

    fn tiers(&self) -> Tiers<'_> {
        Tiers {
            document: &self.document,
            calendar: &self.calendar,
            past: &self.past,
            enrolled: self.enrolled_on().expect("a member"),
            credits: &[],
            gross: false,
        }
    }

    fn enrolled_on(&self) -> Option<NaiveDate> {
        self.enrolled.map(|at| self.calendar.date_at(at))
    }

    fn moment(&self, time: OffsetTime, date: NaiveDate) -> Moment {
        Moment { at: calendar::happened(time), date, enrolled: self.enrolled_on().unwrap_or(date) }
    }

    /// Settles, or enrols on the first activity, before which nothing can be due; gives the levels held.
    fn begin(&mut self, own_time: Instant, date: NaiveDate) -> BTreeMap<String, String> {
        if self.settled_to.is_some() {
            self.settle_to(own_time);
        } else {
            self.enrolled = Some(own_time);
            self.converts_next = self.conversion_after(own_time);
            let first = self.document.tiers.iter();
            let first = first.map(|track| (track.id.to_string(), Standing::new(&self.tiers(), track, date)));
            self.standings = first.collect();
        }
        self.levels()
    }

    /// In the order of time, for each may look at what was before it.
    fn settle_to(&mut self, at: Instant) {
        let at = self.settled_to.map_or(at, |settled| settled.max(at));
        while let Some(next) = self.next_due().filter(|next| *next < at) {
            self.settle_at(next);
        }
        self.settle_at(at);
        self.lots.values_mut().for_each(Lots::happens);
        self.end_vouchers(at);
        self.end_own_vouchers(at);
        self.settled_to = Some(at);
    }

    /// The first instant at which anything falls due.
    fn next_due(&self) -> Option<Instant> {
        let standings = self.standings.values().map(Standing::next_due);
        let lots = self.lots.values().filter_map(|lots| lots.ends);
        let holds = self.holds.iter().map(|held| held.until);
        self.first_due().into_iter().chain(standings).chain(lots).chain(holds).chain(self.converts_next).min()
    }

    /// All of an instant: what waits, holds, levels, what is converted, and then what lapses.
    fn settle_at(&mut self, at: Instant) {
        self.lots.values_mut().for_each(Lots::happens);
        while let Some(due) = self.first_due().filter(|due| *due <= at) {
            self.fall_due(due);
            self.repay();
            self.roll_again();
        }
        if self.holds.iter().any(|held| held.until <= at) {
            self.end_holds(at);
            self.repay();
        }
        self.move_standings(|standing, tiers, track| standing.settle(tiers, track, at));
        self.follow_levels(self.moment_on(self.calendar.date_at(at), at));
        self.convert_up_to(at);
        self.lots.values_mut().for_each(|lots| lots.lapse(at));
    }

    /// An instant of a date.
    fn moment_on(&self, date: NaiveDate, at: Instant) -> Moment {
        Moment { at, date, enrolled: self.enrolled_on().unwrap_or(date) }
    }

    fn rate(
        &mut self,
        activity: &Activity,
        moment: Moment,
        tier: BTreeMap<String, String>,
        enrols: bool,
    ) -> Result<Outcome, Refused> {
        let mut outcome = Outcome::default();
        if enrols {
            self.welcome(activity, moment, &tier, &mut outcome);
        }
        outcome.tier = if enrols { self.levels() } else { tier };
        let counted = self.counted(activity, moment, &outcome.tier);
        let mut past = Past::new((activity, moment), counted, self);
        let before = self.before(&self.past, moment);
        let facts = self.facts(activity, moment, &outcome.tier, &before);
        let rate = |currency| Some((currency, self.rate_in(currency, &facts, Occasion::Itself)?));
        let mut all: Vec<(&Currency, Vec<Rated>)> =
            self.document.currencies.iter().filter_map(rate).collect();
        let held = Holding { facts: &facts, enrols }.hold(&mut all)?;
        past.measured = held.measured;
        let earns = |rated: &Rated| {
            let caps = rated.caps.iter().map(|cap| &cap.1.points);
            caps.chain([&rated.award.points]).any(|points| *points != BigInt::ZERO)
        };
        past.reviewed = held.review && all.iter().flat_map(|it| &it.1).any(earns);
        outcome.clipped = held.clipped;
        let (grants, referrals) = (self.matching(&facts, Occasion::Itself), self.referring(&facts));
        for (currency, rated) in all {
            let given = rated.into_iter().map(|rated| {
                let given = Given::new(rated, currency, moment, &self.calendar);
                if past.reviewed { given.under_review() } else { given }
            });
            let (id, given) = (currency.id.to_string(), given.collect::<Vec<_>>());
            given.iter().for_each(|given| note_award(&mut self.gave, given));
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
        past.gifts = self.give_gifts(&grants, moment);
        let counted = past.counted.clone();
        self.past.push(past);
        self.refer(&referrals, moment);
        let reached = counted.into_iter().map(|id| (id.clone(), self.counter_at(&id, moment))).collect();
        self.past.last_mut().expect("just pushed").reached = reached;
        // A credit is no occasion: numbers that it skips are not reached by it.
        self.note_credits(self.past.len() - 1);
        if let Activity::Event(event) = activity {
            self.heed(event, moment);
            self.roll_again();
        }
        self.award_goals(activity, moment, &mut outcome);
        self.past.last_mut().expect("just pushed").read = self.read.borrow().clone();
        let present = self.present();
        self.move_standings(|standing, tiers, track| standing.rise(tiers, track, moment, present));
        self.follow_levels(moment);
        self.renew_by(activity, moment);
        Ok(outcome)
    }

    /// The date in the program's zone up to which everything is settled, or the enrolment.
    fn present(&self) -> NaiveDate {
        let at = self.settled_to.or(self.enrolled).expect("a member has begun");
        self.calendar.date_at(at)
    }

    /// The counters in which an activity counts.
    fn counted(
        &self,
        activity: &Activity,
        now: Moment,
        levels: &BTreeMap<String, String>,
    ) -> BTreeSet<String> {
        let before = self.before(&self.past, now);
        let facts = self.facts(activity, now, levels, &before);
        let counts = |counter: &&Counter| {
            history::looks_at(counter, activity) && counter.when.as_ref().is_none_or(|when| facts.hold(when))
        };
        self.document.counters.iter().filter(counts).map(|counter| counter.id.to_string()).collect()
    }

    fn facts<'a>(
        &'a self,
        activity: &'a Activity,
        now: Moment,
        levels: &'a BTreeMap<String, String>,
        before: &'a Before<'a>,
    ) -> Facts<'a> {
        let (document, calendar) = (&self.document, &self.calendar);
        // Who enrols later than the date that the activity bears has done so on the zone's own date.
        let enrolled_on = self.enrolled_on().unwrap_or(now.date);
        Facts { activity, document, calendar, date: now.date, enrolled_on, levels, who: &self.who, before }
    }

    fn before<'a>(&'a self, past: &'a [Past], now: Moment) -> Before<'a> {
        Before { document: &self.document, calendar: &self.calendar, past, now }
    }

    fn rate_in(&self, currency: &Currency, facts: &Facts<'_>, occasion: Occasion<'_>) -> Option<Vec<Rated>> {
        let earning = self.document.earning.iter().find(|earning| earning.currency == currency.id)?;
        let used = |cap: &Cap, window| {
            let of_goals = self.given.cap_uses(cap.id.as_str());
            history::cap_used((&self.past, &of_goals), cap.id.as_str(), window, facts.before.now)
        };
        let left = |budget: &AuthorId| {
            self.read.borrow_mut().push((budget.clone(), facts.before.now));
            self.left_of(budget, facts.before.now)
        };
        let id = currency.id.as_str();
        let held = self.balance(id) + self.pending(id) + self.held(id);
        Some(Rating { facts, currency, occasion, used: &used, left: &left, held }.rate(earning))
    }

    /// What rolled over is worked out again where counters have changed.
    fn roll_again(&mut self) {
        let enrolled = self.enrolled.expect("a member has begun");
        self.move_standings(|standing, tiers, track| {
            let before = standing.clone();
            if let Some(carry) = &mut standing.carry {
                carry.roll_again(&before.seen(tiers, track), track, enrolled);
            }
        });
    }

    fn move_standings(&mut self, step: impl Fn(&mut Standing, &Tiers<'_>, &TierTrack)) {
        let mut standings = std::mem::take(&mut self.standings);
        for track in &self.document.tiers {
            let standing = standings.get_mut(track.id.as_str()).expect("a member stands on every track");
            step(standing, &self.tiers(), track);
        }
        self.standings = standings;
    }
}
