//! Deciding commands of one member into one commit.

use std::collections::HashMap;
use std::sync::Arc;

use super::budgets::{Draws, Landing, Left, Of, amount_for, is_drawn_by_leases};
use super::claims::recorded_for_another;
use super::load::Seen;
use super::opened::member_erased;
use super::replay::Found;
use super::{Answer, Chain, Engine, EngineError};
use crate::decision::{Command, Context, Decision, Stock, decide, left_of, takes_of};
use crate::explain::NoTrace;
use crate::facts::Who;
use crate::grants::Codes;
use crate::id::{ActorId, OperationKey};
use crate::ledger::chain::BEGINNING;
use crate::ledger::commit::{Head, LEVEL, NewCommit, SEALED_LEVEL, StoredCommit};
use crate::ledger::operation::Operation;
use crate::limits::Noted;
use crate::member::MemberState;
use crate::points::Points;
use crate::ports::{Append, Kept, ledger_store};
use crate::problem::Problem;
use crate::program::Programs;
use crate::returns::Past;
use crate::shared::{Reading, Want};
use crate::time::Timestamp;

/// How often a pack is decided again because others have drawn on the same lease meanwhile.
const MOST_DRAWS: usize = 1_000;

/// What came of one command of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done(Box<Answer>),
    /// It was refused; nothing of it was done. Refusals of what spends are recorded where they depend on the member.
    Refused(Problem),
}

impl Outcome {
    /// What an operation says: of a recorded refusal, the refusal.
    pub(super) fn of(answer: Answer) -> Self {
        match &answer.operation.refused {
            Some(refused) => Self::Refused(refused.problem()),
            None => Self::Done(Box::new(answer)),
        }
    }
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
    /// What was drawn on budgets for it.
    pub drawn: BudgetDraws,
}

/// What was drawn on budgets for a pack. Until somebody says what came of appending the pack, it counts as drawn.
#[derive(Debug, Clone, Default)]
pub struct BudgetDraws(Option<Arc<Draws>>);

impl BudgetDraws {
    /// Whether nothing was drawn, so that nothing need be said.
    pub const fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// Says what came of appending the pack: `true` that it was done, `false` that it was not and never will be. What
    /// is not known is not said.
    pub fn settle(&self, done: bool) {
        if let Some(draws) = &self.0 {
            draws.settle(done);
        }
    }
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
        let kept = self.kept(chain).await?;
        let mut of_others = Vec::new();
        for _ in 0..MOST_DRAWS {
            let work = Work {
                programs: &programs,
                head,
                look_up,
                kept: kept.clone(),
                now,
                sent_by: self.actor.as_ref(),
                codes: self.codes(chain.tenant),
                stock: Stock::Enough,
                state: None,
                operations: Vec::new(),
                stood: Vec::new(),
                readings: Vec::new(),
                at_hand: Vec::new(),
            };
            if let Some(pack) = self.decide_all(chain, commands, work, &mut of_others).await? {
                return Ok(pack);
            }
        }
        Err(super::contended().into())
    }

    /// Decides commands on the same state, of which some keys are known to be of other members; `None` where others have
    /// drawn meanwhile what they were to draw on budgets, or were faster with more of the keys.
    async fn decide_all(
        &self,
        chain: Chain<'_>,
        commands: &[Command],
        mut work: Work<'_>,
        of_others: &mut Vec<OperationKey>,
    ) -> Result<Option<Pack>, EngineError> {
        let Work { head, programs, look_up, now, .. } = work;
        let single = commands.len() == 1;
        let mut found = Found::nothing(programs);
        let mut slots = Vec::with_capacity(commands.len());
        let mut keys = HashMap::new();
        for (place, command) in commands.iter().enumerate() {
            let key = command.key();
            let left = commands.get(place..).unwrap_or_default();
            let first_look = look_up || (head.is_some() && !single);
            let slot = match &key {
                Ok(key) if of_others.contains(key) => {
                    Slot::Known(Outcome::Refused(recorded_for_another(command)))
                }
                Ok(key) if keys.contains_key(key) => work.again(command, keys.get(key).copied().unwrap_or(0)),
                Ok(key) if first_look => match self.replayed(chain, key, command, &mut found).await? {
                    Some(known) => Slot::Known(known),
                    None => self.decide_one(chain, command, left, &mut work).await?,
                },
                _ => self.decide_one(chain, command, left, &mut work).await?,
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
        let lost = self.claim_all(chain, &work.operations, programs, now).await?;
        if !lost.is_empty() {
            of_others.extend(lost);
            return Ok(None);
        }
        self.seal(chain, work, slots)
    }

    /// Decides the first of the commands that are `left`.
    async fn decide_one(
        &self,
        chain: Chain<'_>,
        command: &Command,
        left: &[Command],
        work: &mut Work<'_>,
    ) -> Result<Slot, EngineError> {
        // What follows from others is done all the same: it gives them back what is theirs, and says nothing personal.
        if matches!(work.kept, Kept::Erased) && !command.is_the_engines() {
            return Ok(Slot::Known(Outcome::Refused(member_erased())));
        }
        if let Some(problem) = self.of_another(chain, command, work.programs, work.now).await? {
            return Ok(Slot::Known(Outcome::Refused(problem)));
        }
        let seen = Seen::newest(&work.operations, &work.stood);
        let past = self.past(chain, command, work.programs, seen).await?;
        let facts = self.facts(chain, (command, work.now), work.programs).await?;
        let who = Who { member: chain.member, facts: &facts };
        let noted = self.noted(chain, left, work.programs).await;
        let mut asked: Vec<Want> = Vec::new();
        work.stock = self.stock_word();
        loop {
            let decision = match work.decide(command, &past, who, &noted) {
                Ok(decision) => decision,
                Err(problem) => return Ok(Slot::Known(Outcome::Refused(problem))),
            };
            let short: Vec<_> = decision.wants.iter().filter(|want| work.is_short(want, &asked)).collect();
            if short.is_empty() {
                if self.is_out(chain, &decision.operation, work).await? {
                    work.stock = Stock::Out;
                    continue;
                }
                let by = (work.programs, work.now);
                if let Some(problem) = self.no_other(chain, &decision.operation, by).await? {
                    return Ok(Slot::Known(Outcome::Refused(problem)));
                }
                self.note(chain, &decision.operation, work.programs).await;
                return work.keep(decision);
            }
            for want in short {
                let amount = amount_for(work.programs, &decision.operation, want);
                let of = Of { tenant: chain.tenant.clone(), budget: want.budget.clone(), slot: want.slot };
                let drawn = work.drawn(&Left::nothing(of.clone()).reading).max(0);
                let wanted = want.amount.minor().saturating_add(drawn);
                let left = self.lease((of, wanted, amount), work.now).await?;
                asked.push(want.clone());
                work.read(left);
            }
        }
    }

    /// Whether what was decided takes of a stock that has none; else one is set aside for it.
    async fn is_out(
        &self,
        chain: Chain<'_>,
        operation: &Operation,
        work: &Work<'_>,
    ) -> Result<bool, EngineError> {
        match takes_of(operation, work.programs) {
            Some(of) => Ok(!self.reserve(chain, &operation.sealed.command, of, work.now).await?),
            None => Ok(false),
        }
    }

    /// Seals the pack and says what comes of each command.
    fn seal(&self, chain: Chain<'_>, work: Work<'_>, slots: Vec<Slot>) -> Result<Option<Pack>, EngineError> {
        let Work { head, now, state, operations, kept, .. } = work;
        let Some(state) = state else {
            let known = slots.into_iter().filter_map(|slot| match slot {
                Slot::Known(outcome) => Some(outcome),
                Slot::Pending(..) => None,
            });
            let (outcomes, drawn) = (known.collect(), BudgetDraws::default());
            return Ok(Some(Pack { append: None, head: None, outcomes, drawn }));
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
        let cipher = match &kept {
            Kept::Key(cipher) => Some(cipher),
            Kept::Nothing | Kept::Erased => None,
        };
        let commit = new.seal_under(&self.key, cipher);
        let Some(drawn) = self.draw(&new, &commit)? else { return Ok(None) };
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
            level: cipher.map_or(LEVEL, |_| SEALED_LEVEL),
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
        Ok(Some(Pack { append: Some(append), head: Some(head), outcomes, drawn }))
    }

    /// Draws on budgets for a commit; `None` where others were faster.
    fn draw(&self, new: &NewCommit<'_>, commit: &StoredCommit) -> Result<Option<BudgetDraws>, EngineError> {
        let each = self.drawn(new.tenant, new.operations);
        if each.is_empty() {
            return Ok(Some(BudgetDraws::default()));
        }
        let (tenant, member) = (new.tenant.clone(), new.member.clone());
        let landing = Landing { tenant, member, seq: new.seq, hash: commit.hash()? };
        Ok(Draws::draw(each, landing).map(|draws| BudgetDraws(Some(Arc::new(draws)))))
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
                Outcome::of(Answer { head: Arc::clone(head), operation, replayed })
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
    /// Whether the ledger is asked for every key first.
    look_up: bool,
    /// What the pack is sealed under.
    kept: Kept,
    /// When the pack is recorded.
    now: Timestamp,
    sent_by: Option<&'a ActorId>,
    codes: Codes<'a>,
    /// What is known of the stock that the next command looks at.
    stock: Stock,
    /// The state after the operations; `None` while there are none.
    state: Option<MemberState>,
    operations: Vec<Operation>,
    /// The member before each of them, where a version rates anew what returns leave.
    stood: Vec<Option<MemberState>>,
    /// What budgets have left for the next command.
    readings: Vec<Reading>,
    /// How much of each of them may be drawn without leasing more.
    at_hand: Vec<i64>,
}

impl Work<'_> {
    /// The member as of now; `None` where nothing was ever recorded.
    fn state(&self) -> Option<&MemberState> {
        self.state.as_ref().or(self.head.map(|head| &head.state))
    }

    fn decide(
        &self,
        command: &Command,
        past: &Past,
        who: Who<'_>,
        noted: &[Noted],
    ) -> Result<Decision, Problem> {
        let state = self.state();
        let Self { now, programs, sent_by, ref readings, codes, stock, .. } = *self;
        let context = Context { now, programs, past, who, sent_by, readings, noted, codes, stock };
        decide(&context, state, command, &mut NoTrace)
    }

    /// Whether more of a budget may be got than is at hand.
    fn is_short(&self, want: &Want, asked: &[Want]) -> bool {
        let told = self.readings.iter().zip(&self.at_hand).find(|(reading, _)| want.is_of(reading));
        let enough = told.is_some_and(|(reading, at_hand)| {
            *at_hand >= want.amount.minor() && (reading.lease != 0 || !want.amount.is_zero())
        });
        !enough && !asked.contains(want)
    }

    /// What the pack draws so far on a budget, below 0 where it gives back more.
    fn drawn(&self, reading: &Reading) -> i64 {
        let drawn = self.operations.iter().map(|operation| reading.drawn_by(operation));
        i64::try_from(drawn.fold(0, i128::saturating_add)).unwrap_or(i64::MAX)
    }

    /// Takes what is left of a budget, less what the pack draws on it already.
    fn read(&mut self, Left { reading, at_hand }: Left) {
        let drawn = self.drawn(&reading);
        let left = Points::new(reading.left.minor().saturating_sub(drawn).max(0)).unwrap_or(Points::MAX);
        let same = |it: &Reading| it.budget == reading.budget && it.slot == reading.slot;
        if let Some(place) = self.readings.iter().position(same) {
            self.readings.remove(place);
            self.at_hand.remove(place);
        }
        self.readings.push(Reading { left, ..reading });
        self.at_hand.push(at_hand.saturating_sub(drawn));
    }

    /// Keeps what was decided.
    fn keep(&mut self, decision: Decision) -> Result<Slot, EngineError> {
        let Decision { operation, state, .. } = decision;
        if !is_drawn_by_leases(&operation) {
            let message = "a budget has too many leases that nobody has closed";
            let help = "close those of processes that are gone, and send it again";
            return Err(Problem::new("contended", "", message, help).into());
        }
        let before = std::mem::take(&mut self.readings);
        self.readings = left_of(&before, &operation);
        for ((at_hand, before), after) in self.at_hand.iter_mut().zip(before).zip(&self.readings) {
            *at_hand = at_hand.saturating_sub(before.left.minor().saturating_sub(after.left.minor()));
        }
        if self.programs.rerate() {
            self.stood.push(self.state().cloned());
        }
        self.state = Some(state);
        self.operations.push(operation);
        Ok(Slot::Pending(self.operations.len().saturating_sub(1), false))
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

fn keys_of(operations: &[Operation]) -> Result<Vec<OperationKey>, Problem> {
    let mut keys = Vec::with_capacity(operations.len());
    for operation in operations {
        keys.extend(ledger_store::keys_of(operation).ok_or_else(|| operation.sealed.command.id_too_long())?);
    }
    Ok(keys)
}
