//! Transfers: points go from one member to another, once, whatever happens on the way between their chains.

#[path = "faults/shop.rs"]
mod books;
#[path = "transfers/faults.rs"]
mod faults;
#[path = "faults/ledger.rs"]
mod ledger;
#[path = "transfers/model.rs"]
mod model;
#[path = "transfers/shop.rs"]
mod shop;
#[path = "faults/story.rs"]
mod story;

use std::sync::Arc;
use std::thread;

use loyalty_core::decision::Command;
use loyalty_core::id::{ActivityId, ActorId};
use loyalty_core::membership::MembershipChange;
use pollster::block_on;

use self::ledger::{Fate, Fated};
use self::shop::{Shop, at, back, buy, give, member, take};

#[test]
fn points_go_from_one_to_another() {
    let shop = Shop::new();
    let engine = shop.engine();
    shop.done(&engine, "anna", buy("a-1", 2, 100), 2).unwrap();
    let given = shop.done(&engine, "anna", give("g-1", "ben", 60), 3).unwrap();
    assert_eq!(["anna", "ben"].map(|name| shop.points(name)), [40, 60]);
    assert_eq!((shop.in_transit("anna"), shop.clearing()), (0, 0));
    let again = shop.done(&engine, "anna", give("g-1", "ben", 60), 4).unwrap();
    assert!(again.replayed && again.operation == given.operation);
    // What comes back of the purchase finds 40; Ben may keep his, and spends them.
    shop.done(&engine, "anna", back("r-1", 5, "a-1"), 5).unwrap();
    shop.done(&engine, "ben", take(60), 5).unwrap();
    assert_eq!(["anna", "ben"].map(|name| shop.points(name)), [0, 0]);
    shop.verify(&engine);
}

/// The engine dies after an append; what is in transit then, somebody finds and finishes.
fn left_in_transit(shop: &Shop, fates: &[Fate]) {
    let ledger = Fated::over(shop.store.clone());
    let engine = shop.engine_over(ledger.clone());
    shop.done(&engine, "anna", buy("a-1", 2, 100), 2).unwrap();
    ledger.fates.lock().unwrap().extend(fates);
    let told = shop.done(&engine, "anna", give("g-1", "ben", 60), 3).unwrap_err();
    assert_eq!(told.problem().code, "unknown_outcome");
}

#[test]
fn what_is_in_transit_is_found_with_its_giver() {
    let shop = Shop::new();
    left_in_transit(&shop, &[Fate::Done, Fate::Unavailable]);
    assert_eq!(
        [shop.points("anna"), shop.in_transit("anna"), shop.points("ben"), shop.clearing()],
        [40, 60, 0, 0]
    );
    let engine = shop.engine();
    let finished = || block_on(engine.finish_in_transit(&shop.tenant, &member("anna"), at(4))).unwrap();
    assert_eq!(finished(), 1);
    assert_eq!(finished(), 0);
    assert_eq!(
        [shop.points("anna"), shop.in_transit("anna"), shop.points("ben"), shop.clearing()],
        [40, 0, 60, 0]
    );
    shop.verify(&engine);
}

#[test]
fn what_has_arrived_and_not_ended_is_found_in_the_feed() {
    let shop = Shop::new();
    left_in_transit(&shop, &[Fate::Done, Fate::Done, Fate::Unavailable]);
    assert_eq!([shop.in_transit("anna"), shop.points("ben"), shop.clearing()], [60, 60, -60]);
    let engine = shop.engine();
    let end = shop.finish(&engine, 0);
    assert_eq!(shop.finish(&engine, end), end, "nothing is left to do");
    assert_eq!([shop.in_transit("anna"), shop.points("ben"), shop.clearing()], [0, 60, 0]);
    assert!(shop.done(&engine, "anna", give("g-1", "ben", 60), 5).unwrap().replayed);
    assert_eq!(shop.points("ben"), 60, "once");
    shop.verify(&engine);
}

/// Ben could have held 60 more when Anna gave them, and cannot any more when they come: they go back to her lots, and to
/// the month in which she gave them.
#[test]
fn what_the_recipient_rejects_comes_back() {
    let shop = Shop::new();
    left_in_transit(&shop, &[Fate::Done, Fate::Unavailable]);
    let engine = shop.engine();
    shop.done(&engine, "ben", buy("b-1", 4, 150), 4).unwrap();
    for day in [5, 6] {
        let refused = shop.done(&engine, "anna", give("g-1", "ben", 60), day).unwrap_err().problem();
        assert_eq!((refused.code, refused.path.as_str()), ("recipient_full", "/transfer/to"), "day {day}");
        let preview =
            block_on(engine.preview(&shop.tenant, &member("anna"), &give("g-1", "ben", 60), at(day)));
        assert_eq!(preview.unwrap_err().problem(), refused);
    }
    assert_eq!(
        [shop.points("anna"), shop.in_transit("anna"), shop.points("ben"), shop.clearing()],
        [100, 0, 150, 0]
    );
    // 50 that fit are another transfer; then 100 are left of the month's 150, of which Anna has 50.
    shop.done(&engine, "anna", give("g-2", "ben", 50), 6).unwrap();
    shop.done(&engine, "anna", give("g-3", "cora", 50), 6).unwrap();
    assert_eq!(["anna", "ben", "cora"].map(|name| shop.points(name)), [0, 200, 50]);
    shop.verify(&engine);
}

/// The points of 2 March lapse on the 13th, wherever they are.
#[test]
fn what_lapses_on_the_way_is_gone() {
    for rejects in [false, true] {
        let shop = Shop::new();
        left_in_transit(&shop, &[Fate::Done, Fate::Unavailable]);
        let engine = shop.engine();
        if rejects {
            shop.done(&engine, "ben", buy("b-1", 12, 150), 12).unwrap();
        }
        let done = shop.done(&engine, "anna", give("g-1", "ben", 60), 14);
        assert_eq!(done.is_err(), rejects);
        let ben = if rejects { 150 } else { 0 };
        assert_eq!([shop.in_transit("anna"), shop.points("ben"), shop.clearing()], [0, ben, 0]);
        shop.done(&engine, "anna", buy("a-2", 14, 1), 14).unwrap();
        assert_eq!(shop.points("anna"), 1, "nothing came back");
        shop.verify(&engine);
    }
}

/// 24 gifts of 10 at once, by different engines, of 100 points: ten are done.
#[test]
fn many_at_once() {
    let shop = Shop::new();
    let engines: Vec<_> = (0..4).map(|_| shop.engine()).collect();
    shop.done(&engines[0], "anna", buy("a-1", 2, 100), 2).unwrap();
    let given: usize = thread::scope(|scope| {
        let gift = |n: usize| {
            let (shop, engine) = (&shop, &engines[n % 4]);
            // Whoever is told that it may not be done sends it again.
            let send = move || loop {
                let to = ["ben", "cora"][n % 2];
                match shop.done(engine, "anna", give(&format!("g-{n}"), to, 10), 3) {
                    Ok(_) => return 1,
                    Err(error) if error.problem().code == "insufficient_points" => return 0,
                    Err(_) => {}
                }
            };
            scope.spawn(send)
        };
        let all: Vec<_> = (0..24).map(gift).collect();
        all.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(given, 10);
    assert_eq!([shop.points("anna"), shop.points("ben") + shop.points("cora"), shop.clearing()], [0, 100, 0]);
    shop.verify(&engines[0]);
}

/// Three members give in a circle, each to the next, again and again at once.
#[test]
fn a_circle_at_once() {
    let shop = Shop::new();
    let names = ["anna", "ben", "cora"];
    names.iter().for_each(|name| drop(shop.done(&shop.engine(), name, buy("1", 2, 50), 2).unwrap()));
    thread::scope(|scope| {
        for (place, name) in names.into_iter().enumerate() {
            let (shop, engine) = (&shop, shop.engine());
            scope.spawn(move || {
                for n in 0..10 {
                    let command = give(&format!("g-{n}"), names[(place + 1) % 3], 5);
                    let tried = (0..100).any(|_| shop.done(&engine, name, command.clone(), 3).is_ok());
                    assert!(tried, "{name} {n}");
                }
            });
        }
    });
    assert_eq!((names.map(|name| shop.points(name)), shop.clearing(), shop.all()), ([50; 3], 0, 150));
    shop.verify(&shop.engine());
}

fn stop(key: &str, how: fn(Arc<MembershipChange>) -> Command) -> Command {
    let (key, actor) = (ActivityId::new(key).unwrap(), ActorId::new("ann").unwrap());
    how(Arc::new(MembershipChange { key, reason: "a lost card".to_owned(), actor }))
}

/// Ben is frozen, or closed, when the points come: they go back to Anna. Her own freezing keeps them from nowhere.
#[test]
fn points_come_back_from_who_does_not_take_part() {
    for (how, code) in
        [(Command::Freeze as fn(_) -> _, "member_frozen"), (Command::Close as fn(_) -> _, "member_closed")]
    {
        let shop = Shop::new();
        left_in_transit(&shop, &[Fate::Done, Fate::Unavailable]);
        let engine = shop.engine();
        let closing = shop.done(&engine, "anna", stop("c", Command::Close), 4).unwrap_err();
        assert_eq!(closing.problem().code, "transfers_open");
        shop.done(&engine, "anna", stop("f", Command::Freeze), 4).unwrap();
        shop.done(&engine, "ben", stop("s", how), 4).unwrap();
        for day in [5, 6] {
            let refused = shop.done(&engine, "anna", give("g-1", "ben", 60), day).unwrap_err().problem();
            assert_eq!((refused.code, refused.path.as_str()), (code, "/transfer/to"), "day {day}");
        }
        assert_eq!(
            [shop.points("anna"), shop.in_transit("anna"), shop.points("ben"), shop.clearing()],
            [100, 0, 0, 0]
        );
        shop.done(&engine, "anna", stop("c", Command::Close), 7).unwrap();
        assert_eq!(shop.all(), 0);
        shop.verify(&engine);
    }
}
