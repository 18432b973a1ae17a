//! What counters begin a window with, as a track sees them: the excess of the window before, and a head start.

use minicbor::{Decode, Encode};

use super::Moment;
use super::requirement::Counts;
use crate::counter;
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::program::Program;
use crate::program::document::{Rollover, TierTrack};
use crate::time::{Timestamp, Window};

/// The most windows of a counter whose credits are kept.
pub const KEPT_CREDITS: usize = 4;

/// What a track adds to its counters.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Carry {
    /// When the next window begins.
    #[n(0)]
    pub next: Timestamp,
    /// By window, the oldest first.
    #[n(1)]
    pub credits: Vec<Credit>,
}

/// What a counter begins a window with, in 1/10,000 as thresholds are.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Credit {
    /// The counter.
    #[n(0)]
    pub counter: AuthorId,
    /// The window's number.
    #[n(1)]
    pub slot: i64,
    /// The head start.
    #[cbor(n(2), with = "crate::money::wide")]
    pub head_start: i128,
    /// What rolled over.
    #[cbor(n(3), with = "crate::money::wide")]
    pub rolled: i128,
}

impl TierTrack {
    /// The counters with a rollover or a head start.
    pub fn carried(&self) -> impl Iterator<Item = &AuthorId> {
        let rolled = self.rollover.iter().map(|rollover| &rollover.counter);
        let heads = self.levels.iter().flat_map(|level| &level.head_start).map(|head| &head.counter);
        rolled.chain(heads)
    }

    /// The window of these counters, the same for all of them.
    pub fn carried_window(&self, program: &Program) -> Option<Window> {
        program.counter(self.carried().next()?).map(|counter| counter.window)
    }
}

impl Moment<'_> {
    /// Begins to carry where the track does and the member's status does not yet.
    pub fn begin_carry(&self, track: &TierTrack, state: &mut MemberState) {
        let Some(window) = track.carried_window(self.program) else { return };
        let Some(held) = state.tier_mut(&track.id).filter(|held| held.carry.is_none()) else { return };
        let begins = self.when.on(self.begins);
        let Some(end) = window.end(&begins) else { return };
        let slot = window.slot(&begins);
        let heads = track.levels.first().map_or(&[][..], |lowest| &lowest.head_start);
        let credits = heads.iter().map(|head| Credit {
            counter: head.counter.clone(),
            slot,
            head_start: head.amount.units(),
            rolled: 0,
        });
        held.carry = Some(Carry { next: self.program.zone().start_of(end), credits: credits.collect() });
    }

    /// Begins the next window: its head start by the level held until now, and what rolls over into it.
    pub fn turn(&self, track: &TierTrack, state: &mut MemberState) {
        let window = track.carried_window(self.program);
        let Some((window, end)) = window.and_then(|window| Some((window, window.end(&self.when)?))) else {
            if let Some(held) = state.tier_mut(&track.id) {
                held.carry = None;
            }
            return;
        };
        let slot = window.slot(&self.when);
        let next = self.program.zone().start_of(end);
        let level = state.tier(&track.id).and_then(|held| track.rank(held.level()));
        let heads = level.and_then(|rank| track.levels.get(rank)).map_or(&[][..], |level| &level.head_start);
        let mut credits: Vec<Credit> = Vec::new();
        for counter in track.carried() {
            if credits.iter().any(|credit| credit.counter == *counter) {
                continue;
            }
            let head = heads.iter().find(|head| head.counter == *counter);
            let head_start = head.map_or(0, |head| head.amount.units());
            let rolled = self.rolled(track, counter, (window, slot), state);
            if head_start != 0 || rolled != 0 {
                credits.push(Credit { counter: counter.clone(), slot, head_start, rolled });
            }
        }
        if let Some(carry) = state.tier_mut(&track.id).and_then(|held| held.carry.as_mut()) {
            carry.next = next;
            carry.credits.extend(credits);
            let oldest = slot.saturating_sub(i64::try_from(KEPT_CREDITS).unwrap_or(i64::MAX));
            carry.credits.retain(|credit| credit.slot > oldest);
        }
    }

    /// What rolls over again, after a late activity or a return has changed a window that ended.
    pub fn roll_again(&self, state: &mut MemberState) {
        for track in self.program.document().tiers.iter().filter(|track| !track.rollover.is_empty()) {
            let Some(window) = track.carried_window(self.program) else { continue };
            let Some(next) = state.tier(&track.id).and_then(|held| Some(held.carry.as_ref()?.next)) else {
                continue;
            };
            let present = window.slot(&self.when.on(self.program.zone().date_at(next).plus_days(-1)));
            for rollover in &track.rollover {
                // From the oldest on: what rolls over into a window is part of what rolls over out of it.
                for back in (0..KEPT_CREDITS.saturating_sub(1)).rev() {
                    let back = i64::try_from(back).unwrap_or(i64::MAX);
                    self.roll_into(track, &rollover.counter, (window, present.saturating_sub(back)), state);
                }
            }
        }
    }

    fn roll_into(
        &self,
        track: &TierTrack,
        counter: &AuthorId,
        (window, slot): (Window, i64),
        state: &mut MemberState,
    ) {
        let Some(start) = window.start(slot, &self.when) else { return };
        let last_day = self.when.on(start.plus_days(-1));
        let gone = counter::value(self.program, state, counter, &last_day).is_none();
        if gone || self.program.zone().start_of(start) <= state.enrolled_at {
            return;
        }
        let rolled = self.rolled(track, counter, (window, slot), state);
        let Some(carry) = state.tier_mut(&track.id).and_then(|held| held.carry.as_mut()) else { return };
        let place = carry.credits.iter().position(|credit| credit.slot == slot && credit.counter == *counter);
        match place.and_then(|place| carry.credits.get_mut(place)) {
            Some(credit) => credit.rolled = rolled,
            None if rolled != 0 => {
                let credit = Credit { counter: counter.clone(), slot, head_start: 0, rolled };
                let place = carry.credits.partition_point(|credit| credit.slot <= slot);
                carry.credits.insert(place, credit);
            }
            None => {}
        }
    }

    /// What rolls over into a window: the excess of the one before over the highest threshold that it is at.
    fn rolled(
        &self,
        track: &TierTrack,
        counter: &AuthorId,
        (window, slot): (Window, i64),
        state: &MemberState,
    ) -> i128 {
        let Some(rollover) = track.rollover.iter().find(|rollover| rollover.counter == *counter) else {
            return 0;
        };
        let Some(start) = window.start(slot, &self.when) else { return 0 };
        let counts = Counts { program: self.program, track: Some(track), state };
        excess(track, rollover, counts.value(counter, &self.when.on(start.plus_days(-1))).unwrap_or(0))
    }
}

/// What is above the highest threshold of a counter that it is at.
fn excess(track: &TierTrack, rollover: &Rollover, value: i128) -> i128 {
    let mut highest = None;
    for reach in track.levels.iter().filter_map(|level| level.reach.as_ref()) {
        reach.thresholds(&mut |it| {
            if it.id == rollover.counter && it.at_least.units() <= value {
                highest = highest.max(Some(it.at_least.units()));
            }
        });
    }
    let Some(highest) = highest else { return 0 };
    let excess = value.saturating_sub(highest);
    rollover.at_most.map_or(excess, |most| excess.min(most.units()))
}
