//! Stocks of rewards: however many ask at once, and wherever a process ends, no more are sold than there are, and none is
//! lost.

#[path = "stocks/at_once.rs"]
mod at_once;
#[path = "stocks/crashes.rs"]
mod crashes;
#[path = "faults/engine.rs"]
mod engine;
#[path = "faults/ledger.rs"]
mod ledger;
#[path = "stocks/shop.rs"]
mod shop;

use loyalty_core::ports::Feed;
use pollster::block_on;

use self::engine::code;
use self::shop::{Shop, cancel, capture, extend, hold, member, redeem, void};

#[test]
fn what_is_sold_is_gone_and_what_is_cancelled_comes_back() {
    let shop = Shop::new(2, &["anna", "ben", "cora"]);
    let engine = shop.engine();
    for (name, key, expected) in [
        ("anna", "1", "done"),
        ("anna", "1", "replayed"),
        ("ben", "1", "done"),
        ("cora", "1", "out_of_stock"),
    ] {
        assert_eq!(code(&shop.at(0, &engine, name, redeem(key))), expected, "{name}");
    }
    assert_eq!(shop.standing(0), (2, 0, 0));
    assert_eq!(code(&shop.at(1, &engine, "anna", cancel("c", "1"))), "done");
    assert_eq!(code(&shop.at(1, &engine, "anna", cancel("c", "1"))), "replayed");
    assert_eq!(shop.standing(1), (1, 0, 1), "once, however often it is sent");
    assert_eq!(code(&shop.at(2, &engine, "cora", redeem("1"))), "out_of_stock", "what was refused stays so");
    assert_eq!(code(&shop.at(2, &engine, "cora", redeem("2"))), "done");
    assert_eq!((shop.standing(2), shop.sold()), ((2, 0, 0), 2));
}

#[test]
fn who_has_no_points_takes_nothing() {
    let shop = Shop::new(1, &["anna"]);
    let engine = shop.engine();
    for key in ["1", "2"] {
        let expected = if key == "1" { "done" } else { "insufficient_points" };
        assert_eq!(code(&shop.at(0, &engine, "anna", redeem(key))), expected);
    }
    assert_eq!(code(&shop.at(0, &engine, "nobody", redeem("1"))), "unknown_member");
    assert_eq!(shop.standing(0), (1, 0, 0));
}

#[test]
fn a_hold_sets_aside_until_it_ends() {
    let shop = Shop::new(1, &["anna", "ben"]);
    let engine = shop.engine();
    let out = |minute: i64, key: &str| {
        assert_eq!(code(&shop.at(minute, &engine, "ben", redeem(key))), "out_of_stock", "minute {minute}");
    };
    assert_eq!(code(&shop.at(0, &engine, "anna", hold("h1", 10))), "done");
    assert_eq!(shop.standing(0), (0, 1, 0));
    out(5, "1");
    assert_eq!(code(&shop.at(5, &engine, "anna", void("v", "h1"))), "done");
    assert_eq!(shop.standing(5), (0, 0, 1));
    // Over by itself in minute 16, and a minute later nobody waits for it.
    assert_eq!(code(&shop.at(6, &engine, "anna", hold("h2", 10))), "done");
    out(16, "2");
    assert_eq!(code(&shop.at(17, &engine, "ben", hold("h3", 10))), "done");
    assert_eq!(code(&shop.at(17, &engine, "anna", capture("r2", "h2"))), "hold_ended");
    // Extended, it is not over when it was to be; captured, it is sold.
    assert_eq!(code(&shop.at(20, &engine, "ben", extend("e", "h3", 30))), "done");
    assert_eq!(code(&shop.at(40, &engine, "anna", redeem("3"))), "out_of_stock");
    assert_eq!(code(&shop.at(41, &engine, "ben", capture("r3", "h3"))), "done");
    assert_eq!((shop.standing(41), shop.sold()), ((1, 0, 0), 1));
    assert_eq!(code(&shop.at(42, &engine, "ben", cancel("c", "r3"))), "done");
    assert_eq!((shop.standing(42), shop.sold()), ((0, 0, 1), 0));
}

#[test]
fn a_preview_sets_nothing_aside() {
    let shop = Shop::new(1, &["anna", "ben"]);
    let engine = shop.engine();
    let shown = |name: &str| {
        let preview = block_on(engine.preview(&shop.tenant, &member(name), &redeem("1"), shop::minute(0)));
        preview.map_or_else(|error| error.problem().code, |_| "done")
    };
    assert_eq!((shown("anna"), shop.standing(0)), ("done", (0, 0, 1)));
    shop.at(0, &engine, "anna", redeem("1")).unwrap();
    assert_eq!(shown("ben"), "out_of_stock");
}

/// A preview of what others have let lie for a minute shows what would happen.
#[test]
fn a_preview_knows_what_is_over() {
    let shop = Shop::new(1, &["anna", "ben"]);
    let engine = shop.engine();
    shop.at(0, &engine, "anna", hold("h", 10)).unwrap();
    let shown = |minutes: i64| {
        let (ben, command) = (member("ben"), redeem("1"));
        let preview = block_on(engine.preview(&shop.tenant, &ben, &command, shop::minute(minutes)));
        preview.map_or_else(|error| error.problem().code, |_| "done")
    };
    assert_eq!((shown(10), shown(12)), ("out_of_stock", "done"));
    assert_eq!(shop.standing(12), (0, 1, 0), "and leaves it as it is");
}

#[test]
fn stocks_are_nobodys_and_whole() {
    let shop = Shop::new(1, &["anna"]);
    let engine = shop.engine();
    shop.at(0, &engine, "anna", redeem("1")).unwrap();
    let shared = shop.tenant.shared();
    let heads = block_on(shop.store.heads(&shared, None, 9)).unwrap();
    let names: Vec<_> = heads.iter().map(|head| head.head().unwrap().member).collect();
    assert_eq!(names, [member("stock/mug")]);
    let verified = block_on(engine.verify(&shared, &member("stock/mug"))).unwrap();
    assert_eq!((verified.commits, verified.findings), (2, Vec::new()));
}
