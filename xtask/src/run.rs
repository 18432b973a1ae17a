//! `cargo xtask run`: a bare machine to a running server in one command.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use xtask::workspace::{Workspace, cargo};

/// How the server is started before what the caller adds.
const SERVE_DEMO: [&str; 2] = ["serve", "--demo"];

pub fn run(arguments: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    workspace.package("reference-server").context(
        "there is no package `reference-server` in this workspace yet; see what there is with `cargo xtask figures`",
    )?;
    let built = cargo().args(["build", "--release", "--package", "reference-server"]).status()?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }
    let mut server = Command::new(workspace.target_folder.join("release/reference-server"));
    server.args(SERVE_DEMO).args(arguments);
    become_server(server)
}

/// Signals sent to us have to reach the server, so on Unix it takes our place.
#[cfg(unix)]
fn become_server(mut server: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(server.exec()).context("cannot start the reference server")
}

#[cfg(not(unix))]
fn become_server(mut server: Command) -> Result<ExitCode> {
    let ended = server.status().context("cannot start the reference server")?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
