//! Cases of what cannot be said yet: how far the language is from each of them.

use loyalty_core::engine::Engine;
use serde_json::Value;

use super::case::{Case, LaterFile, Programs};
use super::files::Corpus;
use super::replayer::Replay;

/// Codes of input that the reader does not know.
const UNREAD: [&str; 3] = ["unknown_variant", "unknown_field", "wrong_length"];

/// Where a case stands that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It holds: it belongs among the others.
    Holds,
    /// It can be said, and comes to something else.
    Differs(String),
    /// Its program, a command or an expectation has no words yet.
    NotSayable(String),
}

/// Tries a case that waits, as the tenant that its name names.
pub async fn standing(corpus: &Corpus, engine: &Engine, file: &LaterFile, case: &Value) -> Standing {
    let case: Case = match serde_json::from_value(case.clone()) {
        Ok(case) => case,
        Err(error) => return Standing::NotSayable(format!("the case: {error}")),
    };
    let programs = case.program.as_ref().or(file.program.as_ref());
    let drafts = programs.map_or_else(Vec::new, Programs::drafts);
    for draft in &drafts {
        let text = match corpus.text(draft) {
            Ok(text) => text,
            Err(why) => return Standing::NotSayable(format!("the program: {why}")),
        };
        if let Err(problems) = corpus.program(&text) {
            return Standing::NotSayable(format!("the program: {}", problems[0]));
        }
    }
    match Replay::run(corpus, engine, (&case, &drafts), &case.name).await {
        Ok(()) => Standing::Holds,
        Err(why) if why.iter().any(|why| UNREAD.iter().any(|code| why.contains(code))) => {
            Standing::NotSayable(format!("a command: {}", why.join("; ")))
        }
        Err(why) => Standing::Differs(why.join("; ")),
    }
}
