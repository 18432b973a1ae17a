//! What a return does to levels: one that was earned by what came back is undone, and holds again where a later
//! return lets the counters rise again.

use super::held::Earned;
use super::{Begins, Ground, Moment, Reading, Status, TierState};
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::ledger::operation::TierChange;
use crate::member::MemberState;
use crate::program::document::{OnReturn, TierTrack};

impl Moment<'_> {
    /// Lowers levels that counters no longer give, which were as `before`, and raises again what was so lowered, where
    /// the track does so at once.
    ///
    /// A level that is no longer one for life ends like any other, and one that is again does not end.
    pub fn follow_counters<T: Trace>(
        &self,
        before: &MemberState,
        state: &mut MemberState,
        trace: &mut T,
    ) -> Vec<TierChange> {
        let mut changes = Vec::new();
        for track in &self.program.document().tiers {
            let Some((held, status)) = self.held(track, state) else { continue };
            let undone = track.on_return == OnReturn::AtOnce
                && status.waiting.is_none()
                && self.stands(track, (held, status.ground), before)
                && !self.stands(track, (held, status.ground), state);
            if undone {
                trace.step(|| {
                    let text = format!("without what came back `{}` is not earned", status.level);
                    Step::new(StepKind::Tier, &track.id, text)
                });
                changes.extend(self.undo(track, state));
            } else if let Some((rank, again)) = self.raised(track, (held, status), before, state) {
                trace.step(|| {
                    let text = format!("with what is counted again `{}` is earned again", again.level);
                    Step::new(StepKind::Tier, &track.id, text)
                });
                changes.extend(self.replace(track, rank, again, state));
            } else if let Some(level) = track.levels.get(held) {
                let until = match [before, &*state].map(|state| self.for_life(track, level, state)) {
                    [true, false] if status.until.is_none() => self.end_of(track, held, self.begins),
                    [false, true] => None,
                    _ => continue,
                };
                if let Some(held) = state.tier_mut(&track.id) {
                    held.status.until = until;
                }
            }
        }
        changes
    }

    /// Puts the highest status in the place of an undone one that is still earned: one of before, or a lower level.
    fn undo(&self, track: &TierTrack, state: &mut MemberState) -> Option<TierChange> {
        let held = state.tier(&track.id)?;
        let (rank, ground) = (track.rank(&held.status.level)?, held.status.ground);
        let restored = self.restored(track, rank, held, state);
        let counted = (1..rank).rev().find_map(|rank| self.counted(track, rank, ground, state));
        let floor =
            track.floor(rank).and_then(|rank| Some((rank, self.status(track, rank, self.now(None), state)?)));
        let lowest = self.status(track, 0, self.now(None), state).map(|status| (0, status));
        // Of equals the last: the one restored, then the one counted.
        let all = [lowest, floor, counted, restored].into_iter().flatten();
        let (rank, status) = all.max_by_key(|(rank, _)| *rank)?;
        self.replace(track, rank, status, state)
    }

    /// The highest status above the one held, of those the latest, that an earlier return has undone and that is
    /// earned again and not over.
    fn raised(
        &self,
        track: &TierTrack,
        (held, status): (usize, &Status),
        before: &MemberState,
        state: &MemberState,
    ) -> Option<(usize, Status)> {
        if track.on_return != OnReturn::AtOnce || status.waiting.is_some() {
            return None;
        }
        let again = state.tier(&track.id)?.past.iter().filter_map(|was| {
            let (rank, earned) = (track.rank(&was.level)?, was.earned?);
            let lasts = earned.until.is_none_or(|until| until > self.at);
            let stands = |state| self.stands(track, (rank, earned.ground), state);
            let again = rank > held && lasts && !stands(before) && stands(state);
            again.then(|| (rank, self.restarted(was.level.clone(), earned)))
        });
        again.max_by_key(|(rank, _)| *rank)
    }

    /// A status of before that begins again.
    const fn restarted(&self, level: AuthorId, Earned { until, ground }: Earned) -> Status {
        Status { level, since: self.at, until, waiting: None, ground }
    }

    /// The latest status of before that is neither over nor undone.
    fn restored(
        &self,
        track: &TierTrack,
        below: usize,
        held: &TierState,
        state: &MemberState,
    ) -> Option<(usize, Status)> {
        held.past.iter().rev().find_map(|was| {
            let (rank, earned) = (track.rank(&was.level)?, was.earned?);
            let lasts = earned.until.is_none_or(|until| until > self.at);
            let stands = rank <= below && lasts && self.stands(track, (rank, earned.ground), state);
            stands.then(|| (rank, self.restarted(was.level.clone(), earned)))
        })
    }

    /// A lower level as the counters give it, in the windows in which the undone one was earned or in those of now.
    fn counted(
        &self,
        track: &TierTrack,
        rank: usize,
        undone: Option<Ground>,
        state: &MemberState,
    ) -> Option<(usize, Status)> {
        let mut grounds = undone.into_iter().chain([self.reached_now()]);
        let earned = grounds.find_map(|ground| {
            let earned = match ground {
                Ground::Reached(reading) | Ground::Kept(reading) => reading.date,
            };
            let lasts = || self.end_of(track, rank, earned).is_none_or(|end| end > self.at);
            (self.is_met(track, rank, ground, state) && lasts())
                .then_some(Begins { earned, ground: Some(ground) })
        });
        let level = track.levels.get(rank)?;
        let begins = earned.or_else(|| self.for_life(track, level, state).then(|| self.now(None)))?;
        Some((rank, self.status(track, rank, begins, state)?))
    }

    /// Whether the counters still say that a status is earned; one that they never said stands, and so does a level
    /// that nobody falls below.
    fn stands(
        &self,
        track: &TierTrack,
        (rank, ground): (usize, Option<Ground>),
        state: &MemberState,
    ) -> bool {
        track.floor(rank).unwrap_or(0) == rank
            || track.levels.get(rank).is_some_and(|level| self.for_life(track, level, state))
            || self.is_met(track, rank, self.reached_now(), state)
            || ground.is_none_or(|ground| self.is_met(track, rank, ground, state))
    }

    /// What is reached now, when the status begins, whenever that was which came late.
    const fn reached_now(&self) -> Ground {
        Ground::Reached(Reading { at: self.at, date: self.begins })
    }

    fn is_met(&self, track: &TierTrack, rank: usize, ground: Ground, state: &MemberState) -> bool {
        let Some(level) = track.levels.get(rank) else { return false };
        let (asked, reading) = match ground {
            Ground::Reached(reading) => (level.reach.as_ref(), reading),
            Ground::Kept(reading) => (level.keep.as_ref(), reading),
        };
        self.counts(track, state).holds(asked, &self.program.when(state, reading.at, reading.date))
    }
}
