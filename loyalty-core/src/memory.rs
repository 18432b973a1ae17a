//! The memory store: every port in one process's memory, for tests, trials and sandboxes.

mod counters;
mod vault;

pub use self::counters::MemoryCounters;
pub use self::vault::{MakeCipher, MemoryVault};

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use crate::facts::{Asked, Facts};
use crate::id::{ActivityId, MemberId, OperationKey, TenantId};
use crate::ledger::commit::StoredCommit;
use crate::ports::feed::member_order;
use crate::ports::ledger_store::returned_prefix;
use crate::ports::{
    Append, Appended, Feed, LedgerStore, MemberFacts, ProgramStore, PublishedVersion, StoreError,
};
use crate::time::Timestamp;

/// A store that lives as long as its process. Nothing in it survives a restart.
///
/// ```
/// use loyalty_core::memory::MemoryStore;
/// let store = MemoryStore::default();
/// # let _: &dyn loyalty_core::ports::LedgerStore = &store;
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    /// By position in the feed, from 1.
    commits: BTreeMap<u64, StoredCommit>,
    /// By tenant and the order of members.
    chains: BTreeMap<(TenantId, Vec<u8>), Chain>,
    /// Chains of which something is under review.
    reviews: BTreeSet<(TenantId, Vec<u8>)>,
    programs: BTreeMap<TenantId, BTreeMap<u32, PublishedVersion>>,
    facts: BTreeMap<(TenantId, MemberId), Facts>,
}

#[derive(Debug, Default)]
struct Chain {
    /// By sequence: when it was recorded, and where it stands in the feed.
    commits: BTreeMap<u64, (Timestamp, u64)>,
    keys: BTreeMap<String, u64>,
}

impl MemoryStore {
    fn lock(&self) -> Result<MutexGuard<'_, Contents>, StoreError> {
        self.contents.lock().map_err(|_| {
            StoreError::Damaged("a thread panicked while it wrote to memory; start anew".to_owned())
        })
    }

    /// Keeps what is known of a member, in place of what was known before; `None` forgets it.
    pub fn keep_facts(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        facts: Option<Facts>,
    ) -> Result<(), StoreError> {
        let key = (tenant.clone(), member.clone());
        let known = &mut self.lock()?.facts;
        match facts {
            Some(facts) => known.insert(key, facts),
            None => known.remove(&key),
        };
        Ok(())
    }

    /// What `read` finds in a member's chain; nothing where there is no chain.
    fn read<T: Default>(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        read: impl FnOnce(&Contents, &Chain) -> T,
    ) -> Result<T, StoreError> {
        let contents = self.lock()?;
        let chain = contents.chains.get(&(tenant.clone(), member_order(member)));
        Ok(chain.map(|chain| read(&contents, chain)).unwrap_or_default())
    }
}

impl Contents {
    fn commit(&self, position: u64) -> Option<StoredCommit> {
        self.commits.get(&position).cloned()
    }

    fn head(&self, chain: &Chain) -> Option<StoredCommit> {
        chain.commits.last_key_value().and_then(|(_, (_, position))| self.commit(*position))
    }

    fn append(&mut self, append: Append) -> Appended {
        let last = self.commits.last_key_value().map_or(0, |(position, _)| *position);
        let position = last.saturating_add(1);
        let whose = (append.tenant, member_order(&append.member));
        let chain = self.chains.entry(whose.clone()).or_default();
        let newest = chain.commits.last_key_value().map_or(0, |(seq, _)| *seq);
        if newest.checked_add(1) != Some(append.seq) {
            return Appended::SequenceTaken;
        }
        let keys: BTreeSet<_> = append.keys.iter().map(OperationKey::as_str).collect();
        if keys.len() < append.keys.len() || keys.iter().any(|key| chain.keys.contains_key(*key)) {
            return Appended::KeyTaken;
        }
        chain.keys.extend(keys.into_iter().map(|key| (key.to_owned(), position)));
        chain.commits.insert(append.seq, (append.recorded_at, position));
        self.commits.insert(position, append.commit);
        match append.reviews {
            Some(true) => self.reviews.insert(whose),
            Some(false) => self.reviews.remove(&whose),
            None => false,
        };
        Appended::Done
    }
}

#[async_trait]
impl LedgerStore for MemoryStore {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        self.read(tenant, member, |contents, chain| contents.head(chain))
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        Ok(self.lock()?.append(append))
    }

    async fn by_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.read(tenant, member, |contents, chain| {
            chain.keys.get(key.as_str()).and_then(|position| contents.commit(*position))
        })
    }

    async fn by_activity(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        purchase: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let prefix = returned_prefix(purchase);
        self.read(tenant, member, |contents, chain| {
            let rows = chain.keys.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
            let positions: BTreeSet<u64> = rows.map(|(_, position)| *position).collect();
            positions.into_iter().filter_map(|position| contents.commit(position)).collect()
        })
    }

    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.read(tenant, member, |contents, chain| {
            let newest_first = chain.commits.range(..before).rev().take(limit);
            newest_first.filter_map(|(_, (_, position))| contents.commit(*position)).collect()
        })
    }

    async fn at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        recorded_at: Timestamp,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.read(tenant, member, |contents, chain| {
            let found = chain.commits.values().rev().find(|(at, _)| *at <= recorded_at);
            found.and_then(|(_, position)| contents.commit(*position))
        })
    }
}

#[async_trait]
impl Feed for MemoryStore {
    async fn after(&self, position: u64, limit: usize) -> Result<Vec<(u64, StoredCommit)>, StoreError> {
        let contents = self.lock()?;
        let later = contents.commits.range((Excluded(position), Unbounded)).take(limit);
        Ok(later.map(|(position, commit)| (*position, commit.clone())).collect())
    }

    async fn newest(&self) -> Result<u64, StoreError> {
        Ok(self.lock()?.commits.last_key_value().map_or(0, |(position, _)| *position))
    }

    async fn heads(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let contents = self.lock()?;
        // No member's order is empty, so this is before all of them.
        let start = (tenant.clone(), after.map(member_order).unwrap_or_default());
        let chains = contents.chains.range((Excluded(start), Unbounded));
        let own = chains.take_while(|((of, _), _)| of == tenant);
        Ok(own.filter_map(|(_, chain)| contents.head(chain)).take(limit).collect())
    }

    async fn under_review(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let contents = self.lock()?;
        let start = (tenant.clone(), after.map(member_order).unwrap_or_default());
        let whose = contents.reviews.range((Excluded(start), Unbounded)).take_while(|(of, _)| of == tenant);
        let chains = whose.filter_map(|whose| contents.chains.get(whose));
        Ok(chains.filter_map(|chain| contents.head(chain)).take(limit).collect())
    }
}

#[async_trait]
impl ProgramStore for MemoryStore {
    async fn publish(&self, tenant: &TenantId, version: PublishedVersion) -> Result<bool, StoreError> {
        let mut contents = self.lock()?;
        let versions = contents.programs.entry(tenant.clone()).or_default();
        let free = !versions.contains_key(&version.number);
        versions.entry(version.number).or_insert(version);
        Ok(free)
    }

    async fn versions(&self, tenant: &TenantId) -> Result<Vec<PublishedVersion>, StoreError> {
        let contents = self.lock()?;
        Ok(contents.programs.get(tenant).map(|of| of.values().cloned().collect()).unwrap_or_default())
    }
}

#[async_trait]
impl MemberFacts for MemoryStore {
    async fn facts(&self, tenant: &TenantId, member: &MemberId, _: &Asked) -> Result<Facts, StoreError> {
        let contents = self.lock()?;
        Ok(contents.facts.get(&(tenant.clone(), member.clone())).cloned().unwrap_or_default())
    }
}
