//! Rows of published program versions.

use loyalty_core::id::TenantId;
use loyalty_core::ports::PublishedVersion;
use loyalty_core::program::VersionId;
use loyalty_core::time::Timestamp;
use minicbor::{Decode, Encode};

use super::tables::tenant_prefix;

/// A version as stored; field numbers are never reused.
#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    number: u32,
    #[n(1)]
    version: VersionId,
    #[n(2)]
    valid_from: Timestamp,
    #[n(3)]
    published_at: Timestamp,
    #[cbor(n(4), with = "minicbor::bytes")]
    document: Vec<u8>,
}

/// A published version, ready to be inserted.
#[derive(Debug)]
pub(super) struct PreparedVersion {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

impl PreparedVersion {
    pub fn new(tenant: &TenantId, version: PublishedVersion) -> Self {
        let PublishedVersion { number, version, valid_from, published_at, document } = version;
        let key = [tenant_prefix(tenant), number.to_be_bytes().to_vec()].concat();
        let stored = Stored { number, version, valid_from, published_at, document };
        let mut value = Vec::with_capacity(stored.document.len() + 64);
        let written = minicbor::encode(&stored, &mut value);
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
        Self { key, value }
    }
}

/// Reads a stored version.
pub(super) fn read(value: &[u8]) -> Result<PublishedVersion, minicbor::decode::Error> {
    let Stored { number, version, valid_from, published_at, document } = minicbor::decode(value)?;
    Ok(PublishedVersion { number, version, valid_from, published_at, document })
}
