//! The ledger: postings between accounts, operations, and the chained commits that keep them.
pub mod chain;
pub mod commit;
pub mod journal;
pub mod operation;
pub mod posting;
pub mod seal;
pub mod sealing;
