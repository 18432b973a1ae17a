//! Appends that fail, get lost or come late, at every place between the chains: in the end everybody has what they would
//! have had, and on the way nothing is lost and nothing is there twice.

use loyalty_core::decision::Command;

use super::ledger::Fate;
use super::shop::{Shop, buy, give};
use super::story::{Story, one_at_every, two_at_every_pair};

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

fn told(fates: &[(usize, Fate)], dies: bool) {
    let shop = Shop::new();
    let story = Story { most: MOST, first_day: 2, commands: &story() };
    story.told(&shop, fates, dies, &|day, done| {
        assert!(shop.all() == 100 || (day == 2 && !done), "{fates:?}: {} on day {day}", shop.all());
    });
    assert_eq!(["anna", "ben", "zoe"].map(|name| shop.points(name)), [80, 0, 20], "{fates:?}");
    assert_eq!((shop.in_transit("anna"), shop.in_transit("ben"), shop.clearing()), (0, 0, 0), "{fates:?}");
}

#[test]
fn one_fault_at_every_append() {
    one_at_every(MOST, told);
}

#[test]
fn two_faults_at_every_pair_of_appends() {
    two_at_every_pair(MOST, told);
}
