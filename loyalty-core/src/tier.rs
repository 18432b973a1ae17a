//! Tiers: which level a member holds, decided from what was counted and never from a balance.

use crate::counter;
use crate::explain::{Step, StepKind, Trace};
use crate::ledger::operation::TierChange;
use crate::member::{KEPT_INTERVALS, MemberState, TierInterval, TierState};
use crate::program::Program;
use crate::program::document::{Downgrade, Lasts, Requirement, Threshold, TierTrack, Upgrade};
use crate::time::{Date, Timestamp, When, Window};

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

impl<'a> Moment<'a> {
    /// Gives the member the lowest level of each track where none is held yet.
    pub fn begin(&self, state: &mut MemberState) {
        for track in &self.program.document().tiers {
            if let Some(lowest) = track.levels.first()
                && state.tier(&track.id).is_none()
            {
                state.tiers.push(TierState {
                    track: track.id.clone(),
                    level: lowest.id.clone(),
                    since: self.at,
                    until: self.end_of(track, 0, self.begins),
                    past: Vec::new(),
                });
            }
        }
    }

    /// Raises levels that the counters now reach, where the track does so at once.
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
        for track in self.program.document().tiers.iter().filter(|t| t.upgrade == Upgrade::AtOnce) {
            // A late activity of a version that does not know the level held raises nobody.
            let Some(held) = state.tier(&track.id).and_then(|held| track.rank(&held.level)) else { continue };
            let above = track.levels.iter().enumerate().skip(held).skip(1).rev();
            let mut reached = above.filter(|(_, level)| {
                let holds = |state| self.holds(level.reach.as_ref(), state, &self.when);
                holds(state) && !reached_before.is_some_and(holds)
            });
            if let Some((rank, level)) = reached.next() {
                trace.step(|| {
                    let text = format!("reached `{}`, which counts from the next activity", level.id);
                    Step::new(StepKind::Tier, &track.id, text)
                });
                changes.extend(self.change(track, rank, self.begins, state));
            }
        }
        changes
    }

    /// Decides a track anew at the end of the status held.
    pub fn decide_anew(&self, track: &TierTrack, state: &mut MemberState) -> Option<TierChange> {
        let held = self.rank_held(track, state)?;
        let qualifies = |rank: &usize| self.qualifies(track, *rank, held, state);
        let highest = (0..track.levels.len()).rev().find(qualifies).unwrap_or(0);
        let rank = match track.downgrade {
            Downgrade::Reassess => highest,
            Downgrade::OneStep => highest.max(held.saturating_sub(1)),
            Downgrade::None => highest.max(held),
        };
        // What is kept was earned again in the window that ended: the next one is the one that begins.
        let kept = rank == highest && keep_of(track, rank, held).is_some();
        let earned = match track.lasts {
            Lasts::ToEndOfNext(_) if kept => self.when.just_before().date,
            _ => self.begins,
        };
        self.change(track, rank, earned, state)
    }

    /// Whether a level is deserved when the status at `held` ends.
    fn qualifies(&self, track: &TierTrack, rank: usize, held: usize, state: &MemberState) -> bool {
        let Some(level) = track.levels.get(rank) else { return false };
        let ended = self.when.just_before();
        match keep_of(track, rank, held) {
            _ if rank == 0 => true,
            Some(keep) => self.holds(Some(keep), state, &ended),
            _ if rank > held && track.upgrade == Upgrade::AtPeriodEnd => {
                self.holds(level.reach.as_ref(), state, &ended)
            }
            _ => self.holds(level.reach.as_ref(), state, &self.when),
        }
    }

    /// Where the member stands on a track; a level that the program no longer has counts as the lowest.
    fn rank_held(&self, track: &TierTrack, state: &MemberState) -> Option<usize> {
        state.tier(&track.id).map(|held| track.rank(&held.level).unwrap_or(0))
    }

    /// Begins a level that lasts from the date on which it was earned.
    fn change(
        &self,
        track: &TierTrack,
        rank: usize,
        earned: Date,
        state: &mut MemberState,
    ) -> Option<TierChange> {
        let level = track.levels.get(rank)?;
        let until = self.end_of(track, rank, earned);
        let held = state.tiers.iter_mut().find(|t| t.track == track.id)?;
        let from = std::mem::replace(&mut held.level, level.id.clone());
        held.past.push(TierInterval { level: from.clone(), from: held.since });
        if held.past.len() > KEPT_INTERVALS {
            held.past.remove(0);
        }
        held.since = self.at;
        held.until = until;
        Some(TierChange { track: track.id.clone(), from, to: level.id.clone(), at: self.at })
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

    fn holds(&self, requirement: Option<&Requirement>, state: &MemberState, when: &When<'_>) -> bool {
        match requirement {
            None => false,
            Some(Requirement::All(all)) => all.iter().all(|one| self.holds(Some(one), state, when)),
            Some(Requirement::Any(any)) => any.iter().any(|one| self.holds(Some(one), state, when)),
            Some(Requirement::Counter(threshold)) => {
                let (have, need) = measure(self.program, threshold, state, when);
                have >= need
            }
        }
    }
}

/// What keeps a level at the end of the status at `held`, if the level has its own condition for that.
fn keep_of(track: &TierTrack, rank: usize, held: usize) -> Option<&Requirement> {
    track.levels.get(rank).filter(|_| rank > 0 && rank <= held)?.keep.as_ref()
}

/// What a counter holds and what a threshold asks of it, in 1/10,000 of what is counted.
pub fn measure(
    program: &Program,
    threshold: &Threshold,
    state: &MemberState,
    when: &When<'_>,
) -> (i128, i128) {
    let Some(counter) = program.counter(&threshold.id) else { return (0, i128::MAX) };
    let have = counter::value(program, state, &counter.id, when).unwrap_or(0);
    (have.saturating_mul(counter::unit(program, counter)), threshold.at_least.units())
}
