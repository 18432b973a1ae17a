//! The vault: a key for each member, under which what is personal of the member is sealed.

use std::sync::Arc;

use async_trait::async_trait;

use super::StoreError;
use crate::id::{MemberId, TenantId};
use crate::ledger::sealing::Cipher;

/// What a vault has of a member.
#[derive(Debug, Clone)]
pub enum Kept {
    /// No key was ever made.
    Nothing,
    /// The member's key.
    Key(Arc<dyn Cipher>),
    /// The key is gone for good.
    Erased,
}

/// Keys of members.
///
/// # Contract
/// - `create` is insert-if-absent: whoever asks first makes the key, everybody after gets the same, and of a member whose
///   key was erased nobody gets another. It answers only when the key survives the loss of power.
/// - After `erase` has answered, no store of the vault holds the key any more, and `key` answers `Erased` for ever. Of a
///   member without a key it answers `Erased` as well. Done twice it changes nothing.
/// - No key is that of two members, or of two tenants.
#[async_trait]
pub trait Vault: Send + Sync {
    /// What there is of a member.
    async fn key(&self, tenant: &TenantId, member: &MemberId) -> Result<Kept, StoreError>;

    /// The member's key, made where there was none.
    async fn create(&self, tenant: &TenantId, member: &MemberId) -> Result<Kept, StoreError>;

    /// Erases the member's key for good.
    async fn erase(&self, tenant: &TenantId, member: &MemberId) -> Result<(), StoreError>;
}
