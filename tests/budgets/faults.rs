//! Engines that die, replies that get lost, and appends that come long after: the budget is never exceeded, and in
//! the end all of it can be given.

use std::sync::Arc;

use loyalty_core::engine::Engine;
use loyalty_core::time::Timestamp;
use loyalty_model::generate::cases;
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::ledger::{Fate, Fated};
use super::shop::{Shop, at, command, purchase};

const AMOUNT: i64 = 300;
const MEMBERS: usize = 4;
const ENGINES: usize = 3;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// A member buys for so many euros through an engine.
    Buy(usize, usize, i64),
    /// A purchase of a member comes back, whichever it is.
    Back(usize, usize, usize),
    /// An engine's process dies and another one takes its place.
    Dies(usize),
    /// An engine gives back what it does not need.
    Releases(usize),
    /// What was late arrives.
    Lands,
    /// Time passes, everything arrives, and somebody recovers what has ended by then.
    Recovers(usize),
}

fn steps() -> impl Strategy<Value = Vec<(Step, Vec<Fate>)>> {
    let buy = (0..ENGINES, 0..MEMBERS, 1..90_i64).prop_map(|(e, m, euros)| Step::Buy(e, m, euros));
    let back = (0..ENGINES, 0..MEMBERS, any::<usize>()).prop_map(|(e, m, which)| Step::Back(e, m, which));
    let step = prop_oneof![
        8 => buy,
        3 => back,
        1 => (0..ENGINES).prop_map(Step::Dies),
        1 => (0..ENGINES).prop_map(Step::Releases),
        1 => Just(Step::Lands),
        1 => (0..ENGINES).prop_map(Step::Recovers),
    ];
    let fate = prop_oneof![
        6 => Just(Fate::Done),
        1 => Just(Fate::Unavailable),
        1 => Just(Fate::LostBefore),
        1 => Just(Fate::LostAfter),
        1 => Just(Fate::Late),
        1 => Just(Fate::Taken),
    ];
    vec((step, vec(fate, 0..4)), 1..40)
}

struct World {
    shop: Shop,
    ledger: Arc<Fated>,
    engines: Vec<Engine>,
    now: Timestamp,
    /// Purchases that members tried, which may be there.
    tried: Vec<Vec<String>>,
}

impl World {
    fn new() -> Self {
        let shop = Shop::new(json!({"amount": AMOUNT.to_string()}));
        let ledger = Fated::over(shop.store.clone());
        let engines = (0..ENGINES).map(|_| shop.engine_over(ledger.clone())).collect();
        let tried = vec![Vec::new(); MEMBERS];
        Self { shop, ledger, engines, now: at("2026-03-01T00:00:00Z"), tried }
    }

    fn step(&mut self, number: usize, step: &Step, fates: Vec<Fate>) {
        *self.ledger.fates.lock().unwrap() = fates.into();
        self.now = self.now.plus_seconds(1);
        let when = self.now.to_string();
        match *step {
            Step::Buy(engine, member, euros) => {
                let id = format!("p{number}");
                let bought = purchase(&id, euros, &when);
                self.tried[member].push(id);
                let _ = self.shop.done(&self.engines[engine], &format!("m{member}"), bought, self.now);
            }
            Step::Back(engine, member, which) => {
                let tried = &self.tried[member];
                if let Some(of) = tried.get(which % tried.len().max(1)) {
                    let id = format!("r{number}");
                    let back = command(json!({"return": {"id": id, "occurred_at": when, "of": of}}));
                    let _ = self.shop.done(&self.engines[engine], &format!("m{member}"), back, self.now);
                }
            }
            Step::Dies(engine) => self.engines[engine] = self.shop.engine_over(self.ledger.clone()),
            Step::Releases(engine) => {
                let _ = block_on(self.engines[engine].release_budgets(self.now));
            }
            Step::Lands => self.ledger.land(),
            Step::Recovers(engine) => {
                self.now = self.now.plus_seconds(900);
                self.ledger.land();
                let _ = self.recover(engine, self.now);
            }
        }
        self.ledger.fates.lock().unwrap().clear();
    }

    fn recover(&self, engine: usize, ended_by: Timestamp) -> Option<usize> {
        let store = &*self.shop.store;
        let recovered = self.engines[engine].recover_budgets(store, &self.shop.tenant, ended_by, self.now);
        block_on(recovered).ok()
    }
}

proptest! {
    #![proptest_config(cases(2_000, 50_000))]

    #[test]
    fn a_budget_is_never_exceeded_and_never_lost(steps in steps()) {
        let mut world = World::new();
        for (number, (step, fates)) in steps.iter().enumerate() {
            world.step(number, step, fates.clone());
            prop_assert!(world.shop.given() <= AMOUNT, "{} after {step:?}", world.shop.given());
        }
        // All processes have ended, and what they sent has arrived or never will.
        world.ledger.land();
        prop_assert!(world.shop.given() <= AMOUNT, "{} in the end", world.shop.given());
        world.engines[0] = world.shop.engine();
        let forever = at("2100-01-01T00:00:00Z");
        prop_assert!(world.recover(0, forever).is_some());
        let left = AMOUNT - world.shop.given();
        world.now = world.now.plus_seconds(1);
        let rest = purchase("rest", 2 * AMOUNT, &world.now.to_string());
        let answer = world.shop.done(&world.engines[0], "somebody", rest, world.now).expect("recorded");
        prop_assert_eq!(super::shop::earned(&answer), left);
        prop_assert_eq!(world.shop.given(), AMOUNT);
    }
}
