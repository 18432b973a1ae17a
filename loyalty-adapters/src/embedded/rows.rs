//! What an append adds to the index, made by the caller so that the writer only inserts.

use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::Append;
use loyalty_core::time::Timestamp;

use super::tables::{chain_key, key_key, member_prefix};

/// An append, ready to be inserted.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The key of the chain row, then those of the key rows, ascending.
    pub keys: Vec<Vec<u8>>,
    /// The key of the chain row before, which must be there.
    pub before: Option<Vec<u8>>,
    pub recorded_at: Timestamp,
    pub commit: StoredCommit,
}

impl Prepared {
    pub fn new(append: Append) -> Self {
        let member = member_prefix(&append.tenant, &append.member);
        let mut keys: Vec<_> = append.keys.iter().map(|key| key_key(&member, key.as_str())).collect();
        keys.push(chain_key(&member, append.seq));
        // Ascending, which the tree takes fastest; the chain row is below all key rows.
        keys.sort_unstable();
        let before = match append.seq {
            1 => None,
            // Nothing is the one before sequence 0, so that it is always refused.
            seq => Some(chain_key(&member, seq.wrapping_sub(1))),
        };
        Self { keys, before, recorded_at: append.recorded_at, commit: append.commit }
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
