//! Tables and the layout of their keys.
//!
//! One index holds a member's chain and keys side by side, so that an append touches one leaf and not two:
//! `tenant length, tenant, member order`, then `0, !seq` for a commit of the chain or `1, key` for a key.
//! Sequences are stored inverted: the first row of a member is the head, and reading on goes back in time.

use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ports::feed::member_order;
use redb::TableDefinition;

/// The type of the index and of the programs.
pub(super) type Bytes = &'static [u8];

/// Position in the feed, from 1 → the commit's bytes.
pub(super) const COMMITS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("commits");
/// Chain rows and key rows → position, and in chain rows when it was recorded.
pub(super) const INDEX: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("index");
/// Tenant and number → published version.
pub(super) const PROGRAMS: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("programs");

/// Member → what is known of them.
pub(super) const FACTS: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("facts");

/// Members of whom something is under review. A file in which nothing ever was has no such table.
pub(super) const REVIEWS: TableDefinition<'_, Bytes, ()> = TableDefinition::new("reviews");

const CHAIN: u8 = 0;
const KEY: u8 = 1;
/// Above every row of a member.
const END: u8 = 2;

/// A tenant's part of a key. The length in front keeps tenants apart whatever their names hold.
pub(super) fn tenant_prefix(tenant: &TenantId) -> Vec<u8> {
    let name = tenant.as_str().as_bytes();
    // INVARIANT: an id has at most 128 bytes.
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    [&[length], name].concat()
}

/// A member's part of a key, ascending as members do. A row's kind comes next and ends it, for ids hold no
/// control characters.
pub(super) fn member_prefix(tenant: &TenantId, member: &MemberId) -> Vec<u8> {
    [tenant_prefix(tenant), member_order(member)].concat()
}

/// The key of a commit in its chain.
pub(super) fn chain_key(member: &[u8], seq: u64) -> Vec<u8> {
    [member, &[CHAIN], &(!seq).to_be_bytes()].concat()
}

/// The member's part of a commit's key.
pub(super) fn prefix_of_chain_key(key: &[u8]) -> Option<&[u8]> {
    let (rest, _) = key.split_last_chunk::<8>()?;
    rest.strip_suffix(&[CHAIN])
}

/// At or below every commit of a chain.
pub(super) fn chain_start(member: &[u8]) -> Vec<u8> {
    [member, &[CHAIN]].concat()
}

/// Above every commit of a chain.
pub(super) fn chain_end(member: &[u8]) -> Vec<u8> {
    [member, &[KEY]].concat()
}

/// The key of an operation key, or of all that begin with it.
pub(super) fn key_key(member: &[u8], key: &str) -> Vec<u8> {
    let mut row = Vec::with_capacity(member.len() + 1 + key.len());
    push_key_key(&mut row, member, key);
    row
}

/// Writes such a key behind others.
pub(super) fn push_key_key(keys: &mut Vec<u8>, member: &[u8], key: &str) {
    keys.extend_from_slice(member);
    keys.push(KEY);
    keys.extend_from_slice(key.as_bytes());
}

/// Above every row of a member.
pub(super) fn member_end(member: &[u8]) -> Vec<u8> {
    [member, &[END]].concat()
}
