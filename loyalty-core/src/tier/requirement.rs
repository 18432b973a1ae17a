//! What a level asks for, measured on the counters as its track sees them.

use std::borrow::Cow;

use crate::counter::{self, CounterState, Slots};
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::program::Program;
use crate::program::document::{AtLeast, OnReturn, Requirement, Streak, Threshold, TierTrack};
use crate::time::{Date, When};

use super::held::Reading;

/// The counters of a member as a track sees them: with what rolled over and its head start, and without what came
/// back where the track does not look at returns.
#[derive(Debug, Clone, Copy)]
pub struct Counts<'a> {
    /// The program in force.
    pub program: &'a Program,
    /// The track; none sees the plain counters.
    pub track: Option<&'a TierTrack>,
    /// The member.
    pub state: &'a MemberState,
}

impl Counts<'_> {
    /// Whether the windows at a moment satisfy a requirement; nobody satisfies one that is not there.
    pub fn holds(&self, requirement: Option<&Requirement>, when: &When<'_>) -> bool {
        let holds = |one: &Requirement| self.holds(Some(one), when);
        match requirement {
            None => false,
            Some(Requirement::All(all)) => all.iter().all(holds),
            Some(Requirement::Any(any)) => any.iter().any(holds),
            Some(Requirement::AtLeast(AtLeast { count, of })) => {
                of.iter().filter(|one| holds(one)).count() >= usize::from(*count)
            }
            Some(Requirement::Counter(threshold)) => self.reaches(threshold, when),
            Some(Requirement::Streak(streak)) => self.run(streak, when) == usize::from(streak.windows),
        }
    }

    /// Whether the window at a moment reaches a threshold.
    pub fn reaches(&self, threshold: &Threshold, when: &When<'_>) -> bool {
        self.value(&threshold.id, when).is_some_and(|have| have >= threshold.at_least.units())
    }

    /// What a counter holds in its window, in 1/10,000 as thresholds are; none of an unknown counter.
    pub fn value(&self, id: &AuthorId, when: &When<'_>) -> Option<i128> {
        let counter = self.program.counter(id)?;
        let slots = Slots::of_counter(self.program, counter);
        let have = slots.value(self.seen(id).as_deref(), when);
        let have = have.unwrap_or(0).saturating_mul(counter::unit(self.program, counter));
        Some(have.saturating_add(self.credited(id, when)))
    }

    /// How many windows of a streak count: those that reach its value, from the one at a moment back without a gap.
    /// A window that does not reach it yet breaks nothing of what came before, but is needed itself.
    pub fn run(&self, streak: &Streak, when: &When<'_>) -> usize {
        let Some(counter) = self.program.counter(&streak.counter) else { return 0 };
        let (slots, seen) = (Slots::of_counter(self.program, counter), self.seen(&counter.id));
        let (present, unit) = (counter.window.slot(when), counter::unit(self.program, counter));
        let reaches = |back: &i64| {
            let held = slots.held(seen.as_deref(), present.saturating_sub(*back)).unwrap_or(0);
            held.saturating_mul(unit) >= streak.at_least.units()
        };
        let before = (1..i64::from(streak.windows)).take_while(reaches).count();
        before.saturating_add(usize::from(reaches(&0)))
    }

    /// What the present window of a streak holds, in 1/10,000 as thresholds are.
    pub fn held(&self, streak: &Streak, when: &When<'_>) -> i128 {
        let Some(counter) = self.program.counter(&streak.counter) else { return 0 };
        let slots = Slots::of_counter(self.program, counter);
        let held = slots.value(self.seen(&counter.id).as_deref(), when).unwrap_or(0);
        held.saturating_mul(counter::unit(self.program, counter))
    }

    /// A counter as the track sees it, credits apart.
    fn seen(&self, id: &AuthorId) -> Option<Cow<'_, CounterState>> {
        let counted = counter::find(&self.state.counters, id)?;
        Some(match self.returned(id) {
            Some(returned) => Cow::Owned(as_if_kept(counted, returned)),
            None => Cow::Borrowed(counted),
        })
    }

    /// What came back of a counter, where the track does not look at returns.
    fn returned(&self, id: &AuthorId) -> Option<&CounterState> {
        self.track.filter(|track| track.on_return == OnReturn::Never)?;
        counter::find(&self.state.returned, id)
    }

    /// What of it was not counted but rolled over or was a head start.
    pub fn credited(&self, id: &AuthorId, when: &When<'_>) -> i128 {
        let carry = self.track.and_then(|track| self.state.tier(&track.id)?.carry.as_ref());
        let Some((carry, counter)) = carry.zip(self.program.counter(id)) else { return 0 };
        let slot = counter.window.slot(when);
        let credit = carry.credits.iter().find(|credit| credit.slot == slot && credit.counter == *id);
        credit.map_or(0, |credit| credit.head_start.saturating_add(credit.rolled))
    }
}

/// When a streak is read that something counted at `when` may have closed a gap of: in each window since then that
/// looks back to it, the one of `present` the last.
pub fn read_since<'r>(
    program: &'r Program,
    requirement: &Requirement,
    when: &When<'r>,
    present: Date,
) -> Vec<Reading> {
    let mut readings = Vec::new();
    if present <= when.date {
        return readings;
    }
    requirement.streaks(&mut |streak| {
        let Some(counter) = program.counter(&streak.counter) else { return };
        let slot = counter.window.slot(when);
        for since in 1..i64::from(streak.windows) {
            let window = slot.saturating_add(since);
            let ends = (counter.window.start(window, when))
                .zip(counter.window.start(window.saturating_add(1), when));
            let Some((first, next)) = ends.filter(|(first, _)| *first <= present) else { break };
            let date = next.plus_days(-1).min(present).max(first);
            readings.push(Reading { at: program.zone().start_of(date.plus_days(1)).plus_micros(-1), date });
        }
    });
    readings
}

/// A counter with what came back in the slots that it came back from.
fn as_if_kept(counted: &CounterState, returned: &CounterState) -> CounterState {
    let mut kept = counted.clone();
    for slot in &mut kept.slots {
        if let Some(back) = returned.slots.iter().find(|back| back.number == slot.number) {
            slot.amount = slot.amount.saturating_add(back.amount);
        }
    }
    kept
}
