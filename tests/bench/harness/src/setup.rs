//! What all benches share: the scale, the folder of the public data sets, and room on a real disk.

use std::cell::Cell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// The repository's root.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

/// How much is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scale {
    /// About a second a side, on generated data; only equality is checked.
    Smoke,
    /// The sizes that the goals speak of.
    Full,
}

impl Scale {
    /// The size that belongs to it.
    pub fn pick<T>(self, smoke: T, full: T) -> T {
        match self {
            Self::Smoke => smoke,
            Self::Full => full,
        }
    }
}

/// What a bench is set up from.
pub struct Setup {
    /// How much is run.
    pub scale: Scale,
    scratch: TempDir,
    folders: Cell<u32>,
}

impl Setup {
    /// Makes room for a run.
    pub fn new(scale: Scale) -> Result<Self> {
        // Beside the build, not in the system's temporary folder: that one may be memory, where syncing is free.
        let beside = env::current_exe()?.parent().context("this program lies in no folder")?.to_owned();
        let scratch = tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?;
        Ok(Self { scale, scratch, folders: Cell::new(0) })
    }

    /// The folder of the public data sets.
    pub fn data(&self) -> Result<PathBuf> {
        let folder = env::var_os("LOYALTY_DATA_DIR")
            .map_or_else(|| Path::new(ROOT).join("../shared/data"), PathBuf::from);
        ensure!(
            folder.join("cdnow_purchases.csv.gz").is_file(),
            "the public data sets are not in `{}`: set LOYALTY_DATA_DIR to their folder, or use --smoke",
            folder.display()
        );
        Ok(folder)
    }

    /// A new empty folder, gone when the run ends.
    pub fn folder(&self) -> Result<PathBuf> {
        self.folders.set(self.folders.get() + 1);
        let folder = self.scratch.path().join(self.folders.get().to_string());
        fs::create_dir(&folder)?;
        Ok(folder)
    }
}

/// Empties `folder`, so that the next round starts with nothing.
pub fn empty(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder)?;
    Ok(fs::create_dir(folder)?)
}

/// A file of the repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(ROOT).join(path)
}

/// The program `name` of the workspace, built as this one is and beside it.
pub fn built(package: &str, name: &str) -> Result<PathBuf> {
    // A build for tests builds the whole workspace at once.
    if !cfg!(debug_assertions) {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--release", "--package", package, "--bin", name]);
        ensure!(build.current_dir(ROOT).status()?.success(), "`{name}` of `{package}` cannot be built");
    }
    let path = env::current_exe()?.with_file_name(name);
    if !path.is_file() {
        bail!("`{}` is not there: run the bench with `cargo xtask bench`", path.display());
    }
    Ok(path)
}
