//! Programs and activities in few words.

use loyalty_core::activity::Activity;
use loyalty_core::program::document::Document;
use loyalty_core::time::{OffsetTime, Timestamp};
use loyalty_model::generate::zone;
use loyalty_model::number::BigInt;
use loyalty_model::{Model, Outcome, Refused};
use serde_json::{Value, json};

/// A program of one currency `p` in New York, with the given parts beside.
pub fn program(scale: u8, earning: Value, parts: Value) -> Document {
    let mut document = json!({
        "format": 1, "name": "published", "money": "USD", "zone": {"name": "America/New_York"},
        "currencies": [{"id": "p", "scale": scale}],
        "earning": [{"currency": "p", "groups": [{"id": "g", "members": []}]}],
    });
    merge(&mut document["earning"][0], earning);
    merge(&mut document, parts);
    let mut document: Document = serde_json::from_value(document).expect("a document");
    document.zone = zone::new_york();
    document
}

fn merge(into: &mut Value, parts: Value) {
    for (name, value) in parts.as_object().expect("an object") {
        into[name] = value.clone();
    }
}

/// One group of rules.
pub fn rules(rules: &[Value]) -> Value {
    let members: Vec<Value> = rules.iter().map(|rule| json!({ "rule": rule })).collect();
    json!({"groups": [{"id": "g", "members": members}]})
}

pub fn purchase(id: &str, at: &str, lines: Value) -> Activity {
    read(json!({"purchase": {"id": id, "occurred_at": at, "lines": lines}}))
}

pub fn returned(id: &str, at: &str, of: Option<&str>, lines: Value) -> Activity {
    let mut given = json!({"return": {"id": id, "occurred_at": at, "lines": lines}});
    if let Some(of) = of {
        given["return"]["of"] = of.into();
    }
    read(given)
}

pub fn read(activity: Value) -> Activity {
    serde_json::from_value(activity).expect("an activity")
}

/// Noon of a date in Greenwich, which is the morning of that date in New York.
pub fn noon(date: &str) -> OffsetTime {
    OffsetTime::parse(&format!("{date}T12:00:00Z")).expect("a time")
}

pub fn gross(amount: &str) -> Value {
    json!([{"gross": amount}])
}

pub fn award(outcome: &Result<Outcome, Refused>) -> BigInt {
    outcome.as_ref().expect("recorded").awards["p"].clone()
}

pub fn taken(outcome: &Result<Outcome, Refused>) -> BigInt {
    outcome.as_ref().expect("recorded").taken["p"].clone()
}

/// The awards in minor units of purchases of one line each, at noon of the days that follow 1 February 2017.
pub fn awards(document: &Document, amounts: &[&str]) -> Vec<BigInt> {
    let mut model = Model::new(document);
    let days = amounts.iter().enumerate();
    days.map(|(n, amount)| {
        let at = format!("2017-02-{:02}T12:00:00-05:00", n + 1);
        award(&model.record(&purchase(&at, &at, gross(amount))))
    })
    .collect()
}

pub fn numbers<const N: usize>(numbers: [i64; N]) -> Vec<BigInt> {
    numbers.map(BigInt::from).to_vec()
}

pub fn settled(mut model: Model, at: &str) -> Model {
    model.settle(Timestamp::parse(at).expect("a time"));
    model
}
