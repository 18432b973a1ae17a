//! Levels: what holds them, and when they end.

use chrono::{NaiveDate, TimeDelta};
use loyalty_core::program::document::{
    Counted, Counter, Document, Downgrade, Lasts, Requirement, TierTrack, Upgrade,
};

use loyalty_core::time::Window;

use crate::calendar::{Calendar, Instant, Moment, NEVER, later, window_end};
use crate::history::{Past, counter};
use crate::number::{Exact, exact, power_of_ten, whole};

/// A level that began.
#[derive(Debug, Clone)]
pub struct Status {
    /// The level's place in its track, from 0.
    pub level: usize,
    /// When it ends unless another begins first.
    pub ends: Instant,
}

/// The tier rules of a program, over a member's past.
pub struct Tiers<'a> {
    /// The program.
    pub document: &'a Document,
    /// Its calendar.
    pub calendar: &'a Calendar,
    /// What the member did.
    pub past: &'a [Past],
    /// The date on which the member enrolled.
    pub enrolled: NaiveDate,
}

impl Tiers<'_> {
    /// The status of a level that begins on `date`.
    pub fn status(&self, track: &TierTrack, level: usize, date: NaiveDate) -> Status {
        let ends = match track.lasts {
            _ if level == 0 && track.upgrade == Upgrade::AtOnce => NEVER,
            Lasts::Forever => NEVER,
            Lasts::ToEndOf(window) => self.calendar.start_or_never(self.window_end(window, date)),
            Lasts::ToEndOfNext(window) => {
                let next = self.window_end(window, date).and_then(|next| self.window_end(window, next));
                self.calendar.start_or_never(next)
            }
            Lasts::For(span) => self.calendar.after_last_day(later(date, span)),
        };
        Status { level, ends }
    }

    fn window_end(&self, window: Window, date: NaiveDate) -> Option<NaiveDate> {
        window_end(window, date, self.enrolled)
    }

    /// The higher level that an activity has reached, if it has.
    pub fn reached(&self, track: &TierTrack, present: usize, when: Moment) -> Option<Status> {
        if track.upgrade == Upgrade::AtPeriodEnd {
            return None;
        }
        let above = (present + 1..track.levels.len()).rev();
        let reached = above.into_iter().find(|level| self.holds_reach(track, *level, when))?;
        Some(self.status(track, reached, when.date))
    }

    /// The status that follows when `ended` is over.
    pub fn after(&self, track: &TierTrack, ended: &Status) -> Status {
        let begins = self.calendar.date_at(ended.ends);
        let day_before = begins - TimeDelta::days(1);
        let now = Moment { at: ended.ends, date: begins, enrolled: self.enrolled };
        let before = Moment { at: ended.ends - TimeDelta::microseconds(1), date: day_before, ..now };
        let qualifies = |level: &usize| {
            let keep = track.levels[*level].keep.as_ref().filter(|_| *level <= ended.level);
            match keep {
                _ if *level == 0 => true,
                Some(keep) => self.holds(keep, before),
                None if *level > ended.level && track.upgrade == Upgrade::AtPeriodEnd => {
                    self.holds_reach(track, *level, before)
                }
                None => self.holds_reach(track, *level, now),
            }
        };
        let highest = (0..track.levels.len()).rev().find(qualifies).unwrap_or(0);
        let least = match track.downgrade {
            Downgrade::Reassess => 0,
            Downgrade::OneStep => ended.level.saturating_sub(1),
            Downgrade::None => ended.level,
        };
        let level = highest.max(least);
        let kept =
            level == highest && level > 0 && level <= ended.level && track.levels[level].keep.is_some();
        match track.lasts {
            // Earned again in the window that is over, so the next one is the one that begins.
            Lasts::ToEndOfNext(_) if kept => self.status(track, level, day_before),
            _ => self.status(track, level, begins),
        }
    }

    fn holds_reach(&self, track: &TierTrack, level: usize, read: Moment) -> bool {
        level == 0 || track.levels[level].reach.as_ref().is_some_and(|reach| self.holds(reach, read))
    }

    fn holds(&self, requirement: &Requirement, read: Moment) -> bool {
        match requirement {
            Requirement::All(all) => all.iter().all(|each| self.holds(each, read)),
            Requirement::Any(any) => any.iter().any(|each| self.holds(each, read)),
            Requirement::Counter(threshold) => {
                let found = self.document.counters.iter().find(|counter| counter.id == threshold.id);
                let counted = found.expect("a checked program names its own counters");
                counter(self.past, counted, &self.document.currencies, read)
                    >= exact(threshold.at_least) * self.unit(counted)
            }
        }
    }

    /// How many of what a counter counts make one whole of its threshold.
    fn unit(&self, counter: &Counter) -> Exact {
        let earned = match &counter.counts {
            Counted::Earned(currency) => self.document.currencies.iter().find(|it| it.id == *currency),
            _ => None,
        };
        earned.map_or(whole(1), |currency| power_of_ten(currency.scale.into()))
    }
}
