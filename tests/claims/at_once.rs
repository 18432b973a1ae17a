//! Many callers at once, of one id.

use std::sync::Arc;
use std::thread;

use loyalty_core::engine::Engine;
use loyalty_core::id::TenantId;
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::{LedgerStore, ProgramStore};
use pollster::block_on;

use super::engine::{code, over, over_embedded};
use super::shop::{DAY, at, member, program, purchase};

const CALLERS: usize = 64;
const RECEIPTS: usize = 10;

/// Members of different processes bring in the same receipts, each beginning with another.
fn run<S: LedgerStore + ProgramStore + 'static>(store: &Arc<S>) {
    let tenant = TenantId::new("shop").unwrap();
    let engines: Vec<Engine> = (0..4).map(|_| over(store.clone(), store.clone())).collect();
    block_on(engines[0].publish(&tenant, &program(), at(DAY), at(DAY))).expect("published");
    let tried = |caller: usize| {
        let (engine, member) = (&engines[caller % 4], member(&format!("m{caller}")));
        let mut won = Vec::new();
        for turn in 0..RECEIPTS {
            let receipt = (caller + turn) % RECEIPTS;
            let done = block_on(engine.execute(&tenant, &member, purchase(&receipt.to_string()), at(DAY)));
            match code(&done) {
                "done" => won.push(receipt),
                code => assert_eq!(code, "activity_of_another"),
            }
        }
        won
    };
    let mut won: Vec<usize> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || tried(caller))).collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("no caller panics")).collect()
    });
    won.sort_unstable();
    assert_eq!(won, (0..RECEIPTS).collect::<Vec<_>>(), "each receipt once");
}

#[test]
fn sixty_four_callers() {
    run(&Arc::new(MemoryStore::default()));
}

#[test]
fn sixty_four_callers_over_the_embedded_store() {
    over_embedded(run);
}
