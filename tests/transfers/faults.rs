//! Appends that fail, get lost or come late, at every place between the chains: in the end everybody has what they would
//! have had, and on the way nothing is lost and nothing is there twice.

use std::sync::Arc;

use loyalty_core::decision::Command;

use super::ledger::{Fate, Fated};
use super::shop::{Shop, buy, give};

const FATES: [Fate; 5] = [Fate::Unavailable, Fate::LostBefore, Fate::LostAfter, Fate::Late, Fate::Taken];
/// More appends than the story has.
const MOST: usize = 14;

/// Anna gives to Ben, he to Zoe, who is no member yet, and back to Anna.
fn story() -> [(&'static str, Command); 4] {
    [
        ("anna", buy("a-1", 2, 100)),
        ("anna", give("g-1", "ben", 60)),
        ("ben", give("g-1", "zoe", 20)),
        ("ben", give("g-2", "anna", 40)),
    ]
}

/// Tells the story with these fates, by the number of the append, each command sent until it is done.
fn told(fates: &[(usize, Fate)], dies: bool) {
    let shop = Shop::new();
    let ledger = Fated::over(shop.store.clone());
    let mut all = vec![Fate::Done; MOST];
    fates.iter().for_each(|(place, fate)| all[*place] = *fate);
    ledger.fates.lock().unwrap().extend(all);
    let mut engine = shop.engine_over(ledger.clone());
    for (day, (name, command)) in (2..).zip(story()) {
        let mut tries = 0;
        while shop.done(&engine, name, command.clone(), day).is_err() {
            tries += 1;
            assert!(tries < 9, "{fates:?}: day {day} is never done");
            assert!(shop.all() == 100 || day == 2, "{fates:?}: {} on day {day}", shop.all());
            if dies {
                engine = shop.engine_over(Arc::clone(&ledger) as Arc<_>);
            }
            ledger.land();
        }
        assert_eq!(shop.all(), 100, "{fates:?}: day {day}");
    }
    ledger.land();
    let end = shop.finish(&shop.engine(), 0);
    assert_eq!(shop.finish(&shop.engine(), 0), end, "{fates:?}: all was done");
    assert_eq!(["anna", "ben", "zoe"].map(|name| shop.points(name)), [80, 0, 20], "{fates:?}");
    assert_eq!((shop.in_transit("anna"), shop.in_transit("ben"), shop.clearing()), (0, 0, 0), "{fates:?}");
    shop.verify(&shop.engine());
}

#[test]
fn one_fault_at_every_append() {
    for place in 0..MOST {
        for fate in FATES {
            told(&[(place, fate)], place % 2 == 0);
        }
    }
}

#[test]
fn two_faults_at_every_pair_of_appends() {
    for second in 0..MOST {
        for first in 0..second {
            for (one, two) in FATES.iter().flat_map(|one| FATES.map(|two| (*one, two))) {
                told(&[(first, one), (second, two)], (first + second) % 2 == 0);
            }
        }
    }
}
