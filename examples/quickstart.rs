//! The engine embedded: publish a program, record a purchase, return half of it, print balance and proof.

use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::engine::Engine;
use loyalty_core::id::{MemberId, OperationKey, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::memory::MemoryStore;
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;

const PROGRAM: &str = r#"{"format": 1, "name": "Corner shop", "money": "EUR", "zone": {"name": "UTC"},
  "currencies": [{"id": "points"}],
  "earning": [{"currency": "points", "groups": [{"id": "all", "round": "floor", "members": [
    {"rule": {"id": "spend", "rate": "2"}}]}]}]}"#;
const PURCHASE: &str = r#"{"purchase": {"id": "receipt-1", "occurred_at": "2026-03-10T09:30:00+01:00",
  "lines": [{"sku": "coffee", "quantity": "2", "unit_price": "3.75"}]}}"#;
const RETURN: &str = r#"{"return": {"id": "back-1", "occurred_at": "2026-03-11T10:00:00+01:00",
  "of": "receipt-1", "lines": [{"sku": "coffee", "quantity": "1"}]}}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    pollster::block_on(async {
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::new(store.clone(), store, ChainKey::new(1, [7; 32]));
        let (shop, member) = (TenantId::new("shop")?, MemberId::new("m-1")?);
        let now = Timestamp::parse("2026-03-12T00:00:00Z")?;
        let program = Program::check(PROGRAM.as_bytes()).map_err(|problems| problems[0].clone())?;
        engine.publish(&shop, &program, now, now).await?;
        for text in [PURCHASE, RETURN] {
            let activity: Activity = serde_json::from_str(text)?;
            engine.execute(&shop, &member, Command::Record(Arc::new(activity)), now).await?;
        }
        println!(
            "balance: {}",
            engine.member(&shop, &member, Some(now), now).await?.state.balances[0].available()?
        );
        let proof = engine.explain(&shop, &member, &OperationKey::new("return/back-1")?, now).await?;
        proof.steps.iter().for_each(|step| println!("- {}", step.text));
        Ok(())
    })
}
