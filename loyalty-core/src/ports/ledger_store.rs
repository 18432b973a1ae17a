//! The store of members' chains.

use async_trait::async_trait;

use super::StoreError;
use crate::id::{ActivityId, MemberId, OperationKey, TenantId};
use crate::ledger::commit::{Commit, Head, InvalidCommit, StoredCommit};
use crate::ledger::operation::Operation;
use crate::redemption::cancelled_key;
use crate::shared::Shared;
use crate::time::Timestamp;

/// A commit to be appended.
#[derive(Debug, Clone)]
pub struct Append {
    /// Whose member.
    pub tenant: TenantId,
    /// Whose chain.
    pub member: MemberId,
    /// The sequence it takes, from 1.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The commit.
    pub commit: StoredCommit,
    /// Keys that become taken with it: one an operation, and one for each purchase that it speaks of.
    pub keys: Vec<OperationKey>,
    /// Whether something of the member is under review from then on, where that changes.
    pub reviews: Option<bool>,
}

impl Append {
    /// What appends a commit to another store, as it was appended once: nothing that is kept beside commits is lost
    /// with its store.
    pub fn again(commit: StoredCommit) -> Result<Self, InvalidCommit> {
        let Commit { head, operations } = commit.commit()?;
        let mut keys = Vec::with_capacity(operations.len());
        for operation in &operations {
            let own = keys_of(operation);
            keys.extend(own.ok_or_else(|| InvalidCommit::Form("an id is too long for a key".to_owned()))?);
        }
        if let Some(Shared::Stock(stock)) = &head.state.shared {
            keys.extend(stock.marked.clone());
        }
        let Head { tenant, member, seq, recorded_at, state, .. } = head;
        let reviews = Some(state.is_under_review());
        Ok(Self { tenant, member, seq, recorded_at, commit, keys, reviews })
    }
}

/// What came of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is durable.
    Done,
    /// Another commit has this sequence, or the one before is missing; nothing was done.
    SequenceTaken,
    /// A key is already taken in this chain; nothing was done.
    KeyTaken,
}

/// Chains of commits, one a member.
///
/// # Contract
/// - `append` is atomic and insert-if-absent: of all appends with the same tenant, member and sequence one
///   at most is done, and none while a key of it is taken in that chain or while the sequence before is
///   missing. When a key and the sequence are both taken, either may be named.
/// - `Done` is answered only when the commit survives the loss of power.
/// - [`StoreError::Unavailable`] means nothing was done; [`StoreError::Unknown`] that only reading can tell.
/// - Every read reflects all commits up to any head that the caller has seen.
/// - Tenants and members never see each other's commits, whatever bytes their names hold.
/// - Dropping a future leaves the store whole: the append is done or not.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// The newest commit of a chain.
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError>;

    /// Appends a commit.
    async fn append(&self, append: Append) -> Result<Appended, StoreError>;

    /// The commit that took a key.
    async fn by_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError>;

    /// The commits that speak of a purchase, by [`returned_key`], oldest first, without repeats.
    async fn by_activity(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        purchase: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError>;

    /// Up to `limit` commits with a sequence below `before`, newest first.
    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError>;

    /// The newest commit recorded at or before an instant.
    async fn at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        recorded_at: Timestamp,
    ) -> Result<Option<StoredCommit>, StoreError>;
}

/// The keys that an operation takes: its own, one for each purchase that it speaks of, and that of the redemption that it
/// cancels. `None` where an id is too long to be part of a key.
pub fn keys_of(operation: &Operation) -> Option<Vec<OperationKey>> {
    let purchases = operation.speaks_of().map(|purchase| returned_key(&purchase, &operation.key));
    let redemption = operation.cancels().map(|redemption| cancelled_key(&redemption));
    std::iter::once(Some(operation.key.clone())).chain(purchases).chain(redemption).collect()
}

/// The beginning of every key that says something came back of `purchase`, or became of its pending points.
///
/// Slashes in the id are escaped, so that no two purchases share a beginning.
pub fn returned_prefix(purchase: &ActivityId) -> String {
    format!("returned/{}/", purchase.as_str().replace('%', "%25").replace('/', "%2F"))
}

/// The key that says operation `by`, a return or an event, speaks of `purchase`.
pub fn returned_key(purchase: &ActivityId, by: &OperationKey) -> Option<OperationKey> {
    OperationKey::new(&format!("{}{by}", returned_prefix(purchase))).ok()
}
