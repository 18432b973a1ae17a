//! Claims: of ids of activities that are unique across members, who was first.
//!
//! A claim is appended before the member's commit. If that commit never comes, the id stays with the member, who may
//! record it later.

use super::at_once::at_once;
use super::{Chain, Engine, EngineError, MAX_ATTEMPTS, contended};
use crate::decision::{Command, prepared};
use crate::id::{MemberId, OperationKey};
use crate::ledger::operation::Operation;
use crate::ports::StoreError;
use crate::problem::Problem;
use crate::program::Programs;
use crate::program::document::ActivityIds;
use crate::shared::Shared;
use crate::shared::claim::{self, Claim};
use crate::time::Timestamp;

impl Engine {
    /// Claims the ids of what a member's operations record, as far as they are unique across members now; the answer
    /// is the keys that others were faster with.
    pub(super) async fn claim_all(
        &self,
        chain: Chain<'_>,
        operations: &[Operation],
        programs: &Programs,
        now: Timestamp,
    ) -> Result<Vec<OperationKey>, EngineError> {
        let unique = operations.iter().filter(|it| is_unique(&it.sealed.command, programs, now));
        let claims: Vec<_> =
            unique.map(|it| Claim { member: chain.member.clone(), key: it.key.clone() }).collect();
        let first = at_once(claims.iter().map(|claim| self.claim(chain, claim, now))).await;
        let mut of_others = Vec::new();
        for (claim, first) in claims.into_iter().zip(first) {
            if !first? {
                of_others.push(claim.key);
            }
        }
        Ok(of_others)
    }

    /// Why a command is refused before all else but its own content: another member has recorded its id.
    pub(super) async fn of_another(
        &self,
        chain: Chain<'_>,
        command: &Command,
        programs: &Programs,
        now: Timestamp,
    ) -> Result<Option<Problem>, EngineError> {
        let Command::Record(activity) = command else { return Ok(None) };
        let well_formed = prepared(activity, programs.at(activity.occurred_at().at)).is_ok();
        if !well_formed || !is_unique(command, programs, now) {
            return Ok(None);
        }
        let claimed = self.claimed(chain, &command.key()?).await?;
        Ok(claimed.filter(|claim| claim.member != *chain.member).map(|_| recorded_for_another(command)))
    }

    /// Whether a claim stands; `false` where another does.
    async fn claim(&self, chain: Chain<'_>, own: &Claim, now: Timestamp) -> Result<bool, EngineError> {
        let (tenant, name) = (chain.tenant.shared(), name(&own.key)?);
        let of = Chain { tenant: &tenant, member: &name };
        for _ in 0..MAX_ATTEMPTS {
            match self.append_shared(of, None, Shared::Claim(own.clone()), now).await {
                Ok(true) => return Ok(true),
                // Somebody was faster, or it may be there: reading tells. One that comes late after all is the same.
                Ok(false) | Err(EngineError::Store(StoreError::Unknown(_))) => {}
                Err(error) => return Err(error),
            }
            if let Some(first) = self.claimed(chain, &own.key).await? {
                return Ok(first == *own);
            }
        }
        Err(contended().into())
    }

    /// Whose an activity is.
    async fn claimed(&self, chain: Chain<'_>, key: &OperationKey) -> Result<Option<Claim>, EngineError> {
        let name = name(key)?;
        let stored = self.ledger.head(&chain.tenant.shared(), &name).await?;
        match stored.map(|commit| commit.head()).transpose()?.map(|head| head.state.shared) {
            None => Ok(None),
            Some(Some(Shared::Claim(claim))) => Ok(Some(claim)),
            Some(_) => Err(StoreError::Damaged(format!("`{name}` is no claim")).into()),
        }
    }
}

fn name(key: &OperationKey) -> Result<MemberId, StoreError> {
    claim::chain(key).ok_or_else(|| StoreError::Damaged(format!("`{key}` cannot be claimed")))
}

/// Whether a command records what one member alone may record.
fn is_unique(command: &Command, programs: &Programs, now: Timestamp) -> bool {
    let has_id = command.activity().is_some_and(|activity| activity.id().is_some());
    has_id && programs.at(now).document().activity_ids == ActivityIds::Unique
}

/// The refusal; whose the id is, it does not say.
pub(super) fn recorded_for_another(command: &Command) -> Problem {
    let id = command.id().map(ToString::to_string).unwrap_or_default();
    let message = format!("the id `{id}` was recorded for another member");
    let help = "an id counts for one member alone: look whether it is right, and who was to get it";
    command.place(Problem::new("activity_of_another", "/id", message, help))
}
