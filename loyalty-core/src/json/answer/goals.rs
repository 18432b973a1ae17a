//! What levels and challenges gave and lost, as doors show it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{AwardView, TakeView};
use crate::id::AuthorId;
use crate::ledger::operation::{GoalAward, GoalTake};
use crate::program::Program;

/// Points given for a level reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LevelAwardView {
    /// The track.
    pub track: AuthorId,
    /// The level.
    pub level: AuthorId,
    /// What was given.
    pub award: AwardView,
}

/// Points of a level taken back, whose counters a return has lowered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LevelTakeView {
    /// The track.
    pub track: AuthorId,
    /// The level.
    pub level: AuthorId,
    /// What was taken.
    pub take: TakeView,
}

/// Points given for a challenge completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChallengeAwardView {
    /// The challenge.
    pub challenge: AuthorId,
    /// What was given.
    pub award: AwardView,
}

/// Points of a challenge taken back, whose counters a return has lowered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChallengeTakeView {
    /// The challenge.
    pub challenge: AuthorId,
    /// What was taken.
    pub take: TakeView,
}

/// What was given, of levels and of challenges.
pub(super) fn awards(
    given: Vec<GoalAward>,
    program: &Program,
) -> (Vec<LevelAwardView>, Vec<ChallengeAwardView>) {
    let (mut levels, mut challenges) = (Vec::new(), Vec::new());
    for GoalAward { track, id, award } in given {
        let award = AwardView::new(award, program);
        match track {
            Some(track) => levels.push(LevelAwardView { track, level: id, award }),
            None => challenges.push(ChallengeAwardView { challenge: id, award }),
        }
    }
    (levels, challenges)
}

/// What was taken, of levels and of challenges.
pub(super) fn takes(taken: Vec<GoalTake>, program: &Program) -> (Vec<LevelTakeView>, Vec<ChallengeTakeView>) {
    let (mut levels, mut challenges) = (Vec::new(), Vec::new());
    for GoalTake { track, id, take } in taken {
        let take = TakeView::new(take, program);
        match track {
            Some(track) => levels.push(LevelTakeView { track, level: id, take }),
            None => challenges.push(ChallengeTakeView { challenge: id, take }),
        }
    }
    (levels, challenges)
}
