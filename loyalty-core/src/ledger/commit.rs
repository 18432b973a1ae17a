//! Commits: one append to one member's chain, as bytes.
//!
//! The envelope is written by hand so that a head can be read without reading its operations: level,
//! tenant, member, sequence, time, previous hash, key id, state, operations, and from level 2 on what is sealed
//! of each. Field numbers are positions and are never reused; a reader that meets a higher level may read what it knows but may not append.

use std::sync::Arc;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Decoder, Encode, Encoder};
use thiserror::Error;

use super::chain::{ChainKey, HASH_BYTES, Hash};
use super::operation::Operation;
use super::sealing::{self, Cipher, Place};
use crate::id::{MemberId, TenantId};
use crate::member::MemberState;
use crate::time::Timestamp;

/// The level of the stored form that this release writes without a vault.
pub const LEVEL: u32 = 1;
/// The level that it writes with one, and the highest that it reads whole.
pub const SEALED_LEVEL: u32 = 2;
/// The most operations one commit packs.
pub const MAX_OPERATIONS: usize = 64;
/// Fields of the envelope at [`LEVEL`].
const FIELDS: u64 = 9;
/// Fields of the envelope at [`SEALED_LEVEL`].
const SEALED_FIELDS: u64 = 10;

/// Bytes that are no commit, or one that cannot be continued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidCommit {
    /// Not the stored form of a commit.
    #[error("the commit cannot be read: {0}")]
    Form(String),
    /// Written by a newer release.
    #[error(
        "the commit has level {0}, this release appends up to level {SEALED_LEVEL}: upgrade before writing"
    )]
    Newer(u32),
    /// The hash is not that of the bytes.
    #[error("the hash of commit {0} is not that of its bytes")]
    Hash(u64),
    /// What is sealed of an operation is of another key or place, or was changed.
    #[error("what is sealed of operation {1} of commit {0} cannot be opened")]
    Sealed(u64, u32),
}

impl From<minicbor::decode::Error> for InvalidCommit {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Form(error.to_string())
    }
}

/// A commit as stored: its encoded body followed by its hash. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StoredCommit {
    bytes: Arc<Vec<u8>>,
    /// What opens its sealed parts, where somebody brought it.
    cipher: Option<Arc<dyn Cipher>>,
}

impl PartialEq for StoredCommit {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for StoredCommit {}

/// What is to be written as a commit.
#[derive(Debug, Clone, Copy)]
pub struct NewCommit<'a> {
    /// Whose member.
    pub tenant: &'a TenantId,
    /// Whose chain.
    pub member: &'a MemberId,
    /// The sequence in the chain, from 1.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The hash of the commit before; zeros at the beginning.
    pub previous: Hash,
    /// The state after.
    pub state: &'a MemberState,
    /// What was decided, 1 to 64.
    pub operations: &'a [Operation],
}

/// The part of a commit that deciding the next one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The level it was written at.
    pub level: u32,
    /// Whose member.
    pub tenant: TenantId,
    /// Whose chain.
    pub member: MemberId,
    /// The sequence in the chain, from 1.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The hash of the commit before.
    pub previous: Hash,
    /// Which key made the hash.
    pub key_id: u32,
    /// The state after.
    pub state: MemberState,
    /// The commit's own hash.
    pub hash: Hash,
}

/// A whole commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// All but the operations.
    pub head: Head,
    /// What was decided.
    pub operations: Vec<Operation>,
}

impl NewCommit<'_> {
    /// Encodes and hashes.
    pub fn seal(&self, key: &ChainKey) -> StoredCommit {
        self.seal_under(key, None)
    }

    /// Encodes and hashes, with what is personal sealed under the member's key where there is one.
    pub fn seal_under(&self, key: &ChainKey, cipher: Option<&Arc<dyn Cipher>>) -> StoredCommit {
        // A basket of five lines takes about 600 bytes: one allocation serves most commits.
        let mut bytes = Vec::with_capacity(self.operations.len().saturating_mul(640).saturating_add(512));
        let mut encoder = Encoder::new(&mut bytes);
        let written = self.encode(&mut encoder, (key.id(), cipher));
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
        let hash = key.hash(&bytes);
        bytes.extend_from_slice(&hash);
        StoredCommit::from_bytes(bytes)
    }

    fn encode(
        &self,
        e: &mut Encoder<&mut Vec<u8>>,
        (key_id, cipher): (u32, Option<&Arc<dyn Cipher>>),
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        let (fields, level) = cipher.map_or((FIELDS, LEVEL), |_| (SEALED_FIELDS, SEALED_LEVEL));
        e.array(fields)?.u32(level)?.str(self.tenant.as_str())?.str(self.member.as_str())?;
        e.u64(self.seq)?.i64(self.recorded_at.micros())?.bytes(&self.previous)?.u32(key_id)?;
        self.state.encode(e, &mut ())?;
        let Some(cipher) = cipher else { return self.operations.encode(e, &mut ()) };
        let closed = (0..).zip(self.operations).map(|(operation, it)| {
            let place = Place { tenant: self.tenant, member: self.member, seq: self.seq, operation };
            sealing::close(it, &place, cipher.as_ref())
        });
        let (open, sealed): (Vec<Operation>, Vec<ByteVec>) =
            closed.map(|(open, sealed)| (open, ByteVec::from(sealed))).unzip();
        open.encode(e, &mut ())?;
        sealed.encode(e, &mut ())
    }
}

impl StoredCommit {
    /// Takes bytes as a store kept them; they are checked when read.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: Arc::new(bytes.into()), cipher: None }
    }

    /// The same commit with what opens its sealed parts; without it they are left out of what is read.
    #[must_use]
    pub fn opened_by(self, cipher: Option<Arc<dyn Cipher>>) -> Self {
        Self { cipher, ..self }
    }

    /// The bytes to keep.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The commit's own hash.
    pub fn hash(&self) -> Result<Hash, InvalidCommit> {
        self.parts().map(|(_, hash)| hash)
    }

    /// Reads all but the operations.
    pub fn head(&self) -> Result<Head, InvalidCommit> {
        let (body, hash) = self.parts()?;
        read_head(&mut Decoder::new(body), hash)
    }

    /// Reads the whole commit.
    pub fn commit(&self) -> Result<Commit, InvalidCommit> {
        let (body, hash) = self.parts()?;
        let mut decoder = Decoder::new(body);
        let head = read_head(&mut decoder, hash)?;
        let mut operations = Vec::<Operation>::decode(&mut decoder, &mut ())?;
        if head.level >= SEALED_LEVEL {
            let sealed = Vec::<ByteVec>::decode(&mut decoder, &mut ())?;
            self.open(&head, &mut operations, &sealed)?;
        }
        if decoder.position() != body.len() && head.level <= SEALED_LEVEL {
            return Err(InvalidCommit::Form("bytes after the end".to_owned()));
        }
        Ok(Commit { head, operations })
    }

    /// Whether something of it is sealed, and nobody brought what opens it.
    pub fn is_closed(&self) -> Result<bool, InvalidCommit> {
        Ok(self.cipher.is_none() && self.head()?.level >= SEALED_LEVEL)
    }

    fn open(
        &self,
        head: &Head,
        operations: &mut [Operation],
        sealed: &[ByteVec],
    ) -> Result<(), InvalidCommit> {
        if operations.len() != sealed.len() {
            return Err(InvalidCommit::Form("sealed parts".to_owned()));
        }
        let Some(cipher) = &self.cipher else { return Ok(()) };
        for ((number, operation), sealed) in (0..).zip(operations).zip(sealed) {
            let place =
                Place { tenant: &head.tenant, member: &head.member, seq: head.seq, operation: number };
            let opened = sealing::open(operation, sealed, &place, cipher.as_ref());
            opened.ok_or(InvalidCommit::Sealed(head.seq, number))?;
        }
        Ok(())
    }

    /// Checks that the hash is that of the bytes under `key`.
    pub fn check_hash(&self, key: &ChainKey) -> Result<(), InvalidCommit> {
        let (body, hash) = self.parts()?;
        if key.hash(body) == hash { Ok(()) } else { Err(InvalidCommit::Hash(self.head()?.seq)) }
    }

    fn parts(&self) -> Result<(&[u8], Hash), InvalidCommit> {
        let (body, hash) = self
            .bytes
            .split_last_chunk::<HASH_BYTES>()
            .ok_or_else(|| InvalidCommit::Form("too short".to_owned()))?;
        Ok((body, *hash))
    }
}

fn read_head(d: &mut Decoder<'_>, hash: Hash) -> Result<Head, InvalidCommit> {
    let fields = d.array()?.unwrap_or(0);
    let level = d.u32()?;
    let own = if level <= LEVEL { FIELDS } else { SEALED_FIELDS };
    if level == 0 || fields < own || (fields > own && level <= SEALED_LEVEL) {
        return Err(InvalidCommit::Form(format!("{fields} fields at level {level}")));
    }
    let tenant = TenantId::decode(d, &mut ())?;
    let member = MemberId::decode(d, &mut ())?;
    let seq = d.u64()?;
    let recorded_at = Timestamp::from_micros(d.i64()?);
    let previous = d.bytes()?.try_into().map_err(|_| InvalidCommit::Form("previous hash".to_owned()))?;
    let key_id = d.u32()?;
    let state = MemberState::decode(d, &mut ())?;
    Ok(Head { level, tenant, member, seq, recorded_at, previous, key_id, state, hash })
}

impl Head {
    /// Checks that this release may append after it.
    pub const fn check_appendable(&self) -> Result<(), InvalidCommit> {
        if self.level > SEALED_LEVEL { Err(InvalidCommit::Newer(self.level)) } else { Ok(()) }
    }
}
