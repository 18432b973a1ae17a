//! Rules about the tree as a whole: what is named, listed, allowed and linked.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use xtask::workspace::{Workspace, root};

use super::findings::none;
use super::{File, files, hold};

/// Files directly in a package's folder that no target names, and targets whose file is not there.
fn uncounted(files: &BTreeSet<PathBuf>, targets: &BTreeSet<PathBuf>) -> Vec<String> {
    let unnamed = files
        .difference(targets)
        .map(|file| format!("{}: no target names it, so it never runs", file.display()));
    let missing = targets.iter().filter(|target| !target.is_file());
    unnamed
        .chain(missing.map(|target| format!("{}: a target names it, but it is not there", target.display())))
        .collect()
}

#[test]
fn every_test_and_example_is_named() {
    let set = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
    assert_eq!(uncounted(&set(&["Cargo.toml", "a.rs"]), &set(&["Cargo.toml"])).len(), 1);
    assert_eq!(uncounted(&set(&[]), &set(&["no-such-file.rs"])).len(), 1);
    let workspace = Workspace::load().unwrap();
    for package in ["loyalty-tests", "loyalty-examples"].iter().filter_map(|name| workspace.package(name)) {
        let files = fs::read_dir(&package.folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|e| e == "rs")).collect();
        let targets = package.targets.iter().map(|target| target.path.clone()).collect();
        none(uncounted(&files, &targets));
    }
}

/// Manifests of this workspace that it does not list. One with a workspace of its own stands apart on purpose.
fn stray_manifests(files: &[File], members: &[String]) -> Vec<String> {
    files
        .iter()
        .filter(|file| !file.text.lines().any(|line| line.trim() == "[workspace]"))
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"))
        .filter(|folder| !members.iter().any(|member| member == folder))
        .map(|folder| format!("{folder}: name it in the workspace's members"))
        .collect()
}

#[test]
fn every_package_is_a_member() {
    let planted = [File::planted("a/Cargo.toml", "[package]"), File::planted("b/Cargo.toml", "[workspace]")];
    assert_eq!(stray_manifests(&planted, &["c".to_owned()]).len(), 1);
    assert_eq!(stray_manifests(&planted, &["a".to_owned()]).len(), 0);
    let packages = Workspace::load().unwrap().packages;
    let members: Vec<String> = packages
        .iter()
        .map(|package| package.folder.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"))
        .collect();
    none(stray_manifests(&files(), &members));
}

/// What a newcomer sees first; nothing joins it by accident.
const TOP_LEVEL: [&str; 23] = [
    ".cargo",
    ".ci",
    ".git",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "examples",
    "loyalty-adapters",
    "loyalty-core",
    "loyalty-ffi",
    "loyalty-wasm",
    "reference-server",
    "rustfmt.toml",
    "tests",
    "xtask",
];

/// Written by the project's own commands and ignored by git.
const IGNORED: [&str; 2] = ["data", "target"];

fn strangers(names: &[String]) -> Vec<String> {
    let known = |name: &str| TOP_LEVEL.contains(&name) || IGNORED.contains(&name);
    let unknown = names.iter().filter(|name| !known(name));
    unknown.map(|name| format!("`{name}` does not belong on the top level")).collect()
}

#[test]
fn the_top_level_holds_only_what_it_should() {
    assert_eq!(strangers(&["README.md".to_owned(), "notes.txt".to_owned()]).len(), 1);
    let names = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    none(strangers(&names.collect::<Vec<_>>()));
}

/// Relative links of a page whose file is not there. Links inside fenced code are text.
fn dead_links(file: &File) -> Vec<String> {
    let folder = root().join(&file.path).parent().unwrap().to_path_buf();
    let prose = file.text.split("```").step_by(2);
    prose
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split([')', ' ', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains("::") && !target.contains(':'))
        .filter(|target| !folder.join(target).exists())
        .map(|target| format!("{}: the link to `{target}` leads nowhere", file.path))
        .collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    let page = "[a](Cargo.toml) [b](no-such.md#part) [c](https://example.org) [d](#here)\n```\n[e](nope)\n```\n[f](nope.md)";
    assert_eq!(dead_links(&File::planted("README.md", page)).len(), 2);
    assert_eq!(
        dead_links(&File::planted("xtask/README.md", "[a](../Cargo.toml) [b](src/main.rs#L1)")).len(),
        0
    );
    hold(dead_links, |file| file.path.ends_with(".md"));
}
