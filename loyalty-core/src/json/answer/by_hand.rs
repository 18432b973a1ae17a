//! What a person said or did, as the operation's command says it.

use crate::adjustment::Adjust;
use crate::command::Command;
use crate::correction::{ExtendExpiry, Reinstate};
use crate::id::ActivityId;
use crate::membership::MembershipChange;
use crate::tier::TierGrant;
use crate::vesting::Review;

/// The one of these that the command is; nothing of all others.
#[derive(Debug, Default)]
pub(super) struct ByHand {
    pub grant: Option<TierGrant>,
    pub review: Option<Review>,
    pub adjustment: Option<Adjust>,
    pub undone: Option<ActivityId>,
    pub extended: Option<ExtendExpiry>,
    pub reinstated: Option<Reinstate>,
    pub membership: Option<MembershipChange>,
}

impl ByHand {
    pub fn of(command: &Command) -> Self {
        let none = Self::default();
        match command {
            Command::GrantTier(grant) => Self { grant: Some(grant.as_ref().clone()), ..none },
            Command::Approve(review) | Command::Refuse(review) => {
                Self { review: Some(review.as_ref().clone()), ..none }
            }
            Command::Adjust(adjust) => Self { adjustment: Some(adjust.as_ref().clone()), ..none },
            Command::UndoReturn(undo) => Self { undone: Some(undo.of.clone()), ..none },
            Command::ExtendExpiry(extend) => Self { extended: Some(extend.as_ref().clone()), ..none },
            Command::Reinstate(reinstate) => Self { reinstated: Some(reinstate.as_ref().clone()), ..none },
            Command::Freeze(change) | Command::Unfreeze(change) | Command::Close(change) => {
                Self { membership: Some(change.as_ref().clone()), ..none }
            }
            _ => none,
        }
    }
}
