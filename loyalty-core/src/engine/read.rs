//! Reading: a member at an instant, the history, the proof of any entry, and previews.

use std::slice;
use std::sync::Arc;

use super::budgets::amount_for;
use super::load::Seen;
use super::pack::{Outcome, recorded_at};
use super::replay::Found;
use super::{Answer, Chain, Engine, EngineError};
use crate::decision::{Command, Context, Decision, Nearest, Stock, decide, nearest};
use crate::explain::{NoTrace, Proof, Step};
use crate::facts::Who;
use crate::grants::Codes;
use crate::id::{MemberId, OperationKey, TenantId};
use crate::ledger::commit::{Commit, Head};
use crate::ledger::operation::{Operation, Settlement};
use crate::member::MemberState;
use crate::ports::{Feed, StoreError};
use crate::problem::Problem;
use crate::program::Programs;
use crate::returns::Past;
use crate::settle::settle;
use crate::shared::Reading;
use crate::time::Timestamp;

/// A member as of an instant: the head, settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The newest commit.
    pub head: Head,
    /// The state at the instant.
    pub state: MemberState,
    /// What fell due since the commit and is not written yet.
    pub unwritten: Settlement,
}

/// One operation in a member's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The sequence of its commit.
    pub seq: u64,
    /// Its place in the commit, from 0.
    pub index: usize,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The operation.
    pub operation: Operation,
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// The tenant's commits, each with its position.
    pub commits: Vec<(u64, Commit)>,
    /// The position to read on after.
    pub next: u64,
}

/// A decision with its proof, recomputed from what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was decided.
    pub answer: Answer,
    /// How.
    pub steps: Vec<Step>,
    /// What a little more would have earned.
    pub nearest: Option<Nearest>,
}

/// What a command would do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What would be decided.
    pub decision: Decision,
    /// How.
    pub steps: Vec<Step>,
    /// What a little more would earn.
    pub nearest: Option<Nearest>,
}

impl Engine {
    /// A member as of `at`, or at its last settlement where `at` is earlier or absent.
    ///
    /// Errors: `unknown_member`.
    pub async fn member(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Settled, EngineError> {
        let stored = self.ledger.head(tenant, member).await?.ok_or_else(|| unknown_member(member))?;
        let head = stored.head()?;
        let mut state = head.state.clone();
        let at = at.unwrap_or(state.settled_to);
        let unwritten =
            settle(&*self.programs(tenant, now).await?, self.owner(tenant, member), &mut state, at)?;
        Ok(Settled { head, state, unwritten })
    }

    /// Up to `limit` commits of a member before a sequence, newest first, as entries newest first.
    pub async fn history(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, EngineError> {
        let stored = self.ledger.range(tenant, member, before.unwrap_or(u64::MAX), limit).await?;
        let mut entries = Vec::new();
        for one in stored {
            let Commit { head, operations } = one.commit()?;
            entries.extend(operations.into_iter().enumerate().rev().map(|(index, operation)| Entry {
                seq: head.seq,
                index,
                recorded_at: head.recorded_at,
                operation,
            }));
        }
        Ok(entries)
    }

    /// The tenant's commits among the next `limit` of all tenants after a position, oldest first. A page without any is not
    /// the last one where `next` has moved. `feed` is that of the engine's own ledger.
    pub async fn commits_after(
        &self,
        feed: &dyn Feed,
        tenant: &TenantId,
        position: u64,
        limit: usize,
    ) -> Result<FeedPage, EngineError> {
        let mut page = FeedPage { commits: Vec::new(), next: position };
        for (position, stored) in feed.after(position, limit).await? {
            page.next = position;
            let commit = stored.commit()?;
            if commit.head.tenant == *tenant {
                page.commits.push((position, commit));
            }
        }
        Ok(page)
    }

    /// What a command would do now, with its proof, without doing it; of what was recorded before,
    /// what came of it.
    pub async fn preview(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        command: &Command,
        now: Timestamp,
    ) -> Result<Preview, EngineError> {
        let chain = Chain { tenant, member };
        let head = self.ledger.head(tenant, member).await?.map(|commit| commit.head()).transpose()?;
        let decided_at = recorded_at(head.as_ref(), now);
        let programs = self.programs(tenant, decided_at).await?;
        if let Some(recorded) = self.recorded(chain, command, &programs, now).await? {
            return Ok(recorded);
        }
        if let Some(problem) = self.of_another(chain, command, &programs, decided_at).await? {
            return Err(problem.into());
        }
        let past = self.past(chain, command, &programs, Seen::newest(&[], &[])).await?;
        let facts = self.facts(chain, (command, decided_at), &programs).await?;
        let who = Who { member, facts: &facts };
        let (sent_by, codes) = (self.actor.as_ref(), self.codes(tenant));
        let noted = self.noted(chain, slice::from_ref(command), &programs).await;
        let state = head.as_ref().map(|head| &head.state);
        let mut readings: Vec<Reading> = Vec::new();
        let context = Context {
            now: decided_at,
            programs: &programs,
            past: &past,
            who,
            sent_by,
            readings: &[],
            noted: &noted,
            codes,
            stock: Stock::Enough,
        };
        let mut decision = decide(&context, state, command, &mut NoTrace)?;
        let stock = self.stock_for(chain, (&decision.operation, decided_at), &programs).await?;
        let context = Context { stock, ..context };
        if stock != Stock::Enough {
            decision = decide(&context, state, command, &mut NoTrace)?;
        }
        if let Some(problem) = self.no_other(chain, &decision.operation, (&programs, decided_at)).await? {
            return Err(problem.into());
        }
        if let Some(refused) = &decision.operation.refused {
            return Err(refused.problem().into());
        }
        while let Some(want) = decision.wants.iter().find(|want| !readings.iter().any(|it| want.is_of(it))) {
            let amount = amount_for(&programs, &decision.operation, want);
            readings.push(self.read_budget(tenant, (want, amount)).await?);
            decision = decide(&Context { readings: &readings, ..context }, state, command, &mut NoTrace)?;
        }
        let context = Context { readings: &readings, ..context };
        let mut proof = Proof::default();
        let decision = decide(&context, state, command, &mut proof)?;
        let nearest = nearest(&context, state, command, &decision);
        Ok(Preview { decision, steps: proof.0, nearest })
    }

    /// What came of a command, if it was recorded before.
    async fn recorded(
        &self,
        chain: Chain<'_>,
        command: &Command,
        programs: &Programs,
        now: Timestamp,
    ) -> Result<Option<Preview>, EngineError> {
        let key = command.key()?;
        let answer = match self.replayed(chain, &key, command, &mut Found::nothing(programs)).await? {
            None => return Ok(None),
            Some(Outcome::Refused(problem)) => return Err(problem.into()),
            Some(Outcome::Done(answer)) => answer,
        };
        if let Some(problem) = self.rejected(chain, &answer.operation).await? {
            return Err(problem.into());
        }
        let Explanation { steps, nearest, .. } = self.explain(chain.tenant, chain.member, &key, now).await?;
        let Answer { head, operation, .. } = *answer;
        let decision = Decision { operation, state: head.state.clone(), wants: Vec::new() };
        Ok(Some(Preview { decision, steps, nearest }))
    }

    /// The proof of an operation, decided again on what was recorded and compared with it.
    ///
    /// Errors: `unknown_operation`; `damaged` where deciding again gives something else.
    pub async fn explain(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
        now: Timestamp,
    ) -> Result<Explanation, EngineError> {
        let chain = Chain { tenant, member };
        let stored = self.ledger.by_key(tenant, member, key).await?.ok_or_else(|| unknown_operation(key))?;
        if stored.is_closed()? {
            return Err(erased().into());
        }
        let commit = stored.commit()?;
        let recorded_at = commit.head.recorded_at;
        let programs = self.programs(tenant, now.max(recorded_at)).await?;
        // Versions that were not there yet change nothing.
        let programs = programs.known_at(recorded_at).map_or(programs, Arc::new);
        let again = self.decide_again(chain, &commit, key, &programs).await?;
        let operation = commit.operations.get(again.done.len()).ok_or_else(|| unknown_operation(key))?;
        let (past, mut proof) = (again.past(self, &commit, operation, &programs).await?, Proof::default());
        let context = as_then((&commit, operation), &programs, &past, self.codes(tenant));
        let command = &operation.sealed.command;
        let decided = same(decide(&context, again.state.as_ref(), command, &mut proof)?, operation)?;
        let nearest = nearest(&context, again.state.as_ref(), command, &decided);
        let (head, operation) = (Arc::new(commit.head.clone()), operation.clone());
        Ok(Explanation { answer: Answer { head, operation, replayed: true }, steps: proof.0, nearest })
    }

    /// Decides the operations of a commit again up to the one of a key, and compares them with what was recorded.
    pub(super) async fn decide_again(
        &self,
        chain: Chain<'_>,
        commit: &Commit,
        key: &OperationKey,
        programs: &Programs,
    ) -> Result<Again, EngineError> {
        let state = self.state_before(chain, commit.head.seq).await?;
        let mut again = Again { state, done: Vec::new(), stood: Vec::new() };
        for operation in commit.operations.iter().take_while(|operation| operation.key != *key) {
            let past = again.past(self, commit, operation, programs).await?;
            let context = as_then((commit, operation), programs, &past, self.codes(chain.tenant));
            let command = &operation.sealed.command;
            let decided = same(decide(&context, again.state.as_ref(), command, &mut NoTrace)?, operation)?;
            again.done.push(operation.clone());
            again.stood.push(again.state.replace(decided.state));
        }
        Ok(again)
    }

    async fn state_before(&self, chain: Chain<'_>, seq: u64) -> Result<Option<MemberState>, EngineError> {
        let before = self.ledger.range(chain.tenant, chain.member, seq, 1).await?;
        Ok(before.first().map(|commit| commit.head()).transpose()?.map(|head| head.state))
    }
}

/// A commit decided again up to one of its operations.
pub(super) struct Again {
    /// The member just before that operation.
    pub state: Option<MemberState>,
    /// The operations before it.
    done: Vec<Operation>,
    /// The member before each of them.
    stood: Vec<Option<MemberState>>,
}

impl Again {
    /// What the next operation of the commit needed.
    async fn past(
        &self,
        engine: &Engine,
        commit: &Commit,
        operation: &Operation,
        programs: &Programs,
    ) -> Result<Past, EngineError> {
        let chain = Chain { tenant: &commit.head.tenant, member: &commit.head.member };
        let seen = Seen { before: commit.head.seq, pending: &self.done, stood: &self.stood };
        engine.past(chain, &operation.sealed.command, programs, seen).await
    }
}

/// As it was when an operation was recorded, whatever the member store says by now.
fn as_then<'a>(
    (commit, operation): (&'a Commit, &'a Operation),
    programs: &'a Programs,
    past: &'a Past,
    codes: Codes<'a>,
) -> Context<'a> {
    let who = Who { member: &commit.head.member, facts: &operation.sealed.facts };
    let sent_by = operation.sealed.sent_by.as_ref();
    let (now, readings, noted) = (commit.head.recorded_at, &operation.readings[..], &operation.noted[..]);
    let stock = Stock::then(operation);
    Context { now, programs, past, who, sent_by, readings, noted, codes, stock }
}

/// What was decided again, if it is what was recorded.
fn same(mut again: Decision, operation: &Operation) -> Result<Decision, EngineError> {
    // The words of a refusal may have become better since.
    if let (Some(now), Some(then)) = (&mut again.operation.refused, &operation.refused)
        && (now.code, &now.path) == (then.code, &then.path)
    {
        *now = then.clone();
    }
    if again.operation == *operation {
        return Ok(again);
    }
    let text = format!("deciding `{}` again gives something else", operation.key);
    Err(StoreError::Damaged(text).into())
}

pub(super) fn unknown_member(member: &MemberId) -> Problem {
    let message = format!("there is no member `{member}`");
    Problem::new("unknown_member", "", message, "record an activity first, or correct the id")
}

/// The answer to who asks for the grounds of what was decided on data that is erased.
pub(super) fn erased() -> Problem {
    let message = "the personal data that this was decided on is erased";
    Problem::new("erased", "", message, "balances, levels and the history can still be read")
}

fn unknown_operation(key: &OperationKey) -> Problem {
    let message = format!("the member has no operation `{key}`");
    Problem::new("unknown_operation", "", message, "keys look like `purchase/<id>`: see the history")
}
