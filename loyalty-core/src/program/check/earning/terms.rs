//! Checks of the terms on which rules give points.

use std::collections::HashMap;

use crate::id::AuthorId;
use crate::program::check::Check;
use crate::program::document::{Combine, Group, Rule, RuleExpiry, Trigger, Vest, VestingEvent};
use crate::program::rules_under;

impl Check<'_> {
    /// What a rule says of when its points may be spent, when they lapse and who pays for them.
    pub(super) fn terms(&mut self, rule: &Rule, path: &str) {
        match &rule.vest {
            Some(Vest::After(span)) => self.span(*span, &format!("{path}/vest/after")),
            Some(Vest::Event(event)) => self.vesting_event(rule, event, &format!("{path}/vest/event")),
            Some(Vest::On(_)) | None => {}
        }
        self.expiry_of_points(rule.expiry.as_ref(), path);
        if rule.on.is_reached() && rule.vest.is_some() {
            let message = format!("points of the rule `{}` are there when it is reached", rule.id);
            let help = "leave `vest` out: what is reached gives at once";
            self.problem("level_award_terms", path, message, help);
        }
        if rule.on == Trigger::Enrolment && rule.vest.is_some() {
            let message = format!("points of the rule `{}` are there when the member joins", rule.id);
            let help = "leave `vest` out, or let an event award them";
            self.problem("welcome_vests", format!("{path}/vest"), message, help);
        }
        if let Some(partner) = &rule.funded_by {
            self.partner_exists(partner, &format!("{path}/funded_by"));
        }
    }

    /// When points lapse instead of as their currency says.
    pub fn expiry_of_points(&mut self, expiry: Option<&RuleExpiry>, path: &str) {
        if let Some(RuleExpiry::By(expiry)) = expiry {
            self.span(expiry.after, &format!("{path}/expiry/after"));
            if let Some(window) = expiry.to_end_of {
                self.window_that_ends(window, &format!("{path}/expiry/to_end_of"));
            }
        }
    }

    fn vesting_event(&mut self, rule: &Rule, event: &VestingEvent, path: &str) {
        self.span(event.within, &format!("{path}/within"));
        if rule.on != Trigger::Purchase {
            let message = format!("points of the rule `{}` are those of no purchase", rule.id);
            let help = "events name a purchase: use `after` or `on`, or record a purchase";
            self.problem("vest_needs_purchase", path, message, help);
        }
        if event.cancelled_by.contains(&event.name) {
            let message = format!("the event `{}` would let the points vest and cancel them", event.name);
            self.problem("event_twice", format!("{path}/cancelled_by"), message, "name another event");
        }
    }

    /// The values of an `all` group are summed before they are rounded, so that its rules share their terms.
    pub(super) fn common_terms(&mut self, group: &Group, path: &str) {
        // What is given on different occasions is never summed.
        let (rules, mut first) = (rules_under(group), HashMap::new());
        let mut terms = rules.iter().map(|rule| (occasion(&rule.on), rule.terms()));
        let differ = terms.any(|(on, terms)| *first.entry(on).or_insert(terms) != terms);
        if group.combine == Combine::All && differ {
            let message =
                format!("the rules of the group `{}` vest, lapse or are funded differently", group.id);
            let help = "put those that differ into groups of their own beside it";
            self.problem("terms_differ", path, message, help);
        }
    }
}

/// What rules answer to together: what happens itself, joining, the levels of a track, a challenge.
const fn occasion(on: &Trigger) -> (u8, Option<&AuthorId>) {
    match on {
        Trigger::Purchase | Trigger::Event(_) | Trigger::Birthday | Trigger::Anniversary => (0, None),
        Trigger::Enrolment => (1, None),
        Trigger::TierReached(on) => (2, Some(&on.track)),
        Trigger::ChallengeCompleted(id) => (3, Some(id)),
    }
}
