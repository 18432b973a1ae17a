//! Awards for levels reached: given once in a window, taken back when its counters fall below.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use loyalty_core::program::document::{Document, Requirement, TierTrack};

use crate::calendar::{Instant, Moment, covers, same_window};
use crate::number::BigInt;
use crate::tier::Tiers;

/// The most windows of a level whose awards are remembered.
const REMEMBERED: usize = 4;

/// What was given for a level.
#[derive(Debug, Clone)]
pub struct LevelAward {
    /// The track.
    pub track: String,
    /// The level's place in it.
    pub level: usize,
    /// When it was reached.
    pub moment: Moment,
    /// Points by currency, and when they lapse.
    pub points: BTreeMap<String, (BigInt, Instant)>,
    /// What each cap of a window counts of it.
    pub caps: BTreeMap<String, BigInt>,
}

/// All that was given for levels and not taken back.
#[derive(Debug, Clone, Default)]
pub struct LevelAwards {
    remembered: Vec<LevelAward>,
    /// What can no longer be taken back.
    forgotten: Vec<LevelAward>,
}

impl LevelAwards {
    /// The levels of a track that an activity has reached and to which nothing was given in its windows.
    pub fn due(
        &self,
        (before, after): (&Tiers<'_>, &Tiers<'_>),
        track: &TierTrack,
        (now, present): (Moment, NaiveDate),
    ) -> Vec<(usize, Moment)> {
        let given = |level: usize, reach: &Requirement, read: Moment| {
            let of_level =
                self.remembered.iter().filter(|it| it.track == track.id.as_str() && it.level == level);
            of_level.into_iter().any(|it| same_windows(after.document, reach, it.moment, read))
        };
        let levels = track.levels.iter().enumerate();
        let due = levels.filter_map(|(level, it)| {
            let reach = it.reach.as_ref()?;
            let is_due = |read: &Moment| {
                after.holds(reach, *read) && !before.holds(reach, *read) && !given(level, reach, *read)
            };
            Some((level, after.readings(&[reach], now, present).into_iter().find(is_due)?))
        });
        due.collect()
    }

    /// Remembers what was given, for so many windows of a level.
    pub fn remember(&mut self, award: LevelAward) {
        let of_level = |it: &LevelAward| it.track == award.track && it.level == award.level;
        if self.remembered.iter().filter(|it| of_level(it)).count() == REMEMBERED {
            let oldest = self.remembered.iter().position(of_level).expect("there are some");
            self.forgotten.push(self.remembered.remove(oldest));
        }
        self.remembered.push(award);
    }

    /// Keeps what caps counted of something that nothing takes back.
    pub fn keep_for_good(&mut self, award: LevelAward) {
        self.forgotten.push(award);
    }

    /// Takes out what was given for levels that no longer hold; `rules` are those before and after of a track.
    pub fn lost<'t>(
        &mut self,
        rules: impl Fn(&TierTrack) -> (Tiers<'t>, Tiers<'t>),
        document: &Document,
    ) -> Vec<LevelAward> {
        let is_lost = |award: &LevelAward| {
            let track = document.tiers.iter().find(|it| it.id.as_str() == award.track).expect("a track's id");
            let (before, after) = rules(track);
            let reach = track.levels[award.level].reach.as_ref();
            reach.is_some_and(|reach| before.holds(reach, award.moment) && !after.holds(reach, award.moment))
        };
        let (lost, kept) = std::mem::take(&mut self.remembered).into_iter().partition(is_lost);
        self.remembered = kept;
        lost
    }

    /// When a cap has counted something of it, and how much.
    pub fn cap_uses(&self, cap: &str) -> Vec<(Moment, BigInt)> {
        let all = self.remembered.iter().chain(&self.forgotten);
        all.filter_map(|it| Some((it.moment, it.caps.get(cap)?.clone()))).collect()
    }
}

fn same_windows(document: &Document, reach: &Requirement, one: Moment, other: Moment) -> bool {
    let all = |list: &[Requirement]| list.iter().all(|each| same_windows(document, each, one, other));
    match reach {
        Requirement::All(list) | Requirement::Any(list) => all(list),
        Requirement::AtLeast(some) => all(&some.of),
        Requirement::Counter(threshold) => {
            let counter =
                document.counters.iter().find(|it| it.id == threshold.id).expect("a checked program");
            covers(counter.window, one, other) || covers(counter.window, other, one)
        }
        Requirement::Streak(streak) => {
            let counter =
                document.counters.iter().find(|it| it.id == streak.counter).expect("a checked program");
            let (first, last) = if one.date <= other.date { (one, other) } else { (other, one) };
            let days = first.date.iter_days().take_while(|day| *day < last.date);
            let windows_begun = days
                .filter(|day| !same_window(counter.window, *day, *day + TimeDelta::days(1), first.enrolled));
            windows_begun.count() < usize::from(streak.windows)
        }
    }
}
