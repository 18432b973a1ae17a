//! Seals: what they show that chains alone do not.

use std::fs;
use std::process::Output;

use crate::ledger::Ledger;
use crate::sample::ACTIVITIES;

/// The first so many activities.
fn first(count: usize) -> String {
    ACTIVITIES.split_inclusive('\n').take(count).collect()
}

/// A ledger that was sealed after ten activities and after twenty.
fn sealed_twice() -> Ledger {
    let ledger = Ledger::for_program("g1");
    for count in [10, 20] {
        ledger.import(&first(count));
        assert_eq!(ledger.printed("seal", &[]).lines().count(), 1);
    }
    ledger
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What `verify` finds, which ends with 1.
fn found(ledger: &Ledger, arguments: &[&str], finding: &str) {
    let output = ledger.command("verify").args(arguments).output().expect("started");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        said.lines().any(|line| line.starts_with("seal ") && line.contains(finding)),
        "`{finding}`: {said}"
    );
}

#[test]
fn what_was_recorded_is_sealed_once() {
    let ledger = sealed_twice();
    assert_eq!(ledger.printed("seal", &[]), "", "nothing was recorded since");
    let said = ledger.printed("verify", &[]);
    assert!(said.ends_with(" 2 seals, 0 findings\n"), "{said}");
    // Whoever kept the lines and the key elsewhere needs nothing of the folder.
    let [seals, key] = ["kept", "key"].map(|name| ledger.file(name));
    fs::rename(ledger.file("data/seals"), &seals).expect("the seals");
    fs::write(&key, ledger.printed("seal", &["--key"])).expect("the key");
    fs::remove_file(ledger.file("data/seal.key")).expect("no key");
    let [seals, key] = [&seals, &key].map(|file| file.to_str().expect("a name"));
    let said = ledger.printed("verify", &["--seals", seals, "--seal-keys", key]);
    assert!(said.ends_with(" 2 seals, 0 findings\n"), "{said}");
    assert!(!ledger.file("data/seal.key").exists(), "looking makes no key");
}

#[test]
fn commits_gone_from_the_end_are_missed() {
    let ledger = Ledger::for_program("g1");
    ledger.import(&first(10));
    let copy = ledger.file("copy.redb");
    ledger.printed("backup", &["--to", copy.to_str().expect("a name")]);
    ledger.import(&first(20));
    ledger.printed("seal", &[]);
    fs::rename(copy, ledger.file("data/ledger.redb")).expect("an older ledger");
    found(&ledger, &[], "the ledger ends at commit ");
    let output = ledger.command("seal").output().expect("started");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && error.contains("ends before its last seal"), "{error}");
}

/// Who has the key of the chains can write a history anew that is right in itself.
#[test]
fn a_history_written_anew_is_found() {
    let ledger = sealed_twice();
    let other = Ledger::for_program("g1tight");
    fs::create_dir(other.file("data")).expect("a folder");
    fs::copy(ledger.file("data/chain.key"), other.file("data/chain.key")).expect("the key of the chains");
    other.import(&first(20));
    fs::copy(other.file("data/ledger.redb"), ledger.file("data/ledger.redb")).expect("written anew");
    found(&ledger, &[], "are not those that were sealed");
    fs::remove_file(ledger.file("data/seals")).expect("without seals nobody sees it");
    assert!(ledger.printed("verify", &[]).ends_with(" 0 seals, 0 findings\n"));
}

#[test]
fn seals_that_are_forged_or_missing_are_found() {
    let ledger = sealed_twice();
    let file = ledger.file("data/seals");
    let seals = fs::read_to_string(&file).expect("seals");
    let lines: Vec<&str> = seals.lines().collect();
    fs::write(&file, format!("{}\n", lines[1])).expect("written");
    found(&ledger, &[], "does not follow the one before");
    fs::write(&file, format!("{}\n{}\n", lines[0], lines[0])).expect("written");
    found(&ledger, &[], "does not follow the one before");
    let other = sealed_twice();
    fs::copy(other.file("data/seals"), &file).expect("of another key");
    found(&ledger, &[], "none of the keys has signed it");
    // A line that a crash cut short was told to nobody.
    fs::write(&file, format!("{}\n{}", lines[0], &lines[1][..40])).expect("written");
    let again = ledger.printed("seal", &[]);
    assert_eq!(fs::read_to_string(&file).expect("seals"), format!("{}\n{again}", lines[0]));
    assert!(ledger.printed("verify", &[]).ends_with(" 2 seals, 0 findings\n"));
}
