//! Inputs made to cost more than their size.

use std::time::{Duration, Instant};

use allocation_counter::measure;
use loyalty_core::problem::Problem;
use loyalty_core::program::Program;

use crate::checks::{ACTIVITY_LIMITS, Decided, decided, programs, read_activity, refused};

/// Far more than any of these inputs takes where its cost grows with its size, far less than where it does not.
const SOON: Duration = Duration::from_secs(5);

/// Reads a bad activity; it must be refused soon, and the answer be no larger than a document may be.
fn refused_soon(input: &[u8]) -> Vec<Problem> {
    assert!(input.len() <= ACTIVITY_LIMITS.bytes, "{}", input.len());
    let started = Instant::now();
    let mut problems = Vec::new();
    let took = measure(|| problems = read_activity(input).expect_err("a bad activity"));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert!(took.bytes_max < 256 << 20, "{} bytes of memory", took.bytes_max);
    let answer: usize = problems.iter().map(|p| p.path.len() + p.message.len() + p.help.len()).sum();
    assert!(answer <= 2 * ACTIVITY_LIMITS.bytes, "an answer of {answer} bytes");
    refused(&problems);
    problems
}

fn codes(problems: &[Problem]) -> Vec<&'static str> {
    let mut codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    codes.dedup();
    codes
}

/// Each problem says where it is; under a key of half a megabyte that must not become hundreds of them.
#[test]
fn many_problems_under_a_long_key() {
    let twice = vec![r#"{"a":1,"a":2}"#; 3_000].join(",");
    let text = format!(r#"{{"{}":[{twice}]}}"#, "k".repeat(512 << 10));
    let problems = refused_soon(text.as_bytes());
    assert_eq!(codes(&problems), ["duplicate_key", "too_many_problems"]);
}

/// Two problems behind a quarter of a million values, all under a long key: their order is found in one walk.
#[test]
fn problems_behind_many_values_under_a_long_key() {
    let zeros = "0,".repeat(250_000);
    let text = format!(r#"{{"{}":[{zeros}{{"a":1,"a":2,"b":1,"b":2}}]}}"#, "k".repeat(512 << 10));
    assert!(codes(&refused_soon(text.as_bytes())).contains(&"duplicate_key"));
}

/// Bad fields in objects within objects are each read once, not once for every level above them.
#[test]
fn bad_fields_at_every_depth() {
    let open = r#"{"id":1,"combin":1,"caps":0,"members":[{"rule":{"id":1,"rat":1}},{"group":"#;
    let groups = format!(r#"{}{{"id":"g"}}{}"#, open.repeat(19), "}]}".repeat(19));
    let text = format!(
        r#"{{"format":1,"name":"x","money":"EUR","zone":{{"name":"UTC"}},"currencies":[{{"id":"p"}}],
        "earning":[{{"currency":"p","groups":[{groups}]}}]}}"#
    );
    let started = Instant::now();
    let problems = Program::check(text.as_bytes()).expect_err("a bad program");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert!(problems.len() >= 19 * 5, "{}", problems.len());
    refused(&problems);
}

const PROGRAM: &str = r#"{"format":1,"name":"x","money":"EUR","zone":{"name":"UTC"},"currencies":[{"id":"p"}],
    "earning":[{"currency":"p","groups":[{"id":"g","members":[{"rule":{"id":"r","basis":"gross","rate":"RATE"}}]}]}]}"#;

/// Decides purchases of these lines under a program.
fn spent(program: &str, rate: &str, purchases: &[&[&str]]) -> Decided {
    let activities = purchases.iter().enumerate().map(|(number, amounts)| {
        let lines: Vec<_> = amounts.iter().map(|amount| format!(r#"{{"gross":"{amount}"}}"#)).collect();
        let purchase = format!(
            r#"{{"member":"m","activity":{{"purchase":{{"id":"{number}","occurred_at":"2026-01-01T00:00:00Z","lines":[{}]}}}}}}"#,
            lines.join(",")
        );
        read_activity(purchase.as_bytes()).expect("a good activity").activity
    });
    decided(&programs(program.replace("RATE", rate).as_bytes()), None, &activities.collect::<Vec<_>>())
}

/// SPEC: points are at most 2^53 − 1 = 9,007,199,254,740,991 in minor units, money at most 15 digits.
#[test]
fn what_grows_too_large_is_refused_and_changes_nothing() {
    const MOST: &str = "999999999999999";
    let earned = |decided: &Decided| {
        decided.state.as_ref().and_then(|s| s.balances.first()).map(|b| (b.earned.minor(), b.accruals))
    };

    let nine = spent(PROGRAM, "1", &[&[MOST; 9]]);
    assert_eq!((nine.refused.as_slice(), earned(&nine)), (&[][..], Some((8_999_999_999_999_991, 1))));
    // The largest amount of points exactly, and one more.
    let rest = "7199254741000";
    let most = spent(PROGRAM, "1", &[&[MOST; 9], &[rest]]);
    assert_eq!((most.refused.as_slice(), earned(&most)), (&[][..], Some((9_007_199_254_740_991, 2))));
    let more = spent(PROGRAM, "1", &[&[MOST; 9], &[rest], &["1"], &["0.5"]]);
    assert_eq!((more.refused.as_slice(), earned(&more)), (&["number_too_large"][..], earned(&most)));

    let ten = spent(PROGRAM, "1", &[&[MOST; 10]]);
    assert_eq!((ten.refused.as_slice(), earned(&ten)), (&["number_too_large"][..], None));
    let rated = spent(PROGRAM, "99999.999999", &[&[MOST; 1_000]]);
    assert_eq!(rated.refused, ["number_too_large"]);
    // No points at all, and spend is counted in 1/10,000: 2,000 x 999,999,999,999,999 x 10,000.
    let counters = r#""counters":[{"id":"spent","counts":{"spend":"gross"},"window":"lifetime"}],"earning""#;
    let counting = PROGRAM.replace(r#""earning""#, counters);
    let counted = spent(&counting, "0", &[&[MOST; 1_000], &[MOST; 1_000]]);
    assert_eq!(counted.refused, [""; 0]);
    let slot = counted.state.as_ref().map(|state| state.counters[0].slots[0].amount);
    assert_eq!(slot, Some(19_999_999_999_999_980_000_000));
}
