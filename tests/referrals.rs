//! Referrals: two members get points for one thing, once, whatever happens on the way between their chains.

#[path = "faults/shop.rs"]
mod books;
#[path = "referrals/faults.rs"]
mod faults;
#[path = "faults/ledger.rs"]
mod ledger;
#[path = "referrals/model.rs"]
mod model;
#[path = "referrals/shop.rs"]
mod shop;
#[path = "faults/story.rs"]
mod story;

use std::thread;

use loyalty_core::ports::LedgerStore;
use pollster::block_on;
use serde_json::json;

use self::shop::{Shop, at, back, buy, member, named};

#[test]
fn both_get_points_once() {
    let shop = Shop::new(json!({}));
    let engine = shop.engine();
    shop.done(&engine, "ben", named("anna"), 1).unwrap();
    shop.done(&engine, "ben", buy("b-1", 2, 10), 2).unwrap();
    assert_eq!([shop.points("anna"), shop.points("ben")], [0, 0], "too little");
    shop.done(&engine, "ben", buy("b-2", 3, 30), 3).unwrap();
    shop.done(&engine, "ben", buy("b-3", 4, 30), 4).unwrap();
    assert_eq!([shop.points("anna"), shop.points("ben"), shop.clearing()], [500, 250, 0]);
    shop.done(&engine, "ben", back("r-1", 5, "b-2"), 5).unwrap();
    assert_eq!([shop.points("anna"), shop.points("ben"), shop.clearing()], [0, 0, 0]);
    shop.done(&engine, "ben", buy("b-4", 6, 30), 6).unwrap();
    assert_eq!([shop.points("anna"), shop.points("ben"), shop.clearing()], [500, 250, 0]);
    shop.verify(&engine);
}

/// What Anna has spent is forgiven, and does not come a second time when it qualifies again.
#[test]
fn what_is_spent_does_not_come_twice() {
    let shop = Shop::new(json!({}));
    let engine = shop.engine();
    shop.done(&engine, "ben", named("anna"), 1).unwrap();
    shop.done(&engine, "ben", buy("b-1", 2, 30), 2).unwrap();
    shop.done(&engine, "anna", shop::take(300), 3).unwrap();
    shop.done(&engine, "ben", back("r-1", 4, "b-1"), 4).unwrap();
    assert_eq!([shop.points("anna"), shop.clearing()], [0, 0]);
    shop.done(&engine, "ben", buy("b-2", 5, 30), 5).unwrap();
    assert_eq!([shop.points("anna"), shop.clearing()], [200, 0]);
    shop.verify(&engine);
}

/// Two in a year; one that is lost makes room for another.
#[test]
fn a_member_brings_so_many() {
    let shop = Shop::new(json!({"at_most": {"times": 2, "window": "year"}}));
    let engine = shop.engine();
    for (n, name) in ["ben", "cora", "dan"].into_iter().enumerate() {
        shop.done(&engine, name, named("anna"), 1).unwrap();
        shop.done(&engine, name, buy("1", 2 + n as i64, 30), 2 + n as i64).unwrap();
    }
    assert_eq!(["anna", "ben", "cora", "dan"].map(|name| shop.points(name)), [1_000, 250, 250, 250]);
    shop.done(&engine, "ben", back("r-1", 6, "1"), 6).unwrap();
    shop.done(&engine, "eve", named("anna"), 7).unwrap();
    shop.done(&engine, "eve", buy("1", 8, 30), 8).unwrap();
    assert_eq!([shop.points("anna"), shop.points("eve"), shop.clearing()], [1_000, 250, 0]);
    // Dan was brought when there was no room: what he loses was never hers.
    shop.done(&engine, "dan", back("r-1", 9, "1"), 9).unwrap();
    assert_eq!([shop.points("anna"), shop.points("dan"), shop.clearing()], [1_000, 0, 0]);
    shop.verify(&engine);
}

/// 32 members whom Anna has brought buy at once, through different engines.
#[test]
fn many_at_once() {
    let shop = Shop::new(json!({"at_most": {"times": 10, "window": "year"}}));
    let engines: Vec<_> = (0..4).map(|_| shop.engine()).collect();
    let names: Vec<String> = (0..32).map(|n| format!("m{n}")).collect();
    for name in &names {
        shop.joined(name);
        shop.done(&engines[0], name, named("anna"), 1).unwrap();
    }
    thread::scope(|scope| {
        for (n, name) in names.iter().enumerate() {
            let (shop, engine) = (&shop, &engines[n % 4]);
            scope.spawn(move || {
                // Whoever is told that it may not be done sends it again.
                let tried = (0..100).any(|_| shop.done(engine, name, buy("1", 2, 30), 2).is_ok());
                assert!(tried, "{name}");
            });
        }
    });
    assert_eq!([shop.points("anna"), shop.clearing()], [5_000, 0]);
    assert!(names.iter().all(|name| shop.points(name) == 250));
    shop.verify(&engines[0]);
}

/// A process that dies between the two chains leaves what it did to whoever comes by: the feed has it.
#[test]
fn somebody_else_finishes_it() {
    let shop = Shop::new(json!({}));
    let ledger = ledger::Fated::over(shop.store.clone());
    let engine = shop.engine_over(ledger.clone());
    shop.done(&engine, "ben", named("anna"), 1).unwrap();
    ledger.fates.lock().unwrap().extend([ledger::Fate::Done, ledger::Fate::Unavailable]);
    let told = shop.done(&engine, "ben", buy("b-1", 2, 30), 2).unwrap_err();
    assert_eq!(told.problem().code, "unknown_outcome");
    assert_eq!([shop.points("anna"), shop.points("ben"), shop.clearing()], [0, 250, 500]);
    let other = shop.engine();
    let end = shop.finish(&other, 0);
    assert_eq!([shop.points("anna"), shop.points("ben"), shop.clearing()], [500, 250, 0]);
    assert_eq!(shop.finish(&other, end), end, "nothing is left to do");
    assert!(shop.done(&other, "ben", buy("b-1", 2, 30), 2).unwrap().replayed);
    assert_eq!(shop.points("anna"), 500, "once");
    let head = block_on(shop.store.head(&shop.tenant, &member("anna"))).unwrap().unwrap().head().unwrap();
    let keys = block_on(other.history(&shop.tenant, &member("anna"), None, 9)).unwrap();
    assert_eq!(keys[0].operation.key.as_str(), "referral/ben/1");
    assert!(head.recorded_at >= at(2));
}
