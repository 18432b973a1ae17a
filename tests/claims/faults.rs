//! Appends that fail, get lost or come late, of the claim and of the member's commit.

use loyalty_model::generate::cases;
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;

use super::engine::{code, over};
use super::ledger::{Fate, Fated};
use super::shop::{Shop, bought, purchase};

const FATES: [Fate; 6] =
    [Fate::Done, Fate::Unavailable, Fate::LostBefore, Fate::LostAfter, Fate::Late, Fate::Taken];

/// Anna's claim and commit each have a fate. Then Ben tries through a process that knows nothing of it, what was late
/// arrives, and Anna tries again.
#[test]
fn every_pair_of_fates() {
    for (claim, commit) in FATES.iter().flat_map(|claim| FATES.map(|commit| (*claim, commit))) {
        let shop = Shop::new();
        let ledger = Fated::over(shop.store.clone());
        // A claim of which nothing is to be read is appended again.
        let again = matches!(claim, Fate::LostBefore | Fate::Late | Fate::Taken);
        let fates = [Some(claim), again.then_some(Fate::Done), Some(commit)];
        ledger.fates.lock().unwrap().extend(fates.into_iter().flatten());
        let first = code(&shop.record(&over(ledger.clone(), shop.store.clone()), "anna", purchase("1")));
        let claimed = claim != Fate::Unavailable;
        let expected = match commit {
            _ if !claimed => "unavailable",
            Fate::Unavailable => "unavailable",
            Fate::LostBefore | Fate::Late => "unknown_outcome",
            Fate::Done | Fate::LostAfter | Fate::Taken => "done",
        };
        assert_eq!(first, expected, "{claim:?} {commit:?}");
        let ben = code(&shop.record(&shop.engine(), "ben", purchase("1")));
        assert_eq!(ben, if claimed { "activity_of_another" } else { "done" }, "{claim:?} {commit:?}");
        ledger.land();
        let anna = code(&shop.record(&shop.engine(), "anna", purchase("1")));
        let expected = match commit {
            _ if !claimed => "activity_of_another",
            Fate::Unavailable | Fate::LostBefore => "done",
            Fate::Done | Fate::LostAfter | Fate::Late | Fate::Taken => "replayed",
        };
        assert_eq!(anna, expected, "{claim:?} {commit:?}");
        assert_eq!(bought(&shop, "anna") + bought(&shop, "ben"), 1, "{claim:?} {commit:?}");
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![3 => Just(Fate::Done), 2 => proptest::sample::select(FATES.to_vec())]
}

proptest! {
    #![proptest_config(cases(2_000, 50_000))]

    /// Members of several processes bring in receipts, what is late arrives at any time: no receipt is ever two
    /// members', and in the end each is somebody's.
    #[test]
    fn a_receipt_is_never_two_members(
        steps in vec((0..3_usize, 0..3_usize, 0..4_usize, vec(fate(), 0..4), any::<bool>()), 1..30),
    ) {
        let shop = Shop::new();
        let ledger = Fated::over(shop.store.clone());
        let engines: Vec<_> = (0..3).map(|_| over(ledger.clone(), shop.store.clone())).collect();
        let recorded = |id: &str| {
            let key = loyalty_core::id::OperationKey::new(&format!("purchase/{id}")).unwrap();
            let of = |m: &usize| {
                let member = super::shop::member(&format!("m{m}"));
                let store: &dyn loyalty_core::ports::LedgerStore = &*shop.store;
                block_on(store.by_key(&shop.tenant, &member, &key)).unwrap().is_some()
            };
            (0..3).filter(of).count()
        };
        for (engine, member, receipt, fates, lands) in steps {
            *ledger.fates.lock().unwrap() = fates.into();
            let _ = shop.record(&engines[engine], &format!("m{member}"), purchase(&receipt.to_string()));
            ledger.fates.lock().unwrap().clear();
            if lands {
                ledger.land();
            }
            for receipt in 0..4 {
                prop_assert!(recorded(&receipt.to_string()) <= 1);
            }
        }
        ledger.land();
        for receipt in 0..4 {
            let receipt = receipt.to_string();
            let done = (0..3).map(|m| code(&shop.record(&engines[0], &format!("m{m}"), purchase(&receipt))));
            let done: Vec<_> = done.collect();
            let others = done.iter().filter(|code| **code == "activity_of_another").count();
            prop_assert_eq!((others, recorded(&receipt)), (2, 1), "{:?}", done);
        }
    }
}
