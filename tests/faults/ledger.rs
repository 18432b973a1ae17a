//! A ledger over memory whose appends fail, get lost or come late, as they are told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use loyalty_core::id::{ActivityId, MemberId, OperationKey, TenantId};
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::{Append, Appended, LedgerStore, StoreError};
use loyalty_core::time::Timestamp;
use pollster::block_on;

/// What becomes of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// Nothing is done, and it is said so.
    Unavailable,
    /// Nothing is done, and nobody knows.
    LostBefore,
    /// It is done, and nobody knows.
    LostAfter,
    /// It is done much later, if it still can be, and nobody knows.
    Late,
    /// Another writer is faster once.
    Taken,
}

/// A ledger whose appends have fates.
pub struct Fated {
    pub store: Arc<MemoryStore>,
    /// Of the next appends; all after them are done.
    pub fates: Mutex<VecDeque<Fate>>,
    late: Mutex<Vec<Append>>,
}

impl Fated {
    pub fn over(store: Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Self { store, fates: Mutex::default(), late: Mutex::default() })
    }

    /// What was late arrives.
    pub fn land(&self) {
        for append in std::mem::take(&mut *self.late.lock().unwrap()) {
            let _ = block_on(self.store.append(append)).unwrap();
        }
    }
}

#[async_trait]
impl LedgerStore for Fated {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        self.store.head(tenant, member).await
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        let lost = || Err(StoreError::Unknown("the reply is lost".to_owned()));
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Done);
        match fate {
            Fate::Done => self.store.append(append).await,
            Fate::Unavailable => Err(StoreError::Unavailable("the disk is full".to_owned())),
            Fate::LostBefore => lost(),
            Fate::LostAfter => {
                self.store.append(append).await?;
                lost()
            }
            Fate::Late => {
                self.late.lock().unwrap().push(append);
                lost()
            }
            Fate::Taken => Ok(Appended::SequenceTaken),
        }
    }

    async fn by_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.store.by_key(tenant, member, key).await
    }

    async fn by_activity(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        purchase: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.store.by_activity(tenant, member, purchase).await
    }

    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.store.range(tenant, member, before, limit).await
    }

    async fn at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        recorded_at: Timestamp,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.store.at(tenant, member, recorded_at).await
    }
}
