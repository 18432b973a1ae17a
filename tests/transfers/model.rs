//! Several members beside the second implementation, who give to each other while engines die and replies get lost: a
//! gift is a plain move there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::adjustment::Adjust;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Answer, Engine, EngineError};
use loyalty_core::id::{ActivityId, ActorId, AuthorId, MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::ledger::posting::Account;
use loyalty_core::member::MemberState;
use loyalty_core::memory::MemoryStore;
use loyalty_core::points::Points;
use loyalty_core::ports::Feed;
use loyalty_core::program::Program;
use loyalty_core::program::document::Document;
use loyalty_core::time::Timestamp;
use loyalty_core::transfer::Transfer;
use loyalty_model::generate::{Gift, cases, gifts, history, program, with_transfers};
use loyalty_model::number::BigInt;
use loyalty_model::{Instant, Model, NEVER, Refused};
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use super::ledger::{Fate, Fated};

/// Of whom the last does nothing by himself.
const MEMBERS: usize = 3;
const EACH: usize = 5;

/// A program, what each member does, what they give, and what becomes of the appends.
type Case = (Document, Vec<Vec<Activity>>, Vec<Gift>, Vec<Fate>);

fn case() -> impl Strategy<Value = Case> {
    let simple =
        program().prop_filter("nothing is shared", |it| it.budgets.is_empty() && it.limits.is_empty());
    simple.prop_flat_map(with_transfers).prop_flat_map(|document| {
        let histories = vec(history(&document, EACH), MEMBERS);
        let fate = prop_oneof![
            6 => Just(Fate::Done),
            1 => select(vec![Fate::Unavailable, Fate::LostBefore, Fate::LostAfter, Fate::Late, Fate::Taken]),
        ];
        (Just(document), histories, gifts(MEMBERS, MEMBERS * EACH), vec(fate, 0..160))
    })
}

fn name(place: usize) -> String {
    format!("m{place}")
}

fn member(place: usize) -> MemberId {
    MemberId::new(&name(place)).unwrap()
}

struct World {
    store: Arc<MemoryStore>,
    ledger: Arc<Fated>,
    engine: Engine,
    tenant: TenantId,
    /// One more than do anything.
    models: Vec<Model>,
    now: Timestamp,
    document: Document,
}

impl World {
    fn new(document: Document, fates: Vec<Fate>) -> Self {
        let store = Arc::new(MemoryStore::default());
        let ledger = Fated::over(store.clone());
        let engine = Engine::new(ledger.clone(), store.clone(), ChainKey::new(1, [7; 32]));
        let tenant = TenantId::new("shop").unwrap();
        let program = Program::from_document(document.clone()).expect("generated programs pass the check");
        block_on(engine.publish(&tenant, &program, Timestamp::default(), Timestamp::default()))
            .expect("published");
        let models = (0..=MEMBERS).map(|place| Model::called(&document, &name(place))).collect();
        ledger.fates.lock().unwrap().extend(fates);
        Self { store, ledger, engine, tenant, models, now: Timestamp::default(), document }
    }

    /// Sends a command until somebody knows what came of it; each time another engine does it.
    fn execute(&mut self, place: usize, command: &Command) -> Result<Answer, EngineError> {
        loop {
            let done = block_on(self.engine.execute(&self.tenant, &member(place), command.clone(), self.now));
            self.nothing_is_lost();
            match done {
                Err(EngineError::Store(_)) => {
                    let ledger = self.ledger.clone();
                    self.engine = Engine::new(ledger, self.store.clone(), ChainKey::new(1, [7; 32]));
                    self.ledger.land();
                }
                done => return done,
            }
        }
    }

    fn states(&self) -> Vec<MemberState> {
        let heads = block_on(self.store.heads(&self.tenant, None, usize::MAX)).unwrap();
        heads.iter().map(|head| head.head().unwrap().state).collect()
    }

    /// What all members have, and what the program's accounts say of it, is nothing together.
    fn nothing_is_lost(&self) {
        let mut sums = BTreeMap::<AuthorId, i64>::new();
        for state in self.states() {
            for balance in &state.balances {
                let all = state.holds_of(&balance.currency).unwrap().minus(balance.debt).unwrap();
                *sums.entry(balance.currency.clone()).or_default() += all.minor();
            }
        }
        for (_, stored) in block_on(self.store.after(0, usize::MAX)).unwrap() {
            for operation in stored.commit().unwrap().operations {
                for posting in operation.settlement.postings.iter().chain(&operation.postings) {
                    let sum = sums.entry(posting.currency.clone()).or_default();
                    *sum += posting.points.minor() * i64::from(is_of_program(posting.to));
                    *sum -= posting.points.minor() * i64::from(is_of_program(posting.from));
                }
            }
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
    }

    /// Whether everybody has what the second implementation says, and nothing is on its way.
    fn compare(&mut self) -> Result<(), TestCaseError> {
        for place in 0..=MEMBERS {
            let settled = block_on(self.engine.member(&self.tenant, &member(place), None, self.now));
            prop_assert_eq!(settled.is_ok(), self.models[place].settled_to().is_some(), "member {}", place);
            let Ok(settled) = settled else { continue };
            self.models[place].settle(settled.state.settled_to);
            let model = &self.models[place];
            prop_assert!(settled.state.in_transit.is_empty(), "member {}", place);
            for currency in &self.document.currencies {
                let (id, found) = (currency.id.as_str(), settled.state.balance(&currency.id));
                let at = |at: Option<Timestamp>| {
                    at.map_or(NEVER, |at| Instant::from_timestamp_micros(at.micros()).unwrap())
                };
                let lapsing = found.map(|it| it.buckets().unwrap()).unwrap_or_default().into_iter();
                let lapsing = lapsing.map(|it| (at(it.0), BigInt::from(it.1.minor())));
                let lapsing: BTreeMap<_, _> = lapsing.collect();
                prop_assert_eq!(lapsing, model.lapsing(id), "lots of {} {}", place, id);
                let totals = model.totals(id);
                let of = |points: fn(&loyalty_core::member::Balance) -> Points| {
                    BigInt::from(found.map_or(0, |it| points(it).minor()))
                };
                prop_assert_eq!(of(|it| it.debt), model.debt(id), "debt of {} {}", place, id);
                prop_assert_eq!(of(|it| it.given), totals.given.clone(), "given by {} {}", place, id);
                prop_assert_eq!(of(|it| it.received), totals.received.clone(), "got by {} {}", place, id);
                prop_assert_eq!(of(|it| it.expired), totals.expired.clone(), "expired {} {}", place, id);
                prop_assert_eq!(of(|it| it.forgiven), totals.forgiven.clone(), "forgiven {} {}", place, id);
                prop_assert_eq!(of(|it| it.earned), totals.earned.clone(), "earned {} {}", place, id);
            }
            for track in &self.document.tiers {
                let held = settled.state.tier(&track.id).map(|held| held.level().to_string());
                prop_assert_eq!(held, Some(model.level(track.id.as_str())), "level of {}", place);
            }
        }
        Ok(())
    }

    /// Moves the clock, which every command finds later than before.
    fn later(&mut self, at: Timestamp) {
        let settled = self.states().iter().map(|state| state.settled_to).max().unwrap_or_default();
        self.now = self.now.plus_seconds(1).max(at).max(settled.plus_micros(1));
    }

    fn record(&mut self, place: usize, activity: &Activity) -> Result<bool, TestCaseError> {
        if self.models[place].is_late(activity.occurred_at()) {
            return Ok(true);
        }
        let expected = self.models[place].record(activity);
        let done = self.execute(place, &Command::Record(Arc::new(activity.clone())));
        match (expected, done) {
            (Ok(_), Ok(_)) => Ok(true),
            (Err(Refused::Late), _) => Ok(false),
            (Err(refused), Err(error)) => {
                // Who has joined by a gift has used the key of joining.
                let enrolled = matches!(activity, Activity::Enrol(_)) && refused.code() == "already_enrolled";
                let code = if enrolled { "idempotency_conflict" } else { refused.code() };
                let found = error.problem().code;
                prop_assert!(found == refused.code() || found == code, "{} is no {}", found, code);
                Ok(true)
            }
            (expected, done) => Err(TestCaseError::fail(format!("{expected:?}, not {done:?}"))),
        }
    }

    /// Gives a member points by hand, so that there are some.
    fn adjust(&mut self, number: usize, gift: &Gift) -> Result<(), TestCaseError> {
        let Some(points) = gift.before else { return Ok(()) };
        let currency = gift.currency.get(&self.document.currencies);
        let adjust = Adjust {
            key: ActivityId::new(&format!("a-{number}")).unwrap(),
            currency: currency.id.clone(),
            points: Points::new(points * 10_i64.pow(currency.scale.into())).unwrap(),
            reason: "something to give".to_owned(),
            actor: ActorId::new("ann").unwrap(),
        };
        let expected = self.models[gift.from].adjust(&adjust, self.now);
        let done = self.execute(gift.from, &Command::Adjust(Arc::new(adjust)));
        prop_assert_eq!(done.map(|_| ()).map_err(|error| error.problem().code), expected);
        self.later(self.now);
        Ok(())
    }

    fn give(
        &mut self,
        number: usize,
        gift: &Gift,
        seen: &mut BTreeMap<String, u32>,
    ) -> Result<(), TestCaseError> {
        let currency = gift.currency.get(&self.document.currencies).id.clone();
        let there = self.models[gift.from].balance(currency.as_str());
        let part = i64::try_from(there * gift.part / BigInt::from(100)).expect("points");
        let transfer = Transfer {
            key: ActivityId::new(&format!("g-{number}")).unwrap(),
            to: member(gift.to),
            currency,
            points: Points::new(part).expect("points"),
        };
        let [mut giver, mut recipient] = [gift.from, gift.to].map(|place| self.models[place].clone());
        let expected = Model::transfer(&mut giver, &mut recipient, &transfer, self.now);
        let command = Command::Transfer(Arc::new(transfer));
        let preview = block_on(self.engine.preview(&self.tenant, &member(gift.from), &command, self.now));
        let done = self.execute(gift.from, &command);
        let word = done.as_ref().map_or_else(|error| error.problem().code, |_| "done");
        *seen.entry(word.to_owned()).or_default() += 1;
        prop_assert_eq!(preview.map_or_else(|error| error.problem().code, |_| "done"), word);
        prop_assert_eq!(expected.map_or_else(|code| code, |()| "done"), word);
        if gift.from != gift.to {
            (self.models[gift.from], self.models[gift.to]) = (giver, recipient);
        }
        let again = self.execute(gift.from, &command);
        prop_assert_eq!(again.map_or_else(|error| error.problem().code, |_| "done"), word, "sent again");
        Ok(())
    }
}

const fn is_of_program(account: Account) -> bool {
    !matches!(
        account,
        Account::Available | Account::Pending | Account::Held | Account::Debt | Account::InTransit
    )
}

fn run(case: Case, seen: &mut BTreeMap<String, u32>) -> Result<(), TestCaseError> {
    let (document, histories, gifts, fates) = case;
    let mut world = World::new(document, fates);
    let each = histories.into_iter().enumerate();
    let mut all: Vec<_> = each.flat_map(|(place, all)| all.into_iter().map(move |it| (place, it))).collect();
    all.sort_by_key(|(_, activity)| activity.occurred_at().at);
    for (number, (place, activity)) in all.into_iter().enumerate() {
        world.later(activity.occurred_at().at);
        if !world.record(place, &activity)? {
            return Ok(());
        }
        world.compare()?;
        for (gift_number, gift) in gifts.iter().enumerate().filter(|(_, gift)| gift.after == number) {
            world.later(world.now.plus_seconds(gift.hours * 3_600));
            world.adjust(gift_number, gift)?;
            world.give(gift_number, gift, seen)?;
            world.compare()?;
        }
    }
    for place in 0..=MEMBERS {
        let verified = block_on(world.engine.verify(&world.tenant, &member(place))).unwrap();
        prop_assert_eq!(verified.findings, Vec::new());
        for entry in block_on(world.engine.history(&world.tenant, &member(place), None, 999)).unwrap() {
            let key = &entry.operation.key;
            let proof = block_on(world.engine.explain(&world.tenant, &member(place), key, world.now));
            prop_assert!(proof.is_ok(), "{} {}: {:?}", place, key, proof);
        }
    }
    Ok(())
}

#[test]
fn several_members_equal_the_second_implementation() {
    let config = ProptestConfig { max_global_rejects: 1_000_000, ..cases(300, 10_000) };
    let drawn = config.cases;
    let all = RefCell::new(BTreeMap::new());
    let ran = TestRunner::new(config).run(&case(), |case| run(case, &mut all.borrow_mut()));
    ran.unwrap_or_else(|failed| panic!("{failed}"));
    let seen = all.into_inner();
    println!("{seen:#?}");
    for (what, least) in [
        ("done", drawn / 2),
        ("insufficient_points", drawn / 30),
        ("transfer_cap", drawn / 100),
        ("transfer_to_self", drawn / 10),
        ("recipient_not_found", drawn / 60),
    ] {
        let count = seen.get(what).copied().unwrap_or(0);
        assert!(count >= least, "`{what}` was seen {count} times, {least} wanted");
    }
}
