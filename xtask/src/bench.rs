//! `cargo xtask bench`: the bench package, in release.

use std::process::ExitCode;

use anyhow::{Context, Result};
use xtask::workspace::{Workspace, cargo};

pub fn bench(arguments: &[String]) -> Result<ExitCode> {
    Workspace::load()?.package("loyalty-bench").context(
        "there is no package `loyalty-bench` in this workspace yet; it belongs in tests/bench, a member that is not in default-members",
    )?;
    let ended =
        cargo().args(["run", "--release", "--package", "loyalty-bench", "--"]).args(arguments).status()?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
