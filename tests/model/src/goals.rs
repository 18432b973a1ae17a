//! What levels and challenges give, and lose when things come back.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Challenge, Document};

use crate::award::{Award, Goal, Turn};
use crate::calendar::{Instant, Moment, date};
use crate::condition::Facts;
use crate::history::{Before, Past};
use crate::idle::note_gift;
use crate::lots::{Lots, Taking};
use crate::number::BigInt;
use crate::rating::{Occasion, budget_key};
use crate::standing::Standing;
use crate::tier::Tiers;
use crate::{Model, Outcome, vesting};

/// Every level, the lowest first, then the challenges that an activity of a date may complete.
fn goals(document: &Document, today: NaiveDate) -> Vec<Goal> {
    let level = |track: &str, level: &str| Goal::Level(track.to_owned(), level.to_owned());
    let tracks = document.tiers.iter();
    let levels =
        tracks.flat_map(|track| track.levels.iter().map(move |it| level(track.id.as_str(), it.id.as_str())));
    let open = |it: &&Challenge| {
        let begun = it.dates.and_then(|dates| dates.from).is_none_or(|from| date(from) <= today);
        let over = it.dates.and_then(|dates| dates.to).is_some_and(|to| date(to) < today);
        begun && !over
    };
    let challenges = document.challenges.iter().filter(open);
    levels.chain(challenges.map(|it| Goal::Challenge(it.id.to_string()))).collect()
}

impl Model {
    /// Gives what there is for goals that the newest activity has reached.
    pub(crate) fn award_goals(&mut self, activity: &Activity, moment: Moment, outcome: &mut Outcome) {
        let tier = outcome.tier.clone();
        let present = self.present();
        // Conditions on the past find it as it was before the activity.
        let past = self.past[..self.past.len() - 1].to_vec();
        let document = self.document.clone();
        let calendar = self.calendar.clone();
        let before = Before { document: &document, calendar: &calendar, past: &past, now: moment };
        let enrolled_on = self.enrolled_on().expect("a member");
        let who = self.who.clone();
        let facts = Facts {
            activity,
            document: &document,
            calendar: &calendar,
            date: moment.date,
            enrolled_on,
            levels: &tier,
            who: &who,
            before: &before,
        };
        for goal in goals(&document, moment.date) {
            let after = self.seen(&goal, &self.standings, self.tiers());
            let before = Tiers { past: &past, ..after };
            let Some(read) = self.given.due(&goal, (&before, &after), (moment, present)) else { continue };
            let [track, id] = goal.names();
            let occasion = match &goal {
                Goal::Level(track, level) => Occasion::Level(track, level),
                _ => Occasion::Challenge(id),
            };
            let (mut points, mut caps) = (Vec::new(), BTreeMap::<String, BigInt>::new());
            for currency in &document.currencies {
                for rated in self.rate_in(currency, &facts, occasion).into_iter().flatten() {
                    let lapse = vesting::lapse(&rated.terms.expiry, currency, moment, &self.calendar);
                    let name = currency.id.as_str();
                    note_gift(&mut self.gave, name, (lapse, &rated.award.points));
                    let (name, place) = (currency.id.to_string(), (lapse, rated.terms.partner));
                    self.lots.entry(name.clone()).or_default().put(&rated.award.points, place.clone());
                    let key = [track.to_owned(), id.to_owned(), name.clone()];
                    *outcome.goal_awards.entry(key).or_default() += &rated.award.points;
                    points.push((name, rated.award.points, place));
                    for (cap, share) in rated.caps {
                        *caps.entry(cap).or_default() += share.points;
                    }
                }
            }
            let grants = self.matching(&facts, occasion);
            let gifts = self.give_gifts(&grants, moment);
            if !points.is_empty() || !gifts.is_empty() {
                let award = Award { goal, moment: read, points, caps, taken: None, gifts };
                self.given.remember(award, &document);
            }
        }
    }

    /// The counters as a goal sees them: a level as its track does, a challenge as they are.
    fn seen<'a>(
        &self,
        goal: &Goal,
        standings: &'a BTreeMap<String, Standing>,
        tiers: Tiers<'a>,
    ) -> Tiers<'a> {
        let [track, _] = goal.names();
        let track = self.document.tiers.iter().find(|it| it.id.as_str() == track);
        track.map_or(tiers, |track| standings[track.id.as_str()].seen(&tiers, track))
    }

    /// What a return does beyond its own purchases, by counters that were as in `before`.
    pub(crate) fn follow_counters(
        &mut self,
        (past, were): &(Vec<Past>, BTreeMap<String, Standing>),
        moment: (NaiveDate, Instant),
        outcome: Outcome,
    ) -> Outcome {
        self.roll_again();
        let before = Tiers { past, ..self.tiers() };
        let mut given = self.given.clone();
        let turned = given.turned(
            |goal| (self.seen(goal, were, before), self.seen(goal, &self.standings, self.tiers())),
            &self.document,
        );
        let (mut lots, mut outcome) = (self.lots.clone(), outcome);
        let mut gifts = Vec::new();
        for (award, turn) in turned {
            self.turn_award(award, turn, &mut lots, &mut outcome);
            gifts.push((award.gifts.clone(), turn));
        }
        let budgets: Vec<String> = self.document.budgets.iter().map(|it| budget_key(&it.id)).collect();
        given.forget_taken(&budgets);
        let mut standings = self.standings.clone();
        for track in &self.document.tiers {
            let standing = standings.get_mut(track.id.as_str()).expect("a member stands on every track");
            standing.follow_counters((&before, &were[track.id.as_str()]), &self.tiers(), track, moment);
        }
        self.standings = standings;
        (self.given, self.lots) = (given, lots);
        for (places, turn) in gifts {
            match turn {
                Turn::Lost => self.take_gifts(&places),
                Turn::Again => places.into_iter().for_each(|place| self.give_again(place, moment.1)),
            }
        }
        outcome
    }

    /// Takes back what was given for a goal, or gives it again.
    fn turn_award(
        &self,
        award: &mut Award,
        turn: Turn,
        lots: &mut BTreeMap<String, Lots>,
        outcome: &mut Outcome,
    ) {
        let [track, id] = award.goal.names();
        let mut taken = Vec::new();
        for (index, (currency, points, place)) in award.points.iter().enumerate() {
            let reach = self.reach(currency);
            let lots = lots.entry(currency.clone()).or_default();
            let key = [track.to_owned(), id.to_owned(), currency.clone()];
            let [takes, gone] = [&mut outcome.goal_takes, &mut outcome.goal_forgiven];
            let [takes, gone] = [takes.entry(key.clone()).or_default(), gone.entry(key).or_default()];
            match &award.taken {
                None => {
                    let taking = lots.take_back(points, place.clone(), &reach);
                    *takes += taking.sum();
                    *gone += &taking.forgiven;
                    taken.push(taking);
                }
                Some(taken) => {
                    let Taking { found, owed, forgiven } = &taken[index];
                    lots.totals.forgiven -= forgiven;
                    *gone -= forgiven;
                    let left = lots.owe_less(&(taken[index].sum() + owed));
                    *takes -= &left;
                    lots.refill(left, found, place);
                }
            }
        }
        award.taken = (turn == Turn::Lost).then_some(taken);
    }
}
