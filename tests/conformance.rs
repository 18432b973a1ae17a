//! Every store this project ships keeps the contracts of its ports.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};

/// A file of its own for every store, left behind for a look at it after a failure.
fn fresh_file() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("conformance-{number}.redb"));
    if path.exists() {
        std::fs::remove_file(&path).expect("the file of an earlier run");
    }
    path
}

fn embedded() -> EmbeddedStore {
    EmbeddedStore::open(fresh_file(), EmbeddedOptions::default()).expect("a new store")
}

mod memory {
    use loyalty_core::memory::{MemoryCounters, MemoryStore};
    use pollster::block_on;

    loyalty_core::conformance!(ledger_store, block_on, MemoryStore::default());
    loyalty_core::conformance!(feed, block_on, MemoryStore::default());
    loyalty_core::conformance!(program_store, block_on, MemoryStore::default());
    loyalty_core::conformance!(shared_counters, block_on, MemoryCounters::default());
}

mod embedded_file {
    use super::embedded;
    use pollster::block_on;

    loyalty_core::conformance!(ledger_store, block_on, embedded());
    loyalty_core::conformance!(feed, block_on, embedded());
    loyalty_core::conformance!(program_store, block_on, embedded());
}

/// A queue and batches of one, so that callers wait to enter and every append is a transaction.
mod embedded_narrow {
    use super::{EmbeddedOptions, EmbeddedStore, fresh_file};
    use pollster::block_on;

    fn narrow() -> EmbeddedStore {
        let options = EmbeddedOptions { cache_bytes: 0, max_batch: 1, queue: 1, check_on_open: true };
        EmbeddedStore::open(fresh_file(), options).expect("a new store")
    }

    loyalty_core::conformance!(ledger_store, block_on, narrow());
}
