//! Copies of the file: a backup of what is durable, and the file made anew from its commits.

use std::cmp::Ordering;
use std::ops::Bound;
use std::path::Path;

use loyalty_core::ports::{Append, Appended, StoreError};
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError, Value,
    WriteTransaction,
};

use super::batch::append_in_order;
use super::create::{create, make_tables};
use super::errors::{OpenError, damaged, failed};
use super::rows::Prepared;
use super::snapshot::Snapshot;
use super::tables::{COMMITS, FACTS, INDEX, PROGRAMS, REVIEWS};
use super::{EmbeddedOptions, EmbeddedStore, builder};

/// Commits that are appended anew in one transaction.
const PAGE: usize = 256;

/// A table made anew beside the one that the file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// How many rows the file has otherwise, has too many, or has not.
    pub different: u64,
}

impl EmbeddedStore {
    /// Copies everything that is durable now into a new file, while others go on reading and writing; gives the number of
    /// commits. The copy is whole or not there, and opens like any other store.
    ///
    /// [`OpenError::Exists`] where there is a file already.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<u64, OpenError> {
        let (to, name) = (to.as_ref(), to.as_ref().display().to_string());
        self.copy_to(to, &name, |database| {
            let failed = |error| OpenError::of(&name, error);
            let from = self.database.begin_read().map_err(|error| OpenError::of(&self.name, error))?;
            copy_all(&from, database).map_err(failed)
        })
    }

    /// Makes the file anew from its commits: index and reviews come from them alone, programs and what is known of
    /// members are copied. Tells for each table how far the file differs.
    ///
    /// [`OpenError::Exists`] where there is a file already, [`OpenError::Damaged`] where a commit cannot be appended again.
    pub fn rebuild(&self, to: impl AsRef<Path>) -> Result<Vec<Rebuilt>, OpenError> {
        let (to, name) = (to.as_ref(), to.as_ref().display().to_string());
        self.copy_to(to, &name, |database| {
            let failed = |error| OpenError::of(&name, error);
            make_tables(database).map_err(failed)?;
            // One view of all, whoever goes on writing.
            let from = self.database.begin_read().map_err(|error| OpenError::of(&self.name, error))?;
            let again = Snapshot::within(&from).and_then(|snapshot| append_again(&snapshot, database));
            again.map_err(|error| OpenError::store(&self.name, error))?;
            complete(&from, database).map_err(failed)
        })
    }

    fn copy_to<T>(
        &self,
        to: &Path,
        name: &str,
        fill: impl FnOnce(&Database) -> Result<T, OpenError>,
    ) -> Result<T, OpenError> {
        self.check_open().map_err(|error| OpenError::store(&self.name, error))?;
        let exists = || OpenError::Exists(name.to_owned());
        if to.exists() {
            return Err(exists());
        }
        create(to, name, &builder(EmbeddedOptions::default()), fill)?.ok_or_else(exists)
    }
}

fn copy_all(from: &ReadTransaction, database: &Database) -> Result<u64, redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    copy(from, &transaction, INDEX)?;
    copy(from, &transaction, REVIEWS)?;
    let commits = copy(from, &transaction, COMMITS)?;
    copy_given(from, &transaction)?;
    transaction.commit()?;
    Ok(commits)
}

/// Copies what does not follow from commits.
fn copy_given(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), redb::Error> {
    copy(from, to, PROGRAMS)?;
    copy(from, to, FACTS)?;
    Ok(())
}

/// Makes what does not follow from commits part of a file made anew, and compares the rest.
fn complete(from: &ReadTransaction, database: &Database) -> Result<Vec<Rebuilt>, redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    copy_given(from, &transaction)?;
    transaction.commit()?;
    compare_all(from, database)
}

/// Copies a table that is empty yet; gives the number of rows. One that the file does not have stays away.
fn copy<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<u64, redb::Error> {
    let rows = match from.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(0),
        opened => opened?,
    };
    let mut copy = to.open_table(table)?;
    let mut tail = copy.upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded)?;
    let mut copied = 0;
    for row in rows.iter()? {
        let (key, value) = row?;
        tail.insert_before(key.value(), value.value())?;
        copied += 1;
    }
    tail.close()?;
    Ok(copied)
}

/// Appends every commit in the order of the feed.
fn append_again(snapshot: &Snapshot, database: &Database) -> Result<(), StoreError> {
    let mut last = 0;
    loop {
        let page = snapshot.after(last, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        let mut appends = Vec::with_capacity(page.len());
        for (position, commit) in page {
            let append = Append::again(commit);
            appends
                .push(Prepared::new(append.map_err(|error| damaged(format!("commit {position}: {error}")))?));
        }
        let (answers, newest) = append_in_order(database, &appends, last).map_err(failed)?;
        if answers.iter().any(|answer| *answer != Appended::Done) {
            return Err(damaged(format!("a commit after position {last} cannot be appended again")));
        }
        last = newest;
    }
}

fn compare_all(kept: &ReadTransaction, rebuilt: &Database) -> Result<Vec<Rebuilt>, redb::Error> {
    let rebuilt = rebuilt.begin_read()?;
    Ok(vec![
        compare(kept, &rebuilt, ("commits", COMMITS))?,
        compare(kept, &rebuilt, ("index", INDEX))?,
        compare(kept, &rebuilt, ("reviews", REVIEWS))?,
    ])
}

/// Walks a table and the one made anew side by side.
fn compare<K: Key + 'static, V: Value + 'static>(
    kept: &ReadTransaction,
    rebuilt: &ReadTransaction,
    (name, table): (&'static str, TableDefinition<'static, K, V>),
) -> Result<Rebuilt, redb::Error> {
    let [mut kept, mut anew] = [rows_of(kept, table)?, rows_of(rebuilt, table)?];
    let (mut rows, mut different) = (0, 0);
    let [mut one, mut other] = [kept.next().transpose()?, anew.next().transpose()?];
    while one.is_some() || other.is_some() {
        let order = match (&one, &other) {
            (Some((one, _)), Some((other, _))) => K::compare(one, other),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        different += u64::from(order.is_ne() || one != other);
        rows += u64::from(order.is_ge());
        if order.is_le() {
            one = kept.next().transpose()?;
        }
        if order.is_ge() {
            other = anew.next().transpose()?;
        }
    }
    Ok(Rebuilt { table: name, rows, different })
}

/// The bytes of a key and of its value.
type Row = Result<(Vec<u8>, Vec<u8>), redb::Error>;

/// The rows of a table, ascending; none of one that is not there.
fn rows_of<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<Box<dyn Iterator<Item = Row>>, redb::Error> {
    let rows = match from.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(Box::new(std::iter::empty())),
        opened => opened?.range::<K::SelfType<'_>>(..)?,
    };
    Ok(Box::new(rows.map(|row| {
        let (key, value) = row?;
        let (key, value) = (key.value(), value.value());
        Ok((K::as_bytes(&key).as_ref().to_vec(), V::as_bytes(&value).as_ref().to_vec()))
    })))
}

#[cfg(test)]
mod tests {
    use loyalty_core::conformance::fixture::Chain;
    use redb::backends::InMemoryBackend;

    use super::super::tables::Bytes;
    use super::*;

    fn empty() -> Database {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        make_tables(&database).unwrap();
        database
    }

    /// How far a file differs from the one made anew, after somebody changed it.
    fn differences(change: impl FnOnce(&WriteTransaction)) -> Vec<u64> {
        let [kept, anew] = [empty(), empty()];
        let [mut first, mut second] = ["1", "2"].map(|member| Chain::new("t", member));
        let appends = [
            second.next(&["purchase/1"]),
            first.next(&["purchase/1"]),
            second.review("purchase/2", true),
            second.next(&["event/a/3"]),
        ];
        append_in_order(&kept, &appends.map(Prepared::new), 0).unwrap();
        let transaction = kept.begin_write().unwrap();
        change(&transaction);
        transaction.commit().unwrap();
        append_again(&Snapshot::of(&kept).unwrap(), &anew).unwrap();
        let compared = compare_all(&kept.begin_read().unwrap(), &anew).unwrap();
        compared.into_iter().map(|table| table.different).collect()
    }

    #[test]
    fn what_follows_from_commits_is_the_same() {
        assert_eq!(differences(|_| ()), [0, 0, 0]);
    }

    #[test]
    fn rows_that_are_missing_too_many_or_otherwise_are_counted() {
        let index = |change: &dyn Fn(&mut redb::Table<'_, Bytes, Bytes>)| {
            differences(|transaction| change(&mut transaction.open_table(INDEX).unwrap()))
        };
        assert_eq!(index(&|index| drop(index.pop_last().unwrap())), [0, 1, 0]);
        assert_eq!(index(&|index| drop(index.insert([0].as_slice(), [1].as_slice()).unwrap())), [0, 1, 0]);
        let otherwise = index(&|index| {
            let (first, _) =
                index.first().unwrap().map(|(key, value)| (key.value().to_vec(), value)).unwrap();
            drop(index.insert(first.as_slice(), [7; 16].as_slice()).unwrap());
        });
        assert_eq!(otherwise, [0, 1, 0]);
        let reviews =
            differences(|transaction| drop(transaction.open_table(REVIEWS).unwrap().pop_first().unwrap()));
        assert_eq!(reviews, [0, 0, 1]);
    }

    #[test]
    fn a_commit_that_is_no_commit_cannot_be_appended_again() {
        let [kept, anew] = [empty(), empty()];
        let commit = Prepared::new(Chain::new("t", "m").next(&["purchase/1"]));
        append_in_order(&kept, &[commit], 0).unwrap();
        let transaction = kept.begin_write().unwrap();
        transaction.open_table(COMMITS).unwrap().insert(1, [1, 2, 3].as_slice()).unwrap();
        transaction.commit().unwrap();
        let refused = append_again(&Snapshot::of(&kept).unwrap(), &anew).unwrap_err();
        assert!(matches!(refused, StoreError::Damaged(text) if text.starts_with("commit 1:")));
    }
}
