//! Checks of limits against fraud.

use std::cmp::Ordering;

use super::Check;
use crate::money::{Money, Ratio};
use crate::program::document::{
    AttributeKind, Limit, LimitAnswer, LimitedActivities, LimitedAmount, LimitedPoints, LimitedShared,
    LimitedSpend, Measure,
};
use crate::time::Window;

/// The most limits of a program.
const MOST_LIMITS: usize = 64;

impl Check<'_> {
    pub fn limits(&mut self) {
        let limits = &self.document.limits;
        self.unique("/limits", limits.iter().map(|limit| &limit.id));
        if limits.len() > MOST_LIMITS {
            let message = format!("{} limits are more than {MOST_LIMITS}", limits.len());
            self.problem("wrong_length", "/limits", message, "keep those that matter");
        }
        for (index, limit) in limits.iter().enumerate() {
            self.limit(limit, &format!("/limits/{index}"));
        }
    }

    fn limit(&mut self, limit: &Limit, path: &str) {
        if let Some(when) = &limit.when {
            self.condition(when, &format!("{path}/when"));
        }
        if limit.then == LimitAnswer::Clip && !matches!(limit.measures, Measure::Points(_)) {
            let message = format!("the limit `{}` measures nothing that could be given in part", limit.id);
            let help = "clip points only; answer anything else with `allow` or `block`";
            self.problem("limit_clip", format!("{path}/then"), message, help);
        }
        let path = format!("{path}/measures");
        match &limit.measures {
            Measure::Activities(LimitedActivities { at_most, window }) => {
                let path = format!("{path}/activities");
                self.limited(u64::from(*at_most), LimitedActivities::MOST.into(), &format!("{path}/at_most"));
                self.window(*window, &format!("{path}/window"));
            }
            Measure::Spend(LimitedSpend { at_most, window, basis }) => {
                let path = format!("{path}/spend");
                if *at_most < Money::ZERO {
                    let message = format!("`{at_most}` is below 0");
                    self.problem("limit_range", format!("{path}/at_most"), message, "write 0 or more");
                }
                self.window(*window, &format!("{path}/window"));
                self.basis(basis, &format!("{path}/basis"));
            }
            Measure::Points(LimitedPoints { currency, at_most, window }) => {
                let path = format!("{path}/points");
                self.currency_exists(currency, &format!("{path}/currency"));
                let declared = self.document.currencies.iter().find(|it| it.id == *currency);
                if let Some(declared) = declared {
                    self.points(*at_most, declared.scale, &format!("{path}/at_most"));
                }
                self.window(*window, &format!("{path}/window"));
            }
            Measure::Amount(LimitedAmount { at_most_times, after, basis, .. }) => {
                let path = format!("{path}/amount");
                if at_most_times.ratio().compare(Ratio::ZERO).is_ok_and(Ordering::is_eq) {
                    let message = "0 times as much is never within the limit".to_owned();
                    let help = "write such as \"5\", or block every purchase with `spend`";
                    self.problem("limit_range", format!("{path}/at_most_times"), message, help);
                }
                self.limited(u64::from(*after), LimitedAmount::MOST_BEFORE.into(), &format!("{path}/after"));
                self.basis(basis, &format!("{path}/basis"));
            }
            Measure::Interval(interval) => {
                let (length, unit, most) = interval.parts();
                self.limited(u64::from(length), most.into(), &format!("{path}/interval/{unit}"));
            }
            Measure::SinceEnrolment(span) => self.span(*span, &format!("{path}/since_enrolment")),
            Measure::Shared(shared) => self.shared_limit(shared, &format!("{path}/shared")),
        }
    }

    fn shared_limit(&mut self, shared: &LimitedShared, path: &str) {
        let LimitedShared { by, at_most, window, .. } = shared;
        if self.attribute(by, &format!("{path}/by")).is_some_and(|kind| kind != AttributeKind::Text) {
            let message = format!("the attribute `{by}` is not text");
            let help = "compare by what is written, such as a card or a device";
            self.problem("limit_by", format!("{path}/by"), message, help);
        }
        self.limited(u64::from(*at_most), LimitedActivities::MOST.into(), &format!("{path}/at_most"));
        self.window(*window, &format!("{path}/window"));
        if *window == Window::AnniversaryYear {
            let message = "members have no year of the membership together".to_owned();
            self.problem("limit_window", format!("{path}/window"), message, "use a window of the calendar");
        }
    }

    /// A number of a limit, from 1 on.
    fn limited(&mut self, number: u64, most: u64, path: &str) {
        if !(1..=most).contains(&number) {
            let message = format!("`{number}` is outside 1 to {most}");
            self.problem("limit_range", path, message, "correct the number, or leave the limit out");
        }
    }
}
