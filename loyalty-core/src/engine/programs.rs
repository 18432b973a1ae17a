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
    read_at: Timestamp,
    programs: Arc<Programs>,
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
        if let Ok(mut cache) = self.cache.lock() {
            cache.remove(tenant);
        }
        Ok(version)
    }

    /// All published versions of a tenant, oldest first.
    pub async fn versions(&self, tenant: &TenantId) -> Result<Vec<PublishedVersion>, EngineError> {
        Ok(self.programs.versions(tenant).await?)
    }

    /// The versions of a tenant, compiled; read anew every 25 seconds.
    pub async fn programs(&self, tenant: &TenantId, now: Timestamp) -> Result<Arc<Programs>, EngineError> {
        if let Ok(cache) = self.cache.lock()
            && let Some(cached) = cache.get(tenant)
            && cached.read_at <= now
            && now < cached.read_at.plus_micros(CACHE_MICROS)
        {
            return Ok(Arc::clone(&cached.programs));
        }
        let programs = Arc::new(compile(&self.programs.versions(tenant).await?)?);
        if let Ok(mut cache) = self.cache.lock() {
            cache.insert(tenant.clone(), Cached { read_at: now, programs: Arc::clone(&programs) });
        }
        Ok(programs)
    }
}

fn compile(versions: &[PublishedVersion]) -> Result<Programs, EngineError> {
    let mut programs: Option<Programs> = None;
    for version in versions {
        let program = Program::check(&version.document).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            StoreError::Damaged(format!("version {} does not pass its check: {first}", version.number))
        })?;
        let program = Arc::new(program);
        match &mut programs {
            None => programs = Some(Programs::new(program)),
            Some(programs) => programs.add(version.valid_from, program),
        }
    }
    let none = || Problem::new("no_program", "", "the tenant has no program", "publish one first");
    Ok(programs.ok_or_else(none)?)
}
