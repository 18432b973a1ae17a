//! The store of published program versions.

use async_trait::async_trait;

use super::StoreError;
use crate::id::TenantId;
use crate::program::VersionId;
use crate::time::Timestamp;

/// A published version of a tenant's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedVersion {
    /// Its place in the tenant's series, from 1.
    pub number: u32,
    /// The hash of its document.
    pub version: VersionId,
    /// When it takes force.
    pub valid_from: Timestamp,
    /// When it was published.
    pub published_at: Timestamp,
    /// The published document, as JSON.
    pub document: Vec<u8>,
}

/// Published versions, in their order.
///
/// # Contract
/// - `publish` is atomic and insert-if-absent by tenant and number; `false` means the number is taken.
/// - `versions` gives all of a tenant's versions, ascending by number.
#[async_trait]
pub trait ProgramStore: Send + Sync {
    /// Adds a version; `false` where its number is taken.
    async fn publish(&self, tenant: &TenantId, version: PublishedVersion) -> Result<bool, StoreError>;

    /// All versions of a tenant, oldest first.
    async fn versions(&self, tenant: &TenantId) -> Result<Vec<PublishedVersion>, StoreError>;
}
