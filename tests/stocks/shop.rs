//! A shop that has so many mugs, each for all the points that a member has.

use std::sync::Arc;

use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError};
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::LedgerStore;
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use serde_json::json;

use super::engine::over;

/// When purchases happen.
pub const DAY: &str = "2026-03-01T00:00:00Z";

pub struct Shop {
    pub store: Arc<MemoryStore>,
    pub tenant: TenantId,
    names: Vec<String>,
}

/// So many minutes after the purchases.
pub fn minute(minutes: i64) -> Timestamp {
    Timestamp::parse(DAY).unwrap().plus_seconds(60 * minutes)
}

pub fn member(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

pub fn program(stock: u32) -> Program {
    let document = json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": [{"rule": {"id": "each", "fixed": "5"}}]}]}],
        "rewards": [{"id": "mug", "points": "5", "stock": stock}],
    });
    Program::check(document.to_string().as_bytes()).expect("a program")
}

pub fn purchase() -> Command {
    let purchase = json!({"purchase": {"id": "1", "occurred_at": DAY, "lines": [{"gross": "5"}]}});
    Command::Record(Arc::new(serde_json::from_value(purchase).expect("an activity")))
}

fn read<T: serde::de::DeserializeOwned>(fields: serde_json::Value) -> Arc<T> {
    Arc::new(serde_json::from_value(fields).expect("a command"))
}

pub fn redeem(key: &str) -> Command {
    Command::Redeem(read(json!({"key": key, "reward": "mug"})))
}

pub fn cancel(key: &str, of: &str) -> Command {
    Command::CancelRedemption(read(json!({"key": key, "of": of})))
}

pub fn hold(key: &str, minutes: u32) -> Command {
    Command::Hold(read(json!({"key": key, "reward": "mug", "minutes": minutes})))
}

pub fn extend(key: &str, hold: &str, minutes: u32) -> Command {
    Command::ExtendHold(read(json!({"key": key, "hold": hold, "minutes": minutes})))
}

pub fn capture(key: &str, hold: &str) -> Command {
    Command::Capture(read(json!({"key": key, "hold": hold})))
}

pub fn void(key: &str, hold: &str) -> Command {
    Command::Void(read(json!({"key": key, "hold": hold})))
}

impl Shop {
    /// With so many mugs, and these members, who have the points for one each.
    pub fn new(stock: u32, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let shop =
            Self { store: Arc::new(MemoryStore::default()), tenant: TenantId::new("shop").unwrap(), names };
        let engine = shop.engine();
        block_on(engine.publish(&shop.tenant, &program(stock), minute(0), minute(0))).expect("published");
        for name in &shop.names {
            shop.at(0, &engine, name, purchase()).expect("a purchase");
        }
        shop
    }

    /// Another engine over the same store, as another process has one.
    pub fn engine(&self) -> Engine {
        over(self.store.clone(), self.store.clone())
    }

    pub fn at(
        &self,
        minutes: i64,
        engine: &Engine,
        name: &str,
        command: Command,
    ) -> Result<Answer, EngineError> {
        block_on(engine.execute(&self.tenant, &member(name), command, minute(minutes)))
    }

    /// How many mugs are sold, set aside and free.
    pub fn standing(&self, minutes: i64) -> (u32, u32, u32) {
        let all = block_on(self.engine().stocks(&self.tenant, minute(minutes))).unwrap();
        (all[0].used, all[0].set_aside, all[0].free)
    }

    /// How many mugs the members have, by their own chains: each costs all of a member's points.
    pub fn sold(&self) -> usize {
        self.names.iter().filter(|name| self.has(name)).count()
    }

    pub fn has(&self, name: &str) -> bool {
        let head = block_on(self.store.head(&self.tenant, &member(name))).unwrap().expect("a member");
        head.head().unwrap().state.balances[0].redeemed.is_positive()
    }
}
