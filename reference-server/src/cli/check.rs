//! `check`: a program document and all that is wrong with it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use loyalty_core::problem::Problem;
use loyalty_core::program::Program;
use serde_json::json;

use super::Verdict;
use crate::zones;

/// Checks a program: prints its version, or everything that is wrong with it
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A draft or a published program, as JSON.
    file: PathBuf,
    /// Print JSON: `{"version": …}` or `{"problems": […]}`.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Check) -> Result<Verdict> {
    let checked = read(&args.file)?;
    let mut out = io::stdout().lock();
    match (&checked, args.json) {
        (Ok(program), false) => writeln!(out, "{}", program.version())?,
        (Ok(program), true) => writeln!(out, "{}", json!({ "version": program.version() }))?,
        (Err(problems), false) => tell(&mut out, problems)?,
        (Err(problems), true) => writeln!(out, "{}", json!({ "problems": problems }))?,
    }
    Ok(if checked.is_ok() { Verdict::Right } else { Verdict::Wrong })
}

/// Reads and checks a program; a draft's zone is expanded.
pub(super) fn read(file: &Path) -> Result<Result<Program, Vec<Problem>>> {
    let text = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(Program::from_draft(&text, zones::expand))
}

/// One problem after the other: where, which, what, and what to do about it.
pub(super) fn tell(out: &mut impl Write, problems: &[Problem]) -> io::Result<()> {
    for problem in problems {
        let path = if problem.path.is_empty() { "the document" } else { &problem.path };
        writeln!(out, "{path}: {}: {}", problem.code, problem.message)?;
        if !problem.help.is_empty() {
            writeln!(out, "    {}", problem.help)?;
        }
    }
    let count = problems.len();
    writeln!(out, "{count} {} found", if count == 1 { "problem" } else { "problems" })
}
