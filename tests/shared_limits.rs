//! Limits on what members share: a card or device that too many of them use.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError};
use loyalty_core::id::{MemberId, OperationKey, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::limits::shared::SharedCounter;
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::StoreError;
use loyalty_core::ports::shared_counters::{By, SharedCounters};
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use loyalty_model::generate::cases;
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

struct Shop {
    engine: Engine,
    tenant: TenantId,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A point a purchase, under a limit on who uses one device.
fn shop(limit: Value, then: &str) -> Shop {
    let rule = json!({"rule": {"id": "each", "fixed": "1"}});
    let document = json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points"}], "attributes": [{"id": "device", "values": "text"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": [rule]}]}],
        "limits": [{"id": "device", "measures": {"shared": limit}, "then": then}],
    });
    let program = Program::check(document.to_string().as_bytes()).expect("a program");
    let store = Arc::new(MemoryStore::default());
    let engine = Engine::new(store.clone(), store.clone(), ChainKey::new(1, [7; 32]));
    let tenant = TenantId::new("shop").unwrap();
    let now = at("2026-01-01T00:00:00Z");
    block_on(engine.publish(&tenant, &program, now, now)).expect("published");
    Shop { engine, tenant }
}

fn by_device(counts: &str, at_most: usize) -> Value {
    json!({"by": "device", "counts": counts, "at_most": at_most, "window": {"rolling": {"days": 3}}})
}

fn purchase(id: &str, day: usize, device: Option<&str>) -> Command {
    let occurred_at = format!("2026-03-{:02}T10:00:00Z", day + 1);
    let mut purchase = json!({"id": id, "occurred_at": occurred_at, "lines": []});
    if let Some(device) = device {
        purchase["attributes"] = json!({"device": device});
    }
    let activity: Activity = serde_json::from_value(json!({"purchase": purchase})).expect("a purchase");
    Command::Record(Arc::new(activity))
}

impl Shop {
    fn done(&self, engine: &Engine, member: &str, command: Command) -> Result<Answer, EngineError> {
        let now = at("2026-06-01T00:00:00Z");
        block_on(engine.execute(&self.tenant, &MemberId::new(member).unwrap(), command, now))
    }

    fn is_done(&self, member: &str, command: Command) -> bool {
        match self.done(&self.engine, member, command) {
            Ok(_) => true,
            Err(EngineError::Refused(problem)) if problem.code == "limit_exceeded" => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Each operation of a member decides again to what was recorded, by what counters said then.
    fn explained(&self, member: &str, id: &str) {
        let (member, key) = (MemberId::new(member).unwrap(), OperationKey::new(&format!("purchase/{id}")));
        let now = at("2026-06-01T00:00:00Z");
        block_on(self.engine.explain(&self.tenant, &member, &key.unwrap(), now)).expect("the same again");
    }
}

proptest! {
    #![proptest_config(cases(200, 10_000))]

    /// What is refused is what a plain count over all that was recorded says, in the three days up to a purchase.
    #[test]
    fn what_all_members_did_is_counted(
        members in any::<bool>(),
        at_most in 1_usize..4,
        purchases in vec((0_usize..5, 0_usize..3, 0_usize..10), 1..30),
    ) {
        let shop = shop(by_device(if members { "members" } else { "activities" }, at_most), "block");
        let mut purchases = purchases;
        purchases.sort_by_key(|it| it.2);
        let mut recorded: Vec<(usize, usize, usize)> = Vec::new();
        for (number, (member, device, day)) in purchases.into_iter().enumerate() {
            let same = recorded.iter().filter(|it| it.1 == device && it.2 + 3 > day);
            let others = match members {
                true => same.map(|it| it.0).filter(|it| *it != member).collect::<BTreeSet<_>>().len(),
                false => same.count(),
            };
            let name = format!("m{member}");
            let bought = purchase(&number.to_string(), day, Some(&format!("d{device}")));
            let done = shop.is_done(&name, bought.clone());
            prop_assert_eq!(done, others < at_most, "purchase {}", number);
            if done {
                recorded.push((member, device, day));
                prop_assert!(shop.done(&shop.engine, &name, bought).expect("a replay").replayed);
                shop.explained(&name, &number.to_string());
            }
        }
    }
}

/// Counters that cannot be reached.
struct Lost;

#[async_trait]
impl SharedCounters for Lost {
    async fn others(&self, _: &TenantId, _: By<'_>, _: &[SharedCounter]) -> Result<Vec<u64>, StoreError> {
        Err(StoreError::Unavailable("gone".to_owned()))
    }

    async fn note(&self, _: &TenantId, _: By<'_>, _: &[SharedCounter]) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("gone".to_owned()))
    }
}

/// What earns while the counters are gone is allowed or looked at, as the limit says, and explained the same later.
#[test]
fn what_happens_without_counters_is_said() {
    for (on_loss, waits) in [(None, false), (Some("allow"), false), (Some("review"), true)] {
        let mut limit = by_device("members", 1);
        if let Some(on_loss) = on_loss {
            limit["on_loss"] = json!(on_loss);
        }
        let shop = shop(limit, "block");
        let lost = shop.engine.clone().with_shared_counters(Arc::new(Lost));
        let answer = shop.done(&lost, "anna", purchase("1", 0, Some("d"))).expect("recorded");
        assert_eq!(answer.operation.reviewed_for.len(), usize::from(waits), "{on_loss:?}");
        assert_eq!(answer.operation.noted[0].others, None);
        shop.explained("anna", "1");
        let none = shop.done(&lost, "ben", purchase("1", 0, None)).expect("recorded");
        assert!(none.operation.noted.is_empty() && none.operation.reviewed_for.is_empty());
    }
}

/// A preview counts nothing, and says what posting does.
#[test]
fn a_preview_counts_nothing() {
    let shop = shop(by_device("members", 1), "review");
    let (ben, now) = (MemberId::new("ben").unwrap(), at("2026-06-01T00:00:00Z"));
    assert!(shop.is_done("anna", purchase("1", 0, Some("d"))));
    for _ in 0..2 {
        let bought = purchase("1", 1, Some("d"));
        let preview = shop.engine.preview(&shop.tenant, &ben, &bought, now);
        let operation = block_on(preview).expect("previewed").decision.operation;
        assert_eq!(operation.noted[0].others, Some(1));
        assert_eq!(operation.reviewed_for.len(), 1);
    }
    let other = purchase("2", 1, Some("d"));
    let preview = block_on(shop.engine.preview(&shop.tenant, &MemberId::new("anna").unwrap(), &other, now));
    assert!(preview.expect("previewed").decision.operation.reviewed_for.is_empty());
}
