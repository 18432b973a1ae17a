//! Awards for levels reached and challenges completed: given once in a window, taken back when its counters fall below.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use loyalty_core::program::document::{Document, Requirement};

use crate::calendar::{Moment, covers, same_window};
use crate::lots::{self, Taking};
use crate::number::BigInt;
use crate::tier::Tiers;

/// The most windows of a goal whose awards are remembered.
const REMEMBERED: usize = 4;

/// What something is given for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// A track's level.
    Level(String, String),
    /// A challenge.
    Challenge(String),
    /// Becoming a member.
    Joining,
}

impl Goal {
    /// The track and the id; a challenge has no track.
    pub fn names(&self) -> [&str; 2] {
        match self {
            Self::Level(track, level) => [track, level],
            Self::Challenge(id) => ["", id],
            Self::Joining => ["", ""],
        }
    }

    /// What it takes.
    pub fn asks<'d>(&self, document: &'d Document) -> Option<&'d Requirement> {
        match self {
            Self::Level(track, level) => {
                let track = document.tiers.iter().find(|it| it.id.as_str() == track)?;
                track.levels.iter().find(|it| it.id.as_str() == level)?.reach.as_ref()
            }
            Self::Challenge(id) => {
                Some(&document.challenges.iter().find(|it| it.id.as_str() == id)?.complete)
            }
            Self::Joining => None,
        }
    }
}

/// What was given for a goal.
#[derive(Debug, Clone)]
pub struct Award {
    /// What for.
    pub goal: Goal,
    /// When it was reached.
    pub moment: Moment,
    /// Points of each currency and terms, and where they lie.
    pub points: Vec<(String, BigInt, lots::Goal)>,
    /// What each cap of a window counts of it.
    pub caps: BTreeMap<String, BigInt>,
    /// Where a return found each of the points, while it has them back.
    pub taken: Option<Vec<Taking>>,
    /// What grants gave, by the places in all that they gave.
    pub gifts: Vec<usize>,
}

/// What a return does to an award.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Its counters are below.
    Lost,
    /// They were, by an earlier return, and are there again.
    Again,
}

/// All that was given for goals.
#[derive(Debug, Clone, Default)]
pub struct Awards {
    remembered: Vec<Award>,
    /// What can no longer be taken back.
    forgotten: Vec<Award>,
}

impl Awards {
    /// When a goal was reached by an activity, where nothing was given to it yet in its windows.
    pub fn due(
        &self,
        goal: &Goal,
        (before, after): (&Tiers<'_>, &Tiers<'_>),
        (now, present): (Moment, NaiveDate),
    ) -> Option<Moment> {
        let asked = goal.asks(after.document)?;
        let given = |read: Moment| {
            let mut of_goal = self.remembered.iter().filter(|it| it.goal == *goal && it.taken.is_none());
            of_goal.any(|it| same_windows(after.document, asked, it.moment, read))
        };
        let is_due =
            |read: &Moment| after.holds(asked, *read) && !before.holds(asked, *read) && !given(*read);
        after.readings(&[asked], now, present).into_iter().find(is_due)
    }

    /// Remembers what was given, for so many windows of a goal; what a return took there is then not given again.
    pub fn remember(&mut self, award: Award, document: &Document) {
        let asked = award.goal.asks(document).expect("something to reach");
        self.remembered.retain(|it| {
            let same = it.goal == award.goal && same_windows(document, asked, it.moment, award.moment);
            it.taken.is_none() || !same
        });
        let of_goal = |it: &Award| it.goal == award.goal;
        if self.remembered.iter().filter(|it| of_goal(it)).count() == REMEMBERED {
            let oldest = self.remembered.iter().position(of_goal).expect("there are some");
            self.forgotten.push(self.remembered.remove(oldest));
        }
        self.remembered.push(award);
    }

    /// Keeps what caps counted of something that nothing takes back.
    pub fn keep_for_good(&mut self, award: Award) {
        self.forgotten.push(award);
    }

    /// The awards that a return turns; `rules` are those before and after of a goal.
    pub fn turned<'t>(
        &mut self,
        rules: impl Fn(&Goal) -> (Tiers<'t>, Tiers<'t>),
        document: &Document,
    ) -> Vec<(&mut Award, Turn)> {
        let turn = |award: &Award| {
            let (before, after) = rules(&award.goal);
            let asked = award.goal.asks(document)?;
            let held = [before, after].map(|tiers| tiers.holds(asked, award.moment));
            match (held, &award.taken) {
                ([true, false], None) => Some(Turn::Lost),
                ([false, true], Some(_)) => Some(Turn::Again),
                _ => None,
            }
        };
        self.remembered
            .iter_mut()
            .filter_map(|award| Some((turn(award)?, award)))
            .map(|(t, a)| (a, t))
            .collect()
    }

    /// Forgets what a return took of awards that a budget has paid for: others may have had it since.
    pub fn forget_taken(&mut self, budgets: &[String]) {
        self.remembered.retain(|it| it.taken.is_none() || !budgets.iter().any(|id| it.caps.contains_key(id)));
    }

    /// When a cap has counted something of it, and how much.
    pub fn cap_uses(&self, cap: &str) -> Vec<(Moment, BigInt)> {
        let all = self.remembered.iter().filter(|it| it.taken.is_none()).chain(&self.forgotten);
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
