//! The JSON door: strict reading with all problems at once, and what every door answers.

#[cfg(feature = "engine")]
pub mod answer;
pub(crate) mod object_only;
mod strict;

pub use self::strict::{Limits, parse, read, read_value};
