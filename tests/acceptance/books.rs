//! What the books get: daily double entries, and what members have.

use std::collections::BTreeMap;

use crate::ledger::Ledger;
use crate::sample::ACTIVITIES;

/// A point a dollar for ten days. Of 50 points of 1 March 20 come back on 2 March and 30 lapse on 12 March; 10 of
/// 2 March lapse on 13 March.
const TWO_MEMBERS: &str = r#"
{"member": "7", "activity": {"purchase": {"id": "a", "occurred_at": "2025-03-01T12:00:00-05:00", "lines": [{"gross": "20.00"}, {"gross": "30.00"}]}}}
{"member": "7", "activity": {"return": {"id": "b", "occurred_at": "2025-03-02T12:00:00-05:00", "of": "a", "lines": [{"line": 1}]}}}
{"member": "8", "activity": {"purchase": {"id": "c", "occurred_at": "2025-03-02T12:00:00-05:00", "lines": [{"gross": "10.00"}]}}}
"#;

#[test]
fn days_are_summed_up_and_what_fell_due_is_among_them() {
    let ledger = Ledger::for_program("expiring");
    assert_eq!(ledger.import(TWO_MEMBERS.trim_start()).counts(), [3, 0, 0]);
    let all = "\
date,currency,partner,account,debit,credit
2025-03-01,points,,available,50,0
2025-03-01,points,,issued,0,50
2025-03-02,points,,available,10,20
2025-03-02,points,,issued,20,10
2025-03-12,points,,available,0,30
2025-03-12,points,,breakage,30,0
2025-03-13,points,,available,0,10
2025-03-13,points,,breakage,10,0
";
    assert_eq!(ledger.printed("journal", &[]), all);
    let second = "\
date,currency,partner,account,debit,credit
2025-03-02,points,,available,10,20
2025-03-02,points,,issued,20,10
";
    assert_eq!(ledger.printed("journal", &["--from", "2025-03-02", "--to", "2025-03-11"]), second);
    let lines = ledger.printed("journal", &["--format", "json", "--to", "2025-03-01"]);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["account"], &lines[1]["credit"]), (&"issued".into(), &"50".into()));

    let outstanding = "\
currency,partner,lapses,available,held,pending,debt,worth
points,,2025-03,40,0,0,0,
";
    assert_eq!(ledger.printed("outstanding", &["--at", "2025-03-05T00:00:00Z"]), outstanding);
    // All was imported today, so that nothing was known then.
    let nothing = outstanding.lines().next().map(|names| format!("{names}\n"));
    let then = ["--known-at", "2025-03-05T00:00:00Z"];
    assert_eq!(Some(ledger.printed("outstanding", &then)), nothing);
    assert_eq!(ledger.printed("members", &[&["--format", "csv"], &then[..]].concat()).lines().count(), 1);
}

/// The rows of a table under its names.
fn rows(table: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = table.lines().map(|line| line.split(',').map(str::to_owned));
    let names: Vec<String> = lines.next().expect("names").collect();
    lines.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

fn number(row: &BTreeMap<String, String>, name: &str) -> i64 {
    row[name].parse().expect("a number")
}

/// Real purchases: each day balances, and what is left of all of them is what members have.
#[test]
fn every_day_balances_and_all_days_are_what_members_have() {
    let ledger = Ledger::for_program("g1");
    ledger.import(&ACTIVITIES);
    let journal = rows(&ledger.printed("journal", &[]));
    let mut days: BTreeMap<[&str; 3], i64> = BTreeMap::new();
    for row in &journal {
        let day = ["date", "currency", "partner"].map(|name| row[name].as_str());
        *days.entry(day).or_default() += number(row, "debit") - number(row, "credit");
    }
    assert!(days.len() > 100 && days.values().all(|sum| *sum == 0), "{days:?}");
    let available = journal.iter().filter(|row| row["account"] == "available");
    let available: i64 = available.map(|row| number(row, "debit") - number(row, "credit")).sum();
    let members = rows(&ledger.printed("members", &["--format", "csv", "--at", "now"]));
    let held: i64 = members.iter().map(|row| number(row, "balance")).sum();
    let outstanding = rows(&ledger.printed("outstanding", &[]));
    let left: i64 = outstanding.iter().map(|row| number(row, "available")).sum();
    assert!(held > 0);
    assert_eq!((available, left), (held, held));
}
