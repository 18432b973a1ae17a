//! Levels given by hand: a status match, a trial. They lie over what the member has earned and end by themselves.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Begins, Moment};
use crate::adjustment::check_reason;
use crate::grants::HeldTier;
use crate::id::{ActivityId, ActorId, AuthorId, OperationKey};
use crate::ledger::operation::TierChange;
use crate::member::MemberState;
use crate::problem::Problem;
use crate::program::document::{Threshold, TierTrack};
use crate::time::Timestamp;

/// The most counters that keeping a given level may take.
pub const MOST_THRESHOLDS: usize = 16;

/// A level to be given to a member until an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct TierGrant {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub id: ActivityId,
    /// The track.
    #[n(1)]
    pub track: AuthorId,
    /// The level, above what the member has earned.
    #[n(2)]
    pub level: AuthorId,
    /// The first instant at which it is over.
    #[n(3)]
    pub until: Timestamp,
    /// What keeps it then as if it had been reached: every one of these, in the windows of its last day.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Threshold>,
    /// Who gives it.
    #[n(5)]
    pub actor: ActorId,
    /// Why, in 1 to 500 bytes.
    #[n(6)]
    pub reason: String,
}

/// A level given until an end, above the status that the member has earned.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Granted {
    /// The level.
    #[n(0)]
    pub level: AuthorId,
    /// Since when.
    #[n(1)]
    pub since: Timestamp,
    /// The first instant at which it is over.
    #[n(2)]
    pub until: Timestamp,
    /// What keeps it then.
    #[n(3)]
    pub keep: Vec<Threshold>,
}

impl TierGrant {
    /// The key under which it happens once.
    pub fn key(&self) -> Option<OperationKey> {
        OperationKey::new(&format!("tier/{}", self.id)).ok()
    }
}

impl Moment<'_> {
    /// Gives a level until an end.
    ///
    /// The path of a refusal leads from the grant on.
    pub fn grant(&self, grant: &TierGrant, state: &mut MemberState) -> Result<TierChange, Problem> {
        let track = self.program.track(&grant.track);
        let track = track.ok_or_else(|| unknown("track", format!("there is no track `{}`", grant.track)))?;
        let rank = track.rank(&grant.level);
        let rank =
            rank.ok_or_else(|| unknown("level", format!("the track has no level `{}`", grant.level)))?;
        self.check_grant(grant)?;
        let held = state.tier_mut(&track.id);
        let held = held.filter(|held| track.rank(&held.status.level).unwrap_or(0) < rank);
        let held = held.ok_or_else(|| {
            let message = format!("the member has earned `{}` or more", grant.level);
            Problem::new("tier_not_higher", "/level", message, "give a level above the one earned")
        })?;
        let from = held.note_past(track);
        held.granted = Some(Granted {
            level: grant.level.clone(),
            since: self.at,
            until: grant.until,
            keep: grant.keep.clone(),
        });
        Ok(TierChange { track: track.id.clone(), from, to: grant.level.clone(), at: self.at })
    }

    /// Gives a level until an end, where the member has earned less and holds no better one; nothing keeps it then.
    pub fn give_tier(&self, gift: &HeldTier, state: &mut MemberState) -> Option<TierChange> {
        let track = self.program.track(&gift.track)?;
        let rank = track.rank(&gift.level)?;
        let held = state.tier_mut(&track.id)?;
        let has_earned = track.rank(&held.status.level).unwrap_or(0) >= rank;
        let has_better = held.granted.as_ref().is_some_and(|given| {
            let other = track.rank(&given.level).unwrap_or(0);
            other > rank || (other == rank && (given.until >= gift.until || !given.keep.is_empty()))
        });
        if has_earned || has_better || gift.until <= self.at {
            return None;
        }
        let from = held.note_past(track);
        let (level, until) = (gift.level.clone(), gift.until);
        held.granted = Some(Granted { level, since: self.at, until, keep: Vec::new() });
        Some(TierChange { track: track.id.clone(), from, to: gift.level.clone(), at: self.at })
    }

    /// Takes back a level that was given until an end; what was earned remains.
    pub fn take_tier(&self, gift: &HeldTier, state: &mut MemberState) -> Option<TierChange> {
        let track = self.program.track(&gift.track)?;
        let held = state.tier_mut(&track.id)?;
        let own =
            |given: &Granted| given.level == gift.level && given.until == gift.until && given.keep.is_empty();
        held.granted.as_ref().filter(|given| own(given))?;
        let from = held.note_past(track);
        held.granted = None;
        Some(TierChange { track: track.id.clone(), from, to: held.status.level.clone(), at: self.at })
    }

    fn check_grant(&self, grant: &TierGrant) -> Result<(), Problem> {
        check_reason(&grant.reason)?;
        if grant.keep.len() > MOST_THRESHOLDS {
            let message = format!("{} conditions are more than {MOST_THRESHOLDS}", grant.keep.len());
            return Err(Problem::new("wrong_length", "/keep", message, "ask for less"));
        }
        if grant.until <= self.at {
            let message = format!("`{}` is over already", grant.until);
            return Err(Problem::new("already_over", "/until", message, "give an end that is ahead"));
        }
        match grant.keep.iter().position(|asked| self.program.counter(&asked.id).is_none()) {
            Some(index) => {
                let message = "there is no such counter".to_owned();
                let help = "use a counter of the program in force";
                Err(Problem::new("unknown_counter", format!("/keep/{index}/id"), message, help))
            }
            None => Ok(()),
        }
    }

    /// Ends a level given: it stays as one that was reached where what keeps it holds, else what was earned remains.
    pub fn end_grant(&self, track: &TierTrack, state: &mut MemberState) -> Option<TierChange> {
        let granted = state.tier(&track.id)?.granted.as_ref()?;
        let ended = self.at.plus_micros(-1);
        let ended = self.program.when(state, ended, self.program.zone().date_at(ended));
        let counts = self.counts(track, state);
        let keeps = |asked| counts.reaches(asked, &ended);
        let kept = !granted.keep.is_empty() && granted.keep.iter().all(keeps);
        if let Some(rank) = track.rank(&granted.level).filter(|_| kept) {
            return self.change(track, rank, Begins { earned: self.begins, ground: None }, state);
        }
        let held = state.tier_mut(&track.id)?;
        let from = held.note_past(track);
        held.granted = None;
        Some(TierChange { track: track.id.clone(), from, to: held.status.level.clone(), at: self.at })
    }
}

fn unknown(field: &str, message: String) -> Problem {
    Problem::new("unknown_tier", format!("/{field}"), message, "use the ids of the program in force")
}
