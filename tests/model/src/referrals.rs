//! Who brought whom, and what both get by it.

use std::collections::BTreeMap;

use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Document, GrantLimit, Referral, ReturnMethod};
use loyalty_core::time::{OffsetTime, Timestamp};

use crate::calendar::{Instant, Moment, covers, happened, later};
use crate::condition::Facts;
use crate::history::Past;
use crate::lots::{Goal, Lapses, Lots, Reach, Taking};
use crate::number::{BigInt, exact, power_of_ten};
use crate::{Model, vesting};

/// Who brought a member, and what has come of it.
#[derive(Debug, Clone)]
pub struct Brought {
    by: String,
    since: Instant,
    /// By referral.
    earned: BTreeMap<String, Earned>,
}

/// A referral that has qualified.
#[derive(Debug, Clone)]
struct Earned {
    /// The purchase, as its place in the past.
    purchase: usize,
    holds: bool,
    own: Option<Points>,
}

/// Points that were given once, and go and come.
#[derive(Debug, Clone)]
pub struct Points {
    currency: String,
    points: BigInt,
    goal: Goal,
    taken: Option<Taking>,
    /// When they came, and whether they are counted by the referral's limit.
    moment: Moment,
    counts: Option<bool>,
}

impl Points {
    /// Takes them back, or gives again what was taken.
    fn turn(&mut self, lots: &mut BTreeMap<String, Lots>, reach: &Reach) {
        let lots = lots.get_mut(&self.currency).expect("every currency has its lots");
        self.counts = self.counts.map(|counts| !counts);
        match self.taken.take() {
            None => self.taken = Some(lots.take_back(&self.points, self.goal.clone(), reach)),
            Some(Taking { found, owed, forgiven }) => {
                lots.totals.forgiven -= forgiven;
                let due = found.iter().map(|(_, part)| part).sum::<BigInt>() + owed;
                let left = lots.owe_less(&due);
                lots.refill(left, &found, &self.goal);
            }
        }
    }
}

/// A referral qualifies, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who brought the member.
    pub referrer: String,
    /// Which referral.
    pub referral: String,
    /// Whether it qualifies.
    pub gives: bool,
}

impl Model {
    /// Says who brought the member, who is another one and known; or says the code of why not.
    pub fn name_referrer(&mut self, referrer: &str, at: Timestamp) -> Result<(), &'static str> {
        if self.settled_to().is_none() {
            return Err("unknown_member");
        }
        if let Some(brought) = &self.brought {
            return if brought.by == referrer { Ok(()) } else { Err("idempotency_conflict") };
        }
        if self.document.referrals.is_empty() {
            return Err("no_referrals");
        }
        if referrer == self.who.member {
            return Err("self_referral");
        }
        self.settle(at);
        let since = self.settled_to().expect("a member");
        self.brought = Some(Brought { by: referrer.to_owned(), since, earned: BTreeMap::new() });
        Ok(())
    }

    /// Who brought the member.
    pub fn referrer(&self) -> Option<&str> {
        self.brought.as_ref().map(|brought| brought.by.as_str())
    }

    /// What has turned since this was asked last.
    pub fn turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turned)
    }

    /// The referrals that a purchase makes qualify.
    pub(crate) fn referring(&self, facts: &Facts<'_>) -> Vec<Referral> {
        let Some(brought) = &self.brought else { return Vec::new() };
        let named_on = self.calendar.date_at(brought.since);
        if !matches!(facts.activity, Activity::Purchase(_)) || facts.date < named_on {
            return Vec::new();
        }
        let qualifies = |referral: &&Referral| {
            let has = brought.earned.get(referral.id.as_str()).is_some_and(|earned| earned.holds);
            let over = referral.within.is_some_and(|within| facts.date > later(facts.enrolled_on, within));
            !has && !over && referral.when.as_ref().is_none_or(|when| facts.hold(when))
        };
        self.document.referrals.iter().filter(qualifies).cloned().collect()
    }

    /// A purchase, the newest of the past, makes these qualify.
    pub(crate) fn refer(&mut self, referrals: &[Referral], moment: Moment) {
        let purchase = self.past.len() - 1;
        for referral in referrals {
            let id = referral.id.to_string();
            let known = self.brought.as_ref().is_some_and(|it| it.earned.contains_key(&id));
            if known {
                self.turn_own(&id, purchase, true);
            } else {
                let own = referral.referee.map(|points| {
                    let points = minor(points, referral, &self.document);
                    self.put_referred(referral, points, moment)
                });
                let earned = Earned { purchase, holds: true, own };
                self.brought.as_mut().expect("it qualifies").earned.insert(id.clone(), earned);
                self.note_turn(&id, true);
            }
            self.past[purchase].referrals.push((id, true));
        }
    }

    fn note_turn(&mut self, referral: &str, gives: bool) {
        let referrer = self.referrer().expect("somebody brought the member").to_owned();
        self.turned.push(Turn { referrer, referral: referral.to_owned(), gives });
    }

    /// What a referral gave goes, if it is by this purchase, or comes again, if it is not there; tells whether it does.
    fn turn_own(&mut self, referral: &str, purchase: usize, gives: bool) -> bool {
        let Some(earned) = self.brought.as_mut().and_then(|it| it.earned.get_mut(referral)) else {
            return false;
        };
        if earned.holds == gives || (!gives && earned.purchase != purchase) {
            return false;
        }
        (earned.holds, earned.purchase) = (gives, purchase);
        if let Some(mut own) = earned.own.take() {
            let reach = self.reach(&own.currency);
            own.turn(&mut self.lots, &reach);
            let earned = self.brought.as_mut().and_then(|it| it.earned.get_mut(referral));
            earned.expect("it was there").own = Some(own);
        }
        self.note_turn(referral, gives);
        true
    }

    /// What is kept of a purchase makes its referrals qualify, or no longer.
    pub(crate) fn return_referrals(&mut self, purchase: usize) {
        let past = self.past[purchase].clone();
        for (place, ((id, held), keeps)) in past.referrals.iter().zip(past.keeps_referrals(self)).enumerate()
        {
            if *held != keeps && !(keeps && past.refused) && self.turn_own(id, purchase, keeps) {
                self.past[purchase].referrals[place].1 = keeps;
            }
        }
    }

    /// What it earned is refused.
    pub(crate) fn refuse_referrals(&mut self, purchase: usize) {
        for place in 0..self.past[purchase].referrals.len() {
            let (id, held) = self.past[purchase].referrals[place].clone();
            if held && self.turn_own(&id, purchase, false) {
                self.past[purchase].referrals[place].1 = false;
            }
        }
    }

    /// Another member, whom this one has brought, makes a referral qualify, or no longer.
    pub fn referred(&mut self, referee: &str, turn: &Turn, time: OffsetTime) {
        self.settle_to(happened(time));
        let key = (referee.to_owned(), turn.referral.clone());
        if let Some(mut points) = self.brings.remove(&key) {
            let reach = self.reach(&points.currency);
            points.turn(&mut self.lots, &reach);
            self.brings.insert(key, points);
            self.repay();
            self.forfeit();
            // What has lapsed meanwhile lapses again.
            self.settle_to(happened(time));
            return;
        }
        let at = self.settled_to().expect("a member");
        let date = self.calendar.date_at(at);
        let moment = Moment { at, date, enrolled: self.enrolled_on().expect("a member") };
        let referral = self.document.referrals.iter().find(|it| it.id.as_str() == turn.referral);
        let referral = referral.expect("a referral of the program").clone();
        let mut points = minor(referral.referrer, &referral, &self.document);
        let room = referral.at_most.is_none_or(|limit| self.has_room(&turn.referral, limit, moment));
        if !room {
            points = BigInt::ZERO;
        }
        let mut given = self.put_referred(&referral, points, moment);
        given.counts = (room && referral.at_most.is_some()).then_some(true);
        self.brings.insert(key, given);
        self.repay();
        self.forfeit();
    }

    /// In no window that is joined now have so many been brought as may be.
    fn has_room(&self, referral: &str, limit: GrantLimit, now: Moment) -> bool {
        let counted = self.brings.iter().filter(|(key, it)| key.1 == referral && it.counts == Some(true));
        let given: Vec<Moment> = counted.map(|(_, it)| it.moment).collect();
        let reads = given.iter().copied().chain([now]).filter(|read| covers(limit.window, *read, now));
        let had = |read| given.iter().filter(|one| covers(limit.window, read, **one)).count();
        reads.map(had).max().expect("one is read now") < usize::from(limit.times)
    }

    fn put_referred(&mut self, referral: &Referral, points: BigInt, moment: Moment) -> Points {
        let currency = self.document.currencies.iter().find(|it| it.id == referral.currency);
        let currency = currency.expect("a currency of the program");
        let lapse = vesting::lapse(&referral.expiry, currency, moment, &self.calendar);
        let goal = (lapse, referral.funded_by.as_ref().map(ToString::to_string));
        let currency = currency.id.to_string();
        self.lots.get_mut(&currency).expect("every currency has its lots").put(&points, goal.clone());
        if lapse == Lapses::ByActivity && points > BigInt::ZERO {
            self.renew(&currency, moment);
        }
        Points { currency, points, goal, taken: None, moment, counts: None }
    }
}

/// Whole points in minor units.
fn minor(points: loyalty_core::money::Quantity, referral: &Referral, document: &Document) -> BigInt {
    let currency = document.currencies.iter().find(|it| it.id == referral.currency).expect("declared");
    let minor = exact(points) * power_of_ten(currency.scale.into());
    assert!(minor.is_integer(), "checked");
    minor.to_integer()
}

impl Past {
    /// Whether what is kept of it makes each of its referrals qualify.
    fn keeps_referrals(&self, model: &Model) -> Vec<bool> {
        if self.is_all_back() {
            return vec![false; self.referrals.len()];
        }
        if model.document.returns.method == ReturnMethod::Proportional {
            return vec![true; self.referrals.len()];
        }
        let kept = self.referring_for_what_is_kept();
        self.referrals.iter().map(|(id, _)| kept.iter().any(|it| it.id.as_str() == id)).collect()
    }
}
