//! Whether a member may have a reward, whatever it takes: dates, levels, segments, and how often.

use crate::counter::{self, Slots};
use crate::facts::Facts;
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::problem::Problem;
use crate::program::document::{GrantLimit, Reward};
use crate::tier::Moment;

impl Moment<'_> {
    /// Refuses a reward that is not for the member, or not now.
    pub(super) fn check_offered(
        &self,
        reward: &Reward,
        (state, facts): (&MemberState, &Facts),
    ) -> Result<(), Problem> {
        let refuse = |code, message: String, help: &str| Err(Problem::new(code, "/reward", message, help));
        let id = &reward.id;
        let today = self.when.date;
        let outside = |dates: crate::program::condition::DateRange| {
            dates.from.is_some_and(|from| today < from) || dates.to.is_some_and(|to| today > to)
        };
        if reward.dates.is_some_and(outside) {
            return refuse(
                "reward_not_offered",
                format!("`{id}` is not to be had on {today}"),
                "see its dates",
            );
        }
        if let Some(test) = &reward.tier {
            let held = state.tier(&test.track).map(|held| held.level());
            if !held.is_some_and(|held| test.level.contains(held)) {
                let message = format!("`{id}` is for {}", listed(&test.level));
                return refuse("tier_required", message, "redeem something for everybody");
            }
        }
        if let Some(test) = &reward.segment
            && !test.any_of.iter().any(|segment| facts.segments.contains(segment))
        {
            let message = format!("`{id}` is for the segments {}", listed(&test.any_of));
            return refuse("segment_required", message, "redeem something for everybody");
        }
        Ok(())
    }

    /// Refuses a reward that the member has had as often as one may.
    pub(super) fn check_limit(&self, reward: &Reward, state: &MemberState) -> Result<(), Problem> {
        let id = &reward.id;
        let full = |limit: GrantLimit| {
            let had = counter::find(&state.rewards, id);
            let had = Slots::of(self.program, limit.window).fullest(had, &self.when);
            had.is_none_or(|had| had >= i128::from(limit.times))
        };
        if reward.at_most.is_some_and(full) {
            let message = format!("the member has had `{id}` as often as one may in this window");
            let help = "redeem something else, or later";
            return Err(Problem::new("reward_limit_reached", "/reward", message, help));
        }
        Ok(())
    }

    /// Counts a reward that is had; the slot of its window, where it may be had only so often.
    pub(super) fn count_reward(
        &self,
        reward: &Reward,
        state: &mut MemberState,
    ) -> Result<Option<i64>, OutOfRange> {
        let Some(limit) = reward.at_most else { return Ok(None) };
        let slot = limit.window.slot(&self.when);
        Slots::of(self.program, limit.window).add(&mut state.rewards, &reward.id, slot, 1)?;
        Ok(Some(slot))
    }
}

impl Reward {
    /// Of what is known of a member, what it looks at.
    pub(super) fn looks_at(&self, facts: &Facts) -> Facts {
        let asked = self.segment.iter().flat_map(|test| &test.any_of);
        let segments = asked.filter(|segment| facts.segments.contains(segment)).cloned();
        Facts { segments: segments.collect(), ..Facts::NONE }
    }
}

fn listed(ids: &[AuthorId]) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}
