//! `cargo xtask bench`: the bench package, in release; `cargo xtask bench rules`: rules beside other engines.

use std::process::ExitCode;

use anyhow::{Context, Result};
use xtask::workspace::{Workspace, cargo};

/// Whatever follows `bench` is passed on; `rules` in the first place names the package that stands apart.
pub fn bench(arguments: &[String]) -> Result<ExitCode> {
    match arguments.split_first() {
        Some((first, rest)) if first == "rules" => rules(rest),
        _ => own(arguments),
    }
}

fn own(arguments: &[String]) -> Result<ExitCode> {
    Workspace::load()?.package("loyalty-bench").context(
        "there is no package `loyalty-bench` in this workspace yet; it belongs in tests/bench, a member that is not in default-members",
    )?;
    run(&["--package", "loyalty-bench"], arguments)
}

/// Its peers are built nowhere else, so it has a lock file of its own and no suite builds it.
fn rules(arguments: &[String]) -> Result<ExitCode> {
    let target = Workspace::load()?.target_folder.join("bench-rules");
    let target = target.to_str().context("the target folder has a name that is no text")?;
    run(&["--manifest-path", "tests/bench-rules/Cargo.toml", "--target-dir", target], arguments)
}

fn run(package: &[&str], arguments: &[String]) -> Result<ExitCode> {
    let ended = cargo().args(["run", "--release"]).args(package).arg("--").args(arguments).status()?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
