//! Whether an image holds what was acknowledged, and nothing half done.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use loyalty_core::conformance::fixture::{Chain, chain_key, tenant};
use loyalty_core::ledger::chain::BEGINNING;
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::ports::{Append, Appended, Feed, LedgerStore, ProgramStore};

use super::disk::Image;
use super::history::{Batch, History, TENANTS};

/// Opens the image of a cut after `events` events and looks at everything.
pub fn check(history: &History, events: usize, image: Vec<u8>) -> Result<(), String> {
    let look = || pollster::block_on(look(history, events, image));
    catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| Err("a panic".to_owned()))
}

async fn look(history: &History, events: usize, image: Vec<u8>) -> Result<(), String> {
    let store = EmbeddedStore::with_disk(Image::new(image), EmbeddedOptions::default());
    let store = store.map_err(|error| format!("it does not open: {error}"))?;
    let commits = store.verify().map_err(|error| format!("it does not verify: {error}"))?;
    let present = batches_present(&store, &history.batches).await?;
    let acknowledged = history.batches.iter().take_while(|batch| batch.acknowledged_at <= events).count();
    if present < acknowledged {
        return Err(format!("{acknowledged} batches were acknowledged, {present} are there"));
    }
    let (there, missing) = history.batches.split_at(present);
    let appends = || there.iter().flat_map(|batch| &batch.appends);
    if commits != appends().count() as u64 {
        return Err(format!("{commits} commits, and the feed has {}", appends().count()));
    }
    check_chains(&store, appends()).await?;
    for append in missing.iter().flat_map(|batch| &batch.appends) {
        check_keys(&store, append, None).await?;
    }
    check_versions(&store, there).await?;
    check_writable(&store).await
}

/// How many batches the feed holds. Each is there whole or not at all, byte for byte, and batches are in the order
/// in which they were written; within one, members may come in any order.
async fn batches_present(store: &EmbeddedStore, batches: &[Batch]) -> Result<usize, String> {
    let feed = store.after(0, usize::MAX).await.map_err(|error| format!("no feed: {error}"))?;
    let mut rest = feed.iter().map(|(_, commit)| commit).peekable();
    for (present, batch) in batches.iter().enumerate() {
        if rest.peek().is_none() {
            return Ok(present);
        }
        let mut found: Vec<_> = rest.by_ref().take(batch.appends.len()).map(StoredCommit::bytes).collect();
        if found.len() < batch.appends.len() {
            return Err(format!("batch {present} is there by half"));
        }
        let mut written: Vec<_> = batch.appends.iter().map(|append| append.commit.bytes()).collect();
        found.sort_unstable();
        written.sort_unstable();
        if found != written {
            return Err(format!("batch {present} has a commit that nobody wrote there"));
        }
    }
    if rest.next().is_some() { Err("more than was written".to_owned()) } else { Ok(batches.len()) }
}

/// Chains have no gap, hash link and hashes are right, and every key leads to its commit.
async fn check_chains(store: &EmbeddedStore, appends: impl Iterator<Item = &Append>) -> Result<(), String> {
    let mut newest: BTreeMap<_, (u64, _, StoredCommit)> = BTreeMap::new();
    for append in appends {
        let commit = append.commit.commit().map_err(|error| error.to_string())?;
        append.commit.check_hash(&chain_key()).map_err(|error| error.to_string())?;
        let chain = (append.tenant.clone(), append.member.clone());
        let (seq, hash) = newest.get(&chain).map_or((0, BEGINNING), |(seq, hash, _)| (*seq, *hash));
        if commit.head.seq != seq + 1 || commit.head.previous != hash {
            return Err(format!("the chain of `{}` breaks at {}", append.member, commit.head.seq));
        }
        newest.insert(chain, (commit.head.seq, commit.head.hash, append.commit.clone()));
        check_keys(store, append, Some(&append.commit)).await?;
    }
    for ((of, member), (seq, _, commit)) in newest {
        let head = store.head(&of, &member).await.map_err(|error| error.to_string())?;
        let all = store.range(&of, &member, u64::MAX, usize::MAX).await.map_err(|error| error.to_string())?;
        if head.as_ref() != Some(&commit) || all.len() as u64 != seq {
            return Err(format!("the chain of `{member}` has {} commits, not {seq}", all.len()));
        }
    }
    Ok(())
}

async fn check_keys(
    store: &EmbeddedStore,
    append: &Append,
    expected: Option<&StoredCommit>,
) -> Result<(), String> {
    for key in &append.keys {
        let found = store.by_key(&append.tenant, &append.member, key).await;
        if found.as_ref().map(Option::as_ref) != Ok(expected) {
            return Err(format!("key `{key}` leads to {found:?}"));
        }
    }
    Ok(())
}

async fn check_versions(store: &EmbeddedStore, there: &[Batch]) -> Result<(), String> {
    for of in TENANTS {
        let versions = there.iter().flat_map(|batch| &batch.versions);
        let expected: Vec<_> =
            versions.filter(|(by, _)| *by == of).map(|(_, version)| version.clone()).collect();
        if store.versions(&tenant(of)).await != Ok(expected) {
            return Err(format!("the versions of `{of}` are not those of the commits beside them"));
        }
    }
    Ok(())
}

async fn check_writable(store: &EmbeddedStore) -> Result<(), String> {
    match store.append(Chain::new("after", "m").next(&["purchase/1"])).await {
        Ok(Appended::Done) => Ok(()),
        other => Err(format!("it takes nothing more: {other:?}")),
    }
}
