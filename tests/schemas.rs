//! The JSON Schemas that are checked in are those of the types, and say what the reader says.
//!
//! `LOYALTY_WRITE=1 cargo test -p loyalty-tests --test schemas` writes them anew.

use std::path::{Path, PathBuf};

use loyalty_core::activity::MemberActivity;
use loyalty_core::json::answer::EventView;
use loyalty_core::program::Program;
use schemars::generate::SchemaSettings;
use schemars::{Schema, schema_for};
use serde_json::json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn published() -> [(&'static str, Schema); 3] {
    let event = SchemaSettings::draft2020_12().for_serialize().into_generator();
    [
        ("program", Program::schema()),
        ("activity", schema_for!(MemberActivity)),
        ("event", event.into_root_schema_for::<EventView>()),
    ]
}

#[test]
fn checked_in_schemas_are_fresh() {
    for (name, schema) in published() {
        let path = root().join(format!("loyalty-core/schemas/{name}.schema.json"));
        let fresh = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("LOYALTY_WRITE").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == fresh, "`{}` is stale: run this test with LOYALTY_WRITE=1", path.display());
    }
}

fn validator(name: &str) -> jsonschema::Validator {
    let schema = published().into_iter().find(|(it, _)| *it == name).unwrap().1;
    jsonschema::validator_for(schema.as_value()).expect("a schema of draft 2020-12")
}

#[test]
fn every_program_of_the_project_satisfies_the_schema() {
    let validator = validator("program");
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("tests/programs")).unwrap() {
        let path = entry.unwrap().path();
        let document = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        count += 1;
    }
    assert!(count >= 4, "the four reference programs at least");
}

/// The page about the feed names every event, and its schema refuses what is none.
#[test]
fn events_are_described() {
    let page = std::fs::read_to_string(root().join("loyalty-core/docs/feed.md")).unwrap();
    let schema = published().into_iter().find(|(name, _)| *name == "event").unwrap().1;
    for one in schema.as_value()["oneOf"].as_array().unwrap() {
        let name = one["properties"]["type"]["const"].as_str().unwrap();
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
    let event = json!({
        "position": 7, "member": "4711", "seq": 2, "number": 1, "recorded_at": "2026-03-10T11:00:00Z",
        "key": "purchase/r-1", "kind": "purchase", "type": "points_moved", "currency": "points", "scale": 0,
        "from": "issued", "to": "available", "points": 20, "effective_at": "2026-03-10T11:00:00Z",
    });
    let validator = validator("event");
    assert!(validator.is_valid(&event));
    for (field, wrong) in [
        ("type", json!("points_were_moved")),
        ("points", json!("20")),
        ("from", json!("nowhere")),
        ("seq", json!(-1)),
        ("kind", json!("sale")),
        ("member", json!(4711)),
        ("recorded_at", json!(0)),
    ] {
        let mut other = event.clone();
        other[field] = wrong;
        assert!(!validator.is_valid(&other), "{other}");
        if field != "kind" {
            other.as_object_mut().unwrap().remove(field);
            assert!(!validator.is_valid(&other), "{other}");
        }
    }
}

/// What the schema must refuse, since the reader does: unknown fields, decimals as numbers, wrong choices.
#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let text = std::fs::read_to_string(root().join("tests/programs/g1.json")).unwrap();
    let validator = validator("program");
    for (from, to) in [
        ("\"format\": 1", "\"format\": 1, \"colour\": \"red\""),
        ("\"rate\": \"1\"", "\"rate\": 1"),
        ("\"round\": \"floor\"", "\"round\": \"down\""),
        ("\"id\": \"points\"", "\"id\": \"po ints\""),
        ("\"window\": \"year\"", "\"window\": \"decade\""),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text, "{from}");
        assert!(Program::check(wrong.as_bytes()).is_err(), "the reader refuses {to}");
        assert!(!validator.is_valid(&serde_json::from_str(&wrong).unwrap()), "the schema refuses {to}");
    }
}
