//! What earned points that a person has to look at come to.

use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Counted, Counter, OnReturn};
use loyalty_core::time::Timestamp;

use crate::history::Past;
use crate::number::BigInt;
use crate::vesting::{Fate, Given};
use crate::{Model, Outcome};

impl Model {
    /// The keys of activities of which something is under review, in the order of recording.
    pub fn under_review(&self) -> Vec<String> {
        let open = self.past.iter().filter(|past| past.awards.iter().any(|given| self.is_open(past, given)));
        open.map(|past| key_of(&past.activity)).collect()
    }

    /// Approves or refuses what an activity earned, or says the code of why not; then nothing has changed.
    pub fn review(&mut self, of: &str, approves: bool, at: Timestamp) -> Result<Outcome, &'static str> {
        if self.settled_to.is_none() {
            return Err("unknown_member");
        }
        let found = self.past.iter().position(|past| key_of(&past.activity) == of);
        let past = found.filter(|past| self.past[*past].reviewed).ok_or("review_not_found")?;
        let mut after = self.clone();
        after.settle(at);
        if !after.past[past].awards.iter().any(|given| after.is_open(&after.past[past], given)) {
            return Err("review_ended");
        }
        let outcome = if approves { after.approve(past) } else { after.refuse_earning(past) };
        *self = after;
        Ok(outcome)
    }

    /// As if nobody had looked: what an event has let vest, then what has become of the rest by itself.
    fn approve(&mut self, past: usize) -> Outcome {
        let now = self.settled_to.expect("a member has begun");
        let mut due = Vec::new();
        for award in self.reviewed(past) {
            let given = self.past[past].awards[award].clone();
            for (line, lapse) in given.heard.iter().enumerate() {
                if let Some(lapse) = lapse {
                    self.put_lines((past, award), Fate::Available(*lapse), &|it| it == line);
                }
            }
            let fate = given.by_now(now);
            if fate != Fate::Pending {
                due.push((given.due, award, fate));
            }
        }
        // What comes repays what is owed, even where it has lapsed by now.
        self.repay();
        due.sort_by_key(|it| it.0);
        for (at, award, fate) in due {
            self.lots.values_mut().for_each(|lots| lots.lapse(at - chrono::TimeDelta::microseconds(1)));
            self.put_lines((past, award), fate, &|_| true);
            self.repay();
        }
        self.roll_again();
        self.lots.values_mut().for_each(|lots| lots.lapse(now));
        self.repay();
        Outcome::default()
    }

    /// Never earned; to levels it is as if all of it had come back.
    fn refuse_earning(&mut self, past: usize) -> Outcome {
        let now = self.settled_to.expect("a member has begun");
        let before = (self.past.clone(), self.standings.clone());
        for award in self.reviewed(past) {
            self.put_lines((past, award), Fate::Cancelled, &|_| true);
        }
        let gifts = self.past[past].gifts.clone();
        self.take_gifts(&gifts);
        self.refuse_referrals(past);
        self.past[past].refused = true;
        self.note_credits(past);
        let today = self.calendar.date_at(now);
        let outcome = self.follow_counters(&before, (today, now), Outcome::default());
        self.follow_levels(self.moment_on(today, now));
        self.repay();
        outcome
    }

    /// Whether points wait for a review, or a cap or a track would get something back.
    fn is_open(&self, past: &Past, given: &Given) -> bool {
        let waits = |line: &usize| given.review && given.fates[*line] == Fate::Pending;
        let lines = || (0..given.fates.len()).filter(waits);
        let shares = std::iter::once(&given.share).chain(given.caps.iter().map(|cap| &cap.1));
        let kept: Vec<_> = shares.map(|share| past.kept(share)).collect();
        let is_kept = lines().any(|line| kept.iter().any(|kept| kept[line] != BigInt::ZERO));
        let came_back = lines().any(|line| kept[0][line] != given.share.lines[line]);
        is_kept || came_back && self.counts_returned(past, given)
    }

    /// Whether a track still counts what came back of an award.
    fn counts_returned(&self, past: &Past, given: &Given) -> bool {
        let kind =
            |id: &str| self.document.currencies.iter().find(|it| it.id.as_str() == id).map(|it| it.kind);
        let counts = |counter: &&Counter| {
            past.counted.contains(counter.id.as_str())
                && match &counter.counts {
                    Counted::Earned(currency) => currency.as_str() == given.currency,
                    Counted::EarnedOfKind(of) => kind(&given.currency) == Some(*of),
                    _ => false,
                }
        };
        let mut never = self.document.tiers.iter().filter(|track| track.on_return == OnReturn::Never);
        never.any(|track| {
            self.document.counters.iter().filter(counts).any(|counter| track.asked().contains(&&counter.id))
        })
    }

    /// The awards that are under review, which they are no more.
    fn reviewed(&mut self, past: usize) -> Vec<usize> {
        let awards = self.past[past].awards.iter_mut().enumerate();
        let open = awards.filter_map(|(place, given)| std::mem::take(&mut given.review).then_some(place));
        open.collect()
    }
}

fn key_of(activity: &Activity) -> String {
    match activity {
        Activity::Purchase(purchase) => format!("purchase/{}", purchase.id),
        Activity::Event(event) => format!("event/{}/{}", event.name, event.id),
        Activity::Enrol(_) => "enrol".to_owned(),
        Activity::Birthday(day) => format!("birthday/{}", day.year),
        Activity::Anniversary(day) => format!("anniversary/{}", day.year),
        Activity::Return(by) => format!("return/{}", by.id),
    }
}
