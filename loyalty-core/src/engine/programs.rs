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
    /// Errors: `too_early` where the instant is less than 60 seconds ahead, all that
    /// [`check_published`](Self::check_published) finds, `contended` where another author publishes at the same
    /// time.
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
        let unfit = unfit(program, valid_from, &earlier, self.cached(tenant).as_deref())?;
        if !unfit.is_empty() {
            return Err(EngineError::Unfit(unfit));
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
                return Ok(counting(&cached.programs, now));
            }
            known = Some(Arc::clone(&cached.programs));
        }
        let programs = Arc::new(compile(&self.programs.versions(tenant).await?, known.as_deref())?);
        if let Ok(mut cache) = self.cache.lock() {
            cache.insert(tenant.clone(), Cached { read_at: Some(now), programs: Arc::clone(&programs) });
        }
        Ok(counting(&programs, now))
    }

    /// The versions as last read, all of them.
    fn cached(&self, tenant: &TenantId) -> Option<Arc<Programs>> {
        Some(Arc::clone(&self.cache.lock().ok()?.get(tenant)?.programs))
    }

    /// What keeps a program from being published from an instant on: empty where nothing does.
    ///
    /// Ids are compared with those of all versions. What members hold must go on from the version in force before,
    /// and on to the next one where that is published already.
    pub async fn check_published(
        &self,
        tenant: &TenantId,
        program: &Program,
        valid_from: Timestamp,
    ) -> Result<Vec<Problem>, EngineError> {
        let versions = self.programs.versions(tenant).await?;
        unfit(program, valid_from, &versions, self.cached(tenant).as_deref())
    }
}

/// The versions that count at an instant.
fn counting(programs: &Arc<Programs>, now: Timestamp) -> Arc<Programs> {
    programs.known_at(now).map_or_else(|| Arc::clone(programs), Arc::new)
}

/// What keeps a program from joining these versions.
fn unfit(
    program: &Program,
    valid_from: Timestamp,
    versions: &[PublishedVersion],
    known: Option<&Programs>,
) -> Result<Vec<Problem>, EngineError> {
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let programs = compile(versions, known)?;
    let all: Vec<&Program> = programs.all().map(AsRef::as_ref).collect();
    let mut problems = program.reused_ids(&all);
    // Another version from the same instant never takes force any more.
    problems.extend(program.lost_since(programs.at(valid_from.plus_micros(-1))));
    if let Some((from, next)) = programs.next_after(valid_from) {
        let lost = next.lost_since(program).into_iter().map(|problem| {
            let message = format!("from {from} on another version takes over, in which {}", problem.message);
            let help = "publish from that instant on, or keep what that version has";
            Problem::new(problem.code, "", message, help)
        });
        problems.extend(lost);
    }
    Ok(problems)
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
            Some(programs) => programs.add_published(version.valid_from, version.published_at, program),
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
    use crate::decision::Command;
    use crate::id::MemberId;
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
        let [seen_at_once, read_anew] = [31, 60].map(programs);
        for later in [&seen_at_once, &read_anew] {
            assert!(Arc::ptr_eq(first.at(at(0)), later.at(at(0))), "the first is compiled again");
            assert_eq!(later.at(at(100)).version(), program("second").version(), "the second is missed");
        }
        assert!(Arc::ptr_eq(seen_at_once.at(at(100)), read_anew.at(at(100))), "the second is compiled again");
    }

    fn earning(rate: &str, counters: &str) -> Program {
        let text = format!(
            r#"{{"format":1,"name":"shop","money":"EUR","zone":{{"name":"UTC","offset":0}},
            "currencies":[{{"id":"points"}}],"counters":[{{"id":"spend","counts":{{"spend":"net_paid"}},"window":"year"}}{counters}],
            "earning":[{{"currency":"points","groups":[{{"id":"g","members":[{{"rule":{{"id":"r","rate":"{rate}"}}}}]}}]}}]}}"#
        );
        Program::check(text.as_bytes()).unwrap()
    }

    fn bought(id: &str, at: i64) -> Command {
        let at = Timestamp::from_seconds(at);
        let text =
            format!(r#"{{"purchase":{{"id":"{id}","occurred_at":"{at}","lines":[{{"gross":"10"}}]}}}}"#);
        Command::Record(Arc::new(serde_json::from_str(&text).unwrap()))
    }

    /// A till whose clock is ahead records for an instant at which a version published afterwards is in force.
    #[test]
    fn publishing_never_changes_the_past() {
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::new(store.clone(), store, ChainKey::new(1, [7; 32]));
        let (tenant, member) = (TenantId::new("shop").unwrap(), MemberId::new("m").unwrap());
        let at = Timestamp::from_seconds;
        let copy =
            r#",{"id":"spent","counts":{"spend":"net_paid"},"window":"year","start":{"copy":"spend"}}"#;
        block_on(engine.publish(&tenant, &earning("1", ""), at(0), at(0))).unwrap();
        let record =
            |id, when, now| block_on(engine.execute(&tenant, &member, bought(id, when), at(now))).unwrap();
        let first = record("1", 1_500, 1_000);
        block_on(engine.publish(&tenant, &earning("2", copy), at(1_060), at(1_000))).unwrap();
        // Nobody counts it yet, whether they have read it or not.
        let second = record("2", 1_501, 1_020);
        assert_eq!([&first, &second].map(|it| it.operation.awards[0].points.minor()), [10, 10]);
        let third = record("3", 1_502, 1_070);
        assert_eq!(third.operation.awards[0].points.minor(), 20);
        let started =
            third.operation.settlement.started.first().expect("the copy begins with the next operation");
        assert_eq!((started.counter.as_str(), started.at), ("spent", at(1_501)));
        for key in ["purchase/1", "purchase/2", "purchase/3"] {
            let key = crate::id::OperationKey::new(key).unwrap();
            block_on(engine.explain(&tenant, &member, &key, at(9_000))).expect("decided as on the day");
        }
    }
}
