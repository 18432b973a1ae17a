//! Engines over a store, and what came of a command in a word.

use std::sync::Arc;

use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use loyalty_core::engine::{Answer, Engine, EngineError};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ports::{LedgerStore, ProgramStore};

pub fn over(ledger: Arc<dyn LedgerStore>, programs: Arc<dyn ProgramStore>) -> Engine {
    Engine::new(ledger, programs, ChainKey::new(1, [7; 32]))
}

/// What came of it, in a word.
pub fn code(done: &Result<Answer, EngineError>) -> &'static str {
    match done {
        Ok(answer) if answer.replayed => "replayed",
        Ok(_) => "done",
        Err(error) => error.problem().code,
    }
}

/// Runs over the embedded store in a folder of its own, which is whole afterwards and follows from its commits.
pub fn over_embedded(run: impl FnOnce(&Arc<EmbeddedStore>)) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path().join("ledger"), EmbeddedOptions::default());
    let store = Arc::new(store.expect("opened"));
    run(&store);
    store.verify().expect("whole");
    for table in store.rebuild(folder.path().join("anew")).expect("made anew") {
        assert_eq!(table.different, 0, "{table:?}");
    }
}
