//! fjall: three keyspaces of one database, one batch that syncs the journal when it is committed.

use std::path::Path;

use anyhow::{Context, Result};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::{Raw, Record, number, same_counts};

/// A fjall database.
pub struct Fjall {
    database: Database,
    commits: Keyspace,
    chain: Keyspace,
    keys: Keyspace,
}

impl Raw for Fjall {
    fn open(folder: &Path) -> Result<Self> {
        let database = Database::builder(folder.join("fjall")).open()?;
        let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        let (commits, chain, keys) = (keyspace("commits")?, keyspace("chain")?, keyspace("keys")?);
        Ok(Self { database, commits, chain, keys })
    }

    fn write(&mut self, first: u64, records: &[Record]) -> Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (number, record) in (first..).zip(records) {
            let number = number.to_be_bytes();
            batch.insert(&self.commits, number, record.bytes.as_slice());
            batch.insert(&self.chain, record.chain(), number);
            batch.insert(&self.keys, record.unique(), number);
        }
        Ok(batch.commit()?)
    }

    fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let count = |keyspace: &Keyspace| Ok::<_, fjall::Error>(keyspace.len()? as u64);
        same_counts(count(&self.commits)?, count(&self.chain)?, count(&self.keys)?)?;
        let mut found = Vec::new();
        for row in self.keys.iter() {
            let (key, value) = row.into_inner()?;
            let commit = self.commits.get(number(&value)?.to_be_bytes())?;
            commit.context("a key points to no commit")?;
            found.push(key.to_vec());
        }
        Ok(found)
    }
}
