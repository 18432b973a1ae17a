//! The JSON door: strict reading with all problems at once.

mod strict;

pub use self::strict::{Limits, parse, read, read_value};
