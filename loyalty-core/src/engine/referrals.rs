//! Referrals: what the chain of a referee has decided is done on the chain of the referrer.
//!
//! A turn is first in the referee's commit, then a command of the referrer, whose key makes it happen once. Whoever gets
//! no further in between has the same command sent again, or somebody else finish it from the feed.

use std::sync::Arc;

use super::pack::Outcome;
use super::{Chain, Engine, EngineError};
use crate::decision::Command;
use crate::id::{MemberId, OperationKey, TenantId};
use crate::ledger::operation::Operation;
use crate::member::MemberState;
use crate::ports::{Feed, StoreError};
use crate::problem::Problem;
use crate::referral::Turn;
use crate::time::Timestamp;

/// Commits read at once.
const PAGE: usize = 256;

impl Engine {
    /// Why somebody cannot have brought a member: there is no such member, or the member has brought them.
    pub(super) async fn no_referrer(
        &self,
        chain: Chain<'_>,
        command: &Command,
    ) -> Result<Option<Problem>, EngineError> {
        let Command::NameReferrer(name) = command else { return Ok(None) };
        let stored = self.ledger.head(chain.tenant, &name.referrer).await?;
        let problem = match stored.map(|commit| commit.head()).transpose()? {
            None => {
                let message = format!("there is no member `{}`", name.referrer);
                Some(("referrer_not_found", message, "correct the id, or enrol that member first"))
            }
            Some(head) if was_brought_by(&head.state, chain.member) => {
                let message = format!("`{}` was brought by this member", name.referrer);
                Some(("circular_referral", message, "name another member, or nobody"))
            }
            Some(_) => None,
        };
        let placed = |(code, message, help)| command.place(Problem::new(code, "/referrer", message, help));
        Ok(problem.map(placed))
    }

    /// Finishes what commands of a member have decided about referrals. Where it cannot be finished, nobody is told that
    /// the commands are done: sent again, they are replays, and it is tried again.
    pub(super) async fn finish_turns(
        &self,
        chain: Chain<'_>,
        outcomes: &[Outcome],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        for outcome in outcomes {
            if let Outcome::Done(answer) = outcome {
                self.finish_referrals(chain, &answer.operation, now).await?;
            }
        }
        Ok(())
    }

    /// Does on the referrers' chains what an operation of a member has decided about referrals, as far as it is not done
    /// yet. [`Engine::execute`] does so by itself; whoever appends packs by themselves calls it for each operation of them
    /// once they are durable.
    ///
    /// Errors: `unknown_outcome` where it is not known to be done; call it again.
    pub async fn finish_referrals(
        &self,
        chain: Chain<'_>,
        operation: &Operation,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        for turn in &operation.turns {
            let done = Box::pin(self.finish_turn(chain, turn, now)).await;
            done.map_err(|error| {
                let why = format!("what `{}` decided is not done for the referrer yet: {error}", turn.by);
                EngineError::Store(StoreError::Unknown(why))
            })?;
        }
        Ok(())
    }

    /// Finishes what operations of all members have decided about referrals, from a position of the feed on; the answer is
    /// the position up to which all is done. What is done already stays as it is.
    pub async fn finish_all_referrals(
        &self,
        feed: &dyn Feed,
        tenant: &TenantId,
        since: u64,
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        let mut position = since;
        loop {
            let page = feed.after(position, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(position) };
            position = *last;
            for (_, stored) in &page {
                let commit = stored.commit()?;
                let chain = Chain { tenant, member: &commit.head.member };
                for operation in commit.operations.iter().filter(|_| commit.head.tenant == *tenant) {
                    self.finish_referrals(chain, operation, now).await?;
                }
            }
        }
    }

    /// Does a turn on the referrer's chain, after the one before it.
    async fn finish_turn(&self, referee: Chain<'_>, turn: &Turn, now: Timestamp) -> Result<(), EngineError> {
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

    async fn has_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<bool, EngineError> {
        Ok(self.ledger.by_key(tenant, member, key).await?.is_some())
    }
}

fn was_brought_by(state: &MemberState, member: &MemberId) -> bool {
    state.referral.as_ref().is_some_and(|referee| referee.referrer == *member)
}
