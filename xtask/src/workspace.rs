//! Which packages and targets there are, as cargo sees them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The workspace as `cargo metadata` describes it, without anything from outside it.
#[derive(Debug)]
pub struct Workspace {
    /// Where build output goes.
    pub target_folder: PathBuf,
    /// The members.
    pub packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The folder with its manifest.
    pub folder: PathBuf,
    /// Whether it may be published to a registry.
    pub publishable: bool,
    /// Libraries, binaries, tests and examples.
    pub targets: Vec<Target>,
    /// What its manifest names, of every kind.
    pub dependencies: Vec<Dependency>,
    /// `package.metadata.xtask.run`: the examples and binaries that need no arguments.
    pub runnable: Vec<String>,
}

/// One thing cargo builds.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `lib`, `bin`, `test`, `example`, `bench`, …
    pub kind: String,
    /// Its root file.
    pub path: PathBuf,
}

/// One line of a manifest's dependencies.
#[derive(Debug)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// `normal`, `dev` or `build`.
    pub kind: String,
}

/// The folder with the workspace's manifest.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The cargo that runs us, started in the workspace's folder and with nothing on its input.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.current_dir(root()).stdin(Stdio::null());
    cargo
}

/// What cargo prints for these arguments.
///
/// # Errors
/// When cargo cannot be started or fails; the error carries what it wrote.
pub fn cargo_output(arguments: &[&str]) -> Result<String> {
    let output = cargo().args(arguments).output().context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cargo {}` failed:\n{said}", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// When a manifest is wrong; the error carries what cargo says about it.
    pub fn load() -> Result<Self> {
        let answer: Value =
            serde_json::from_str(&cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?)?;
        Ok(Self {
            target_folder: PathBuf::from(text(&answer["target_directory"])),
            packages: list(&answer["packages"]).map(package).collect(),
        })
    }

    /// The member of this name, where it exists yet.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Every target of this kind, over all members.
    pub fn targets<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Target> {
        self.packages.iter().flat_map(|package| &package.targets).filter(move |target| target.kind == kind)
    }
}

fn package(value: &Value) -> Package {
    let manifest = PathBuf::from(text(&value["manifest_path"]));
    Package {
        name: text(&value["name"]),
        folder: manifest.parent().map(Path::to_path_buf).unwrap_or_default(),
        publishable: value["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
        targets: list(&value["targets"]).map(target).collect(),
        dependencies: list(&value["dependencies"]).map(dependency).collect(),
        runnable: list(&value["metadata"]["xtask"]["run"]).map(text).collect(),
    }
}

fn target(value: &Value) -> Target {
    Target {
        name: text(&value["name"]),
        kind: text(&value["kind"][0]),
        path: PathBuf::from(text(&value["src_path"])),
    }
}

fn dependency(value: &Value) -> Dependency {
    let kind = value["kind"].as_str().unwrap_or("normal");
    Dependency { name: text(&value["name"]), kind: kind.to_owned() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
