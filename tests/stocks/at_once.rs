//! Many buyers at once.

use std::sync::Arc;
use std::thread;

use loyalty_core::engine::Engine;
use loyalty_core::id::TenantId;
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::{LedgerStore, ProgramStore};
use pollster::block_on;

use super::engine::{code, over, over_embedded};
use super::shop::{hold, member, minute, program, purchase, redeem};

const BUYERS: usize = 64;
const MUGS: u32 = 10;

/// Buyers at four processes, of whom every third only holds.
fn run<S: LedgerStore + ProgramStore + 'static>(store: &Arc<S>) {
    let tenant = TenantId::new("shop").unwrap();
    let engines: Vec<Engine> = (0..4).map(|_| over(store.clone(), store.clone())).collect();
    block_on(engines[0].publish(&tenant, &program(MUGS), minute(0), minute(0))).expect("published");
    let name = |buyer: usize| member(&format!("m{buyer}"));
    for buyer in 0..BUYERS {
        block_on(engines[0].execute(&tenant, &name(buyer), purchase(), minute(0))).expect("a purchase");
    }
    let tried = |buyer: usize| loop {
        let command = if buyer.is_multiple_of(3) { hold("h", 60) } else { redeem("r") };
        let done = block_on(engines[buyer % 4].execute(&tenant, &name(buyer), command, minute(1)));
        match code(&done) {
            // Who lost too often asks again, as tills do.
            "contended" | "unknown_outcome" => {}
            code => return code,
        }
    };
    let all: Vec<&str> = thread::scope(|scope| {
        let buyers: Vec<_> = (0..BUYERS).map(|buyer| scope.spawn(move || tried(buyer))).collect();
        buyers.into_iter().map(|buyer| buyer.join().expect("no buyer panics")).collect()
    });
    let count = |what: &str| all.iter().filter(|code| **code == what).count();
    let got = count("done") + count("replayed");
    assert_eq!((got, count("out_of_stock")), (MUGS as usize, BUYERS - MUGS as usize), "{all:?}");
    let standing = block_on(engines[0].stocks(&tenant, minute(1))).unwrap();
    let (used, set_aside) = (standing[0].used, standing[0].set_aside);
    assert_eq!((used + set_aside, standing[0].free), (MUGS, 0));
}

#[test]
fn sixty_four_buyers_of_ten_mugs() {
    run(&Arc::new(MemoryStore::default()));
}

#[test]
fn sixty_four_buyers_over_the_embedded_store() {
    over_embedded(run);
}
