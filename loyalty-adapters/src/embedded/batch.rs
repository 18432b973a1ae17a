//! One durable transaction: everything that came in while the one before was on its way to the disk.

use std::ops::Bound;

use loyalty_core::ports::{Appended, StoreError};
use redb::{CursorError, CursorMut, Database, ReadableTable, Table, WriteTransaction};

use super::errors::failed;
use super::facts::{self, PreparedFacts};
use super::programs::PreparedVersion;
use super::rows::{Prepared, RowValue};
use super::tables::{Bytes, COMMITS, INDEX, PROGRAMS, REVIEWS};

/// Something to be written.
#[derive(Debug)]
pub(super) enum Work {
    Append(Vec<Prepared>),
    Publish(PreparedVersion),
    Facts(PreparedFacts),
}

impl Work {
    fn appends(&self) -> &[Prepared] {
        match self {
            Self::Append(appends) => appends,
            Self::Publish(_) | Self::Facts(_) => &[],
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// One answer for each append.
    Appended(Vec<Appended>),
    /// Whether the number was free.
    Published(bool),
    /// What is known of a member is kept.
    Kept,
}

/// Writes a batch durably. Gives an outcome for each piece of work, and the last position taken.
///
/// [`StoreError::Unknown`] comes from the commit alone: any other error left the file as it was.
pub(super) fn write<'w>(
    database: &Database,
    batch: impl Iterator<Item = &'w Work>,
    last: u64,
) -> Result<(Vec<Outcome>, u64), StoreError> {
    let mut transaction = database.begin_write().map_err(failed)?;
    // Opening after a crash then takes milliseconds at any size. It implies two-phase commit.
    transaction.set_quick_repair(true);
    let batch: Vec<_> = batch.collect();
    let written = apply(&transaction, &batch, last).map_err(failed)?;
    transaction.commit().map_err(|error| StoreError::Unknown(error.to_string()))?;
    Ok(written)
}

/// Appends to a file that is being made, in the order given; gives the answers, and the last position taken.
pub(super) fn append_in_order(
    database: &Database,
    appends: &[Prepared],
    last: u64,
) -> Result<(Vec<Appended>, u64), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    let appends: Vec<_> = appends.iter().collect();
    let done = in_ledger(&transaction, &appends, last, |ledger, appends| ledger.append(appends))?;
    transaction.commit()?;
    Ok(done)
}

/// Appends in one of the ways of a [`Ledger`], and keeps the index of members under review.
fn in_ledger(
    transaction: &WriteTransaction,
    appends: &[&Prepared],
    last: u64,
    append: impl FnOnce(&mut Ledger<'_>, &[&Prepared]) -> Result<Vec<Appended>, redb::Error>,
) -> Result<(Vec<Appended>, u64), redb::Error> {
    let mut commits = transaction.open_table(COMMITS)?;
    let tail = commits.upper_bound_mut(Bound::<u64>::Unbounded)?;
    let mut ledger = Ledger { index: transaction.open_table(INDEX)?, tail, last };
    let answers = append(&mut ledger, appends)?;
    ledger.tail.close()?;
    note_reviews(transaction, appends, &answers)?;
    Ok((answers, ledger.last))
}

fn apply(
    transaction: &WriteTransaction,
    batch: &[&Work],
    last: u64,
) -> Result<(Vec<Outcome>, u64), redb::Error> {
    let appends: Vec<&Prepared> = batch.iter().flat_map(|work| work.appends()).collect();
    let (answers, last) =
        in_ledger(transaction, &appends, last, |ledger, appends| ledger.append_all(appends))?;
    let mut answers = answers.into_iter();
    let outcomes = batch
        .iter()
        .map(|work| match work {
            Work::Append(appends) => Ok(Outcome::Appended(answers.by_ref().take(appends.len()).collect())),
            Work::Publish(version) => publish(transaction, version).map(Outcome::Published),
            Work::Facts(facts) => facts::keep(transaction, facts).map(|()| Outcome::Kept),
        })
        .collect::<Result<_, _>>()?;
    Ok((outcomes, last))
}

/// Keeps the index of members under review with what was appended.
fn note_reviews(
    transaction: &WriteTransaction,
    appends: &[&Prepared],
    answers: &[Appended],
) -> Result<(), redb::Error> {
    let done = appends.iter().zip(answers).filter(|(_, answer)| **answer == Appended::Done);
    for (append, _) in done {
        let Some(open) = append.reviews else { continue };
        let mut reviews = transaction.open_table(REVIEWS)?;
        if open {
            reviews.insert(append.member(), ())?;
        } else {
            reviews.remove(append.member())?;
        }
    }
    Ok(())
}

fn publish(transaction: &WriteTransaction, version: &PreparedVersion) -> Result<bool, redb::Error> {
    let mut programs = transaction.open_table(PROGRAMS)?;
    let free = programs.get(version.key.as_slice())?.is_none();
    if free {
        programs.insert(version.key.as_slice(), version.value.as_slice())?;
    }
    Ok(free)
}

struct Ledger<'t> {
    index: Table<'t, Bytes, Bytes>,
    /// After the newest commit.
    tail: CursorMut<'t, u64, Bytes>,
    last: u64,
}

/// Appends whose rows went in, and what stopped the one after them.
struct Run {
    done: usize,
    refused: Option<Refused>,
}

struct Refused {
    /// Rows of it that had gone in.
    rows: usize,
    why: Appended,
}

impl Ledger<'_> {
    /// Appends what came from many callers, and answers in the order given.
    ///
    /// It goes in ascending by member, those of one member as they came: neighbours then share the work on a leaf
    /// of the tree, which is most of what a small append costs.
    fn append_all(&mut self, appends: &[&Prepared]) -> Result<Vec<Appended>, redb::Error> {
        let mut order: Vec<usize> = (0..appends.len()).collect();
        order.sort_by_key(|&place| appends[place].member());
        let ascending: Vec<_> = order.iter().map(|&place| appends[place]).collect();
        let mut answers = vec![Appended::Done; appends.len()];
        for (place, answer) in order.into_iter().zip(self.append(&ascending)?) {
            answers[place] = answer;
        }
        Ok(answers)
    }

    fn append(&mut self, appends: &[&Prepared]) -> Result<Vec<Appended>, redb::Error> {
        let mut answers = Vec::with_capacity(appends.len());
        let mut rest = appends;
        while !rest.is_empty() {
            let Run { done, refused } = insert_run(&mut self.index, rest, self.last)?;
            let (run, after) = rest.split_at(done);
            for append in run {
                self.last += 1;
                self.tail.insert_before(self.last, append.commit.bytes())?;
                answers.push(Appended::Done);
            }
            rest = after;
            if let (Some(refused), Some((append, after))) = (refused, after.split_first()) {
                for key in append.keys().take(refused.rows) {
                    self.index.remove(key)?;
                }
                answers.push(refused.why);
                rest = after;
            }
        }
        Ok(answers)
    }
}

/// Inserts the rows of appends in their order, up to the first that may not go in.
///
/// One cursor serves as long as rows ascend, which is three times as fast as single inserts and checks for
/// free that none is taken; a row out of order costs a search.
fn insert_run(
    index: &mut Table<'_, Bytes, Bytes>,
    appends: &[&Prepared],
    last: u64,
) -> Result<Run, redb::Error> {
    let first =
        appends.first().and_then(|append| append.keys().next()).map_or(Bound::Unbounded, Bound::Included);
    let mut cursor = index.lower_bound_mut(first)?;
    let mut position = last;
    for (done, append) in appends.iter().enumerate() {
        position += 1;
        let value = RowValue::new(position, append.recorded_at);
        for (rows, key) in append.keys().enumerate() {
            let value = if rows == 0 { value.of_chain() } else { value.of_key() };
            if !insert(&mut cursor, key, value)? {
                cursor.close()?;
                cursor = index.lower_bound_mut(Bound::Included(key))?;
                if !insert(&mut cursor, key, value)? {
                    let why = if rows == 0 { Appended::SequenceTaken } else { Appended::KeyTaken };
                    return Ok(Run { done, refused: Some(Refused { rows, why }) });
                }
            }
            // Sequences are inverted, so the commit before comes right after.
            if rows == 0 && !follows(&mut cursor, append)? {
                return Ok(Run { done, refused: Some(Refused { rows: 1, why: Appended::SequenceTaken }) });
            }
        }
    }
    cursor.close()?;
    Ok(Run { done: appends.len(), refused: None })
}

/// Inserts a row where the cursor is; `false` where it does not fit between its neighbours.
fn insert(cursor: &mut CursorMut<'_, Bytes, Bytes>, key: &[u8], value: &[u8]) -> Result<bool, redb::Error> {
    match cursor.insert_before(key, value) {
        Ok(()) => Ok(true),
        Err(CursorError::UnorderedKey) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the chain row just inserted has the one before it.
fn follows(cursor: &mut CursorMut<'_, Bytes, Bytes>, append: &Prepared) -> Result<bool, redb::Error> {
    let Some(before) = &append.before else { return Ok(true) };
    Ok(cursor.peek_next()?.is_some_and(|(key, _)| key.value() == before.as_slice()))
}

#[cfg(test)]
mod tests {
    use loyalty_core::conformance::fixture::Chain;
    use redb::backends::InMemoryBackend;

    use super::super::create::make_tables;
    use super::*;

    /// What goes in ascending is answered in the order in which it came, to each who asked.
    #[test]
    fn everybody_gets_the_answers_of_their_own() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        make_tables(&database).unwrap();
        let [mut first, mut second] = ["1", "2"].map(|member| Chain::new("t", member));
        let mut rival = Chain::new("t", "2");
        let ahead = {
            let mut ahead = Chain::new("t", "3");
            ahead.next(&["purchase/1"]);
            ahead.next(&["purchase/2"])
        };
        let lists = [
            vec![second.next(&["purchase/1"]), first.next(&["purchase/1"]), second.next(&["purchase/2"])],
            vec![rival.next(&["purchase/3"]), ahead],
            vec![first.next(&["purchase/1"]), second.next(&["purchase/1", "purchase/4"])],
        ];
        let batch = lists.map(|list| Work::Append(list.into_iter().map(Prepared::new).collect()));
        let (outcomes, last) = write(&database, batch.iter(), 0).unwrap();
        let answers: Vec<_> = outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Outcome::Appended(answers) => answers,
                _ => panic!("nothing was published"),
            })
            .collect();
        use Appended::{Done, KeyTaken, SequenceTaken};
        assert_eq!(answers, [vec![Done, Done, Done], vec![SequenceTaken; 2], vec![KeyTaken, KeyTaken]]);
        assert_eq!(last, 3);
    }
}
