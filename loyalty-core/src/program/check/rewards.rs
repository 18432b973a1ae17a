//! Checks of rewards.

use super::Check;
use crate::id::AuthorId;
use crate::money::{Money, Multiplier, Quantity};
use crate::program::document::{
    AmountOff, AmountOffPerUnit, AmountOffSteps, Buckets, PercentOff, PlusCash, PointsOff, Reward,
};
use crate::redemption::hold::MOST_MINUTES;

/// The most rewards of a program.
const MOST_REWARDS: usize = 1_000;

impl Check<'_> {
    pub fn rewards(&mut self) {
        let rewards = &self.document.rewards;
        if rewards.len() > MOST_REWARDS {
            let message = format!("{} rewards are more than {MOST_REWARDS}", rewards.len());
            self.problem("wrong_length", "/rewards", message, "drop those that nobody redeems");
        }
        if self.document.quote_minutes.is_some_and(|minutes| !(1..=MOST_MINUTES).contains(&minutes)) {
            let message = format!("a quote is valid for 1 to {MOST_MINUTES} minutes");
            self.problem("minutes_range", "/quote_minutes", message, "write such as 15, or leave it out");
        }
        self.unique("/rewards", rewards.iter().map(|reward| &reward.id));
        for (index, reward) in rewards.iter().enumerate() {
            self.reward(reward, &format!("/rewards/{index}"));
        }
    }

    fn reward(&mut self, reward: &Reward, path: &str) {
        let given = [
            reward.amount_off.is_some(),
            reward.amount_off_per_unit.is_some(),
            reward.percent_off.is_some(),
            reward.voucher.is_some(),
            reward.voucher_value.is_some(),
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            let message = format!("the reward `{}` gives more than one thing", reward.id);
            self.problem("reward_ambiguous", path, message, "make two rewards of it");
        }
        if let Some(tier) = &reward.tier {
            self.tier_test(tier, &format!("{path}/tier"));
        }
        if let Some(segment) = &reward.segment {
            self.segment_test(segment, &format!("{path}/segment"));
        }
        if let Some(dates) = reward.dates {
            self.dates(dates, &format!("{path}/dates"));
        }
        self.times(reward.at_most, path);
        if let Some(voucher) = &reward.voucher {
            self.voucher_exists(voucher, &format!("{path}/voucher"));
        }
        match reward.voucher_value {
            Some(times) => self.by_voucher(reward, times, path),
            None => self.by_points(reward, path),
        }
    }

    /// A reward that takes a voucher looks at no points.
    fn by_voucher(&mut self, reward: &Reward, times: Multiplier, path: &str) {
        if times == Multiplier::NOTHING {
            self.not_positive(&format!("{path}/voucher_value"));
        }
        let of_points = [
            ("currency", reward.currency.is_some()),
            ("points", reward.points.is_some()),
            ("plus_cash", reward.plus_cash.is_some()),
            ("buckets", reward.buckets != Buckets::Any),
            ("prefer", reward.prefer.is_some()),
        ];
        for (field, _) in of_points.into_iter().filter(|(_, given)| *given) {
            let message = format!("the reward `{}` takes a voucher, not points", reward.id);
            let help = "leave it out, or leave `voucher_value` out";
            self.problem("price_ambiguous", format!("{path}/{field}"), message, help);
        }
    }

    fn by_points(&mut self, reward: &Reward, path: &str) {
        self.spent_currency(("reward", &reward.id), reward.currency.as_ref(), path);
        let currency = self.document.spent(reward.currency.as_ref());
        let scale = currency.map_or(4, |currency| currency.scale.min(4));
        let by_steps = matches!(reward.amount_off, Some(AmountOff::Steps(_)));
        if let Some(cash) = &reward.plus_cash {
            self.plus_cash(reward, cash, scale, &format!("{path}/plus_cash"));
        }
        self.reward_price(reward, by_steps || reward.amount_off_per_unit.is_some(), scale, path);
        match &reward.amount_off {
            Some(AmountOff::Fixed(off)) => self.money_off(*off, &format!("{path}/amount_off")),
            Some(AmountOff::Steps(steps)) => self.steps_off(steps, scale, &format!("{path}/amount_off")),
            None => {}
        }
        if let Some(per_unit) = &reward.amount_off_per_unit {
            self.off_per_unit(per_unit, scale, &format!("{path}/amount_off_per_unit"));
        }
        if let Some(percent) = &reward.percent_off {
            self.percent_off(percent, &format!("{path}/percent_off"));
        }
        if reward.prefer.is_some() && reward.buckets == Buckets::Any {
            let message = format!("the reward `{}` is paid from all points", reward.id);
            let help = "write `\"buckets\": \"one_bucket\"`, or leave `prefer` out";
            self.problem("prefer_without_bucket", format!("{path}/prefer"), message, help);
        }
    }

    /// The currency whose points something takes, which it may leave out where there is only one.
    pub fn spent_currency(&mut self, (what, id): (&str, &AuthorId), named: Option<&AuthorId>, path: &str) {
        let Some(id) = named else {
            if self.document.spent(None).is_none() {
                let message = format!("the {what} `{id}` does not say which currency it takes");
                self.problem("currency_missing", path, message, "name a redeemable one in `currency`");
            }
            return;
        };
        self.currency_is_spent(id, &format!("{path}/currency"));
    }

    fn reward_price(&mut self, reward: &Reward, by_steps: bool, scale: u8, path: &str) {
        match reward.points {
            Some(_) if by_steps => {
                let message = format!("the reward `{}` has a price and steps", reward.id);
                let help = "leave `points` out: the steps say what is taken";
                self.problem("price_ambiguous", format!("{path}/points"), message, help);
            }
            Some(points) => self.points_above_zero(points, scale, &format!("{path}/points")),
            None if !by_steps => {
                let message = format!("the reward `{}` has no price", reward.id);
                self.problem("price_missing", path, message, "say how many `points` it takes");
            }
            None => {}
        }
    }

    /// Only a price has a part.
    fn plus_cash(&mut self, reward: &Reward, cash: &PlusCash, scale: u8, path: &str) {
        let Some(price) = reward.points else {
            let message = format!("the reward `{}` has no price of which a part could be money", reward.id);
            self.problem("price_missing", path, message, "say how many `points` it takes, or leave it out");
            return;
        };
        if cash.per_point <= Quantity::ZERO {
            self.not_positive(&format!("{path}/per_point"));
        }
        let Some(least) = cash.at_least else { return };
        self.points_above_zero(least, scale, &format!("{path}/at_least"));
        if least > price {
            self.empty_range(&format!("{path}/at_least"));
        }
    }

    fn steps_off(&mut self, steps: &AmountOffSteps, scale: u8, path: &str) {
        self.step(&steps.per_full, scale, path);
        let step = steps.per_full.points;
        let least = steps.at_least.as_ref().map(|least| least.points);
        let most = steps.at_most.as_ref().and_then(|most| most.points);
        if let Some(least) = least {
            self.full_steps(least, step, scale, &format!("{path}/at_least/points"));
        }
        if let Some(most) = most {
            self.full_steps(most, step, scale, &format!("{path}/at_most/points"));
        }
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            self.empty_range(&format!("{path}/at_most"));
        }
        if let Some(off) = steps.at_most.as_ref().and_then(|most| most.off) {
            self.money_off(off, &format!("{path}/at_most/off"));
        }
        self.share(steps.share_of_bill, "the bill", &format!("{path}/share_of_bill"));
    }

    fn off_per_unit(&mut self, per_unit: &AmountOffPerUnit, scale: u8, path: &str) {
        if per_unit.unit.is_empty() || per_unit.unit.len() > 64 {
            let message = "a unit has 1 to 64 bytes".to_owned();
            self.problem("wrong_length", format!("{path}/unit"), message, "name it, such as `gal`");
        }
        self.step(&per_unit.per_full, scale, path);
        let Some(most) = &per_unit.at_most else { return };
        if let Some(points) = most.points {
            self.full_steps(points, per_unit.per_full.points, scale, &format!("{path}/at_most/points"));
        }
        if most.units.is_some_and(|units| units <= Quantity::ZERO) {
            self.not_positive(&format!("{path}/at_most/units"));
        }
    }

    fn percent_off(&mut self, off: &PercentOff, path: &str) {
        let most = Quantity::from_units(100_000_000);
        if off.percent <= Quantity::ZERO || off.percent > most {
            let message = format!("`{}` is not above 0 and at most 100", off.percent);
            self.problem("percent_range", format!("{path}/percent"), message, "write such as \"20\"");
        }
        if let Some(most) = off.at_most {
            self.money_off(most, &format!("{path}/at_most"));
        }
    }

    pub fn step(&mut self, step: &PointsOff, scale: u8, path: &str) {
        self.points_above_zero(step.points, scale, &format!("{path}/per_full/points"));
        self.money_off(step.off, &format!("{path}/per_full/off"));
    }

    fn full_steps(&mut self, points: Quantity, step: Quantity, scale: u8, path: &str) {
        self.points_above_zero(points, scale, path);
        let rest = points.units().checked_rem(step.units());
        if points > Quantity::ZERO && rest.is_some_and(|rest| rest != 0) {
            let message = format!("`{points}` are no full steps of {step}");
            self.problem("no_full_steps", path, message, "write a multiple of the step");
        }
    }

    pub fn points_above_zero(&mut self, points: Quantity, scale: u8, path: &str) {
        if points <= Quantity::ZERO {
            self.not_positive(path);
        } else {
            self.points(points, scale, path);
        }
    }

    fn money_off(&mut self, off: Money, path: &str) {
        if off <= Money::ZERO {
            self.not_positive(path);
        }
    }

    fn not_positive(&mut self, path: &str) {
        self.problem("not_positive", path, "it has to be above 0".into(), "correct it, or leave it out");
    }
}
