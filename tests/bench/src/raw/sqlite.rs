//! SQLite: three tables of one file, write-ahead log, `synchronous = FULL`, prepared statements.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, params};

use super::{Raw, Record, same_counts};

// What is looked up by a composed key needs no row number of its own.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS commits (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS chain (place BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS keys (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
";

/// Opens a file with a write-ahead log that is synced at every commit.
pub fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // In KiB where negative: everything stays in memory, so that nothing is read back while writing.
    connection.pragma_update(None, "cache_size", -262_144)?;
    Ok(connection)
}

/// A SQLite file.
pub struct Sqlite(Connection);

impl Raw for Sqlite {
    fn open(folder: &Path) -> Result<Self> {
        let connection = open(&folder.join("raw.sqlite"))?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    fn write(&mut self, first: u64, records: &[Record]) -> Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut commits = transaction.prepare_cached("INSERT INTO commits VALUES (?1, ?2)")?;
            let mut chain = transaction.prepare_cached("INSERT INTO chain VALUES (?1, ?2)")?;
            let mut keys = transaction.prepare_cached("INSERT INTO keys VALUES (?1, ?2)")?;
            for (number, record) in (first..).zip(records) {
                let number = i64::try_from(number)?;
                commits.execute(params![number, record.bytes])?;
                chain.execute(params![record.chain(), number])?;
                keys.execute(params![record.unique(), number])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let count = |table: &str| -> Result<u64> {
            let count: i64 =
                self.0.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
            Ok(count.try_into()?)
        };
        same_counts(count("commits")?, count("chain")?, count("keys")?)?;
        let mut found = self.0.prepare("SELECT key FROM keys JOIN commits USING (number)")?;
        let keys = found.query_map([], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
        same_counts(count("commits")?, keys.len() as u64, count("keys")?)?;
        Ok(keys)
    }
}
