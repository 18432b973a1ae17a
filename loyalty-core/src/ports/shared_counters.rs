//! Counters that members share, beside the ledger.

use async_trait::async_trait;

use super::StoreError;
use crate::id::{MemberId, OperationKey, TenantId};
use crate::limits::shared::SharedCounter;

/// Who is counted, and by what.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The member.
    pub member: &'a MemberId,
    /// Operations of the member: one to be noted; of a pack that is being decided, the one that asks and those after it,
    /// which an earlier try may have noted.
    pub keys: &'a [OperationKey],
}

/// How many members, or activities of all members, bear the same card, device or address.
///
/// Limits against fraud look at it; points never depend on it alone. It may forget what is older than the windows
/// that are asked for.
///
/// # Contract
/// - `note` counts operations of a member in the last slot of each counter; the same operation again changes nothing.
/// - `others` answers, in the order of the counters, how many others were noted from the first slot to the last: of
///   members those beside this one, of activities those beside these operations. What was noted before is seen.
/// - Tenants, limits and texts are apart.
/// - An error does not hold up a command: the engine goes on as the limit says, and does not note again.
#[async_trait]
pub trait SharedCounters: Send + Sync {
    /// How many others were noted in each counter.
    async fn others(
        &self,
        tenant: &TenantId,
        by: By<'_>,
        counters: &[SharedCounter],
    ) -> Result<Vec<u64>, StoreError>;

    /// Counts operations.
    async fn note(&self, tenant: &TenantId, by: By<'_>, counters: &[SharedCounter])
    -> Result<(), StoreError>;
}
