//! Loyalty: exact, explainable rules and an append-only points ledger.
pub mod activity;
pub mod id;
pub mod ledger;
pub mod member;
pub mod money;
pub mod points;
#[cfg(feature = "engine")]
pub mod ports;
pub mod program;
pub mod time;
pub mod zone;
