//! What one member's chain has decided, and others have to do after it: the parts of referrals and transfers.
//!
//! Each part is a command of its own, whose key makes it happen once. Whoever gets no further in between has the same
//! command sent again, or somebody else finish it: from the feed, or from what a member has in transit.

use super::pack::Outcome;
use super::{Chain, Engine, EngineError};
use crate::command::Command;
use crate::id::{MemberId, OperationKey, TenantId};
use crate::ledger::commit::Commit;
use crate::ledger::operation::Operation;
use crate::ports::{Feed, StoreError};
use crate::problem::Problem;
use crate::program::Programs;
use crate::redemption::Refused;
use crate::time::Timestamp;

/// Commits read at once.
const PAGE: usize = 256;

impl Engine {
    /// Why another member keeps a command of this one from being done, as things stand.
    pub(super) async fn no_other(
        &self,
        chain: Chain<'_>,
        decided: &Operation,
        (programs, now): (&Programs, Timestamp),
    ) -> Result<Option<Problem>, EngineError> {
        match &decided.sealed.command {
            // Of who is frozen or closed, others are not asked.
            _ if decided.refused.as_ref().is_some_and(Refused::is_stopped) => Ok(None),
            Command::NameReferrer(name) => self.no_referrer(chain, name).await,
            Command::Transfer(transfer) => self.no_recipient(chain, transfer, (programs, now)).await,
            _ => Ok(None),
        }
    }

    /// Finishes what commands of a member have decided about others. Where it cannot be finished, nobody is told that the
    /// commands are done: sent again, they are replays, and it is tried again.
    pub(super) async fn finish_outcomes(
        &self,
        chain: Chain<'_>,
        outcomes: &mut [Outcome],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        for outcome in outcomes {
            if let Outcome::Done(answer) = outcome
                && let Some(problem) = self.finish(chain, &answer.operation, now).await?
            {
                *outcome = Outcome::Refused(problem);
            }
        }
        Ok(())
    }

    /// Does on other members' chains what an operation of a member has decided about them, as far as it is not done yet;
    /// the answer is why another's chain has refused its part, where it has, so that the operation came to nothing.
    /// [`Engine::execute`] does so by itself; whoever appends packs by themselves calls it for each operation of them once
    /// they are durable.
    ///
    /// Errors: `unknown_outcome` where it is not known to be done; call it again.
    pub async fn finish(
        &self,
        chain: Chain<'_>,
        operation: &Operation,
        now: Timestamp,
    ) -> Result<Option<Problem>, EngineError> {
        let unknown = |error| {
            let why = format!("what `{}` decided is not done for another member yet: {error}", operation.key);
            EngineError::Store(StoreError::Unknown(why))
        };
        for turn in &operation.turns {
            Box::pin(self.finish_turn(chain, turn, now)).await.map_err(unknown)?;
        }
        match &operation.sent {
            Some(sent) => Box::pin(self.finish_transfer(chain, sent, now)).await.map_err(unknown),
            None => Ok(None),
        }
    }

    /// Finishes what the next operations of all members have decided about others, from a position of the feed on, at the
    /// instant that a clock shows for a tenant; the answer is the position up to which all is done, or nothing at the end.
    /// What is done already stays as it is.
    pub async fn finish_after(
        &self,
        feed: &dyn Feed,
        position: u64,
        clock: &(dyn Fn(&TenantId) -> Timestamp + Sync),
    ) -> Result<Option<u64>, EngineError> {
        let page = feed.after(position, PAGE).await?;
        for (_, stored) in &page {
            let Commit { head, operations } = stored.commit()?;
            let chain = Chain { tenant: &head.tenant, member: &head.member };
            for operation in operations.iter().filter(|operation| operation.is_followed()) {
                self.finish(chain, operation, clock(chain.tenant)).await?;
            }
        }
        Ok(page.last().map(|(last, _)| *last))
    }

    /// Finishes what a member has in transit; gives how many transfers that were.
    pub async fn finish_in_transit(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        now: Timestamp,
    ) -> Result<usize, EngineError> {
        let head = self.ledger.head(tenant, member).await?.map(|commit| commit.head()).transpose()?;
        let sent = head.map(|head| head.state.in_transit).unwrap_or_default();
        for one in &sent {
            Box::pin(self.finish_transfer(Chain { tenant, member }, one, now)).await?;
        }
        Ok(sent.len())
    }

    /// The operation of a key, where there is one.
    pub(super) async fn operation_of(
        &self,
        chain: Chain<'_>,
        key: &OperationKey,
    ) -> Result<Option<Operation>, EngineError> {
        let Some(stored) = self.ledger.by_key(chain.tenant, chain.member, key).await? else {
            return Ok(None);
        };
        Ok(stored.commit()?.operations.into_iter().find(|operation| operation.key == *key))
    }

    pub(super) async fn has_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<bool, EngineError> {
        Ok(self.ledger.by_key(tenant, member, key).await?.is_some())
    }
}
