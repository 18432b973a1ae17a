//! What runs across members: every commit in order, and every member's head.

use async_trait::async_trait;

#[cfg(doc)]
use super::Append;
use super::StoreError;
use crate::id::{MemberId, TenantId};
use crate::ledger::commit::StoredCommit;

/// Reading across members.
///
/// # Contract
/// - `after` gives commits in an order in which a chain's commits ascend; a commit once given keeps its
///   position, and none appears later at or below a position already given.
/// - `heads` gives members ascending: ids that are whole numbers by number, before all others by bytes.
/// - `under_review` gives those of these members whose newest done append that says [`Append::reviews`] says yes.
/// - All read through indexes and hold no more than `limit` commits.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Up to `limit` commits of all tenants after a position (0 is before the first), each with its own.
    async fn after(&self, position: u64, limit: usize) -> Result<Vec<(u64, StoredCommit)>, StoreError>;

    /// The position of the newest commit, 0 where there is none. Every commit that is appended later stands after it.
    async fn newest(&self) -> Result<u64, StoreError>;

    /// Up to `limit` members' newest commits, after `after`.
    async fn heads(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError>;

    /// Up to `limit` newest commits of members of whom something is under review, after `after`.
    async fn under_review(
        &self,
        tenant: &TenantId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError>;
}

/// The order of members: whole numbers by number, before all others by bytes.
///
/// ```
/// use loyalty_core::{id::MemberId, ports::feed::member_order};
/// let mut ids = ["10", "b", "9", "009", "B"].map(|id| MemberId::new(id).unwrap());
/// ids.sort_by(|a, b| member_order(a).cmp(&member_order(b)));
/// assert_eq!(ids.map(|id| id.to_string()), ["9", "009", "10", "B", "b"]);
/// ```
pub fn member_order(member: &MemberId) -> Vec<u8> {
    let text = member.as_str();
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return [&[1], text.as_bytes()].concat();
    }
    let digits = text.trim_start_matches('0');
    let zeros = text.len().saturating_sub(digits.len());
    // A number is its length, its digits, then its leading zeros; an id has at most 128 bytes.
    let length = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
    [&[0, length(digits.len())], digits.as_bytes(), &[length(zeros)]].concat()
}
