//! The pages for authors of programs: every example in them is run.
//!
//! The mark of each block says what it is; `pages/block.rs` lists the marks. A page that shows something else than
//! what the engine does is as red as a failing case.

#[path = "pages/block.rs"]
mod block;
#[path = "replay/case.rs"]
#[allow(dead_code, reason = "a page says less than a case file")]
mod case;
#[path = "replay/files.rs"]
#[allow(dead_code, reason = "pages need the programs and zones alone")]
mod files;
#[path = "replay/found.rs"]
mod found;
#[path = "replay/gifts.rs"]
mod gifts;
#[path = "pages/page.rs"]
mod page;
#[path = "replay/replayer.rs"]
mod replayer;
#[path = "replay/reported.rs"]
mod reported;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use loyalty_core::engine::Engine;
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::memory::MemoryStore;
use loyalty_core::program::Program;

use block::{Block, Mark, blocks};
use files::Corpus;
use page::Run;

static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::read);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../loyalty-core/docs")
}

/// Every page by its name, the index among them.
fn pages() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).expect("the folder of pages").map(|entry| entry.unwrap().path());
    let page = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).expect("a page is text"))
    };
    files.map(page).collect()
}

/// Runs the blocks of one page; what is wrong, by its line.
fn run(name: &str, text: &str) -> Result<Vec<Block>, Vec<String>> {
    let blocks = blocks(text)?;
    let store = Arc::new(MemoryStore::default());
    let engine = Engine::new(store.clone(), store, ChainKey::new(1, [7; 32]));
    let schema = jsonschema::validator_for(Program::schema().as_value()).expect("a schema");
    let mut run = Run::new(name, &CORPUS, &engine, &schema);
    let mut wrong = Vec::new();
    for block in &blocks {
        if let Err(why) = pollster::block_on(run.block(block)) {
            wrong.push(format!("{}: {why}", block.line));
        }
    }
    if wrong.is_empty() { Ok(blocks) } else { Err(wrong) }
}

#[test]
fn every_example_is_what_the_engine_does() {
    let (mut counts, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    let pages = pages();
    for (name, text) in &pages {
        match run(name, text) {
            Ok(blocks) => {
                blocks.iter().for_each(|block| *counts.entry(block.mark.word()).or_default() += 1);
                let shows = |wanted: &Mark| blocks.iter().any(|block| block.mark == *wanted);
                if name != "README.md" && !(shows(&Mark::Program) && shows(&Mark::Case)) {
                    wrong.push(format!("{name} shows no program or no case"));
                }
            }
            Err(found) => wrong.extend(found.into_iter().map(|found| format!("{name}:{found}"))),
        }
    }
    // Not by `eprintln!`, which a passing test would swallow.
    writeln!(stderr(), "{} pages with {counts:?}", pages.len()).expect("standard error");
    assert!(wrong.is_empty(), "{} examples are wrong\n\n{}\n", wrong.len(), wrong.join("\n\n"));
    assert!(pages.len() > 1 && counts.contains_key("cases"), "no pages, or none that shows a case");
}

/// Targets of links within the pages, without their place on the page.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).filter_map(|target| target.split('#').next())
}

#[test]
fn the_index_names_every_page_and_every_link_leads_somewhere() {
    let pages = pages();
    let index: Vec<&str> = links(&pages["README.md"]).collect();
    let unnamed: Vec<_> =
        pages.keys().filter(|name| *name != "README.md" && !index.contains(&name.as_str())).collect();
    assert!(unnamed.is_empty(), "the index does not name {unnamed:?}");
    for (name, text) in &pages {
        for link in links(text).filter(|link| !link.is_empty()) {
            assert!(folder().join(link).exists(), "{name} links to `{link}`, which is not there");
        }
    }
}

const PLAIN: &str = r#"```json program
{"format": 1, "name": "Shop", "money": "EUR", "zone": {"name": "UTC"}, "currencies": [{"id": "points"}],
 "earning": [{"currency": "points", "groups": [{"id": "g", "members": [{"rule": {"id": "r", "rate": "1"}}]}]}]}
```
"#;

/// Each kind of mistake turns a page red: a test that sees nothing cannot stay green.
#[test]
fn mistakes_on_a_page_are_seen() {
    let case = |awards: &str| {
        format!(
            "```json case\n{{\"record\": {{\"purchase\": {{\"id\": \"1\", \"occurred_at\": \
             \"2026-03-10T09:30:00Z\", \"lines\": [{{\"gross\": \"5\"}}]}}}}, \
             \"then\": {{\"awards\": {{\"points\": {awards}}}}}}}\n```\n"
        )
    };
    let rate = "/earning/0/groups/0/members/0/rule/rate";
    let right = [
        case("5"),
        format!("```json fragment {rate}\n\"2\"\n```\n{}", case("10")),
        "```json wrong unknown_money /money\n\"EURO\"\n```\n".to_owned(),
        "```text\n5 x 1 = 5\n```\n".to_owned(),
    ];
    for text in right {
        run("right.md", &format!("{PLAIN}{text}")).unwrap_or_else(|why| panic!("{text}\n{why:#?}"));
    }
    let wrong = [
        case("6"),
        format!("```json fragment {rate}\n\"2\"\n```\n{}", case("5")),
        "```json fragment /colour\n\"red\"\n```\n".to_owned(),
        "```json wrong unknown_money /money\n\"USD\"\n```\n".to_owned(),
        "```json\n{}\n```\n".to_owned(),
        "```\n```\n".to_owned(),
        "```text\nnot closed\n".to_owned(),
        "```json activity\n{\"purchase\": {}}\n```\n".to_owned(),
    ];
    for text in wrong {
        assert!(run("wrong.md", &format!("{PLAIN}{text}")).is_err(), "nobody sees what is wrong in\n{text}");
    }
}
