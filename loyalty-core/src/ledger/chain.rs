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
}

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChainKey {{ id: {}, key: redacted }}", self.id)
    }
}
