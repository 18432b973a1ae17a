//! `check`: a program document, all that is wrong with it, and what is known of it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use loyalty_core::problem::Problem;
use loyalty_core::program::{Program, VersionId};
use loyalty_core::report::{Example, Report};
use serde_json::json;

use super::Verdict;
use crate::{clock, zones};

/// Checks a program: prints its version and what is known of it, or everything that is wrong with it
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A draft or a published program, as JSON.
    file: PathBuf,
    /// An older version that it is to follow; given several times, oldest first.
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Table,
}

pub(super) fn run(args: &Check) -> Result<Verdict> {
    let older = args.against.iter().map(|file| older(file)).collect::<Result<Vec<_>>>()?;
    let (version, report) = match read(&args.file)? {
        Ok(program) => {
            let problems = program.compatible_with(&older.iter().collect::<Vec<_>>());
            (Some(program.version()), Report { problems, ..Report::at(&program, clock::now()) })
        }
        Err(problems) => (None, Report::of_problems(problems)),
    };
    let mut out = io::stdout().lock();
    match args.format {
        Format::Json => {
            let Report { problems, warnings, facts } = &report;
            let shown =
                json!({ "version": version, "problems": problems, "warnings": warnings, "facts": facts });
            writeln!(out, "{shown}")?;
        }
        Format::Table => table(&mut out, version, &report)?,
    }
    Ok(if report.problems.is_empty() { Verdict::Right } else { Verdict::Wrong })
}

/// A version that is to be followed, which has to be a program itself.
fn older(file: &Path) -> Result<Program> {
    match read(file)? {
        Ok(program) => Ok(program),
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            bail!("`{}` is no program to check against: {first}", file.display())
        }
    }
}

/// Reads and checks a program; a draft's zone is expanded.
pub(super) fn read(file: &Path) -> Result<Result<Program, Vec<Problem>>> {
    let text = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(Program::from_draft(&text, zones::expand))
}

/// One problem after the other: where, which, what, and what to do about it.
pub(super) fn tell(out: &mut impl Write, problems: &[Problem]) -> io::Result<()> {
    for problem in problems {
        let Problem { code, path, message, help } = problem;
        row(out, "", (path, code), message)?;
        if !help.is_empty() {
            writeln!(out, "    {help}")?;
        }
    }
    let count = problems.len();
    writeln!(out, "{count} {} found", if count == 1 { "problem" } else { "problems" })
}

fn table(out: &mut impl Write, version: Option<VersionId>, report: &Report) -> io::Result<()> {
    if let Some(version) = version {
        writeln!(out, "version  {version}")?;
    }
    if !report.problems.is_empty() {
        tell(out, &report.problems)?;
    }
    for warning in &report.warnings {
        row(out, "warning  ", (&warning.path, warning.code), &warning.message)?;
        writeln!(out, "    {}", warning.help)?;
        show(out, warning.example.as_ref())?;
    }
    for fact in &report.facts {
        row(out, "fact     ", (&fact.path, fact.code), &fact.message)?;
        if !fact.rules.is_empty() {
            let rules: Vec<_> = fact.rules.iter().map(|rule| format!("`{rule}`")).collect();
            writeln!(out, "    by {}", rules.join(", "))?;
        }
        show(out, fact.example.as_ref())?;
    }
    Ok(())
}

fn row(out: &mut impl Write, kind: &str, (path, code): (&str, &str), message: &str) -> io::Result<()> {
    let path = if path.is_empty() { "the document" } else { path };
    writeln!(out, "{kind}{path}: {code}: {message}")
}

/// The example as it would be sent, and what comes of it.
fn show(out: &mut impl Write, example: Option<&Example>) -> io::Result<()> {
    let Some(example) = example else { return Ok(()) };
    for (track, level) in &example.levels {
        writeln!(out, "    a member of `{level}` on `{track}`")?;
    }
    for activity in &example.activities {
        writeln!(out, "    {}", json!(activity))?;
    }
    let points = example.points.iter().map(|(currency, points)| format!("{points} {currency}"));
    let tiers = example.tiers.iter().map(|(track, level)| format!("`{level}` on `{track}`"));
    let all: Vec<_> = points.chain(tiers).collect();
    let all = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
    match example.read_at {
        Some(at) => writeln!(out, "    has at {at}: {all}"),
        None => writeln!(out, "    earns {all}"),
    }
}
