//! Processes that end, and replies that get lost, after each append.

use loyalty_core::engine::Engine;
use pollster::block_on;

use super::engine::{code, over};
use super::ledger::{Fate, Fated};
use super::shop::{Shop, cancel, capture, hold, member, redeem};

const FATES: [Fate; 6] =
    [Fate::Done, Fate::Unavailable, Fate::LostBefore, Fate::LostAfter, Fate::Late, Fate::Taken];

/// An engine of whose appends the one of a number, from 0, has a fate, and all after it fail: the process is gone.
fn dying(shop: &Shop, place: usize, fate: Fate) -> (Engine, std::sync::Arc<Fated>) {
    let ledger = Fated::over(shop.store.clone());
    let mut fates = vec![Fate::Done; place];
    fates.push(fate);
    fates.extend([Fate::Unavailable; 2_000]);
    ledger.fates.lock().unwrap().extend(fates);
    (over(ledger.clone(), shop.store.clone()), ledger)
}

/// Whatever became of Anna's process: at any time there is one mug at most, in the end somebody has it, and whoever is
/// told `done` does.
fn one_mug_in_the_end(shop: &Shop, ledger: &Fated, told: &'static str, what: &str) {
    assert!(shop.sold() <= 1, "{what}");
    if told == "done" {
        assert!(shop.has("anna"), "{what}: told that it is hers");
    }
    // Ben comes at once, and again when nobody waits for Anna any more; then what was late arrives.
    let engine = shop.engine();
    let first = code(&shop.at(0, &engine, "ben", redeem("b1")));
    let later = code(&shop.at(70, &engine, "ben", redeem("b2")));
    ledger.land();
    assert_eq!(shop.sold(), 1, "{what}: {first} {later}");
    assert_eq!(shop.standing(70), (1, 0, 0), "{what}: {first} {later}");
    assert_eq!(first == "done" || later == "done", !shop.has("anna"), "{what}: {first} {later}");
    // Anna hears what is so.
    let again = code(&shop.at(71, &engine, "anna", redeem("a")));
    let expected = if shop.has("anna") { "replayed" } else { again };
    assert!(again == expected && again != "done", "{what}: {again}");
    assert_eq!((shop.sold(), shop.standing(71)), (1, (1, 0, 0)), "{what}");
}

/// A redemption is three appends: setting aside, the member's own, and sold.
#[test]
fn a_buyer_whose_process_ends() {
    for (place, fate) in (0..4).flat_map(|place| FATES.map(|fate| (place, fate))) {
        let shop = Shop::new(1, &["anna", "ben"]);
        let (engine, ledger) = dying(&shop, place, fate);
        let told = code(&shop.at(0, &engine, "anna", redeem("a")));
        one_mug_in_the_end(&shop, &ledger, told, &format!("{place} {fate:?}"));
    }
}

/// What was set aside by a process that is gone comes back for others after a minute, and not before.
#[test]
fn others_wait_a_minute() {
    let shop = Shop::new(1, &["anna", "ben"]);
    let (engine, _) = dying(&shop, 1, Fate::Unavailable);
    assert_eq!(code(&shop.at(0, &engine, "anna", redeem("a"))), "unavailable");
    let engine = shop.engine();
    assert_eq!(code(&shop.at(0, &engine, "ben", redeem("1"))), "out_of_stock");
    assert_eq!(shop.standing(0), (0, 1, 0));
    assert_eq!(code(&shop.at(2, &engine, "ben", redeem("2"))), "done");
    assert_eq!(code(&shop.at(3, &engine, "anna", redeem("a"))), "given_up");
    assert_eq!((shop.standing(3), shop.sold()), ((1, 0, 0), 1));
    let verified = block_on(engine.verify(&shop.tenant, &member("anna"))).unwrap();
    assert_eq!(verified.findings, Vec::new());
    let key = loyalty_core::id::OperationKey::new("redeem/a").unwrap();
    let proof = block_on(engine.explain(&shop.tenant, &member("anna"), &key, super::shop::minute(3)));
    assert!(proof.expect("a proof").answer.operation.refused.is_some());
}

/// A hold that is captured, and a capture that is cancelled, by processes of which each ends somewhere.
#[test]
fn holds_and_cancellations_of_processes_that_end() {
    for (place, fate) in (0..4).flat_map(|place| FATES.map(|fate| (place, fate))) {
        for step in 0..3 {
            let what = format!("step {step}, {place} {fate:?}");
            let shop = Shop::new(1, &["anna", "ben"]);
            let commands = [hold("h", 30), capture("a", "h"), cancel("c", "a")];
            let (dying, ledger) = dying(&shop, place, fate);
            for (number, command) in commands.iter().enumerate().take(step + 1) {
                let engine = if number == step { dying.clone() } else { shop.engine() };
                let _ = shop.at(0, &engine, "anna", command.clone());
            }
            assert!(shop.sold() <= 1, "{what}");
            ledger.land();
            // Anna's till sends it all again.
            let engine = shop.engine();
            for command in commands.iter().take(step + 1) {
                let _ = shop.at(1, &engine, "anna", command.clone());
            }
            let (sold, standing) = (shop.sold(), shop.standing(1));
            let expected = [(0, (0, 1, 0)), (1, (1, 0, 0)), (0, (0, 0, 1))][step];
            assert_eq!((sold, standing), expected, "{what}");
            let ben = code(&shop.at(40, &engine, "ben", redeem("b")));
            assert_eq!(ben, if step == 1 { "out_of_stock" } else { "done" }, "{what}");
            assert_eq!((shop.sold(), shop.standing(40)), (1, (1, 0, 0)), "{what}");
        }
    }
}
