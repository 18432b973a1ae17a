//! The queue of what waits for a person to look at it.

use super::{Engine, EngineError};
use crate::command::Command;
use crate::id::{ActorId, AuthorId, MemberId, OperationKey, TenantId};
use crate::ledger::commit::{Commit, Head};
use crate::member::Pending;
use crate::points::Points;
use crate::ports::{Feed, StoreError};
use crate::time::{OffsetTime, Timestamp};

/// An activity of which something is under review, or an adjustment that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderReview {
    /// Whose.
    pub member: MemberId,
    /// Its key, which a review names.
    pub key: OperationKey,
    /// When it happened.
    pub occurred_at: OffsetTime,
    /// Since when it waits: when it was recorded.
    pub recorded_at: Timestamp,
    /// Who sent it, where that is known; they cannot approve it.
    pub sent_by: Option<ActorId>,
    /// The limits that it is above.
    pub limits: Vec<AuthorId>,
    /// What waits of it, in minor units, by currency and terms; below 0 what an adjustment takes.
    pub points: Vec<(AuthorId, Points)>,
}

impl Engine {
    /// What is under review of up to `limit` members of a tenant after `after`, member by member, and of each in the
    /// order of its keys. `feed` is that of the engine's own ledger.
    pub async fn under_review(
        &self,
        feed: &dyn Feed,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<UnderReview>, EngineError> {
        let mut found = Vec::new();
        for stored in feed.under_review(tenant, after, limit).await? {
            let Head { member, state, .. } = stored.head()?;
            let mut pending: Vec<&Pending> = state.under_review().collect();
            pending.sort_by(|one, other| (&one.of, one.award).cmp(&(&other.of, other.award)));
            for of in pending.chunk_by(|one, other| one.of == other.of) {
                let Some(first) = of.first() else { continue };
                let points = of.iter().map(|pending| (pending.currency.clone(), pending.points)).collect();
                found.push(self.reviewed(tenant, &member, &first.of, points).await?);
            }
            for key in &state.proposals {
                found.push(self.reviewed(tenant, &member, key, Vec::new()).await?);
            }
        }
        Ok(found)
    }

    async fn reviewed(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
        points: Vec<(AuthorId, Points)>,
    ) -> Result<UnderReview, EngineError> {
        let missing = || StoreError::Damaged(format!("`{key}` is under review and not there"));
        let stored = self.ledger.by_key(tenant, member, key).await?.ok_or_else(missing)?;
        let Commit { head, operations } = stored.commit()?;
        let operation = operations.into_iter().find(|operation| operation.key == *key).ok_or_else(missing)?;
        let (sent_by, points) = match operation.sealed.command {
            Command::Adjust(adjust) => {
                (Some(adjust.actor.clone()), vec![(adjust.currency.clone(), adjust.points)])
            }
            _ => (operation.sealed.sent_by, points),
        };
        Ok(UnderReview {
            member: member.clone(),
            key: operation.key,
            occurred_at: operation.occurred_at,
            recorded_at: head.recorded_at,
            sent_by,
            limits: operation.reviewed_for,
            points,
        })
    }
}
