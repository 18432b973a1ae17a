//! A commit as the file holds it: short ones as they are, long ones compressed.
//!
//! A pack of purchases says the same words over and over, so that LZ4 leaves about half of the file: less to copy
//! through the tree, to write and to keep cached, which costs more than compressing does.

use std::cell::RefCell;

use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::StoreError;
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

use super::errors::damaged;

/// Stands before a compressed commit; no commit begins with it.
const COMPRESSED: u8 = 0;
/// The mark, and the length of the commit.
const HEAD: usize = 5;
/// Commits below this many bytes are stored as they are: single ones, where every microsecond counts.
const LONG: usize = 4 << 10;
/// LZ4 cannot make anything smaller than this part of itself.
const BEST: usize = 255;

thread_local! {
    /// Room to compress into, so that a commit on its way takes no more memory than it needs.
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A commit on its way into the file.
#[derive(Debug)]
pub(super) enum Stored {
    Plain(StoredCommit),
    Compressed(Vec<u8>),
}

impl Stored {
    pub fn of(commit: StoredCommit) -> Self {
        let bytes = commit.bytes();
        let Some(length) = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() >= LONG) else {
            return Self::Plain(commit);
        };
        ROOM.with_borrow_mut(|room| {
            room.resize(room.len().max(get_maximum_output_size(bytes.len())), 0);
            match compress_into(bytes, room) {
                Ok(size) if HEAD + size < bytes.len() => {
                    Self::Compressed([&[COMPRESSED], &length.to_be_bytes()[..], &room[..size]].concat())
                }
                _ => Self::Plain(commit.clone()),
            }
        })
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(commit) => commit.bytes(),
            Self::Compressed(bytes) => bytes,
        }
    }
}

/// The commit that the file holds as these bytes.
pub(super) fn commit_of(stored: &[u8]) -> Result<StoredCommit, StoreError> {
    let Some((&COMPRESSED, rest)) = stored.split_first() else { return Ok(StoredCommit::from_bytes(stored)) };
    let (length, body) = rest.split_first_chunk().ok_or_else(|| damaged("a stored commit is cut short"))?;
    let length = u32::from_be_bytes(*length) as usize;
    // A damaged length must not take all memory.
    if length > body.len().saturating_mul(BEST) {
        return Err(damaged("a stored commit says that it is longer than it can be"));
    }
    let mut bytes = vec![0; length];
    match decompress_into(body, &mut bytes) {
        Ok(size) if size == length => Ok(StoredCommit::from_bytes(bytes)),
        Ok(size) => Err(damaged(format!("a stored commit has {size} bytes and says {length}"))),
        Err(error) => Err(damaged(format!("a stored commit cannot be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(bytes: Vec<u8>) -> Vec<u8> {
        Stored::of(StoredCommit::from_bytes(bytes)).bytes().to_vec()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let noise: Vec<u8> =
            (0..LONG as u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        for bytes in
            [vec![0x89; LONG - 1], vec![0x89; LONG], vec![0x89; 1 << 20], [vec![0x89], noise].concat()]
        {
            let stored = stored(bytes.clone());
            assert!(stored.len() <= bytes.len());
            assert_eq!(commit_of(&stored).unwrap().bytes(), bytes);
        }
        assert!(stored(vec![0x89; 1 << 20]).len() < 1 << 14, "long commits are compressed");
    }

    #[test]
    fn what_is_damaged_is_said_so() {
        let whole = stored(vec![0x89; 1 << 16]);
        for end in 1..whole.len() {
            assert!(matches!(commit_of(&whole[..end]), Err(StoreError::Damaged(_))), "cut at {end}");
        }
        let mut endless = whole.clone();
        endless[1] = 0xff;
        assert!(matches!(commit_of(&endless), Err(StoreError::Damaged(_))), "a length of 4 GiB");
        let mut shorter = whole;
        shorter[4] += 1;
        assert!(matches!(commit_of(&shorter), Err(StoreError::Damaged(_))), "a length of one byte more");
    }
}
