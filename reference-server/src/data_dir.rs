//! A data folder: the embedded store, the key of its chains, and the engine over both.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use loyalty_core::engine::Engine;
use loyalty_core::ledger::chain::ChainKey;

use crate::clock::Clocks;
use crate::seals::Sealer;
use crate::secret::{self, Secret};

/// The setting that names the key of the chains.
pub const CHAIN_KEY: &str = "LOYALTY_CHAIN_KEY";
/// The setting that names the key of the seals.
const SEAL_KEY: &str = "LOYALTY_SEAL_KEY";
/// The file of the seals in its folder.
pub const SEALS: &str = "seals";
/// The file of the ledger in its folder.
pub const LEDGER: &str = "ledger.redb";
/// The number by which commits name the key.
const KEY_ID: u32 = 1;

/// A data folder that is open: no other process can open it meanwhile. One engine serves all tenants.
#[derive(Debug)]
pub struct DataDir {
    /// The store.
    pub store: Arc<EmbeddedStore>,
    /// The engine over it.
    pub engine: Engine,
    path: PathBuf,
}

impl DataDir {
    /// Opens a folder, making it where there is none. The key of its chains is that of the environment
    /// (`LOYALTY_CHAIN_KEY`, or the file that `LOYALTY_CHAIN_KEY_FILE` names), else that of the folder's file
    /// `chain.key`, which is made with a new folder.
    ///
    /// `cache_bytes` is the memory for pages of the store.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self> {
        let options = EmbeddedOptions { cache_bytes, ..EmbeddedOptions::default() };
        Self::open_store(path, key_of_environment(CHAIN_KEY)?.as_ref(), true, options)
    }

    /// Opens a folder with a given key of 64 hexadecimal digits, or the key of its file `chain.key`, which is
    /// made with a new folder if `may_make_key`.
    pub fn open_with(path: &Path, key: Option<&Secret>, may_make_key: bool) -> Result<Self> {
        Self::open_store(path, key, may_make_key, EmbeddedOptions::default())
    }

    fn open_store(
        path: &Path,
        key: Option<&Secret>,
        may_make_key: bool,
        options: EmbeddedOptions,
    ) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        let ledger = path.join(LEDGER);
        // A key made for a ledger that exists could not be the one that its chains were hashed under.
        let key = chain_key(&path.join("chain.key"), key, may_make_key && !ledger.exists())?;
        let store = EmbeddedStore::open(&ledger, options)
            .with_context(|| format!("cannot open {}", ledger.display()))?;
        let store = Arc::new(store);
        let engine = Engine::new(store.clone(), store.clone(), ChainKey::new(KEY_ID, key));
        // The store lets no other process in.
        let engine = engine.with_members(store.clone()).with_feed(store.clone()).alone();
        Ok(Self { store, engine, path: path.to_owned() })
    }

    /// Opens a folder that is there.
    pub fn open_existing(path: &Path, cache_bytes: usize) -> Result<Self> {
        if !path.is_dir() {
            let path = path.display();
            bail!("there is no folder `{path}`; import activities first, or correct `--data`");
        }
        Self::open(path, cache_bytes)
    }

    /// What seals its ledger: with a given key of 64 hexadecimal digits, that of the environment
    /// (`LOYALTY_SEAL_KEY`, or the file that `LOYALTY_SEAL_KEY_FILE` names), or that of the file `seal.key`, which is
    /// made where there are no seals yet.
    pub fn sealer(&self, key: Option<&Secret>) -> Result<Sealer> {
        let of_environment = key_of_environment(SEAL_KEY)?;
        let key = match key.or(of_environment.as_ref()) {
            Some(key) => secret::from_hex(key.expose())
                .with_context(|| format!("{SEAL_KEY} must be 64 hexadecimal digits"))?,
            None => secret::key_in(&self.file("seal.key"), !self.file(SEALS).exists())
                .context("cannot read the key of the seals")?,
        };
        Ok(Sealer::new(Arc::clone(&self.store), self.file(SEALS), &key))
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens the clocks of its tenants; the sandbox's is kept in the folder.
    pub fn clocks(&self) -> Result<Clocks> {
        Clocks::open(self.file("sandbox.clock")).context("cannot read the sandbox's clock")
    }

    /// Writes what is on its way and closes the store, where nobody else holds it any more.
    pub fn close(self) -> Result<()> {
        let Self { store, engine, path } = self;
        drop(engine);
        match Arc::into_inner(store) {
            Some(store) => store.close().with_context(|| format!("cannot close {}", path.display())),
            None => Ok(()),
        }
    }
}

fn chain_key(file: &Path, given: Option<&Secret>, may_make: bool) -> Result<[u8; 32]> {
    if let Some(given) = given {
        return secret::from_hex(given.expose())
            .with_context(|| format!("{CHAIN_KEY} must be 64 hexadecimal digits"));
    }
    if !may_make && !file.exists() {
        bail!("the key of the chains is missing: give {CHAIN_KEY} or restore {}", file.display());
    }
    secret::key_in(file, may_make).context("cannot read the key of the chains")
}

/// A secret of the environment, or of the file that a variable ending in `_FILE` names.
fn key_of_environment(name: &str) -> Result<Option<Secret>> {
    if let Ok(key) = std::env::var(name) {
        return Ok(Some(Secret::new(key)));
    }
    let Ok(file) = std::env::var(format!("{name}_FILE")) else { return Ok(None) };
    let key = fs::read_to_string(&file).with_context(|| format!("cannot read {name}_FILE {file}"))?;
    Ok(Some(Secret::new(key)))
}
