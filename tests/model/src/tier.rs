//! Levels: what holds them, and when they end.

use chrono::{NaiveDate, TimeDelta};
use loyalty_core::program::document::{
    Counted, Counter, Document, Downgrade, Lasts, OnReturn, Requirement, Streak, Threshold, TierTrack,
    Upgrade,
};

use loyalty_core::time::Window;

use crate::calendar::{Calendar, Instant, Moment, NEVER, later, same_window, window_end};
use crate::carry::Credit;
use crate::history::{Past, counter, is_forgotten};
use crate::number::{Exact, exact, power_of_ten, whole};

/// A level that began.
#[derive(Debug, Clone)]
pub struct Status {
    /// The level's place in its track, from 0.
    pub level: usize,
    /// When it ends unless another begins first.
    pub ends: Instant,
    /// What a drop that waits comes to.
    pub waiting: Option<Waiting>,
    /// What it was earned by, where counters say.
    pub ground: Option<Ground>,
    /// Whether it was ever the level held, with none given above it.
    pub seen: bool,
}

/// What a status was earned by: a condition over the windows at a moment.
#[derive(Debug, Clone, Copy)]
pub enum Ground {
    /// The level's `reach`.
    Reached(Moment),
    /// The level's `keep`.
    Kept(Moment),
}

/// A drop that waits for the end of its grace.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// The level that follows.
    pub to: usize,
    /// The last moment of the window in which that level was kept.
    pub kept_on: Option<Moment>,
}

/// The tier rules of a program, over a member's past.
#[derive(Clone, Copy)]
pub struct Tiers<'a> {
    /// The program.
    pub document: &'a Document,
    /// Its calendar.
    pub calendar: &'a Calendar,
    /// What the member did.
    pub past: &'a [Past],
    /// The date on which the member enrolled.
    pub enrolled: NaiveDate,
    /// What a track adds to its counters.
    pub credits: &'a [Credit],
    /// Whether it counts as if nothing came back.
    pub gross: bool,
}

impl Tiers<'_> {
    /// The status of a level that begins on `date`.
    pub fn status(&self, track: &TierTrack, level: usize, date: NaiveDate) -> Status {
        let ends = if self.for_life(track, level) { NEVER } else { self.end(track, level, date) };
        Status { level, ends, waiting: None, ground: None, seen: false }
    }

    /// When a level that is not for life and begins on `date` ends.
    fn end(&self, track: &TierTrack, level: usize, date: NaiveDate) -> Instant {
        match track.lasts {
            _ if level == 0 && track.upgrade == Upgrade::AtOnce => NEVER,
            Lasts::Forever => NEVER,
            Lasts::ToEndOf(window) => self.calendar.start_or_never(self.window_end(window, date)),
            Lasts::ToEndOfNext(window) => {
                let next = self.window_end(window, date).and_then(|next| self.window_end(window, next));
                self.calendar.start_or_never(next)
            }
            Lasts::For(span) => self.calendar.after_last_day(later(date, span)),
        }
    }

    fn window_end(&self, window: Window, date: NaiveDate) -> Option<NaiveDate> {
        window_end(window, date, self.enrolled)
    }

    /// A date, where windows do not look at the hour.
    pub fn on(&self, date: NaiveDate) -> Moment {
        Moment { at: self.calendar.start_of(date), date, enrolled: self.enrolled }
    }

    fn earned(&self, track: &TierTrack, level: usize, date: NaiveDate, ground: Ground) -> Status {
        Status { ground: Some(ground), ..self.status(track, level, date) }
    }

    /// The status that an activity has brought about, if it has: a higher level, one for life, or in
    /// grace the same level earned again.
    pub fn reached(
        &self,
        track: &TierTrack,
        held: &Status,
        now: Moment,
        present: NaiveDate,
    ) -> Option<Status> {
        let date = now.date;
        let read_at = |level: usize, holds: &dyn Fn(Moment) -> bool| {
            let asked = [&track.levels[level].reach, &track.levels[level].keep];
            let asked: Vec<_> = asked.into_iter().flatten().collect();
            self.readings(&asked, now, present).into_iter().find(|read| holds(*read))
        };
        let by = |level: usize, keeps: bool, read: Moment| match &track.levels[level].keep {
            Some(_) if keeps => Ground::Kept(read),
            _ => Ground::Reached(read),
        };
        let at_once = track.upgrade == Upgrade::AtOnce;
        let higher = (held.level + 1..track.levels.len()).rev();
        let reached = higher.into_iter().find_map(|level| {
            let read = read_at(level, &|read| at_once && self.holds_reach(track, level, read))?;
            Some((level, read))
        });
        let for_life = at_once && held.ends != NEVER && self.for_life(track, held.level);
        let earned_again = |level: usize| {
            let it = &track.levels[level];
            let asked = it.keep.as_ref().or(it.reach.as_ref())?;
            Some((level, read_at(level, &|read| self.holds(asked, read))?))
        };
        if let Some((level, read)) = reached {
            return Some(self.earned(track, level, date, by(level, false, read)));
        }
        if for_life {
            return Some(self.earned(track, held.level, date, by(held.level, held.waiting.is_some(), now)));
        }
        let waiting = held.waiting?;
        let (level, read) = (waiting.to + 1..=held.level).rev().find_map(earned_again)?;
        if level == held.level {
            return Some(self.earned(track, level, date, by(level, true, read)));
        }
        Some(Status { waiting: Some(Waiting { to: level, kept_on: None }), ..held.clone() })
    }

    /// The status that follows when `ended` is over: in grace the same one for as long as the drop waits.
    pub fn after(&self, track: &TierTrack, ended: &Status) -> Status {
        let begins = self.calendar.date_at(ended.ends);
        let day_before = begins - TimeDelta::days(1);
        let now = Moment { at: ended.ends, ..self.on(begins) };
        let before = Moment { at: ended.ends - TimeDelta::microseconds(1), ..self.on(day_before) };
        // What is earned within the grace counts, so its last day is looked at, not the day after.
        let without_keep = if ended.waiting.is_some() { before } else { now };
        let keep_of = |level: usize| track.levels[level].keep.as_ref().filter(|_| level <= ended.level);
        let qualifies = |level: &usize| match keep_of(*level) {
            _ if *level == 0 || self.for_life(track, *level) => true,
            Some(keep) => self.holds(keep, before),
            None if *level > ended.level && track.upgrade == Upgrade::AtPeriodEnd => {
                self.holds_reach(track, *level, before)
            }
            None => self.holds_reach(track, *level, without_keep),
        };
        let highest = (0..track.levels.len()).rev().find(qualifies).unwrap_or(0);
        let least = match (ended.waiting, track.downgrade) {
            (Some(waiting), _) => waiting.to,
            (None, Downgrade::Reassess) => 0,
            (None, Downgrade::OneStep) => ended.level.saturating_sub(1),
            (None, Downgrade::None) => ended.level,
        };
        let never_below = (0..=ended.level).rev().find(|level| track.levels[*level].never_below).unwrap_or(0);
        let level = highest.max(least).max(never_below);
        let kept_on = if level == highest && level > 0 && keep_of(level).is_some() {
            Some(before)
        } else {
            ended.waiting.filter(|waiting| waiting.to == level).and_then(|waiting| waiting.kept_on)
        };
        let ground = match kept_on {
            Some(kept) => Some(Ground::Kept(kept)),
            None if level != highest || level == 0 => None,
            None if level > ended.level && track.upgrade == Upgrade::AtPeriodEnd => {
                Some(Ground::Reached(before))
            }
            None => Some(Ground::Reached(without_keep)),
        };
        if let Some(grace) = track.grace.filter(|_| ended.waiting.is_none() && level < ended.level) {
            let ends = self.calendar.start_of(later(begins, grace));
            return Status { ends, waiting: Some(Waiting { to: level, kept_on }), ..ended.clone() };
        }
        if let (Lasts::ToEndOfNext(_), Some(kept_on)) = (track.lasts, kept_on) {
            // Earned again in the window that is over, so the next one is the one that begins.
            let counted_from_there = self.status(track, level, kept_on.date);
            if counted_from_there.ends > ended.ends {
                return Status { ground, ..counted_from_there };
            }
        }
        Status { ground, ..self.status(track, level, begins) }
    }

    /// The status that follows when a return of `today` has lowered counters, which were as `before`; `statuses` are
    /// all until now.
    pub fn lowered(
        &self,
        before: &Tiers<'_>,
        track: &TierTrack,
        statuses: &[Status],
        (today, now): (NaiveDate, Instant),
    ) -> Option<Status> {
        let held = statuses.last().expect("a member begins with a status");
        let present = Moment { at: now, ..self.on(today) };
        let undone = track.on_return == OnReturn::AtOnce
            && held.waiting.is_none()
            && before.stands(track, held, present)
            && !self.stands(track, held, present);
        if !undone {
            return None;
        }
        let restored = statuses.iter().rev().skip(1).find(|was| {
            was.level <= held.level
                && was.seen
                && was.waiting.is_none()
                && was.ends > now
                && self.stands(track, was, present)
        });
        let counted =
            (1..held.level).rev().find_map(|level| self.still_earned(track, level, held, (today, now)));
        let floor = (0..=held.level).rev().find(|level| track.levels[*level].never_below);
        let floor = floor.map(|level| self.status(track, level, today));
        // Of several the highest; of equals the one restored, then the one counted.
        let all = [floor, counted, restored.cloned()].into_iter().flatten();
        Some(all.max_by_key(|status| status.level).unwrap_or_else(|| self.status(track, 0, today)))
    }

    /// The status of before that holds again when a return has raised counters, which were as `before`: of a higher
    /// level than the one held, undone by an earlier return, and not over.
    pub fn raised(
        &self,
        before: &Tiers<'_>,
        track: &TierTrack,
        statuses: &[Status],
        (today, now): (NaiveDate, Instant),
    ) -> Option<Status> {
        let held = statuses.last().expect("a member begins with a status");
        let present = Moment { at: now, ..self.on(today) };
        if track.on_return != OnReturn::AtOnce || held.waiting.is_some() {
            return None;
        }
        let again = statuses.iter().filter(|was| {
            was.level > held.level
                && was.seen
                && was.waiting.is_none()
                && was.ends > now
                && !before.stands(track, was, present)
                && self.stands(track, was, present)
        });
        // Of equals the last.
        again.max_by_key(|was| was.level).cloned()
    }

    /// When a status ends that was for life as counters were `before` and is not now, or the other way round.
    pub fn for_life_or_not(
        &self,
        before: &Tiers<'_>,
        track: &TierTrack,
        held: &Status,
        today: NaiveDate,
    ) -> Option<Instant> {
        match [before, self].map(|tiers| tiers.for_life(track, held.level)) {
            [true, false] if held.ends == NEVER => Some(self.status(track, held.level, today).ends),
            [false, true] => Some(NEVER),
            _ => None,
        }
    }

    /// A lower level as the counters give it, by the windows in which `undone` was earned or those of today.
    fn still_earned(
        &self,
        track: &TierTrack,
        level: usize,
        undone: &Status,
        (today, now): (NaiveDate, Instant),
    ) -> Option<Status> {
        let then = undone.ground.map(|ground| match ground {
            Ground::Reached(moment) | Ground::Kept(moment) => (moment.date, ground),
        });
        let grounds =
            then.into_iter().chain([(today, Ground::Reached(Moment { at: now, ..self.on(today) }))]);
        let mut earned = grounds.filter(|(_, ground)| self.is_met(track, level, *ground));
        let found = earned.find(|(date, _)| self.end(track, level, *date) > now);
        let found = found.map(|(date, ground)| self.earned(track, level, date, ground));
        found.or_else(|| self.for_life(track, level).then(|| self.status(track, level, today)))
    }

    /// Whether the counters still say that a status is earned; one that they never said stands, and so does a level
    /// below which nobody falls.
    fn stands(&self, track: &TierTrack, status: &Status, present: Moment) -> bool {
        status.level == 0
            || track.levels[status.level].never_below
            || self.for_life(track, status.level)
            || self.is_met(track, status.level, Ground::Reached(present))
            || status.ground.is_none_or(|ground| self.is_met(track, status.level, ground))
    }

    fn is_met(&self, track: &TierTrack, level: usize, ground: Ground) -> bool {
        let (asked, moment) = match ground {
            Ground::Reached(moment) => (&track.levels[level].reach, moment),
            Ground::Kept(moment) => (&track.levels[level].keep, moment),
        };
        asked.as_ref().is_some_and(|asked| self.holds(asked, moment))
    }

    /// Whether a level is held for life.
    fn for_life(&self, track: &TierTrack, level: usize) -> bool {
        // The moment makes no difference to a lifetime.
        let any = self.on(self.enrolled);
        track.levels[level].lifetime.as_ref().is_some_and(|asked| self.holds(asked, any))
    }

    fn holds_reach(&self, track: &TierTrack, level: usize, read: Moment) -> bool {
        level == 0
            || self.for_life(track, level)
            || track.levels[level].reach.as_ref().is_some_and(|reach| self.holds(reach, read))
    }

    /// Whether a requirement holds, read at a moment.
    pub fn holds(&self, requirement: &Requirement, read: Moment) -> bool {
        match requirement {
            Requirement::All(all) => all.iter().all(|each| self.holds(each, read)),
            Requirement::Any(any) => any.iter().any(|each| self.holds(each, read)),
            Requirement::AtLeast(some) => {
                some.of.iter().filter(|each| self.holds(each, read)).count() >= usize::from(some.count)
            }
            Requirement::Counter(threshold) => self.reaches(threshold, read),
            Requirement::Streak(streak) => self.is_kept_up(streak, read),
        }
    }

    /// Whether the window read and each of those before it, as many as are asked for, reach the value.
    fn is_kept_up(&self, streak: &Streak, read: Moment) -> bool {
        let (id, window) = (streak.counter.as_str(), self.counter_of(streak.counter.as_str()).window);
        let window_before = |date: &NaiveDate| {
            let mut year_before = (1..=400).map(|days| *date - TimeDelta::days(days));
            year_before.find(|day| !same_window(window, *day, *date, self.enrolled))
        };
        // Nothing is before the first year of a membership.
        let dates = std::iter::successors(Some(read.date), window_before).take(streak.windows.into());
        let reached =
            dates.filter(|date| self.counted(id, Moment { date: *date, ..read }) >= exact(streak.at_least));
        reached.count() == usize::from(streak.windows)
    }

    /// When requirements are read that something counted `now` may have made true: then, and for streaks at the end
    /// of each window since that looks back to it, up to the date that it is.
    pub fn readings(&self, asked: &[&Requirement], now: Moment, present: NaiveDate) -> Vec<Moment> {
        let mut streaks = Vec::new();
        asked.iter().for_each(|asked| asked.streaks(&mut |streak| streaks.push(streak)));
        let mut readings = vec![now];
        for streak in streaks {
            let window = self.counter_of(streak.counter.as_str()).window;
            let same = |one, other| same_window(window, one, other, self.enrolled);
            let since = now.date.iter_days().skip(1).take_while(|day| *day <= present);
            let last = |day: &NaiveDate| *day == present || !same(*day, *day + TimeDelta::days(1));
            let ends = since.filter(|day| !same(*day, now.date)).filter(last);
            let ends = ends.take(usize::from(streak.windows) - 1);
            readings.extend(ends.map(|date| Moment {
                at: self.calendar.start_of(date + TimeDelta::days(1)) - TimeDelta::microseconds(1),
                ..self.on(date)
            }));
        }
        readings
    }

    /// Whether a counter is at or above its threshold, with what the track adds to it.
    pub fn reaches(&self, threshold: &Threshold, read: Moment) -> bool {
        let id = threshold.id.as_str();
        let window = self.counter_of(id).window;
        let of_counter = self.credits.iter().filter(|it| it.counter == id);
        let credits = of_counter.filter(|it| same_window(window, it.start, read.date, self.enrolled));
        let credit: Exact = credits.map(|it| &it.head + &it.rolled).sum();
        self.counted(id, read) + credit >= exact(threshold.at_least)
    }

    /// What a counter holds: whole points, money or another sum, or occasions; 0 where too much happened since.
    pub fn counted(&self, id: &str, read: Moment) -> Exact {
        let (of, currencies) = (self.counter_of(id), &self.document.currencies);
        if is_forgotten(self.past, of, self.document, read) {
            return whole(0);
        }
        if self.gross {
            let kept = self.past.iter().map(Past::before_returns);
            return counter(&kept.collect::<Vec<_>>(), of, currencies, read) / self.unit(of);
        }
        counter(self.past, of, currencies, read) / self.unit(of)
    }

    fn counter_of(&self, id: &str) -> &Counter {
        let found = self.document.counters.iter().find(|counter| counter.id.as_str() == id);
        found.expect("a checked program names its own counters")
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
