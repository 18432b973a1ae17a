//! Rewards that nobody can have.

use super::Study;
use crate::program::document::Reward;
use crate::time::Date;

/// Warns of rewards that are there for nothing.
pub fn study(study: &mut Study<'_>) {
    let document = study.program.document();
    for (place, reward) in document.rewards.iter().enumerate() {
        let path = format!("/rewards/{place}");
        if is_out_of_reach(reward, study) {
            let message =
                format!("nobody can have `{}`: nobody reaches the levels that it is for", reward.id);
            study.warn("reward_unreachable", path, (message, "let them be reached, or name others"), None);
        } else if is_over(reward, study.today) {
            let message = format!("nobody can have `{}` any more: its dates are over", reward.id);
            study.warn("reward_over", path, (message, "give it new dates, or drop it"), None);
        } else if reward.voucher_value.is_some() && document.conversions.is_empty() {
            let message = format!("nobody gets a voucher that `{}` takes: no points become any", reward.id);
            let help = "add a conversion, unless an earlier version had one whose vouchers are still about";
            study.warn("reward_without_vouchers", path, (message, help), None);
        }
    }
}

fn is_out_of_reach(reward: &Reward, study: &Study<'_>) -> bool {
    reward.tier.as_ref().is_some_and(|test| {
        let out = |level| study.unreachable.iter().any(|it| *it.0 == test.track && it.1 == level);
        test.level.iter().all(out)
    })
}

fn is_over(reward: &Reward, today: Option<Date>) -> bool {
    reward.dates.and_then(|dates| dates.to).zip(today).is_some_and(|(last, today)| last < today)
}
