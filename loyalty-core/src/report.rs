//! What can be known of a program before anybody uses it: what is likely a mistake, and facts about what it gives.
//!
//! All of it is reasoned from the document alone. What is said is certain; what cannot be known that way is not
//! said. An example was decided by the engine itself before it is shown.

mod beaten;
mod bound;
mod challenges;
mod domain;
mod earning;
mod example;
mod idle;
mod levels;
mod logic;
mod lookup;
mod rewards;
mod rules;
mod size;
mod witness;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::id::AuthorId;
use crate::problem::Problem;
use crate::program::{Program, Programs};
use crate::time::{Date, Timestamp};

pub use self::example::Example;

/// What is known of a program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Report {
    /// What keeps it from being published.
    pub problems: Vec<Problem>,
    /// What is likely a mistake.
    pub warnings: Vec<Warning>,
    /// What it gives and needs.
    pub facts: Vec<Fact>,
}

/// Something that a program says and its author hardly means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Warning {
    /// What kind of warning it is: a stable snake_case word.
    pub code: &'static str,
    /// Where it is: a JSON pointer into the document.
    pub path: String,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// What a member would see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
}

/// Something that is true of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fact {
    /// What it is about: a stable snake_case word.
    pub code: &'static str,
    /// Which part: a JSON pointer into the document.
    pub path: String,
    /// The fact in a sentence.
    pub message: String,
    /// Its figures by name, as decimals or quotients.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<&'static str, String>,
    /// The rules that bring it about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<AuthorId>,
    /// What a member would see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
}

impl Report {
    /// What is known of a document that has problems: only those.
    pub fn of_problems(problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::default() }
    }

    /// What is known of a program that passed its check, whenever it is looked at.
    pub fn of(program: &Program) -> Self {
        Self::about(Study::of(program))
    }

    /// What is known of it at an instant: also which of its dates are over.
    pub fn at(program: &Program, now: Timestamp) -> Self {
        let today = Some(program.zone().date_at(now));
        Self::about(Study { today, ..Study::of(program) })
    }

    fn about(mut study: Study<'_>) -> Self {
        levels::study(&mut study);
        challenges::study(&mut study);
        rules::study(&mut study);
        beaten::study(&mut study);
        earning::study(&mut study);
        idle::study(&mut study);
        rewards::study(&mut study);
        lookup::study(&mut study);
        size::study(&mut study);
        study.report
    }
}

/// A program being looked at.
struct Study<'a> {
    program: &'a Program,
    programs: Programs,
    /// Levels that nobody reaches, by track.
    unreachable: Vec<(&'a AuthorId, &'a AuthorId)>,
    /// The date on which somebody looks at it, where that matters.
    today: Option<Date>,
    report: Report,
}

impl<'a> Study<'a> {
    fn of(program: &'a Program) -> Self {
        let programs = Programs::new(Arc::new(program.clone()));
        Self { program, programs, unreachable: Vec::new(), today: None, report: Report::default() }
    }

    fn warn(&mut self, code: &'static str, path: String, text: (String, &str), example: Option<Example>) {
        let (message, help) = text;
        self.report.warnings.push(Warning { code, path, message, help: help.to_owned(), example });
    }
}
