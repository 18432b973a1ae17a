//! Reading: one consistent view, by the index alone.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use loyalty_core::id::{ActivityId, MemberId, TenantId};
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::ledger_store::returned_prefix;
use loyalty_core::ports::{PublishedVersion, StoreError};
use loyalty_core::time::Timestamp;
use redb::{
    Database, Range, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableError,
};

use super::errors::{damaged, failed};
use super::programs;
use super::rows::{position_of, recorded_at_of};
use super::stored::commit_of;
use super::tables::{
    Bytes, COMMITS, INDEX, PROGRAMS, REVIEWS, chain_end, chain_key, chain_start, key_key, member_end,
    member_prefix, prefix_of_chain_key, tenant_prefix,
};

/// The newest snapshot, which readers share: making one costs more than reading a row.
pub(super) struct Latest(RwLock<Arc<Snapshot>>);

impl Latest {
    pub fn new(snapshot: Snapshot) -> Self {
        Self(RwLock::new(Arc::new(snapshot)))
    }

    /// What was durable when the last batch was answered.
    pub fn get(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set(&self, snapshot: Snapshot) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
}

/// Everything that was durable at one moment.
pub(super) struct Snapshot {
    commits: ReadOnlyTable<u64, Bytes>,
    index: ReadOnlyTable<Bytes, Bytes>,
    reviews: Option<ReadOnlyTable<Bytes, ()>>,
}

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Self, StoreError> {
        Self::within(&database.begin_read().map_err(failed)?)
    }

    /// What a transaction sees that has begun already.
    pub(super) fn within(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        let commits = transaction.open_table(COMMITS).map_err(failed)?;
        let index = transaction.open_table(INDEX).map_err(failed)?;
        let reviews = match transaction.open_table(REVIEWS) {
            Err(TableError::TableDoesNotExist(_)) => None,
            opened => Some(opened.map_err(failed)?),
        };
        Ok(Self { commits, index, reviews })
    }

    /// The last position taken; 0 where nothing was ever appended.
    pub fn last(&self) -> Result<u64, StoreError> {
        Ok(self.commits.last().map_err(failed)?.map_or(0, |(position, _)| position.value()))
    }

    fn commit(&self, position: u64) -> Result<StoredCommit, StoreError> {
        let bytes = self.commits.get(position).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| damaged(format!("commit {position} of the feed is missing")))?;
        commit_of(bytes.value())
    }

    fn commit_of_row(&self, value: &[u8]) -> Result<StoredCommit, StoreError> {
        self.commit(position_of(value).ok_or_else(|| damaged("an index row is cut short"))?)
    }

    fn rows(&self, from: &[u8], to: &[u8]) -> Result<Range<'static, Bytes, Bytes>, StoreError> {
        self.index.range(from..to).map_err(failed)
    }

    /// The position that a row of the index holds.
    pub fn position(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        Ok(self.index.get(key).map_err(failed)?.and_then(|row| position_of(row.value())))
    }

    /// Every row of the index, with the commit that it leads to.
    pub fn every_row(
        &self,
    ) -> Result<impl Iterator<Item = Result<(Vec<u8>, StoredCommit), StoreError>>, StoreError> {
        Ok(self.index.iter().map_err(failed)?.map(|row| {
            let (key, value) = row.map_err(failed)?;
            Ok((key.value().to_vec(), self.commit_of_row(value.value())?))
        }))
    }

    pub fn head(&self, member: &[u8]) -> Result<Option<StoredCommit>, StoreError> {
        let newest = self.rows(&chain_start(member), &chain_end(member))?.next();
        newest.map(|row| self.commit_of_row(row.map_err(failed)?.1.value())).transpose()
    }

    pub fn by_key(&self, member: &[u8], key: &str) -> Result<Option<StoredCommit>, StoreError> {
        let row = self.index.get(key_key(member, key).as_slice()).map_err(failed)?;
        row.map(|row| self.commit_of_row(row.value())).transpose()
    }

    pub fn by_activity(&self, member: &[u8], purchase: &ActivityId) -> Result<Vec<StoredCommit>, StoreError> {
        let prefix = key_key(member, &returned_prefix(purchase));
        let mut positions = BTreeSet::new();
        for row in self.rows(&prefix, &member_end(member))? {
            let (key, value) = row.map_err(failed)?;
            if !key.value().starts_with(&prefix) {
                break;
            }
            positions.extend(position_of(value.value()));
        }
        positions.into_iter().map(|position| self.commit(position)).collect()
    }

    /// Newest first, as the index has them.
    pub fn range(&self, member: &[u8], before: u64, limit: usize) -> Result<Vec<StoredCommit>, StoreError> {
        // Sequence 0 never exists, so below 1 there is nothing.
        let from = chain_key(member, before.saturating_sub(1));
        let rows = self.rows(&from, &chain_end(member))?.take(limit);
        rows.map(|row| self.commit_of_row(row.map_err(failed)?.1.value())).collect()
    }

    pub fn at(&self, member: &[u8], recorded_at: Timestamp) -> Result<Option<StoredCommit>, StoreError> {
        // Clocks step back now and then, so this is a walk and not a bisection; it reads no commit.
        for row in self.rows(&chain_start(member), &chain_end(member))? {
            let (_, value) = row.map_err(failed)?;
            if recorded_at_of(value.value()).is_some_and(|at| at <= recorded_at) {
                return self.commit_of_row(value.value()).map(Some);
            }
        }
        Ok(None)
    }

    pub fn after(&self, position: u64, limit: usize) -> Result<Vec<(u64, StoredCommit)>, StoreError> {
        let rows = self.commits.range(position.saturating_add(1)..).map_err(failed)?.take(limit);
        rows.map(|row| {
            let (position, bytes) = row.map_err(failed)?;
            Ok((position.value(), commit_of(bytes.value())?))
        })
        .collect()
    }

    pub fn heads(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let of_tenant = tenant_prefix(tenant);
        let mut from = after.map_or_else(|| of_tenant.clone(), |id| member_end(&member_prefix(tenant, id)));
        let mut heads = Vec::new();
        while heads.len() < limit {
            // A member's first row is the head, so one search a member is enough.
            let Some(row) = self.index.range(from.as_slice()..).map_err(failed)?.next() else { break };
            let (key, value) = row.map_err(failed)?;
            if !key.value().starts_with(&of_tenant) {
                break;
            }
            heads.push(self.commit_of_row(value.value())?);
            let member = prefix_of_chain_key(key.value());
            from = member_end(member.ok_or_else(|| damaged("a member has keys and no commit"))?);
        }
        Ok(heads)
    }
}

impl Snapshot {
    /// The heads of members of whom something is under review, in the order of members.
    pub fn under_review(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let Some(reviews) = &self.reviews else { return Ok(Vec::new()) };
        let of_tenant = tenant_prefix(tenant);
        let from = after.map_or_else(|| of_tenant.clone(), |id| member_prefix(tenant, id));
        let mut heads = Vec::new();
        let rows = reviews.range::<&[u8]>((Bound::Excluded(from.as_slice()), Bound::Unbounded));
        for row in rows.map_err(failed)?.take(limit) {
            let (member, _) = row.map_err(failed)?;
            if !member.value().starts_with(&of_tenant) {
                break;
            }
            let head = self.head(member.value())?;
            heads.push(head.ok_or_else(|| damaged("a member under review has no commit"))?);
        }
        Ok(heads)
    }

    /// Whether the index says that something of a member is under review.
    pub fn is_under_review(&self, member: &[u8]) -> Result<bool, StoreError> {
        let Some(reviews) = &self.reviews else { return Ok(false) };
        Ok(reviews.get(member).map_err(failed)?.is_some())
    }

    /// Of how many members it says so.
    pub fn members_under_review(&self) -> Result<u64, StoreError> {
        self.reviews.as_ref().map_or(Ok(0), |reviews| reviews.len().map_err(failed))
    }
}

/// All versions of a tenant, ascending by number.
pub(super) fn versions(database: &Database, tenant: &TenantId) -> Result<Vec<PublishedVersion>, StoreError> {
    let transaction = database.begin_read().map_err(failed)?;
    let table = transaction.open_table(PROGRAMS).map_err(failed)?;
    let prefix = tenant_prefix(tenant);
    let mut versions = Vec::new();
    for row in table.range(prefix.as_slice()..).map_err(failed)? {
        let (key, value) = row.map_err(failed)?;
        if !key.value().starts_with(&prefix) {
            break;
        }
        versions.push(programs::read(value.value()).map_err(|error| damaged(error.to_string()))?);
    }
    Ok(versions)
}
