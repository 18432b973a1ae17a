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
    chains: Chains,
    /// What was taken to be written last, for the store may not show it yet.
    on_the_way: Chains,
}

/// Whose chain.
type Whose = (TenantId, MemberId);
type Chains = HashMap<Whose, Chain>;

/// What is held of one member.
#[derive(Default)]
struct Chain {
    /// Whether the store had nothing of the member, so that it need not be asked.
    new: bool,
    /// Ascending by sequence.
    commits: Vec<Kept>,
    /// The place of the commit that takes a key.
    keys: HashMap<OperationKey, usize>,
}

/// A commit to be written.
struct Kept {
    seq: u64,
    recorded_at: Timestamp,
    commit: StoredCommit,
}

impl Held {
    /// What is held of a member, newest first.
    fn chains(&self, whose: &Whose) -> impl Iterator<Item = &Chain> {
        [&self.chains, &self.on_the_way].into_iter().filter_map(|chains| chains.get(whose))
    }
}

impl Chain {
    fn commit(&self, place: usize) -> Option<StoredCommit> {
        self.commits.get(place).map(|kept| kept.commit.clone())
    }
}

impl Ahead {
    pub fn of(store: Arc<dyn LedgerStore>) -> Self {
        Self { store, held: Mutex::default() }
    }

    /// Takes a commit to be written later.
    pub fn hold(&self, append: Append) {
        let mut held = self.held();
        held.bytes += append.commit.bytes().len();
        let chain = held.chains.entry((append.tenant.clone(), append.member.clone())).or_default();
        let place = chain.commits.len();
        let Append { seq, recorded_at, ref commit, .. } = append;
        chain.commits.push(Kept { seq, recorded_at, commit: commit.clone() });
        chain.keys.extend(append.keys.iter().map(|key| (key.clone(), place)));
        held.appends.push(append);
    }

    /// Bytes of the commits to be written.
    pub fn bytes(&self) -> usize {
        self.held().bytes
    }

    /// Gives out what is to be written, in the order in which it came. Reads see it until more is taken: the store
    /// must show it by then.
    pub fn take(&self) -> Vec<Append> {
        let mut held = self.held();
        held.bytes = 0;
        held.on_the_way = mem::take(&mut held.chains);
        mem::take(&mut held.appends)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic elsewhere ends the import; what is held is whole in any case.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_new(&self, whose: &Whose) -> bool {
        self.held().chains(whose).any(|chain| chain.new)
    }

    /// The sequence of the oldest commit held of a member.
    fn oldest(&self, whose: &Whose) -> Option<u64> {
        self.held().chains(whose).flat_map(|chain| chain.commits.first()).map(|kept| kept.seq).min()
    }

    /// The commits held of a member that `wanted` picks, newest first.
    fn newest_first(&self, whose: &Whose, wanted: impl Fn(&Kept) -> bool) -> Vec<StoredCommit> {
        let held = self.held();
        let newest = held.chains(whose).flat_map(|chain| chain.commits.iter().rev());
        newest.filter(|kept| wanted(kept)).map(|kept| kept.commit.clone()).collect()
    }
}

#[async_trait]
impl LedgerStore for Ahead {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        if tenant.is_shared() {
            return self.store.head(tenant, member).await;
        }
        let whose = (tenant.clone(), member.clone());
        if let Some(head) = self.newest_first(&whose, |_| true).into_iter().next() {
            return Ok(Some(head));
        }
        let head = self.store.head(tenant, member).await?;
        if head.is_none() {
            self.held().chains.entry(whose).or_default().new = true;
        }
        Ok(head)
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        // What members share is written at once: others may be waiting for it.
        if append.tenant.is_shared() {
            return self.store.append(append).await;
        }
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
            for chain in held.chains(&(tenant.clone(), member.clone())) {
                let own = chain.keys.get(key).and_then(|place| chain.commit(*place));
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
        let whose = (tenant.clone(), member.clone());
        let mut commits = match self.is_new(&whose) {
            true => Vec::new(),
            false => self.store.by_activity(tenant, member, purchase).await?,
        };
        let prefix = returned_prefix(purchase);
        let mut newest_first = Vec::new();
        for chain in self.held().chains(&whose) {
            let returns = chain.keys.iter().filter(|(key, _)| key.as_str().starts_with(&prefix));
            let places: BTreeSet<usize> = returns.map(|(_, place)| *place).collect();
            newest_first.extend(places.into_iter().rev().filter_map(|place| chain.commit(place)));
        }
        // What is on the way may be there by now.
        commits.retain(|commit| !newest_first.contains(commit));
        commits.extend(newest_first.into_iter().rev());
        Ok(commits)
    }

    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let whose = (tenant.clone(), member.clone());
        let mut commits = self.newest_first(&whose, |kept| kept.seq < before);
        commits.truncate(limit);
        if commits.len() < limit && !self.is_new(&whose) {
            let before = self.oldest(&whose).map_or(before, |oldest| before.min(oldest));
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
        let whose = (tenant.clone(), member.clone());
        match self.newest_first(&whose, |kept| kept.recorded_at <= recorded_at).into_iter().next() {
            Some(commit) => Ok(Some(commit)),
            None => self.store.at(tenant, member, recorded_at).await,
        }
    }
}
