//! Several members beside the second implementation, who bring each other.

use std::cell::Cell;
use std::sync::Arc;

use loyalty_core::activity::{Activity, Purchase};
use loyalty_core::decision::Command;
use loyalty_core::engine::{Engine, EngineError};
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::posting::Account;
use loyalty_core::memory::MemoryStore;
use loyalty_core::ports::Feed;
use loyalty_core::program::Program;
use loyalty_core::program::document::Document;
use loyalty_core::time::Timestamp;
use loyalty_model::generate::{cases, history, program, with_referrals};
use loyalty_model::number::BigInt;
use loyalty_model::{Model, Refused};
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::shop::named;

const MEMBERS: usize = 3;

/// A program, what each member does, who names whom before which of their activities, and which of them come back at
/// once, all of them or their first line.
type Case = (Document, Vec<Vec<Activity>>, Vec<(usize, usize, usize)>, Vec<(usize, usize, bool)>);

fn case() -> impl Strategy<Value = Case> {
    let simple =
        program().prop_filter("nothing is shared", |it| it.budgets.is_empty() && it.limits.is_empty());
    simple.prop_flat_map(with_referrals).prop_flat_map(|document| {
        let histories = vec(history(&document, 6), MEMBERS);
        let names = vec((0..MEMBERS, 0..=MEMBERS, 0..3_usize), 3..9);
        let backs = vec((0..MEMBERS, 0..6_usize, any::<bool>()), 0..9);
        (Just(document), histories, names, backs)
    })
}

/// What happens, in the order of time.
enum Step {
    Names(usize, usize),
    Does(usize, Box<Activity>),
}

fn back(of: &Purchase, all: bool) -> Activity {
    let lines = if all { json!([]) } else { json!([{"line": 1}]) };
    let id = format!("back-{}", of.id);
    let back = json!({"return": {"id": id, "occurred_at": of.occurred_at, "of": of.id, "lines": lines}});
    serde_json::from_value(back).expect("an activity")
}

fn steps((_, histories, names, backs): Case) -> Vec<(Timestamp, Step)> {
    let mut steps = Vec::new();
    for (place, history) in histories.into_iter().enumerate() {
        for (number, activity) in history.into_iter().enumerate() {
            let at = activity.occurred_at().at;
            let own = names.iter().filter(|(who, _, before)| (*who, *before) == (place, number));
            steps.extend(own.map(|(who, whom, _)| (at, Step::Names(*who, *whom))));
            let comes_back = backs.iter().find(|(who, which, _)| (*who, *which) == (place, number));
            let back = match (&activity, comes_back) {
                (Activity::Purchase(purchase), Some((_, _, all))) => Some(back(purchase, *all)),
                _ => None,
            };
            steps.push((at, Step::Does(place, Box::new(activity))));
            steps.extend(back.map(|back| (at, Step::Does(place, Box::new(back)))));
        }
    }
    steps.sort_by_key(|(at, _)| *at);
    steps
}

fn name(place: usize) -> String {
    format!("m{place}")
}

struct World {
    store: Arc<MemoryStore>,
    engine: Engine,
    tenant: TenantId,
    models: Vec<Model>,
    now: Timestamp,
    document: Document,
}

impl World {
    fn new(document: Document) -> Self {
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::new(store.clone(), store.clone(), ChainKey::new(1, [7; 32]));
        let tenant = TenantId::new("shop").unwrap();
        let program = Program::from_document(document.clone()).expect("generated programs pass the check");
        block_on(engine.publish(&tenant, &program, Timestamp::default(), Timestamp::default()))
            .expect("published");
        let models = (0..MEMBERS).map(|place| Model::called(&document, &name(place))).collect();
        Self { store, engine, tenant, models, now: Timestamp::default(), document }
    }

    fn member(place: usize) -> MemberId {
        MemberId::new(&name(place)).unwrap()
    }

    fn execute(&self, place: usize, command: Command) -> Result<bool, EngineError> {
        let done = block_on(self.engine.execute(&self.tenant, &Self::member(place), command, self.now));
        done.map(|answer| answer.replayed)
    }

    /// What naming comes to, by the second implementation: whether there is such a member is no business of one alone.
    fn names(&mut self, who: usize, whom: usize) -> Result<(), &'static str> {
        let known = whom < MEMBERS && self.models[whom].settled_to().is_some();
        let circular = known && self.models[whom].referrer() == Some(name(who).as_str());
        let before = self.models[who].clone();
        let named = self.models[who].name_referrer(&name(whom), self.now);
        let refused = match named {
            Ok(()) if before.referrer().is_some() => None,
            Err("idempotency_conflict" | "unknown_member") => None,
            _ if !known => Some("referrer_not_found"),
            _ if circular => Some("circular_referral"),
            _ => None,
        };
        match refused {
            Some(code) => {
                self.models[who] = before;
                Err(code)
            }
            None => named,
        }
    }

    /// What the newest activity of a member does to those who brought others.
    fn turn(&mut self, place: usize, activity: &Activity, turned: &mut [u32; 2]) {
        for turn in &self.models[place].turns() {
            let referrer = (0..MEMBERS).find(|it| name(*it) == turn.referrer).expect("a member");
            self.models[referrer].referred(&name(place), turn, activity.occurred_at());
            turned[usize::from(!turn.gives)] += 1;
        }
    }

    /// Whether all balances are the same, and nothing is on its way.
    fn compare(&self) -> Result<(), TestCaseError> {
        for (place, model) in self.models.iter().enumerate().filter(|(_, model)| model.settled_to().is_some())
        {
            let settled =
                block_on(self.engine.member(&self.tenant, &Self::member(place), None, self.now)).unwrap();
            for currency in &self.document.currencies {
                let found = settled.state.balance(&currency.id);
                let available = found.map_or(0, |it| it.available().unwrap().minor());
                let forgiven = found.map_or(0, |it| it.forgiven.minor());
                let id = currency.id.as_str();
                prop_assert_eq!(BigInt::from(available), model.balance(id), "member {} {}", place, id);
                prop_assert_eq!(
                    BigInt::from(forgiven),
                    model.totals(id).forgiven.clone(),
                    "member {} {}",
                    place,
                    id
                );
            }
        }
        let commits = block_on(self.store.after(0, usize::MAX)).unwrap();
        let mut clearing = 0;
        for posting in
            commits.iter().flat_map(|it| it.1.commit().unwrap().operations).flat_map(|it| it.postings)
        {
            clearing += posting.points.minor() * i64::from(posting.to == Account::Clearing);
            clearing -= posting.points.minor() * i64::from(posting.from == Account::Clearing);
        }
        prop_assert_eq!(clearing, 0);
        Ok(())
    }
}

fn run(case: Case, turned: &mut [u32; 2]) -> Result<(), TestCaseError> {
    let mut world = World::new(case.0.clone());
    for (at, step) in steps(case) {
        // Each step is recorded at an instant of its own.
        world.now = world.now.plus_seconds(1).max(at);
        match step {
            Step::Names(who, whom) => {
                let expected = world.names(who, whom);
                let done = world.execute(who, named(&name(whom)));
                let done = done.map(|_| ()).map_err(|error| error.problem().code);
                prop_assert_eq!(done, expected, "{} names {}", who, whom);
            }
            Step::Does(place, activity) => {
                if world.models[place].is_late(activity.occurred_at()) {
                    continue;
                }
                let expected = world.models[place].record(&activity);
                let done = world.execute(place, Command::Record(Arc::new(*activity.clone())));
                match (expected, done) {
                    (Ok(_), Ok(_)) => world.turn(place, &activity, turned),
                    (Err(Refused::Late), _) => return Ok(()),
                    (Err(refused), Err(error)) => prop_assert_eq!(refused.code(), error.problem().code),
                    (expected, done) => {
                        return Err(TestCaseError::fail(format!("{expected:?}, not {done:?}")));
                    }
                }
            }
        }
        world.compare()?;
    }
    for place in 0..MEMBERS {
        let verified = block_on(world.engine.verify(&world.tenant, &World::member(place))).unwrap();
        prop_assert_eq!(verified.findings, Vec::new());
    }
    Ok(())
}

#[test]
fn several_members_equal_the_second_implementation() {
    let config = ProptestConfig { max_global_rejects: 1_000_000, ..cases(300, 10_000) };
    let drawn = config.cases;
    let all = Cell::new([0, 0]);
    let ran = TestRunner::new(config).run(&case(), |case| {
        let mut turned = [0, 0];
        let done = run(case, &mut turned);
        all.set([0, 1].map(|place| all.get()[place] + turned[place]));
        done
    });
    ran.unwrap_or_else(|failed| panic!("{failed}"));
    let [qualified, lost] = all.get();
    assert!(qualified > drawn / 8 && lost > drawn / 64, "too rare: {qualified} qualify, {lost} are lost");
}
