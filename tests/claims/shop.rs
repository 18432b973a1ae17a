//! A shop with a point a purchase, whose receipts have numbers that exist once.

use std::sync::Arc;

use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError};
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::LedgerStore;
use loyalty_core::problem::Problem;
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use serde_json::json;

use super::engine::over;

/// When purchases happen and are recorded.
pub const DAY: &str = "2026-03-01T00:00:00Z";

pub struct Shop {
    pub store: Arc<MemoryStore>,
    pub tenant: TenantId,
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub fn member(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

pub fn program() -> Program {
    let document = json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "activity_ids": "unique", "currencies": [{"id": "points"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": [{"rule": {"id": "each", "fixed": "1"}}]}]}],
    });
    Program::check(document.to_string().as_bytes()).expect("a program")
}

pub fn purchase(id: &str) -> Command {
    let purchase = json!({"purchase": {"id": id, "occurred_at": DAY, "lines": [{"gross": "5"}]}});
    Command::Record(Arc::new(serde_json::from_value(purchase).expect("an activity")))
}

impl Shop {
    pub fn new() -> Self {
        let shop = Self { store: Arc::new(MemoryStore::default()), tenant: TenantId::new("shop").unwrap() };
        block_on(shop.engine().publish(&shop.tenant, &program(), at(DAY), at(DAY))).expect("published");
        shop
    }

    /// Another engine over the same store, as another process has one.
    pub fn engine(&self) -> Engine {
        over(self.store.clone(), self.store.clone())
    }

    pub fn record(&self, engine: &Engine, name: &str, command: Command) -> Result<Answer, EngineError> {
        block_on(engine.execute(&self.tenant, &member(name), command, at(DAY)))
    }
}

pub fn refusal(done: Result<Answer, EngineError>) -> Problem {
    done.map(|answer| answer.operation.key).expect_err("refused").problem()
}

/// How many purchases a member has recorded: a point each.
pub fn bought(shop: &Shop, name: &str) -> i64 {
    let head = block_on(shop.store.head(&shop.tenant, &member(name))).unwrap();
    let state = head.map(|head| head.head().unwrap().state);
    let balance = state.as_ref().and_then(|state| state.balances.first());
    balance.map_or(0, |balance| balance.available().unwrap().minor())
}
