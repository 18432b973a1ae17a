//! Deciding commands of one member into one commit.

use std::collections::HashMap;
use std::sync::Arc;

use super::load::Seen;
use super::replay::Found;
use super::{Answer, Chain, Engine, EngineError};
use crate::decision::{Command, Context, Decision, decide};
use crate::explain::NoTrace;
use crate::facts::Who;
use crate::id::{ActorId, OperationKey};
use crate::ledger::chain::BEGINNING;
use crate::ledger::commit::{Head, LEVEL, NewCommit};
use crate::ledger::operation::Operation;
use crate::member::MemberState;
use crate::ports::Append;
use crate::ports::ledger_store::returned_key;
use crate::problem::Problem;
use crate::program::Programs;
use crate::returns::Past;
use crate::time::Timestamp;

/// What came of one command of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done(Box<Answer>),
    /// It was refused; nothing of it was done.
    Refused(Problem),
}

/// Commands decided but not yet appended.
#[derive(Debug, Clone)]
pub struct Pack {
    /// What is to be appended; `None` where every command was a replay or refused.
    pub append: Option<Append>,
    /// The member's head once that is appended.
    pub head: Option<Arc<Head>>,
    /// What comes of the commands once it is appended, in their order.
    pub outcomes: Vec<Outcome>,
}

/// What a pack is decided on.
struct Start<'a> {
    head: Option<&'a Head>,
    /// Whether the ledger is asked for every key first.
    look_up: bool,
}

/// Where a command of the pack stands.
enum Slot {
    /// Settled before the pack.
    Known(Outcome),
    /// The pack's operation of this number; `true` where the pack held it already.
    Pending(usize, bool),
}

impl Engine {
    /// Decides up to 64 commands of one member on the newest state, without appending.
    ///
    /// Attributes that the program does not declare are dropped from the commands in place.
    ///
    /// `look_up` asks the ledger for every key first; without it only a member with a chain is asked.
    pub async fn decide_many(
        &self,
        chain: Chain<'_>,
        commands: &mut [Command],
        now: Timestamp,
        look_up: bool,
    ) -> Result<Pack, EngineError> {
        let stored = self.ledger.head(chain.tenant, chain.member).await?;
        let head = stored.map(|commit| commit.head()).transpose()?;
        self.decide_from(chain, Start { head: head.as_ref(), look_up }, commands, now).await
    }

    /// [`Engine::decide_many`] on a head that the caller has: the member's newest, or that of an earlier pack which
    /// is not appended yet. Asks the ledger for every key first.
    pub async fn decide_after(
        &self,
        chain: Chain<'_>,
        head: &Head,
        commands: &mut [Command],
        now: Timestamp,
    ) -> Result<Pack, EngineError> {
        self.decide_from(chain, Start { head: Some(head), look_up: true }, commands, now).await
    }

    async fn decide_from(
        &self,
        chain: Chain<'_>,
        Start { head, look_up }: Start<'_>,
        commands: &mut [Command],
        now: Timestamp,
    ) -> Result<Pack, EngineError> {
        if let Some(head) = head {
            head.check_appendable()?;
        }
        // As it will be recorded, so that deciding it again sees the same.
        let now = recorded_at(head, now);
        let programs = self.programs(chain.tenant, now).await?;
        commands.iter_mut().for_each(|command| command.drop_undeclared(&programs));
        let single = commands.len() == 1;
        let mut work = Work {
            programs: &programs,
            head,
            now,
            sent_by: self.actor.as_ref(),
            state: None,
            operations: Vec::new(),
        };
        let mut found = Found::nothing(&programs);
        let mut slots = Vec::with_capacity(commands.len());
        let mut keys = HashMap::new();
        for command in &*commands {
            let key = command.key();
            let first_look = look_up || (head.is_some() && !single);
            let slot = match &key {
                Ok(key) if keys.contains_key(key) => work.again(command, keys.get(key).copied().unwrap_or(0)),
                Ok(key) if first_look => match self.replayed(chain, key, command, &mut found).await? {
                    Some(known) => Slot::Known(known),
                    None => self.decide_one(chain, command, &mut work).await?,
                },
                _ => self.decide_one(chain, command, &mut work).await?,
            };
            // A refusal may hide that the command was done before: a replay goes first.
            let slot = match (slot, &key) {
                (Slot::Known(Outcome::Refused(problem)), Ok(key)) if !first_look && head.is_some() => {
                    let known = self.replayed(chain, key, command, &mut found).await?;
                    Slot::Known(known.unwrap_or(Outcome::Refused(problem)))
                }
                (slot, _) => slot,
            };
            if let (Slot::Pending(index, false), Ok(key)) = (&slot, key) {
                keys.insert(key, *index);
            }
            slots.push(slot);
        }
        self.finish(chain, work, slots)
    }

    async fn decide_one(
        &self,
        chain: Chain<'_>,
        command: &Command,
        work: &mut Work<'_>,
    ) -> Result<Slot, EngineError> {
        let seen = Seen { before: u64::MAX, pending: &work.operations };
        let past = self.past(chain, command, work.programs, seen).await?;
        let facts = self.facts(chain, command, work.programs).await?;
        Ok(match work.decide(command, &past, Who { member: chain.member, facts: &facts }) {
            Ok(Decision { operation, state }) => {
                work.state = Some(state);
                work.operations.push(operation);
                Slot::Pending(work.operations.len().saturating_sub(1), false)
            }
            Err(problem) => Slot::Known(Outcome::Refused(problem)),
        })
    }

    /// Seals the pack and says what comes of each command.
    fn finish(&self, chain: Chain<'_>, work: Work<'_>, slots: Vec<Slot>) -> Result<Pack, EngineError> {
        let Work { head, now, state, operations, .. } = work;
        let Some(state) = state else {
            let known = slots.into_iter().filter_map(|slot| match slot {
                Slot::Known(outcome) => Some(outcome),
                Slot::Pending(..) => None,
            });
            return Ok(Pack { append: None, head: None, outcomes: known.collect() });
        };
        let new = NewCommit {
            tenant: chain.tenant,
            member: chain.member,
            seq: head.map_or(1, |head| head.seq.saturating_add(1)),
            recorded_at: now,
            previous: head.map_or(BEGINNING, |head| head.hash),
            state: &state,
            operations: &operations,
        };
        let commit = new.seal(&self.key);
        let append = Append {
            tenant: chain.tenant.clone(),
            member: chain.member.clone(),
            seq: new.seq,
            recorded_at: new.recorded_at,
            keys: keys_of(&operations)?,
            reviews: changed(head.map(|head| &head.state), &state),
            commit,
        };
        let head = Head {
            level: LEVEL,
            tenant: chain.tenant.clone(),
            member: chain.member.clone(),
            seq: append.seq,
            recorded_at: append.recorded_at,
            previous: new.previous,
            key_id: self.key.id(),
            hash: append.commit.hash()?,
            state,
        };
        let head = Arc::new(head);
        let outcomes = outcomes(slots, operations, &head);
        Ok(Pack { append: Some(append), head: Some(head), outcomes })
    }
}

/// Whether something of a member is under review, where that changes.
fn changed(before: Option<&MemberState>, after: &MemberState) -> Option<bool> {
    let [before, after] = [before, Some(after)].map(|it| it.is_some_and(MemberState::is_under_review));
    (before != after).then_some(after)
}

/// When a commit after `head` is recorded: the clock, or just after the head where that is later.
pub(super) fn recorded_at(head: Option<&Head>, now: Timestamp) -> Timestamp {
    head.map_or(now, |head| now.max(head.recorded_at.plus_micros(1)))
}

/// What comes of each command, once the pack is appended.
fn outcomes(slots: Vec<Slot>, operations: Vec<Operation>, head: &Arc<Head>) -> Vec<Outcome> {
    let mut left: Vec<Option<Operation>> = operations.into_iter().map(Some).collect();
    let mut outcomes = Vec::with_capacity(slots.len());
    // Backwards, so that the first command of an operation is the last to ask and gets it without a copy.
    for slot in slots.into_iter().rev() {
        outcomes.push(match slot {
            Slot::Known(outcome) => outcome,
            Slot::Pending(index, replayed) => {
                let kept = left.get_mut(index);
                let operation =
                    if replayed { kept.and_then(|it| it.clone()) } else { kept.and_then(Option::take) };
                let Some(operation) = operation else { continue };
                Outcome::Done(Box::new(Answer { head: Arc::clone(head), operation, replayed }))
            }
        });
    }
    outcomes.reverse();
    outcomes
}

/// What a pack has decided so far.
struct Work<'a> {
    programs: &'a Programs,
    head: Option<&'a Head>,
    /// When the pack is recorded.
    now: Timestamp,
    sent_by: Option<&'a ActorId>,
    /// The state after the operations; `None` while there are none.
    state: Option<MemberState>,
    operations: Vec<Operation>,
}

impl Work<'_> {
    fn decide(&self, command: &Command, past: &Past, who: Who<'_>) -> Result<Decision, Problem> {
        let state = self.state.as_ref().or(self.head.map(|head| &head.state));
        let Self { now, programs, sent_by, .. } = *self;
        decide(&Context { now, programs, past, who, sent_by }, state, command, &mut NoTrace)
    }

    /// A command whose key the pack holds already.
    fn again(&self, command: &Command, index: usize) -> Slot {
        let conflict =
            self.operations.get(index).map(|op| super::replay::compare(command, op, self.programs));
        match conflict {
            Some(Err(problem)) => Slot::Known(Outcome::Refused(problem)),
            _ => Slot::Pending(index, true),
        }
    }
}

/// The keys that operations take: their own, and one for each purchase that they speak of.
fn keys_of(operations: &[Operation]) -> Result<Vec<OperationKey>, Problem> {
    let mut keys = Vec::with_capacity(operations.len());
    for operation in operations {
        keys.push(operation.key.clone());
        let command = &operation.sealed.command;
        for purchase in operation.speaks_of() {
            let key = returned_key(purchase, &operation.key);
            keys.push(key.ok_or_else(|| command.id_too_long())?);
        }
    }
    Ok(keys)
}
