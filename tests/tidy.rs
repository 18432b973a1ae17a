//! The habits of the house, as tests over the source tree.
//!
//! Each rule is a function from one file's text to findings. Its test first shows the rule a planted violation,
//! so that a rule that sees nothing cannot stay green, and then every file there is.

#[path = "house/findings.rs"]
mod findings;
#[path = "house/tree.rs"]
mod tree;

use std::fs;
use std::path::Path;

use xtask::source::{code_only, functions, in_word, lines_with, project_files, without_tests};
use xtask::workspace::root;

use findings::none;

const MOST_LINES_IN_A_FILE: usize = 600;
const MOST_LINES_IN_A_FUNCTION: usize = 70;

/// One text file of the project, its path relative to the root.
struct File {
    path: String,
    text: String,
}

impl File {
    fn planted(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The words of its file name and of its folders, as `-` and `_` part them.
    fn name_words(&self) -> impl Iterator<Item = &str> {
        self.path.trim_end_matches(".rs").split(['/', '_', '-', '.'])
    }
}

/// Every file that is text; others have no habits.
fn files() -> Vec<File> {
    let relative = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    project_files(root())
        .unwrap()
        .into_iter()
        .filter_map(|path| Some(File { text: fs::read_to_string(&path).ok()?, path: relative(&path) }))
        .collect()
}

/// Shows the rule every file that it is about.
fn hold(rule: fn(&File) -> Vec<String>, of: fn(&File) -> bool) {
    let files = files();
    let seen: Vec<&File> = files.iter().filter(|file| of(file)).collect();
    assert!(!seen.is_empty(), "this rule has seen no file at all");
    none(seen.into_iter().flat_map(rule));
}

fn long_file(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let finding =
        format!("{}: {lines} lines, {MOST_LINES_IN_A_FILE} at most; split it by what it knows", file.path);
    if lines > MOST_LINES_IN_A_FILE { vec![finding] } else { vec![] }
}

#[test]
fn files_are_at_most_600_lines() {
    assert_eq!(long_file(&File::planted("a.rs", &"\n".repeat(601))).len(), 1);
    assert_eq!(long_file(&File::planted("a.rs", &"\n".repeat(600))).len(), 0);
    hold(long_file, File::is_rust);
}

fn long_functions(file: &File) -> Vec<String> {
    functions(&code_only(&file.text))
        .into_iter()
        .filter(|function| function.lines > MOST_LINES_IN_A_FUNCTION)
        .map(|f| {
            format!(
                "{}:{}: `{}` has {} lines, {MOST_LINES_IN_A_FUNCTION} at most",
                file.path, f.line, f.name, f.lines
            )
        })
        .collect()
}

#[test]
fn functions_are_at_most_70_lines() {
    let of = |lines: usize| File::planted("a.rs", &format!("fn f() {{{}}}", "\n".repeat(lines - 1)));
    assert_eq!(long_functions(&of(71)), ["a.rs:1: `f` has 71 lines, 70 at most"]);
    assert_eq!(long_functions(&of(70)).len(), 0);
    hold(long_functions, File::is_rust);
}

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] =
    ["manager", "managers", "helper", "helpers", "util", "utils", "common", "commons"];

fn empty_names(file: &File) -> Vec<String> {
    let code = code_only(&file.text);
    let words: Vec<&str> = code.split_whitespace().collect();
    let modules =
        words.windows(2).filter(|pair| pair[0] == "mod").flat_map(|pair| pair[1].split([';', '{', '_']));
    file.name_words()
        .chain(modules)
        .filter(|word| EMPTY_NAMES.contains(word))
        .map(|word| format!("{}: `{word}` says nothing; name it after what it knows", file.path))
        .collect()
}

#[test]
fn names_say_what_is_inside() {
    for path in ["a/utils.rs", "a/test_helpers.rs", "common/a.rs", "a/tier-manager.rs"] {
        assert_eq!(empty_names(&File::planted(path, "")).len(), 1, "{path}");
    }
    assert_eq!(empty_names(&File::planted("a.rs", "mod common;\nmod points { mod utils{} }")).len(), 2);
    assert_eq!(empty_names(&File::planted("a/utilisation.rs", "mod commonplace;")).len(), 0);
    hold(empty_names, File::is_rust);
}

fn mod_rs(file: &File) -> Vec<String> {
    let is = file.path == "mod.rs" || file.path.ends_with("/mod.rs");
    if is { vec![format!("{}: make it `foo.rs` beside the folder `foo`", file.path)] } else { vec![] }
}

#[test]
fn modules_are_named_after_themselves() {
    assert_eq!(mod_rs(&File::planted("a/src/tier/mod.rs", "")).len(), 1);
    assert_eq!(mod_rs(&File::planted("a/src/tier_mod.rs", "")).len(), 0);
    hold(mod_rs, File::is_rust);
}

/// What a pure, exact and unfailing core cannot contain.
const BANNED_IN_CORE: [&str; 14] = [
    "unwrap(",
    "expect(",
    "panic!",
    "f32",
    "f64",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "std::env",
    "rand",
    "println!",
    "eprintln!",
    "dbg!",
];

fn impure_core(file: &File) -> Vec<String> {
    // The attribute that expects a lint is no call.
    let code = without_tests(&code_only(&file.text))
        .replace("#[expect(", "#[       ")
        .replace("#![expect(", "#![       ");
    // The readers of JSON implement serde's traits, whose methods are named after floats, and refuse them.
    let reader = file.path.contains("/src/json/");
    BANNED_IN_CORE
        .iter()
        .filter(|banned| !(reader && matches!(**banned, "f32" | "f64")))
        .flat_map(|banned| lines_with(&code, banned).into_iter().map(move |line| (banned, line)))
        .map(|(banned, line)| format!("{}:{line}: `{banned}` is banned in loyalty-core", file.path))
        .collect()
}

/// What decides and keeps; the conformance suite is test code for users, and failing is its purpose.
fn ships_in_core(file: &File) -> bool {
    let is_test = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
    let is_suite = file.path.starts_with("loyalty-core/src/conformance");
    file.path.starts_with("loyalty-core/src/") && file.is_rust() && !is_test && !is_suite
}

#[test]
fn core_is_pure_exact_and_never_fails() {
    for banned in BANNED_IN_CORE {
        let of = |text: String| impure_core(&File::planted("a.rs", &text)).len();
        assert_eq!(of(format!("fn f() {{\n {banned} }}")), 1, "{banned}");
        assert_eq!(of(format!("/// {banned}\n#[cfg(test)]\nmod tests {{ {banned} }}")), 0, "{banned}");
    }
    let allowed = "#[expect(clippy::x)]\nlet operand = a.unwrap_or(1);\nfn visit_f64() {}";
    assert_eq!(impure_core(&File::planted("a.rs", allowed)).len(), 0);
    hold(impure_core, ships_in_core);
}

/// Lints that core switches on for itself, since other crates may do what it may not.
const CORE_LINTS: [&str; 6] = [
    "unwrap_used",
    "expect_used",
    "panic",
    "indexing_slicing",
    "float_arithmetic",
    "arithmetic_side_effects",
];

fn lints_off(file: &File) -> Vec<String> {
    let code: String = code_only(&file.text).split_whitespace().collect();
    let attributes = code.split("#![").skip(1).filter_map(|rest| rest.split(']').next());
    let denied: Vec<&str> = attributes.filter(|a| a.contains("deny(") || a.contains("forbid(")).collect();
    CORE_LINTS
        .iter()
        .filter(|lint| {
            !denied.iter().any(|attribute| !lines_with(attribute, &format!("clippy::{lint}")).is_empty())
        })
        .map(|lint| format!("{}: `#![deny(clippy::{lint})]` is missing", file.path))
        .collect()
}

#[test]
fn core_denies_what_could_fail_or_round() {
    let all = CORE_LINTS.map(|lint| format!("clippy::{lint}")).join(",\n ");
    assert_eq!(lints_off(&File::planted("lib.rs", &format!("#![deny({all})]"))).len(), 0);
    assert_eq!(
        lints_off(&File::planted("lib.rs", &format!("#![cfg_attr(not(test), deny({all}))]"))).len(),
        0
    );
    assert_eq!(
        lints_off(&File::planted("lib.rs", &format!("#![allow({all})]\n// #![deny({all})]"))).len(),
        6
    );
    assert_eq!(lints_off(&File::planted("lib.rs", "#![deny(clippy::panic_in_result_fn)]")).len(), 6);
    hold(lints_off, |file| file.path == "loyalty-core/src/lib.rs");
}

/// Parts of machines and of registries that nobody else has. Written in halves, so that they are not found here.
const FOREIGN_PLACES: [&str; 9] = [
    concat!("/tmp/", "brief"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!(".cargo/", "registry"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("proxy.", "golang.org"),
    concat!("files.", "pythonhosted.org"),
];

fn foreign_places(file: &File) -> Vec<String> {
    let workplace = concat!("/wo", "rk/");
    let shared = concat!("../sha", "red");
    let starts_a_path = |at: usize| !file.text[..at].ends_with(|c: char| in_word(c) || "./-}".contains(c));
    let fixed = FOREIGN_PLACES.iter().filter(|place| file.text.contains(**place)).copied();
    let work = file.text.match_indices(workplace).filter(|(at, _)| starts_a_path(*at)).map(|_| workplace);
    let other_than_data = file
        .text
        .match_indices(shared)
        .filter(|(at, _)| !file.text[at + shared.len()..].starts_with("/data"))
        .map(|_| shared);
    fixed
        .chain(work)
        .chain(other_than_data)
        .map(|place| {
            format!("{}: `{place}` exists on one machine only, or belongs to someone else", file.path)
        })
        .collect()
}

#[test]
fn nothing_points_into_one_machine() {
    for place in FOREIGN_PLACES {
        assert_eq!(foreign_places(&File::planted("a.md", &format!("see {place} there"))).len(), 1, "{place}");
    }
    let work = concat!("`/wo", "rk/main`, net", "/wo", "rk/x");
    assert_eq!(foreign_places(&File::planted("a.md", work)).len(), 1);
    let shared = concat!("../sha", "red/notes and ../sha", "red/data");
    assert_eq!(foreign_places(&File::planted("a.md", shared)).len(), 1);
    hold(foreign_places, |_| true);
}

fn unsafe_code(file: &File) -> Vec<String> {
    lines_with(&code_only(&file.text), "unsafe")
        .into_iter()
        .map(|line| format!("{}:{line}: `unsafe` is allowed in loyalty-ffi only", file.path))
        .collect()
}

#[test]
fn nothing_is_unsafe() {
    assert_eq!(unsafe_code(&File::planted("a.rs", "fn f() { unsafe { g() } }")).len(), 1);
    assert_eq!(unsafe_code(&File::planted("a.rs", "#![forbid(unsafe_code)] // unsafe")).len(), 0);
    hold(unsafe_code, |file| file.is_rust() && !file.path.starts_with("loyalty-ffi/"));
}
