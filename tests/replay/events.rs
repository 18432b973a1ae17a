//! What the feed tells of the cases, held against the schema that is published.

use std::collections::{BTreeMap, BTreeSet};

use loyalty_core::engine::Engine;
use loyalty_core::json::answer::EventView;
use loyalty_core::ledger::commit::Commit;
use loyalty_core::ports::Feed;
use loyalty_core::time::Timestamp;
use serde_json::Value;

use crate::gifts::given_vouchers;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../loyalty-core/schemas/event.schema.json")).expect("JSON")
}

/// The types that the schema has.
pub fn published() -> BTreeSet<String> {
    let schema = schema();
    let all = schema["oneOf"].as_array().expect("a choice of types");
    let name = |one: &Value| one["properties"]["type"]["const"].as_str().expect("a type").to_owned();
    all.iter().map(name).collect()
}

/// What each kind of command told beside moved points, that somebody joined by it, and that it was refused.
pub fn by_command(told: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_command: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in told {
        let [kind, what] = ["kind", "type"].map(|field| event[field].as_str().map(str::to_owned));
        if let (Some(kind), Some(what)) = (kind, what)
            && !["points_moved", "member_enrolled", "command_refused"].contains(&what.as_str())
        {
            by_command.entry(kind).or_default().insert(what);
        }
    }
    by_command
}

/// The same as the pages for authors have it.
pub fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = include_str!("../../loyalty-core/docs/commands.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let all = rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '`'])).collect();
        let events = if cells.len() == 7 { cells[5] } else { cells[4] };
        let quoted = events.split('`').filter(|it| it.contains('_') && !it.contains(' '));
        (cells[0].to_owned(), quoted.map(str::to_owned).collect::<BTreeSet<_>>())
    });
    all.collect()
}

/// All events of all tenants; each is as the schema says, and none tells a secret.
pub async fn told(engine: &Engine, feed: &dyn Feed) -> Vec<Value> {
    let schema = jsonschema::validator_for(&schema()).expect("a schema of draft 2020-12");
    let now = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
    let (mut told, mut position) = (Vec::new(), 0);
    loop {
        let page = feed.after(position, 256).await.expect("a page");
        let Some((last, _)) = page.last() else { return told };
        position = *last;
        for (at, stored) in &page {
            let commit = stored.commit().expect("a commit");
            if commit.head.tenant.is_shared() {
                continue;
            }
            let secrets = secrets(&commit);
            let programs = engine.programs(&commit.head.tenant, now).await.expect("programs");
            for event in EventView::of(*at, commit, &programs) {
                let event = serde_json::to_value(&event).expect("JSON");
                let errors: Vec<String> = schema.iter_errors(&event).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{event}: {errors:?}");
                let text = event.to_string();
                assert!(!secrets.iter().any(|secret| text.contains(secret)), "{event}");
                told.push(event);
            }
        }
    }
}

/// Codes of vouchers, and what people wrote.
fn secrets(commit: &Commit) -> Vec<String> {
    let codes = commit.operations.iter().flat_map(given_vouchers).map(|held| held.code.to_string());
    let reasons = commit.operations.iter().filter_map(|operation| {
        let command = operation.sealed.command.to_json();
        let (_, fields) = command.as_object()?.iter().next()?;
        fields.get("reason")?.as_str().map(|reason| format!("\"{reason}\""))
    });
    codes.chain(reasons).collect()
}
