//! Every case of the corpus, replayed through the engine over each store of this project.

#[path = "replay/case.rs"]
mod case;
#[path = "replay/events.rs"]
mod events;
#[path = "replay/files.rs"]
mod files;
#[path = "replay/found.rs"]
mod found;
#[path = "replay/gifts.rs"]
mod gifts;
#[path = "replay/golden.rs"]
mod golden;
#[path = "replay/later.rs"]
mod later;
#[path = "replay/replayer.rs"]
mod replayer;
#[path = "replay/reported.rs"]
mod reported;
#[path = "replay/spoiled.rs"]
mod spoiled;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::{Write, stderr};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use loyalty_adapters::vault::MemberKey;
use loyalty_core::decision::Command;
use loyalty_core::engine::Engine;
use loyalty_core::id::{AuthorId, MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::memory::{MemoryStore, MemoryVault};
use loyalty_core::ports::{LedgerStore, ProgramStore};
use loyalty_core::time::Timestamp;
use serde_json::json;
use tokio::runtime::Runtime;

use case::{By, Case, Draft, LaterFile};
use files::{Corpus, Waiting};
use later::{Standing, standing};
use replayer::Replay;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::read);

fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

fn engine<S: LedgerStore + ProgramStore + 'static>(store: Arc<S>) -> Engine {
    Engine::new(store.clone(), store, ChainKey::new(1, [7; 32]))
}

fn in_memory() -> Engine {
    engine(Arc::new(MemoryStore::default()))
}

/// In a file of its own, left behind for a look at it after a failure.
fn embedded(name: &str) -> Engine {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("corpus-{name}.redb"));
    if path.exists() {
        std::fs::remove_file(&path).expect("the file of an earlier run");
    }
    engine(Arc::new(EmbeddedStore::open(path, EmbeddedOptions::default()).expect("a new store")))
}

/// A hotel and a shop, each with a member called `member` and a purchase called `1`.
fn two_tenants_and_two_currencies(engine: &Engine) {
    let [hotel, shop] = ["hotel", "shop"].map(|name| TenantId::new(name).unwrap());
    let member = MemberId::new("member").unwrap();
    let now = Timestamp::parse("2025-05-01T12:00:00Z").unwrap();
    for (tenant, file) in [(&hotel, "two-currencies.json"), (&shop, "adobe.json")] {
        let draft = Draft { file: file.to_owned(), ..Draft::default() };
        let program = CORPUS.program(&CORPUS.text(&draft).unwrap()).unwrap();
        block_on(engine.publish(tenant, &program, now, now)).unwrap();
        let line = json!({"unit": "night", "quantity": "2", "gross": "7.00"});
        let purchase =
            json!({"purchase": {"id": "1", "occurred_at": "2025-05-01T12:00:00Z", "lines": [line]}});
        let command = Command::Record(Arc::new(serde_json::from_value(purchase).unwrap()));
        assert!(!block_on(engine.execute(tenant, &member, command, now)).unwrap().replayed, "{tenant}");
    }
    let balances = |tenant| {
        let settled = block_on(engine.member(tenant, &member, Some(now), now)).unwrap();
        let balances = settled.state.balances.iter();
        balances.map(|b| (b.currency.clone(), b.available().unwrap().minor())).collect::<Vec<_>>()
    };
    let currency = |id| AuthorId::new(id).unwrap();
    // The hotel: 7.00 x 0.5 in hundredths, and two nights; the shop: 3 full steps of 2.00 by 10.
    assert_eq!(balances(&hotel), [(currency("points"), 350), (currency("nights"), 2)]);
    assert_eq!(balances(&shop), [(currency("points"), 30)]);
}

#[test]
fn a_memory_store_keeps_tenants_and_currencies_apart() {
    two_tenants_and_two_currencies(&in_memory());
}

#[test]
fn an_embedded_store_keeps_tenants_and_currencies_apart() {
    two_tenants_and_two_currencies(&embedded("tenants"));
}

/// All cases share one store at once: each is a tenant, with the same member and the same ids.
fn replay_all(engine: &Engine) {
    let replays: Vec<_> = CORPUS
        .cases()
        .map(|(case, drafts)| {
            let engine = engine.clone();
            RUNTIME.spawn(async move {
                let replayed = Replay::run(&CORPUS, &engine, (case, &drafts), &case.name).await;
                replayed
                    .map_err(|why| format!("`{}`\n  why: {}\n  {}", case.name, case.why, why.join("\n  ")))
            })
        })
        .collect();
    let ended = replays.into_iter().map(|replay| block_on(replay).expect("no replay panics"));
    let failed: Vec<String> = ended.filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{} cases fail\n\n{}\n", failed.len(), failed.join("\n\n"));
}

#[test]
fn every_case_holds_on_the_memory_store() {
    let store = Arc::new(MemoryStore::default());
    let engine = engine(store.clone());
    replay_all(&engine);
    let told = block_on(events::told(&engine, &*store));
    let types: BTreeSet<String> =
        told.iter().filter_map(|it| it["type"].as_str()).map(str::to_owned).collect();
    assert_eq!(types, events::published(), "every event of the schema happens in some case");
    let documented = events::documented();
    for (command, told) in events::by_command(&told) {
        assert!(told.is_subset(&documented[&command]), "the table of commands names {told:?} of `{command}`");
    }
    block_on(golden::is_whole(&*store));
}

#[test]
fn commits_that_were_stored_are_read_as_they_were() {
    golden::read_again();
}

#[test]
fn every_case_holds_with_a_vault() {
    let vault = MemoryVault::new(ChainKey::new(9, [9; 32]), |key| Arc::new(MemberKey::new(key)));
    replay_all(&in_memory().with_vault(Arc::new(vault)));
}

#[test]
fn every_case_holds_on_the_embedded_store() {
    replay_all(&embedded("cases"));
}

/// Each expectation is spoiled in turn: a replay that sees nothing cannot stay green.
#[test]
fn every_expectation_is_looked_at() {
    let engine = in_memory();
    let mut unseen = Vec::new();
    for (case, drafts) in CORPUS.cases() {
        for (what, then) in spoiled::each(&case.then) {
            let spoiled = Case { then, ..case.clone() };
            let tenant = format!("{} / {what}", case.name);
            if block_on(Replay::run(&CORPUS, &engine, (&spoiled, &drafts), &tenant)).is_ok() {
                unseen.push(tenant);
            }
        }
    }
    assert!(unseen.is_empty(), "spoiled and still green: {unseen:#?}");
}

#[test]
fn case_files_have_the_form_that_the_schema_says() {
    let schema = jsonschema::validator_for(&Corpus::schema()).expect("a schema");
    assert!(!schema.is_valid(&json!({"about": "nothing", "cases": []})), "the schema allows anything");
    for theme in &CORPUS.themes {
        let wrong = schema.iter_errors(&theme.raw).map(|e| format!("{}: {e}", e.instance_path()));
        assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new(), "{}", theme.name);
    }
    let definitions = Corpus::schema()["$defs"].clone();
    let schema = json!({"$ref": "#/$defs/later_file", "$defs": definitions});
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    assert!(!schema.is_valid(&json!({"about": "nothing", "cases": []})), "the schema allows anything");
    for waiting in &CORPUS.waiting {
        let wrong = schema.iter_errors(&waiting.raw).map(|e| format!("{}: {e}", e.instance_path()));
        assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new(), "{}", waiting.name);
    }
}

/// A case that waits is moved among the others as soon as it holds.
#[test]
fn no_case_waits_that_holds() {
    let engine = in_memory();
    let (mut counts, mut holds) = (BTreeMap::<(&str, &str), usize>::new(), Vec::new());
    for (Waiting { name, file, .. }, case) in waiting_cases() {
        let standing = block_on(standing(&CORPUS, &engine, file, case));
        let word = match &standing {
            Standing::Holds => "holds",
            Standing::Differs(_) => "differs",
            Standing::NotSayable(_) => "cannot be said yet",
        };
        *counts.entry((&file.waits_for, word)).or_default() += 1;
        if standing == Standing::Holds {
            holds.push(format!("{name}: {}", case["name"]));
        }
    }
    let said: String =
        counts.iter().map(|((what, word), count)| format!("{count:>5}  {what}: {word}\n")).collect();
    writeln!(stderr(), "cases that wait, by what they wait for:\n{said}").expect("standard error");
    assert!(holds.is_empty(), "these hold: move them out of `later`\n{}", holds.join("\n"));
}

fn waiting_cases() -> impl Iterator<Item = (&'static Waiting, &'static serde_json::Value)> {
    CORPUS.waiting.iter().flat_map(|waiting| waiting.file.cases.iter().map(move |case| (waiting, case)))
}

/// An ordinary case that is said to wait is found out; a wrong one and one without words are told apart.
#[test]
fn what_waits_is_tried() {
    let file = LaterFile {
        about: String::new(),
        source: None,
        program: Some(case::Programs::Named("adobe.json".to_owned())),
        waits_for: String::new(),
        cases: Vec::new(),
    };
    let of = |awards: i64, command: &str| {
        let purchase = json!({"purchase": {"id": "1", "occurred_at": "2025-05-01T12:00:00Z",
            "lines": [{"gross": "7.00"}]}});
        json!({"name": format!("{command} {awards}"), "by": "hand", "why": "7.00 has 3 full steps of 2.00",
            command: purchase, "then": {"awards": {"points": awards}}})
    };
    let engine = in_memory();
    let standing = |case| block_on(standing(&CORPUS, &engine, &file, &case));
    assert_eq!(standing(of(30, "record")), Standing::Holds);
    assert!(matches!(standing(of(31, "record")), Standing::Differs(_)));
    assert!(matches!(standing(of(30, "redeem")), Standing::NotSayable(_)));
    let command = json!({"name": "a command", "by": "hand", "why": "nothing knows it",
        "record": {"at": "2025-05-01T12:00:00Z", "create_pool": {}}, "then": {"balances": {}}});
    assert!(matches!(standing(command), Standing::NotSayable(_)));
}

#[test]
fn the_corpus_is_whole() {
    let mut said = String::from("cases by theme:\n");
    let mut by = BTreeMap::<By, usize>::new();
    for theme in &CORPUS.themes {
        said.push_str(&format!("{:>5}  {}\n", theme.file.cases.len(), theme.name));
        assert!(!theme.file.about.is_empty(), "{}: what is it about?", theme.name);
        for case in &theme.file.cases {
            let source = case.source.as_ref().or(theme.file.source.as_ref());
            assert!(source.is_some_and(|source| !source.is_empty()), "`{}` has no source", case.name);
            assert!(!case.why.is_empty(), "`{}` does not say why", case.name);
            *by.entry(case.by).or_default() += 1;
        }
    }
    let (all, waiting) = (CORPUS.cases().count(), waiting_cases().count());
    said.push_str(&format!("{all:>5}  in all, {by:?}; {waiting} more wait\n"));
    for Waiting { name, file, .. } in &CORPUS.waiting {
        assert!(!file.about.is_empty() && file.source.is_some(), "{name}: what is it about, and from where?");
    }
    // Not by `eprintln!`, which a passing test would swallow.
    stderr().write_all(said.as_bytes()).expect("standard error");
    let mut names = BTreeSet::new();
    let all = CORPUS.cases().map(|(case, _)| case.name.as_str());
    let waiting = waiting_cases().map(|(_, case)| case["name"].as_str().expect("a case has a name"));
    let twice: Vec<_> = all.chain(waiting).filter(|name| !names.insert(*name)).collect();
    assert!(twice.is_empty(), "names that are used twice: {twice:#?}");
    assert!(CORPUS.strangers.is_empty(), "no case files: {:?}", CORPUS.strangers);
    assert_eq!(CORPUS.unused_programs(), Vec::<&str>::new(), "programs without a case");
}
