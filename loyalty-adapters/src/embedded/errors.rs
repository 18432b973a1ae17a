//! What the driver's errors mean to a caller.

use std::io;

use loyalty_core::ports::StoreError;
use thiserror::Error;

/// A store that could not be opened or closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Somebody has it open: another process, or this one a second time.
    #[error("`{0}` is in use: close the process that has it open, or open another file")]
    Locked(String),
    /// What was read is not what was written.
    #[error("`{0}` is damaged: {1}; restore a backup")]
    Damaged(String, String),
    /// There is a file already where one is to be made.
    #[error("`{0}` is there already: name another file, or move it away")]
    Exists(String),
    /// The file cannot be read or written.
    #[error("`{0}` cannot be used: {1}; check the path, its permissions and the disk")]
    Unusable(String, String),
}

impl OpenError {
    /// A stable name: `locked`, `damaged`, `exists` or `unusable`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "locked",
            Self::Damaged(..) => "damaged",
            Self::Exists(_) => "exists",
            Self::Unusable(..) => "unusable",
        }
    }

    pub(super) fn of(name: &str, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::Locked(name.to_owned()),
            redb::Error::Corrupted(what) => Self::Damaged(name.to_owned(), what),
            other => Self::Unusable(name.to_owned(), other.to_string()),
        }
    }

    pub(super) fn io(name: &str, error: &io::Error) -> Self {
        Self::Unusable(name.to_owned(), error.to_string())
    }

    pub(super) fn store(name: &str, error: StoreError) -> Self {
        match error {
            StoreError::Damaged(what) => Self::Damaged(name.to_owned(), what),
            StoreError::Unavailable(what) | StoreError::Unknown(what) => {
                Self::Unusable(name.to_owned(), what)
            }
        }
    }
}

/// An error before anything was committed.
pub(super) fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(what) => StoreError::Damaged(what),
        other => StoreError::Unavailable(other.to_string()),
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the store closed after an error of its disk: open it again".to_owned())
}

pub(super) fn damaged(what: impl Into<String>) -> StoreError {
    StoreError::Damaged(what.into())
}
