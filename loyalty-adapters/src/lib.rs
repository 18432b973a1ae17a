//! What the loyalty engine stands on: stores behind the ports of `loyalty-core`.
//!
//! Each is a feature of its own and none is on by default. They never depend on each other, and no type of
//! a driver appears in what they show.
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "vault")]
pub mod vault;
