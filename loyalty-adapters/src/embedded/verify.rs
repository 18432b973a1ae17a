//! Checks that commits, chains and keys agree.

use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::StoreError;

use super::errors::damaged;
use super::snapshot::Snapshot;
use super::tables::{chain_key, key_key, member_prefix};

/// Commits that are checked at every opening: more than one batch of single appends holds.
const NEWEST: u64 = 1_024;
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

/// Checks that every row of the index leads to a commit of its member; gives the number of chain rows.
fn rows(snapshot: &Snapshot) -> Result<u64, StoreError> {
    let mut chained = 0;
    for row in snapshot.every_row()? {
        let (key, commit) = row?;
        let head = commit.head().map_err(|error| damaged(error.to_string()))?;
        let member = member_prefix(&head.tenant, &head.member);
        if key == chain_key(&member, head.seq) {
            chained += 1;
        } else if !key.starts_with(&key_key(&member, "")) {
            return Err(damaged(format!("a row of the index leads to a commit of member `{}`", head.member)));
        }
    }
    Ok(chained)
}
