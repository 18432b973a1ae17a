//! Replaying a case through an engine, a tenant each, all of them with the same member.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::adjustment::Adjust;
use loyalty_core::correction::{ExtendExpiry, Reinstate, UndoReturn};
use loyalty_core::decision::{Command, Decision, Nearest};
use loyalty_core::engine::{Answer, Engine, EngineError, Outcome, Preview};
use loyalty_core::explain::{Step, StepKind};
use loyalty_core::facts::Facts;
use loyalty_core::id::{ActorId, MemberId, TenantId};
use loyalty_core::json::{self, Limits};
use loyalty_core::ledger::operation::Operation;
use loyalty_core::member::{Balance, MemberState};
use loyalty_core::membership::MembershipChange;
use loyalty_core::memory::MemoryStore;
use loyalty_core::problem::Problem;
use loyalty_core::program::Program;
use loyalty_core::redemption::{CancelRedemption, Capture, ExtendHold, Hold, Quote, Redeem, Refused, Void};
use loyalty_core::referral::NameReferrer;
use loyalty_core::settle::settle;
use loyalty_core::tier::TierGrant;
use loyalty_core::time::{OffsetTime, Timestamp};
use loyalty_core::transfer::Transfer;
use loyalty_core::vesting::Review;
use serde::Deserialize;
use serde_json::Value;

use super::case::{self, Case, Checked, Draft, Refusal, Then};
use super::files::Corpus;
use super::found::Found;
use super::gifts::{given_vouchers, with_one_code};
use super::reported;

/// An activity may measure 1 MiB.
const ACTIVITY: Limits = Limits { bytes: 1 << 20, depth: 64, problems: 20 };

/// A case on its way through an engine.
pub struct Replay<'a> {
    corpus: &'a Corpus,
    /// With a member store of its own.
    engine: Engine,
    members: Arc<MemoryStore>,
    case: &'a Case,
    tenant: TenantId,
    member: MemberId,
}

/// What failed, in words for whoever wrote the case.
type Failure = Vec<String>;

impl<'a> Replay<'a> {
    /// Replays a case as the tenant that `tenant` names.
    pub async fn run(
        corpus: &'a Corpus,
        engine: &'a Engine,
        (case, drafts): (&'a Case, &[Draft]),
        tenant: &str,
    ) -> Result<(), Failure> {
        let tenant = TenantId::new(tenant).map_err(|error| vec![error.to_string()])?;
        let member = MemberId::new("member").map_err(|error| vec![error.to_string()])?;
        let members = Arc::new(MemoryStore::default());
        let engine = engine.clone().with_members(members.clone());
        let replay = Self { corpus, engine, members, case, tenant, member };
        replay.says_one_thing()?;
        match (&case.record, &case.preview, case.read, &case.check) {
            (None, None, None, Some(check)) => replay.check(check),
            (Some(activity), None, None, None) => {
                replay.begin(drafts, &replay.tenant).await?;
                replay.record(activity).await?;
                replay.record_as_one_commit(activity, drafts).await
            }
            (None, Some(activity), None, None) => {
                replay.begin(drafts, &replay.tenant).await?;
                replay.preview(activity).await
            }
            (None, None, Some(at), None) => {
                replay.begin(drafts, &replay.tenant).await?;
                replay.read(at).await
            }
            _ => Err(vec!["the case has to give one of record, preview, read and check".to_owned()]),
        }
    }

    /// A refusal and problems stand alone, and only what is recorded can be a replay.
    fn says_one_thing(&self) -> Result<(), Failure> {
        let then = &self.case.then;
        let refused = Then { refused: then.refused.clone(), ..Then::default() };
        let (warnings, facts, no_facts) = (then.warnings.clone(), then.facts.clone(), then.no_facts.clone());
        let problems = Then { problems: then.problems.clone(), warnings, facts, no_facts, ..Then::default() };
        if then.refused.is_some() && *then != refused || then.problems.is_some() && *then != problems {
            return Err(vec!["`refused` and `problems` stand alone".to_owned()]);
        }
        if !self.case.against.is_empty() && self.case.check.is_none() {
            return Err(vec!["only what is checked is held `against` versions".to_owned()]);
        }
        if then.replayed && self.case.record.is_none() {
            return Err(vec!["only what is recorded can be `replayed`".to_owned()]);
        }
        Ok(())
    }

    fn check(&self, check: &Checked) -> Result<(), Failure> {
        let text = match check {
            Checked::Text(text) => text.clone().into_bytes(),
            Checked::Draft(draft) => self.corpus.text(draft).map_err(|problem| vec![problem])?,
        };
        let found = match self.corpus.program(&text) {
            Ok(program) => {
                reported::agrees(&self.case.then, &program, self.case.now)?;
                self.against(&program)?
            }
            Err(problems) => problems,
        };
        let mut found: Vec<Refusal> = found.iter().map(refusal).collect();
        let mut expected =
            self.case.then.problems.clone().ok_or_else(|| vec!["the case has to say `problems`".into()])?;
        found.sort();
        expected.sort();
        let missing =
            expected.iter().filter(|one| !found.contains(one)).map(|one| format!("missing {one:?}"));
        let extra = found.iter().filter(|one| !expected.contains(one)).map(|one| format!("found {one:?}"));
        let mut differ: Failure = missing.chain(extra).collect();
        if differ.is_empty() && found.len() != expected.len() {
            differ.push(format!("expected {} problems, found {}", expected.len(), found.len()));
        }
        none(differ)
    }

    /// What keeps a program from following the versions that the case names.
    fn against(&self, program: &Program) -> Result<Vec<Problem>, Failure> {
        let older = self.case.against.iter().map(|draft| {
            let text = self.corpus.text(draft).map_err(|problem| vec![problem])?;
            self.corpus.program(&text).map_err(|problems| vec![format!("against: {problems:#?}")])
        });
        let older = older.collect::<Result<Vec<_>, Failure>>()?;
        Ok(program.compatible_with(&older.iter().collect::<Vec<_>>()))
    }

    /// Publishes the versions and records the history, each activity when it happened or later.
    async fn begin(&self, drafts: &[Draft], tenant: &TenantId) -> Result<(), Failure> {
        self.publish(drafts, tenant).await?;
        let mut now = Timestamp::default();
        for (index, value) in self.case.history.iter().enumerate() {
            if let Some(facts) = told(value).map_err(|problem| vec![format!("history/{index}: {problem}")])? {
                self.members
                    .keep_facts(tenant, &self.member, Some(facts))
                    .map_err(|e| vec![e.to_string()])?;
                continue;
            }
            let value = self.with_code(value, tenant).await;
            let given = given(&value).map_err(|problem| vec![format!("history/{index}: {problem}")])?;
            now = now.max(given.at.at);
            let member = given.member.as_ref().unwrap_or(&self.member);
            let done = self.sent(&given).execute(tenant, member, given.command, now).await;
            done.map_err(|error| vec![format!("history/{index}: {error}")])?;
        }
        Ok(())
    }

    async fn publish(&self, drafts: &[Draft], tenant: &TenantId) -> Result<(), Failure> {
        for draft in drafts {
            let text = self.corpus.text(draft).map_err(|problem| vec![problem])?;
            let program = self.corpus.program(&text).map_err(|problems| vec![format!("{problems:#?}")])?;
            let from = draft.from.unwrap_or_default();
            let a_minute_before = from.plus_seconds(-60);
            self.engine.publish(tenant, &program, from, a_minute_before).await.map_err(failed)?;
        }
        Ok(())
    }

    /// A case calls a voucher that is used by its id: its code is that of one which the member has, if possible one that
    /// may still be used, or else had.
    async fn with_code(&self, value: &Value, tenant: &TenantId) -> Value {
        let mut value = value.clone();
        let at = value.get("at").and_then(Value::as_str).and_then(|at| Timestamp::parse(at).ok());
        let named = value.pointer("/redeem/voucher").and_then(Value::as_str).map(str::to_owned);
        let (Some(at), Some(named)) = (at, named) else { return value };
        let Ok(settled) = self.engine.member(tenant, &self.member, Some(at), at).await else { return value };
        let own = || settled.state.gifts.vouchers.iter().filter(|it| it.voucher.as_str() == named);
        let held = own().find(|it| !it.is_used_up()).or_else(|| own().next()).cloned();
        let entries = self.engine.history(tenant, &self.member, None, 100).await.unwrap_or_default();
        let had = || {
            entries
                .iter()
                .flat_map(|it| given_vouchers(&it.operation))
                .find(|it| it.voucher.as_str() == named)
        };
        let code = held.or_else(|| had().cloned()).map(|voucher| voucher.code);
        if let (Some(code), Some(name)) = (code, value.pointer_mut("/redeem/voucher")) {
            *name = Value::from(code.as_str());
        }
        value
    }

    async fn record(&self, value: &Value) -> Result<(), Failure> {
        let value = &self.with_code(value, &self.tenant).await;
        let given = match given(value) {
            Ok(given) => given,
            Err(problem) => return self.refused(&problem),
        };
        let now = self.now(&given);
        let command = || given.command.clone();
        let before = self.engine.member(&self.tenant, &self.member, None, now).await.ok();
        let engine = self.sent(&given);
        let preview = engine.preview(&self.tenant, &self.member, &command(), now).await;
        let answer = match engine.execute(&self.tenant, &self.member, command(), now).await {
            Ok(answer) => answer,
            Err(error) => {
                let after = self.engine.member(&self.tenant, &self.member, None, now).await.ok();
                let problem = error.problem();
                // What depends on another member is not recorded.
                let own = problem.path != "/transfer/to";
                if own && given.command.keeps_refusals() && Refused::of(&problem).is_some() {
                    self.is_recorded(&given, &problem, now).await?;
                } else if before != after {
                    return Err(vec!["a refusal changed the member".to_owned()]);
                }
                if preview.map(|_| ()) != Err(error.clone()) {
                    return Err(vec!["the preview does not refuse what is refused".to_owned()]);
                }
                self.verify().await?;
                return self.refused(&error.problem());
            }
        };
        if before == self.engine.member(&self.tenant, &self.member, None, now).await.ok() && !answer.replayed
        {
            return Err(vec!["nothing was recorded".to_owned()]);
        }
        self.compare(&given, &answer.operation, &answer.head.state, now).await?;
        self.others(now).await?;
        self.is_right_about_replays(&answer)?;
        self.same_as_preview(&answer, preview)?;
        self.happens_once(&answer, command(), now).await?;
        self.is_explained(&answer, now).await?;
        self.verify().await
    }

    /// A refusal that depends on the member is recorded, moves nothing, and stays.
    async fn is_recorded(&self, given: &Given, problem: &Problem, now: Timestamp) -> Result<(), Failure> {
        let key = given.command.key().map_err(|problem| vec![problem.to_string()])?;
        let kept = self.engine.explain(&self.tenant, &self.member, &key, now).await.map_err(failed)?.answer;
        if kept.operation.refused.map(|refused| refused.problem()).as_ref() != Some(problem) {
            return Err(vec!["the refusal is not recorded".to_owned()]);
        }
        let entries = self.engine.history(&self.tenant, &self.member, Some(kept.head.seq), 1).await;
        let before = entries.map_err(failed)?.first().map(|entry| entry.operation.key.clone());
        if let Some(before) = before {
            let state =
                self.engine.explain(&self.tenant, &self.member, &before, now).await.map_err(failed)?;
            let programs = self.engine.programs(&self.tenant, now).await.map_err(failed)?;
            let mut state: MemberState = state.answer.head.state.clone();
            let settled = settle(
                &programs,
                self.engine.owner(&self.tenant, &self.member),
                &mut state,
                kept.head.state.settled_to,
            );
            settled.map_err(|error| vec![error.to_string()])?;
            if state != kept.head.state {
                return Err(vec!["a refusal changed the member".to_owned()]);
            }
        }
        match self.engine.execute(&self.tenant, &self.member, given.command.clone(), now).await {
            Err(again) if again.problem() == *problem => Ok(()),
            again => Err(vec![format!("sent again, it is {again:?}")]),
        }
    }

    /// History and command packed into one commit of another tenant come to the same.
    async fn record_as_one_commit(&self, value: &Value, drafts: &[Draft]) -> Result<(), Failure> {
        let all: Result<Vec<Given>, Problem> = self.case.history.iter().chain([value]).map(given).collect();
        let Ok(all) = all else { return Ok(()) };
        // What is no activity happens when it is recorded, so that packed it would happen later.
        let alone = |given: &Given| given.sent_by.is_none() && given.member.is_none();
        if !all.iter().all(|given| given.command.activity().is_some() && alone(given)) {
            return Ok(());
        }
        // As would what the member store says at different times.
        if self.case.history.iter().any(|value| value.get("facts").is_some()) {
            return Ok(());
        }
        let tenant = TenantId::new(&format!("{} (packed)", self.tenant)).map_err(|e| vec![e.to_string()])?;
        self.publish(drafts, &tenant).await?;
        let now = all.iter().map(|given| given.at.at).max().unwrap_or_default();
        let now = self.case.now.map_or(now, |given| given.max(Timestamp::default()));
        let mut commands: Vec<Command> = all.into_iter().map(|given| given.command).collect();
        let packed = self.engine.execute_many(&tenant, &self.member, &mut commands, now).await;
        match packed.map(|mut outcomes| outcomes.pop()) {
            Ok(Some(Outcome::Refused(problem))) | Err(EngineError::Refused(problem)) => {
                self.refused(&problem)
            }
            Ok(Some(Outcome::Done(answer))) => {
                let [one, many] = [&self.tenant, &tenant].map(|t| self.operation(t, &answer));
                let [one, many] = [one.await?, many.await?].map(with_one_code);
                if one.without_leases() == many.without_leases() {
                    Ok(())
                } else {
                    Err(vec!["packed, it is another operation".into()])
                }
            }
            other => Err(vec![format!("packed: {other:?}")]),
        }
    }

    async fn operation(&self, tenant: &TenantId, answer: &Answer) -> Result<Operation, Failure> {
        let key = &answer.operation.key;
        let now = answer.head.recorded_at;
        let explained = self.engine.explain(tenant, &self.member, key, now).await.map_err(failed)?;
        Ok(explained.answer.operation)
    }

    async fn preview(&self, value: &Value) -> Result<(), Failure> {
        let value = &self.with_code(value, &self.tenant).await;
        let given = given(value).map_err(|problem| vec![problem.to_string()])?;
        let now = self.now(&given);
        let before = self.engine.member(&self.tenant, &self.member, None, now).await.ok();
        let preview = self.engine.preview(&self.tenant, &self.member, &given.command, now).await;
        if before != self.engine.member(&self.tenant, &self.member, None, now).await.ok() {
            return Err(vec!["a preview changed the member".to_owned()]);
        }
        match preview {
            Ok(preview) => {
                let Decision { operation, state, .. } = &preview.decision;
                self.compare(&given, operation, state, now).await?;
                self.told(&preview.steps, preview.nearest.as_ref())
            }
            Err(error) => self.refused(&error.problem()),
        }
    }

    /// What other members have then.
    async fn others(&self, now: Timestamp) -> Result<(), Failure> {
        for (name, expected) in &self.case.then.others {
            let member = MemberId::new(name).map_err(|error| vec![error.to_string()])?;
            let state =
                self.engine.member(&self.tenant, &member, Some(now), now).await.map_err(failed)?.state;
            let available = |balance: &Balance| balance.available().map_or(0, |points| points.minor());
            let balances = state.balances.iter().map(|it| (it.currency.to_string(), available(it)));
            let balances: BTreeMap<_, _> = balances.filter(|(_, points)| *points != 0).collect();
            if balances != *expected {
                return Err(vec![format!("{name} has {balances:?}, not {expected:?}")]);
            }
        }
        Ok(())
    }

    async fn read(&self, at: Timestamp) -> Result<(), Failure> {
        let now = self.case.now.unwrap_or(at);
        let settled = match self.engine.member(&self.tenant, &self.member, Some(at), now).await {
            Ok(settled) => settled,
            Err(error) => return self.refused(&error.problem()),
        };
        self.verify().await?;
        let programs = self.engine.programs(&self.tenant, now).await.map_err(failed)?;
        let program = programs.at(at);
        let found = Found {
            operation: None,
            settlement: Some(&settled.unwritten),
            state: &settled.state,
            program,
            when: program.when(&settled.state, at, program.zone().date_at(at)),
            is_first: false,
        };
        self.agrees(&found)
    }

    async fn compare(
        &self,
        given: &Given,
        operation: &Operation,
        state: &loyalty_core::member::MemberState,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let occurred_at = given.at;
        let programs = self.engine.programs(&self.tenant, now).await.map_err(failed)?;
        let program = programs.at(occurred_at.at);
        let found = Found {
            operation: Some(operation),
            settlement: None,
            state,
            program,
            when: program.when(state, occurred_at.at, program.date_of(occurred_at)),
            is_first: self.case.history.iter().all(|value| value.get("facts").is_some()),
        };
        self.agrees(&found)
    }

    fn agrees(&self, found: &Found<'_>) -> Result<(), Failure> {
        if let Some(refused) = &self.case.then.refused {
            return Err(vec![format!("expected {refused:?}, found that it is done")]);
        }
        none(found.differences(&self.case.then))
    }

    fn refused(&self, problem: &Problem) -> Result<(), Failure> {
        match &self.case.then.refused {
            Some(expected) if *expected == refusal(problem) => Ok(()),
            Some(expected) => Err(vec![format!("expected {expected:?}, found {problem}")]),
            None => Err(vec![format!("refused: {problem}")]),
        }
    }

    fn is_right_about_replays(&self, answer: &Answer) -> Result<(), Failure> {
        let Then { replayed, .. } = self.case.then;
        let differ = format!("replayed: expected {replayed}, found {}", answer.replayed);
        none(Vec::from_iter((replayed != answer.replayed).then_some(differ)))
    }

    fn same_as_preview(&self, answer: &Answer, preview: Result<Preview, EngineError>) -> Result<(), Failure> {
        let Preview { decision, steps, nearest } = preview.map_err(failed)?;
        if decision.operation.without_leases() != answer.operation.without_leases() {
            return Err(vec!["the preview shows another operation".to_owned()]);
        }
        if decision.state != answer.head.state {
            return Err(vec!["the preview shows another state".to_owned()]);
        }
        self.told(&steps, nearest.as_ref())?;
        none(unexplained(&steps, &answer.operation))
    }

    /// Compares what a proof tells with what is expected of it.
    fn told(&self, steps: &[Step], nearest: Option<&Nearest>) -> Result<(), Failure> {
        let Then { says, nearest: expected, .. } = &self.case.then;
        let silent = says.iter().filter(|text| !steps.iter().any(|step| step.text == **text));
        let all: Vec<_> = steps.iter().map(|step| step.text.as_str()).collect();
        let mut differ: Failure = silent.map(|text| format!("expected `{text}` in {all:#?}")).collect();
        if let Some(expected) = expected {
            let found = nearest.map(case::Nearest::from);
            if found != *expected {
                differ.push(format!("nearest: expected {expected:?}, found {nearest:?}"));
            }
        }
        none(differ)
    }

    async fn happens_once(&self, answer: &Answer, command: Command, now: Timestamp) -> Result<(), Failure> {
        let again = self.engine.execute(&self.tenant, &self.member, command, now).await.map_err(failed)?;
        let expected = Answer { replayed: true, ..answer.clone() };
        if again == expected { Ok(()) } else { Err(vec!["sent again, it is no replay".to_owned()]) }
    }

    async fn is_explained(&self, answer: &Answer, now: Timestamp) -> Result<(), Failure> {
        let key = &answer.operation.key;
        let explained = self.engine.explain(&self.tenant, &self.member, key, now).await.map_err(failed)?;
        self.told(&explained.steps, explained.nearest.as_ref())?;
        none(unexplained(&explained.steps, &answer.operation))
    }

    async fn verify(&self) -> Result<(), Failure> {
        let verified = self.engine.verify(&self.tenant, &self.member).await.map_err(failed)?;
        none(verified.findings.into_iter().map(|finding| format!("verify: {}", finding.text)).collect())
    }

    /// The engine at work for who sends a command.
    fn sent(&self, given: &Given) -> Engine {
        self.engine.sent_by(given.sent_by.clone())
    }

    fn now(&self, given: &Given) -> Timestamp {
        self.case.now.unwrap_or(given.at.at)
    }
}

/// A command of a case, when it happens, and who sends it, where that is said.
pub struct Given {
    command: Command,
    at: OffsetTime,
    sent_by: Option<ActorId>,
    /// Whose it is, where it is another member's.
    member: Option<MemberId>,
}

/// A command that is no activity, which a case says the time of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timed {
    at: OffsetTime,
    grant_tier: Option<TierGrant>,
    approve: Option<Review>,
    refuse: Option<Review>,
    redeem: Option<Redeem>,
    cancel_redemption: Option<CancelRedemption>,
    adjust: Option<Adjust>,
    hold: Option<Hold>,
    extend_hold: Option<ExtendHold>,
    capture: Option<Capture>,
    void: Option<Void>,
    name_referrer: Option<NameReferrer>,
    transfer: Option<Transfer>,
    undo_return: Option<UndoReturn>,
    extend_expiry: Option<ExtendExpiry>,
    reinstate: Option<Reinstate>,
    quote: Option<Quote>,
    freeze: Option<MembershipChange>,
    unfreeze: Option<MembershipChange>,
    close: Option<MembershipChange>,
}

impl Timed {
    fn command(self) -> Option<Command> {
        let all = [
            self.grant_tier.map(|grant| Command::GrantTier(Arc::new(grant))),
            self.approve.map(|review| Command::Approve(Arc::new(review))),
            self.refuse.map(|review| Command::Refuse(Arc::new(review))),
            self.redeem.map(|redeem| Command::Redeem(Arc::new(redeem))),
            self.cancel_redemption.map(|cancel| Command::CancelRedemption(Arc::new(cancel))),
            self.adjust.map(|adjust| Command::Adjust(Arc::new(adjust))),
            self.hold.map(|hold| Command::Hold(Arc::new(hold))),
            self.extend_hold.map(|extend| Command::ExtendHold(Arc::new(extend))),
            self.capture.map(|capture| Command::Capture(Arc::new(capture))),
            self.void.map(|void| Command::Void(Arc::new(void))),
            self.name_referrer.map(|name| Command::NameReferrer(Arc::new(name))),
            self.transfer.map(|transfer| Command::Transfer(Arc::new(transfer))),
            self.undo_return.map(|undo| Command::UndoReturn(Arc::new(undo))),
            self.extend_expiry.map(|extend| Command::ExtendExpiry(Arc::new(extend))),
            self.reinstate.map(|reinstate| Command::Reinstate(Arc::new(reinstate))),
            self.quote.map(|quote| Command::Quote(Arc::new(quote))),
            self.freeze.map(|change| Command::Freeze(Arc::new(change))),
            self.unfreeze.map(|change| Command::Unfreeze(Arc::new(change))),
            self.close.map(|change| Command::Close(Arc::new(change))),
        ];
        all.into_iter().flatten().next()
    }
}

/// Currencies of which the last step of the proof says another award than was given, on all terms together.
fn unexplained(steps: &[Step], operation: &Operation) -> Failure {
    let said = |currency: &str| {
        let awarded = steps.iter().rev().find(|s| s.kind == StepKind::Awarded && s.of == currency);
        awarded.and_then(|step| step.value.clone())
    };
    let mut sums = BTreeMap::<&str, i64>::new();
    for award in &operation.awards {
        *sums.entry(award.currency.as_str()).or_default() += award.points.minor();
    }
    let wrong = sums.into_iter().filter_map(|(currency, given)| {
        let said = said(currency);
        let differ = said.as_ref() != Some(&given.to_string());
        differ.then(|| format!("{currency}: {given} given, {said:?} explained"))
    });
    wrong.collect()
}

/// What the member store says from here on, where an entry of a history says that.
fn told(value: &Value) -> Result<Option<Facts>, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Told {
        facts: Facts,
    }
    if value.get("facts").is_none() {
        return Ok(None);
    }
    let told = json::read::<Told>(value.to_string().as_bytes(), &ACTIVITY);
    told.map(|told| Some(told.facts)).map_err(|problems| problems[0].clone())
}

fn given(value: &Value) -> Result<Given, Problem> {
    let mut value = value.clone();
    let mut beside = |name| value.as_object_mut()?.remove(name)?.as_str().map(str::to_owned);
    let sent_by = beside("sent_by").and_then(|actor| ActorId::new(&actor).ok());
    let member = beside("member").and_then(|member| MemberId::new(&member).ok());
    let text = match &value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let first = |problems: Vec<Problem>| problems[0].clone();
    if value.get("at").is_some() {
        let timed: Timed = json::read(text.as_bytes(), &ACTIVITY).map_err(first)?;
        let at = timed.at;
        let none = || Problem::new("missing_field", "", "no command", "name one");
        return Ok(Given { command: timed.command().ok_or_else(none)?, at, sent_by, member });
    }
    let activity: Activity = json::read(text.as_bytes(), &ACTIVITY).map_err(first)?;
    let at = activity.occurred_at();
    Ok(Given { command: Command::Record(Arc::new(activity)), at, sent_by, member })
}

fn refusal(problem: &Problem) -> Refusal {
    Refusal { code: problem.code.to_owned(), path: problem.path.clone() }
}

fn failed(error: EngineError) -> Failure {
    vec![error.to_string()]
}

fn none(differ: Failure) -> Result<(), Failure> {
    if differ.is_empty() { Ok(()) } else { Err(differ) }
}
