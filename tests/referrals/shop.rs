//! A shop whose members bring others: 500 points for who brings, 250 for who is brought, for a purchase of 30.

use std::sync::Arc;

use loyalty_core::decision::Command;
use loyalty_core::referral::NameReferrer;
use serde_json::{Value, json};

pub use super::books::{Shop, at, back, buy, member, take};

fn document(more: &Value) -> Value {
    let mut referral = json!({
        "id": "friend", "when": {"basket": {"sum": {"at_least": "30"}}},
        "currency": "points", "referrer": "500", "referee": "250",
    });
    more.as_object().unwrap().iter().for_each(|(name, value)| referral[name] = value.clone());
    json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points"}], "referrals": [referral],
    })
}

pub fn named(referrer: &str) -> Command {
    Command::NameReferrer(Arc::new(NameReferrer { referrer: member(referrer) }))
}

impl Shop {
    /// Whose referral says more.
    pub fn new(more: Value) -> Self {
        Self::of(&document(&more), &["anna", "ben", "cora", "dan", "eve"])
    }
}
