//! The whole sets, where they are: `LOYALTY_DATA_DIR` names their folder.

use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::path::PathBuf;

use xtask::workspace::root;

use crate::binaries;
use crate::compare::{Column, G1, G2, assert_every_member_equal};
use crate::ledger::{Ledger, shuffled};

/// The folder with the whole sets; `None`, said aloud, where there is none.
fn data() -> Option<PathBuf> {
    let folder = env::var_os("LOYALTY_DATA_DIR").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    // Not by `eprintln!`, which a passing test would swallow.
    let notice = "LEFT OUT: every member of the whole sets; set LOYALTY_DATA_DIR to their folder\n";
    stderr().write_all(notice.as_bytes()).expect("standard error");
    None
}

/// A whole set under a program, in order and twice; then shuffled, killed half-way and run again.
fn every_member_is_equal(set: &str, program: &str, results: &str, columns: &[Column]) {
    let Some(data) = data() else { return };
    let expected = fs::read_to_string(data.join(results)).expect("the expected results");
    let activities = binaries::activities(set, &data);
    let all = activities.lines().count() as u64;
    let ledger = Ledger::for_program(program);
    assert_eq!(ledger.import(&activities).counts(), [all, 0, 0]);
    assert_every_member_equal(&ledger.members(), &expected, columns);
    assert_eq!(ledger.import(&activities).counts(), [0, all, 0]);
    assert_every_member_equal(&ledger.members(), &expected, columns);
    assert_eq!(ledger.operations(), all);

    let ledger = Ledger::for_program(program);
    let activities = shuffled(&activities);
    ledger.import_killed_half_way(&activities);
    let there = ledger.operations();
    assert_eq!(ledger.import(&activities).counts(), [all - there, there, 0]);
    assert_every_member_equal(&ledger.members(), &expected, columns);
    assert_eq!(ledger.operations(), all);
}

#[test]
fn groceries_under_g1() {
    every_member_is_equal("grocery", "g1", "expected_g1.csv", G1);
}

#[test]
fn groceries_under_g1tight() {
    every_member_is_equal("grocery", "g1tight", "expected_g1tight.csv", G1);
}

#[test]
fn music_under_g1cdnow() {
    every_member_is_equal("cdnow", "g1cdnow", "expected_g1_cdnow.csv", G1);
}

/// What the members hold when all is settled: 41,450,461 is the sum of max(500, miles) over the legs flown, as the
/// data's own page says; cancelled and diverted legs come to nothing.
#[test]
fn legs_that_vest_when_they_are_flown() {
    let Some(data) = data() else { return };
    let activities = binaries::activities("flights", &data);
    let all = activities.lines().count() as u64;
    let ledger = Ledger::for_program("flights");
    assert_eq!(ledger.import(&activities).counts(), [all, 0, 0]);
    let members = ledger.members();
    let column = |name: &str| {
        let at = members.lines().next().and_then(|names| names.split(',').position(|it| it == name));
        let at = at.unwrap_or_else(|| panic!("no column `{name}`"));
        members
            .lines()
            .skip(1)
            .map(|row| row.split(',').nth(at).and_then(|n| n.parse::<u64>().ok()).expect("points"))
            .sum::<u64>()
    };
    assert_eq!((column("balance"), column("earned"), column("clawed_back")), (41_450_461, 41_450_461, 0));
    assert_eq!(ledger.operations(), all);
}

#[test]
fn gifts_with_returns_under_g2() {
    every_member_is_equal("retail", "g2", "expected_g2.csv", G2);
}
