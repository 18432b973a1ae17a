//! A shop whose members give each other points, at most 150 in a month, and hold at most 200.

use std::sync::Arc;

use loyalty_core::decision::Command;
use loyalty_core::id::{ActivityId, AuthorId};
use loyalty_core::points::Points;
use loyalty_core::ports::{Feed, LedgerStore};
use loyalty_core::transfer::Transfer;
use pollster::block_on;
use serde_json::json;

pub use super::books::{Shop, at, back, buy, member, take};

pub fn give(key: &str, to: &str, points: i64) -> Command {
    Command::Transfer(Arc::new(Transfer {
        key: ActivityId::new(key).unwrap(),
        to: member(to),
        currency: AuthorId::new("points").unwrap(),
        points: Points::new(points).unwrap(),
    }))
}

impl Shop {
    pub fn new() -> Self {
        let document = json!({
            "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
            "currencies": [{"id": "points", "expiry": {"after": {"days": 10}}}],
            "earning": [{
                "currency": "points",
                "groups": [{"id": "all", "members": [{"rule": {"id": "euro", "rate": "1"}}]}],
                "caps": [{"id": "most", "per": "balance", "at_most": "200"}],
            }],
            "transfers": {"of": [
                {"currency": "points", "caps": [{"id": "gifts", "window": "month", "at_most": "150"}]},
            ]},
        });
        Self::of(&document, &["anna", "ben", "cora"])
    }

    /// What a member has in transit.
    pub fn in_transit(&self, name: &str) -> i64 {
        let head = block_on(self.store.head(&self.tenant, &member(name))).unwrap();
        let points = AuthorId::new("points").unwrap();
        head.map_or(0, |head| head.head().unwrap().state.in_transit_of(&points).unwrap().minor())
    }

    /// All that members have, and what is on its way between their chains.
    pub fn all(&self) -> i64 {
        let heads = block_on(self.store.heads(&self.tenant, None, usize::MAX)).unwrap();
        let names = heads.iter().map(|head| head.head().unwrap().member.to_string());
        let own: i64 = names.map(|name| self.points(&name) + self.in_transit(&name)).sum();
        own + self.clearing()
    }
}
