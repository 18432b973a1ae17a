//! Transfers: what the giver's chain has accepted is decided on the chain of the recipient, and ended on the giver's.

use std::sync::Arc;

use super::{Chain, Engine, EngineError};
use crate::activity::{Activity, Enrolment};
use crate::decision::{Command, refuse_full};
use crate::id::ActivityId;
use crate::ledger::operation::Operation;
use crate::problem::Problem;
use crate::program::Programs;
use crate::program::document::{Recipients, Transfers};
use crate::redemption::Refused;
use crate::settle::settle;
use crate::time::{OffsetTime, Timestamp};
use crate::transfer::{EndTransfer, InTransit, Transfer, end_key};

impl Engine {
    /// Why another member cannot get what a command gives, as things stand: it is asked before the giver's chain accepts
    /// it, and decided again on the other's.
    pub(super) async fn no_recipient(
        &self,
        chain: Chain<'_>,
        transfer: &Transfer,
        (programs, now): (&Programs, Timestamp),
    ) -> Result<Option<Problem>, EngineError> {
        let program = programs.at(now);
        let Transfer { to, currency, points, .. } = transfer;
        let stored = self.ledger.head(chain.tenant, to).await?;
        let known = stored.map(|commit| commit.head()).transpose()?.map(|head| head.state);
        let members = |transfers: &Transfers| transfers.to == Recipients::Members;
        if known.is_none() && program.document().transfers.as_ref().is_some_and(members) {
            let message = format!("there is no member `{to}`");
            let help = "correct the id, or enrol that member first";
            return Ok(Some(at_recipient(Problem::new("recipient_not_found", "", message, help))));
        }
        let mut state = match known {
            Some(state) => state,
            // With what joining would give.
            None => Box::pin(self.preview(chain.tenant, to, &enrolment(now), now)).await?.decision.state,
        };
        if let Some(stopped) = &state.stopped {
            return Ok(Some(at_recipient(stopped.problem())));
        }
        settle(programs, self.owner(chain.tenant, to), &mut state, now)?;
        let full = refuse_full(program, &state, (currency, *points)).err();
        Ok(full.map(at_recipient))
    }

    /// Has a transfer decided by the recipient's chain and ended on the giver's, as far as that is not done yet; gives why
    /// it was rejected, where it was.
    pub(super) async fn finish_transfer(
        &self,
        giver: Chain<'_>,
        sent: &InTransit,
        now: Timestamp,
    ) -> Result<Option<Problem>, EngineError> {
        if let Some(ended) = self.end_of(giver, &sent.key).await? {
            return Ok(ended.refused.as_ref().map(rejected));
        }
        let receive = Command::Receive(Arc::new(sent.received_from(giver.member)));
        let key = receive.key()?;
        let recipient = Chain { tenant: giver.tenant, member: &sent.to };
        self.join(recipient, sent.since, now).await?;
        let received = self.execute(giver.tenant, &sent.to, receive, now).await;
        let refused = match received {
            Ok(_) => None,
            // Only what the recipient's chain has recorded is decided.
            Err(EngineError::Refused(problem)) => match self.operation_of(recipient, &key).await? {
                Some(Operation { refused: Some(refused), .. }) => Some(refused),
                _ => return Err(problem.into()),
            },
            Err(error) => return Err(error),
        };
        let problem = refused.as_ref().map(rejected);
        let end = EndTransfer { key: sent.key.clone(), refused };
        self.execute(giver.tenant, giver.member, Command::EndTransfer(Arc::new(end)), now).await?;
        Ok(problem)
    }

    /// Enrols who is no member yet and is given something.
    async fn join(&self, recipient: Chain<'_>, since: Timestamp, now: Timestamp) -> Result<(), EngineError> {
        let Chain { tenant, member } = recipient;
        if self.ledger.head(tenant, member).await?.is_some() {
            return Ok(());
        }
        match self.execute(tenant, member, enrolment(since), now).await {
            // Somebody else was faster: a member is a member.
            Err(EngineError::Refused(_)) if self.ledger.head(tenant, member).await?.is_some() => Ok(()),
            joined => joined.map(|_| ()),
        }
    }

    /// Why a transfer that was accepted has been rejected, where it has.
    pub(super) async fn rejected(
        &self,
        giver: Chain<'_>,
        operation: &Operation,
    ) -> Result<Option<Problem>, EngineError> {
        let Some(sent) = &operation.sent else { return Ok(None) };
        let ended = self.end_of(giver, &sent.key).await?;
        Ok(ended.and_then(|ended| ended.refused.as_ref().map(rejected)))
    }

    /// How a transfer has ended, where it has.
    async fn end_of(
        &self,
        giver: Chain<'_>,
        transfer: &ActivityId,
    ) -> Result<Option<Arc<EndTransfer>>, EngineError> {
        let Some(key) = end_key(transfer) else { return Ok(None) };
        let ended = self.operation_of(giver, &key).await?;
        Ok(ended.and_then(|ended| match ended.sealed.command {
            Command::EndTransfer(end) => Some(end),
            _ => None,
        }))
    }
}

/// The enrolment of who is given something, by that.
fn enrolment(at: Timestamp) -> Command {
    let occurred_at = OffsetTime { at, offset: 0 };
    Command::Record(Arc::new(Activity::Enrol(Enrolment { occurred_at, attributes: Vec::new() })))
}

/// A transfer that the recipient's chain has rejected, as the giver hears of it.
fn rejected(refused: &Refused) -> Problem {
    at_recipient(refused.problem())
}

fn at_recipient(problem: Problem) -> Problem {
    Problem { path: "/transfer/to".to_owned(), ..problem }
}
