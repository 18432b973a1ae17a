//! What is wrong with an input, in a form that programs and people can both use.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::points::OutOfRange;

/// One thing that is wrong with an input, or why a command was refused.
///
/// Texts are lower case without a full stop and quote the input in backticks; programs look at
/// `code`, which never changes its meaning, and at `path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// What kind of problem it is: a stable snake_case word.
    pub code: &'static str,
    /// Where it is: a JSON pointer (RFC 6901) into the input; empty for the input as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Problem {
    /// A problem with its place, what is wrong and what to do.
    pub fn new(
        code: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, path: path.into(), message: message.into(), help: help.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if !self.path.is_empty() {
            write!(f, " (at `{}`)", self.path)?;
        }
        if self.help.is_empty() { Ok(()) } else { write!(f, "; {}", self.help) }
    }
}

impl std::error::Error for Problem {}

impl From<OutOfRange> for Problem {
    fn from(_: OutOfRange) -> Self {
        Self::new(
            "number_too_large",
            "",
            "an amount grows larger than the engine keeps exact",
            "split the activity or correct its amounts",
        )
    }
}
