//! The table of suites: what has to be green, in the order in which it runs.

use std::collections::BTreeSet;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use xtask::workspace::{Package, Workspace, root};

use crate::step::{Step, Tool};

/// Commands that belong together and are green or red as one.
pub struct Suite {
    pub name: String,
    pub what: String,
    /// Run in order; the first that fails ends the suite.
    pub steps: Vec<Step>,
    /// What to try when it is red.
    pub advice: &'static str,
}

const RUSTFMT: Tool =
    Tool { name: "rustfmt", probe: "cargo fmt --version", install: "rustup component add rustfmt" };
const CLIPPY: Tool =
    Tool { name: "clippy", probe: "cargo clippy --version", install: "rustup component add clippy" };
const DENY: Tool = Tool {
    name: "cargo-deny",
    probe: "cargo deny --version",
    install: "cargo install cargo-deny --locked --version ^0.20",
};
const NIGHTLY: Tool = Tool {
    name: "nightly Rust",
    probe: "rustup run nightly rustc --version",
    install: "rustup toolchain install nightly --profile minimal",
};
const FUZZ: Tool =
    Tool { name: "cargo-fuzz", probe: "cargo fuzz --version", install: "cargo install cargo-fuzz --locked" };
const MUTANTS: Tool = Tool {
    name: "cargo-mutants",
    probe: "cargo mutants --version",
    install: "cargo install cargo-mutants --locked",
};

/// How long `--long` fuzzes each target.
const FUZZ_SECONDS: u32 = 300;

/// Test targets that prove the house rules and run together, before any other.
/// Everything that tests and suites run, as they run it.
const BUILD: &str = "build --workspace --all-targets";
const HOUSE: [&str; 2] = ["tidy", "dependencies"];

fn suite(name: &str, what: &str, advice: &'static str, steps: impl Into<Vec<Step>>) -> Suite {
    Suite { name: name.to_owned(), what: what.to_owned(), steps: steps.into(), advice }
}

/// Every suite that this workspace has something for.
///
/// All of them name the whole workspace: one set of features, so that nothing is compiled twice.
pub fn suites(workspace: &Workspace, long: bool) -> Vec<Suite> {
    let mut all = vec![
        suite(
            "fmt",
            "every file is formatted",
            "run `cargo fmt --all`",
            [Step::cargo("fmt --all -- --check --color never").needs(&[&RUSTFMT])],
        ),
        suite(
            "clippy",
            "no warnings and no denied lints",
            "most are repaired by `cargo clippy --fix --allow-dirty`; never silence one without its reason",
            [Step::cargo("clippy --workspace --all-targets -- -D warnings").needs(&[&CLIPPY])],
        ),
        suite(
            "build",
            "everything compiles, tests and examples too",
            "run `cargo check --workspace --all-targets` and repair the first error",
            [Step::cargo(BUILD)],
        ),
        suite(
            "unit",
            "tests beside the code, and the examples in its documentation",
            "repeat one test with `cargo test -p CRATE NAME`",
            [
                Step::cargo("test --workspace --lib --bins --no-fail-fast"),
                Step::cargo("test --workspace --doc --no-fail-fast"),
            ],
        ),
    ];
    all.extend(test_targets(workspace));
    all.extend(examples(workspace));
    all.push(suite(
        "docs",
        "documentation builds without a warning",
        "run `cargo doc --no-deps` and repair the links it names",
        [Step::cargo("doc --workspace --no-deps").with("RUSTDOCFLAGS", "-D warnings")],
    ));
    all.extend(package(workspace));
    all.push(suite(
        "deny",
        "licences, bans and sources of all dependencies are as deny.toml allows",
        "a new licence or source is a decision: write it with its reason into deny.toml",
        [Step::cargo("deny check licenses bans sources").needs(&[&DENY])],
    ));
    all.extend(bench_smoke(workspace));
    if long {
        all.extend(fuzz());
        all.extend(mutants());
    }
    all
}

/// The house rules, then one suite for each other test target of any member.
fn test_targets(workspace: &Workspace) -> Vec<Suite> {
    const ADVICE: &str = "repeat one test with `cargo test --workspace --test SUITE NAME`";
    let command = |names: &[&str]| {
        let targets: String = names.iter().map(|name| format!(" --test {name}")).collect();
        [Step::cargo(&format!("test --workspace --no-fail-fast{targets}"))]
    };
    let names: BTreeSet<&str> = workspace.targets("test").map(|target| target.name.as_str()).collect();
    let house: Vec<&str> = HOUSE.into_iter().filter(|name| names.contains(name)).collect();
    let mut suites = vec![suite("house", "sizes, names and directions", ADVICE, command(&house))];
    suites.extend(
        names
            .iter()
            .filter(|name| !HOUSE.contains(name))
            .map(|name| suite(name, &format!("the test target `{name}`"), ADVICE, command(&[name]))),
    );
    suites
}

/// The examples and binaries that a manifest names under `package.metadata.xtask.run`.
fn examples(workspace: &Workspace) -> Option<Suite> {
    let mut steps = vec![Step::cargo(BUILD)];
    for package in &workspace.packages {
        steps.extend(package.runnable.iter().map(|name| built_example(workspace, package, name)));
    }
    (steps.len() > 1).then(|| {
        suite("examples", "each runnable example runs", "run it with `cargo run -p loyalty-examples`", steps)
    })
}

fn built_example(workspace: &Workspace, package: &Package, name: &str) -> Step {
    let is_example = package.targets.iter().any(|target| target.kind == "example" && target.name == name);
    let folder = if is_example { "debug/examples" } else { "debug" };
    Step::built(workspace.target_folder.join(folder).join(name), &[])
}

/// The crates that may be published, packaged together since they depend on each other.
fn package(workspace: &Workspace) -> Option<Suite> {
    let members: String = workspace
        .packages
        .iter()
        .filter(|package| package.publishable)
        .map(|package| format!(" --package {}", package.name))
        .collect();
    // A folder of its own each time: cargo keeps what it unpacked for a folder once, by version, and would check
    // today's crates against those of an earlier run.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let folders = workspace.target_folder.join("packaged");
    let fresh = folders.join(since.as_millis().to_string());
    (!members.is_empty()).then(|| {
        suite(
            "package",
            "what would be published is whole",
            "see what goes in with `cargo package --list -p CRATE --allow-dirty`",
            [Step::cargo(&format!("package --allow-dirty --target-dir {}{members}", fresh.display()))
                .without(folders)],
        )
    })
}

fn bench_smoke(workspace: &Workspace) -> Option<Suite> {
    workspace.package("loyalty-bench").map(|_| {
        suite(
            "bench-smoke",
            "every measurement runs and every ratio that must hold does",
            "repeat one with `cargo xtask bench --smoke NAME`",
            // As the tests are built: there is nothing to measure in a second, and release takes minutes to build.
            [
                Step::cargo(BUILD),
                Step::built(workspace.target_folder.join("debug/loyalty-bench"), &["--smoke"]),
            ],
        )
    })
}

fn fuzz() -> Option<Suite> {
    let mut targets: Vec<String> = fs::read_dir(root().join("tests/fuzz/fuzz_targets"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort();
    let steps: Vec<Step> = targets
        .iter()
        .map(|target| {
            let line = format!(
                "rustup run nightly cargo fuzz run --fuzz-dir tests/fuzz {target} -- -max_total_time={FUZZ_SECONDS}"
            );
            Step::installed(&line).needs(&[&NIGHTLY, &FUZZ])
        })
        .collect();
    let advice = "shorten the input with `cargo fuzz tmin`, then store it as a named case";
    Some(suite("fuzz", "minutes of random input for each target", advice, steps))
}

fn mutants() -> Option<Suite> {
    root().join(".cargo/mutants.toml").is_file().then(|| {
        suite(
            "mutants",
            "a changed line turns some test red",
            "write the test that the surviving change needs",
            [Step::cargo("mutants").needs(&[&MUTANTS])],
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use xtask::workspace::Target;

    use super::*;

    fn package(name: &str, publishable: bool, targets: &[(&str, &str)], runnable: &[&str]) -> Package {
        let target = |(kind, name): &(&str, &str)| Target {
            name: (*name).to_owned(),
            kind: (*kind).to_owned(),
            path: PathBuf::new(),
        };
        Package {
            name: name.to_owned(),
            folder: PathBuf::new(),
            publishable,
            targets: targets.iter().map(target).collect(),
            dependencies: vec![],
            runnable: runnable.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn lines(all: &[Suite], name: &str) -> Vec<String> {
        let suite = all.iter().find(|suite| suite.name == name);
        suite.map(|suite| suite.steps.iter().map(Step::line).collect()).unwrap_or_default()
    }

    #[test]
    fn suites_follow_what_the_workspace_has() {
        let tests = [("test", "tidy"), ("test", "dependencies"), ("test", "crash"), ("lib", "model")];
        let packages = vec![
            package("loyalty-core", true, &[], &[]),
            package("loyalty-tests", false, &tests, &[]),
            package("loyalty-examples", false, &[("example", "quickstart")], &["quickstart", "tour"]),
            package("loyalty-bench", false, &[], &[]),
        ];
        let workspace = Workspace { target_folder: root().join("target"), packages };
        let all = suites(&workspace, false);
        let names: Vec<&str> = all.iter().map(|suite| suite.name.as_str()).collect();
        let expected = "fmt clippy build unit house crash examples docs package deny bench-smoke"
            .split(' ')
            .collect::<Vec<_>>();
        assert_eq!(names, expected);
        let house = "cargo test --workspace --no-fail-fast --test tidy --test dependencies";
        assert_eq!(lines(&all, "house"), [house]);
        assert_eq!(lines(&all, "crash"), ["cargo test --workspace --no-fail-fast --test crash"]);
        let [package] = lines(&all, "package").try_into().expect("one step");
        assert!(package.starts_with("cargo package --allow-dirty --target-dir "), "{package}");
        assert!(package.ends_with(" --package loyalty-core"), "{package}");
        let examples = lines(&all, "examples");
        assert_eq!(examples[1..], ["target/debug/examples/quickstart", "target/debug/tour"]);
    }
}
