//! Levels reached and challenges completed: what was given for them belongs to the counters, not to the activity that
//! reached them.

use minicbor::{Decode, Encode};

use super::held::Reading;
use super::requirement::{Counts, read_since};
use crate::grants::Gift;
use crate::id::AuthorId;
use crate::ledger::operation::CountedIn;
use crate::member::{Lapse, Lot, MemberState};
use crate::points::Points;
use crate::program::Program;
use crate::program::document::{Requirement, TierTrack};
use crate::time::{Date, When};

/// The most windows of a goal whose awards may still be taken back.
pub const KEPT_GRANTS: usize = 4;

/// What was given for a level or challenge: once in its window.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GoalGrant {
    /// The track of the level; absent of a challenge.
    #[n(0)]
    pub track: Option<AuthorId>,
    /// The level or challenge.
    #[n(1)]
    pub id: AuthorId,
    /// When the windows were read that reached it.
    #[n(2)]
    pub reading: Reading,
    /// What was given, by currency and terms.
    #[n(3)]
    pub points: Vec<GoalPoints>,
    /// What caps have used up by it.
    #[n(4)]
    pub used: Vec<CountedIn>,
    /// What grants gave for it.
    #[cbor(n(5), default, skip_if = "Vec::is_empty")]
    pub gifts: Vec<GoalGift>,
}

/// Something that is no points, given for a level or challenge.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GoalGift {
    /// The grant.
    #[n(0)]
    pub grant: AuthorId,
    /// What it gave.
    #[n(1)]
    pub gift: Gift,
    /// While a return has it back: whether the member still had it then.
    #[n(2)]
    pub lost: Option<bool>,
}

/// Points given for a level or challenge.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GoalPoints {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// How many.
    #[n(1)]
    pub points: Points,
    /// When they lapse; never where absent.
    #[n(2)]
    pub lapses: Option<Lapse>,
    /// The partner that pays for them.
    #[cbor(n(3), default)]
    pub funded_by: Option<AuthorId>,
    /// Where a return took them back from, while it has them.
    #[cbor(n(4), default, skip_if = "Option::is_none")]
    pub taken: Option<GoalTaken>,
}

/// What a return took back of points given for a goal; what is missing was forgiven.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GoalTaken {
    /// The lots that it came out of.
    #[n(0)]
    pub lots: Vec<Lot>,
    /// What was owed for it.
    #[cbor(n(1), default, skip_if = "Points::is_nothing")]
    pub owed: Points,
}

impl GoalGrant {
    /// Whether a return has it back. It is given again where another return lets the counters rise again.
    pub fn is_taken(&self) -> bool {
        self.points.iter().any(|points| points.taken.is_some())
            || self.gifts.iter().any(|gift| gift.lost.is_some())
    }
}

/// What a return does to something given for a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Its counters are below.
    Lost,
    /// They were, by an earlier return, and are there again.
    Again,
}

/// Something to be reached that rules may award.
#[derive(Debug, Clone, Copy)]
pub struct Goal<'p> {
    /// The track of a level, as which it sees the counters; a challenge sees them as they are.
    pub track: Option<&'p TierTrack>,
    /// The level or challenge.
    pub id: &'p AuthorId,
    /// What it takes.
    asked: &'p Requirement,
}

impl<'p> Goal<'p> {
    /// The levels of all tracks that can be reached, the lowest first, then the challenges that are open on a date.
    fn all(program: &'p Program, date: Date) -> impl Iterator<Item = Self> {
        let tracks = program.document().tiers.iter();
        let levels = tracks.flat_map(|track| track.levels.iter().map(move |level| (track, level)));
        let levels = levels.filter_map(|(track, level)| {
            Some(Self { track: Some(track), id: &level.id, asked: level.reach.as_ref()? })
        });
        let open = program.document().challenges.iter().filter(move |challenge| challenge.is_open(date));
        levels.chain(open.map(|challenge| Self {
            track: None,
            id: &challenge.id,
            asked: &challenge.complete,
        }))
    }

    /// What was given for; `None` where the program no longer has it.
    fn of(program: &'p Program, grant: &GoalGrant) -> Option<Self> {
        let Some(track) = &grant.track else {
            let challenge = program.challenge(&grant.id)?;
            return Some(Self { track: None, id: &challenge.id, asked: &challenge.complete });
        };
        let track = program.track(track)?;
        let level = track.levels.iter().find(|level| level.id == grant.id)?;
        Some(Self { track: Some(track), id: &level.id, asked: level.reach.as_ref()? })
    }

    fn is_of(&self, grant: &GoalGrant) -> bool {
        grant.id == *self.id && grant.track.as_ref() == self.track.map(|track| &track.id)
    }

    fn holds(&self, program: &Program, state: &MemberState, when: &When<'_>) -> bool {
        Counts { program, track: self.track, state }.holds(Some(self.asked), when)
    }
}

/// Goals that hold by an activity and did not before, and to which nothing was given yet in these windows, each with
/// when its windows were read. `present` is the date up to which streaks may be complete.
pub fn newly_reached<'p>(
    program: &'p Program,
    before: &MemberState,
    after: &MemberState,
    when: &When<'p>,
    present: Date,
) -> Vec<(Goal<'p>, Reading)> {
    let newly = Goal::all(program, when.date).filter_map(|goal| {
        let fresh = |reading: &Reading| {
            let when = program.when(after, reading.at, reading.date);
            let is_given = |it: &GoalGrant| {
                same(program, goal.asked, &program.when(after, it.reading.at, it.reading.date), &when)
            };
            let mut given = after.goal_grants.iter().filter(|it| goal.is_of(it) && !it.is_taken());
            goal.holds(program, after, &when) && !goal.holds(program, before, &when) && !given.any(is_given)
        };
        let since = read_since(program, goal.asked, when, present);
        let mut readings = std::iter::once(Reading::of(when)).chain(since);
        Some((goal, readings.find(fresh)?))
    });
    newly.collect()
}

/// What a return does to something given for a goal, by the counters `before` and after it.
pub fn turn(program: &Program, grant: &GoalGrant, before: &MemberState, after: &MemberState) -> Option<Turn> {
    let Reading { at, date } = grant.reading;
    let goal = Goal::of(program, grant)?;
    let held = [before, after].map(|state| goal.holds(program, state, &program.when(state, at, date)));
    match (held, grant.is_taken()) {
        ([true, false], false) => Some(Turn::Lost),
        ([false, true], true) => Some(Turn::Again),
        _ => None,
    }
}

/// Keeps what was given for a goal, and lets go of the oldest of it, and of what a return took in the same windows.
pub fn keep_grant(program: &Program, goal: &Goal<'_>, grant: GoalGrant, state: &mut MemberState) {
    let read = |of: &GoalGrant, state: &MemberState| program.when(state, of.reading.at, of.reading.date);
    let mut all = std::mem::take(&mut state.goal_grants);
    all.retain(|it| {
        let again = goal.is_of(it) && same(program, goal.asked, &read(it, state), &read(&grant, state));
        !it.is_taken() || !again
    });
    state.goal_grants = all;
    let same = |it: &&GoalGrant| it.track == grant.track && it.id == grant.id;
    if state.goal_grants.iter().filter(same).count() >= KEPT_GRANTS
        && let Some(oldest) = state.goal_grants.iter().position(|it| same(&it))
    {
        state.goal_grants.remove(oldest);
    }
    state.goal_grants.push(grant);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    /// As they were stored before there were challenges.
    #[derive(Encode, Decode)]
    struct OfLevel {
        #[n(0)]
        track: AuthorId,
        #[n(1)]
        level: AuthorId,
        #[n(2)]
        reading: Reading,
        #[n(3)]
        points: Vec<PointsOfLevel>,
        #[n(4)]
        used: Vec<CountedIn>,
    }

    #[derive(Encode, Decode)]
    struct PointsOfLevel {
        #[n(0)]
        currency: AuthorId,
        #[n(1)]
        points: Points,
        #[n(2)]
        expires_at: Option<Timestamp>,
    }

    #[test]
    fn what_was_stored_for_levels_is_read_and_stored_alike() {
        let id = |text: &str| AuthorId::new(text).unwrap();
        let reading = Reading { at: Timestamp::from_seconds(7), date: Date::from_days(3) };
        let points = [None, Some(reading.at)].map(|expires_at| PointsOfLevel {
            currency: id("points"),
            points: Points::ZERO,
            expires_at,
        });
        let (track, level) = (id("club"), id("gold"));
        let old = OfLevel { track, level, reading, points: points.into(), used: Vec::new() };
        let bytes = minicbor::to_vec(&old).unwrap();
        let read: GoalGrant = minicbor::decode(&bytes).unwrap();
        assert_eq!((read.track.as_ref(), &read.id), (Some(&old.track), &old.level));
        assert_eq!(minicbor::to_vec(&read).unwrap(), bytes);
        let challenge = GoalGrant { track: None, ..read };
        let again: GoalGrant = minicbor::decode(&minicbor::to_vec(&challenge).unwrap()).unwrap();
        assert_eq!(again, challenge);
    }
}
