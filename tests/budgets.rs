//! Budgets: shared by all members, never exceeded, and never lost to who died while drawing on them.

#[path = "budgets/at_once.rs"]
mod at_once;
#[path = "budgets/faults.rs"]
mod faults;
#[path = "faults/ledger.rs"]
mod ledger;
#[path = "budgets/model.rs"]
mod model;
#[path = "budgets/shop.rs"]
mod shop;

use loyalty_core::id::{MemberId, OperationKey};
use loyalty_core::ports::{Feed, LedgerStore};
use pollster::block_on;
use serde_json::json;

use self::shop::{Shop, at};

/// Whoever leases more is given a sixteenth of what is free: of 1,000 it is 62, then of 938 58, and so on.
#[test]
fn members_share_what_there_is() {
    let shop = Shop::new(json!({"amount": "1000"}));
    let engine = shop.engine();
    assert_eq!(shop.bought(&engine, "anna", "1", 400), 400);
    assert_eq!(shop.bought(&engine, "ben", "1", 590), 590);
    // 1,000 − 400 − 590 are left.
    assert_eq!(shop.previewed(&engine, "cora", "1", 50), 10);
    assert_eq!(shop.bought(&engine, "cora", "1", 50), 10);
    assert_eq!(shop.bought(&engine, "dan", "1", 50), 0);
    assert_eq!(shop.standing(&engine).free, 0);
    // What comes back of Anna's 400 may be had by others.
    shop.returned(&engine, "anna", "1", "back");
    assert_eq!(shop.bought(&engine, "dan", "2", 500), 400);
    assert_eq!(shop.given(), 1_000);
}

#[test]
fn all_or_nothing_where_the_budget_says_so() {
    let shop = Shop::new(json!({"amount": "100", "over": "reject"}));
    let engine = shop.engine();
    assert_eq!(shop.bought(&engine, "anna", "1", 70), 70);
    assert_eq!(shop.bought(&engine, "ben", "1", 31), 0);
    assert_eq!(shop.bought(&engine, "cora", "1", 30), 30);
}

/// Each month has its own amount, and a purchase of the last month that comes late draws on that of the last.
#[test]
fn a_window_has_an_amount_of_its_own() {
    let shop = Shop::new(json!({"amount": "100", "window": "month"}));
    let engine = shop.engine();
    assert_eq!(shop.bought_at(&engine, ("anna", "1"), 90, "2026-01-31T23:59:59Z"), 90);
    assert_eq!(shop.bought_at(&engine, ("anna", "2"), 90, "2026-02-01T00:00:00Z"), 90);
    assert_eq!(shop.bought_at(&engine, ("ben", "1"), 90, "2026-01-15T00:00:00Z"), 10);
    assert_eq!(shop.bought_at(&engine, ("ben", "2"), 90, "2026-02-15T00:00:00Z"), 10);
}

#[test]
fn a_preview_leases_nothing() {
    let shop = Shop::new(json!({"amount": "1000"}));
    let engine = shop.engine();
    assert_eq!(shop.previewed(&engine, "anna", "1", 5_000), 1_000);
    assert_eq!(block_on(shop.store.newest()).unwrap(), 0, "nothing was written");
}

/// What another engine has leased is not there for this one, until it is given back.
#[test]
fn what_is_leased_comes_back() {
    let shop = Shop::new(json!({"amount": "1600"}));
    let [first, second] = [shop.engine(), shop.engine()];
    // A sixteenth of 1,600 is leased, of which 1 is drawn.
    assert_eq!(shop.bought(&first, "anna", "1", 1), 1);
    assert_eq!((shop.standing(&second).leased, shop.standing(&second).free), (100, 1_500));
    assert_eq!(shop.bought(&second, "ben", "1", 2_000), 1_500);
    block_on(first.release_budgets(at("2026-03-01T00:00:01Z"))).unwrap();
    assert_eq!(shop.standing(&second).used, 1);
    assert_eq!(shop.bought(&second, "ben", "2", 2_000), 99);
    assert_eq!(shop.given(), 1_600);
}

/// A process that is gone cannot tell what it has drawn: its commits do.
#[test]
fn what_a_dead_engine_held_is_recovered() {
    let shop = Shop::new(json!({"amount": "1600"}));
    let (dead, living) = (shop.engine(), shop.engine());
    assert_eq!(shop.bought(&dead, "anna", "1", 30), 30);
    assert_eq!(shop.bought(&dead, "ben", "1", 40), 40);
    shop.returned(&dead, "anna", "1", "back");
    drop(dead);
    assert_eq!(shop.recovered(&living, "2026-03-01T00:09:59Z"), 0, "its lease goes on for 10 minutes");
    assert_eq!(shop.standing(&living).leased, 100);
    assert_eq!(shop.recovered(&living, "2026-03-01T00:10:00Z"), 1);
    // Ben's 40 are used, Anna's 30 went back.
    assert_eq!((shop.standing(&living).used, shop.standing(&living).free), (40, 1_560));
    assert_eq!(shop.recovered(&living, "2026-03-01T00:10:00Z"), 0, "once");
}

/// Whoever lists members, counts them or reads of them does not meet what they share.
#[test]
fn chains_of_budgets_are_nobodys() {
    let shop = Shop::new(json!({"amount": "100"}));
    let engine = shop.engine();
    shop.bought(&engine, "anna", "1", 10);
    let members = |tenant| {
        let heads = block_on(shop.store.heads(tenant, None, 9)).unwrap();
        heads.iter().map(|head| head.head().unwrap().member.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(members(&shop.tenant), ["anna"]);
    assert_eq!(members(&shop.tenant.shared()), ["budget/summer/0"]);
    let chain = MemberId::new("budget/summer/0").unwrap();
    assert!(block_on(shop.store.head(&shop.tenant, &chain)).unwrap().is_none());
    let verified = block_on(engine.verify(&shop.tenant.shared(), &chain)).unwrap();
    assert_eq!((verified.commits, verified.findings), (1, Vec::new()));
    let key = OperationKey::new("purchase/1").unwrap();
    let anna = MemberId::new("anna").unwrap();
    let proof = block_on(engine.explain(&shop.tenant, &anna, &key, at("2026-04-01T00:00:00Z"))).unwrap();
    let told: Vec<_> = proof.steps.iter().map(|step| step.text.as_str()).collect();
    assert!(told.contains(&"budget `summer` leaves room for 100: 10 of 10"), "{told:?}");
}
