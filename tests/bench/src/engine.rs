//! The project's own engine, embedded, as the benches use it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use loyalty_core::decision::Command;
use loyalty_core::engine::Engine;
use loyalty_core::id::TenantId;
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::Feed;
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use loyalty_core::zone::Zone;

use crate::raw::kept;
use crate::setup::in_repository;

/// The clock of every bench: after all of the data.
pub fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

pub fn tenant() -> Result<TenantId> {
    Ok(TenantId::new("main")?)
}

/// The key of the chains.
pub const CHAIN_KEY: [u8; 32] = [7; 32];

pub fn chain_key() -> ChainKey {
    ChainKey::new(1, CHAIN_KEY)
}

/// A program of the repository. Its zone is UTC here: only dates of the activity's own offset are used.
pub fn program(name: &str) -> Result<Program> {
    let draft = fs::read(in_repository(&format!("tests/programs/{name}.json")))?;
    let utc = |name: &str| Some(Zone { name: name.to_owned(), ..Zone::utc() });
    Program::from_draft(&draft, utc).map_err(|problems| anyhow!("{problems:?}"))
}

/// An engine over an embedded store in a folder, with the program published.
pub struct Embedded {
    pub store: Arc<EmbeddedStore>,
    pub engine: Engine,
    pub tenant: TenantId,
}

impl Embedded {
    pub fn open(folder: &Path, program: &Program) -> Result<Self> {
        let options = EmbeddedOptions { cache_bytes: 256 << 20, ..EmbeddedOptions::default() };
        let store = Arc::new(EmbeddedStore::open(folder.join("ledger.redb"), options)?);
        let engine = Engine::new(store.clone(), store.clone(), chain_key());
        let tenant = tenant()?;
        if pollster::block_on(engine.versions(&tenant))?.is_empty() {
            pollster::block_on(engine.publish(&tenant, program, now(), now()))?;
        }
        Ok(Self { store, engine, tenant })
    }

    /// Every commit, in the order of recording.
    pub fn commits(&self, mut each: impl FnMut(StoredCommit) -> Result<()>) -> Result<()> {
        let mut after = 0;
        loop {
            let page = pollster::block_on(self.store.after(after, 1_000))?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            page.into_iter().try_for_each(|(_, commit)| each(commit))?;
        }
    }

    /// [`kept`] of what the store holds.
    pub fn kept(&self) -> Result<String> {
        self.kept_of("")
    }

    /// [`kept`] of what the store holds under keys that begin like this.
    pub fn kept_of(&self, begin: &str) -> Result<String> {
        let mut rows = Vec::new();
        self.commits(|stored| {
            let commit = stored.commit()?;
            let member = commit.head.member;
            let keys = commit.operations.into_iter().map(|operation| operation.key);
            rows.extend(keys.filter(|key| key.as_str().starts_with(begin)).map(|key| (member.clone(), key)));
            Ok(())
        })?;
        Ok(kept(rows.iter().map(|(member, key)| (member.as_str(), key.as_str()))))
    }
}

/// A command that records an activity.
pub fn record(of: &loyalty_core::activity::MemberActivity) -> Command {
    Command::Record(Arc::new(of.activity.clone()))
}
