//! Challenges that nobody can complete, and such as give nothing.

use super::Study;
use super::levels::unmet;
use crate::program::document::{Challenge, Trigger};
use crate::program::walk;
use crate::time::Date;

/// Warns of challenges that are there for nothing.
pub fn study(study: &mut Study<'_>) {
    let document = study.program.document();
    for (place, challenge) in document.challenges.iter().enumerate() {
        let path = format!("/challenges/{place}");
        if let Some((counter, most)) = unmet(&challenge.complete, document) {
            let message =
                format!("nobody can complete `{}`: `{counter}` never counts more than {most}", challenge.id);
            let help = "lower what it takes, or raise the caps of what is counted";
            study.warn("challenge_unreachable", path, (message, help), None);
        } else if over(challenge, study.today) {
            let message = format!("nobody can complete `{}` any more: its dates are over", challenge.id);
            study.warn("challenge_over", path, (message, "give it new dates, or drop it"), None);
        } else if !is_awarded(study, challenge) {
            let message = format!("completing `{}` gives nothing", challenge.id);
            let help = "add a rule with `\"on\": {\"challenge_completed\": …}`, if that is not meant";
            study.warn("challenge_without_award", path, (message, help), None);
        }
    }
}

fn over(challenge: &Challenge, today: Option<Date>) -> bool {
    challenge.dates.and_then(|dates| dates.to).zip(today).is_some_and(|(last, today)| last < today)
}

fn is_awarded(study: &Study<'_>, challenge: &Challenge) -> bool {
    let rules = walk::rules(study.program.document());
    rules
        .into_iter()
        .any(|rule| matches!(&rule.it.on, Trigger::ChallengeCompleted(id) if *id == challenge.id))
}
