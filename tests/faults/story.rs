//! A story of commands between several members, told with every fault at every append.

use std::sync::Arc;

use loyalty_core::decision::Command;

use super::ledger::{Fate, Fated};
use super::shop::Shop;

const FATES: [Fate; 5] = [Fate::Unavailable, Fate::LostBefore, Fate::LostAfter, Fate::Late, Fate::Taken];

/// Who does what, a command a day.
pub struct Story<'s> {
    /// More appends than it has.
    pub most: usize,
    pub first_day: i64,
    pub commands: &'s [(&'static str, Command)],
}

impl Story<'_> {
    /// Tells it with these fates, by the number of the append, each command sent until it is done. `always` holds at
    /// every step of a day, and whether the day's command is done already.
    pub fn told(&self, shop: &Shop, fates: &[(usize, Fate)], dies: bool, always: &dyn Fn(i64, bool)) {
        let ledger = Fated::over(shop.store.clone());
        let mut all = vec![Fate::Done; self.most];
        fates.iter().for_each(|(place, fate)| all[*place] = *fate);
        ledger.fates.lock().unwrap().extend(all);
        let mut engine = shop.engine_over(ledger.clone());
        for (day, (name, command)) in (self.first_day..).zip(self.commands) {
            let mut tries = 0;
            while shop.done(&engine, name, command.clone(), day).is_err() {
                tries += 1;
                assert!(tries < 9, "{fates:?}: day {day} is never done");
                always(day, false);
                if dies {
                    engine = shop.engine_over(Arc::clone(&ledger) as Arc<_>);
                }
                ledger.land();
            }
            always(day, true);
        }
        ledger.land();
        let end = shop.finish(&shop.engine(), 0);
        assert_eq!(shop.finish(&shop.engine(), 0), end, "{fates:?}: all was done");
        shop.verify(&shop.engine());
    }
}

/// Each fault at each of so many appends, with and without a process that dies.
pub fn one_at_every(most: usize, told: impl Fn(&[(usize, Fate)], bool)) {
    for place in 0..most {
        for fate in FATES {
            told(&[(place, fate)], place % 2 == 0);
        }
    }
}

/// Each two faults at each pair of so many appends.
pub fn two_at_every_pair(most: usize, told: impl Fn(&[(usize, Fate)], bool)) {
    for second in 0..most {
        for first in 0..second {
            for (one, two) in FATES.iter().flat_map(|one| FATES.map(|two| (*one, two))) {
                told(&[(first, one), (second, two)], (first + second) % 2 == 0);
            }
        }
    }
}
