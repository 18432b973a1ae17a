//! Properties over random programs and histories: the engine beside the slow, obvious second implementation.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError, Outcome};
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::operation::Operation;
use loyalty_core::member::MemberState;
use loyalty_core::memory::MemoryStore;
use loyalty_core::program::document::{Cap, CapScope, Document, Group, GroupMember};
use loyalty_core::program::{Program, Programs};
use loyalty_core::settle::settle;
use loyalty_core::time::Timestamp;
use loyalty_model::generate::case;
use loyalty_model::number::{BigInt, Exact, whole};
use loyalty_model::{Model, Refused};
use pollster::block_on;
use proptest::prelude::*;

/// Cases of each property: enough for every push, many more in the long run.
fn cases(each_push: u32) -> ProptestConfig {
    let long = std::env::var_os("LOYALTY_LONG").is_some();
    let cases = if long { each_push * 50 } else { each_push };
    ProptestConfig { failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::with_cases(cases) }
}

fn now() -> Timestamp {
    Timestamp::parse("2030-01-01T00:00:00Z").unwrap()
}

/// One member of one tenant over the memory store.
struct Real {
    engine: Engine,
    tenant: TenantId,
    member: MemberId,
    program: Program,
}

impl Real {
    fn new(document: &Document) -> Self {
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::new(store.clone(), store, ChainKey::new(1, [7; 32]));
        let program = Program::from_document(document.clone()).expect("generated programs pass the check");
        let (tenant, member) = (TenantId::new("shop").unwrap(), MemberId::new("m").unwrap());
        block_on(engine.publish(&tenant, &program, now(), now())).unwrap();
        Self { engine, tenant, member, program }
    }

    fn record(&self, activity: &Activity) -> Result<Answer, String> {
        let command = Command::Record(Arc::new(activity.clone()));
        match block_on(self.engine.execute(&self.tenant, &self.member, command, now())) {
            Ok(answer) => Ok(answer),
            Err(EngineError::Refused(problem)) => Err(problem.code.to_owned()),
            Err(error) => panic!("{error}"),
        }
    }

    fn record_all(&self, activities: &[Activity]) -> Vec<Result<Operation, String>> {
        let mut commands: Vec<_> = activities.iter().map(|a| Command::Record(Arc::new(a.clone()))).collect();
        let outcomes = block_on(self.engine.execute_many(&self.tenant, &self.member, &mut commands, now()));
        let operation = |outcome| match outcome {
            Outcome::Done(answer) => Ok(answer.operation),
            Outcome::Refused(problem) => Err(problem.code.to_owned()),
        };
        outcomes.unwrap().into_iter().map(operation).collect()
    }

    fn state(&self) -> Option<MemberState> {
        block_on(self.engine.member(&self.tenant, &self.member, None, now()))
            .ok()
            .map(|settled| settled.state)
    }
}

/// What an operation gave, took and forgave, by currency, without zeros.
fn moved(operation: &Operation) -> [BTreeMap<String, BigInt>; 3] {
    let mut sums: [BTreeMap<String, BigInt>; 3] = Default::default();
    let mut add = |which: usize, currency: String, points: i64| {
        if points != 0 {
            *sums[which].entry(currency).or_default() += points;
        }
    };
    for award in &operation.awards {
        add(0, award.currency.to_string(), award.points.minor());
    }
    for take in operation.returned.iter().flat_map(|returned| &returned.takes) {
        add(1, take.currency.to_string(), take.points.minor());
        add(2, take.currency.to_string(), take.forgiven.minor());
    }
    sums
}

fn without_zeros(sums: BTreeMap<String, BigInt>) -> BTreeMap<String, BigInt> {
    sums.into_iter().filter(|(_, points)| *points != BigInt::ZERO).collect()
}

fn compare_states(real: &Real, state: &MemberState, model: &Model, date: loyalty_core::time::Date) {
    for currency in &real.program.document().currencies {
        let id = currency.id.as_str();
        let (balance, totals) = (state.balance(&currency.id), model.totals(id));
        let number = |points: Option<i64>| BigInt::from(points.unwrap_or(0));
        assert_eq!(
            number(balance.map(|b| b.available().unwrap().minor())),
            model.balance(id),
            "balance of {id}"
        );
        let pending = state.pending_of(&currency.id).unwrap().minor();
        assert_eq!(BigInt::from(pending), model.pending(id), "pending {id}");
        assert_eq!(number(balance.map(|b| b.cancelled.minor())), totals.cancelled, "cancelled {id}");
        assert_eq!(number(balance.map(|b| b.earned.minor())), totals.earned, "earned {id}");
        assert_eq!(number(balance.map(|b| b.clawed_back.minor())), totals.clawed_back, "clawed back {id}");
        assert_eq!(number(balance.map(|b| b.expired.minor())), totals.expired, "expired {id}");
        assert_eq!(number(balance.map(|b| b.forgiven.minor())), totals.forgiven, "forgiven {id}");
        assert_eq!(balance.map_or(0, |b| b.accruals), totals.accruals, "accruals {id}");
    }
    for counter in &real.program.document().counters {
        let slot = counter.window.slot(date);
        let counted =
            loyalty_core::member::counted(&state.counters, &counter.id, slot).expect("a window just used");
        let unit = match counter.counts {
            loyalty_core::program::document::Counted::Spend(_) => whole(10_000),
            _ => whole(1),
        };
        let counted: Exact = whole(counted) / unit;
        assert_eq!(counted, model.counter(counter.id.as_str(), date), "counter {}", counter.id);
    }
    for track in &real.program.document().tiers {
        let held = state.tier(&track.id).map(|held| held.level.to_string());
        assert_eq!(held, Some(model.level(track.id.as_str())), "level on {}", track.id);
    }
}

/// Every cap of a program with the decimals of its currency.
fn caps(document: &Document) -> Vec<(&Cap, u8)> {
    fn of_group<'a>(group: &'a Group, caps: &mut Vec<&'a Cap>) {
        caps.extend(&group.caps);
        for member in &group.members {
            match member {
                GroupMember::Rule(rule) => caps.extend(&rule.caps),
                GroupMember::Group(group) => of_group(group, caps),
            }
        }
    }
    let mut all = Vec::new();
    for earning in &document.earning {
        let mut caps: Vec<&Cap> =
            earning.caps.iter().chain(earning.after.iter().flat_map(|rule| &rule.caps)).collect();
        earning.groups.iter().for_each(|group| of_group(group, &mut caps));
        let scale = document.currencies.iter().find(|it| it.id == earning.currency).unwrap().scale;
        all.extend(caps.into_iter().map(|cap| (cap, scale)));
    }
    all
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn the_engine_equals_the_second_implementation((document, history) in case(12)) {
        let (real, mut model) = (Real::new(&document), Model::new(&document));
        for activity in &history {
            let expected = match model.record(activity) {
                Err(Refused::Late) => continue,
                other => other,
            };
            match (real.record(activity), expected) {
                (Err(code), Err(refused)) => prop_assert_eq!(code, refused.code()),
                (Ok(answer), Ok(outcome)) => {
                    let [given, taken, forgiven] = moved(&answer.operation);
                    prop_assert_eq!(given, without_zeros(outcome.awards));
                    prop_assert_eq!(taken, without_zeros(outcome.taken));
                    prop_assert_eq!(forgiven, without_zeros(outcome.forgiven));
                    let unmatched: Vec<_> = answer.operation.unmatched.iter().map(|u| {
                        (u.sku.clone(), loyalty_model::number::exact(u.quantity))
                    }).collect();
                    prop_assert_eq!(unmatched, outcome.unmatched);
                    let date = real.program.date_of(activity.occurred_at());
                    compare_states(&real, &real.state().expect("a member"), &model, date);
                }
                (real, model) => prop_assert!(false, "engine {:?}, model {:?}", real.map(|a| a.operation), model),
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Preview, posting, replay and proof of every activity agree, and the chain verifies.
    #[test]
    fn one_decision_everywhere((document, history) in case(8)) {
        let real = Real::new(&document);
        for activity in &history {
            let command = Command::Record(Arc::new(activity.clone()));
            let preview = block_on(real.engine.preview(&real.tenant, &real.member, &command, now()));
            let posted = real.record(activity);
            prop_assert_eq!(preview.as_ref().ok().map(|p| &p.0.operation), posted.as_ref().ok().map(|a| &a.operation));
            let Ok(posted) = posted else { continue };
            let again = real.record(activity).expect("a replay");
            prop_assert!(again.replayed && again.operation == posted.operation);
            let key = &posted.operation.key;
            let proof = block_on(real.engine.explain(&real.tenant, &real.member, key, now())).expect("a proof");
            let [given, ..] = moved(&posted.operation);
            let told = proof.steps.iter().filter(|s| s.kind == loyalty_core::explain::StepKind::Awarded);
            let told = told.map(|s| (s.of.clone(), s.value.as_ref().expect("points").parse().expect("points")));
            prop_assert_eq!(without_zeros(told.collect()), given);
        }
        if real.state().is_some() {
            let verified = block_on(real.engine.verify(&real.tenant, &real.member)).unwrap();
            prop_assert_eq!(verified.findings, vec![]);
        }
    }

    /// At no point of a history has a window more than its cap, nor does a balance rise above its own.
    #[test]
    fn caps_are_never_exceeded((document, history) in case(12)) {
        let real = Real::new(&document);
        let mut held = BTreeMap::new();
        for activity in &history {
            let _ = real.record(activity);
            let Some(state) = real.state() else { continue };
            for (cap, scale) in caps(&document) {
                let most = loyalty_model::number::minor_units(cap.at_most, scale);
                let used = state.caps.iter().filter(|used| used.id == cap.id).flat_map(|used| &used.slots);
                for slot in used {
                    prop_assert!((whole(0)..=most.clone()).contains(&whole(slot.amount)), "{}", cap.id);
                }
            }
            for earning in &document.earning {
                let balance = state.balance(&earning.currency).map_or(0, |b| b.available().unwrap().minor());
                let now = whole(balance + state.pending_of(&earning.currency).unwrap().minor());
                let scale = document.currencies.iter().find(|it| it.id == earning.currency).unwrap().scale;
                let before = held.insert(&earning.currency, now.clone()).unwrap_or(whole(0));
                for cap in earning.caps.iter().filter(|cap| cap.per == CapScope::Balance) {
                    let most = loyalty_model::number::minor_units(cap.at_most, scale);
                    prop_assert!(now <= most || now <= before, "{}: {now}", cap.id);
                }
            }
        }
    }

    /// A list packed into commits of many operations decides as one command at a time does.
    #[test]
    fn packs_change_nothing((document, history) in case(12)) {
        let (single, packed) = (Real::new(&document), Real::new(&document));
        let one_by_one: Vec<_> = history.iter().map(|a| single.record(a).map(|answer| answer.operation)).collect();
        prop_assert_eq!(one_by_one, packed.record_all(&history));
        prop_assert_eq!(single.state(), packed.state());
    }

    /// Nothing depends on when somebody looked: settling in two steps is settling in one.
    #[test]
    fn settling_has_no_steps((document, history) in case(8), first in 0_i64..900, second in 0_i64..900) {
        let real = Real::new(&document);
        for activity in &history {
            let _ = real.record(activity);
        }
        let Some(state) = real.state() else { return Ok(()) };
        let programs = Programs::new(Arc::new(real.program.clone()));
        let at = |days: i64| state.settled_to.plus_seconds(days * 86_400);
        let (mut once, mut twice) = (state.clone(), state.clone());
        settle(&programs, &mut once, at(first + second)).unwrap();
        settle(&programs, &mut twice, at(first)).unwrap();
        settle(&programs, &mut twice, at(first + second)).unwrap();
        prop_assert_eq!(once, twice);
    }
}
