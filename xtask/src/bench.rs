//! `cargo xtask bench` and `bench-rules`: the bench packages, in release.

use std::process::ExitCode;

use anyhow::{Context, Result};
use xtask::workspace::{Workspace, cargo};

pub fn bench(arguments: &[String]) -> Result<ExitCode> {
    Workspace::load()?.package("loyalty-bench").context(
        "there is no package `loyalty-bench` in this workspace yet; it belongs in tests/bench, a member that is not in default-members",
    )?;
    run(&["--package", "loyalty-bench"], arguments)
}

/// Its peers are built nowhere else, so it stands apart, with a lock file of its own.
pub fn bench_rules(arguments: &[String]) -> Result<ExitCode> {
    let target = Workspace::load()?.target_folder.join("bench-rules");
    let target = target.to_str().context("the target folder has a name that is no text")?;
    run(&["--manifest-path", "tests/bench-rules/Cargo.toml", "--target-dir", target], arguments)
}

fn run(package: &[&str], arguments: &[String]) -> Result<ExitCode> {
    let mut command = cargo();
    command.args(["run", "--release"]).args(package).arg("--").args(arguments);
    Ok(if command.status()?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
