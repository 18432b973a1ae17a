//! What counters begin a window with, for one track: what rolled over from the window before, and a head start.

use chrono::{NaiveDate, TimeDelta};
use loyalty_core::program::document::{Document, Requirement, Rollover, TierTrack};
use loyalty_core::time::Window;

use crate::calendar::{Instant, same_window, window_end, window_start};
use crate::number::{Exact, exact, whole};
use crate::tier::Tiers;

/// What a counter begins a window with, in whole points, money or purchases.
#[derive(Debug, Clone)]
pub struct Credit {
    /// The counter.
    pub counter: String,
    /// The first date of the window.
    pub start: NaiveDate,
    /// The head start.
    pub head: Exact,
    /// What rolled over.
    pub rolled: Exact,
}

/// What a track adds to its counters.
#[derive(Debug, Clone)]
pub struct Carry {
    /// The window of all the counters.
    pub window: Window,
    /// When the next one begins.
    pub next: Instant,
    /// What they began their windows with.
    pub credits: Vec<Credit>,
}

/// The counters that roll over or have a head start.
fn carried(track: &TierTrack) -> Vec<String> {
    let rolled = track.rollover.iter().map(|it| it.counter.to_string());
    let heads = track.levels.iter().flat_map(|level| &level.head_start).map(|it| it.counter.to_string());
    let mut all: Vec<_> = rolled.chain(heads).collect();
    all.sort();
    all.dedup();
    all
}

fn window_of(document: &Document, counter: &str) -> Window {
    document.counters.iter().find(|it| it.id.as_str() == counter).expect("a checked program").window
}

fn head_of(track: &TierTrack, level: usize, counter: &str) -> Exact {
    let found = track.levels[level].head_start.iter().find(|it| it.counter.as_str() == counter);
    found.map_or(whole(0), |head| exact(head.amount))
}

impl Carry {
    /// Of a member who begins on `date`, where the track carries anything.
    pub fn new(tiers: &Tiers<'_>, track: &TierTrack, date: NaiveDate) -> Option<Self> {
        let counters = carried(track);
        let window = window_of(tiers.document, counters.first()?);
        let next = tiers.calendar.start_or_never(window_end(window, date, tiers.enrolled));
        let start = window_start(window, date, tiers.enrolled);
        let credits = counters.into_iter().map(|counter| {
            let head = head_of(track, 0, &counter);
            Credit { counter, start, head, rolled: whole(0) }
        });
        Some(Self { window, next, credits: credits.collect() })
    }

    /// Begins the next window of a member who holds `level` until then.
    pub fn turn(&mut self, tiers: &Tiers<'_>, track: &TierTrack, level: usize) {
        let start = tiers.calendar.date_at(self.next);
        for counter in carried(track) {
            let (head, rolled) =
                (head_of(track, level, &counter), self.rolled(tiers, track, &counter, start));
            self.credits.push(Credit { counter, start, head, rolled });
        }
        self.next = tiers.calendar.start_or_never(window_end(self.window, start, tiers.enrolled));
        // Those of four windows are remembered.
        let mut starts: Vec<_> = self.credits.iter().map(|it| it.start).collect();
        starts.dedup();
        let oldest = starts[starts.len().saturating_sub(4)];
        self.credits.retain(|it| it.start >= oldest);
    }

    /// What rolls over again into the newest three windows that began after `enrolled`.
    pub fn roll_again(&mut self, tiers: &Tiers<'_>, track: &TierTrack, enrolled: Instant) {
        let mut starts = vec![tiers.calendar.date_at(self.next - TimeDelta::microseconds(1))];
        starts[0] = window_start(self.window, starts[0], tiers.enrolled);
        while starts.len() < 3 {
            let before = starts[starts.len() - 1] - TimeDelta::days(1);
            starts.push(window_start(self.window, before, tiers.enrolled));
        }
        for start in starts.into_iter().rev().filter(|start| tiers.calendar.start_of(*start) > enrolled) {
            for rollover in &track.rollover {
                let rolled = self.rolled(tiers, track, rollover.counter.as_str(), start);
                let of = |it: &&mut Credit| it.start == start && it.counter == rollover.counter.as_str();
                if let Some(credit) = self.credits.iter_mut().find(of) {
                    credit.rolled = rolled;
                }
            }
        }
    }

    fn rolled(&self, tiers: &Tiers<'_>, track: &TierTrack, counter: &str, start: NaiveDate) -> Exact {
        let Some(rollover) = track.rollover.iter().find(|it| it.counter.as_str() == counter) else {
            return whole(0);
        };
        let last_day = start - TimeDelta::days(1);
        let same = |start| same_window(self.window, start, last_day, tiers.enrolled);
        let in_window = |it: &&Credit| it.counter == counter && same(it.start);
        let credit: Exact = self.credits.iter().filter(in_window).map(|it| &it.head + &it.rolled).sum();
        excess(track, rollover, tiers.counted(counter, tiers.on(last_day)) + credit)
    }
}

/// What is above the highest threshold that a value is at.
fn excess(track: &TierTrack, rollover: &Rollover, value: Exact) -> Exact {
    let mut thresholds = Vec::new();
    for level in &track.levels {
        level.reach.iter().for_each(|reach| thresholds_of(reach, rollover.counter.as_str(), &mut thresholds));
    }
    let Some(highest) = thresholds.into_iter().filter(|it| *it <= value).max() else { return whole(0) };
    let excess = value - highest;
    rollover.at_most.map_or(excess.clone(), |most| excess.min(exact(most)))
}

fn thresholds_of(requirement: &Requirement, counter: &str, found: &mut Vec<Exact>) {
    match requirement {
        Requirement::All(list) | Requirement::Any(list) => {
            list.iter().for_each(|each| thresholds_of(each, counter, found));
        }
        Requirement::AtLeast(some) => some.of.iter().for_each(|each| thresholds_of(each, counter, found)),
        Requirement::Counter(it) if it.id.as_str() == counter => found.push(exact(it.at_least)),
        Requirement::Counter(_) | Requirement::Streak(_) => {}
    }
}
