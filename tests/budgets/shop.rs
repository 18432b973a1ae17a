//! A shop with one rule, a point a euro, out of a budget `summer`.

use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError, Standing};
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::{Feed, LedgerStore};
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use serde_json::{Value, json};

pub struct Shop {
    pub store: Arc<MemoryStore>,
    pub tenant: TenantId,
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// When purchases happen and are recorded.
const DAY: &str = "2026-03-01T00:00:00Z";

pub fn program(mut budget: Value) -> Program {
    budget["id"] = json!("summer");
    budget["currency"] = json!("points");
    let rule = json!({"rule": {"id": "euro", "rate": "1", "round": {"at": "rule", "mode": "floor"}, "budget": "summer"}});
    let document = json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points"}], "budgets": [budget],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": [rule]}]}],
    });
    Program::check(document.to_string().as_bytes()).expect("a program")
}

/// A purchase of so many euros.
pub fn purchase(id: &str, euros: i64, when: &str) -> Command {
    command(json!({"purchase": {"id": id, "occurred_at": when, "lines": [{"gross": euros.to_string()}]}}))
}

pub fn command(activity: Value) -> Command {
    let activity: Activity = serde_json::from_value(activity).expect("an activity");
    Command::Record(Arc::new(activity))
}

impl Shop {
    pub fn new(budget: Value) -> Self {
        let shop = Self { store: Arc::new(MemoryStore::default()), tenant: TenantId::new("shop").unwrap() };
        let published = shop.engine();
        block_on(published.publish(&shop.tenant, &program(budget), at(DAY), at(DAY))).expect("published");
        shop
    }

    /// Another engine over the same store, as another process has one.
    pub fn engine(&self) -> Engine {
        self.engine_over(self.store.clone())
    }

    pub fn engine_over(&self, ledger: Arc<dyn LedgerStore>) -> Engine {
        Engine::new(ledger, self.store.clone(), ChainKey::new(1, [7; 32])).with_feed(self.store.clone())
    }

    /// The points that a purchase earns.
    pub fn bought(&self, engine: &Engine, member: &str, id: &str, euros: i64) -> i64 {
        self.bought_at(engine, (member, id), euros, DAY)
    }

    pub fn bought_at(&self, engine: &Engine, (member, id): (&str, &str), euros: i64, when: &str) -> i64 {
        earned(
            &self.done(engine, member, purchase(id, euros, when), at(when).max(at(DAY))).expect("recorded"),
        )
    }

    pub fn previewed(&self, engine: &Engine, member: &str, id: &str, euros: i64) -> i64 {
        let member = MemberId::new(member).unwrap();
        let bought = purchase(id, euros, DAY);
        let preview = engine.preview(&self.tenant, &member, &bought, at(DAY));
        block_on(preview).expect("previewed").decision.operation.awards[0].points.minor()
    }

    pub fn returned(&self, engine: &Engine, member: &str, of: &str, id: &str) {
        let back = command(json!({"return": {"id": id, "occurred_at": DAY, "of": of}}));
        self.done(engine, member, back, at(DAY)).expect("returned");
    }

    pub fn done(
        &self,
        engine: &Engine,
        member: &str,
        command: Command,
        now: Timestamp,
    ) -> Result<Answer, EngineError> {
        block_on(engine.execute(&self.tenant, &MemberId::new(member).unwrap(), command, now))
    }

    pub fn standing(&self, engine: &Engine) -> Standing {
        block_on(engine.budgets(&self.tenant, at(DAY))).expect("read").remove(0)
    }

    pub fn recovered(&self, engine: &Engine, ended_by: &str) -> usize {
        let recovered = engine.recover_budgets(&*self.store, &self.tenant, at(ended_by), at(DAY));
        block_on(recovered).expect("recovered")
    }

    /// What all members have, by the ledger alone.
    pub fn given(&self) -> i64 {
        let heads = block_on(self.store.heads(&self.tenant, None, usize::MAX)).unwrap();
        let states = heads.iter().map(|head| head.head().unwrap().state);
        let lots = states.flat_map(|state| state.balances).flat_map(|balance| balance.lots);
        lots.map(|lot| lot.points.minor()).sum()
    }
}

pub fn earned(answer: &Answer) -> i64 {
    answer.operation.awards[0].points.minor()
}
