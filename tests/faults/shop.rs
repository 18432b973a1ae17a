//! A shop of which several members are looked at, over a memory store.

use std::sync::Arc;

use loyalty_core::adjustment::Adjust;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError};
use loyalty_core::id::{ActivityId, ActorId, AuthorId, MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::posting::Account;
use loyalty_core::memory::MemoryStore;
use loyalty_core::points::Points;
use loyalty_core::ports::{Feed, LedgerStore};
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use serde_json::{Value, json};

pub struct Shop {
    pub store: Arc<MemoryStore>,
    pub tenant: TenantId,
}

/// A day of March.
pub fn at(day: i64) -> Timestamp {
    Timestamp::parse(&instant(day)).unwrap()
}

fn instant(day: i64) -> String {
    format!("2026-03-{day:02}T12:00:00Z")
}

pub fn member(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

fn record(activity: Value) -> Command {
    Command::Record(Arc::new(serde_json::from_value(activity).expect("an activity")))
}

pub fn buy(id: &str, day: i64, euros: i64) -> Command {
    let lines = json!([{"gross": euros.to_string()}]);
    record(json!({"purchase": {"id": id, "occurred_at": instant(day), "lines": lines}}))
}

pub fn back(id: &str, day: i64, of: &str) -> Command {
    record(json!({"return": {"id": id, "occurred_at": instant(day), "of": of}}))
}

/// Points that a member spends.
pub fn take(points: i64) -> Command {
    Command::Adjust(Arc::new(Adjust {
        key: ActivityId::new("spent").unwrap(),
        currency: AuthorId::new("points").unwrap(),
        points: Points::new(-points).unwrap(),
        reason: "spent".to_owned(),
        actor: ActorId::new("shop").unwrap(),
    }))
}

impl Shop {
    /// Of a program, with members who have joined on 1 March.
    pub fn of(document: &Value, members: &[&str]) -> Self {
        let program = Program::check(document.to_string().as_bytes()).expect("a program");
        let shop = Self { store: Arc::new(MemoryStore::default()), tenant: TenantId::new("shop").unwrap() };
        block_on(shop.engine().publish(&shop.tenant, &program, at(1), at(1))).expect("published");
        members.iter().for_each(|name| shop.joined(name));
        shop
    }

    pub fn joined(&self, name: &str) {
        let enrol = record(json!({"enrol": {"occurred_at": instant(1)}}));
        self.done(&self.engine(), name, enrol, 1).expect("joined");
    }

    pub fn engine(&self) -> Engine {
        self.engine_over(self.store.clone())
    }

    pub fn engine_over(&self, ledger: Arc<dyn LedgerStore>) -> Engine {
        Engine::new(ledger, self.store.clone(), ChainKey::new(1, [7; 32]))
    }

    pub fn done(
        &self,
        engine: &Engine,
        name: &str,
        command: Command,
        day: i64,
    ) -> Result<Answer, EngineError> {
        block_on(engine.execute(&self.tenant, &member(name), command, at(day)))
    }

    pub fn finish(&self, engine: &Engine, since: u64) -> u64 {
        let next =
            |position| block_on(engine.finish_after(&*self.store, position, &|_| at(30))).expect("done");
        std::iter::successors(Some(since), |position| next(*position)).last().unwrap_or(since)
    }

    /// What a member may spend.
    pub fn points(&self, name: &str) -> i64 {
        let head = block_on(self.store.head(&self.tenant, &member(name))).unwrap();
        let state = head.map(|head| head.head().unwrap().state);
        let balance = state.and_then(|state| state.balances.into_iter().next());
        balance.map_or(0, |balance| balance.available().unwrap().minor())
    }

    /// What is on its way between members, by the postings of all.
    pub fn clearing(&self) -> i64 {
        let commits = block_on(self.store.after(0, usize::MAX)).unwrap();
        let operations = commits.iter().flat_map(|(_, commit)| commit.commit().unwrap().operations);
        let moved = operations.flat_map(|operation| operation.postings).map(|posting| {
            let points = posting.points.minor();
            points
                * (i64::from(posting.to == Account::Clearing) - i64::from(posting.from == Account::Clearing))
        });
        moved.sum()
    }

    /// Every chain is whole.
    pub fn verify(&self, engine: &Engine) {
        for head in block_on(self.store.heads(&self.tenant, None, usize::MAX)).unwrap() {
            let name = head.head().unwrap().member;
            let verified = block_on(engine.verify(&self.tenant, &name)).unwrap();
            assert_eq!(verified.findings, Vec::new(), "{name}");
            for entry in block_on(engine.history(&self.tenant, &name, None, 99)).unwrap() {
                let key = &entry.operation.key;
                let proof = block_on(engine.explain(&self.tenant, &name, key, at(30)));
                assert!(proof.is_ok(), "{name} {key}: {proof:?}");
            }
        }
    }
}
