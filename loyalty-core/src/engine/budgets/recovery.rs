//! What engines held of budgets whose processes are gone.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::turn::Turn;
use super::{Of, drawn_by};
use crate::engine::{Engine, EngineError, MAX_ATTEMPTS, contended};
use crate::id::{AuthorId, MemberId, TenantId};
use crate::ledger::commit::Head;
use crate::ports::Feed;
use crate::shared::Shared;
use crate::shared::budget::{CHAINS, Lease, of_chain};
use crate::time::Timestamp;

/// Chains, or commits, read at once.
const PAGE: usize = 256;

/// A lease of a budget.
type Key = (AuthorId, i64, u64);

/// The tenants whose budgets an engine has recovered that has the store to itself.
#[derive(Debug, Default)]
pub struct Recovered {
    tenants: Mutex<BTreeSet<TenantId>>,
    turn: Turn,
}

impl Recovered {
    fn tenants(&self) -> MutexGuard<'_, BTreeSet<TenantId>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Recovers a tenant's budgets before anything is leased of them, where nobody else uses the store.
    pub(super) async fn recover_once(&self, tenant: &TenantId, now: Timestamp) -> Result<(), EngineError> {
        let Some((alone, feed)) = self.alone.as_ref().zip(self.feed.as_ref()) else { return Ok(()) };
        if alone.tenants().contains(tenant) {
            return Ok(());
        }
        let _turn = alone.turn.take().await;
        if !alone.tenants().contains(tenant) {
            self.recover_budgets(&**feed, tenant, Timestamp::from_micros(i64::MAX), now).await?;
            alone.tenants().insert(tenant.clone());
        }
        Ok(())
    }

    /// Closes the leases of a tenant's budgets that ended by an instant, and gives back what was not drawn by them;
    /// the answer is how many. What was drawn is read from the feed, from where the oldest of them began.
    ///
    /// The caller promises that no commit that names such a lease is still on its way to the store. Who has the store
    /// to themselves and has just opened it may say the end of all time; others say an instant before which every
    /// append that was decided has come to an end, by the clock of whoever decided it.
    pub async fn recover_budgets(
        &self,
        feed: &dyn Feed,
        tenant: &TenantId,
        ended_by: Timestamp,
        now: Timestamp,
    ) -> Result<usize, EngineError> {
        let ended = self.ended(feed, tenant, ended_by).await?;
        let since = ended.iter().flat_map(|(_, leases)| leases).map(|lease| lease.since).min();
        let Some(since) = since else { return Ok(0) };
        let drawn = drawn_since(feed, tenant, since).await?;
        let mut closed = 0_usize;
        for (of, leases) in ended {
            self.close(&of, &leases, &drawn, now).await?;
            closed = closed.saturating_add(leases.len());
        }
        Ok(closed)
    }

    /// The leases that ended by an instant, budget by budget.
    async fn ended(
        &self,
        feed: &dyn Feed,
        tenant: &TenantId,
        by: Timestamp,
    ) -> Result<Vec<(Of, Vec<Lease>)>, EngineError> {
        let mut ended = Vec::new();
        let mut after: Option<MemberId> = None;
        loop {
            let page = feed.heads(&tenant.shared(), after.as_ref(), PAGE).await?;
            let Some(newest) = page.last() else { return Ok(ended) };
            after = Some(newest.head()?.member);
            for stored in page {
                let Head { member, state, .. } = stored.head()?;
                if !member.as_str().starts_with(CHAINS) {
                    // Budgets come first.
                    return Ok(ended);
                }
                let Some(((budget, slot), Some(Shared::Budget(state)))) =
                    of_chain(&member).zip(Some(state.shared))
                else {
                    continue;
                };
                let leases: Vec<_> = state.leases.into_iter().filter(|lease| lease.until <= by).collect();
                if !leases.is_empty() {
                    ended.push((Of { tenant: tenant.clone(), budget, slot }, leases));
                }
            }
        }
    }

    async fn close(
        &self,
        of: &Of,
        leases: &[Lease],
        drawn: &HashMap<Key, i64>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let pot = self.pots.of(of);
        let _turn = pot.turn.take().await;
        for _ in 0..MAX_ATTEMPTS {
            let mut stored = self.stored(of).await?;
            for lease in leases {
                let drawn = drawn.get(&(of.budget.clone(), of.slot, lease.id));
                stored.state.close(lease.id, drawn.copied().unwrap_or(0));
            }
            if self.write(&of.tenant, &stored, now).await? {
                pot.take_over(&stored.state, None);
                return Ok(());
            }
        }
        Err(contended().into())
    }
}

/// What commits after a position of the feed have drawn, by lease.
async fn drawn_since(
    feed: &dyn Feed,
    tenant: &TenantId,
    since: u64,
) -> Result<HashMap<Key, i64>, EngineError> {
    let mut drawn: HashMap<Key, i64> = HashMap::new();
    let mut position = since;
    loop {
        let page = feed.after(position, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(drawn) };
        position = *last;
        for (_, stored) in &page {
            let commit = stored.commit()?;
            if commit.head.tenant != *tenant {
                continue;
            }
            for (reading, amount) in commit.operations.iter().flat_map(drawn_by) {
                let sum = drawn.entry((reading.budget.clone(), reading.slot, reading.lease)).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
    }
}
