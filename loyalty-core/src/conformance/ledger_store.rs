//! The contract of [`LedgerStore`].

use super::fixture::{Chain, at_once, done, key, member, purchase, tenant};
use crate::id::AuthorId;
use crate::ledger::commit::StoredCommit;
use crate::ports::{Append, Appended, LedgerStore};
use crate::time::Timestamp;

/// How many writers race.
const RACERS: u64 = 64;
/// The longest name of a tenant, member or activity, in bytes.
const LONGEST: usize = 128;

async fn head<S: LedgerStore>(store: &S, chain: &Chain) -> Option<StoredCommit> {
    store.head(&chain.tenant, &chain.member).await.expect("a head")
}

async fn by_key<S: LedgerStore>(store: &S, chain: &Chain, text: &str) -> Option<StoredCommit> {
    store.by_key(&chain.tenant, &chain.member, &key(text)).await.expect("a key")
}

async fn range<S: LedgerStore>(store: &S, chain: &Chain, before: u64, limit: usize) -> Vec<StoredCommit> {
    store.range(&chain.tenant, &chain.member, before, limit).await.expect("a range")
}

/// One member's name at two tenants, with points and miles: each chain gives back its own bytes and balances.
pub async fn tenants_and_currencies_are_kept_apart<S: LedgerStore>(store: &S) {
    let mut north = Chain::new("apart-north", "7");
    let mut south = Chain::new("apart-south", "7");
    assert_eq!(head(store, &north).await, None, "a member unknown");
    done(store, north.earn("points", 20, &["purchase/1"])).await;
    done(store, south.earn("points", 3, &["purchase/1"])).await;
    let north_head = done(store, north.earn("miles", 500, &["purchase/2"])).await;
    let south_head = done(store, south.earn("miles", 70, &["purchase/2"])).await;
    for (chain, newest, points, miles) in [(&north, north_head, 20, 500), (&south, south_head, 3, 70)] {
        let found = head(store, chain).await.expect("a head");
        assert_eq!(found.bytes(), newest.bytes());
        let state = found.head().expect("a commit").state;
        for (currency, expected) in [("points", points), ("miles", miles)] {
            let balance = state.balance(&AuthorId::new(currency).expect("a currency")).expect("a balance");
            assert_eq!(balance.available().expect("a sum").minor(), expected, "{currency}");
        }
    }
    assert_eq!(head(store, &Chain::new("apart-north", "8")).await, None, "another member");
    assert_eq!(head(store, &Chain::new("apart-west", "7")).await, None, "another tenant");
}

/// Of two commits with one sequence the first stays, and the second leaves nothing, its keys neither.
pub async fn a_sequence_is_taken_once<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("sequence", "m");
    let mut rival = chain.clone();
    let first = done(store, chain.next(&["purchase/1"])).await;
    assert_eq!(store.append(rival.next(&["purchase/2"])).await, Ok(Appended::SequenceTaken));
    assert_eq!(head(store, &chain).await, Some(first));
    assert_eq!(by_key(store, &chain, "purchase/2").await, None);
    done(store, chain.next(&["purchase/2"])).await;
}

/// A sequence is refused while the one before it is missing; there is none below 1.
pub async fn a_gap_is_refused<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("gap", "m");
    let appends: Vec<_> = (1..=3).map(|n| chain.next(&[&format!("purchase/{n}")])).collect();
    let [first, second, third] = &appends[..] else { unreachable!() };
    let refused = Ok(Appended::SequenceTaken);
    assert_eq!(store.append(second.clone()).await, refused, "2 before 1");
    assert_eq!(store.append(Append { seq: 0, ..first.clone() }).await, refused, "0");
    done(store, first.clone()).await;
    assert_eq!(store.append(third.clone()).await, refused, "3 after 1");
    assert_eq!(by_key(store, &chain, "purchase/3").await, None);
    assert_eq!(range(store, &chain, u64::MAX, 9).await, std::slice::from_ref(&first.commit));
    // A neighbour's commits are not the ones before.
    let mut neighbour = Chain::new("gap", "m2");
    neighbour.next(&["purchase/1"]);
    assert_eq!(store.append(neighbour.next(&["purchase/2"])).await, refused, "another member's 1");
    done(store, second.clone()).await;
    done(store, third.clone()).await;
}

/// A key is taken once in a chain; a commit with a taken key leaves nothing, its other keys neither.
pub async fn a_key_is_taken_once<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("key", "m");
    let first = done(store, chain.next(&["purchase/1", "purchase/2"])).await;
    for taken in [["purchase/2", "purchase/3"], ["purchase/0", "purchase/1"]] {
        assert_eq!(store.append(chain.clone().next(&taken)).await, Ok(Appended::KeyTaken));
    }
    assert_eq!(head(store, &chain).await, Some(first.clone()));
    assert_eq!(by_key(store, &chain, "purchase/0").await, None);
    assert_eq!(by_key(store, &chain, "purchase/3").await, None);
    assert_eq!(by_key(store, &chain, "purchase/2").await, Some(first));
    let second = done(store, chain.next(&["purchase/0", "purchase/3"])).await;
    assert_eq!(by_key(store, &chain, "purchase/3").await, Some(second));
}

/// Every member of every tenant may use the same key.
pub async fn keys_belong_to_one_member_of_one_tenant<S: LedgerStore>(store: &S) {
    let names = [("keys-a", "1"), ("keys-a", "2"), ("keys-b", "1"), ("keys-b", "2")];
    for (of, name) in names {
        assert_eq!(by_key(store, &Chain::new(of, name), "purchase/1").await, None, "{of}, {name}");
        done(store, Chain::new(of, name).next(&["purchase/1"])).await;
    }
    for (of, name) in names {
        let found = by_key(store, &Chain::new(of, name), "purchase/1").await.expect("its own");
        let head = found.head().expect("a commit");
        assert_eq!((head.tenant, head.member), (tenant(of), member(name)));
    }
}

/// Whatever the names of tenants and members hold, none is taken for another.
pub async fn names_may_hold_anything<S: LedgerStore>(store: &S) {
    let longest = "x".repeat(LONGEST);
    let nearly = "x".repeat(LONGEST - 1);
    let names = [
        "a",
        "b",
        "b/c",
        "a/b",
        "c",
        "a/",
        "/a",
        "/",
        "ab",
        "a.b",
        "a b",
        " ",
        "A",
        "ä",
        "ä/",
        "a\u{301}",
        "0",
        "00",
        "7",
        "07",
        "007",
        "70",
        "7/7",
        "-7",
        "7.0",
        "%2F",
        "a%2Fb",
        "$",
        "{\"$gt\":\"\"}",
        "\u{10ffff}",
        &longest,
        &nearly,
    ];
    let pairs = || names.iter().flat_map(|of| names.iter().map(move |name| (*of, *name)));
    let firsts = pairs().map(|(of, name)| done(store, Chain::new(of, name).next(&["purchase/1"])));
    let kept = at_once(firsts).await;
    for ((of, name), commit) in pairs().zip(kept) {
        let chain = Chain::new(of, name);
        assert_eq!(head(store, &chain).await.as_ref(), Some(&commit), "`{of}`, `{name}`");
        assert_eq!(by_key(store, &chain, "purchase/1").await.as_ref(), Some(&commit), "`{of}`, `{name}`");
        assert_eq!(range(store, &chain, u64::MAX, 9).await, [commit], "`{of}`, `{name}`");
    }
}

/// Whatever keys hold, none is taken for another.
pub async fn keys_may_hold_anything<S: LedgerStore>(store: &S) {
    let longest = "k".repeat(600);
    let nearly = "k".repeat(599);
    let keys = [
        "a",
        "aa",
        "a/",
        "/a",
        "a\0",
        "a\0\0",
        "\0",
        "a\u{1}",
        "a\u{ff}",
        "\u{10ffff}",
        " a",
        "A",
        "ä",
        "a\u{308}",
        "purchase/1",
        "purchase/10",
        "purchase/1/",
        "purchase/01",
        "returned/",
        "returned/1",
        &longest,
        &nearly,
    ];
    let mut chain = Chain::new("any-key", "m");
    let mut kept = Vec::new();
    for text in keys {
        assert_eq!(by_key(store, &chain, text).await, None, "{text:?}");
        kept.push(done(store, chain.next(&[text])).await);
    }
    for (text, commit) in keys.iter().zip(kept) {
        assert_eq!(by_key(store, &chain, text).await, Some(commit), "{text:?}");
    }
}

/// A purchase's returns are found, oldest first and without repeats, and no other purchase's.
pub async fn returns_are_found_by_their_purchase<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("returns", "m");
    let none = store.by_activity(&chain.tenant, &chain.member, &purchase("1")).await;
    assert_eq!(none, Ok(Vec::new()));
    // Return ids that do not ascend, purchases whose ids begin like each other or hold what keys are made of.
    let given_back: [(&str, &[&str]); 7] = [
        ("z", &["1", "10"]),
        ("10", &["1"]),
        ("9", &["1/2", "1"]),
        ("b", &["1%2F2"]),
        ("c", &["1/"]),
        ("d/e", &["%", "ä"]),
        ("a", &["1"]),
    ];
    let mut kept = Vec::new();
    for (by, purchases) in given_back {
        done(store, chain.next(&[&format!("purchase/{by}")])).await;
        kept.push(done(store, chain.give_back(by, purchases)).await);
    }
    for wanted in ["1", "10", "1/2", "1%2F2", "1/", "%", "ä", "2"] {
        let of_wanted =
            given_back.iter().zip(&kept).filter(|((_, purchases), _)| purchases.contains(&wanted));
        let expected: Vec<_> = of_wanted.map(|(_, commit)| commit.clone()).collect();
        let found = store.by_activity(&chain.tenant, &chain.member, &purchase(wanted)).await;
        assert_eq!(found, Ok(expected), "`{wanted}`");
    }
    // Two returns of one purchase in one commit are one commit.
    let mut packed = chain.give_back("e", &["5"]);
    packed.keys.extend(chain.clone().give_back("f", &["5"]).keys);
    let commit = done(store, packed).await;
    let found = store.by_activity(&chain.tenant, &chain.member, &purchase("5")).await;
    assert_eq!(found, Ok(vec![commit]), "without repeats");
    let stranger = store.by_activity(&chain.tenant, &member("m2"), &purchase("1")).await;
    assert_eq!(stranger, Ok(Vec::new()), "another member");
}

/// A chain is read backwards in pages of any size, newest first.
pub async fn ranges_go_back_in_pages<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("range", "m");
    let mut newest_first = Vec::new();
    for n in 1..=300 {
        newest_first.insert(0, done(store, chain.next(&[&format!("purchase/{n}")])).await);
    }
    for limit in [1, 7, 64, 300, 1_000] {
        let (mut read, mut before) = (Vec::new(), u64::MAX);
        loop {
            let page = range(store, &chain, before, limit).await;
            let Some(last) = page.last() else { break };
            assert!(page.len() <= limit, "{} of {limit}", page.len());
            before = last.head().expect("a commit").seq;
            read.extend(page);
        }
        assert_eq!(read, newest_first, "in pages of {limit}");
    }
    assert_eq!(range(store, &chain, 257, 2).await, newest_first[44..46], "256 and 255");
    assert_eq!(range(store, &chain, 1, 9).await, [], "nothing is before the first");
    assert_eq!(range(store, &chain, 0, 9).await, []);
    assert_eq!(range(store, &Chain::new("range", "n"), u64::MAX, 9).await, [], "another member");
}

/// The newest commit recorded at or before an instant, also when several share one or a clock steps back.
pub async fn an_instant_has_its_commit<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("at", "m");
    let mut commits = Vec::new();
    for seconds in [100, 200, 200, 300, 250] {
        commits.push(done(store, chain.next_at(seconds)).await);
    }
    let before = Timestamp::from_seconds(100).plus_micros(-1);
    assert_eq!(store.at(&chain.tenant, &chain.member, before).await, Ok(None));
    for (seconds, seq) in [(100, 1), (199, 1), (200, 3), (249, 3), (250, 5), (300, 5), (4_000, 5)] {
        let found = store.at(&chain.tenant, &chain.member, Timestamp::from_seconds(seconds)).await;
        assert_eq!(found, Ok(Some(commits[seq - 1].clone())), "at {seconds}");
    }
    let end = Timestamp::from_micros(i64::MAX);
    assert_eq!(store.at(&chain.tenant, &member("n"), end).await, Ok(None), "another member");
}

/// Whatever is answered `Done` is in every read from then on.
pub async fn what_is_done_is_seen<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("seen", "m");
    for n in 1..=50 {
        let (text, id) = (format!("return/{n}"), format!("p{n}"));
        let append = chain.give_back(&n.to_string(), &[&id]);
        let recorded_at = append.recorded_at;
        let commit = done(store, append).await;
        assert_eq!(head(store, &chain).await.as_ref(), Some(&commit));
        assert_eq!(by_key(store, &chain, &text).await.as_ref(), Some(&commit));
        assert_eq!(range(store, &chain, u64::MAX, 1).await, std::slice::from_ref(&commit));
        let at = store.at(&chain.tenant, &chain.member, recorded_at).await;
        assert_eq!(at, Ok(Some(commit.clone())));
        let returns = store.by_activity(&chain.tenant, &chain.member, &purchase(&id)).await;
        assert_eq!(returns, Ok(vec![commit]));
    }
}

/// Appends to different chains are all done, however many come at once.
pub async fn members_do_not_wait_for_each_other<S: LedgerStore>(store: &S) {
    let mut chains: Vec<_> = (0..RACERS).map(|n| Chain::new("many", &n.to_string())).collect();
    for round in 0..4 {
        let appends: Vec<_> = chains.iter_mut().map(|chain| chain.next(&[&round.to_string()])).collect();
        let commits: Vec<_> = appends.iter().map(|append| append.commit.clone()).collect();
        let answers = at_once(appends.into_iter().map(|append| store.append(append))).await;
        assert!(answers.iter().all(|answer| *answer == Ok(Appended::Done)), "{answers:?}");
        for (chain, commit) in chains.iter().zip(commits) {
            assert_eq!(head(store, chain).await, Some(commit));
        }
    }
}

/// Of many appends of one sequence at once exactly one is done, and all reads agree on it.
pub async fn one_of_many_takes_a_sequence<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("race", "m");
    for seq in 1..=5 {
        let appends: Vec<_> =
            (0..RACERS).map(|racer| chain.clone().next(&[&format!("purchase/{seq}-{racer}")])).collect();
        let answers = at_once(appends.iter().map(|append| store.append(append.clone()))).await;
        let winners: Vec<_> = (0..).zip(&answers).filter(|(_, a)| **a == Ok(Appended::Done)).collect();
        let [(winner, _)] = winners[..] else { panic!("{} of {RACERS} were done", winners.len()) };
        let losers = answers.iter().filter(|answer| **answer == Ok(Appended::SequenceTaken));
        assert_eq!(losers.count(), answers.len() - 1, "{answers:?}");
        assert_eq!(head(store, &chain).await.as_ref(), Some(&appends[winner].commit));
        for (racer, append) in (0..).zip(&appends) {
            let found = by_key(store, &chain, &format!("purchase/{seq}-{racer}")).await;
            assert_eq!(found.as_ref(), (racer == winner).then_some(&append.commit));
        }
        chain.next(&[&format!("purchase/{seq}-{winner}")]);
    }
}

/// Of many appends with one key at once exactly one is done, whatever their sequences.
pub async fn one_of_many_takes_a_key<S: LedgerStore>(store: &S) {
    let mut chain = Chain::new("key-race", "m");
    let first = chain.next(&["purchase/1"]);
    let others = (1..RACERS).map(|_| chain.next(&["purchase/1"]));
    let appends: Vec<_> = std::iter::once(first.clone()).chain(others).collect();
    let answers = at_once(appends.into_iter().rev().map(|append| store.append(append))).await;
    let done = answers.iter().filter(|answer| **answer == Ok(Appended::Done)).count();
    assert_eq!(done, 1, "{answers:?}");
    assert_eq!(by_key(store, &chain, "purchase/1").await, Some(first.commit.clone()));
    assert_eq!(range(store, &chain, u64::MAX, 9).await, [first.commit]);
}
