//! What a level asks for, measured on the counters as its track sees them.

use crate::counter::{self, CounterState, Slots};
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::program::Program;
use crate::program::document::{AtLeast, OnReturn, Requirement, Threshold, TierTrack};
use crate::time::When;

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
        let counted = counter::find(&self.state.counters, id);
        let have = match counted.zip(self.returned(id)) {
            Some((counted, returned)) => slots.value(Some(&as_if_kept(counted, returned)), when),
            None => slots.value(counted, when),
        };
        let have = have.unwrap_or(0).saturating_mul(counter::unit(self.program, counter));
        Some(have.saturating_add(self.credited(id, when)))
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
