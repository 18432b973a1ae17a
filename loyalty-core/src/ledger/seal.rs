//! What a seal is over: one hash of all commits up to a place in the feed.
//!
//! Chains tell that a member's history is whole as far as it goes. Whoever has their key could still write one anew, and
//! nobody misses commits that are gone from its end. A seal, signed and kept elsewhere, says what was there.

use super::chain::{BEGINNING, Hash};
use super::commit::{InvalidCommit, StoredCommit};

/// What commits are hashed under, so that no other hash is one of these.
const PURPOSE: &str = "loyalty 2026-11 root of a seal";

/// The hash of all commits so far, in the order of the feed.
///
/// ```
/// use loyalty_core::ledger::seal::Root;
/// let root = Root::after(&Root::BEGINNING);
/// assert_eq!(root.commits(), 0);
/// let sealed = root.finish();
/// assert_ne!(sealed, Root::BEGINNING);
/// ```
#[derive(Debug, Clone)]
pub struct Root {
    hasher: blake3::Hasher,
    commits: u64,
}

impl Root {
    /// Before the first seal.
    pub const BEGINNING: Hash = BEGINNING;

    /// Goes on after the root of the seal before.
    pub fn after(previous: &Hash) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(PURPOSE);
        hasher.update(previous);
        Self { hasher, commits: 0 }
    }

    /// Adds the next commit of the feed, by its hash.
    pub fn add(&mut self, commit: &StoredCommit) -> Result<(), InvalidCommit> {
        self.hasher.update(&commit.hash()?);
        self.commits = self.commits.saturating_add(1);
        Ok(())
    }

    /// How many were added.
    pub const fn commits(&self) -> u64 {
        self.commits
    }

    /// The root.
    pub fn finish(&self) -> Hash {
        *self.hasher.finalize().as_bytes()
    }
}
