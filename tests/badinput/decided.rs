//! Deciding whatever was accepted: what must hold of each decision.

use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::{Command, Context, decide};
use loyalty_core::explain::{NoTrace, Proof};
use loyalty_core::facts::{Facts, Who};
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ledger::chain::{BEGINNING, ChainKey};
use loyalty_core::ledger::commit::{NewCommit, StoredCommit};
use loyalty_core::ledger::operation::Operation;
use loyalty_core::member::MemberState;
use loyalty_core::program::Programs;
use loyalty_core::returns::Past;
use loyalty_core::time::Timestamp;

use super::{KEY, refused};

/// After every instant that an activity may have.
const NOW: Timestamp = Timestamp::from_seconds(4_200_000_000);

/// What came of activities.
#[derive(Debug)]
pub struct Decided {
    /// The operations, newest first.
    pub operations: Vec<Operation>,
    /// The state after them.
    pub state: Option<MemberState>,
    /// The codes of those that were refused.
    pub refused: Vec<&'static str>,
}

/// Decides activities one after the other, each on what the ones before it left.
///
/// A state that is not given begins empty, and then what was earned is what is there and what went away.
pub fn decided(programs: &Programs, from: Option<&MemberState>, activities: &[Activity]) -> Decided {
    let mut state = from.cloned();
    let member = MemberId::new("member").expect("an id");
    let mut past = Past { complete: true, ..Past::default() };
    let mut codes = Vec::new();
    for activity in activities {
        let command = Command::Record(Arc::new(activity.clone()));
        let who = Who { member: &member, facts: &Facts::NONE };
        let context = Context::new(NOW, programs, &past, who);
        let read = decide(&context, state.as_ref(), &command, &mut NoTrace);
        let told = decide(&context, state.as_ref(), &command, &mut Proof::default());
        assert_eq!(read, told, "a proof changes nothing");
        match read {
            Err(problem) => {
                refused(std::slice::from_ref(&problem));
                codes.push(problem.code);
            }
            Ok(decision) => {
                if from.is_none() {
                    adds_up(&decision.state);
                }
                kept(&decision.operation, &decision.state);
                past.stood.push((decision.operation.key.clone(), state.replace(decision.state)));
                past.operations.insert(0, decision.operation);
            }
        }
    }
    Decided { operations: past.operations, state, refused: codes }
}

fn adds_up(state: &MemberState) {
    for balance in &state.balances {
        assert!(balance.lots.iter().all(|lot| lot.points.is_positive()), "{balance:?}");
        let there: i64 = balance.lots.iter().map(|lot| lot.points.minor()).sum();
        let held = state.held_of(&balance.currency).unwrap().minor();
        let left = balance.earned.minor() + balance.adjusted.minor()
            - balance.clawed_back.minor()
            - balance.expired.minor()
            - balance.redeemed.minor();
        assert_eq!(there + held, left, "{balance:?}");
    }
}

/// What was decided can be stored and read back.
fn kept(operation: &Operation, state: &MemberState) {
    let postings = operation.settlement.postings.iter().chain(&operation.postings);
    assert!(postings.into_iter().all(|posting| posting.points.is_positive()), "{operation:?}");
    let stored = sealed(state, std::slice::from_ref(operation));
    let read = stored.commit().expect("what was written can be read");
    assert_eq!(read.head.state, *state);
    assert_eq!(read.operations, std::slice::from_ref(operation));
}

/// A commit of these operations.
pub fn sealed(state: &MemberState, operations: &[Operation]) -> StoredCommit {
    let new = NewCommit {
        tenant: &TenantId::new("main").expect("a tenant"),
        member: &MemberId::new("m").expect("a member"),
        seq: 1,
        recorded_at: NOW,
        previous: BEGINNING,
        state,
        operations,
    };
    new.seal(&ChainKey::new(1, KEY))
}
