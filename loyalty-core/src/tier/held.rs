//! What a member holds on a track, as the state keeps it.

use minicbor::{Decode, Encode};

use super::carry::Carry;
use super::grant::Granted;
use crate::id::AuthorId;
use crate::program::document::{OnReturn, TierTrack};
use crate::time::{Date, Timestamp, When};

/// The most past intervals a track keeps.
pub const KEPT_INTERVALS: usize = 8;

/// What a member holds on one track.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TierState {
    /// The track.
    #[n(0)]
    pub track: AuthorId,
    /// The status that the member has earned.
    #[n(1)]
    pub status: Status,
    /// What was held before, oldest first, at most [`KEPT_INTERVALS`].
    #[n(2)]
    pub past: Vec<TierInterval>,
    /// A level given above the status.
    #[n(3)]
    pub granted: Option<Granted>,
    /// What the track adds to its counters, where it does.
    #[n(4)]
    pub carry: Option<Carry>,
    /// The level that says how much the member may owe, while nothing but returns happens: the one held before the first
    /// of them, so that it makes no difference in how many steps things come back.
    #[cbor(n(5), default)]
    pub owes_as: Option<AuthorId>,
}

/// A level from when to when.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Status {
    /// The level.
    #[n(0)]
    pub level: AuthorId,
    /// Since when.
    #[n(1)]
    pub since: Timestamp,
    /// When it is decided anew, or in grace when the drop comes; never where absent.
    #[n(2)]
    pub until: Option<Timestamp>,
    /// The drop that waits, while the status is in grace.
    #[n(3)]
    pub waiting: Option<Waiting>,
    /// What it was earned by, where a return may undo that.
    #[n(4)]
    pub ground: Option<Ground>,
}

/// When windows were read: what [`When`] says, for the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Reading {
    /// The instant.
    #[n(0)]
    pub at: Timestamp,
    /// The local date.
    #[n(1)]
    pub date: Date,
}

impl Reading {
    /// A moment to be read at again.
    pub const fn of(when: &When<'_>) -> Self {
        Self { at: when.at, date: when.date }
    }
}

/// What a status was earned by: a condition over the windows read then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Ground {
    /// The level's `reach`.
    #[n(0)]
    Reached(#[n(0)] Reading),
    /// The level's `keep`.
    #[n(1)]
    Kept(#[n(0)] Reading),
}

/// A drop that waits for the end of its grace.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Waiting {
    /// The level that follows.
    #[n(0)]
    pub to: AuthorId,
    /// When the windows were read in which that level was kept, where it was.
    #[n(1)]
    pub kept_on: Option<Reading>,
}

/// A level held from one instant to the next interval.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TierInterval {
    /// The level.
    #[n(0)]
    pub level: AuthorId,
    /// Its first instant.
    #[n(1)]
    pub from: Timestamp,
    /// What a return may restore of it, where one that came after it is undone.
    #[n(2)]
    pub earned: Option<Earned>,
}

/// A status that gave way to another and may come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Earned {
    /// When it is decided anew; never where absent.
    #[n(0)]
    pub until: Option<Timestamp>,
    /// What it was earned by.
    #[n(1)]
    pub ground: Option<Ground>,
}

impl TierState {
    /// A level that never ends and has nothing before it.
    pub const fn holding(track: AuthorId, level: AuthorId, since: Timestamp) -> Self {
        let status = Status { level, since, until: None, waiting: None, ground: None };
        Self { track, status, past: Vec::new(), granted: None, carry: None, owes_as: None }
    }

    /// The level held: the one given, where there is one, else the one earned.
    pub fn level(&self) -> &AuthorId {
        self.granted.as_ref().map_or(&self.status.level, |granted| &granted.level)
    }

    /// Since when the level is held.
    pub fn since(&self) -> Timestamp {
        self.granted.as_ref().map_or(self.status.since, |granted| granted.since)
    }

    /// When the level held is decided anew or over; never where absent.
    pub fn until(&self) -> Option<Timestamp> {
        self.granted.as_ref().map_or(self.status.until, |granted| Some(granted.until))
    }

    /// When something of it falls due by itself.
    pub fn due(&self) -> Option<Timestamp> {
        let given = self.granted.as_ref().map(|granted| granted.until);
        let turns = self.carry.as_ref().map(|carry| carry.next);
        self.status.until.into_iter().chain(given).chain(turns).min()
    }

    /// Leaves what is earned as it is, without an end: its program no longer has the track.
    pub fn rest(&mut self) {
        self.status.until = None;
        self.status.waiting = None;
        self.granted = None;
        self.carry = None;
    }

    /// The level held at an instant, as far back as is kept; before that the oldest that is.
    pub fn level_at(&self, at: Timestamp) -> &AuthorId {
        if at >= self.since() {
            return self.level();
        }
        let covering = self.past.iter().rev().find(|interval| interval.from <= at).or(self.past.first());
        covering.map_or(self.level(), |interval| &interval.level)
    }

    /// Notes the level held as past, before another takes its place; gives it.
    pub(super) fn note_past(&mut self, track: &TierTrack) -> AuthorId {
        let level = self.level().clone();
        let before = self.interval(track);
        self.push_past(before);
        level
    }

    /// Notes what was held before as past, after another has taken its place.
    pub(crate) fn note(&mut self, before: &Self, track: &TierTrack) {
        self.push_past(before.interval(track));
    }

    fn interval(&self, track: &TierTrack) -> TierInterval {
        let Status { until, waiting, ground, .. } = &self.status;
        let restorable = track.on_return == OnReturn::AtOnce && self.granted.is_none() && waiting.is_none();
        let earned = restorable.then_some(Earned { until: *until, ground: *ground });
        TierInterval { level: self.level().clone(), from: self.since(), earned }
    }

    fn push_past(&mut self, interval: TierInterval) {
        self.past.push(interval);
        if self.past.len() > KEPT_INTERVALS {
            self.past.remove(0);
        }
    }
}
