//! One command of a suite, what it needs on the machine, and how it is run.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use xtask::workspace::{cargo, root};

/// Something that has to be installed before a step can run.
pub struct Tool {
    pub name: &'static str,
    /// Succeeds when the tool is there.
    pub probe: &'static str,
    /// The command that brings it.
    pub install: &'static str,
}

impl Tool {
    pub fn is_there(&self) -> bool {
        let mut probe = words(self.probe);
        probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|ended| ended.success())
    }
}

enum Program {
    /// The cargo that runs us.
    Cargo(Vec<String>),
    /// A command found on the machine's path.
    Installed(String),
    /// A file that an earlier step has built, and what it is told.
    Built(PathBuf, &'static [&'static str]),
}

/// One command of a suite.
pub struct Step {
    program: Program,
    environment: Option<(&'static str, &'static str)>,
    /// A folder that is removed first.
    without: Option<PathBuf>,
    pub needs: &'static [&'static Tool],
}

impl Step {
    pub fn cargo(line: &str) -> Self {
        Self::new(Program::Cargo(line.split_whitespace().map(String::from).collect()))
    }

    pub fn installed(line: &str) -> Self {
        Self::new(Program::Installed(line.to_owned()))
    }

    pub fn built(path: PathBuf, arguments: &'static [&'static str]) -> Self {
        Self::new(Program::Built(path, arguments))
    }

    fn new(program: Program) -> Self {
        Self { program, environment: None, without: None, needs: &[] }
    }

    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment = Some((name, value));
        self
    }

    pub fn without(mut self, folder: PathBuf) -> Self {
        self.without = Some(folder);
        self
    }

    pub fn needs(mut self, tools: &'static [&'static Tool]) -> Self {
        self.needs = tools;
        self
    }

    /// What a person would type.
    pub fn line(&self) -> String {
        match &self.program {
            Program::Cargo(arguments) => format!("cargo {}", arguments.join(" ")),
            Program::Installed(line) => line.clone(),
            Program::Built(path, arguments) => {
                let path = path.strip_prefix(root()).unwrap_or(path).display().to_string();
                [&[path.as_str()], *arguments].concat().join(" ")
            }
        }
    }

    /// Runs it, handing over each line as it comes; whether it succeeded.
    pub fn run(&self, long: bool, see: impl FnMut(&str)) -> io::Result<bool> {
        if let Some(folder) = self.without.as_ref().filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder)?;
        }
        let mut command = match &self.program {
            Program::Cargo(arguments) => {
                let mut cargo = cargo();
                cargo.args(arguments);
                cargo
            }
            Program::Installed(line) => words(line),
            Program::Built(path, arguments) => {
                let mut built = Command::new(path);
                built.args(*arguments);
                built
            }
        };
        command.envs(self.environment);
        if long {
            command.env("LOYALTY_LONG", "1");
        }
        stream(command, see)
    }
}

/// Installs a tool, handing over each line as it comes; whether it succeeded.
pub fn install(tool: &Tool, see: impl FnMut(&str)) -> io::Result<bool> {
    stream(words(tool.install), see)
}

fn words(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(root());
    command
}

/// Output and errors share one pipe, so that lines keep the order they were written in.
fn stream(mut command: Command, mut see: impl FnMut(&str)) -> io::Result<bool> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    let mut child = command.spawn()?;
    // The command still holds the writing end; reading would never come to its end.
    drop(command);
    for line in BufReader::new(reader).split(b'\n') {
        see(String::from_utf8_lossy(&line?).trim_end());
    }
    Ok(child.wait()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_hands_over_its_lines_and_its_end() {
        let mut lines = Vec::new();
        let ended = Step::cargo("--version").run(false, |line| lines.push(line.to_owned()));
        assert!(ended.is_ok_and(|succeeded| succeeded));
        assert!(lines.iter().any(|line| line.starts_with("cargo 1.")), "{lines:?}");
        let failed = Step::cargo("no-such-subcommand").run(false, |_| {});
        assert!(failed.is_ok_and(|succeeded| !succeeded));
        assert!(Step::installed("no-such-program-here").run(false, |_| {}).is_err());
    }

    #[test]
    fn a_tool_that_is_absent_is_noticed() {
        let tool = |probe| Tool { name: "x", probe, install: "" };
        assert!(tool("cargo --version").is_there());
        assert!(!tool("no-such-program-here --version").is_there());
        assert!(!tool("cargo no-such-subcommand").is_there());
    }
}
