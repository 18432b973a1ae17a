//! Checks that commits, chains and keys agree.

use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::StoreError;

use super::errors::damaged;
use super::snapshot::Snapshot;
use super::tables::{chain_key, key_key, member_prefix};

/// Commits that are checked at every opening.
const NEWEST: u64 = 64;
/// Commits held in memory at once.
const PAGE: usize = 256;

/// Checks the newest commits: each is whole, and its chain leads to it.
pub(super) fn newest(snapshot: &Snapshot) -> Result<(), StoreError> {
    commits_after(snapshot, snapshot.last()?.saturating_sub(NEWEST)).map(drop)
}

/// Checks every commit and every row of the index; gives the number of commits.
pub(super) fn everything(snapshot: &Snapshot) -> Result<u64, StoreError> {
    let commits = commits_after(snapshot, 0)?;
    let chained = rows(snapshot)?;
    if commits == chained {
        return Ok(commits);
    }
    Err(damaged(format!("{commits} commits, but the chains have {chained}")))
}

/// Checks the commits after a position; gives their number.
fn commits_after(snapshot: &Snapshot, position: u64) -> Result<u64, StoreError> {
    let mut last = position;
    loop {
        let page = snapshot.after(last, PAGE)?;
        if page.is_empty() {
            return Ok(last - position);
        }
        for (position, commit) in &page {
            if *position != last + 1 {
                return Err(damaged(format!("commit {} of the feed is missing", last + 1)));
            }
            last = *position;
            check_chained(snapshot, last, commit)?;
        }
    }
}

/// Checks that a commit is whole, that its chain leads to it, and that the one before is there.
fn check_chained(snapshot: &Snapshot, position: u64, commit: &StoredCommit) -> Result<(), StoreError> {
    let head = commit.head().map_err(|error| damaged(format!("commit {position}: {error}")))?;
    let member = member_prefix(&head.tenant, &head.member);
    if snapshot.position(&chain_key(&member, head.seq))? != Some(position) {
        return Err(damaged(format!("commit {position} is not where its chain says")));
    }
    if head.seq > 1 && snapshot.position(&chain_key(&member, head.seq - 1))?.is_none() {
        return Err(damaged(format!("the commit before commit {position} is missing from its chain")));
    }
    Ok(())
}

/// Checks that every row of the index leads to a commit of its member, and that of members under review is theirs;
/// gives the number of chain rows.
fn rows(snapshot: &Snapshot) -> Result<u64, StoreError> {
    let (mut chained, mut reviewed) = (0, 0);
    let mut newest = Vec::new();
    for row in snapshot.every_row()? {
        let (key, commit) = row?;
        let head = commit.head().map_err(|error| damaged(error.to_string()))?;
        let member = member_prefix(&head.tenant, &head.member);
        if key == chain_key(&member, head.seq) {
            chained += 1;
            // A member's first row is the head.
            if newest != member {
                let is = head.state.is_under_review();
                if is != snapshot.is_under_review(&member)? {
                    return Err(damaged(format!("the index of reviews is wrong about `{}`", head.member)));
                }
                reviewed += u64::from(is);
                newest = member;
            }
        } else if !key.starts_with(&key_key(&member, "")) {
            return Err(damaged(format!("a row of the index leads to a commit of member `{}`", head.member)));
        }
    }
    if reviewed != snapshot.members_under_review()? {
        return Err(damaged("the index of reviews names members that are not there"));
    }
    Ok(chained)
}

#[cfg(test)]
mod tests {
    use loyalty_core::conformance::fixture::Chain;
    use loyalty_core::ports::Append;
    use redb::backends::InMemoryBackend;
    use redb::{Database, Table};

    use super::super::batch::{Work, write};
    use super::super::create::make_tables;
    use super::super::rows::Prepared;
    use super::super::tables::{Bytes, COMMITS, INDEX, REVIEWS};
    use super::*;

    /// Two members with three commits each.
    fn database() -> Database {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        make_tables(&database).unwrap();
        let mut chains = [Chain::new("t", "1"), Chain::new("t", "2")];
        let appends = (1..=3).flat_map(|n| {
            let key = format!("purchase/{n}");
            chains.each_mut().map(|chain| Prepared::new(chain.next(&[&key])))
        });
        write(&database, [Work::Append(appends.collect())].iter(), 0).unwrap();
        database
    }

    fn row(member: &str, seq: u64) -> Vec<u8> {
        let chain = Chain::new("t", member);
        chain_key(&member_prefix(&chain.tenant, &chain.member), seq)
    }

    /// What full verification says after the index was tampered with.
    fn verdict(tamper: impl FnOnce(&mut Table<'_, Bytes, Bytes>)) -> Result<u64, StoreError> {
        let database = database();
        let transaction = database.begin_write().unwrap();
        tamper(&mut transaction.open_table(INDEX).unwrap());
        transaction.commit().unwrap();
        everything(&Snapshot::of(&database).unwrap())
    }

    fn is_damaged(verdict: Result<u64, StoreError>) -> bool {
        matches!(verdict, Err(StoreError::Damaged(_)))
    }

    #[test]
    fn a_whole_store_is_counted() {
        assert_eq!(verdict(|_| ()), Ok(6));
    }

    #[test]
    fn every_disagreement_of_the_index_is_found() {
        // Member 1 has the positions 1 to 3, member 2 those after.
        let [own, of_other] = [3_u64, 4].map(u64::to_be_bytes);
        let key = |member| key_key(&row(member, 1)[..row(member, 1).len() - 9], "purchase/1");
        assert!(is_damaged(verdict(|index| drop(index.remove(row("1", 3).as_slice()).unwrap()))), "no head");
        assert!(is_damaged(verdict(|index| drop(index.remove(row("1", 1).as_slice()).unwrap()))), "no first");
        assert!(
            is_damaged(verdict(|index| drop(
                index.insert(row("1", 2).as_slice(), of_other.as_slice()).unwrap()
            ))),
            "a chain that leads to another member's commit"
        );
        assert!(
            is_damaged(verdict(|index| drop(index.insert(row("1", 4).as_slice(), own.as_slice()).unwrap()))),
            "a row more than there are commits"
        );
        assert!(
            is_damaged(verdict(|index| drop(
                index.insert(key("1").as_slice(), of_other.as_slice()).unwrap()
            ))),
            "a key that leads to another member's commit"
        );
        assert!(
            is_damaged(verdict(|index| drop(index.insert(key("1").as_slice(), [9; 8].as_slice()).unwrap()))),
            "a key that leads nowhere"
        );
    }

    #[test]
    fn every_disagreement_of_the_index_of_reviews_is_found() {
        let verdict = |state_says: bool, index_says: Option<bool>, stranger: bool| {
            let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
            make_tables(&database).unwrap();
            let append = Chain::new("t", "1").review("purchase/1", state_says);
            let append = Prepared::new(Append { reviews: index_says, ..append });
            write(&database, [Work::Append(vec![append])].iter(), 0).unwrap();
            if stranger {
                let transaction = database.begin_write().unwrap();
                transaction.open_table(REVIEWS).unwrap().insert([1].as_slice(), ()).unwrap();
                transaction.commit().unwrap();
            }
            everything(&Snapshot::of(&database).unwrap())
        };
        assert_eq!(verdict(true, Some(true), false), Ok(1));
        assert_eq!(verdict(false, None, false), Ok(1));
        assert!(is_damaged(verdict(true, None, false)), "one is missing");
        assert!(is_damaged(verdict(false, Some(true), false)), "one is too many");
        assert!(is_damaged(verdict(true, Some(true), true)), "one is of nobody");
    }

    #[test]
    fn a_commit_missing_or_unreadable_is_found() {
        for bytes in [None, Some([0; 40].as_slice())] {
            let database = database();
            let transaction = database.begin_write().unwrap();
            let mut commits = transaction.open_table(COMMITS).unwrap();
            match bytes {
                Some(bytes) => drop(commits.insert(4, bytes).unwrap()),
                None => drop(commits.remove(4).unwrap()),
            }
            drop(commits);
            transaction.commit().unwrap();
            let snapshot = Snapshot::of(&database).unwrap();
            assert!(is_damaged(newest(&snapshot).map(|()| 0)), "at every opening");
            assert!(is_damaged(everything(&snapshot)));
        }
    }
}
