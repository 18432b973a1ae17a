//! The project's binaries, as its users run them: child processes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use xtask::workspace::cargo;

/// Where cargo puts the binaries of the profile that this test was built with.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    // …/target/PROFILE/deps/acceptance-HASH
    let own = env::current_exe().expect("this test has a path");
    let folder = own.ancestors().nth(2).expect("cargo puts tests into `deps`").to_owned();
    // As the suites before build them, so that there is nothing left to do.
    let mut build = cargo();
    build.args(["build", "--workspace", "--all-targets"]);
    if !folder.ends_with("debug") {
        build.arg("--profile").arg(folder.file_name().expect("a folder of its profile"));
    }
    assert!(build.status().expect("cargo can be started").success(), "the binaries cannot be built");
    folder
});

fn binary(name: &str) -> Command {
    let mut command = Command::new(FOLDER.join(name).with_extension(env::consts::EXE_EXTENSION));
    command.stdin(Stdio::null());
    command
}

/// The server's binary, which is the command line too.
pub fn server() -> Command {
    binary("reference-server")
}

/// The activities of a set, as the converter makes them of the files in a folder: one JSON text a line.
pub fn activities(set: &str, folder: &Path) -> String {
    let output = binary("activities").arg(set).arg(folder).output().expect("the converter can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("activities are text")
}
