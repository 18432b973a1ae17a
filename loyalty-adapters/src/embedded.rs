//! The durable store in one file, for one process.
//!
//! ```no_run
//! use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
//! let store = EmbeddedStore::open("ledger.redb", EmbeddedOptions::default())?;
//! store.close()?;
//! # Ok::<(), loyalty_adapters::embedded::OpenError>(())
//! ```

mod backup;
mod batch;
mod create;
#[cfg(feature = "simulation")]
mod disk;
mod errors;
mod facts;
mod programs;
mod rows;
mod snapshot;
mod stored;
mod tables;
mod verify;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use loyalty_core::facts::{Asked, Facts};
use loyalty_core::id::{ActivityId, MemberId, OperationKey, TenantId};
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::{
    Append, Appended, Feed, LedgerStore, MemberFacts, ProgramStore, PublishedVersion, StoreError,
};
use loyalty_core::time::Timestamp;
use redb::{Builder, Database};

use batch::{Outcome, Work};
use facts::PreparedFacts;
use programs::PreparedVersion;
use rows::Prepared;
use snapshot::{Latest, Snapshot};
use tables::member_prefix;
use writer::Writer;

pub use backup::Rebuilt;
#[cfg(feature = "simulation")]
pub use disk::Disk;
pub use errors::OpenError;

/// How an embedded store uses the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// Bytes of the file kept in memory; 64 MiB by default.
    pub cache_bytes: usize,
    /// Requests that share one durable transaction at most; 1,024 by default.
    pub max_batch: usize,
    /// Requests that may wait for the writing thread; a caller beyond waits to enter. 4,096 by default.
    pub queue: usize,
    /// Whether opening reads the whole file, checks every page and does as [`EmbeddedStore::verify`]; for a
    /// disk or a copy that is in doubt. Off by default: opening checks the newest commits.
    pub check_on_open: bool,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, max_batch: 1_024, queue: 4_096, check_on_open: false }
    }
}

/// The durable store in one file, for one process.
///
/// Writing is done by one thread, which makes one durable transaction of all that came in while the one
/// before was on its way to the disk. Reading happens on the caller's thread and is as short as a few reads
/// of the file. Works under any executor.
///
/// An error of the disk closes the store: what was on its way is answered [`StoreError::Unknown`] where it
/// may have been committed, all else [`StoreError::Unavailable`]. Opening it anew checks the newest commits.
pub struct EmbeddedStore {
    // Before the database, so that dropping the store first writes what was asked for.
    writer: Writer,
    latest: Arc<Latest>,
    database: Arc<Database>,
    name: String,
}

impl EmbeddedStore {
    /// Opens the file, making it where there is none.
    ///
    /// [`OpenError::Locked`] where somebody has it open.
    pub fn open(path: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let builder = builder(options);
        create::create_absent(path, &name, &builder)?;
        let database = builder.open(path).map_err(|error| OpenError::of(&name, error))?;
        Self::start(database, name, options)
    }

    /// Opens a store on a disk of the caller's making.
    #[cfg(feature = "simulation")]
    pub fn with_disk(disk: impl Disk, options: EmbeddedOptions) -> Result<Self, OpenError> {
        let name = "simulated disk";
        let database = builder(options)
            .create_with_backend(disk::Backend(disk))
            .map_err(|error| OpenError::of(name, error))?;
        create::make_tables(&database).map_err(|error| OpenError::of(name, error))?;
        Self::start(database, name.to_owned(), options)
    }

    fn start(database: Database, name: String, options: EmbeddedOptions) -> Result<Self, OpenError> {
        let damage = |error| OpenError::store(&name, error);
        let snapshot = Snapshot::of(&database).map_err(damage)?;
        verify::newest(&snapshot).map_err(damage)?;
        if options.check_on_open {
            verify::everything(&snapshot).map_err(damage)?;
        }
        let last = snapshot.last().map_err(damage)?;
        let latest = Arc::new(Latest::new(snapshot));
        let database = Arc::new(database);
        let writer = Writer::start(database.clone(), latest.clone(), last, options)
            .map_err(|error| OpenError::io(&name, &error))?;
        Ok(Self { writer, latest, database, name })
    }

    /// Appends a list in one durable transaction, each as [`LedgerStore::append`] would, and gives an answer
    /// for each. Fastest where it ascends by tenant and by the order of members; the feed has it in that order.
    ///
    /// The whole list is durable or none of it.
    pub async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Appended>, StoreError> {
        let prepared = appends.into_iter().map(Prepared::new).collect();
        match self.writer.ask(Work::Append(prepared)).await? {
            Outcome::Appended(answers) => Ok(answers),
            _ => Err(misanswered()),
        }
    }

    /// Keeps what is known of a member, durably, in place of what was known before; `None` forgets it.
    pub async fn keep_facts(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        facts: Option<&Facts>,
    ) -> Result<(), StoreError> {
        match self.writer.ask(Work::Facts(PreparedFacts::new(tenant, member, facts))).await? {
            Outcome::Kept => Ok(()),
            _ => Err(misanswered()),
        }
    }

    /// Reads everything and checks that commits, chains and keys agree; gives the number of commits.
    ///
    /// [`StoreError::Damaged`] names the first disagreement. What commits say is not looked into: their
    /// hashes need the key of the chains.
    pub fn verify(&self) -> Result<u64, StoreError> {
        verify::everything(self.snapshot()?.as_ref())
    }

    /// Writes what was asked for and closes the file. Dropping the store does the same, without a word about
    /// errors; both wait for the disk.
    pub fn close(self) -> Result<(), OpenError> {
        drop(self.writer);
        match Arc::into_inner(self.database) {
            Some(database) => database.close().map_err(|error| OpenError::of(&self.name, error)),
            None => Ok(()),
        }
    }

    fn snapshot(&self) -> Result<Arc<Snapshot>, StoreError> {
        self.check_open()?;
        Ok(self.latest.get())
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.writer.is_closed() { Err(errors::closed()) } else { Ok(()) }
    }
}

fn builder(options: EmbeddedOptions) -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(options.cache_bytes);
    builder.set_check_integrity_on_open(options.check_on_open);
    builder
}

/// INVARIANT: the writing thread answers in kind.
fn misanswered() -> StoreError {
    StoreError::Unknown("the writing thread gave an answer of another kind".to_owned())
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl LedgerStore for EmbeddedStore {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        self.snapshot()?.head(&member_prefix(tenant, member))
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.append_all(vec![append]).await?.pop().ok_or_else(misanswered)
    }

    async fn by_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.snapshot()?.by_key(&member_prefix(tenant, member), key.as_str())
    }

    async fn by_activity(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        purchase: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.snapshot()?.by_activity(&member_prefix(tenant, member), purchase)
    }

    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.snapshot()?.range(&member_prefix(tenant, member), before, limit)
    }

    async fn at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        recorded_at: Timestamp,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.snapshot()?.at(&member_prefix(tenant, member), recorded_at)
    }
}

#[async_trait]
impl Feed for EmbeddedStore {
    async fn after(&self, position: u64, limit: usize) -> Result<Vec<(u64, StoredCommit)>, StoreError> {
        self.snapshot()?.after(position, limit)
    }

    async fn newest(&self) -> Result<u64, StoreError> {
        self.snapshot()?.last()
    }

    async fn heads(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.snapshot()?.heads(tenant, after, limit)
    }

    async fn under_review(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.snapshot()?.under_review(tenant, after, limit)
    }
}

#[async_trait]
impl ProgramStore for EmbeddedStore {
    async fn publish(&self, tenant: &TenantId, version: PublishedVersion) -> Result<bool, StoreError> {
        let work = Work::Publish(PreparedVersion::new(tenant, version));
        match self.writer.ask(work).await? {
            Outcome::Published(free) => Ok(free),
            _ => Err(misanswered()),
        }
    }

    async fn versions(&self, tenant: &TenantId) -> Result<Vec<PublishedVersion>, StoreError> {
        self.check_open()?;
        snapshot::versions(&self.database, tenant)
    }
}

#[async_trait]
impl MemberFacts for EmbeddedStore {
    async fn facts(&self, tenant: &TenantId, member: &MemberId, _: &Asked) -> Result<Facts, StoreError> {
        self.check_open()?;
        facts::read(&self.database, tenant, member)
    }
}
