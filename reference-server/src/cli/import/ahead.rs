//! A ledger that is ahead of its store: commits are decided on one another and written later, together.

use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use loyalty_core::id::{ActivityId, MemberId, OperationKey, TenantId};
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::ledger_store::returned_prefix;
use loyalty_core::ports::{Append, Appended, LedgerStore, StoreError};
use loyalty_core::time::Timestamp;

/// The ledger of a store with commits that are still to be written to it.
///
/// Every read sees those commits, so that members can be decided on before they are durable. Nobody else may
/// append to these members meanwhile; the store notices if somebody does.
pub(super) struct Ahead {
    store: Arc<dyn LedgerStore>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    appends: Vec<Append>,
    bytes: usize,
    chains: HashMap<(TenantId, MemberId), Chain>,
}

/// What is held of one member.
#[derive(Default)]
struct Chain {
    /// Whether the store has nothing of the member, so that it need not be asked.
    new: bool,
    /// Places in the list of appends, ascending by sequence.
    appends: Vec<usize>,
    /// The place of the append that takes a key.
    keys: HashMap<OperationKey, usize>,
}

impl Held {
    fn chain(&self, tenant: &TenantId, member: &MemberId) -> Option<&Chain> {
        self.chains.get(&(tenant.clone(), member.clone()))
    }

    fn commit(&self, place: usize) -> StoredCommit {
        self.appends[place].commit.clone()
    }
}

impl Ahead {
    pub fn of(store: Arc<dyn LedgerStore>) -> Self {
        Self { store, held: Mutex::default() }
    }

    /// Takes a commit to be written later.
    pub fn hold(&self, append: Append) {
        let mut held = self.held();
        let place = held.appends.len();
        held.bytes += append.commit.bytes().len();
        let chain = held.chains.entry((append.tenant.clone(), append.member.clone())).or_default();
        chain.appends.push(place);
        chain.keys.extend(append.keys.iter().map(|key| (key.clone(), place)));
        held.appends.push(append);
    }

    /// Bytes of the commits to be written.
    pub fn bytes(&self) -> usize {
        self.held().bytes
    }

    /// Gives out what is to be written, in the order in which it came.
    pub fn take(&self) -> Vec<Append> {
        mem::take(&mut *self.held()).appends
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic elsewhere ends the import; what is held is whole in any case.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_new(&self, tenant: &TenantId, member: &MemberId) -> bool {
        self.held().chain(tenant, member).is_some_and(|chain| chain.new)
    }

    /// The commits held of a member that `wanted` picks, newest first.
    fn newest_first(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        wanted: impl Fn(&Append) -> bool,
    ) -> Vec<StoredCommit> {
        let held = self.held();
        let places = held.chain(tenant, member).map_or(&[][..], |chain| &chain.appends);
        let newest = places.iter().rev().filter(|place| wanted(&held.appends[**place]));
        newest.map(|place| held.commit(*place)).collect()
    }
}

#[async_trait]
impl LedgerStore for Ahead {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        if let Some(head) = self.newest_first(tenant, member, |_| true).into_iter().next() {
            return Ok(Some(head));
        }
        let head = self.store.head(tenant, member).await?;
        if head.is_none() {
            self.held().chains.entry((tenant.clone(), member.clone())).or_default().new = true;
        }
        Ok(head)
    }

    async fn append(&self, _: Append) -> Result<Appended, StoreError> {
        // Done would have to mean durable.
        Err(StoreError::Unavailable("commits are held back here and written together".to_owned()))
    }

    async fn by_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError> {
        {
            let held = self.held();
            if let Some(chain) = held.chain(tenant, member) {
                let own = chain.keys.get(key).map(|place| held.commit(*place));
                if own.is_some() || chain.new {
                    return Ok(own);
                }
            }
        }
        self.store.by_key(tenant, member, key).await
    }

    async fn by_activity(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        purchase: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let mut commits = match self.is_new(tenant, member) {
            true => Vec::new(),
            false => self.store.by_activity(tenant, member, purchase).await?,
        };
        let prefix = returned_prefix(purchase);
        let held = self.held();
        if let Some(chain) = held.chain(tenant, member) {
            let returns = chain.keys.iter().filter(|(key, _)| key.as_str().starts_with(&prefix));
            let places: BTreeSet<usize> = returns.map(|(_, place)| *place).collect();
            commits.extend(places.into_iter().map(|place| held.commit(place)));
        }
        Ok(commits)
    }

    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let mut commits = self.newest_first(tenant, member, |append| append.seq < before);
        commits.truncate(limit);
        if commits.len() < limit && !self.is_new(tenant, member) {
            commits.extend(self.store.range(tenant, member, before, limit - commits.len()).await?);
        }
        Ok(commits)
    }

    async fn at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        recorded_at: Timestamp,
    ) -> Result<Option<StoredCommit>, StoreError> {
        match self.newest_first(tenant, member, |append| append.recorded_at <= recorded_at).into_iter().next()
        {
            Some(commit) => Ok(Some(commit)),
            None => self.store.at(tenant, member, recorded_at).await,
        }
    }
}
