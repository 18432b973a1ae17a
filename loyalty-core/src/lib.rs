//! Loyalty: exact, explainable rules and an append-only points ledger.
pub mod activity;
pub mod id;
pub mod money;
pub mod points;
pub mod program;
pub mod time;
pub mod zone;
