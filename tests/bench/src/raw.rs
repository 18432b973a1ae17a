//! Group commit over bare stores: the same three rows an earn as the embedded store keeps, and nothing else.
//!
//! One writer thread takes what has queued up, writes it in one durable transaction and answers all. No
//! store is asked whether a key is taken, nothing is decided or hashed: this is what the store itself costs.

pub mod fjall;
pub mod redb;
pub mod sqlite;

use std::path::Path;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, ensure};
use tokio::sync::{mpsc, oneshot};

/// The most records of one transaction.
const MOST_IN_ONE: usize = 512;
/// The most records that wait.
const QUEUE: usize = 1_024;

/// One earn as stored: a commit, its place in the member's chain, and its key.
#[derive(Clone)]
pub struct Record {
    pub member: String,
    pub seq: u64,
    pub key: String,
    pub bytes: Vec<u8>,
}

impl Record {
    /// The key of the row `chain`.
    fn chain(&self) -> Vec<u8> {
        [b"main\0", self.member.as_bytes(), b"\0", &self.seq.to_be_bytes()].concat()
    }

    /// The key of the row `keys`.
    fn unique(&self) -> Vec<u8> {
        unique(&self.member, &self.key)
    }
}

fn unique(member: &str, key: &str) -> Vec<u8> {
    [b"main\0", member.as_bytes(), b"\0", key.as_bytes()].concat()
}

/// A bare store.
pub trait Raw: Sized + Send + 'static {
    /// Opens what is in `folder`, or begins there.
    fn open(folder: &Path) -> Result<Self>;

    /// Writes the three rows of each record in one transaction that is durable when this returns; `first`
    /// numbers the first of them.
    fn write(&mut self, first: u64, records: &[Record]) -> Result<()>;

    /// The keys of all rows `keys` whose commit and whose place in the chain are there.
    fn keys(&self) -> Result<Vec<Vec<u8>>>;
}

struct Ask {
    record: Record,
    answer: oneshot::Sender<()>,
}

/// The writer of a bare store.
pub struct GroupCommit {
    queue: mpsc::Sender<Ask>,
    writer: JoinHandle<Result<()>>,
}

impl GroupCommit {
    pub fn over(store: impl Raw) -> Self {
        let (queue, asked) = mpsc::channel(QUEUE);
        Self { queue, writer: thread::spawn(move || write(store, asked)) }
    }

    /// Returns when the record is durable.
    pub async fn append(&self, record: Record) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Ask { record, answer }).await.map_err(|_| anyhow!("the writer has ended"))?;
        answered.await.context("the writer has ended without an answer")
    }

    /// Ends the writer and closes its store.
    pub fn close(self) -> Result<()> {
        drop(self.queue);
        self.writer.join().map_err(|_| anyhow!("the writer panicked"))?
    }
}

fn write(mut store: impl Raw, mut asked: mpsc::Receiver<Ask>) -> Result<()> {
    let mut first = 1;
    let mut asks = Vec::with_capacity(MOST_IN_ONE);
    while asked.blocking_recv_many(&mut asks, MOST_IN_ONE) > 0 {
        let (records, answers): (Vec<_>, Vec<_>) = asks.drain(..).map(|ask| (ask.record, ask.answer)).unzip();
        store.write(first, &records)?;
        first += records.len() as u64;
        for answer in answers {
            // Who no longer waits needs no answer.
            let _ = answer.send(());
        }
    }
    Ok(())
}

/// What a store keeps, in a form that stores of any kind can be compared by: how many activities, and the sum
/// of the hashes of their members and keys.
pub fn kept<'a>(keys: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    digest(keys.into_iter().map(|(member, key)| unique(member, key)))
}

/// [`kept`] of a bare store, opened anew.
pub fn kept_in<S: Raw>(folder: &Path) -> Result<String> {
    Ok(digest(S::open(folder)?.keys()?))
}

fn digest(keys: impl IntoIterator<Item = Vec<u8>>) -> String {
    let (mut count, mut sum) = (0_u64, 0_u64);
    for key in keys {
        let hash = blake3::hash(&key);
        count += 1;
        sum = hash.as_bytes().first_chunk().map_or(sum, |head| sum.wrapping_add(u64::from_le_bytes(*head)));
    }
    format!("{count} kept, {sum:016x}")
}

/// The number that a row points to.
fn number(bytes: &[u8]) -> Result<u64> {
    let bytes = bytes.try_into().ok().context("a row does not hold a number")?;
    Ok(u64::from_be_bytes(bytes))
}

/// The number of rows in the three tables has to be one and the same.
fn same_counts(commits: u64, chain: u64, keys: u64) -> Result<()> {
    ensure!(
        commits == chain && chain == keys,
        "{commits} commits, {chain} places and {keys} keys do not belong together"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(member: &str, seq: u64, key: &str) -> Record {
        Record { member: member.to_owned(), seq, key: key.to_owned(), bytes: vec![7; 700] }
    }

    fn keeps_every_row<S: Raw>() {
        let folder = tempfile::tempdir().unwrap();
        let store = GroupCommit::over(S::open(folder.path()).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let records =
            [record("a", 1, "purchase/1"), record("a", 2, "purchase/2"), record("b", 1, "purchase/1")];
        for record in records {
            runtime.block_on(store.append(record)).unwrap();
        }
        store.close().unwrap();
        let same = [("b", "purchase/1"), ("a", "purchase/2"), ("a", "purchase/1")];
        assert_eq!(kept_in::<S>(folder.path()).unwrap(), kept(same));
        let other = [("b", "purchase/2"), ("a", "purchase/2"), ("a", "purchase/1")];
        assert_ne!(kept_in::<S>(folder.path()).unwrap(), kept(other));
    }

    #[test]
    fn redb_keeps_every_row() {
        keeps_every_row::<redb::Redb<false>>();
        keeps_every_row::<redb::Redb<true>>();
    }

    #[test]
    fn fjall_keeps_every_row() {
        keeps_every_row::<fjall::Fjall>();
    }

    #[test]
    fn sqlite_keeps_every_row() {
        keeps_every_row::<sqlite::Sqlite>();
    }
}
