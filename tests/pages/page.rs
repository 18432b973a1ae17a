//! A page of the documentation, and running what it shows.

use std::collections::BTreeMap;

use loyalty_core::activity::Activity;
use loyalty_core::engine::Engine;
use loyalty_core::json;
use serde_json::{Value, json};

use super::block::{Block, Mark};
use super::case::{Case, Draft, Programs};
use super::files::{Corpus, LIMITS, repeat};
use super::replayer::Replay;

/// The file under whose name a page's own program stands beside those of the tests.
const OWN: &str = "this page";

/// Runs a page's blocks in their order.
pub struct Run<'a> {
    pub name: &'a str,
    pub corpus: Corpus,
    pub engine: &'a Engine,
    pub schema: &'a jsonschema::Validator,
    /// Fragments of the section, by their pointers.
    changes: BTreeMap<String, Value>,
    section: usize,
}

impl<'a> Run<'a> {
    pub fn new(
        name: &'a str,
        corpus: &Corpus,
        engine: &'a Engine,
        schema: &'a jsonschema::Validator,
    ) -> Self {
        Self { name, corpus: corpus.clone(), engine, schema, changes: BTreeMap::new(), section: 0 }
    }

    /// Why a block is not as the page says; nothing where it is.
    pub async fn block(&mut self, block: &Block) -> Result<(), String> {
        if self.section != block.section {
            self.changes.clear();
            self.section = block.section;
        }
        match &block.mark {
            Mark::Program => {
                self.changes.clear();
                self.corpus.programs.insert(OWN.to_owned(), block.json()?);
                self.checks()
            }
            Mark::Fragment(pointer) => {
                self.changes = BTreeMap::from([(pointer.clone(), block.json()?)]);
                self.checks()
            }
            Mark::And(pointer) => {
                self.changes.insert(pointer.clone(), block.json()?);
                self.checks()
            }
            Mark::Wrong(code, pointer) => self.is_refused(code, pointer, block.json()?),
            Mark::Case => self.replays(block).await,
            Mark::Activity => {
                let read = json::read::<Activity>(block.text.as_bytes(), &LIMITS);
                read.map(|_| ()).map_err(|problems| format!("{problems:#?}"))
            }
            Mark::Shell | Mark::Text => Ok(()),
        }
    }

    fn draft(&self) -> Draft {
        Draft { file: OWN.to_owned(), with: self.changes.clone(), ..Draft::default() }
    }

    /// The program as it stands satisfies the schema and the checker.
    fn checks(&self) -> Result<(), String> {
        let text = self.corpus.text(&self.draft())?;
        let value: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        let wrong = self.schema.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path()));
        let wrong: Vec<String> = wrong.collect();
        if !wrong.is_empty() {
            return Err(format!("the schema refuses it: {wrong:#?}"));
        }
        self.corpus.program(&text).map(|_| ()).map_err(|problems| format!("{problems:#?}"))
    }

    fn is_refused(&self, code: &str, pointer: &str, value: Value) -> Result<(), String> {
        let mut draft = self.draft();
        draft.with.insert(pointer.to_owned(), value);
        let problems = self.corpus.program(&self.corpus.text(&draft)?).err().unwrap_or_default();
        let found: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        if found.contains(&code) { Ok(()) } else { Err(format!("expected `{code}`, found {found:?}")) }
    }

    async fn replays(&self, block: &Block) -> Result<(), String> {
        let name = format!("{} line {}", self.name, block.line);
        let mut value = block.json()?;
        repeat(&mut value);
        // What a corpus says of each case for itself is said by the page around it.
        if let Some(case) = value.as_object_mut() {
            for (field, said) in [("name", json!(name)), ("by", json!("hand")), ("why", json!("the page"))] {
                case.entry(field).or_insert(said);
            }
        }
        let case: Case = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let drafts = case.program.as_ref().map_or_else(|| vec![self.draft()], Programs::drafts);
        let replayed = Replay::run(&self.corpus, self.engine, (&case, &drafts), &name).await;
        replayed.map_err(|why| why.join("\n  "))
    }
}
