//! The member store, as far as deciding asks it.

use async_trait::async_trait;

use super::StoreError;
use crate::facts::{Asked, Facts};
use crate::id::{MemberId, TenantId};

/// What is known of members beyond what they did.
///
/// # Contract
/// - `facts` answers what is known at that moment. It may answer more than what is asked; the engine drops the rest.
/// - A member of whom nothing is known has no facts, which is no error.
/// - An error leaves the command undone: nothing is decided on facts that could not be read.
#[async_trait]
pub trait MemberFacts: Send + Sync {
    /// What is known of a member.
    async fn facts(&self, tenant: &TenantId, member: &MemberId, asked: &Asked) -> Result<Facts, StoreError>;
}

/// A member store that knows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFacts;

#[async_trait]
impl MemberFacts for NoFacts {
    async fn facts(&self, _: &TenantId, _: &MemberId, _: &Asked) -> Result<Facts, StoreError> {
        Ok(Facts::NONE)
    }
}
