//! What members get that is no points: vouchers and badges.

use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Counted, Give, GivenTier, Grant, ReturnMethod, Trigger};

use crate::Model;
use crate::calendar::{Instant, Moment, NEVER, covers, later};
use crate::condition::Facts;
use crate::history::Past;
use crate::number::{exact, power_of_ten, whole};
use crate::rating::Occasion;
use crate::standing::Given as Granted;
use crate::vesting;
use crate::vouchers::Name;

/// What a grant gave once.
#[derive(Debug, Clone)]
pub struct Gift {
    /// The grant.
    grant: Grant,
    /// When what it was given for happened.
    moment: Moment,
    /// When a voucher ends.
    ends: Instant,
    /// Whether the member has it.
    held: bool,
    /// Whether it counts among how often its grant gave.
    counts: bool,
    /// Whether it went and came again.
    came_again: bool,
    /// By what a voucher is told from others.
    pub(crate) name: Name,
    /// How often a voucher was used.
    pub(crate) used: u16,
}

impl Gift {
    /// What it is.
    pub(crate) const fn give(&self) -> &Give {
        &self.grant.give
    }

    /// When it ends.
    pub(crate) const fn ends(&self) -> Instant {
        self.ends
    }

    /// Whether the member has it.
    pub(crate) const fn is_held(&self) -> bool {
        self.held
    }
}

/// Whether a rule or grant that answers to `on` answers to an occasion by an activity.
pub fn answers(on: &Trigger, activity: &Activity, occasion: Occasion<'_>) -> bool {
    match (on, activity, occasion) {
        (Trigger::Purchase, Activity::Purchase(_), Occasion::Itself)
        | (Trigger::Birthday, Activity::Birthday(_), Occasion::Itself)
        | (Trigger::Anniversary, Activity::Anniversary(_), Occasion::Itself)
        | (Trigger::Enrolment, _, Occasion::Joining) => true,
        (Trigger::Event(name), Activity::Event(event), Occasion::Itself) => *name == event.name,
        (Trigger::ChallengeCompleted(on), _, Occasion::Challenge(id)) => on.as_str() == id,
        (Trigger::TierReached(on), _, Occasion::Level(track, level)) => {
            on.track.as_str() == track && on.level.as_ref().is_none_or(|asked| asked.as_str() == level)
        }
        _ => false,
    }
}

impl Model {
    /// The badges that the member has, ascending.
    pub fn badges(&self) -> Vec<String> {
        let held = self.gifts.iter().filter(|gift| gift.held);
        let mut badges: Vec<_> = held
            .filter_map(|gift| match &gift.grant.give {
                Give::Badge(id) => Some(id.to_string()),
                _ => None,
            })
            .collect();
        badges.sort();
        badges
    }

    /// What became of everything that grants ever gave, in words.
    pub fn gifts_seen(&self) -> Vec<&'static str> {
        let each = self.gifts.iter().flat_map(|gift| {
            let (kind, gone) = match gift.grant.give {
                Give::Voucher(_) => ("voucher", "voucher taken"),
                Give::Badge(_) => ("badge", "badge taken"),
                Give::Tier(_) => ("given level", "given level taken"),
                Give::Credit(_) => ("credit", "credit taken"),
            };
            let limited = gift.grant.at_most.is_some().then_some("given only so often");
            let ended = (gift.counts && !gift.held).then_some("voucher ended");
            let again = gift.came_again.then_some("given again");
            [Some(kind), (!gift.counts).then_some(gone), limited, ended, again].into_iter().flatten()
        });
        each.collect()
    }

    /// The grants that answer to an occasion, whose conditions hold, and which may give once more.
    pub(crate) fn matching(&self, facts: &Facts<'_>, occasion: Occasion<'_>) -> Vec<Grant> {
        let matches = |grant: &&Grant| {
            let asked = grant.when.as_ref().is_none_or(|when| facts.hold(when));
            answers(&grant.on, facts.activity, occasion) && asked && self.may_give(grant, facts.before.now)
        };
        self.document.grants.iter().filter(matches).cloned().collect()
    }

    /// In no window that what happens now joins has a grant given as often as it may.
    fn may_give(&self, grant: &Grant, now: Moment) -> bool {
        let Some(limit) = grant.at_most else { return true };
        let given = self.gifts.iter().filter(|gift| gift.counts && gift.grant.id == grant.id);
        let given: Vec<Moment> = given.map(|gift| gift.moment).collect();
        let reads = given.iter().copied().chain([now]).filter(|read| covers(limit.window, *read, now));
        let counted = |read| given.iter().filter(|one| covers(limit.window, read, **one)).count();
        reads.map(counted).max().expect("one is read now") < usize::from(limit.times)
    }

    /// Gives what grants give; tells the places of what was given.
    pub(crate) fn give_gifts(&mut self, grants: &[Grant], moment: Moment) -> Vec<usize> {
        let mut places = Vec::new();
        for grant in grants {
            let mut ends = NEVER;
            match &grant.give {
                Give::Badge(badge) if self.badges().contains(&badge.to_string()) => continue,
                Give::Badge(_) => {}
                Give::Voucher(id) => {
                    let voucher = self.document.vouchers.iter().find(|it| it.id == *id).expect("declared");
                    if let Some(expiry) = voucher.expiry {
                        ends = vesting::end_of(expiry, moment, &self.calendar);
                    }
                }
                Give::Tier(given) => {
                    ends = self.calendar.after_last_day(later(moment.date, given.lasts));
                    if !self.give_tier(given, ends) {
                        continue;
                    }
                }
                Give::Credit(_) => {}
            }
            places.push(self.gifts.len());
            let same = |gift: &&Gift| gift.name.0 == self.doing && gift.grant.id == grant.id;
            let name = (self.doing.clone(), grant.id.to_string(), self.gifts.iter().filter(same).count());
            self.gifts.push(Gift {
                name,
                used: 0,
                grant: grant.clone(),
                moment,
                ends,
                held: true,
                counts: true,
                came_again: false,
            });
        }
        places
    }

    /// Takes back what was given, as far as the member still has it.
    pub(crate) fn take_gifts(&mut self, places: &[usize]) {
        for place in places {
            let gift = self.gifts[*place].clone();
            let there = match &gift.grant.give {
                Give::Tier(given) => gift.held && self.take_tier(given, gift.ends),
                // What was used stays.
                _ => gift.held && gift.used == 0,
            };
            if there {
                (self.gifts[*place].held, self.gifts[*place].counts) = (false, false);
            }
        }
    }

    /// Gives a level above the one earned, where no better one is given.
    fn give_tier(&mut self, given: &GivenTier, ends: Instant) -> bool {
        let level = self.level_of(given);
        let now = self.settled_to.or(self.enrolled).expect("a member");
        let standing = self.standings.get_mut(given.track.as_str()).expect("a member stands on every track");
        let better = |other: &Granted| {
            other.level > level || other.level == level && (other.ends >= ends || !other.keep.is_empty())
        };
        if standing.earned().level >= level || standing.given.as_ref().is_some_and(better) || ends <= now {
            return false;
        }
        standing.given = Some(Granted { level, ends, keep: Vec::new() });
        true
    }

    fn take_tier(&mut self, given: &GivenTier, ends: Instant) -> bool {
        let level = self.level_of(given);
        let standing = self.standings.get_mut(given.track.as_str()).expect("a member stands on every track");
        let own = |it: &Granted| it.level == level && it.ends == ends && it.keep.is_empty();
        if !standing.given.as_ref().is_some_and(own) {
            return false;
        }
        standing.given = None;
        standing.statuses.last_mut().expect("a member begins with a status").seen = true;
        true
    }

    fn level_of(&self, given: &GivenTier) -> usize {
        let track = self.document.tiers.iter().find(|it| it.id == given.track).expect("a checked program");
        track.levels.iter().position(|it| it.id == given.level).expect("a checked program")
    }

    /// What is kept of a purchase would be given this, and what was kept before would not.
    pub(crate) fn give_again(&mut self, place: usize, now: Instant) {
        let gift = self.gifts[place].clone();
        // What a return did not find is not counted less, and does not come.
        if gift.counts {
            return;
        }
        let comes = match &gift.grant.give {
            Give::Badge(badge) => !self.badges().contains(&badge.to_string()),
            Give::Voucher(_) => gift.ends > now,
            Give::Tier(given) => self.give_tier(given, gift.ends),
            Give::Credit(_) => true,
        };
        if comes {
            let gift = &mut self.gifts[place];
            (gift.held, gift.counts, gift.came_again) = (true, true, true);
        }
    }

    /// Vouchers that end up to an instant are gone, and stay counted.
    pub(crate) fn end_vouchers(&mut self, at: Instant) {
        let vouchers = self.gifts.iter_mut().filter(|gift| matches!(gift.grant.give, Give::Voucher(_)));
        vouchers.filter(|gift| gift.ends <= at).for_each(|gift| gift.held = false);
    }

    /// What a purchase was given goes or comes again, as what is kept of it now tells.
    pub(crate) fn return_gifts(&mut self, purchase: usize, now: Instant) {
        let past = self.past[purchase].clone();
        for (place, keeps) in past.gifts.iter().zip(past.keeps_gifts(self)) {
            // What has gone is neither held nor counted; what has ended, or was used, is counted still.
            match (self.gifts[*place].counts, keeps) {
                (true, false) => self.take_gifts(&[*place]),
                (false, true) if !past.refused => self.give_again(*place, now),
                _ => {}
            }
        }
        self.note_credits(purchase);
    }

    /// Tells what has happened what it has credited, as far as that is kept.
    pub(crate) fn note_credits(&mut self, past: usize) {
        let credited = self.past[past].gifts.iter().filter_map(|place| match &self.gifts[*place] {
            Gift { grant: Grant { give: Give::Credit(credit), .. }, counts, .. } => {
                let counter = self.document.counters.iter().find(|it| it.id == credit.counter);
                let scale = match &counter.expect("a checked program").counts {
                    Counted::Earned(id) => {
                        let currency = self.document.currencies.iter().find(|it| it.id == *id);
                        power_of_ten(currency.expect("a checked program").scale.into())
                    }
                    _ => whole(1),
                };
                Some((credit.counter.to_string(), exact(credit.amount) * scale, *counts))
            }
            _ => None,
        });
        self.past[past].credits = credited.collect();
    }
}

impl Past {
    /// Whether what is kept of it would be given each of the things that it was given.
    fn keeps_gifts(&self, model: &Model) -> Vec<bool> {
        let grant = |place: &usize| model.gifts[*place].grant.id.clone();
        if self.is_all_back() {
            return vec![false; self.gifts.len()];
        }
        if model.document.returns.method == ReturnMethod::Proportional {
            return vec![true; self.gifts.len()];
        }
        let matching = self.granted_for_what_is_kept();
        self.gifts.iter().map(|place| matching.iter().any(|it| it.id == grant(place))).collect()
    }
}
