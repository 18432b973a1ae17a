//! Loading what a command needs beyond the member's state.

use std::cmp::Reverse;
use std::slice;

use super::{Chain, Engine, EngineError};
use crate::decision::{Command, Needs, asked, needs};
use crate::facts::Facts;
use crate::id::{ActivityId, OperationKey};
use crate::ledger::commit::StoredCommit;
use crate::ledger::operation::Operation;
use crate::limits::{Noted, shared};
use crate::member::MemberState;
use crate::ports::StoreError;
use crate::ports::shared_counters::By;
use crate::program::Programs;
use crate::redemption::cancelled_key;
use crate::returns::{Past, purchase_of};
use crate::time::Timestamp;

/// Commits read at once while a return looks for its sale.
const PAGE: usize = 64;

/// What of a member's chain a command sees.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// Commits below this sequence.
    pub before: u64,
    /// Operations that its pack has decided before it.
    pub pending: &'a [Operation],
    /// The member before each of them; none where no version rates anew what returns leave.
    pub stood: &'a [Option<MemberState>],
}

impl<'a> Seen<'a> {
    /// The whole chain, and what a pack has decided so far.
    pub(super) const fn newest(pending: &'a [Operation], stood: &'a [Option<MemberState>]) -> Self {
        Self { before: u64::MAX, pending, stood }
    }
}

impl Engine {
    /// What the command needs, newest first.
    pub(super) async fn past(
        &self,
        chain: Chain<'_>,
        command: &Command,
        programs: &Programs,
        seen: Seen<'_>,
    ) -> Result<Past, EngineError> {
        let mut past = Past::default();
        let mut before = seen.before;
        let mut asked = false;
        loop {
            let need = needs(command, &past, programs);
            if let Needs::Before(key) = need {
                let state = self.just_before(chain, &key, programs, seen).await?;
                past.stood.push((key, state));
                continue;
            }
            if need != Needs::Nothing && !asked {
                let needed = |operation: &&Operation| match &need {
                    Needs::Purchase(id) => speaks_of(operation, id),
                    Needs::Operation(key) => operation.key == *key,
                    Needs::Redemption(key) => {
                        operation.key == *key || operation.cancels().as_ref() == Some(key)
                    }
                    _ => true,
                };
                past.operations.extend(seen.pending.iter().rev().filter(needed).cloned());
                asked = true;
                if need == Needs::OlderPage {
                    continue;
                }
            }
            match need {
                Needs::Nothing | Needs::Before(_) => return Ok(past),
                Needs::Purchase(id) => {
                    let commits = self.of_purchase(chain, &id, before).await?;
                    push_newest_first(&mut past, commits)?;
                    past.complete = true;
                }
                Needs::Operation(key) => {
                    self.push_of_key(chain, &key, before, &mut past).await?;
                    past.complete = true;
                }
                Needs::Redemption(key) => {
                    for key in [Some(key.clone()), cancelled_key(&key)].into_iter().flatten() {
                        self.push_of_key(chain, &key, before, &mut past).await?;
                    }
                    past.complete = true;
                }
                Needs::Return(key) => {
                    let commits = self.of_return(chain, (&key, &past), before).await?;
                    push_newest_first(&mut past, commits)?;
                    past.complete = true;
                }
                Needs::OlderPage => {
                    let commits = self.ledger.range(chain.tenant, chain.member, before, PAGE).await?;
                    past.complete = commits.len() < PAGE;
                    before = push_newest_first(&mut past, commits)?.unwrap_or(0);
                }
            }
        }
    }

    /// Adds the commit that took a key, where it is below a sequence.
    async fn push_of_key(
        &self,
        chain: Chain<'_>,
        key: &OperationKey,
        before: u64,
        past: &mut Past,
    ) -> Result<(), EngineError> {
        let found = self.ledger.by_key(chain.tenant, chain.member, key).await?;
        let seq = found.as_ref().map(StoredCommit::head).transpose()?.map(|head| head.seq);
        let seen = found.filter(|_| seq.is_some_and(|seq| seq < before));
        push_newest_first(past, seen.into_iter().collect())?;
        Ok(())
    }

    /// What the member store knows of what the command asks; it is not asked where that is nothing.
    pub(super) async fn facts(
        &self,
        chain: Chain<'_>,
        (command, now): (&Command, Timestamp),
        programs: &Programs,
    ) -> Result<Facts, EngineError> {
        match asked(command, programs, now) {
            Some(asked) => Ok(asked.of(&self.members.facts(chain.tenant, chain.member, asked).await?)),
            None => Ok(Facts::NONE),
        }
    }

    /// What shared counters say of what the limits of the first of `commands` look at; those that cannot be read are
    /// lost to it. The other commands are decided after it.
    pub(super) async fn noted(
        &self,
        chain: Chain<'_>,
        commands: &[Command],
        programs: &Programs,
    ) -> Vec<Noted> {
        let counters = commands.first().map(|command| shared::counters(command, programs, &self.key));
        let Some(counters) = counters.filter(|counters| !counters.is_empty()) else { return Vec::new() };
        let keys: Vec<_> = commands.iter().filter_map(|command| command.key().ok()).collect();
        let by = By { member: chain.member, keys: &keys };
        let Ok(others) = self.shared.others(chain.tenant, by, &counters).await else { return Vec::new() };
        let noted = counters.into_iter().zip(others);
        noted.map(|(counter, others)| Noted { limit: counter.limit, others: Some(others) }).collect()
    }

    /// Notes an operation in the shared counters that measured it, before it is appended: one that is not appended in
    /// the end is counted all the same, and one that is decided again only once. A counter that cannot be written
    /// misses it.
    pub(super) async fn note(&self, chain: Chain<'_>, operation: &Operation, programs: &Programs) {
        if operation.noted.is_empty() {
            return;
        }
        let mut counters = shared::counters(&operation.sealed.command, programs, &self.key);
        counters.retain(|counter| operation.noted.iter().any(|noted| noted.limit == counter.limit));
        let by = By { member: chain.member, keys: slice::from_ref(&operation.key) };
        let _ = self.shared.note(chain.tenant, by, &counters).await;
    }

    /// The member just before an operation of the chain.
    async fn just_before(
        &self,
        chain: Chain<'_>,
        key: &OperationKey,
        programs: &Programs,
        seen: Seen<'_>,
    ) -> Result<Option<MemberState>, EngineError> {
        if let Some(place) = seen.pending.iter().position(|operation| operation.key == *key) {
            return Ok(seen.stood.get(place).cloned().flatten());
        }
        let stored = self.ledger.by_key(chain.tenant, chain.member, key).await?;
        let stored = stored.ok_or_else(|| StoreError::Damaged(format!("the key `{key}` is gone")))?;
        let commit = stored.commit()?;
        let programs = programs.known_at(commit.head.recorded_at).unwrap_or_else(|| programs.clone());
        // Deciding the operations before it may need the same of older ones.
        let again = Box::pin(self.decide_again(chain, &commit, key, &programs)).await?;
        Ok(again.state)
    }

    /// The commit of a return, with those of each purchase that it returned from, below a sequence, newest first; `past`
    /// has the return where its pack decided it.
    async fn of_return(
        &self,
        chain: Chain<'_>,
        (key, past): (&OperationKey, &Past),
        before: u64,
    ) -> Result<Vec<StoredCommit>, EngineError> {
        let own = self.ledger.by_key(chain.tenant, chain.member, key).await?;
        let mut commits: Vec<StoredCommit> = own.into_iter().collect();
        let recorded = commits.first().map(StoredCommit::commit).transpose()?;
        let recorded = recorded.into_iter().flat_map(|commit| commit.operations);
        let undone = past.operations.iter().cloned().chain(recorded).find(|operation| operation.key == *key);
        for returned in undone.into_iter().flat_map(|operation| operation.returned) {
            commits.extend(self.of_purchase(chain, &returned.activity, before).await?);
        }
        let mut seen = Vec::with_capacity(commits.len());
        for commit in commits {
            seen.push((Reverse(commit.head()?.seq), commit));
        }
        seen.retain(|(seq, _)| seq.0 < before);
        seen.sort_by_key(|(seq, _)| *seq);
        seen.dedup_by_key(|(seq, _)| *seq);
        Ok(seen.into_iter().map(|(_, commit)| commit).collect())
    }

    /// The commit of a purchase and those that returned from it, below a sequence, newest first.
    async fn of_purchase(
        &self,
        chain: Chain<'_>,
        purchase: &ActivityId,
        before: u64,
    ) -> Result<Vec<StoredCommit>, EngineError> {
        let Ok(key) = OperationKey::new(&format!("purchase/{purchase}")) else { return Ok(Vec::new()) };
        let own = self.ledger.by_key(chain.tenant, chain.member, &key).await?;
        let mut commits: Vec<StoredCommit> = own.into_iter().collect();
        for later in self.ledger.by_activity(chain.tenant, chain.member, purchase).await? {
            if !commits.contains(&later) {
                commits.push(later);
            }
        }
        let mut seen = Vec::with_capacity(commits.len());
        for commit in commits.into_iter().rev() {
            if commit.head()?.seq < before {
                seen.push(commit);
            }
        }
        Ok(seen)
    }
}

/// Whether an operation recorded a purchase or says what became of it.
fn speaks_of(operation: &Operation, purchase: &ActivityId) -> bool {
    let recorded = purchase_of(operation).is_some_and(|it| it.id == *purchase);
    recorded || operation.speaks_of().any(|id| id == *purchase)
}

/// Adds the operations of commits, newest first; gives the last commit's sequence.
fn push_newest_first(past: &mut Past, commits: Vec<StoredCommit>) -> Result<Option<u64>, EngineError> {
    let mut last = None;
    for stored in commits {
        let commit = stored.commit()?;
        past.operations.extend(commit.operations.into_iter().rev());
        last = Some(commit.head.seq);
    }
    Ok(last)
}
