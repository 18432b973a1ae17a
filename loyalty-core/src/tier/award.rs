//! What was given for levels reached: it belongs to the counters, not to the activity that reached them.

use minicbor::{Decode, Encode};

use super::held::Reading;
use super::requirement::{Counts, read_since};
use crate::id::AuthorId;
use crate::ledger::operation::CountedIn;
use crate::member::MemberState;
use crate::points::Points;
use crate::program::Program;
use crate::program::document::{Level, Requirement, TierTrack};
use crate::time::{Date, Timestamp, When};

/// The most windows of a level whose awards may still be taken back.
pub const KEPT_GRANTS: usize = 4;

/// What was given for a level reached: once in its window.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LevelGrant {
    /// The track.
    #[n(0)]
    pub track: AuthorId,
    /// The level.
    #[n(1)]
    pub level: AuthorId,
    /// When the windows were read that reached it.
    #[n(2)]
    pub reading: Reading,
    /// What was given, by currency.
    #[n(3)]
    pub points: Vec<LevelPoints>,
    /// What caps have used up by it.
    #[n(4)]
    pub used: Vec<CountedIn>,
}

/// Points given for a level.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LevelPoints {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// How many.
    #[n(1)]
    pub points: Points,
    /// When they lapse.
    #[n(2)]
    pub expires_at: Option<Timestamp>,
}

/// Levels whose `reach` holds by an activity and did not before, and to which nothing was given yet in these windows,
/// each with when its windows were read; the lowest first. `present` is the date up to which streaks may be complete.
pub fn newly_reached<'p>(
    program: &'p Program,
    before: &MemberState,
    after: &MemberState,
    when: &When<'p>,
    present: Date,
) -> Vec<(&'p TierTrack, &'p Level, Reading)> {
    let levels =
        program.document().tiers.iter().flat_map(|track| track.levels.iter().map(move |it| (track, it)));
    let newly = levels.filter_map(|(track, level)| {
        let reach = level.reach.as_ref()?;
        let of_level = |it: &&LevelGrant| it.track == track.id && it.level == level.id;
        let fresh = |reading: &Reading| {
            let when = program.when(after, reading.at, reading.date);
            let holds = |state| Counts { program, track: Some(track), state }.holds(Some(reach), &when);
            let mut given = after.level_grants.iter().filter(of_level);
            let is_given = |it: &LevelGrant| {
                same(program, reach, &program.when(after, it.reading.at, it.reading.date), &when)
            };
            holds(after) && !holds(before) && !given.any(is_given)
        };
        let mut readings =
            std::iter::once(Reading::of(when)).chain(read_since(program, reach, when, present));
        Some((track, level, readings.find(fresh)?))
    });
    newly.collect()
}

/// Takes out of the state what was given for levels whose counters a return has lowered below.
pub fn no_longer_reached(
    program: &Program,
    before: &MemberState,
    state: &mut MemberState,
) -> Vec<LevelGrant> {
    let lost = |grant: &LevelGrant, state: &MemberState| {
        let track = program.track(&grant.track);
        let level = track.and_then(|track| track.levels.iter().find(|level| level.id == grant.level));
        let reach = level.and_then(|level| level.reach.as_ref());
        let Reading { at, date } = grant.reading;
        let holds = |state| Counts { program, track, state }.holds(reach, &program.when(state, at, date));
        holds(before) && !holds(state)
    };
    let all = std::mem::take(&mut state.level_grants);
    let (lost, kept) = all.into_iter().partition(|grant| lost(grant, state));
    state.level_grants = kept;
    lost
}

/// Keeps what was given for a level, and lets go of the oldest of that level.
pub fn keep_grant(state: &mut MemberState, grant: LevelGrant) {
    let same = |it: &&LevelGrant| it.track == grant.track && it.level == grant.level;
    if state.level_grants.iter().filter(same).count() >= KEPT_GRANTS
        && let Some(oldest) = state.level_grants.iter().position(|it| same(&it))
    {
        state.level_grants.remove(oldest);
    }
    state.level_grants.push(grant);
}

/// Whether two moments share a window of all that a requirement looks at: of a rolling one, whether the later
/// window goes back to the other, of a streak whether one of its windows is in both.
fn same(program: &Program, requirement: &Requirement, one: &When<'_>, other: &When<'_>) -> bool {
    let all = |list: &[Requirement]| list.iter().all(|each| same(program, each, one, other));
    match requirement {
        Requirement::All(list) | Requirement::Any(list) => all(list),
        Requirement::AtLeast(some) => all(&some.of),
        Requirement::Counter(threshold) => program.counter(&threshold.id).is_none_or(|counter| {
            let [one, other] = [one, other].map(|when| counter.window.slot(when));
            counter.window.first_slot(one.max(other)) <= one.min(other)
        }),
        Requirement::Streak(streak) => program.counter(&streak.counter).is_none_or(|counter| {
            let [one, other] = [one, other].map(|when| counter.window.slot(when));
            one.abs_diff(other) < u64::from(streak.windows)
        }),
    }
}
