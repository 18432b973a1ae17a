//! Many callers at one balance: exactly what is there is spent, or given, whoever asks first.

#[path = "faults/engine.rs"]
mod engine;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use loyalty_core::decision::Command;
use loyalty_core::engine::Engine;
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::{LedgerStore, ProgramStore};
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use serde_json::{Value, json};

use engine::{code, over, over_embedded};

const CALLERS: u32 = 64;
const PRICE: u32 = 30;

fn rounds() -> u32 {
    if std::env::var("LOYALTY_LONG").is_ok_and(|text| text == "1") { 10_000 } else { 500 }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00Z").unwrap().plus_seconds(60 * minute)
}

fn member(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

fn read<T: serde::de::DeserializeOwned>(fields: Value) -> Arc<T> {
    Arc::new(serde_json::from_value(fields).expect("a command"))
}

fn purchase(euros: u32) -> Command {
    let lines = json!([{"gross": euros.to_string()}]);
    Command::Record(read(json!({"purchase": {"id": "1", "occurred_at": at(0).to_string(), "lines": lines}})))
}

/// A tenant, and engines as four processes have them.
struct Shop {
    tenant: TenantId,
    engines: Vec<Engine>,
}

impl Shop {
    /// That gives a point a euro, and a mug for [`PRICE`].
    fn over<S: LedgerStore + ProgramStore + 'static>(store: &Arc<S>) -> Self {
        let document = json!({
            "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
            "currencies": [{"id": "points"}],
            "earning": [{"currency": "points", "groups": [{"id": "all", "members": [{"rule": {"id": "euro", "rate": "1"}}]}]}],
            "rewards": [{"id": "mug", "points": PRICE.to_string()}],
        });
        let program = Program::check(document.to_string().as_bytes()).expect("a program");
        let engines: Vec<Engine> = (0..4).map(|_| over(store.clone(), store.clone())).collect();
        let tenant = TenantId::new("shop").unwrap();
        block_on(engines[0].publish(&tenant, &program, at(0), at(0))).expect("published");
        Self { tenant, engines }
    }

    /// What came of a command, which is sent again until something does.
    fn tried(&self, by: u32, name: &str, command: &Command) -> &'static str {
        let engine = &self.engines[by as usize % self.engines.len()];
        loop {
            match code(&block_on(engine.execute(&self.tenant, &member(name), command.clone(), at(1)))) {
                "contended" | "unknown_outcome" => {}
                code => return code,
            }
        }
    }

    fn points(&self, name: &str) -> i64 {
        let settled =
            block_on(self.engines[0].member(&self.tenant, &member(name), None, at(1))).expect("a member");
        assert!(settled.state.in_transit.is_empty(), "{name} has points on their way");
        settled.state.balances.iter().map(|balance| balance.available().unwrap().minor()).sum()
    }

    fn verify(&self, name: &str) {
        let verified = block_on(self.engines[0].verify(&self.tenant, &member(name))).expect("verified");
        assert_eq!(verified.findings, vec![], "{name}");
    }
}

/// Each round all callers ask at once for a mug out of one balance.
fn spend_at_once<S: LedgerStore + ProgramStore + 'static>(store: &Arc<S>, rounds: u32) {
    let shop = Shop::over(store);
    let barrier = Barrier::new(CALLERS as usize);
    let got: Vec<AtomicU32> = (0..rounds).map(|_| AtomicU32::new(0)).collect();
    let strange = Mutex::new(Vec::new());
    let euros = |round: u32| 7 + round * 41 % 600;
    let call = |caller: u32| {
        for round in 0..rounds {
            let name = format!("m{round}");
            if barrier.wait().is_leader() {
                shop.tried(caller, &name, &purchase(euros(round)));
            }
            barrier.wait();
            let redeem = Command::Redeem(read(json!({"key": format!("r{caller}"), "reward": "mug"})));
            match shop.tried(caller, &name, &redeem) {
                // Where its answer was lost to the race, it is told again.
                "done" | "replayed" => _ = got[round as usize].fetch_add(1, Ordering::Relaxed),
                "insufficient_points" => {}
                other => strange.lock().unwrap().push(other),
            }
        }
    };
    thread::scope(|scope| (0..CALLERS).for_each(|caller| _ = scope.spawn(move || call(caller))));
    assert_eq!(*strange.lock().unwrap(), Vec::<&str>::new());
    for (round, got) in (0..).zip(got) {
        let (there, got) = (euros(round), got.into_inner());
        assert_eq!(got, there / PRICE, "round {round}: mugs for {there} points");
        assert_eq!(shop.points(&format!("m{round}")), i64::from(there % PRICE), "round {round}");
        shop.verify(&format!("m{round}"));
    }
}

#[test]
fn sixty_four_callers_spend_one_balance() {
    spend_at_once(&Arc::new(MemoryStore::default()), rounds());
}

#[test]
fn sixty_four_callers_spend_one_balance_of_the_embedded_store() {
    over_embedded(|store| spend_at_once(store, rounds() / 50));
}

/// Twenty gifts of 30 out of 100 points at once, each to somebody else: three arrive, and all have 100 together.
fn give_at_once<S: LedgerStore + ProgramStore + 'static>(store: &Arc<S>) {
    let shop = Shop::over(store);
    shop.tried(0, "giver", &purchase(100));
    let give = |to: u32| {
        let name = format!("m{to}");
        let gift = json!({"key": format!("g{to}"), "to": name, "currency": "points", "points": 30});
        shop.tried(to, "giver", &Command::Transfer(read(gift)))
    };
    let all: Vec<&str> = thread::scope(|scope| {
        let givers: Vec<_> = (0..20).map(|to| scope.spawn(move || give(to))).collect();
        givers.into_iter().map(|giver| giver.join().expect("no giver panics")).collect()
    });
    let refused = all.iter().filter(|code| **code == "insufficient_points").count();
    assert_eq!(refused, 17, "{all:?}");
    assert_eq!(shop.points("giver"), 10);
    let got = |to: u32| all[to as usize] != "insufficient_points";
    for to in (0..20).filter(|to| got(*to)) {
        assert_eq!(shop.points(&format!("m{to}")), 30);
        shop.verify(&format!("m{to}"));
    }
    shop.verify("giver");
}

#[test]
fn twenty_gifts_of_one_balance() {
    (0..20).for_each(|_| give_at_once(&Arc::new(MemoryStore::default())));
}

#[test]
fn twenty_gifts_of_one_balance_of_the_embedded_store() {
    over_embedded(give_at_once);
}
