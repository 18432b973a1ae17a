//! The demonstration's program, published where a tenant has none.

use anyhow::{Result, anyhow};
use loyalty_core::engine::Engine;
use loyalty_core::id::TenantId;
use loyalty_core::program::Program;

use crate::clock::{Clocks, SANDBOX};
use crate::zones;

const PROGRAM: &[u8] = include_bytes!("demo/program.json");

/// Publishes the program for `main` and `sandbox`, each only while it has none.
pub async fn publish(engine: &Engine, clocks: &Clocks) -> Result<()> {
    let program = Program::from_draft(PROGRAM, zones::expand)
        .map_err(|problems| anyhow!("the demonstration's program has {} problems", problems.len()))?;
    for name in ["main", SANDBOX] {
        let tenant = TenantId::new(name)?;
        if engine.versions(&tenant).await?.is_empty() {
            let now = clocks.now(&tenant);
            engine.publish(&tenant, &program, now, now).await?;
        }
    }
    Ok(())
}
