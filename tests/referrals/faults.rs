//! Appends that fail, get lost or come late, at every place between the chains: in the end everybody has what they would
//! have had, and on the way nothing is there twice.

use loyalty_core::decision::Command;
use serde_json::json;

use super::ledger::{Fate, Fated};
use super::shop::{Shop, back, buy, named, take};
use super::story::{Story, one_at_every, two_at_every_pair};

/// More appends than the story has.
const MOST: usize = 16;

/// Ben, brought by Anna, buys, gives back and buys again, while Anna spends.
fn story() -> [(&'static str, Command); 6] {
    [
        ("ben", named("anna")),
        ("ben", buy("b-1", 2, 30)),
        ("anna", take(300)),
        ("ben", back("r-1", 4, "b-1")),
        ("ben", buy("b-2", 5, 30)),
        ("ben", back("r-2", 6, "b-2")),
    ]
}

/// What is on its way is what the two chains do not say alike yet.
fn on_its_way(shop: &Shop) {
    let clearing = shop.clearing();
    assert!([-500, 0, 500].contains(&clearing), "{clearing}");
}

fn told(fates: &[(usize, Fate)], dies: bool) {
    let shop = Shop::new(json!({}));
    let story = Story { most: MOST, first_day: 1, commands: &story() };
    story.told(&shop, fates, dies, &|_, _| on_its_way(&shop));
    // 500, of which 300 are spent when b-1 comes back: 200 go, come again with b-2, and go with it.
    assert_eq!([shop.points("anna"), shop.points("ben"), shop.clearing()], [0, 0, 0], "{fates:?}");
}

#[test]
fn one_fault_at_every_append() {
    one_at_every(MOST, told);
}

#[test]
fn two_faults_at_every_pair_of_appends() {
    two_at_every_pair(MOST, told);
}

/// A turn that nobody has finished is finished before the one that follows it.
#[test]
fn turns_are_done_in_their_order() {
    let shop = Shop::new(json!({}));
    let ledger = Fated::over(shop.store.clone());
    let engine = shop.engine_over(ledger.clone());
    shop.done(&engine, "ben", named("anna"), 1).unwrap();
    ledger.fates.lock().unwrap().extend([Fate::Done, Fate::Unavailable]);
    shop.done(&engine, "ben", buy("b-1", 2, 30), 2).unwrap_err();
    ledger.fates.lock().unwrap().extend([Fate::Done, Fate::Unavailable]);
    shop.done(&engine, "ben", back("r-1", 3, "b-1"), 3).unwrap_err();
    assert_eq!([shop.points("anna"), shop.clearing()], [0, 0], "neither is done");
    shop.done(&engine, "ben", buy("b-2", 4, 30), 4).unwrap();
    assert_eq!([shop.points("anna"), shop.clearing()], [500, 0]);
    shop.finish(&engine, 0);
    assert_eq!([shop.points("anna"), shop.points("ben"), shop.clearing()], [500, 250, 0]);
    shop.verify(&engine);
}
