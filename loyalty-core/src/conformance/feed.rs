//! The contract of [`Feed`].

use std::collections::BTreeMap;

use super::fixture::{Chain, done, member, tenant};
use crate::id::TenantId;
use crate::ledger::commit::StoredCommit;
use crate::ports::{Appended, Feed, LedgerStore};

/// What the feed holds of some tenants, read in pages; other tests may share the store.
async fn read<S: Feed>(store: &S, of: &[TenantId], page: usize) -> Vec<(u64, StoredCommit)> {
    let (mut read, mut position) = (Vec::new(), 0);
    loop {
        let found = store.after(position, page).await.expect("a page");
        assert!(found.len() <= page, "{} of {page}", found.len());
        if found.is_empty() {
            return read;
        }
        for (next, commit) in found {
            assert!(next > position, "{next} after {position}");
            position = next;
            if of.contains(&commit.head().expect("a commit").tenant) {
                read.push((next, commit));
            }
        }
    }
}

/// Every commit of every tenant comes once, with those of a chain ascending.
pub async fn every_commit_comes_once_and_chains_ascend<S: Feed + LedgerStore>(store: &S) {
    let names = [("feed-a", "2"), ("feed-a", "10"), ("feed-b", "2"), ("feed-b", "x")];
    let mut chains = names.map(|(of, name)| Chain::new(of, name));
    let mut appended = Vec::new();
    for round in 1..=5 {
        for (n, chain) in chains.iter_mut().enumerate() {
            let currency = if n % 2 == 0 { "points" } else { "miles" };
            let append = chain.earn(currency, 9, &[&format!("purchase/{round}")]);
            appended.push(done(store, append).await);
        }
    }
    for page in [1, 3, 100] {
        let found = read(store, &[tenant("feed-a"), tenant("feed-b")], page).await;
        let mut newest = BTreeMap::new();
        for (_, commit) in &found {
            let head = commit.head().expect("a commit");
            let before = newest.insert((head.tenant, head.member), head.seq);
            assert_eq!(before.unwrap_or(0) + 1, head.seq, "a chain's commits ascend");
        }
        let count = |commits: &mut dyn Iterator<Item = &StoredCommit>| {
            let mut bytes: Vec<_> = commits.map(|commit| commit.bytes().to_vec()).collect();
            bytes.sort();
            bytes
        };
        let all = count(&mut found.iter().map(|(_, commit)| commit));
        assert_eq!(all, count(&mut appended.iter()), "in pages of {page}");
    }
}

/// The newest position is that of the newest commit: what is appended stands after the one before, up to the one after.
pub async fn what_is_appended_stands_behind_the_newest<S: Feed + LedgerStore>(store: &S) {
    let mut chain = Chain::new("feed-newest", "m");
    let before = store.newest().await.expect("a position");
    let commit = done(store, chain.earn("points", 9, &["purchase/1"])).await;
    let after = store.newest().await.expect("a position");
    let found = read(store, &[tenant("feed-newest")], 100).await;
    let position = found.iter().find(|(_, it)| *it == commit).expect("it is there").0;
    assert!(before < position && position <= after, "{before}, {position}, {after}");
}

/// A commit keeps its position, and what comes later comes behind.
pub async fn positions_stay<S: Feed + LedgerStore>(store: &S) {
    let of = [tenant("stay")];
    let (mut one, mut two) = (Chain::new("stay", "1"), Chain::new("stay", "2"));
    let mut before: Vec<(u64, StoredCommit)> = Vec::new();
    for n in 1..=4 {
        done(store, two.next(&[&n.to_string()])).await;
        done(store, one.next(&[&n.to_string()])).await;
        let now = read(store, &of, 3).await;
        assert_eq!(now.len(), before.len() + 2);
        assert_eq!(now[..before.len()], before, "what was given keeps its place");
        before = now;
    }
    let (last, _) = before.pop().expect("a commit");
    let behind = store.after(last, 100).await.expect("a page");
    assert!(behind.iter().all(|(position, _)| *position > last));
}

/// Each member's newest commit comes once: numbers by number, before all others by bytes, in pages.
pub async fn heads_ascend_in_the_order_of_members<S: Feed + LedgerStore>(store: &S) {
    let longest = "y".repeat(128);
    let ascending = [
        "0",
        "00",
        "7",
        "07",
        "007",
        "8",
        "70",
        "99",
        "099",
        "100",
        "18446744073709551616",
        "%",
        "-1",
        "1.0",
        "7a",
        "A",
        "a",
        "a ",
        "a/b",
        "aa",
        "b",
        &longest,
        "ä",
    ];
    for (n, name) in ascending.iter().enumerate().rev() {
        let mut chain = Chain::new("heads", name);
        for round in 0..=n % 3 {
            done(store, chain.next(&[&format!("purchase/{round}")])).await;
        }
    }
    for page in [1, 4, 100] {
        let mut read: Vec<(String, u64)> = Vec::new();
        loop {
            let after = read.last().map(|(name, _)| member(name));
            let heads = store.heads(&tenant("heads"), after.as_ref(), page).await.expect("heads");
            assert!(heads.len() <= page);
            if heads.is_empty() {
                break;
            }
            let heads = heads.iter().map(|commit| commit.head().expect("a commit"));
            read.extend(heads.map(|head| (head.member.to_string(), head.seq)));
        }
        let expected = ascending.iter().zip((1..=3).cycle()).map(|(name, seq)| ((*name).to_owned(), seq));
        assert_eq!(read, expected.collect::<Vec<_>>(), "in pages of {page}");
    }
    // `after` need not be anybody.
    let heads = store.heads(&tenant("heads"), Some(&member("9")), 1).await.expect("heads");
    assert_eq!(heads[0].head().expect("a commit").member, member("70"));
}

/// Heads are those of one tenant, also where tenants' names begin alike.
pub async fn heads_are_of_one_tenant<S: Feed + LedgerStore>(store: &S) {
    let tenants = ["one", "on", "one/x", "onf", "One"];
    for (n, of) in tenants.iter().enumerate() {
        for name in 0..=n {
            done(store, Chain::new(of, &format!("m{name}")).next(&["purchase/1"])).await;
        }
    }
    for (n, of) in tenants.iter().enumerate() {
        let heads = store.heads(&tenant(of), None, 100).await.expect("heads");
        assert_eq!(heads.len(), n + 1, "`{of}`");
        let own = heads.iter().all(|commit| commit.head().expect("a commit").tenant == tenant(of));
        assert!(own, "`{of}`");
    }
    assert_eq!(store.heads(&tenant("o"), None, 100).await, Ok(Vec::new()), "a tenant unknown");
}

/// The members of a page of those under review, in pages of `page`.
async fn reviewed<S: Feed>(store: &S, of: &str, page: usize) -> Vec<(String, u64)> {
    let mut read: Vec<(String, u64)> = Vec::new();
    loop {
        let after = read.last().map(|(name, _)| member(name));
        let heads = store.under_review(&tenant(of), after.as_ref(), page).await.expect("heads");
        assert!(heads.len() <= page);
        if heads.is_empty() {
            return read;
        }
        let heads = heads.iter().map(|commit| commit.head().expect("a commit"));
        read.extend(heads.map(|head| (head.member.to_string(), head.seq)));
    }
}

fn named(names: &[(&str, u64)]) -> Vec<(String, u64)> {
    names.iter().map(|(name, seq)| ((*name).to_owned(), *seq)).collect()
}

/// Members of whom something is under review come with their newest commit, in the order of members, until nothing is.
pub async fn members_under_review_are_found<S: Feed + LedgerStore>(store: &S) {
    let mut chains = ["b", "10", "9", "a", "0"].map(|name| Chain::new("review", name));
    let mut other = Chain::new("review/x", "9");
    for chain in &mut chains {
        done(store, chain.next(&["purchase/0"])).await;
    }
    assert_eq!(reviewed(store, "review", 10).await, []);
    let [b, ten, nine, ..] = &mut chains;
    for chain in [b, ten, nine] {
        done(store, chain.review("purchase/1", true)).await;
    }
    done(store, other.review("purchase/1", true)).await;
    for page in [1, 2, 10] {
        assert_eq!(reviewed(store, "review", page).await, named(&[("9", 2), ("10", 2), ("b", 2)]));
    }
    // What says nothing of it changes nothing; what closes one leaves the others.
    let [b, ten, ..] = &mut chains;
    done(store, b.next(&["purchase/2"])).await;
    done(store, ten.review("purchase/2", false)).await;
    assert_eq!(reviewed(store, "review", 10).await, named(&[("9", 2), ("b", 3)]));
    let [_, ten, ..] = &mut chains;
    done(store, ten.review("purchase/3", true)).await;
    assert_eq!(reviewed(store, "review", 10).await, named(&[("9", 2), ("10", 4), ("b", 3)]));
    assert_eq!(reviewed(store, "review/x", 10).await, named(&[("9", 1)]));
    assert_eq!(reviewed(store, "revie", 10).await, [], "a tenant unknown");
}

/// An append that is not done neither opens nor closes a review.
pub async fn what_is_refused_opens_no_review<S: Feed + LedgerStore>(store: &S) {
    let (mut open, mut closed) = (Chain::new("unopened", "1"), Chain::new("unopened", "2"));
    done(store, open.review("purchase/1", true)).await;
    done(store, closed.next(&["purchase/1"])).await;
    assert_eq!(store.append(open.clone().review("purchase/1", false)).await, Ok(Appended::KeyTaken));
    assert_eq!(store.append(closed.clone().review("purchase/1", true)).await, Ok(Appended::KeyTaken));
    let mut rival = Chain::new("unopened", "2");
    assert_eq!(store.append(rival.review("purchase/9", true)).await, Ok(Appended::SequenceTaken));
    assert_eq!(reviewed(store, "unopened", 10).await, named(&[("1", 1)]));
}
