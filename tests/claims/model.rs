//! Several members beside the second implementation, for which the ids that are taken are one plain list.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::decision::Command;
use loyalty_core::engine::{Engine, EngineError};
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ledger::chain::ChainKey;
use loyalty_core::memory::MemoryStore;
use loyalty_core::program::Program;
use loyalty_core::program::document::{ActivityIds, Document};
use loyalty_model::generate::{cases, history, program_of_many};
use loyalty_model::{Model, Refused};
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;

use super::shop::at;

const MEMBERS: usize = 3;

proptest! {
    #![proptest_config(cases(300, 10_000))]

    #[test]
    fn several_members_equal_the_second_implementation(
        (document, histories) in program_of_many().prop_flat_map(|document| {
            let histories = vec(history(&document, 6), MEMBERS);
            (Just(document), histories)
        }),
    ) {
        let document = Document { activity_ids: ActivityIds::Unique, ..document };
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::new(store.clone(), store, ChainKey::new(1, [7; 32]));
        let (tenant, now) = (TenantId::new("shop").unwrap(), at("2030-01-01T00:00:00Z"));
        let program = Program::from_document(document.clone()).expect("generated programs pass the check");
        block_on(engine.publish(&tenant, &program, now, now)).expect("published");
        let mut models: Vec<_> = (0..MEMBERS).map(|place| Model::called(&document, &format!("m{place}"))).collect();
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for step in 0..6 {
            for (place, history) in histories.iter().enumerate() {
                let Some(activity) = history.get(step) else { continue };
                if models[place].is_late(activity.occurred_at()) {
                    continue;
                }
                let key = activity.key().expect("a short id").to_string();
                let owner = activity.id().and_then(|_| owners.get(&key).copied());
                let member = MemberId::new(&format!("m{place}")).unwrap();
                let command = Command::Record(Arc::new(activity.clone()));
                let done = block_on(engine.execute(&tenant, &member, command, now));
                let before = models.clone();
                let others: Vec<_> = (0..MEMBERS).filter(|it| *it != place).map(|it| &before[it]).collect();
                let mut after = models[place].clone();
                let expected = after.record_among(&others, activity);
                let malformed = matches!(expected, Err(Refused::NoRate | Refused::LinesWithoutPurchase));
                if !malformed && owner.is_some_and(|owner| owner != place) {
                    let code = done.map(|_| ()).expect_err("it is another member's").problem().code;
                    prop_assert_eq!(code, "activity_of_another", "member {} step {}", place, step);
                    continue;
                }
                models[place] = after;
                match (expected, done) {
                    (Ok(_), Ok(_)) => {
                        owners.insert(key, place);
                    }
                    (Err(refused), Err(EngineError::Refused(problem))) => {
                        prop_assert_eq!(refused.code(), problem.code);
                    }
                    (expected, done) => {
                        return Err(TestCaseError::fail(format!("{expected:?}, not {done:?}")));
                    }
                }
            }
        }
    }
}
