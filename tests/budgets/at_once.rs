//! Many callers at once: the end is exact.

use std::sync::Arc;
use std::thread;

use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use loyalty_core::engine::Engine;
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ports::{Feed, LedgerStore, ProgramStore};
use pollster::block_on;
use serde_json::json;

use super::shop::{at, earned, program, purchase};

const CALLERS: usize = 64;
const EACH: usize = 10;
const DAY: &str = "2026-03-01T00:00:00Z";

/// Each caller buys ten times for 7 euros: 4,480 points are wanted.
fn all_at_once(engines: &[Engine], tenant: &TenantId) -> i64 {
    let given = |caller: usize| {
        let engine = &engines[caller % engines.len()];
        let member = MemberId::new(&format!("m{caller}")).unwrap();
        let buy = |n: usize| {
            let bought = purchase(&n.to_string(), 7, DAY);
            earned(&block_on(engine.execute(tenant, &member, bought, at(DAY))).expect("recorded"))
        };
        (0..EACH).map(buy).sum::<i64>()
    };
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || given(caller))).collect();
        callers.into_iter().map(|caller| caller.join().expect("no caller panics")).sum()
    })
}

fn run<S: LedgerStore + ProgramStore + Feed + 'static>(store: Arc<S>, engines: usize) {
    let tenant = TenantId::new("shop").unwrap();
    let engine =
        || Engine::new(store.clone(), store.clone(), ChainKey::new(1, [7; 32])).with_feed(store.clone());
    let engines: Vec<_> = (0..engines).map(|_| engine()).collect();
    let program = program(json!({"amount": "3001"}));
    block_on(engines[0].publish(&tenant, &program, at(DAY), at(DAY))).expect("published");
    let mut given = all_at_once(&engines, &tenant);
    if engines.len() == 1 {
        assert_eq!(given, 3_001, "one process gives all of it");
    }
    assert!(given <= 3_001, "{given}");
    for engine in &engines {
        block_on(engine.release_budgets(at(DAY))).expect("given back");
    }
    let standing = block_on(engines[0].budgets(&tenant, at(DAY))).expect("read").remove(0);
    assert_eq!((standing.used, standing.leased, standing.free), (given, 0, 3_001 - given));
    let rest = purchase("rest", 5_000, DAY);
    let last = MemberId::new("last").unwrap();
    given += earned(&block_on(engines[0].execute(&tenant, &last, rest, at(DAY))).expect("recorded"));
    assert_eq!(given, 3_001);
}

#[test]
fn sixty_four_callers_of_one_engine() {
    run(Arc::new(loyalty_core::memory::MemoryStore::default()), 1);
}

#[test]
fn sixty_four_callers_of_four_engines() {
    run(Arc::new(loyalty_core::memory::MemoryStore::default()), 4);
}

#[test]
fn sixty_four_callers_over_the_embedded_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || EmbeddedStore::open(folder.path().join("ledger"), EmbeddedOptions::default());
    let store = Arc::new(open().expect("opened"));
    run(store.clone(), 1);
    store.verify().expect("whole");
    drop(store);
    open().expect("opened again").verify().expect("whole");
}
