//! Commits to try a store with, for the suite and for tests of one's own.

use std::sync::Arc;

pub(super) use crate::engine::at_once;

use crate::activity::{Activity, CustomEvent};
use crate::command::Command;
use crate::facts::Facts;
use crate::id::{ActivityId, AuthorId, MemberId, OperationKey, TenantId};
use crate::ledger::chain::{BEGINNING, ChainKey, Hash};
use crate::ledger::commit::{NewCommit, StoredCommit};
use crate::ledger::operation::{Award, Operation, Sealed, Settlement, VestingOutcome};
use crate::ledger::posting::{Account, Posting};
use crate::member::{MemberState, Pending};
use crate::points::Points;
use crate::ports::ledger_store::returned_key;
use crate::ports::{Append, Appended, LedgerStore};
use crate::program::VersionId;
use crate::time::{OffsetTime, Timestamp};

/// A tenant of this name.
pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("a tenant's name")
}

/// A member of this name.
pub fn member(name: &str) -> MemberId {
    MemberId::new(name).expect("a member's name")
}

/// A purchase of this id.
pub fn purchase(id: &str) -> ActivityId {
    ActivityId::new(id).expect("an activity's id")
}

/// A key of this text.
pub fn key(text: &str) -> OperationKey {
    OperationKey::new(text).expect("a key")
}

/// The key under which the chains here are hashed.
pub const fn chain_key() -> ChainKey {
    ChainKey::new(1, [7; 32])
}

/// A member's chain as its writer sees it: each commit is linked to the one before.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Whose member.
    pub tenant: TenantId,
    /// Who.
    pub member: MemberId,
    /// The state after the newest commit.
    pub state: MemberState,
    seq: u64,
    previous: Hash,
}

impl Chain {
    /// The chain of a member of a tenant, before its first commit.
    pub fn new(of: &str, name: &str) -> Self {
        let state = MemberState::enrolled(Timestamp::from_seconds(1));
        Self { tenant: tenant(of), member: member(name), state, seq: 0, previous: BEGINNING }
    }

    /// The next append: one operation for each key, each earning `earned` of a currency.
    pub fn earn(&mut self, currency: &str, earned: i64, keys: &[&str]) -> Append {
        let currency = AuthorId::new(currency).expect("a currency");
        let points = Points::new(earned).expect("points");
        let recorded_at = Timestamp::from_seconds(1_000);
        let operations: Vec<_> = keys.iter().map(|text| operation(key(text), &currency, points)).collect();
        for _ in keys {
            self.state.balance_mut(&currency).add(points, None, None).expect("a balance");
        }
        self.seal(recorded_at, &operations, keys.iter().map(|text| key(text)).collect())
    }

    /// The next append, with these keys.
    pub fn next(&mut self, keys: &[&str]) -> Append {
        self.earn("points", 5, keys)
    }

    /// The next append, recorded at a second.
    pub fn next_at(&mut self, seconds: i64) -> Append {
        let recorded_at = Timestamp::from_seconds(seconds);
        let key = key(&format!("event/visit/{}", self.seq + 1));
        let operation = operation(key.clone(), &AuthorId::new("points").expect("a currency"), Points::ZERO);
        self.seal(recorded_at, &[operation], vec![key])
    }

    /// The next append: a return that takes from these purchases.
    pub fn give_back(&mut self, by: &str, purchases: &[&str]) -> Append {
        let mut append = self.next(&[&format!("return/{by}")]);
        let by = key(&format!("return/{by}"));
        let rows = purchases.iter().map(|of| returned_key(&purchase(of), &by).expect("a key"));
        append.keys.extend(rows);
        append
    }

    /// The next append, after which something of the member is under review, or nothing any more.
    pub fn review(&mut self, key: &str, open: bool) -> Append {
        let of = self::key(key);
        self.state.pending.clear();
        if open {
            self.state.pending.push(Pending {
                due: Timestamp::from_seconds(900),
                then: VestingOutcome::Vested,
                of,
                award: 0,
                currency: AuthorId::new("points").expect("a currency"),
                points: Points::new(5).expect("points"),
                counted: Vec::new(),
                lapses: None,
                funded_by: None,
                returned: Vec::new(),
                review: true,
            });
        }
        Append { reviews: Some(open), ..self.next(&[key]) }
    }

    fn seal(&mut self, recorded_at: Timestamp, operations: &[Operation], keys: Vec<OperationKey>) -> Append {
        self.seq += 1;
        let commit = NewCommit {
            tenant: &self.tenant,
            member: &self.member,
            seq: self.seq,
            recorded_at,
            previous: self.previous,
            state: &self.state,
            operations,
        }
        .seal(&chain_key());
        self.previous = commit.head().expect("a commit that was just made").hash;
        Append {
            tenant: self.tenant.clone(),
            member: self.member.clone(),
            seq: self.seq,
            recorded_at,
            commit,
            keys,
            reviews: None,
        }
    }
}

fn operation(key: OperationKey, currency: &AuthorId, points: Points) -> Operation {
    let occurred_at = OffsetTime { at: Timestamp::from_seconds(900), offset: 3_600 };
    let name = AuthorId::new("visit").expect("an event's name");
    let posting = Posting {
        currency: currency.clone(),
        from: Account::Issued,
        to: Account::Available,
        points,
        effective_at: occurred_at.at,
        partner: None,
    };
    let award = Award {
        currency: currency.clone(),
        points,
        lapses: None,
        rules: Vec::new(),
        waits: None,
        funded_by: None,
    };
    Operation {
        key,
        occurred_at,
        version: VersionId::of_canonical(b"{}"),
        settlement: Settlement::default(),
        awards: vec![award],
        returned: Vec::new(),
        unmatched: Vec::new(),
        counted: Vec::new(),
        tier_changes: Vec::new(),
        postings: vec![posting],
        vesting: Vec::new(),
        reviewed_for: Vec::new(),
        readings: Vec::new(),
        noted: Vec::new(),
        refused: None,
        redeemed: None,
        granted: Vec::new(),
        turns: Vec::new(),
        referred: None,
        proposed: false,
        pay_back: None,
        quoted: None,
        used: None,
        sent: None,
        regranted: Vec::new(),
        held: None,
        sealed: Sealed {
            sent_by: None,
            command: Command::Record(Arc::new(Activity::Event(CustomEvent {
                name,
                id: purchase("1"),
                occurred_at,
                attributes: Vec::new(),
                of: None,
                lines: Vec::new(),
            }))),
            facts: Facts::NONE,
        },
        goal_awards: Vec::new(),
        goal_takes: Vec::new(),
        welcome: Vec::new(),
    }
}

/// Appends what must go in.
pub async fn done<S: LedgerStore>(store: &S, append: Append) -> StoredCommit {
    let commit = append.commit.clone();
    assert_eq!(store.append(append).await, Ok(Appended::Done));
    commit
}
