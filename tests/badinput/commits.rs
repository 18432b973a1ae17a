//! Stored commits: their form is what stores hold, so it never changes unnoticed, and what a length claims costs
//! nothing.

use std::fs;
use std::path::PathBuf;

use allocation_counter::measure;
use loyalty_core::activity::Activity;
use loyalty_core::ledger::chain::HASH_BYTES;
use loyalty_core::ledger::commit::StoredCommit;

use crate::checks::{decided, programs, read_activity, sealed};

fn corpus(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name)
}

fn activity(name: &str) -> Activity {
    let text = fs::read(corpus("activity").join(name).with_extension("json")).expect("a stored activity");
    read_activity(&text).expect("a good activity").activity
}

/// The commit that deciding stored activities one after the other gives.
fn commit_of(activities: &[&str]) -> StoredCommit {
    let draft = fs::read(corpus("program/good-everything.json")).expect("a stored program");
    let activities: Vec<_> = activities.iter().map(|name| activity(name)).collect();
    let mut decided = decided(&programs(&draft), None, &activities);
    assert!(decided.refused.is_empty(), "{:?}", decided.refused);
    decided.operations.reverse();
    sealed(&decided.state.expect("a state"), &decided.operations)
}

fn good() -> [(&'static str, StoredCommit); 3] {
    [
        ("good-event.cbor", commit_of(&["good-event"])),
        ("good-purchase.cbor", commit_of(&["good-every-field"])),
        (
            "good-returns.cbor",
            commit_of(&[
                "good-purchase",
                "good-every-field",
                "good-return-linked",
                "good-return-all",
                "good-return-unlinked",
            ]),
        ),
    ]
}

/// Written anew with `LOYALTY_BLESS=1`, which after a release means that its stores can no longer be read.
#[test]
fn stored_commits_keep_their_form() {
    for (name, commit) in good() {
        let file = corpus("commit").join(name);
        if std::env::var_os("LOYALTY_BLESS").is_some() {
            fs::write(&file, commit.bytes()).expect("a stored commit");
        }
        assert_eq!(fs::read(&file).expect("a stored commit"), commit.bytes(), "{name}");
    }
}

/// Every list, map, text and byte string of a commit in turn claims a length that no machine has room for.
#[test]
fn a_claimed_length_takes_no_memory() {
    const CLAIMS: [u64; 5] = [1 << 24, 1 << 32, 1 << 60, 1 << 63, u64::MAX];
    let (_, commit) = &good()[2];
    let whole = measure(|| drop(commit.commit())).bytes_max;
    assert!(whole > 0, "reading a commit takes some memory");
    let mut refused = 0;
    for at in 0..commit.bytes().len() - HASH_BYTES {
        let (major, small) = (commit.bytes()[at] >> 5, commit.bytes()[at] & 31);
        if !(2..=5).contains(&major) || small > 23 {
            continue;
        }
        for claim in CLAIMS {
            let mut bytes = commit.bytes().to_vec();
            let head = [&[major << 5 | 27][..], &claim.to_be_bytes()].concat();
            bytes.splice(at..=at, head);
            let stored = StoredCommit::from_bytes(bytes);
            let mut read = Ok(());
            let took = measure(|| read = stored.commit().map(drop)).bytes_max;
            assert!(took <= 2 * whole + 4_096, "{claim} at {at} took {took} bytes, the whole commit {whole}");
            refused += u32::from(read.is_err());
        }
    }
    assert!(refused > 500, "{refused} refused");
}
