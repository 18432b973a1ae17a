//! Commits as they were stored once, which every release reads as it did then.
//!
//! `LOYALTY_WRITE=1` with the test of the cases adds commits for what is not stored yet. It never changes one that is there:
//! a stored form stays what it is for as long as ledgers are kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use loyalty_core::engine::Answer;
use loyalty_core::json::answer::AnswerView;
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::commit::{Commit, NewCommit, StoredCommit};
use loyalty_core::ports::Feed;
use loyalty_core::program::{Program, Programs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A commit, and what it says.
#[derive(Debug, Serialize, Deserialize)]
struct Golden {
    /// Its bytes, in hexadecimal.
    bytes: String,
    /// The answer of each of its operations.
    says: Vec<Value>,
}

impl Golden {
    fn stored(&self) -> StoredCommit {
        let pairs =
            (0..self.bytes.len()).step_by(2).map(|at| u8::from_str_radix(&self.bytes[at..at + 2], 16));
        StoredCommit::from_bytes(pairs.collect::<Result<Vec<u8>, _>>().expect("hexadecimal"))
    }

    fn commit(&self) -> Commit {
        self.stored().commit().expect("a commit")
    }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/golden/commits.jsonl")
}

fn key() -> ChainKey {
    ChainKey::new(1, [7; 32])
}

fn golden() -> Vec<Golden> {
    let text = fs::read_to_string(file()).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a commit and what it says")).collect()
}

/// Answers as they are without any program: with ids for names, and no decimals.
fn says(commit: Commit) -> Vec<Value> {
    let program = r#"{"format": 1, "name": "None", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "none"}]}"#;
    let programs = Programs::new(Arc::new(Program::check(program.as_bytes()).expect("a program")));
    let Commit { head, operations } = commit;
    let head = Arc::new(head);
    let answer = |operation| Answer { head: Arc::clone(&head), operation, replayed: false };
    let views = operations.into_iter().map(|operation| AnswerView::new(answer(operation), &programs));
    views.map(|view| serde_json::to_value(view).expect("JSON")).collect()
}

/// What a commit has that another may lack: kinds of operations, their fields, accounts, and parts of a member's state.
fn has(commit: &Commit) -> BTreeSet<String> {
    let state = &commit.head.state;
    let parts = [
        ("counters", !state.counters.is_empty()),
        ("caps", !state.caps.is_empty()),
        ("goal grants", !state.goal_grants.is_empty()),
        ("returned", !state.returned.is_empty()),
        ("measured", !state.limits.measured.is_empty()),
        ("pending", !state.pending.is_empty()),
        ("vouchers", !state.gifts.vouchers.is_empty()),
        ("badges", !state.gifts.badges.is_empty()),
        ("holds", !state.holds.is_empty()),
        ("referral", state.referral.is_some()),
        ("rewards", !state.rewards.is_empty()),
        ("in transit", !state.in_transit.is_empty()),
        ("proposals", !state.proposals.is_empty()),
        ("stopped", state.stopped.is_some()),
        ("quotes", !state.quotes.is_empty()),
        ("granted level", state.tiers.iter().any(|tier| tier.granted.is_some())),
        ("carry", state.tiers.iter().any(|tier| tier.carry.is_some())),
        ("debt", state.balances.iter().any(|balance| balance.debt.is_positive())),
        ("lapsed", state.balances.iter().any(|balance| !balance.lapsed.is_empty())),
        ("numbered lot", state.balances.iter().flat_map(|balance| &balance.lots).any(|lot| lot.arrival > 0)),
    ];
    let held = parts.into_iter().filter(|(_, is_there)| *is_there);
    let mut has: BTreeSet<String> = held.map(|(name, _)| format!("state {name}")).collect();
    for operation in says(commit.clone()).iter().map(|answer| &answer["operation"]) {
        has.insert(format!("{} operation", operation["kind"]));
        let fields = operation.as_object().expect("an operation").iter();
        let told = fields.filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty()));
        has.extend(told.map(|(name, _)| format!("field {name}")));
        for posting in operation["postings"].as_array().into_iter().flatten() {
            has.extend(["from", "to"].map(|end| format!("account {}", posting[end])));
        }
    }
    has
}

/// Every stored commit is the same bytes when it is written again, and says what it said.
pub fn read_again() {
    for (number, golden) in (1..).zip(golden()) {
        let (stored, commit) = (golden.stored(), golden.commit());
        stored.check_hash(&key()).unwrap_or_else(|error| panic!("line {number}: {error}"));
        let Commit { head, operations } = &commit;
        let again = NewCommit {
            tenant: &head.tenant,
            member: &head.member,
            seq: head.seq,
            recorded_at: head.recorded_at,
            previous: head.previous,
            state: &head.state,
            operations,
        };
        assert_eq!(again.seal(&key()), stored, "line {number}: something is forgotten or written otherwise");
        assert_eq!(says(commit), golden.says, "line {number}");
    }
}

/// There is a stored commit for all that commits of the cases have. `LOYALTY_WRITE=1` adds what is missing.
pub async fn is_whole(feed: &dyn Feed) {
    let mut known: BTreeSet<String> = golden().iter().flat_map(|golden| has(&golden.commit())).collect();
    let mut missing: Vec<(StoredCommit, Commit)> = Vec::new();
    let mut position = 0;
    loop {
        let page = feed.after(position, 256).await.expect("a page");
        let Some((last, _)) = page.last() else { break };
        position = *last;
        for (_, stored) in page {
            let commit = stored.commit().expect("a commit");
            if !commit.head.tenant.is_shared() && !has(&commit).is_subset(&known) {
                missing.push((stored, commit));
            }
        }
    }
    // Small ones first: of all that have something new, the shortest is kept.
    missing.sort_by_key(|(stored, _)| (stored.bytes().len(), stored.bytes().to_vec()));
    let mut lines = String::new();
    for (stored, commit) in missing {
        let has = has(&commit);
        if !has.is_subset(&known) {
            let bytes = stored.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let says = says(commit);
            lines += &serde_json::to_string(&Golden { bytes, says }).expect("JSON");
            lines.push('\n');
            known.extend(has);
        }
    }
    if std::env::var_os("LOYALTY_WRITE").is_some() {
        let before = fs::read_to_string(file()).unwrap_or_default();
        fs::write(file(), before + &lines).expect("the stored commits");
        return;
    }
    let missing = lines.lines().count();
    assert_eq!(
        missing, 0,
        "commits have something that no stored one has: run this test with LOYALTY_WRITE=1"
    );
}
