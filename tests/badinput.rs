//! Input of any shape is refused with a code, or means what it says: no panic, no endless work, and no memory
//! beyond what its size explains.
//!
//! The checks are those of the fuzz targets in `fuzz/`. Here they see every stored input, and many thousands of
//! changed ones drawn from a fixed seed. Stored inputs called `good-…` must be accepted, those called `bad-…`
//! refused; what fuzzing leaves behind under its hash may be either.

#[path = "badinput/checks.rs"]
mod checks;
#[path = "badinput/commits.rs"]
mod commits;
#[path = "badinput/limits.rs"]
mod limits;
#[path = "badinput/mutate.rs"]
mod mutate;

use std::fs;
use std::path::{Path, PathBuf};

use allocation_counter::measure;
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::program::Program;

use checks::{Fate, read_activity};
use mutate::Mutator;

/// Inputs drawn for each target; a hundred times as many in the long form.
const MUTATIONS: u32 = 10_000;
/// Memory that reading may take whatever the input: the list of its problems, which has a limit.
const MOST_AT_LEAST: u64 = 2 << 20;
/// Memory that reading may take for each byte of input: a byte or two may stand for a whole value.
const MOST_A_BYTE: u64 = 256;

/// One kind of input: how it is read, and what has to hold of it.
struct Target {
    name: &'static str,
    read: fn(&[u8]),
    check: fn(&[u8]) -> Fate,
}

const PROGRAM: Target =
    Target { name: "program", read: |input| drop(Program::check(input)), check: checks::program };
const ACTIVITY: Target =
    Target { name: "activity", read: |input| drop(read_activity(input)), check: checks::activity };
const COMMIT: Target = Target {
    name: "commit",
    read: |input| drop(StoredCommit::from_bytes(input).commit()),
    check: checks::commit,
};

impl Target {
    fn see(&self, input: &[u8]) -> Fate {
        let took = measure(|| (self.read)(input)).bytes_max;
        let most = MOST_AT_LEAST + MOST_A_BYTE * input.len() as u64;
        assert!(took <= most, "reading {} bytes took {took} bytes of memory", input.len());
        (self.check)(input)
    }

    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(self.name)
    }

    /// Every stored input with its name, by name.
    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let mut stored: Vec<_> = fs::read_dir(self.folder())
            .expect("stored inputs")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
            .collect();
        stored.sort();
        stored
    }

    /// Shows every stored input; at least `good` and `bad` of them must be accepted and refused.
    fn replay(&self, good: usize, bad: usize) {
        let (mut accepted, mut refused) = (0, 0);
        for (name, input) in self.stored() {
            eprintln!("{}/{name}", self.name);
            let fate = self.see(&input);
            match fate {
                Fate::Accepted => accepted += 1,
                Fate::Refused => refused += 1,
            }
            match name.split('-').next() {
                Some("good") => assert_eq!(fate, Fate::Accepted, "{name}"),
                Some("bad") => assert_eq!(fate, Fate::Refused, "{name}"),
                _ => assert!(name.len() == 40, "{name}: name it good-… or bad-…"),
            }
        }
        assert!(accepted >= good && refused >= bad, "{accepted} accepted, {refused} refused");
    }

    /// Shows inputs made from the stored ones; at least one in `share` must be accepted, or they show nothing.
    fn mutate(&self, share: u32, more: impl IntoIterator<Item = Vec<u8>>) {
        let (good, bad): (Vec<_>, Vec<_>) =
            self.stored().into_iter().partition(|(name, _)| name.starts_with("good"));
        let [mut good, bad] =
            [good, bad].map(|of| of.into_iter().map(|(_, input)| input).collect::<Vec<_>>());
        good.extend(more);
        let mut mutator = Mutator::new(20_261_123, &good, &bad);
        let mutations = if std::env::var_os("LOYALTY_LONG").is_some() { 100 * MUTATIONS } else { MUTATIONS };
        let mut accepted = 0;
        for number in 0..mutations {
            let input = mutator.next();
            let shown = Shown { target: self.name, number, input: &input };
            accepted += u32::from(self.see(&input) == Fate::Accepted);
            drop(shown);
        }
        eprintln!("{}: {accepted} of {mutations} accepted", self.name);
        assert!(accepted * share >= mutations && accepted < mutations, "{accepted} of {mutations} accepted");
    }
}

/// Keeps an input that made a check fail, so that it can be stored under a name.
struct Shown<'i> {
    target: &'static str,
    number: u32,
    input: &'i [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let name = format!("badinput-{}-{}", self.target, self.number);
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            let kept = fs::write(&path, self.input);
            eprintln!("mutation {} of {}: {} {kept:?}", self.number, self.target, path.display());
        }
    }
}

#[test]
fn stored_programs() {
    PROGRAM.replay(4, 40);
}

#[test]
fn stored_activities() {
    ACTIVITY.replay(15, 30);
}

#[test]
fn stored_commits() {
    COMMIT.replay(3, 20);
}

#[test]
fn mutated_programs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    PROGRAM.mutate(20, ["g1", "g2"].map(|name| fs::read(folder.join(name).with_extension("json")).unwrap()));
}

#[test]
fn mutated_activities() {
    ACTIVITY.mutate(20, []);
}

#[test]
fn mutated_commits() {
    COMMIT.mutate(40, []);
}
