//! A shop whose members bring others: 500 points for who brings, 250 for who is brought, for a purchase of 30.

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
use loyalty_core::referral::NameReferrer;
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

fn program(more: &Value) -> Program {
    let mut referral = json!({
        "id": "friend", "when": {"basket": {"sum": {"at_least": "30"}}},
        "currency": "points", "referrer": "500", "referee": "250",
    });
    more.as_object().unwrap().iter().for_each(|(name, value)| referral[name] = value.clone());
    let document = json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points"}], "referrals": [referral],
    });
    Program::check(document.to_string().as_bytes()).expect("a program")
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

pub fn named(referrer: &str) -> Command {
    Command::NameReferrer(Arc::new(NameReferrer { referrer: member(referrer) }))
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
    /// With members who have joined on 1 March.
    pub fn new(more: Value) -> Self {
        let shop = Self { store: Arc::new(MemoryStore::default()), tenant: TenantId::new("shop").unwrap() };
        block_on(shop.engine().publish(&shop.tenant, &program(&more), at(1), at(1))).expect("published");
        ["anna", "ben", "cora", "dan", "eve"].into_iter().for_each(|name| shop.joined(name));
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
        let finished = engine.finish_all_referrals(&*self.store, &self.tenant, since, at(30));
        block_on(finished).expect("finished")
    }

    /// What a member may spend.
    pub fn points(&self, name: &str) -> i64 {
        let head = block_on(self.store.head(&self.tenant, &member(name))).unwrap().unwrap().head().unwrap();
        head.state.balances.first().map_or(0, |balance| balance.available().unwrap().minor())
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
