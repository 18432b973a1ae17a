//! Tiers: which level a member holds, decided from what was counted and never from a balance.

mod carry;
mod goal;
mod grant;
mod held;
mod requirement;
mod undo;

use crate::explain::{Step, StepKind, Trace};
use crate::ledger::operation::TierChange;
use crate::member::MemberState;
use crate::program::Program;
use crate::program::document::{Downgrade, Lasts, Level, OnReturn, Requirement, TierTrack, Upgrade};
use crate::time::{Date, Timestamp, When, Window};

pub use self::carry::{Carry, Credit, KEPT_CREDITS};
pub use self::goal::{GoalGift, GoalGrant, GoalPoints, GoalTaken, KEPT_GRANTS};
pub(crate) use self::goal::{Turn, keep_grant, newly_reached, turn};
pub use self::grant::{Granted, MOST_THRESHOLDS, TierGrant};
pub use self::held::{Earned, Ground, KEPT_INTERVALS, Reading, Status, TierInterval, TierState, Waiting};
pub use self::requirement::Counts;
use self::requirement::read_since;

/// The moment at which levels are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The program in force.
    pub program: &'a Program,
    /// The instant at which a change takes place.
    pub at: Timestamp,
    /// When it happened, which cuts the windows.
    pub when: When<'a>,
    /// The local date on which a status that begins then begins.
    pub begins: Date,
}

/// What follows a status that has ended.
struct Outcome {
    rank: usize,
    /// When the windows were read in which the level was kept, where it was.
    kept_on: Option<Reading>,
    ground: Option<Ground>,
}

/// How a status begins.
#[derive(Debug, Clone, Copy)]
struct Begins {
    /// The date from which it lasts.
    earned: Date,
    ground: Option<Ground>,
}

impl<'a> Moment<'a> {
    /// Gives the member the lowest level of each track where none is held yet.
    pub fn begin(&self, state: &mut MemberState) {
        for track in &self.program.document().tiers {
            if state.tier(&track.id).is_none()
                && let Some(status) = self.status(track, 0, self.now(None), state)
            {
                let holding = TierState::holding(track.id.clone(), status.level.clone(), self.at);
                state.tiers.push(TierState { status, ..holding });
            }
            self.begin_carry(track, state);
        }
    }

    /// Raises levels that the counters now reach, where the track does so at once, and renews in grace.
    ///
    /// `reached_before` has the counters before a late activity: a level of its window that they reach without it
    /// was held in its time and may have ended since.
    pub fn rise<T: Trace>(
        &self,
        reached_before: Option<&MemberState>,
        state: &mut MemberState,
        trace: &mut T,
    ) -> Vec<TierChange> {
        let mut changes = Vec::new();
        for track in &self.program.document().tiers {
            let Some((held, status)) = self.held(track, state) else { continue };
            // A late activity of a version that does not know the level held raises nobody.
            if track.rank(&status.level).is_none() {
                continue;
            }
            let earned_by = |rank: usize| {
                let fresh = |reading: &Reading| {
                    let when = self.program.when(state, reading.at, reading.date);
                    let earned = |state| self.earned_now((track, rank), (held, status), &when, state);
                    earned(state) && !reached_before.is_some_and(earned)
                };
                let level = track.levels.get(rank)?;
                let reading = self.readings(level).find(fresh)?;
                Some((rank, level, reading))
            };
            let lowest = status.waiting.as_ref().map_or(held, |waiting| track.rank(&waiting.to).unwrap_or(0));
            let earned = (lowest..track.levels.len()).rev().find_map(earned_by);
            let Some((rank, level, reading)) = earned else { continue };
            if rank < held {
                wait_for(track, level, state);
                continue;
            }
            trace.step(|| {
                let word = if rank > held { "reached" } else { "earned again" };
                let text = format!("{word} `{}`, which counts from the next activity", level.id);
                Step::new(StepKind::Tier, &track.id, text)
            });
            let ground = match &level.keep {
                Some(_) if rank == held && status.waiting.is_some() => Ground::Kept(reading),
                _ => Ground::Reached(reading),
            };
            changes.extend(self.change(track, rank, self.now(Some(ground)), state));
        }
        changes
    }

    /// A status that begins now.
    const fn now(&self, ground: Option<Ground>) -> Begins {
        Begins { earned: self.begins, ground }
    }

    /// When the windows are read in which an activity may earn a level: at the activity, and for streaks since then.
    fn readings(&self, level: &Level) -> impl Iterator<Item = Reading> {
        let asked = [&level.reach, &level.keep].into_iter().flatten().filter(|asked| asked.has_streaks());
        let since = asked.flat_map(|asked| {
            let present = self.program.zone().date_at(self.at);
            read_since(self.program, asked, &self.when, present)
        });
        std::iter::once(Reading::of(&self.when)).chain(since)
    }

    /// Whether the windows at a moment earn a level that the status at `held` does not give already.
    fn earned_now(
        &self,
        (track, rank): (&TierTrack, usize),
        (held, status): (usize, &Status),
        when: &When<'_>,
        state: &MemberState,
    ) -> bool {
        let Some(level) = track.levels.get(rank) else { return false };
        let at_once = track.upgrade == Upgrade::AtOnce;
        let counts = self.counts(track, state);
        let holds = |asked| counts.holds(asked, when);
        let ends = rank > held || (rank == held && status.until.is_some());
        let for_life = at_once && ends && holds(level.lifetime.as_ref());
        // What is asked of a level in grace is what keeps it.
        let again = || {
            let waits = status.waiting.as_ref().is_some_and(|waiting| track.rank(&waiting.to) < Some(rank));
            rank > 0 && waits && holds(level.keep.as_ref().or(level.reach.as_ref()))
        };
        for_life || if rank > held { at_once && holds(level.reach.as_ref()) } else { again() }
    }

    /// Decides a track anew at the end of the status held; without a change, the drop waits for its grace.
    pub fn decide_anew(&self, track: &TierTrack, state: &mut MemberState) -> Option<TierChange> {
        let (held, status) = self.held(track, state)?;
        let Outcome { rank, kept_on, ground } = self.outcome(track, held, status, state);
        if let Some(grace) = track.grace.filter(|_| status.waiting.is_none() && rank < held) {
            let to = track.levels.get(rank)?.id.clone();
            let held = state.tier_mut(&track.id)?;
            held.status.until = Some(self.program.zone().start_of(grace.after(self.when.date)));
            held.status.waiting = Some(Waiting { to, kept_on });
            return None;
        }
        // What is kept was earned again in the window that ended: the next one is the one that begins.
        let earned = kept_on.map(|reading| reading.date).filter(|date| {
            matches!(track.lasts, Lasts::ToEndOfNext(_))
                && self.end_of(track, rank, *date).is_some_and(|end| end > self.at)
        });
        self.change(track, rank, Begins { earned: earned.unwrap_or(self.begins), ground }, state)
    }

    /// The level that follows the status at `held`.
    fn outcome(&self, track: &TierTrack, held: usize, status: &Status, state: &MemberState) -> Outcome {
        let qualifies = |rank: &usize| self.qualifies(track, *rank, (held, status), state);
        let highest = (0..track.levels.len()).rev().find(qualifies).unwrap_or(0);
        let waiting = status.waiting.as_ref().map(|waiting| (track.rank(&waiting.to).unwrap_or(0), waiting));
        let least = match (waiting, track.downgrade) {
            (Some((to, _)), _) => to,
            (None, Downgrade::Reassess) => 0,
            (None, Downgrade::OneStep) => held.saturating_sub(1),
            (None, Downgrade::None) => held,
        };
        let rank = highest.max(least).max(track.floor(held).unwrap_or(0));
        let ended = Reading::of(&self.when.just_before());
        let kept_on = match waiting {
            _ if rank == highest && keep_of(track, rank, held).is_some() => Some(ended),
            Some((to, waiting)) if rank == to => waiting.kept_on,
            _ => None,
        };
        let ground = match kept_on {
            Some(reading) => Some(Ground::Kept(reading)),
            None if rank != highest || rank == 0 => None,
            None if self.looks_back(track, rank, (held, status)) => Some(Ground::Reached(ended)),
            None => Some(Ground::Reached(Reading::of(&self.when))),
        };
        Outcome { rank, kept_on, ground }
    }

    /// Whether a level is deserved when the status at `held` ends.
    fn qualifies(
        &self,
        track: &TierTrack,
        rank: usize,
        (held, status): (usize, &Status),
        state: &MemberState,
    ) -> bool {
        let Some(level) = track.levels.get(rank) else { return false };
        let counts = self.counts(track, state);
        let holds = |asked, when| counts.holds(asked, when);
        let ended = self.when.just_before();
        match keep_of(track, rank, held) {
            _ if rank == 0 || holds(level.lifetime.as_ref(), &self.when) => true,
            Some(keep) => holds(Some(keep), &ended),
            None if self.looks_back(track, rank, (held, status)) => holds(level.reach.as_ref(), &ended),
            None => holds(level.reach.as_ref(), &self.when),
        }
    }

    /// Whether `reach` is asked of the windows that ended rather than of those that begin.
    fn looks_back(&self, track: &TierTrack, rank: usize, (held, status): (usize, &Status)) -> bool {
        // What is earned within a grace counts, so its last day is looked at.
        status.waiting.is_some() || (rank > held && track.upgrade == Upgrade::AtPeriodEnd)
    }

    /// Where the member stands on a track; a level that the program no longer has counts as the lowest.
    fn held<'s>(&self, track: &TierTrack, state: &'s MemberState) -> Option<(usize, &'s Status)> {
        let status = &state.tier(&track.id)?.status;
        Some((track.rank(&status.level).unwrap_or(0), status))
    }

    /// Begins a level that lasts from the date on which it was earned. One given is over once this is as high; below
    /// it nothing changes yet.
    fn change(
        &self,
        track: &TierTrack,
        rank: usize,
        begins: Begins,
        state: &mut MemberState,
    ) -> Option<TierChange> {
        let status = self.status(track, rank, begins, state)?;
        self.replace(track, rank, status, state)
    }

    fn replace(
        &self,
        track: &TierTrack,
        rank: usize,
        status: Status,
        state: &mut MemberState,
    ) -> Option<TierChange> {
        let held = state.tier_mut(&track.id)?;
        if held.granted.as_ref().is_some_and(|granted| track.rank(&granted.level) > Some(rank)) {
            held.status = status;
            return None;
        }
        let (from, to) = (held.note_past(track), status.level.clone());
        held.granted = None;
        held.status = status;
        Some(TierChange { track: track.id.clone(), from, to, at: self.at })
    }

    /// A level as a status that was earned on a date; one for life has no end.
    fn status(
        &self,
        track: &TierTrack,
        rank: usize,
        Begins { earned, ground }: Begins,
        state: &MemberState,
    ) -> Option<Status> {
        let level = track.levels.get(rank)?;
        let until = if self.for_life(track, level, state) { None } else { self.end_of(track, rank, earned) };
        let ground = ground.filter(|_| track.on_return == OnReturn::AtOnce);
        Some(Status { level: level.id.clone(), since: self.at, until, waiting: None, ground })
    }

    fn for_life(&self, track: &TierTrack, level: &Level, state: &MemberState) -> bool {
        self.counts(track, state).holds(level.lifetime.as_ref(), &self.when)
    }

    /// The counters as a track sees them.
    const fn counts<'c>(&self, track: &'c TierTrack, state: &'c MemberState) -> Counts<'c>
    where
        'a: 'c,
    {
        Counts { program: self.program, track: Some(track), state }
    }

    /// When a status that was earned on a date ends.
    fn end_of(&self, track: &TierTrack, rank: usize, earned: Date) -> Option<Timestamp> {
        if rank == 0 && track.upgrade == Upgrade::AtOnce {
            return None;
        }
        let last_day_after = match track.lasts {
            Lasts::Forever => None,
            Lasts::ToEndOf(window) => self.end_of_window(window, earned),
            Lasts::ToEndOfNext(window) => {
                self.end_of_window(window, earned).and_then(|next| self.end_of_window(window, next))
            }
            Lasts::For(span) => Some(span.after(earned).plus_days(1)),
        };
        last_day_after.map(|date| self.program.zone().start_of(date))
    }

    fn end_of_window(&self, window: Window, date: Date) -> Option<Date> {
        window.end(&self.when.on(date))
    }
}

/// What keeps a level at the end of the status at `held`, if the level has its own condition for that.
fn keep_of(track: &TierTrack, rank: usize, held: usize) -> Option<&Requirement> {
    track.levels.get(rank).filter(|_| rank > 0 && rank <= held)?.keep.as_ref()
}

/// Lets the drop that waits come to a level earned meanwhile.
fn wait_for(track: &TierTrack, level: &Level, state: &mut MemberState) {
    let waiting = state.tier_mut(&track.id).and_then(|held| held.status.waiting.as_mut());
    if let Some(waiting) = waiting {
        *waiting = Waiting { to: level.id.clone(), kept_on: None };
    }
}
