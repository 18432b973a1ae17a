//! The vault: what is personal is sealed under a key of each member, and gone with it.

#[path = "faults/engine.rs"]
mod engine;

use std::sync::Arc;

use loyalty_adapters::vault::MemberKey;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Chain, Engine};
use loyalty_core::id::{MemberId, OperationKey, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::commit::{InvalidCommit, StoredCommit};
use loyalty_core::memory::{MemoryStore, MemoryVault};
use loyalty_core::ports::{Append, Kept, LedgerStore, Vault};
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use pollster::block_on;
use serde_json::{Value, json};

use self::engine::{code, over, over_embedded};

/// What nobody may find in the bytes of the store.
const PERSONAL: [&str; 4] = ["wine-of-ann", "by-the-river", "till-boy", "unsold-thing"];

struct World {
    store: Arc<MemoryStore>,
    vault: Arc<MemoryVault>,
    tenant: TenantId,
    ann: MemberId,
}

fn day(day: u32) -> Timestamp {
    Timestamp::parse(&format!("2026-03-{day:02}T00:00:00Z")).unwrap()
}

fn program() -> Program {
    let document = json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "members": [
            {"rule": {"id": "each", "fixed": "5"}}
        ]}]}],
        "returns": {"unlinked": "most_recent"},
        "rewards": [{"id": "mug", "points": "2"}],
    });
    Program::check(document.to_string().as_bytes()).expect("a program")
}

fn record(activity: Value) -> Command {
    Command::Record(Arc::new(serde_json::from_value(activity).expect("an activity")))
}

fn purchase(id: &str) -> Command {
    let lines = json!([{"sku": "wine-of-ann", "gross": "5"}]);
    record(json!({"purchase": {
        "id": id, "occurred_at": "2026-03-01T00:00:00Z", "store": "by-the-river", "lines": lines
    }}))
}

fn back(id: &str) -> Command {
    let lines = json!([{"sku": "unsold-thing", "quantity": "1"}]);
    record(json!({"return": {"id": id, "occurred_at": "2026-03-01T12:00:00Z", "lines": lines}}))
}

fn redeem(key: &str) -> Command {
    let fields = json!({"key": key, "reward": "mug"});
    Command::Redeem(Arc::new(serde_json::from_value(fields).expect("a redemption")))
}

impl World {
    fn new() -> Self {
        let secret = ChainKey::new(9, [9; 32]);
        let vault = MemoryVault::new(secret, |key| Arc::new(MemberKey::new(key)));
        let (tenant, ann) = (TenantId::new("shop").unwrap(), MemberId::new("ann").unwrap());
        let world = Self { store: Arc::default(), vault: Arc::new(vault), tenant, ann };
        block_on(world.engine().publish(&world.tenant, &program(), day(1), day(1))).expect("published");
        world
    }

    fn engine(&self) -> Engine {
        let actor = loyalty_core::id::ActorId::new("till-boy").unwrap();
        over(self.store.clone(), self.store.clone()).with_vault(self.vault.clone()).sent_by(Some(actor))
    }

    fn send(&self, at: u32, command: Command) -> &'static str {
        code(&block_on(self.engine().execute(&self.tenant, &self.ann, command, day(at))))
    }

    fn chain(&self) -> Chain<'_> {
        Chain { tenant: &self.tenant, member: &self.ann }
    }

    fn erase(&self, at: u32) {
        let close = json!({"key": "erase", "reason": "asked for", "actor": "desk"});
        let close = serde_json::from_value(close).expect("a closing");
        block_on(self.engine().erase(self.chain(), close, day(at))).expect("erased");
    }

    fn stored(&self) -> Vec<StoredCommit> {
        block_on(self.store.range(&self.tenant, &self.ann, u64::MAX, 100)).unwrap()
    }

    fn nothing_personal(&self) {
        for commit in self.stored() {
            for text in PERSONAL {
                let there = commit.bytes().windows(text.len()).any(|part| part == text.as_bytes());
                assert!(!there, "`{text}` in commit {}", commit.head().unwrap().seq);
            }
        }
    }

    fn is_whole(&self) {
        let verified = block_on(self.engine().verify(&self.tenant, &self.ann)).unwrap();
        assert_eq!(verified.findings, Vec::new());
    }

    fn explained(&self, key: &str) -> &'static str {
        let key = OperationKey::new(key).unwrap();
        let explained = block_on(self.engine().explain(&self.tenant, &self.ann, &key, day(20)));
        explained.map_or_else(|error| error.problem().code, |_| "explained")
    }

    fn points(&self) -> i64 {
        let head = self.stored().first().expect("a chain").head().unwrap();
        head.state.balances[0].available().unwrap().minor()
    }
}

#[test]
fn what_is_personal_is_sealed_and_read_as_before() {
    let world = World::new();
    for (command, expected) in [
        (purchase("1"), "done"),
        (purchase("1"), "replayed"),
        (back("r"), "done"),
        (redeem("m"), "done"),
        (redeem("m"), "replayed"),
    ] {
        assert_eq!(world.send(2, command), expected);
    }
    world.nothing_personal();
    world.is_whole();
    assert_eq!(world.points(), 3, "5 for the purchase less 2 for the mug");
    assert_eq!(world.explained("purchase/1"), "explained");
}

#[test]
fn with_the_key_goes_what_is_personal_and_nothing_else() {
    let world = World::new();
    for command in [purchase("1"), back("r"), redeem("m")] {
        assert_eq!(world.send(2, command), "done");
    }
    world.erase(3);
    let commits = world.stored().len();
    world.erase(4);
    assert_eq!(world.stored().len(), commits, "done again it changes nothing");
    world.nothing_personal();
    world.is_whole();
    assert_eq!(world.explained("purchase/1"), "erased");
    for (command, expected) in [
        (purchase("2"), "member_erased"),
        (purchase("1"), "member_erased"),
        (redeem("n"), "member_erased"),
        (redeem("m"), "replayed"),
    ] {
        assert_eq!(world.send(5, command), expected);
    }
    let kept = block_on(world.vault.create(&world.tenant, &world.ann)).unwrap();
    assert!(matches!(kept, Kept::Erased), "nobody gets another key");
}

#[test]
fn after_a_crash_between_closing_and_erasing_it_goes_on() {
    let world = World::new();
    assert_eq!(world.send(2, purchase("1")), "done");
    let close = json!({"key": "erase", "reason": "asked for", "actor": "desk"});
    let close = Command::Close(Arc::new(serde_json::from_value(close).expect("a closing")));
    assert_eq!(world.send(3, close), "done");
    assert_eq!(world.explained("purchase/1"), "explained");
    world.erase(4);
    assert_eq!(world.explained("purchase/1"), "erased");
    world.is_whole();
}

#[test]
fn an_erased_chain_is_taken_again_with_all_its_keys() {
    let world = World::new();
    for command in [purchase("1"), back("r"), redeem("m")] {
        assert_eq!(world.send(2, command), "done");
    }
    world.erase(3);
    let anew = Arc::new(MemoryStore::default());
    for commit in world.stored().into_iter().rev() {
        let append = Append::again(commit).expect("whole");
        block_on(anew.append(append)).expect("appended");
    }
    let engine = over(anew.clone(), anew.clone()).with_vault(world.vault.clone());
    let verified = block_on(engine.verify(&world.tenant, &world.ann)).unwrap();
    assert_eq!((verified.findings, verified.commits), (Vec::new(), 4));
}

#[test]
fn a_sealed_part_that_was_changed_or_moved_is_found() {
    let world = World::new();
    for id in ["1", "2"] {
        assert_eq!(world.send(2, purchase(id)), "done");
    }
    let Kept::Key(cipher) = block_on(world.vault.key(&world.tenant, &world.ann)).unwrap() else {
        panic!("no key")
    };
    let newest = world.stored().remove(0);
    let other = MemberKey::new([1; 32]);
    let wrong = newest.clone().opened_by(Some(Arc::new(other)));
    assert_eq!(wrong.commit(), Err(InvalidCommit::Sealed(2, 0)));
    let mut bytes = newest.bytes().to_vec();
    // The last byte before the hash is one of the sealed part.
    let last = bytes.len() - 33;
    bytes[last] ^= 1;
    let changed = StoredCommit::from_bytes(bytes).opened_by(Some(cipher));
    assert_eq!(changed.commit(), Err(InvalidCommit::Sealed(2, 0)));
    assert!(newest.commit().is_ok(), "without a key the open part is read");
}

/// Its rows follow from what is open of commits, whose sealed parts nobody who copies them can read.
#[test]
fn the_embedded_store_keeps_sealed_parts() {
    over_embedded(|store| {
        let world = World::new();
        let engine = over(store.clone(), store.clone()).with_vault(world.vault.clone());
        block_on(engine.publish(&world.tenant, &program(), day(1), day(1))).expect("published");
        for command in [purchase("1"), back("r"), redeem("m")] {
            block_on(engine.execute(&world.tenant, &world.ann, command, day(2))).expect("done");
        }
        let verified = block_on(engine.verify(&world.tenant, &world.ann)).unwrap();
        assert_eq!((verified.findings, verified.commits), (Vec::new(), 3));
        let again = block_on(engine.execute(&world.tenant, &world.ann, purchase("1"), day(3)));
        assert_eq!(code(&again), "replayed");
    });
}
