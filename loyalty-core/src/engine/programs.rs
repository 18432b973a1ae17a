//! Publishing program versions, and the versions that a tenant has.

use std::sync::Arc;

use super::{Engine, EngineError};
use crate::id::TenantId;
use crate::ports::{PublishedVersion, StoreError};
use crate::problem::Problem;
use crate::program::{Program, Programs};
use crate::time::Timestamp;

/// A version takes force no earlier than this after publishing: 60 seconds.
///
/// Other processes read the versions anew twice in that time, so all of them change at the same instant.
pub const PUBLISH_AHEAD_MICROS: i64 = 60_000_000;
const CACHE_MICROS: i64 = 25_000_000;

/// A tenant's versions as last read.
pub(super) struct Cached {
    /// `None` when there are certainly more by now.
    read_at: Option<Timestamp>,
    programs: Arc<Programs>,
}

impl Cached {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at.is_some_and(|read| read <= now && now < read.plus_micros(CACHE_MICROS))
    }
}

impl Engine {
    /// Publishes a version from an instant on. The first version of a tenant is in force for all time before.
    ///
    /// Errors: `too_early` where the instant is less than 60 seconds ahead, `contended` where another
    /// author publishes at the same time.
    pub async fn publish(
        &self,
        tenant: &TenantId,
        program: &Program,
        valid_from: Timestamp,
        now: Timestamp,
    ) -> Result<PublishedVersion, EngineError> {
        let earlier = self.programs.versions(tenant).await?;
        if !earlier.is_empty() && valid_from < now.plus_micros(PUBLISH_AHEAD_MICROS) {
            let message = format!("`{valid_from}` is less than 60 seconds ahead");
            return Err(Problem::new("too_early", "/valid_from", message, "choose a later instant").into());
        }
        let version = PublishedVersion {
            number: earlier.last().map_or(1, |last| last.number.saturating_add(1)),
            version: program.version(),
            valid_from,
            published_at: now,
            document: program.canonical(),
        };
        if !self.programs.publish(tenant, version.clone()).await? {
            return Err(Problem::new(
                "contended",
                "",
                "another version was just published",
                "look at it first",
            )
            .into());
        }
        if let Ok(mut cache) = self.cache.lock()
            && let Some(cached) = cache.get_mut(tenant)
        {
            cached.read_at = None;
        }
        Ok(version)
    }

    /// All published versions of a tenant, oldest first.
    pub async fn versions(&self, tenant: &TenantId) -> Result<Vec<PublishedVersion>, EngineError> {
        Ok(self.programs.versions(tenant).await?)
    }

    /// The versions of a tenant, compiled once each; read anew every 25 seconds.
    pub async fn programs(&self, tenant: &TenantId, now: Timestamp) -> Result<Arc<Programs>, EngineError> {
        let mut known = None;
        if let Ok(cache) = self.cache.lock()
            && let Some(cached) = cache.get(tenant)
        {
            if cached.is_fresh(now) {
                return Ok(Arc::clone(&cached.programs));
            }
            known = Some(Arc::clone(&cached.programs));
        }
        let programs = Arc::new(compile(&self.programs.versions(tenant).await?, known.as_deref())?);
        if let Ok(mut cache) = self.cache.lock() {
            cache.insert(tenant.clone(), Cached { read_at: Some(now), programs: Arc::clone(&programs) });
        }
        Ok(programs)
    }
}

/// A version never changes, so that those `known` need no compiling.
fn compile(versions: &[PublishedVersion], known: Option<&Programs>) -> Result<Programs, EngineError> {
    let mut programs: Option<Programs> = None;
    for version in versions {
        let program = match known.and_then(|known| known.version(version.version)) {
            Some(program) => Arc::clone(program),
            None => Arc::new(checked(version)?),
        };
        match &mut programs {
            None => programs = Some(Programs::new(program)),
            Some(programs) => programs.add(version.valid_from, program),
        }
    }
    let none = || Problem::new("no_program", "", "the tenant has no program", "publish one first");
    Ok(programs.ok_or_else(none)?)
}

fn checked(version: &PublishedVersion) -> Result<Program, StoreError> {
    Program::check(&version.document).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        StoreError::Damaged(format!("version {} does not pass its check: {first}", version.number))
    })
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::ledger::chain::ChainKey;
    use crate::memory::MemoryStore;

    fn program(name: &str) -> Program {
        let text = format!(
            r#"{{"format":1,"name":"{name}","money":"EUR","zone":{{"name":"UTC","offset":0}},
            "currencies":[{{"id":"points"}}],"earning":[]}}"#
        );
        Program::check(text.as_bytes()).unwrap()
    }

    /// A tenant of many versions would pay for all of them again twice a minute.
    #[test]
    fn a_version_is_compiled_once() {
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::new(store.clone(), store, ChainKey::new(1, [7; 32]));
        let tenant = TenantId::new("shop").unwrap();
        let at = Timestamp::from_seconds;
        let programs = |seconds| block_on(engine.programs(&tenant, at(seconds))).unwrap();
        block_on(engine.publish(&tenant, &program("first"), at(0), at(0))).unwrap();
        let first = programs(0);
        block_on(engine.publish(&tenant, &program("second"), at(100), at(1))).unwrap();
        let [seen_at_once, read_anew] = [1, 60].map(programs);
        for later in [&seen_at_once, &read_anew] {
            assert!(Arc::ptr_eq(first.at(at(0)), later.at(at(0))), "the first is compiled again");
            assert_eq!(later.at(at(100)).version(), program("second").version(), "the second is missed");
        }
        assert!(Arc::ptr_eq(seen_at_once.at(at(100)), read_anew.at(at(100))), "the second is compiled again");
    }
}
