//! The converter's output, read back: on a small folder made by hand, on the sample, on the whole real data.

#[path = "activities/handmade.rs"]
mod handmade;
#[path = "activities/real_data.rs"]
mod real_data;
#[path = "activities/refusals.rs"]
mod refusals;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use loyalty_core::activity::MemberActivity;
use serde_json::Value;
use tempfile::TempDir;

/// Runs the converter.
fn convert(set: &str, dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_activities")).arg(set).arg(dir).output().expect("the converter starts")
}

/// The activities of a folder that is right, as JSON; each line has been read as an activity, too.
fn activities(set: &str, dir: &Path) -> Vec<Value> {
    let output = convert(set, dir);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| {
            let typed: MemberActivity = serde_json::from_str(line).expect("an activity");
            let value = serde_json::from_str(line).expect("JSON");
            assert_eq!(serde_json::to_value(typed).expect("JSON"), value);
            value
        })
        .collect()
}

/// A folder with these files, gzipped.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = File::create(dir.path().join(name)).expect("a file");
        let mut file = GzEncoder::new(file, Compression::fast());
        file.write_all(text.as_bytes()).expect("room");
        file.finish().expect("room");
    }
    dir
}
