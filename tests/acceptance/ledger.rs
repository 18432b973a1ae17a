//! A ledger in a folder of its own, worked on through the command line only.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use xtask::workspace::root;

use crate::binaries::server;

/// A folder with a ledger, gone when dropped.
pub struct Ledger {
    folder: TempDir,
    program: PathBuf,
}

/// What an import said.
#[derive(Debug)]
pub struct Imported {
    pub code: Option<i32>,
    pub said: String,
}

impl Imported {
    /// A number of the summary.
    pub fn count(&self, what: &str) -> u64 {
        let line = self.said.lines().find_map(|line| line.strip_prefix(what));
        let number = line.and_then(|rest| rest.trim().parse().ok());
        number.unwrap_or_else(|| panic!("no `{what}` in:\n{}", self.said))
    }

    /// How many activities were recorded, were there already, and were refused.
    pub fn counts(&self) -> [u64; 3] {
        ["recorded", "replayed", "refused"].map(|what| self.count(what))
    }
}

impl Ledger {
    /// An empty ledger for one of the programs in `tests/programs`.
    pub fn for_program(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, program: root().join("tests/programs").join(name).with_extension("json") }
    }

    /// A file beside the ledger.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command on this ledger.
    pub fn command(&self, name: &str) -> Command {
        let mut command = server();
        command.arg(name).arg("--data").arg(self.file("data"));
        command
    }

    /// What a command printed, which must end well.
    pub fn printed(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.command(name).args(arguments).output().expect("the server can be started");
        assert!(output.status.success(), "`{name}` has failed:\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Every member, as a table.
    pub fn members(&self) -> String {
        self.printed("members", &["--format", "csv"])
    }

    fn import_command(&self, activities: &Path) -> Command {
        let mut command = self.command("import");
        command.arg("--program").arg(&self.program).arg("--activities").arg(activities);
        command
    }

    /// The same ledger, for another program.
    pub fn with_program(self, name: &str) -> Self {
        Self { folder: self.folder, ..Self::for_program(name) }
    }

    /// Imports a text of activities from a file.
    pub fn import(&self, activities: &str) -> Imported {
        self.import_bytes(activities.as_bytes())
    }

    /// Imports a file of activities, whatever is in it.
    pub fn import_bytes(&self, activities: &[u8]) -> Imported {
        let file = self.file("activities.jsonl");
        fs::write(&file, activities).expect("a file of activities");
        let output = self.import_command(&file).output().expect("the server can be started");
        let Output { status, stderr, .. } = output;
        Imported { code: status.code(), said: String::from_utf8(stderr).expect("text") }
    }

    /// Imports activities and kills the import (SIGKILL) once it has recorded some of them and cannot have
    /// recorded all: it waits for the last line, and has taken more than the 3 MiB that it may hold at once
    /// (one is recorded, one waits, one is read).
    pub fn import_killed_half_way(&self, activities: &str) {
        let mut command = self.import_command(Path::new("-"));
        command.args(["--chunk", "1"]).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut import = command.spawn().expect("the server can be started");
        let mut input = import.stdin.take().expect("its input is piped");
        let last = activities.trim_end().rfind('\n').expect("more than one line");
        input.write_all(&activities.as_bytes()[..last]).expect("the import reads");
        import.kill().expect("it still waits for the last line");
        import.wait().expect("it is dead");
        let recorded = self.operations();
        let all = activities.lines().count() as u64;
        assert!(0 < recorded && recorded < all, "{recorded} of {all} activities were recorded: not half-way");
    }

    /// How many operations there are, by a check of every chain that must find nothing wrong.
    pub fn operations(&self) -> u64 {
        let said = self.printed("verify", &[]);
        let words: Vec<&str> = said.split([' ', ',']).collect();
        let place = words.iter().position(|word| *word == "operations").expect("`verify` counts operations");
        words[place - 1].parse().expect("a number")
    }
}

/// The same lines with members shuffled against each other: those of one member keep their order.
pub fn shuffled(activities: &str) -> String {
    let mut members: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for line in activities.lines() {
        let member = line.split('"').nth(3).expect("a line begins with its member");
        let place = *places.entry(member).or_insert_with(|| {
            members.push((member, Vec::new()));
            members.len() - 1
        });
        members[place].1.push(line);
    }
    members.iter_mut().for_each(|(_, lines)| lines.reverse());
    // Any fixed sequence will do; this one is Knuth's (MMIX).
    let mut random = 1_u64;
    let mut out = String::with_capacity(activities.len());
    while !members.is_empty() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = (random >> 33) as usize % members.len();
        match members[place].1.pop() {
            Some(line) => out.extend([line, "\n"]),
            None => drop(members.swap_remove(place)),
        }
    }
    out
}

#[test]
fn shuffling_keeps_each_members_order() {
    let line = |member: usize, n: usize| format!("{{\"member\":\"{member}\",\"n\":{n}}}\n");
    let text: String = (0..20).flat_map(|n| (0..5).map(move |member| line(member, n))).collect();
    let shuffled = shuffled(&text);
    assert_ne!(shuffled, text);
    for member in 0..5 {
        let of = |text: &str| {
            let prefix = format!("{{\"member\":\"{member}\"");
            text.lines().filter(|line| line.starts_with(&prefix)).map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(of(&shuffled), of(&text));
    }
}
