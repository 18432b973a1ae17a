//! Checks of grants, and of the vouchers and badges that they give.

use super::Check;
use crate::id::AuthorId;
use crate::money::{Money, Quantity};
use crate::program::document::{Counted, Credit, Give, GivenTier, Grant, GrantLimit, Trigger, Voucher};

/// The most vouchers, badges or grants of a program.
const MOST: usize = 256;
/// How often a voucher may be used, or a grant may give, at most.
const MOST_TIMES: u16 = 1_000;
/// The longest item, in bytes.
const LONGEST_ITEM: usize = 200;

impl Check<'_> {
    pub fn grants(&mut self) {
        let document = self.document;
        self.few("/vouchers", document.vouchers.len());
        self.unique("/vouchers", document.vouchers.iter().map(|it| &it.id));
        for (index, voucher) in document.vouchers.iter().enumerate() {
            self.voucher(voucher, &format!("/vouchers/{index}"));
        }
        self.few("/badges", document.badges.len());
        self.unique("/badges", document.badges.iter().map(|it| &it.id));
        self.few("/grants", document.grants.len());
        self.unique("/grants", document.grants.iter().map(|it| &it.id));
        for (index, grant) in document.grants.iter().enumerate() {
            self.grant(grant, &format!("/grants/{index}"));
        }
    }

    fn few(&mut self, path: &str, length: usize) {
        if length > MOST {
            let message = format!("{length} are more than {MOST}");
            self.problem("wrong_length", path, message, "join those that differ in one value");
        }
    }

    fn voucher(&mut self, voucher: &Voucher, path: &str) {
        let given = [voucher.amount_off.is_some(), voucher.percent_off.is_some(), voucher.item.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            let message = format!("the voucher `{}` has to be for one thing", voucher.id);
            self.problem("voucher_value", path, message, "give one of `amount_off`, `percent_off`, `item`");
        }
        if voucher.amount_off.is_some_and(|off| off <= Money::ZERO) {
            let path = format!("{path}/amount_off");
            self.problem("voucher_amount", path, "nothing is off".into(), "write such as \"5.00\"");
        }
        if voucher.percent_off.is_some_and(|off| off <= Quantity::ZERO || off > hundred()) {
            let message = "a part is above 0 and at most 100".to_owned();
            self.problem("voucher_percent", format!("{path}/percent_off"), message, "write such as \"10\"");
        }
        if voucher.item.as_ref().is_some_and(|item| item.is_empty() || item.len() > LONGEST_ITEM) {
            let message = format!("an item has 1 to {LONGEST_ITEM} bytes");
            self.problem("wrong_length", format!("{path}/item"), message, "say in short what there is");
        }
        if !(1..=MOST_TIMES).contains(&voucher.uses) {
            let message = format!("a voucher is used 1 to {MOST_TIMES} times");
            self.problem("voucher_uses", format!("{path}/uses"), message, "leave it out for once");
        }
        if let Some(expiry) = &voucher.expiry {
            self.span(expiry.after, &format!("{path}/expiry/after"));
            if let Some(window) = expiry.to_end_of {
                self.window_that_ends(window, &format!("{path}/expiry/to_end_of"));
            }
        }
        if let Some(partner) = &voucher.funded_by {
            self.partner_exists(partner, &format!("{path}/funded_by"));
        }
    }

    fn grant(&mut self, grant: &Grant, path: &str) {
        match &grant.on {
            Trigger::ChallengeCompleted(id) => {
                self.challenge_completed(id, &format!("{path}/on/challenge_completed"));
            }
            Trigger::TierReached(on) => self.tier_reached(on, &format!("{path}/on/tier_reached")),
            _ => {}
        }
        if let Some(when) = &grant.when {
            self.condition(when, &format!("{path}/when"));
        }
        self.gives(&grant.give, &format!("{path}/give"));
        if grant.on.is_reached() && matches!(grant.give, Give::Tier(_) | Give::Credit(_)) {
            let message =
                format!("the grant `{}` gives for what is reached what others are reached by", grant.id);
            let help = "give a voucher or a badge, or let it answer to something else";
            self.problem("grant_reaches_again", format!("{path}/give"), message, help);
        }
        self.times(grant.at_most, path);
    }

    /// How often something gives.
    pub fn times(&mut self, at_most: Option<GrantLimit>, path: &str) {
        if let Some(limit) = at_most {
            if !(1..=MOST_TIMES).contains(&limit.times) {
                let message = format!("it gives 1 to {MOST_TIMES} times");
                let help = "leave `at_most` out where it gives each time";
                self.problem("grant_times", format!("{path}/at_most/times"), message, help);
            }
            self.window(limit.window, &format!("{path}/at_most/window"));
        }
    }

    fn gives(&mut self, give: &Give, path: &str) {
        match give {
            Give::Voucher(id) => self.voucher_exists(id, &format!("{path}/voucher")),
            Give::Badge(id) if !self.document.badges.iter().any(|it| it.id == *id) => {
                let message = format!("there is no badge `{id}`");
                let help = "declare it under `badges` or correct the id";
                self.problem("unknown_badge", format!("{path}/badge"), message, help);
            }
            Give::Badge(_) => {}
            Give::Tier(given) => self.given_tier(given, &format!("{path}/tier")),
            Give::Credit(credit) => self.credit(credit, &format!("{path}/credit")),
        }
    }

    pub fn voucher_exists(&mut self, id: &AuthorId, path: &str) {
        if !self.document.vouchers.iter().any(|it| it.id == *id) {
            let message = format!("there is no voucher `{id}`");
            let help = "declare it under `vouchers` or correct the id";
            self.problem("unknown_voucher", path, message, help);
        }
    }

    fn given_tier(&mut self, given: &GivenTier, path: &str) {
        self.span(given.lasts, &format!("{path}/for"));
        let Some(track) = self.document.tiers.iter().find(|track| track.id == given.track) else {
            let message = format!("there is no tier track `{}`", given.track);
            self.problem("unknown_tier", format!("{path}/track"), message, "declare it under `tiers`");
            return;
        };
        match track.rank(&given.level) {
            None => {
                let message = format!("the track `{}` has no level `{}`", track.id, given.level);
                self.problem("unknown_tier", format!("{path}/level"), message, "correct the level's id");
            }
            Some(0) => {
                let message = format!("everybody holds `{}`", given.level);
                self.problem("tier_not_higher", format!("{path}/level"), message, "give a higher level");
            }
            Some(_) => {}
        }
    }

    fn credit(&mut self, credit: &Credit, path: &str) {
        let Some(counter) = self.document.counters.iter().find(|it| it.id == credit.counter) else {
            let message = format!("there is no counter `{}`", credit.counter);
            let help = "declare it under `counters` or correct the id";
            self.problem("unknown_counter", format!("{path}/counter"), message, help);
            return;
        };
        if counter.counts == Counted::Days {
            let message = format!("`{}` counts days, of which none is given", counter.id);
            self.problem("credit_of_days", format!("{path}/counter"), message, "credit another counter");
        }
        let decimals = match &counter.counts {
            Counted::Earned(currency) => self.scale_of(currency),
            Counted::EarnedOfKind(_) | Counted::Spend(_) | Counted::Sum(_) => 4,
            Counted::Purchases | Counted::Days | Counted::Events(_) => 0,
        };
        let unit = 10_i128.pow(4_u32.saturating_sub(u32::from(decimals)));
        let units = credit.amount.units();
        if units <= 0 || units.checked_rem(unit) != Some(0) {
            let message = format!("`{}` is not above 0, or finer than what is counted", credit.amount);
            let help = "write what the counter counts, such as \"2\" visits";
            self.problem("credit_amount", format!("{path}/amount"), message, help);
        }
    }
}

/// 100 percent.
fn hundred() -> Quantity {
    Quantity::from_units(Quantity::ONE.units().saturating_mul(100))
}
