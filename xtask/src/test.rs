//! `cargo xtask test`: runs the suites, never stops at a failure, and says at the end what to do.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use comfy_table::{Table, presets};
use xtask::workspace::Workspace;

use crate::progress::Progress;
use crate::step::{self, Step};
use crate::suites::{Suite, suites};

/// Lines shown of what a failed suite wrote.
const TAIL: usize = 40;

#[derive(Args)]
pub struct Options {
    /// Install what a suite needs and the machine lacks
    #[arg(long)]
    install: bool,
    /// Run the long form of the suites, and fuzzing; with a name, of that suite alone
    #[arg(long, value_name = "SUITE")]
    long: Option<Option<String>>,
    /// Run this suite alone; can be repeated
    #[arg(long, value_name = "SUITE")]
    only: Vec<String>,
}

/// How one suite ended.
struct Report {
    suite: Suite,
    succeeded: bool,
    tests: Tests,
    took: Duration,
    log: PathBuf,
}

/// Tests counted from cargo's own `test result:` lines.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq)]
struct Tests {
    passed: u64,
    failed: u64,
}

pub fn test(options: &Options) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    let logs = workspace.target_folder.join("xtask");
    fs::create_dir_all(&logs).with_context(|| format!("cannot create `{}`", logs.display()))?;
    let mut reports = Vec::new();
    for suite in chosen(suites(&workspace, options.long.is_some()), options)? {
        reports.push(run(suite, options, &logs)?);
    }
    reports.iter().filter(|report| !report.succeeded).try_for_each(show_failure)?;
    println!("\n{}", table(&reports));
    let total = total(&reports);
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(mut all: Vec<Suite>, options: &Options) -> Result<Vec<Suite>> {
    let wanted: Vec<&String> = options.only.iter().chain(options.long.iter().flatten()).collect();
    let known: Vec<&str> = all.iter().map(|suite| suite.name.as_str()).collect();
    for name in &wanted {
        ensure!(known.contains(&name.as_str()), "no suite `{name}`; there are {}", known.join(", "));
    }
    if !wanted.is_empty() {
        all.retain(|suite| wanted.contains(&&suite.name));
    }
    Ok(all)
}

fn run(suite: Suite, options: &Options, logs: &Path) -> Result<Report> {
    let started = Instant::now();
    let log = logs.join(format!("{}.log", suite.name));
    let mut watch = Watch {
        progress: Progress::start(&suite.name, &suite.what),
        log: File::create(&log).with_context(|| format!("cannot write `{}`", log.display()))?,
        tests: Tests::default(),
    };
    let succeeded = suite.steps.iter().all(|step| run_step(step, options, &mut watch));
    let took = started.elapsed();
    let ended = if succeeded { "ok" } else { "FAILED" };
    watch.progress.end(&format!("{}: {ended}, {:.1} s", suite.name, took.as_secs_f64()));
    Ok(Report { tests: watch.tests.settled(succeeded), suite, succeeded, took, log })
}

fn run_step(step: &Step, options: &Options, watch: &mut Watch) -> bool {
    for tool in step.needs.iter().filter(|tool| !tool.is_there()) {
        if !options.install {
            watch.see(&format!(
                "{} is missing: install it with `{}`, or run `cargo xtask test --install`",
                tool.name, tool.install
            ));
            return false;
        }
        watch.see(&format!("$ {}", tool.install));
        let ended = step::install(tool, |line| watch.see(line));
        if !watch.succeeded(ended) {
            return false;
        }
    }
    watch.see(&format!("$ {}", step.line()));
    let ended = step.run(options.long.is_some(), |line| watch.see(line));
    watch.succeeded(ended)
}

/// Follows the lines of one suite as they come.
struct Watch {
    progress: Progress,
    log: File,
    tests: Tests,
}

impl Watch {
    fn see(&mut self, line: &str) {
        if let Some(tests) = Tests::parse(line) {
            self.tests.add(tests);
            self.progress.keep(line);
        } else {
            self.progress.glance(line);
        }
        // A full disk must not hide how the suite ends; its lines are still counted.
        let _ = writeln!(self.log, "{line}");
    }

    fn succeeded(&mut self, ended: io::Result<bool>) -> bool {
        ended.unwrap_or_else(|error| {
            self.see(&format!("cannot run this command: {error}"));
            false
        })
    }
}

impl Tests {
    /// Reads `test result: ok. 3 passed; 0 failed; …`.
    fn parse(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |word: &str| {
            counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok()).unwrap_or(0)
        };
        Some(Self { passed: count("passed"), failed: count("failed") })
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// A suite without tests of its own counts as one; a red one has failed at least once.
    fn settled(self, succeeded: bool) -> Self {
        match (succeeded, self) {
            (true, Self { passed: 0, failed: 0 }) => Self { passed: 1, failed: 0 },
            (false, Self { passed, failed: 0 }) => Self { passed, failed: 1 },
            _ => self,
        }
    }
}

fn total(reports: &[Report]) -> Tests {
    let mut total = Tests::default();
    reports.iter().for_each(|report| total.add(report.tests));
    total
}

fn show_failure(report: &Report) -> Result<()> {
    let output = fs::read_to_string(&report.log)?;
    let lines: Vec<&str> = output.lines().collect();
    println!("\n--- {} failed; the end of {}:", report.suite.name, report.log.display());
    lines.iter().skip(lines.len().saturating_sub(TAIL)).for_each(|line| println!("{line}"));
    println!("advice: {}", report.suite.advice);
    println!("        repeat the suite with `cargo xtask test --only {}`", report.suite.name);
    Ok(())
}

fn table(reports: &[Report]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["suite", "what", "result", "passed", "failed", "seconds"]);
    for Report { suite, succeeded, tests, took, .. } in reports {
        let result = if *succeeded { "ok" } else { "FAILED" };
        let seconds = format!("{:.1}", took.as_secs_f64());
        let (passed, failed) = (tests.passed.to_string(), tests.failed.to_string());
        table.add_row([&suite.name, &suite.what, result, &passed, &failed, &seconds]);
    }
    let took: Duration = reports.iter().map(|report| report.took).sum();
    let Tests { passed, failed } = total(reports);
    let (passed, failed) = (passed.to_string(), failed.to_string());
    table.add_row(["all", "", "", &passed, &failed, &format!("{:.1}", took.as_secs_f64())]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_counted() {
        let line = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.01s";
        assert_eq!(Tests::parse(line), Some(Tests { passed: 3, failed: 2 }));
        assert_eq!(Tests::parse("test balance ... ok"), None);
    }

    #[test]
    fn a_suite_always_counts() {
        let none = Tests::default();
        let some = Tests { passed: 7, failed: 0 };
        assert_eq!(none.settled(true), Tests { passed: 1, failed: 0 });
        assert_eq!(none.settled(false), Tests { passed: 0, failed: 1 });
        assert_eq!(some.settled(true), some);
        assert_eq!(some.settled(false), Tests { passed: 7, failed: 1 });
    }
}
