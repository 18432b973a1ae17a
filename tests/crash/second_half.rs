//! Half a history imported, the other half over HTTP: the same members as from the whole of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;

use crate::server::{Server, fresh_folder, reference_server, run};
use crate::writers::Tokens;

/// Clients that post at once. Each member belongs to one, which keeps its purchases in their order.
const CLIENTS: usize = 8;

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_history_whose_second_half_comes_over_http() {
    let folder = fresh_folder("second-half");
    let sample = tests().join("data/grocery");
    let converted = run("activities", &["grocery"], &[&sample]);
    assert!(converted.succeeded, "{}", converted.stderr);
    let lines: Vec<&str> = converted.stdout.lines().collect();
    let (first, second) = lines.split_at(lines.len() / 2);
    let imported = folder.join("first.jsonl");
    fs::write(&imported, first.join("\n")).expect("the first half");

    let data = folder.join("data");
    let program = tests().join("programs/g1.json");
    let output = reference_server(
        &["import", "--program", path(&program), "--activities", path(&imported), "--data"],
        &[&data],
    );
    assert!(output.succeeded, "{output:?}");
    assert_ne!(members(&data), expected(&sample), "half a history is not the whole");
    post(&data, second);
    assert_eq!(members(&data), expected(&sample));
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in text")
}

/// Posts purchases through the shipped server, which is killed afterwards: nothing needs its goodbye.
fn post(data: &Path, lines: &[&str]) {
    let server = Server::start(data);
    let tokens = Tokens::ask(&server);
    let mut of_member: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in lines {
        let mut line: Value = serde_json::from_str(line).expect("an activity");
        let member = line["member"].as_str().expect("a member").to_owned();
        of_member.entry(member).or_default().push(line["activity"]["purchase"].take());
    }
    let all: Vec<_> = of_member.into_iter().collect();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let own = all.iter().skip(client).step_by(CLIENTS);
            let (mut connection, token) = (server.connect(), tokens.of("main"));
            scope.spawn(move || {
                for (member, purchases) in own {
                    for purchase in purchases {
                        let path = format!("/v1/members/{member}/purchases");
                        let answer = connection.send("POST", &path, token, Some(&purchase.to_string()));
                        let answer = answer.expect("an answer");
                        assert_eq!(answer.status, 201, "{}", answer.text());
                    }
                }
            });
        }
    });
    server.kill();
}

/// Points, tier and accruals of every member, as the shipped binary prints them.
fn members(data: &Path) -> BTreeMap<String, [String; 3]> {
    let output = reference_server(&["members", "--format", "csv", "--data"], &[data]);
    assert!(output.succeeded, "{output:?}");
    columns(&output.stdout, ["member", "earned", "tier", "accruals"])
}

/// The same of an independent reference program.
fn expected(sample: &Path) -> BTreeMap<String, [String; 3]> {
    let text = fs::read_to_string(sample.join("expected_g1.csv")).expect("expected results");
    columns(&text, ["member_id", "total_points", "final_tier", "number_of_accruals"])
}

/// The first of the named columns and the other three of every row; no field here holds a comma.
fn columns(csv: &str, names: [&str; 4]) -> BTreeMap<String, [String; 3]> {
    let mut lines = csv.lines();
    let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let places = names.map(|name| head.iter().position(|column| *column == name).expect("a column"));
    let rows = lines.map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let [member, values @ ..] = places.map(|place| fields[place].to_owned());
        (member, values)
    });
    let read: BTreeMap<_, _> = rows.collect();
    assert!(read.len() > 200, "{} members", read.len());
    read
}
