//! What processes before this one have left undone between the chains of members: it is looked for in the feed when the
//! server starts, and finished.
//!
//! A file keeps the position up to which the feed was looked through, so that each start reads only what was recorded since
//! the one before it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use loyalty_adapters::embedded::EmbeddedStore;
use loyalty_core::engine::Engine;
use loyalty_core::ports::Feed;

use crate::clock::{Clocks, replace};
use crate::data_dir::DataDir;

/// Referrals and transfers that may not be finished.
#[derive(Debug)]
pub struct Unfinished {
    engine: Engine,
    feed: Arc<EmbeddedStore>,
    clocks: Clocks,
    file: PathBuf,
}

impl Unfinished {
    /// Those of a data folder.
    pub fn of(data: &DataDir, clocks: Clocks) -> Self {
        let (engine, feed, file) =
            (data.engine.clone(), Arc::clone(&data.store), data.file("finished.position"));
        Self { engine, feed, clocks, file }
    }

    /// Finishes all that was recorded so far. What cannot be finished now is tried at the next start.
    pub async fn finish(self) {
        if let Err(error) = self.finish_all().await {
            tracing::error!(error.message = %format!("{error:#}"), "what was left undone is not all finished");
        }
    }

    async fn finish_all(&self) -> Result<()> {
        let mut position = self.position()?;
        let newest = self.feed.newest().await?;
        while position < newest {
            let clock = |tenant: &_| self.clocks.now(tenant);
            let next = self.engine.finish_after(&*self.feed, position, &clock).await?;
            let Some(next) = next else { break };
            position = next;
            tokio::task::yield_now().await;
        }
        replace(&self.file, position.to_string().as_bytes())
            .with_context(|| format!("cannot write {}", self.file.display()))
    }

    fn position(&self) -> Result<u64> {
        let file = self.file.display();
        match fs::read_to_string(&self.file) {
            Ok(text) => text.trim().parse().with_context(|| format!("{file} must hold a number: remove it")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error).with_context(|| format!("cannot read {file}")),
        }
    }
}
