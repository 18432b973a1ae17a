//! Awards that may not be spent yet, and what becomes of each line of them.

use loyalty_core::activity::{Activity, CustomEvent};
use loyalty_core::program::document::{Currency, Expiry, RuleExpiry, Vest};

use crate::calendar::{self, Calendar, Instant, Moment, NEVER, later, window_end};
use crate::history::Past;
use crate::lots::Lapses;
use crate::number::BigInt;
use crate::rating::{OwnTerms, Rated};
use crate::share::Share;
use crate::{Model, Refused};

/// Where the points of a line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They wait.
    Pending,
    /// They were put where points lapse like this.
    Available(Lapses),
    /// They were cancelled.
    Cancelled,
}

/// An award.
#[derive(Debug, Clone)]
pub struct Given {
    /// The currency.
    pub currency: String,
    /// The points of each line.
    pub share: Share,
    /// Where they are.
    pub fates: Vec<Fate>,
    /// What each cap of a window counts of it.
    pub caps: Vec<(String, Share)>,
    /// The terms.
    pub terms: OwnTerms,
    /// When what waits vests, or is cancelled where it waits for an event.
    pub due: Instant,
    /// Whether somebody has to approve it first.
    pub review: bool,
    /// Where the points of each line go once approved, if an event has let them vest under review.
    pub heard: Vec<Option<Lapses>>,
    /// When the points lapse that may be spent at `due`.
    pub lapse: Lapses,
}

impl Given {
    /// What a rating gave at a moment.
    pub fn new(rated: Rated, currency: &Currency, now: Moment, calendar: &Calendar) -> Self {
        let date = now.date;
        let start = match &rated.terms.vest {
            None => date,
            Some(Vest::On(start)) => calendar::date(*start).max(date),
            Some(Vest::After(span)) => later(date, *span),
            Some(Vest::Event(event)) => later(date, event.within).succ_opt().expect("a day later"),
        };
        let waits = start > date;
        let due = calendar.start_of(start);
        let lapse = lapse(&rated.terms.expiry, currency, Moment { date: start, ..now }, calendar);
        let fate = if waits { Fate::Pending } else { Fate::Available(lapse) };
        Self {
            currency: currency.id.to_string(),
            fates: vec![fate; rated.award.lines.len()],
            heard: vec![None; rated.award.lines.len()],
            review: false,
            lapse,
            share: rated.award,
            caps: rated.caps,
            terms: rated.terms,
            due,
        }
    }

    /// The same, to be approved by somebody first.
    pub fn under_review(self) -> Self {
        Self { review: true, fates: vec![Fate::Pending; self.fates.len()], ..self }
    }

    /// What became of it by itself up to `now`, had nobody looked at it.
    pub fn by_now(&self, now: Instant) -> Fate {
        match self.due > now {
            true => Fate::Pending,
            false if self.waits_for_event() => Fate::Cancelled,
            false => Fate::Available(self.lapse),
        }
    }

    pub fn waits_for_event(&self) -> bool {
        matches!(self.terms.vest, Some(Vest::Event(_)))
    }

    /// What an event does: true lets the points vest, false cancels them.
    fn heeds(&self, event: &CustomEvent) -> Option<bool> {
        match &self.terms.vest {
            Some(Vest::Event(wanted)) if wanted.name == event.name => Some(true),
            Some(Vest::Event(wanted)) if wanted.cancelled_by.contains(&event.name) => Some(false),
            _ => None,
        }
    }
}

/// When points that may be spent from a moment on lapse.
pub fn lapse(own: &Option<RuleExpiry>, currency: &Currency, from: Moment, calendar: &Calendar) -> Lapses {
    let expiry = match own {
        Some(RuleExpiry::Never) => return Lapses::At(NEVER),
        Some(RuleExpiry::By(expiry)) => *expiry,
        None => match &currency.expiry {
            None => return Lapses::At(NEVER),
            Some(expiry) if expiry.by_activity.is_some() => return Lapses::ByActivity,
            Some(expiry) => Expiry { after: expiry.after.expect("a date"), to_end_of: expiry.to_end_of },
        },
    };
    Lapses::At(end_of(expiry, from, calendar))
}

/// When a life that begins at a moment is over.
pub fn end_of(expiry: Expiry, from: Moment, calendar: &Calendar) -> Instant {
    let last_day = later(from.date, expiry.after);
    match expiry.to_end_of {
        None => calendar.after_last_day(last_day),
        Some(window) => calendar.start_or_never(window_end(window, last_day, from.enrolled)),
    }
}

impl Model {
    /// Pending points of a currency at `settled_to`, in minor units.
    pub fn pending(&self, currency: &str) -> BigInt {
        let awards = self.past.iter().flat_map(|past| past.awards.iter().map(move |given| (past, given)));
        let own = awards.filter(|(_, given)| given.currency == currency);
        own.map(|(past, given)| points_of(past, given, &|fate, _| fate == Fate::Pending)).sum()
    }

    /// Points of a currency that waited and may be spent since, in minor units.
    pub fn vested(&self, currency: &str) -> BigInt {
        let awards = self.past.iter().flat_map(|past| past.awards.iter().map(move |given| (past, given)));
        let own = awards.filter(|(past, given)| {
            given.currency == currency && given.due > self.calendar.start_of(past.moment.date)
        });
        own.map(|(past, given)| points_of(past, given, &|fate, _| matches!(fate, Fate::Available(_)))).sum()
    }

    /// The first instant at which something that waits falls due.
    pub(crate) fn first_due(&self) -> Option<Instant> {
        let all = self.past.iter().flat_map(|past| &past.awards);
        let waiting = all.filter(|given| !given.review && given.fates.contains(&Fate::Pending));
        waiting.map(|given| given.due).min()
    }

    /// Lets vest, or cancels, all that falls due at `at`.
    pub(crate) fn fall_due(&mut self, at: Instant) {
        for past in 0..self.past.len() {
            for award in 0..self.past[past].awards.len() {
                let given = &self.past[past].awards[award];
                if !given.review && given.due == at && given.fates.contains(&Fate::Pending) {
                    let vests = !given.waits_for_event();
                    if !vests {
                        self.read_for_what_waits(&self.past[past], given);
                    }
                    let enrolled = self.past[past].moment.enrolled;
                    let now = Moment { at, date: self.calendar.date_at(at), enrolled };
                    self.decide_fate((past, award), vests, &|_| true, now);
                }
            }
        }
    }

    /// Applies what an event says of a purchase. Nothing happens where nothing waits for it.
    pub(crate) fn heed(&mut self, event: &CustomEvent, now: Moment) {
        let Some(past) = self.named(event) else { return };
        let named = |line: usize| {
            event.lines.is_empty() || event.lines.iter().any(|number| usize::from(*number) == line + 1)
        };
        for award in 0..self.past[past].awards.len() {
            let given = &self.past[past].awards[award];
            let Some(vests) = given.heeds(event) else { continue };
            let heard = given.heard.clone();
            let named = |line: usize| named(line) && heard[line].is_none();
            if given.review && vests {
                let currency = self.document.currencies.iter().find(|it| it.id.as_str() == given.currency);
                let currency = currency.expect("an award's currency");
                let lapse = lapse(&given.terms.expiry, currency, now, &self.calendar);
                let waiting =
                    (0..heard.len()).filter(|line| given.fates[*line] == Fate::Pending && named(*line));
                for line in waiting.collect::<Vec<_>>() {
                    self.past[past].awards[award].heard[line] = Some(lapse);
                }
            } else {
                self.decide_fate((past, award), vests, &named, now);
            }
        }
    }

    /// Why an event is refused for the purchase and lines that it names.
    pub(crate) fn refuses(&self, event: &CustomEvent) -> Option<Refused> {
        if event.of.is_none() {
            return (!event.lines.is_empty()).then_some(Refused::LinesWithoutPurchase);
        }
        let Some(past) = self.named(event) else { return Some(Refused::PurchaseNotFound) };
        let most = self.past[past].lines().len();
        event.lines.iter().any(|n| !(1..=most).contains(&usize::from(*n))).then_some(Refused::LineNotFound)
    }

    fn named(&self, event: &CustomEvent) -> Option<usize> {
        let of = event.of.as_ref()?;
        self.past.iter().position(|past| matches!(&past.activity, Activity::Purchase(p) if p.id == *of))
    }

    fn decide_fate(
        &mut self,
        (past, award): (usize, usize),
        vests: bool,
        named: &dyn Fn(usize) -> bool,
        now: Moment,
    ) {
        let given = &self.past[past].awards[award];
        let currency = self.document.currencies.iter().find(|it| it.id.as_str() == given.currency);
        let currency = currency.expect("an award's currency");
        let fate = match vests {
            true => Fate::Available(lapse(&given.terms.expiry, currency, now, &self.calendar)),
            false => Fate::Cancelled,
        };
        self.put_lines((past, award), fate, named);
    }

    /// Gives lines that wait another fate.
    pub(crate) fn put_lines(
        &mut self,
        (past, award): (usize, usize),
        fate: Fate,
        named: &dyn Fn(usize) -> bool,
    ) {
        let given = &self.past[past].awards[award];
        let chosen = |was: Fate, line: usize| was == Fate::Pending && named(line);
        let points = points_of(&self.past[past], given, &chosen);
        let (id, partner) = (given.currency.clone(), given.terms.partner.clone());
        let lots = self.lots.entry(id).or_default();
        match fate {
            Fate::Available(lapse) => lots.vest(&points, (lapse, partner)),
            _ => {
                lots.totals.earned -= &points;
                lots.totals.cancelled += points;
            }
        }
        let fates = self.past[past].awards[award].fates.iter_mut().enumerate();
        fates.filter(|(line, was)| chosen(**was, *line)).for_each(|(_, was)| *was = fate);
    }
}

/// What is kept of the lines of an award whose fate is a wanted one.
fn points_of(past: &Past, given: &Given, wanted: &dyn Fn(Fate, usize) -> bool) -> BigInt {
    let lines = past.kept(&given.share).into_iter().zip(&given.fates).enumerate();
    lines.filter(|(line, (_, fate))| wanted(**fate, *line)).map(|(_, (points, _))| points).sum()
}
