//! What the engine says when its stores fail, are taken by others, or hold what it cannot read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError};
use loyalty_core::id::{ActivityId, MemberId, OperationKey, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::commit::StoredCommit;
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::{Append, Appended, LedgerStore, ProgramStore, PublishedVersion, StoreError};
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use serde_json::json;

/// How a ledger fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    /// Somebody else is always faster.
    Taken,
    /// It does nothing, and says so.
    Unavailable,
    /// It does nothing, and does not know that.
    LostBefore,
    /// It does what it is asked, and does not know that.
    LostAfter,
    /// It gives back the beginning of what was written, too little for a state.
    Torn,
}

/// A ledger that fails in one way.
struct Failing {
    store: Arc<MemoryStore>,
    fails: Fails,
    appends: AtomicUsize,
}

#[async_trait]
impl LedgerStore for Failing {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        let head = self.store.head(tenant, member).await?;
        if self.fails != Fails::Torn {
            return Ok(head);
        }
        Ok(head.map(|head| StoredCommit::from_bytes(head.bytes()[..head.bytes().len() / 4].to_vec())))
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.appends.fetch_add(1, Ordering::Relaxed);
        match self.fails {
            Fails::Taken => Ok(Appended::SequenceTaken),
            Fails::Unavailable => Err(StoreError::Unavailable("the disk is full".to_owned())),
            Fails::LostBefore => Err(StoreError::Unknown("the disk is gone".to_owned())),
            Fails::LostAfter => {
                self.store.append(append).await?;
                Err(StoreError::Unknown("the disk is gone".to_owned()))
            }
            Fails::Torn => self.store.append(append).await,
        }
    }

    async fn by_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.store.by_key(tenant, member, key).await
    }

    async fn by_activity(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        purchase: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.store.by_activity(tenant, member, purchase).await
    }

    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.store.range(tenant, member, before, limit).await
    }

    async fn at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        recorded_at: Timestamp,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.store.at(tenant, member, recorded_at).await
    }
}

/// A program store in which somebody else always publishes first.
struct Overtaken(Arc<MemoryStore>);

#[async_trait]
impl ProgramStore for Overtaken {
    async fn publish(&self, _: &TenantId, _: PublishedVersion) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn versions(&self, tenant: &TenantId) -> Result<Vec<PublishedVersion>, StoreError> {
        self.0.versions(tenant).await
    }
}

const KEY: [u8; 32] = [7; 32];

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn now() -> Timestamp {
    at("2026-01-02T00:00:00Z")
}

fn shop() -> (TenantId, MemberId) {
    (TenantId::new("shop").unwrap(), MemberId::new("anna").unwrap())
}

fn program(name: &str) -> Program {
    let rule = json!({"rule": {"id": "euro", "rate": "1"}});
    let document = json!({
        "format": 1, "name": name, "money": "EUR", "zone": {"name": "UTC", "offset": 0}, "currencies": [{"id": "points"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": [rule]}]}],
    });
    Program::check(document.to_string().as_bytes()).expect("a program")
}

/// A store in which a program is published, and an engine over it.
fn good() -> (Arc<MemoryStore>, Engine) {
    let store = Arc::new(MemoryStore::default());
    let engine = Engine::new(store.clone(), store.clone(), ChainKey::new(1, KEY));
    block_on(engine.publish(&shop().0, &program("first"), now(), now())).expect("published");
    (store, engine)
}

fn record(engine: &Engine, activity: serde_json::Value) -> Result<Answer, EngineError> {
    let activity: Activity = serde_json::from_value(activity).expect("an activity");
    let (tenant, member) = shop();
    block_on(engine.execute(&tenant, &member, Command::Record(Arc::new(activity)), now()))
}

fn buy(engine: &Engine) -> Result<Answer, EngineError> {
    let lines = json!([{"gross": "10"}]);
    record(engine, json!({"purchase": {"id": "1", "occurred_at": "2026-01-01T00:00:00Z", "lines": lines}}))
}

fn code<T: std::fmt::Debug>(done: Result<T, EngineError>) -> (&'static str, String) {
    let problem = done.expect_err("it fails").problem();
    assert!(!problem.help.is_empty(), "{problem}");
    (problem.code, problem.path)
}

/// After each failure the ledger holds the purchase or nothing of it, and sending it again records it once.
#[test]
fn a_ledger_that_fails() {
    let cases = [
        (Fails::Taken, Some("contended"), 8),
        (Fails::Unavailable, Some("unavailable"), 1),
        (Fails::LostBefore, Some("unknown_outcome"), 1),
        (Fails::LostAfter, None, 1),
    ];
    for (fails, expected, tries) in cases {
        let (store, engine) = good();
        let failing = Arc::new(Failing { store: store.clone(), fails, appends: AtomicUsize::new(0) });
        let done = buy(&engine.over(failing.clone()));
        assert_eq!(failing.appends.load(Ordering::Relaxed), tries, "{fails:?}");
        match expected {
            Some(wanted) => assert_eq!(code(done), (wanted, String::new()), "{fails:?}"),
            None => assert!(!done.expect("resolved by reading").replayed),
        }
        let (tenant, member) = shop();
        assert_eq!(
            block_on(store.head(&tenant, &member)).unwrap().is_some(),
            expected.is_none(),
            "{fails:?}"
        );
        let again = buy(&engine).expect("the store is well again");
        assert_eq!((again.replayed, again.head.seq), (expected.is_none(), 1), "{fails:?}");
    }
}

#[test]
fn a_ledger_that_is_damaged() {
    let (store, engine) = good();
    buy(&engine).expect("recorded");
    let torn = Failing { store, fails: Fails::Torn, appends: AtomicUsize::new(0) };
    let torn = engine.over(Arc::new(torn));
    let (tenant, member) = shop();
    assert_eq!(code(block_on(torn.member(&tenant, &member, None, now()))).0, "damaged");
    let lines = json!([{"gross": "1"}]);
    let next = json!({"purchase": {"id": "2", "occurred_at": "2026-01-01T00:00:00Z", "lines": lines}});
    assert_eq!(code(record(&torn, next)).0, "damaged");
}

#[test]
fn a_return_of_a_purchase_under_a_version_that_is_not_here() {
    let (store, engine) = good();
    buy(&engine).expect("recorded");
    let elsewhere = Arc::new(MemoryStore::default());
    let moved = Engine::new(store, elsewhere, ChainKey::new(1, KEY));
    block_on(moved.publish(&shop().0, &program("other"), now(), now())).expect("published");
    let back = || json!({"return": {"id": "2", "occurred_at": "2026-01-01T00:00:00Z", "of": "1"}});
    assert_eq!(code(record(&moved, back())), ("unknown_version", "/return".to_owned()));
    record(&engine, back()).expect("where the version is known, it comes back");
}

#[test]
fn versions_are_published_one_after_the_other_and_in_time() {
    let (store, engine) = good();
    let second = program("second");
    let publish = |engine: &Engine, from| block_on(engine.publish(&shop().0, &second, from, now()));
    let soon = code(publish(&engine, at("2026-01-02T00:00:59.999999Z")));
    assert_eq!(soon, ("too_early", "/valid_from".to_owned()));
    let overtaken = Engine::new(store.clone(), Arc::new(Overtaken(store)), ChainKey::new(1, KEY));
    assert_eq!(code(publish(&overtaken, at("2026-01-02T00:01:00Z"))).0, "contended");
    assert_eq!(publish(&engine, at("2026-01-02T00:01:00Z")).expect("60 seconds are enough").number, 2);
}
