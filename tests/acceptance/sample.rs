//! The sample of real purchases that lies in the repository: the project proves itself alone.

use std::fs;
use std::sync::LazyLock;

use xtask::workspace::root;

use crate::binaries;
use crate::compare::{G1, assert_every_member_equal};
use crate::ledger::{Ledger, shuffled};

/// Baskets in the sample, as its README counts them.
const BASKETS: u64 = 8_459;

/// The activities of the sample.
pub static ACTIVITIES: LazyLock<String> =
    LazyLock::new(|| binaries::activities("grocery", &root().join("tests/data/grocery")));

fn expected(name: &str) -> String {
    fs::read_to_string(root().join("tests/data/grocery").join(name)).expect("the sample's results")
}

#[test]
fn every_member_of_the_sample_is_equal_under_both_programs() {
    for (program, results) in [("g1", "expected_g1.csv"), ("g1tight", "expected_g1tight.csv")] {
        let ledger = Ledger::for_program(program);
        let imported = ledger.import(&ACTIVITIES);
        assert_eq!(imported.code, Some(0), "{}", imported.said);
        assert_eq!(imported.counts(), [BASKETS, 0, 0]);
        assert_every_member_equal(&ledger.members(), &expected(results), G1);
        assert_eq!(ledger.operations(), BASKETS);
    }
}

#[test]
fn imported_twice_it_is_there_once() {
    let ledger = Ledger::for_program("g1tight");
    assert_eq!(ledger.import(&ACTIVITIES).counts(), [BASKETS, 0, 0]);
    let again = ledger.import(&ACTIVITIES);
    assert_eq!((again.code, again.counts()), (Some(0), [0, BASKETS, 0]));
    assert_every_member_equal(&ledger.members(), &expected("expected_g1tight.csv"), G1);
    assert_eq!(ledger.operations(), BASKETS);
}

#[test]
fn shuffled_and_killed_half_way_and_run_again_it_is_equal() {
    let ledger = Ledger::for_program("g1tight");
    let activities = shuffled(&ACTIVITIES);
    ledger.import_killed_half_way(&activities);
    let there = ledger.operations();
    let rest = ledger.import(&activities);
    assert_eq!((rest.code, rest.counts()), (Some(0), [BASKETS - there, there, 0]));
    assert_every_member_equal(&ledger.members(), &expected("expected_g1tight.csv"), G1);
    assert_eq!(ledger.operations(), BASKETS);
}
