//! Who may depend on whom: loyalty-core on next to nothing, adapters on core, services on both, tools on all.

#[path = "house/findings.rs"]
mod findings;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::source::{code_only, in_word, lines_with, project_files, without_tests};
use xtask::workspace::{Dependency, Package, Workspace, cargo_output, root};

use findings::none;

/// All that loyalty-core may name. Each has its reason in ARCHITECTURE.md.
const CORE_DEPENDENCIES: [&str; 12] = [
    "async-trait",
    "blake3",
    "chrono",
    "minicbor",
    "rust_decimal",
    "schemars",
    "serde",
    "serde_jcs",
    "serde_json",
    "sha2",
    "smol_str",
    "thiserror",
];

/// Runtimes, drivers, clocks, randomness, zone databases and log sinks, at any depth below loyalty-core.
const NEVER_IN_CORE: [&str; 19] = [
    "async-std",
    "chrono-tz",
    "env_logger",
    "fastrand",
    "fern",
    "fjall",
    "getrandom",
    "iana-time-zone",
    "lapin",
    "mongodb",
    "rand",
    "rand_core",
    "redb",
    "redis",
    "reqwest",
    "rusqlite",
    "tokio",
    "tracing-subscriber",
    "uuid",
];

/// Crates that talk to a store or a broker.
const DRIVERS: [&str; 6] = ["fjall", "lapin", "mongodb", "redb", "redis", "rusqlite"];

/// The rooms of loyalty-adapters that each wrap one driver.
const ADAPTERS: [&str; 4] = ["embedded", "mongodb", "rabbitmq", "redis"];

/// Modules of loyalty-core that need the feature `engine`; all others decide.
const NOT_DECIDING: [&str; 4] = ["conformance", "engine", "memory", "ports"];

fn workspace() -> Workspace {
    Workspace::load().expect("cargo describes the workspace")
}

#[test]
fn core_names_only_what_it_may() {
    let workspace = workspace();
    let core = workspace.package("loyalty-core").expect("loyalty-core is a member");
    let named: BTreeSet<&str> =
        core.dependencies.iter().filter(|d| d.kind != "dev").map(|d| d.name.as_str()).collect();
    assert_eq!(named, BTreeSet::from(CORE_DEPENDENCIES), "a new dependency of core is a decision");
}

/// Package names in the answer of `cargo tree --prefix none`, one `name vVERSION …` a line.
fn banned_in_tree(tree: &str) -> Vec<String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    NEVER_IN_CORE
        .iter()
        .filter(|name| names.contains(*name))
        .map(|name| format!("core reaches `{name}`"))
        .collect()
}

#[test]
fn core_reaches_no_runtime_driver_clock_or_randomness() {
    assert_eq!(banned_in_tree("loyalty-core v0.1.0\nrand v0.9.0\nrand_chacha v0.9.0 (*)").len(), 1);
    let everywhere = ["--all-features", "--target", "all", "--edges", "normal,build", "--prefix", "none"];
    let tree = cargo_output(&[&["tree", "--package", "loyalty-core"], &everywhere[..]].concat()).unwrap();
    assert!(tree.starts_with("loyalty-core v"), "this is not the tree of loyalty-core: {tree}");
    none(banned_in_tree(&tree));
}

/// Which members a member may name; `None` means all of them.
fn may_name(package: &Package, members: &[Package]) -> Option<Vec<String>> {
    let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    match package.name.as_str() {
        "loyalty-core" => list(&[]),
        "loyalty-adapters" | "loyalty-wasm" => list(&["loyalty-core"]),
        "loyalty-ffi" => list(&["loyalty-core", "loyalty-adapters"]),
        _ if is_service(package) => {
            let services =
                members.iter().filter(|member| is_service(member)).map(|member| member.name.clone());
            let below = ["loyalty-core", "loyalty-adapters"].map(String::from);
            Some(services.chain(below).collect())
        }
        _ if lies_in(package, &["examples", "tests", "xtask"]) => None,
        _ => list(&[]),
    }
}

fn is_service(package: &Package) -> bool {
    lies_in(package, &["reference-server"])
}

fn lies_in(package: &Package, rooms: &[&str]) -> bool {
    rooms.iter().any(|room| package.folder.starts_with(root().join(room)))
}

fn wrong_directions(members: &[Package]) -> Vec<String> {
    let is_member = |name: &str| members.iter().any(|member| member.name == name);
    let mut findings = Vec::new();
    for package in members {
        let allowed = may_name(package, members);
        for Dependency { name, .. } in &package.dependencies {
            let upwards = is_member(name) && allowed.as_ref().is_some_and(|allowed| !allowed.contains(name));
            let driver = is_service(package) && DRIVERS.contains(&name.as_str());
            if upwards || driver {
                findings.push(format!("{} must not name `{name}`", package.name));
            }
        }
    }
    findings
}

fn planted(folder: &str, name: &str, dependencies: &[&str]) -> Package {
    let dependency = |name: &&str| Dependency { name: (*name).to_owned(), kind: "normal".to_owned() };
    Package {
        name: name.to_owned(),
        folder: root().join(folder),
        publishable: false,
        targets: vec![],
        dependencies: dependencies.iter().map(dependency).collect(),
        runnable: vec![],
    }
}

#[test]
fn members_depend_downwards_only() {
    let wrong = [
        planted("loyalty-core", "loyalty-core", &["loyalty-adapters", "serde"]),
        planted("loyalty-adapters", "loyalty-adapters", &["loyalty-core", "redb", "wallet"]),
        planted("reference-server/wallet", "wallet", &["loyalty-core", "loyalty-adapters", "redb", "xtask"]),
        planted("xtask", "xtask", &["wallet"]),
        planted("new-room", "new", &["loyalty-core"]),
    ];
    assert_eq!(
        wrong_directions(&wrong),
        [
            "loyalty-core must not name `loyalty-adapters`",
            "loyalty-adapters must not name `wallet`",
            "wallet must not name `redb`",
            "wallet must not name `xtask`",
            "new must not name `loyalty-core`",
        ]
    );
    none(wrong_directions(&workspace().packages));
}

/// One source file without comments, strings and tests.
struct Code {
    path: String,
    code: String,
}

impl Code {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), code: without_tests(&code_only(text)) }
    }

    /// The module of the crate's root that the file belongs to: `tier` for `tier.rs` and `tier/track.rs`.
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }
}

/// The sources of a crate, their paths relative to its `src`; none when it does not exist yet.
fn sources(package: &str) -> Vec<Code> {
    let folder = root().join(package).join("src");
    let files: Vec<PathBuf> = project_files(&folder).unwrap_or_default();
    let read = |path: &PathBuf| {
        let relative: &Path = path.strip_prefix(&folder).unwrap();
        Code::new(&relative.to_str().unwrap().replace('\\', "/"), &fs::read_to_string(path).unwrap())
    };
    files.iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).map(read).collect()
}

/// Whether the code names the module `room` of its own crate, by path or in a `use` group.
fn names_room(code: &str, room: &str) -> bool {
    let by_path = ["crate", "super", "self"]
        .iter()
        .any(|from| !lines_with(code, &format!("{from}::{room}")).is_empty());
    by_path || uses(code).any(|used| in_own_group(used, room))
}

/// Whether `use crate::{…}` has `room` directly in its group.
fn in_own_group(used: &str, room: &str) -> bool {
    let group = ["crate::{", "super::{", "self::{"].iter().find_map(|start| used.split_once(start));
    let mut depth = 0_usize;
    let top: String = group
        .map_or("", |(_, group)| group)
        .chars()
        .filter(|c| {
            depth = if *c == '{' { depth + 1 } else { depth.saturating_sub(usize::from(*c == '}')) };
            depth == 0
        })
        .collect();
    top.split(',').any(|item| item.trim().split(|c: char| !in_word(c)).next() == Some(room))
}

/// The code from each place where the word `start` stands.
fn from_each<'a>(code: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(start).filter(|(at, _)| !code[..*at].ends_with(in_word)).map(|(at, _)| &code[at..])
}

fn up_to<'a>(code: &'a str, ends: &[char]) -> &'a str {
    code.split(ends).next().unwrap_or(code)
}

/// Every `use` without its semicolon.
fn uses(code: &str) -> impl Iterator<Item = &str> {
    from_each(code, "use ").map(|rest| up_to(rest, &[';']))
}

fn undecided(file: &Code) -> Vec<String> {
    // Answers are what doors show of what the engine did: `json/answer` comes with the engine.
    let is_door = file.path.starts_with("json/answer");
    if is_door || file.path == "lib.rs" || NOT_DECIDING.contains(&file.room()) {
        return vec![];
    }
    let rooms = NOT_DECIDING.into_iter().filter(|room| names_room(&file.code, room));
    let trait_macro = Some("async_trait").filter(|name| !lines_with(&file.code, name).is_empty());
    rooms
        .chain(trait_macro)
        .map(|name| format!("{}: a deciding module must not name `{name}`", file.path))
        .collect()
}

#[test]
fn deciding_needs_no_engine() {
    let findings = |path: &str, text: &str| undecided(&Code::new(path, text)).len();
    assert_eq!(findings("tier.rs", "use crate::ports::LedgerStore;"), 1);
    assert_eq!(
        findings("tier/track.rs", "use crate::{\n points::Points,\n memory};\nuse async_trait::async_trait;"),
        2
    );
    assert_eq!(findings("tier.rs", "fn f() { super::engine::g() }"), 1);
    assert_eq!(findings("tier.rs", "// crate::engine\nuse crate::{tier::{memory}, ledger};"), 0);
    assert_eq!(findings("engine.rs", "use crate::ports::LedgerStore;"), 0);
    let core = sources("loyalty-core");
    assert!(!core.is_empty(), "loyalty-core has sources");
    none(core.iter().flat_map(undecided));
}

#[test]
fn core_decides_without_its_features() {
    cargo_output(&["check", "--package", "loyalty-core", "--no-default-features"]).unwrap();
}

fn adapter_sees_adapter(file: &Code) -> Vec<String> {
    let is_adapter = ADAPTERS.contains(&file.room());
    let others = ADAPTERS.iter().filter(|other| is_adapter && **other != file.room());
    others
        .filter(|other| names_room(&file.code, other))
        .map(|other| format!("{}: must not name the adapter `{other}`", file.path))
        .collect()
}

#[test]
fn adapters_do_not_know_each_other() {
    let findings = |path: &str, text: &str| adapter_sees_adapter(&Code::new(path, text)).len();
    assert_eq!(findings("embedded/writer.rs", "use crate::redis::Cache;"), 1);
    assert_eq!(findings("mongodb.rs", "use crate::{embedded, error};"), 1);
    assert_eq!(findings("redis.rs", "use redis::Client; use crate::redis::script;"), 0);
    assert_eq!(findings("wrap/traced.rs", "use crate::embedded::Store;"), 0);
    none(sources("loyalty-adapters").iter().flat_map(adapter_sees_adapter));
}

/// Names that stand for a driver in this file: the crate itself, and what is imported from it.
fn driver_names(code: &str) -> BTreeSet<&str> {
    let imports = uses(code).filter_map(|used| {
        let path = used.trim_start_matches("use ").trim_start_matches("::");
        DRIVERS.iter().find_map(|driver| path.strip_prefix(driver)?.strip_prefix("::"))
    });
    let words = imports.flat_map(|names| names.split(|c| !in_word(c)));
    words.filter(|word| word.starts_with(char::is_uppercase)).collect()
}

/// What a `pub` shows: a type's variants but not its private fields, a function's head, one field.
fn signature(item: &str) -> &str {
    match item.split_whitespace().nth(1) {
        Some("struct") => up_to(item, &['{', '(', ';']),
        Some("enum") => item.split("\n}").next().unwrap_or(item),
        Some("use") => up_to(item, &[';']),
        Some("fn" | "async" | "const" | "static" | "trait" | "type" | "mod") => up_to(item, &['{', ';']),
        _ => up_to(item, &['\n']),
    }
}

/// Public signatures that show a driver's type. What only neighbours use is `pub(crate)` or `pub(super)`.
fn shown_drivers(file: &Code) -> Vec<String> {
    let imported = driver_names(&file.code);
    let shows = |signature: &&str| {
        let by_path = DRIVERS.iter().any(|driver| {
            let path = format!("{driver}::");
            signature
                .match_indices(&path)
                .any(|(at, _)| !signature[..at].ends_with(|c| in_word(c) || c == ':'))
        });
        by_path || signature.split(|c| !in_word(c)).any(|word| imported.contains(word))
    };
    from_each(&file.code, "pub ")
        .map(signature)
        .filter(shows)
        .map(|signature| format!("{}: `{}` shows a driver's type", file.path, signature.trim()))
        .collect()
}

#[test]
fn drivers_do_not_show() {
    let findings = |text: &str| shown_drivers(&Code::new("embedded.rs", text)).len();
    assert_eq!(findings("pub fn open(file: redb::Database) -> Self { x }"), 1);
    assert_eq!(findings("use redb::{Database, ReadableTable};\npub struct Store(pub Database);"), 1);
    assert_eq!(findings("use redb::Database;\npub struct Store {\n a: u8,\n pub b: Vec<Database>,\n}"), 1);
    assert_eq!(findings("pub enum Error {\n A { x: u8 },\n B(redb::Error),\n}"), 1);
    assert_eq!(findings("pub use redb::Database;"), 1);
    assert_eq!(
        findings("use redb::Database;\npub struct Store(Database);\npub struct S {\n d: Database }"),
        0
    );
    assert_eq!(findings("pub use crate::redis::Cache;\nuse redb::Database;\nstruct S { d: Database }"), 0);
    assert_eq!(
        findings("use redb::Database;\npub(crate) fn f(d: Database) {}\npub fn g() { Database::new() }"),
        0
    );
    none(sources("loyalty-adapters").iter().flat_map(shown_drivers));
}
