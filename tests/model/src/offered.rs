//! Whether a member may have a reward, whatever it takes.

use loyalty_core::program::document::Reward;

use crate::Model;
use crate::calendar::{Instant, Moment, covers, date};

/// A reward that was had, or is held.
#[derive(Debug, Clone)]
pub struct Had {
    /// The key of what it was had by, with what kind of thing that is.
    by: String,
    reward: String,
    moment: Moment,
    /// Of a hold: when it was over by itself. The stock waits a minute more for it.
    over: Option<Instant>,
}

impl Model {
    pub(crate) fn today(&self) -> Moment {
        let now = self.settled_to.expect("a member has begun");
        self.moment_on(self.calendar.date_at(now), now)
    }

    /// Says the code of why a reward is not to be had.
    pub(crate) fn check_offered(&self, reward: &Reward) -> Result<(), &'static str> {
        let today = self.today();
        if let Some(dates) = reward.dates {
            let early = dates.from.is_some_and(|from| today.date < date(from));
            if early || dates.to.is_some_and(|to| today.date > date(to)) {
                return Err("reward_not_offered");
            }
        }
        if let Some(test) = &reward.tier {
            let held = self.level(test.track.as_str());
            if !test.level.iter().any(|level| *level.as_str() == held) {
                return Err("tier_required");
            }
        }
        if let Some(test) = &reward.segment
            && !test.any_of.iter().any(|asked| self.who.told.segments.contains(asked))
        {
            return Err("segment_required");
        }
        Ok(())
    }

    /// Says the code where the member has had it as often as one may.
    pub(crate) fn check_limit(&self, reward: &Reward) -> Result<(), &'static str> {
        let today = self.today();
        if let Some(limit) = reward.at_most {
            let own = self.had.iter().filter(|had| had.reward == reward.id.as_str() && had.over.is_none());
            let had = own.filter(|had| covers(limit.window, today, had.moment)).count();
            if had >= usize::from(limit.times) {
                return Err("reward_limit_reached");
            }
        }
        Ok(())
    }

    /// Notes that a reward was had.
    pub(crate) fn note_had(&mut self, reward: &Reward, by: String) {
        let had = Had { by, reward: reward.id.to_string(), moment: self.today(), over: None };
        self.had.push(had);
    }

    /// Notes that a reward was not had after all.
    pub(crate) fn forget_had(&mut self, by: &str) {
        self.had.retain(|had| had.by != by);
    }

    /// Notes that a hold was over by itself.
    pub(crate) fn end_had(&mut self, by: &str, at: Instant) {
        let own = self.had.iter_mut().filter(|had| had.by == by);
        own.for_each(|had| had.over = Some(at));
    }

    /// Whether any of a reward is left; there is nobody else.
    pub(crate) fn check_stock(&self, reward: &Reward) -> Result<(), &'static str> {
        let now = self.settled_to.expect("a member has begun");
        let gone = |had: &&Had| {
            let over = had.over.is_some_and(|at| at + chrono::TimeDelta::minutes(1) <= now);
            had.reward == reward.id.as_str() && !over
        };
        let gone = self.had.iter().filter(gone).count();
        if reward.stock.is_some_and(|stock| gone >= stock as usize) { Err("out_of_stock") } else { Ok(()) }
    }

    /// What was held was had.
    pub(crate) fn rename_had(&mut self, from: &str, to: &str) {
        let own = self.had.iter_mut().filter(|had| had.by == from);
        own.for_each(|had| to.clone_into(&mut had.by));
    }
}
