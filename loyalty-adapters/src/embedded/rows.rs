//! What an append adds to the index, made by the caller so that the writer only inserts.

use std::mem;

use loyalty_core::ports::Append;
use loyalty_core::time::Timestamp;

use super::stored::Stored;
use super::tables::{chain_key, member_prefix, prefix_of_chain_key, push_key_key};

/// An append, ready to be inserted.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The keys of all rows, one behind the other in one allocation: many are made and let go of in an import.
    keys: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// The key of the chain row before, which must be there.
    pub before: Option<Vec<u8>>,
    pub recorded_at: Timestamp,
    pub commit: Stored,
    /// Whether something of the member is under review from then on, where that changes.
    pub reviews: Option<bool>,
}

impl Prepared {
    pub fn new(mut append: Append) -> Self {
        let member = member_prefix(&append.tenant, &append.member);
        let mut keys = chain_key(&member, append.seq);
        let mut ends = Vec::with_capacity(1 + append.keys.len());
        ends.push(keys.len());
        // Ascending, which the tree takes fastest; the chain row is below all key rows.
        append.keys.sort_unstable();
        for key in &append.keys {
            push_key_key(&mut keys, &member, key.as_str());
            ends.push(keys.len());
        }
        let before = match append.seq {
            1 => None,
            // Nothing is the one before sequence 0, so that it is always refused.
            seq => Some(chain_key(&member, seq.wrapping_sub(1))),
        };
        let Append { recorded_at, reviews, .. } = append;
        Self { keys, ends, before, recorded_at, commit: Stored::of(append.commit), reviews }
    }

    /// The member's part of all keys.
    pub fn member(&self) -> &[u8] {
        self.ends.first().and_then(|&end| prefix_of_chain_key(&self.keys[..end])).unwrap_or_default()
    }

    /// The key of the chain row, then those of the key rows, ascending.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.keys[mem::replace(&mut start, end)..end])
    }
}

/// What an index row holds: the commit's position, and in a chain row when it was recorded.
pub(super) struct RowValue([u8; 16]);

impl RowValue {
    pub fn new(position: u64, recorded_at: Timestamp) -> Self {
        let mut bytes = [0; 16];
        let (left, right) = bytes.split_at_mut(8);
        left.copy_from_slice(&position.to_be_bytes());
        right.copy_from_slice(&recorded_at.micros().to_be_bytes());
        Self(bytes)
    }

    pub fn of_chain(&self) -> &[u8] {
        &self.0
    }

    pub fn of_key(&self) -> &[u8] {
        self.0.split_at(8).0
    }
}

/// The position that an index row holds.
pub(super) fn position_of(value: &[u8]) -> Option<u64> {
    value.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// When a chain row's commit was recorded.
pub(super) fn recorded_at_of(value: &[u8]) -> Option<Timestamp> {
    let bytes = value.get(8..)?.first_chunk()?;
    Some(Timestamp::from_micros(i64::from_be_bytes(*bytes)))
}
