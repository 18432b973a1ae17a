//! What `cargo xtask` and the project's own tests both need to know about the source tree.
//!
//! [`source`] reads Rust text without compiling it; [`workspace`] asks cargo which packages there are.

pub mod source;
pub mod workspace;
