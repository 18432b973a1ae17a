//! Programs: documents, their check, and what the engine runs.
pub mod condition;
pub mod document;
pub mod version;

pub use version::VersionId;
