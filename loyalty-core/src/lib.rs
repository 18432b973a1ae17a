//! Loyalty: exact, explainable rules and an append-only points ledger.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

// Words: what things are called, exact numbers, time.
pub mod activity;
pub mod id;
pub mod money;
pub mod points;
pub mod problem;
pub mod time;
pub mod zone;

// Programs: documents, their check, which is in force.
pub mod program;

// Earning.
pub mod accrual;
pub mod counter;
pub mod facts;
pub mod grants;
pub mod tier;

// Spending.
pub mod adjustment;
pub mod conversion;
pub mod correction;
pub mod redemption;

// The ledger: what is kept, what falls due, what comes back.
pub mod expiry;
pub mod ledger;
pub mod limits;
pub mod member;
pub mod membership;
pub mod referral;
pub mod returns;
pub mod settle;
pub mod shared;
pub mod succession;
pub mod transfer;
pub mod vesting;

// Deciding and proving.
pub mod command;
pub mod decision;
pub mod explain;
pub mod report;

// Doors and ports.
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "engine")]
pub mod engine;
pub mod json;
#[cfg(feature = "engine")]
pub mod memory;
#[cfg(feature = "engine")]
pub mod ports;
