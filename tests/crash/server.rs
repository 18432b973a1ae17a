//! The shipped binaries as processes of their own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use xtask::workspace::{Workspace, cargo_output};

use crate::http::Connection;

/// Where the binaries are. Built as the suites before build them, so that there is nothing left to do.
static BINARIES: LazyLock<PathBuf> = LazyLock::new(|| {
    cargo_output(&["build", "--workspace", "--all-targets"]).expect("the workspace is built");
    Workspace::load().expect("cargo describes the workspace").target_folder.join("debug")
});

/// An empty folder of this name; a run leaves it behind for a look at it.
pub fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of an earlier run");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A server that runs until it is killed.
pub struct Server {
    child: Child,
    address: SocketAddr,
    /// Held open: what the server says later goes nowhere, and must not break it.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts `serve` on a folder and waits until it says where it listens.
    pub fn start(data: &Path) -> Self {
        let log = File::options().create(true).append(true).open(data.with_extension("log")).expect("a log");
        let mut child = Command::new(BINARIES.join("reference-server"))
            .args(["serve", "--port", "0", "--data"])
            .arg(data)
            .env("LOYALTY_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("its first line");
        let address = line.trim().strip_prefix("loyalty listens on http://").and_then(|at| at.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            panic!(
                "`{line}` does not say where the server listens; see {}",
                data.with_extension("log").display()
            );
        };
        Self { child, address, _stdout: stdout }
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn connect(&self) -> Connection {
        Connection::open(self.address).expect("the server listens")
    }

    /// SIGKILL: the process gets no chance to finish anything.
    pub fn kill(mut self) {
        self.child.kill().expect("the server runs");
        let ended = self.child.wait().expect("it has ended");
        assert_eq!(ended.code(), None, "it ended by itself before it was killed");
    }
}

/// No server outlives a test that fails.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command that has ended wrote.
#[derive(Debug)]
pub struct Output {
    pub succeeded: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the shipped binary to its end.
pub fn reference_server(words: &[&str], paths: &[&Path]) -> Output {
    run("reference-server", words, paths)
}

/// Runs one of the built binaries to its end.
pub fn run(binary: &str, words: &[&str], paths: &[&Path]) -> Output {
    let paths = paths.iter().map(|path| path.as_os_str());
    let arguments = words.iter().map(OsStr::new).chain(paths);
    let output = Command::new(BINARIES.join(binary)).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{binary}: {error}"));
    Output {
        succeeded: output.status.success(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
