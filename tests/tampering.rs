//! Whatever is changed in what was recorded, checking finds it: chains under their key, and the seal over all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::engine::Engine;
use loyalty_core::id::{ActivityId, MemberId, OperationKey, TenantId};
use loyalty_core::ledger::chain::{ChainKey, Hash};
use loyalty_core::ledger::commit::{NewCommit, StoredCommit};
use loyalty_core::ledger::seal::Root;
use loyalty_core::memory::MemoryStore;
use loyalty_core::points::Points;
use loyalty_core::ports::{Append, Appended, Feed, LedgerStore, StoreError};
use loyalty_core::program::Program;
use loyalty_core::time::Timestamp;
use loyalty_model::generate::cases;
use pollster::block_on;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

const MEMBERS: [&str; 3] = ["1", "2", "3"];

/// What was recorded, by member and sequence, and the order of the feed.
#[derive(Clone)]
struct Recorded {
    commits: BTreeMap<(MemberId, u64), StoredCommit>,
    feed: Vec<(MemberId, u64)>,
}

fn at(day: u64) -> Timestamp {
    Timestamp::parse(&format!("2026-03-{day:02}T12:00:00Z")).unwrap()
}

fn key() -> ChainKey {
    ChainKey::new(1, [7; 32])
}

fn tenant() -> TenantId {
    TenantId::new("shop").unwrap()
}

/// Three members who buy on eight days and bring something back.
fn recorded() -> Recorded {
    let document = json!({
        "format": 1, "name": "shop", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points"}],
        "earning": [{
            "currency": "points",
            "groups": [{"id": "all", "members": [{"rule": {"id": "euro", "rate": "1"}}]}],
        }],
    });
    let store = Arc::new(MemoryStore::default());
    let engine = Engine::new(store.clone(), store.clone(), key());
    let program = Program::check(document.to_string().as_bytes()).expect("a program");
    block_on(engine.publish(&tenant(), &program, at(1), at(1))).expect("published");
    for day in 2..=9 {
        for name in MEMBERS {
            let when = format!("2026-03-{day:02}T12:00:00Z");
            let activity = match day % 4 {
                0 => {
                    json!({"return": {"id": format!("r{day}"), "occurred_at": when, "of": format!("p{}", day - 1)}})
                }
                _ => {
                    json!({"purchase": {"id": format!("p{day}"), "occurred_at": when, "lines": [{"gross": "10.00"}]}})
                }
            };
            let activity: Activity = serde_json::from_value(activity).expect("an activity");
            let member = MemberId::new(name).unwrap();
            block_on(engine.execute(&tenant(), &member, Command::Record(Arc::new(activity)), at(day)))
                .expect("done");
        }
    }
    let all = block_on(store.after(0, usize::MAX)).unwrap();
    let name = |commit: &StoredCommit| commit.head().map(|head| (head.member, head.seq)).expect("a commit");
    let feed = all.iter().map(|(_, commit)| name(commit)).collect();
    Recorded { feed, commits: all.into_iter().map(|(_, commit)| (name(&commit), commit)).collect() }
}

/// What somebody does to it.
#[derive(Debug, Clone)]
enum Change {
    /// A bit of a commit is another.
    Flip(Index, Index, u8),
    /// A commit is cut short.
    Cut(Index, Index),
    /// Two commits stand in each other's places.
    Swap(Index, Index),
    /// A commit is gone.
    Delete(Index),
    /// The newest commits of a member are gone.
    Truncate(Index, Index),
    /// A commit is there once more, at the end of a chain.
    Replay(Index, Index),
    /// A commit gives more than it did, hashed under another key.
    Rewrite(Index, i64),
    /// The same, and all after it in its chain, by somebody who has the key.
    RewriteWithKey(Index, i64),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<Index>(), any::<Index>(), 0..8_u8).prop_map(|(of, byte, bit)| Change::Flip(of, byte, bit)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(of, length)| Change::Cut(of, length)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::Swap(one, other)),
        1 => any::<Index>().prop_map(Change::Delete),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(of, count)| Change::Truncate(of, count)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(of, to)| Change::Replay(of, to)),
        1 => (any::<Index>(), 1..1_000_i64).prop_map(|(of, more)| Change::Rewrite(of, more)),
        1 => (any::<Index>(), 1..1_000_i64).prop_map(|(of, more)| Change::RewriteWithKey(of, more)),
    ]
}

impl Recorded {
    fn set(&mut self, at: &(MemberId, u64), bytes: Vec<u8>) {
        self.commits.insert(at.clone(), StoredCommit::from_bytes(bytes));
    }

    fn newest(&self, member: &MemberId) -> u64 {
        self.commits.keys().filter(|key| key.0 == *member).map(|key| key.1).max().unwrap_or(0)
    }

    fn change(&mut self, change: &Change) {
        let places = self.feed.clone();
        match change {
            Change::Flip(of, byte, bit) => {
                let place = of.get(&places);
                let mut bytes = self.commits[place].bytes().to_vec();
                let byte = byte.index(bytes.len());
                bytes[byte] ^= 1 << bit;
                self.set(place, bytes);
            }
            Change::Cut(of, length) => {
                let place = of.get(&places);
                let bytes = self.commits[place].bytes();
                let bytes = bytes[..length.index(bytes.len())].to_vec();
                self.set(place, bytes);
            }
            Change::Swap(one, other) => {
                let [one, other] = [one.get(&places), other.get(&places)];
                let [first, second] = [one, other].map(|place| self.commits[place].bytes().to_vec());
                self.set(one, second);
                self.set(other, first);
            }
            Change::Delete(of) => {
                let place = of.get(&places);
                self.commits.remove(place);
                self.feed.retain(|known| known != place);
            }
            Change::Truncate(of, count) => {
                let member = &of.get(&places).0;
                let newest = self.newest(member);
                let kept = count.index(usize::try_from(newest).unwrap()) as u64;
                self.commits.retain(|(of, seq), _| of != member || *seq <= kept);
                self.feed.retain(|(of, seq)| of != member || *seq <= kept);
            }
            Change::Replay(of, to) => {
                let (bytes, member) = (self.commits[of.get(&places)].bytes().to_vec(), &to.get(&places).0);
                let place = (member.clone(), self.newest(member) + 1);
                self.set(&place, bytes);
                self.feed.push(place);
            }
            Change::Rewrite(of, more) => self.rewrite(of.get(&places), *more, &ChainKey::new(1, [8; 32])),
            Change::RewriteWithKey(of, more) => self.rewrite(of.get(&places), *more, &key()),
        }
    }

    /// Gives more points in a commit, and makes all after it follow from it.
    fn rewrite(&mut self, (member, from): &(MemberId, u64), more: i64, key: &ChainKey) {
        let more = Points::new(more).unwrap();
        let mut previous: Option<Hash> = None;
        for seq in *from..=self.newest(member) {
            let place = (member.clone(), seq);
            let mut commit = self.commits[&place].commit().expect("a commit");
            let currency = commit.head.state.balances[0].currency.clone();
            commit.head.state.balance_mut(&currency).add(more, None, None).expect("points");
            if seq == *from {
                for posting in commit.operations[0].postings.iter_mut().take(1) {
                    posting.points = posting.points.plus(more).expect("points");
                }
            }
            let new = NewCommit {
                tenant: &commit.head.tenant,
                member,
                seq,
                recorded_at: commit.head.recorded_at,
                previous: previous.unwrap_or(commit.head.previous),
                state: &commit.head.state,
                operations: &commit.operations,
            };
            let sealed = new.seal(key);
            previous = sealed.hash().ok();
            self.commits.insert(place, sealed);
        }
    }

    /// The root that a seal is over; `None` where a commit has no hash.
    fn root(&self) -> Option<Hash> {
        let mut root = Root::after(&Root::BEGINNING);
        self.feed.iter().try_for_each(|place| root.add(&self.commits[place]).ok())?;
        Some(root.finish())
    }

    /// Whether checking every chain, or the seal, finds anything.
    fn is_found(&self, sealed: &Hash) -> bool {
        let programs = Arc::new(MemoryStore::default());
        let engine = Engine::new(Arc::new(self.clone()), programs, key());
        let chains = MEMBERS.iter().any(|name| {
            let verified = block_on(engine.verify(&tenant(), &MemberId::new(name).unwrap()));
            verified.map_or(true, |verified| !verified.findings.is_empty())
        });
        chains || self.root().as_ref() != Some(sealed)
    }
}

#[async_trait]
impl LedgerStore for Recorded {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        Ok(self.range(tenant, member, u64::MAX, 1).await?.pop())
    }

    async fn append(&self, _: Append) -> Result<Appended, StoreError> {
        Err(StoreError::Unavailable("it is only read".to_owned()))
    }

    async fn by_key(
        &self,
        _: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError> {
        let takes = |commit: &StoredCommit| {
            commit
                .commit()
                .is_ok_and(|commit| commit.operations.iter().any(|operation| operation.key == *key))
        };
        let own = self.commits.iter().filter(|(place, _)| place.0 == *member);
        Ok(own.map(|(_, commit)| commit).find(|commit| takes(commit)).cloned())
    }

    async fn by_activity(
        &self,
        _: &TenantId,
        _: &MemberId,
        _: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        Ok(Vec::new())
    }

    async fn range(
        &self,
        _: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let own = self.commits.iter().rev().filter(|(place, _)| place.0 == *member && place.1 < before);
        Ok(own.map(|(_, commit)| commit.clone()).take(limit).collect())
    }

    async fn at(&self, _: &TenantId, _: &MemberId, _: Timestamp) -> Result<Option<StoredCommit>, StoreError> {
        Ok(None)
    }
}

#[test]
fn what_nobody_changed_is_right() {
    let recorded = recorded();
    assert_eq!(recorded.commits.len(), 24);
    assert!(!recorded.is_found(&recorded.root().expect("whole")));
}

proptest! {
    #![proptest_config(cases(1_000, 50_000))]

    #[test]
    fn every_change_is_found(change in changes()) {
        let (before, mut after) = (recorded(), recorded());
        let sealed = before.root().expect("whole");
        after.change(&change);
        let changed = after.commits != before.commits;
        prop_assert_eq!(after.is_found(&sealed), changed, "{:?}", change);
    }
}
