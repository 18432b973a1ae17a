//! Referrals: what the chain of a referee has decided is done on the chain of the referrer.
//!
//! A turn is first in the referee's commit, then a command of the referrer, whose key makes it happen once.

use std::sync::Arc;

use super::{Chain, Engine, EngineError};
use crate::decision::Command;
use crate::id::MemberId;
use crate::member::MemberState;
use crate::membership::Stopped;
use crate::ports::StoreError;
use crate::problem::Problem;
use crate::referral::{NameReferrer, Turn};
use crate::time::Timestamp;

impl Engine {
    /// Why somebody cannot have brought a member: there is no such member, the member has brought them, or they are
    /// frozen or closed.
    pub(super) async fn no_referrer(
        &self,
        chain: Chain<'_>,
        name: &NameReferrer,
    ) -> Result<Option<Problem>, EngineError> {
        let stored = self.ledger.head(chain.tenant, &name.referrer).await?;
        let problem = match stored.map(|commit| commit.head()).transpose()? {
            None => {
                let message = format!("there is no member `{}`", name.referrer);
                let help = "correct the id, or enrol that member first";
                Some(Problem::new("referrer_not_found", "", message, help))
            }
            Some(head) if was_brought_by(&head.state, chain.member) => {
                let message = format!("`{}` was brought by this member", name.referrer);
                Some(Problem::new("circular_referral", "", message, "name another member, or nobody"))
            }
            Some(head) => head.state.stopped.as_ref().map(Stopped::problem),
        };
        Ok(problem.map(|problem| Problem { path: "/name_referrer/referrer".to_owned(), ..problem }))
    }

    /// Does a turn on the referrer's chain, after the one before it.
    pub(super) async fn finish_turn(
        &self,
        referee: Chain<'_>,
        turn: &Turn,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if let Some((before, key)) = turn.after.as_ref().zip(turn.key_before())
            && !self.has_key(referee.tenant, &turn.referrer, &key).await?
        {
            let missing = || StoreError::Damaged(format!("the key `{}` is gone", before.by));
            let stored = self.ledger.by_key(referee.tenant, referee.member, &before.by).await?;
            let commit = stored.ok_or_else(missing)?.commit()?;
            let turns = commit.operations.iter().flat_map(|operation| &operation.turns);
            let before = turns.into_iter().find(|it| it.number == before.number).ok_or_else(missing)?;
            Box::pin(self.finish_turn(referee, before, now)).await?;
        }
        let command = Command::Referral(Arc::new(turn.clone()));
        self.execute(referee.tenant, &turn.referrer, command, now).await.map(|_| ())
    }
}

fn was_brought_by(state: &MemberState, member: &MemberId) -> bool {
    state.referral.as_ref().is_some_and(|referee| referee.referrer == *member)
}
