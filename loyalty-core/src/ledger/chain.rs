//! The keyed hash that chains a member's commits.

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;
/// A keyed BLAKE3 hash.
pub type Hash = [u8; HASH_BYTES];
/// What the first commit of a chain names as the hash before it.
pub const BEGINNING: Hash = [0; HASH_BYTES];

/// The secret under which a deployment hashes its chains: without it nobody can rewrite one unnoticed.
#[derive(Clone)]
pub struct ChainKey {
    id: u32,
    key: [u8; 32],
}

impl ChainKey {
    /// A key and the number by which commits name it.
    pub const fn new(id: u32, key: [u8; 32]) -> Self {
        Self { id, key }
    }

    /// The number by which commits name it.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The hash of a commit's body.
    pub fn hash(&self, body: &[u8]) -> Hash {
        *blake3::keyed_hash(&self.key, body).as_bytes()
    }

    /// A hash of parts for another purpose, under a key of its own that is made of this one. Each part goes in with
    /// its length, so that no two lists of parts are the same bytes.
    pub fn hash_of<'b>(&self, purpose: &str, parts: impl Iterator<Item = &'b [u8]>) -> Hash {
        let mut hasher = blake3::Hasher::new_keyed(&blake3::derive_key(purpose, &self.key));
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hasher.update(&length.to_be_bytes()).update(part);
        }
        *hasher.finalize().as_bytes()
    }
}

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChainKey {{ id: {}, key: redacted }}", self.id)
    }
}
