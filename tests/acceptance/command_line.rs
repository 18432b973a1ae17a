//! The other commands, and how each ends: 0 well, 1 something is wrong, 2 it could not be done.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Output, Stdio};

use xtask::workspace::root;

use crate::binaries::server;
use crate::ledger::Ledger;
use crate::sample::ACTIVITIES;

fn ended(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn check(file: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    ended(&server().arg("check").arg(file).args(arguments).output().expect("the server can be started"))
}

#[test]
fn check_names_the_version_or_everything_that_is_wrong() {
    let g1 = root().join("tests/programs/g1.json");
    let (code, said, _) = check(&g1, &[]);
    let version = said.lines().next().and_then(|line| line.strip_prefix("version  ")).unwrap_or_default();
    assert_eq!((code, version.len()), (Some(0), 64), "{said}");
    assert!(said.lines().any(|line| line.starts_with("fact     /earning/0: reward_at_most: ")), "{said}");
    let (_, json, _) = check(&g1, &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (json["version"].as_str(), json["problems"].as_array().map(Vec::len)),
        (Some(version), Some(0))
    );

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("wrong.json");
    let text = fs::read_to_string(&g1).expect("a program");
    fs::write(
        &file,
        text.replace("America/New_York", "Mars/Olympus").replace("\"at_most\": \"500\"", "\"at_most\": 500"),
    )
    .expect("a file");
    let (code, said, _) = check(&file, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("/earning/0/caps/0/at_most: wrong_type: "), "{said}");
    fs::write(&file, text.replace("America/New_York", "Mars/Olympus")).expect("a file");
    let (code, said, _) = check(&file, &["--format", "json"]);
    assert!(code == Some(1) && said.contains(r#""code":"unknown_zone""#), "{said}");
    let g1 = g1.to_str().expect("a name");
    fs::write(&file, text.replace("\"window\": \"year\"", "\"window\": \"month\"")).expect("a file");
    let (code, said, _) = check(&file, &["--against", g1]);
    assert!(code == Some(1) && said.contains("/counters/0: counter_changed: "), "{said}");
    assert_eq!(check(std::path::Path::new(g1), &["--against", g1]).0, Some(0), "a version follows itself");
    let (code, _, error) = check(&folder.path().join("absent.json"), &[]);
    assert!(code == Some(2) && error.starts_with("error: cannot read"), "{error}");
}

#[test]
fn who_reads_only_the_first_lines_sees_no_error() {
    let ledger = Ledger::for_program("g1");
    ledger.import(&ACTIVITIES);
    let mut command = ledger.command("members");
    let mut members =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server can be started");
    let mut first = String::new();
    let mut out = BufReader::with_capacity(16, members.stdout.take().expect("piped"));
    out.read_line(&mut first).expect("a line");
    drop(out);
    let mut said = String::new();
    members.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(members.wait().expect("it ends").code(), Some(0));
    assert_eq!(said, "");
    assert!(first.starts_with("member"), "{first}");
}

/// 30 days from 10 March are over at the end of 9 April in New York, four hours before that of UTC.
#[test]
fn what_waits_is_told_and_what_became_of_it() {
    let ledger = Ledger::for_program("flights");
    let leg = r#"{"member": "m", "activity": {"purchase": {"id": "leg-1", "occurred_at": "2025-03-10T12:00:00-04:00",
        "lines": [{"gross": "0", "attributes": {"miles": "700"}}]}}}"#;
    let flown = r#"{"member": "m", "activity": {"event": {"name": "flown", "id": "e-1", "occurred_at": "2025-03-11T12:00:00-04:00",
        "of": "leg-1"}}}"#;
    ledger.import(&[leg, flown].map(|line| line.replace('\n', " ")).join("\n"));
    let text = ledger.printed("explain", &["--member", "m", "--key", "purchase/leg-1"]);
    let waits = "700 miles given, cancelled at 2025-04-10T04:00:00Z unless `flown` comes";
    assert!(text.contains(waits), "{text}");
    let text = ledger.printed("explain", &["--member", "m", "--key", "event/flown/e-1"]);
    assert!(text.contains("700 miles of purchase leg-1 vested"), "{text}");
}

#[test]
fn an_activity_is_proved_and_an_unknown_one_is_named() {
    let ledger = Ledger::for_program("g1");
    let first = ACTIVITIES.lines().next().expect("an activity");
    ledger.import(first);
    let part =
        |name: &str| first.split(&format!("\"{name}\":\"")).nth(1).and_then(|rest| rest.split('"').next());
    let (member, id) = (part("member").expect("a member"), part("id").expect("an id"));
    let text = ledger.printed("explain", &["--member", member, "--activity", id]);
    assert!(text.contains(&format!("purchase/{id} of member {member}")) && text.contains("rule"), "{text}");
    let key = format!("purchase/{id}");
    assert_eq!(ledger.printed("explain", &["--member", member, "--key", &key]), text);
    assert!(ledger.printed("explain", &["--member", member, "--key", &key, "--json"]).starts_with('{'));
    let unknown = ledger.command("explain").args(["--member", member, "--activity", "nothing"]).output();
    let (code, _, error) = ended(&unknown.expect("the server can be started"));
    assert!(code == Some(2) && error.starts_with("error: unknown_operation"), "{error}");
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let ledger = Ledger::for_program("g1");
    for name in ["members", "verify"] {
        let (code, out, error) = ended(&ledger.command(name).output().expect("the server can be started"));
        assert!(code == Some(2) && out.is_empty() && error.contains("import activities first"), "{error}");
        assert!(!ledger.file("data").exists(), "looking makes nothing");
    }
    let first = ACTIVITIES.lines().next().expect("an activity");
    assert_eq!(ledger.import(first).code, Some(0));
    let other = ledger.with_program("g2").import(first);
    assert!(other.code == Some(2) && other.said.contains("--valid-from"), "{}", other.said);
    let (code, _, error) = ended(&server().arg("import").output().expect("the server can be started"));
    assert!(code == Some(2) && error.contains("--activities"), "{error}");
}
