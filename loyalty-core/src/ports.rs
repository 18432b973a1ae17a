//! Ports: what the engine asks of the world. Each trait states its contract; the public conformance suite
//! checks it, so that a user can certify a store of their own.
pub mod feed;
pub mod ledger_store;
pub mod member_facts;
pub mod program_store;
pub mod shared_counters;
pub mod vault;

pub use feed::Feed;
pub use ledger_store::{Append, Appended, LedgerStore};
pub use member_facts::{MemberFacts, NoFacts};
pub use program_store::{ProgramStore, PublishedVersion};
pub use shared_counters::SharedCounters;
pub use vault::{Kept, Vault};

use thiserror::Error;

/// A store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Nothing was done; it may work later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It may or may not have been done; only reading can tell.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// What was read is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}
