//! Copies of the ledger: made, checked, restored, and made anew from commits.

use std::fs;
use std::process::Output;

use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};

use crate::ledger::Ledger;
use crate::sample::ACTIVITIES;

fn refused(output: Output, with: &str) {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && error.contains(with), "`{with}` is not in: {error}");
}

#[test]
fn a_ledger_is_copied_restored_and_made_anew() {
    let ledger = Ledger::for_program("g1");
    ledger.import(&ACTIVITIES);
    let members = ledger.members();
    let copy = ledger.file("copy.redb");
    let to = ["--to", copy.to_str().expect("a name")];
    let said = ledger.printed("backup", &to);
    assert!(said.contains(" commits are in `"), "{said}");
    refused(ledger.command("backup").args(to).output().expect("started"), "is there already");

    let [from, data] = ["--from", "--data"];
    let restored = ledger.file("restored");
    let restore = || {
        let mut command = crate::binaries::server();
        command.arg("restore").arg(from).arg(&copy).arg(data).arg(&restored);
        command.output().expect("started")
    };
    let output = restore();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("put its `chain.key` there"), "{said}");
    refused(restore(), "is there already");
    fs::copy(ledger.file("data/chain.key"), restored.join("chain.key")).expect("the key");
    fs::rename(ledger.file("data"), ledger.file("lost")).expect("the ledger is lost");
    fs::rename(&restored, ledger.file("data")).expect("the copy stands in for it");
    assert_eq!(ledger.members(), members);
    assert!(ledger.printed("verify", &[]).ends_with(" 0 findings\n"));

    let said = ledger.printed("rebuild", &[]);
    let equal =
        |table: &str| said.lines().any(|line| line.starts_with(table) && line.ends_with(" 0 different"));
    assert!(["commits", "index", "reviews"].into_iter().all(equal), "{said}");
    ledger.printed("rebuild", &["--replace"]);
    assert!(ledger.file("data/ledger.redb.old").exists() && !ledger.file("data/ledger.redb.anew").exists());
    assert_eq!(ledger.members(), members);
    assert!(ledger.printed("verify", &[]).ends_with(" 0 findings\n"));
}

/// A copy in which a byte has changed makes no ledger.
#[test]
fn a_damaged_copy_is_not_restored() {
    let ledger = Ledger::for_program("g1");
    ledger.import(ACTIVITIES.lines().next().expect("an activity"));
    let copy = ledger.file("copy.redb");
    ledger.printed("backup", &["--to", copy.to_str().expect("a name")]);
    let mut bytes = fs::read(&copy).expect("the copy");
    let at = bytes.windows(9).position(|window| window == b"purchase/").expect("a commit");
    bytes[at] ^= 1;
    fs::write(&copy, bytes).expect("written");
    let mut restore = crate::binaries::server();
    restore.arg("restore").arg("--from").arg(&copy).arg("--data").arg(ledger.file("other"));
    refused(restore.output().expect("started"), "is damaged");
    assert!(!ledger.file("other/ledger.redb").exists());
}

#[test]
fn who_has_the_ledger_open_makes_the_copy() {
    let ledger = Ledger::for_program("g1");
    ledger.import(ACTIVITIES.lines().next().expect("an activity"));
    let store =
        EmbeddedStore::open(ledger.file("data/ledger.redb"), EmbeddedOptions::default()).expect("opened");
    let copy = ledger.file("copy.redb");
    refused(ledger.command("backup").arg("--to").arg(&copy).output().expect("started"), "POST /v1/backups");
    assert_eq!(store.backup(&copy), Ok(1), "a program is no commit");
    assert_eq!(store.backup(&copy).unwrap_err().code(), "exists");
}
