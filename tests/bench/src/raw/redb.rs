//! redb: three tables of one file, one write transaction with immediate durability, which is its default.

use std::path::Path;

use anyhow::{Context, Result};
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use super::{Raw, Record, same_counts};

const COMMITS: TableDefinition<u64, &[u8]> = TableDefinition::new("commits");
const CHAIN: TableDefinition<&[u8], u64> = TableDefinition::new("chain");
const KEYS: TableDefinition<&[u8], u64> = TableDefinition::new("keys");

/// A redb file, with quick repair or without.
pub struct Redb<const QUICK_REPAIR: bool>(Database);

impl<const QUICK_REPAIR: bool> Raw for Redb<QUICK_REPAIR> {
    fn open(folder: &Path) -> Result<Self> {
        Ok(Self(Database::create(folder.join("raw.redb"))?))
    }

    fn write(&mut self, first: u64, records: &[Record]) -> Result<()> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_quick_repair(QUICK_REPAIR);
        {
            let mut commits = transaction.open_table(COMMITS)?;
            let mut chain = transaction.open_table(CHAIN)?;
            let mut keys = transaction.open_table(KEYS)?;
            for (number, record) in (first..).zip(records) {
                commits.insert(number, record.bytes.as_slice())?;
                chain.insert(record.chain().as_slice(), number)?;
                keys.insert(record.unique().as_slice(), number)?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let transaction = self.0.begin_read()?;
        let (commits, chain) = (transaction.open_table(COMMITS)?, transaction.open_table(CHAIN)?);
        let keys = transaction.open_table(KEYS)?;
        same_counts(commits.len()?, chain.len()?, keys.len()?)?;
        let mut found = Vec::new();
        for row in keys.iter()? {
            let (key, number) = row?;
            commits.get(number.value())?.context("a key points to no commit")?;
            found.push(key.value().to_vec());
        }
        Ok(found)
    }
}
