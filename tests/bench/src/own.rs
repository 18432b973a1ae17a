//! The project's own server, as its users run it: a child process.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::setup::{built, in_repository};

/// The server: what `LOYALTY_SERVER_BIN` names, else built from this workspace; nothing where neither is there.
pub fn server() -> Result<Option<PathBuf>> {
    if let Some(named) = env::var_os("LOYALTY_SERVER_BIN") {
        return Ok(Some(named.into()));
    }
    if !in_repository("reference-server/Cargo.toml").is_file() {
        return Ok(None);
    }
    built("reference-server", "reference-server").map(Some)
}

/// Imports a file of activities under the program G1 into the embedded store in `data`.
pub fn import(server: &Path, activities: &Path, data: &Path) -> Result<()> {
    let mut command = Command::new(server);
    command.arg("import").arg("--program").arg(in_repository("tests/programs/g1.json"));
    command.arg("--activities").arg(activities).arg("--data").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    ensure!(command.status()?.success(), "`import` has failed");
    Ok(())
}

/// The command that prints all members of the store in `data`.
pub fn members(server: &Path, data: &Path) -> Command {
    let mut command = Command::new(server);
    command.arg("members").arg("--data").arg(data).args(["--format", "csv"]).stdin(Stdio::null());
    command
}
