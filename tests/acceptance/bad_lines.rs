//! Lines that are no activities, or none that can be recorded: they come back with what to correct, and the
//! others go in.

use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

use crate::compare::{G1, assert_every_member_equal};
use crate::ledger::Ledger;
use crate::sample::ACTIVITIES;

/// A purchase of member 1 with this id and these parts.
fn purchase(id: &str, lines: &str, rest: &str) -> String {
    let time = "2017-01-02T10:00:00Z";
    format!(
        r#"{{"member":"1","activity":{{"purchase":{{"id":"{id}","occurred_at":"{time}","lines":[{lines}]{rest}}}}}}}"#
    )
}

/// A line of a file that cannot be recorded, and what comes back for it.
struct Bad {
    text: Vec<u8>,
    column: String,
    /// How the value begins.
    value: &'static str,
    code: &'static str,
}

impl Bad {
    fn new(text: impl Into<Vec<u8>>, column: &str, value: &'static str, code: &'static str) -> Self {
        Self { text: text.into(), column: column.to_owned(), value, code }
    }

    /// A purchase with one line, which is wrong at `field`.
    fn line(line: &str, field: &str, value: &'static str, code: &'static str) -> Self {
        Self::new(purchase("bad", line, ""), &format!("/activity/purchase/lines/0{field}"), value, code)
    }
}

fn bad_lines() -> Vec<Bad> {
    let [without_member, late] =
        [("\"1\"", "\"\""), ("2017", "2100")].map(|(from, to)| purchase("bad", "", "").replacen(from, to, 1));
    let foreign = purchase("bad", "", r#","money":"GBP""#);
    vec![
        Bad::new(r#"{"member":"1","#, "", r#"{"member":"1","#, "not_json"),
        Bad::new("member,activity", "", "member,activity", "not_json"),
        Bad::new(b"{\"member\":\"\xff\"}", "", "{\"member\":\"\u{fffd}\"}", "not_json"),
        Bad::new(purchase(&"x".repeat(1 << 20), "", ""), "", r#"{"member":"1""#, "too_large"),
        Bad::new(without_member, "/member", "", "invalid_value"),
        Bad::new(late, "/activity/purchase/occurred_at", "2100-01-02T10:00:00Z", "occurred_in_future"),
        Bad::new(foreign, "/activity/purchase/money", "GBP", "no_rate"),
        Bad::line(r#"{"gross":1.5}"#, "/gross", "1.5", "number_not_exact"),
        Bad::line(r#"{"gross":"1,5"}"#, "/gross", "1,5", "invalid_value"),
        Bad::line(r#"{"colour":"red"}"#, "/colour", "red", "unknown_field"),
        Bad::line(r#"{"gross":"1","gross":"2"}"#, "/gross", "2", "duplicate_key"),
        Bad::line("{}", "", "{}", "price_missing"),
        Bad::line(r#"{"gross":"1","quantity":"-1"}"#, "/quantity", "-1", "negative_amount"),
    ]
}

/// The good lines with the bad ones between them, and the number of each bad one in the file.
fn mixed(good: &[&str], bad: &[Bad]) -> (Vec<u8>, Vec<usize>) {
    let (mut text, mut numbers) = (Vec::new(), Vec::new());
    for (index, line) in good.iter().enumerate() {
        if let Some(bad) = index.checked_sub(7).and_then(|index| bad.get(index)) {
            numbers.push(text.iter().filter(|byte| **byte == b'\n').count() + 1);
            text.extend_from_slice(&bad.text);
            text.push(b'\n');
        }
        text.extend_from_slice(line.as_bytes());
        // An empty line is nothing at all.
        text.extend_from_slice(if index % 5 == 0 { b"\r\n\n" } else { b"\n" });
    }
    assert_eq!(numbers.len(), bad.len());
    (text, numbers)
}

#[test]
fn bad_lines_come_back_and_the_good_ones_go_in() {
    let good: Vec<&str> = ACTIVITIES.lines().take(500).collect();
    let bad = bad_lines();
    let (text, numbers) = mixed(&good, &bad);
    let ledger = Ledger::for_program("g1");
    let imported = ledger.import_bytes(&text);
    assert_eq!(imported.code, Some(1), "{}", imported.said);
    assert_eq!(imported.counts(), [good.len() as u64, 0, bad.len() as u64]);

    let errors = fs::read_to_string(ledger.file("activities.jsonl.errors.csv")).expect("a file of errors");
    let mut rows = csv::Reader::from_reader(errors.as_bytes());
    assert_eq!(rows.headers().expect("names"), &["line", "column", "value", "code", "message", "fix"][..]);
    let rows: Vec<_> = rows.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), bad.len(), "{errors}");
    for ((row, number), bad) in rows.iter().zip(numbers).zip(&bad) {
        assert_eq!((&row[0], &row[1], &row[3]), (&*number.to_string(), &*bad.column, bad.code), "{row:?}");
        assert!(row[2].starts_with(bad.value) && row[2].chars().count() <= 201, "{row:?}");
        assert!(!row[4].is_empty() && !row[5].is_empty(), "what is wrong, and what to do: {row:?}");
    }

    let alone = Ledger::for_program("g1");
    assert_eq!(alone.import(&good.join("\n")).code, Some(0));
    assert_eq!(ledger.members(), alone.members());
    assert_eq!(ledger.import(&good.join("\n")).counts(), [0, good.len() as u64, 0]);
    assert!(!ledger.file("activities.jsonl.errors.csv").exists(), "no errors, no file of errors");
}

#[test]
fn another_activity_under_a_known_id_is_refused() {
    let ledger = Ledger::for_program("g1");
    let line = r#"{"gross":"10","sku":"a"}"#;
    assert_eq!(ledger.import(&purchase("1", line, "")).counts(), [1, 0, 0]);
    let changed = purchase("1", &line.replace("10", "11"), "");
    let imported =
        ledger.import(&format!("{}\n{changed}\n{}", purchase("1", line, ""), purchase("2", line, "")));
    assert_eq!((imported.code, imported.counts()), (Some(1), [1, 1, 1]));
    let errors = fs::read_to_string(ledger.file("activities.jsonl.errors.csv")).expect("a file of errors");
    let row = errors.lines().nth(1).expect("a row");
    assert!(row.starts_with("2,/activity/purchase/lines/0/gross,11,idempotency_conflict,"), "{row}");
    let expected = "member_id,total_points,final_tier,number_of_accruals\n1,20,Bronze,2\n";
    assert_every_member_equal(&ledger.members(), expected, G1);
}

/// Where ids are unique, two members with the same receipt do not both get points for it, in whichever import.
#[test]
fn a_receipt_is_imported_for_one_member() {
    let ledger = Ledger::for_program("receipts");
    let receipt = |id: &str| purchase(id, r#"{"gross":"10"}"#, "");
    let of_2 = |id: &str| receipt(id).replacen("\"1\"", "\"2\"", 1);
    let both = [receipt("a"), receipt("b"), of_2("b"), of_2("c")].join("\n");
    let imported = ledger.import(&both);
    assert_eq!((imported.code, imported.counts()), (Some(1), [3, 0, 1]));
    let errors = fs::read_to_string(ledger.file("activities.jsonl.errors.csv")).expect("a file of errors");
    let row = errors.lines().nth(1).expect("a row");
    assert!(row.contains("/activity/purchase/id,b,activity_of_another,"), "{row}");
    assert_eq!(ledger.import(&both).counts(), [0, 3, 1], "again, the same");
    assert_eq!(ledger.import(&of_2("a")).counts(), [0, 0, 1]);
    ledger.printed("verify", &[]);
}

#[test]
fn a_bad_program_is_refused_without_waiting_for_activities() {
    let ledger = Ledger::for_program("g1");
    let program = ledger.file("bad.json");
    fs::write(&program, "{}").expect("a file");
    let mut command = ledger.command("import");
    command.args(["--activities", "-", "--program"]).arg(program);
    let mut import = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
    let input = import.stdin.take().expect("its input is piped");
    let (send, ended) = mpsc::channel();
    let id = import.id();
    thread::spawn(move || send.send(import.wait()));
    let status = ended.recv_timeout(Duration::from_secs(60));
    // Whatever came of it, it ends with its input.
    drop(input);
    let status = status.unwrap_or_else(|_| panic!("import {id} waits for activities")).expect("it has ended");
    assert_eq!(status.code(), Some(1));
}
