//! Where a member stands on one track: every status that ever began, and a level given above it.

use chrono::{NaiveDate, TimeDelta};
use loyalty_core::program::document::{OnReturn, Threshold, TierTrack};

use crate::calendar::{Instant, Moment, NEVER};
use crate::carry::Carry;
use crate::tier::{Status, Tiers};

/// A level given until an end.
#[derive(Debug, Clone)]
pub struct Given {
    /// The level's place in its track.
    pub level: usize,
    /// When it is over.
    pub ends: Instant,
    /// What keeps it then.
    pub keep: Vec<Threshold>,
}

/// Where a member stands on one track.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Every status in the order they began; at least one.
    pub statuses: Vec<Status>,
    /// A level above the last of them.
    pub given: Option<Given>,
    /// What the track adds to its counters, where it does.
    pub carry: Option<Carry>,
}

impl Standing {
    /// A member who begins on `date`.
    pub fn new(tiers: &Tiers<'_>, track: &TierTrack, date: NaiveDate) -> Self {
        let status = Status { seen: true, ..tiers.status(track, 0, date) };
        Self { statuses: vec![status], given: None, carry: Carry::new(tiers, track, date) }
    }

    /// The tier rules as the track sees the counters.
    pub fn seen<'a>(&'a self, tiers: &Tiers<'a>, track: &TierTrack) -> Tiers<'a> {
        let credits = self.carry.as_ref().map_or(&[][..], |carry| &carry.credits);
        Tiers { credits, gross: track.on_return == OnReturn::Never, ..*tiers }
    }

    /// The status earned.
    pub fn earned(&self) -> &Status {
        self.statuses.last().expect("a member begins with a status")
    }

    /// The level held.
    pub fn level(&self) -> usize {
        self.given.as_ref().map_or(self.earned().level, |given| given.level)
    }

    /// When it is decided anew or over.
    pub fn ends(&self) -> Instant {
        self.given.as_ref().map_or(self.earned().ends, |given| given.ends)
    }

    /// When something of it turns or ends first; [`NEVER`] where nothing does.
    pub fn next_due(&self) -> Instant {
        let turns = self.carry.as_ref().map_or(NEVER, |carry| carry.next);
        let given_ends = self.given.as_ref().map_or(NEVER, |given| given.ends);
        turns.min(self.earned().ends).min(given_ends)
    }

    /// Applies what ends up to `at`: of one instant first a window, then a status, then a level given.
    pub fn settle(&mut self, tiers: &Tiers<'_>, track: &TierTrack, at: Instant) {
        loop {
            let turns = self.carry.as_ref().map_or(NEVER, |carry| carry.next);
            let status_ends = self.earned().ends;
            let given_ends = self.given.as_ref().map_or(NEVER, |given| given.ends);
            let next = turns.min(status_ends).min(given_ends);
            if next > at {
                return;
            }
            let before = self.clone();
            let seen = before.seen(tiers, track);
            if turns == next {
                let level = self.level();
                self.carry.as_mut().expect("it turns").turn(&seen, track, level);
            } else if status_ends == next {
                let status = seen.after(track, self.earned());
                self.begin(status);
            } else if let Some(given) = &before.given {
                self.end_given(&seen, track, given);
            }
        }
    }

    /// A level that an activity reaches.
    pub fn rise(&mut self, tiers: &Tiers<'_>, track: &TierTrack, now: Moment, present: NaiveDate) {
        if let Some(reached) = self.seen(tiers, track).reached(track, self.earned(), now, present) {
            self.begin(reached);
        }
    }

    /// What a return of `today` has changed: the counters as they are, and as they were with the standing of then.
    pub fn follow_counters(
        &mut self,
        (before, was): (&Tiers<'_>, &Self),
        after: &Tiers<'_>,
        track: &TierTrack,
        moment: (NaiveDate, Instant),
    ) {
        let (before, now) = (was.seen(before, track), self.clone());
        let after = now.seen(after, track);
        let lowered = after.lowered(&before, track, &self.statuses, moment);
        let changed = lowered.or_else(|| after.raised(&before, track, &self.statuses, moment));
        if let Some(status) = changed {
            self.begin(status);
        } else if let Some(ends) = after.for_life_or_not(&before, track, self.earned(), moment.0)
            && let Some(earned) = self.statuses.last_mut()
        {
            earned.ends = ends;
        }
    }

    fn end_given(&mut self, tiers: &Tiers<'_>, track: &TierTrack, given: &Given) {
        let at = given.ends - TimeDelta::microseconds(1);
        let last = Moment { at, ..tiers.on(tiers.calendar.date_at(at)) };
        let kept = !given.keep.is_empty() && given.keep.iter().all(|asked| tiers.reaches(asked, last));
        self.given = None;
        if kept {
            self.begin(tiers.status(track, given.level, tiers.calendar.date_at(given.ends)));
        } else if let Some(earned) = self.statuses.last_mut() {
            earned.seen = true;
        }
    }

    fn begin(&mut self, status: Status) {
        if self.given.as_ref().is_some_and(|given| given.level <= status.level) {
            self.given = None;
        }
        let seen = self.given.is_none();
        self.statuses.push(Status { seen, ..status });
    }
}
