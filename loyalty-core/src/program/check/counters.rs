//! Checks of counters, of windows, and of conditions on a member's history.

use super::Check;
use crate::id::AuthorId;
use crate::program::condition::{CounterTest, NthTest, SinceLastTest};
use crate::program::document::{AttributeKind, Counted, Counter, Start, Sum};
use crate::time::Window;

/// Days are kept one by one, so a counter of days covers a year at most, in months of 31 days.
const MOST_DAYS: usize = 12 * 31;

impl<'a> Check<'a> {
    pub fn counters(&mut self) {
        self.unique("/counters", self.document.counters.iter().map(|c| &c.id));
        for (index, counter) in self.document.counters.iter().enumerate() {
            self.counter(counter, &format!("/counters/{index}"));
            if counter.start == Start::Copy(counter.id.clone()) {
                let message = format!("the counter `{}` starts from itself", counter.id);
                let path = format!("/counters/{index}/start/copy");
                self.problem("start_from_itself", path, message, "name the older counter, or start at zero");
            }
        }
    }

    fn counter(&mut self, counter: &Counter, path: &str) {
        self.window(counter.window, &format!("{path}/window"));
        self.counted(&counter.counts, &format!("{path}/counts"));
        if counter.counts == Counted::Days && counter.window.most_days().is_none_or(|days| days > MOST_DAYS) {
            let message = "days are counted in windows of whole days, of a year at most".to_owned();
            let help = "shorten the window, or count `purchases`";
            self.problem("counter_window", format!("{path}/window"), message, help);
        }
        if let Some(when) = &counter.when {
            self.condition(when, &format!("{path}/when"));
        }
        if let Some(lines) = &counter.lines {
            self.line_condition(lines, &format!("{path}/lines"));
            if !counter.counts.sums_lines() {
                let message = format!("the counter `{}` sums no lines", counter.id);
                let help = "say what must hold in `when`, or count `spend` or a `sum` of lines";
                self.problem("counter_lines", format!("{path}/lines"), message, help);
            }
        }
    }

    fn counted(&mut self, counts: &Counted, path: &str) {
        match counts {
            Counted::Earned(currency) => self.currency_exists(currency, &format!("{path}/earned")),
            Counted::EarnedOfKind(kind) => {
                if !self.document.currencies.iter().any(|currency| currency.kind == *kind) {
                    let message = "there is no currency of this kind".to_owned();
                    let help = "give a currency this `kind`, or count another";
                    self.problem("unknown_currency", format!("{path}/earned_of_kind"), message, help);
                }
            }
            Counted::Spend(basis) => self.basis(basis, &format!("{path}/spend")),
            Counted::Sum(Sum { attribute, .. }) => {
                let path = format!("{path}/sum/attribute");
                let declared = self.attribute(attribute, &path);
                if declared.is_some_and(|kind| kind != AttributeKind::Number) {
                    let message = format!("the attribute `{attribute}` is not a number");
                    self.problem("attribute_kind", path, message, "declare it with `\"values\": \"number\"`");
                }
            }
            Counted::Purchases | Counted::Days | Counted::Events(_) => {}
        }
    }

    /// A counter by its id, or a problem.
    pub fn counter_named(&mut self, id: &AuthorId, path: &str) -> Option<&'a Counter> {
        let found = self.document.counters.iter().find(|counter| counter.id == *id);
        if found.is_none() {
            let message = format!("there is no counter `{id}`");
            self.problem("unknown_counter", path, message, "declare it under `counters` or correct the id");
        }
        found
    }

    pub fn counter_test(&mut self, test: &CounterTest, path: &str) {
        self.counter_named(&test.id, &format!("{path}/id"));
        self.number(&test.value, &format!("{path}/value"));
    }

    fn counter_of_occasions(&mut self, id: &AuthorId, path: &str) {
        let counter = self.counter_named(id, path);
        if counter.is_some_and(|counter| !counter.counts.counts_occasions()) {
            let message = format!("the counter `{id}` counts no occasions");
            let help = "name a counter of `purchases`, `days` or `events`, or test its value with `counter`";
            self.problem("counter_kind", path, message, help);
        }
    }

    pub fn nth_test(&mut self, test: &NthTest, path: &str) {
        self.counter_of_occasions(&test.counter, &format!("{path}/counter"));
        let given = [test.is, test.every];
        if given.iter().flatten().count() != 1 || given.contains(&Some(0)) {
            let message = "which activity is it?".to_owned();
            self.problem("nth_test", path, message, "give one of `is` and `every`, from 1 on");
        }
    }

    pub fn since_last_test(&mut self, test: &SinceLastTest, path: &str) {
        self.counter_of_occasions(&test.counter, &format!("{path}/counter"));
        let tests = [("days", &test.days), ("hours", &test.hours), ("minutes", &test.minutes)];
        let given = tests.iter().filter_map(|(unit, number)| Some((unit, number.as_ref()?)));
        for (unit, number) in given.clone() {
            self.number(number, &format!("{path}/{unit}"));
        }
        if given.count().saturating_add(usize::from(test.known.is_some())) != 1 {
            let message = "the time since the last takes exactly one test".to_owned();
            let help = "give one of `days`, `hours`, `minutes`, `known`";
            self.problem("since_last_test", path, message, help);
        }
    }

    /// A rolling window has exactly one length, in range.
    pub fn window(&mut self, window: Window, path: &str) {
        let Window::Rolling(rolling) = window else { return };
        let path = format!("{path}/rolling");
        if rolling.given().count() != 1 {
            let message = "a rolling window takes exactly one length".to_owned();
            self.problem(
                "rolling_length",
                &path,
                message,
                "give one of `minutes`, `hours`, `days`, `months`",
            );
        }
        for (unit, length, most) in rolling.given().filter(|(_, length, most)| !(1..=*most).contains(length))
        {
            let message = format!("a rolling window of `{length}` {unit} is outside 1 to {most}");
            let help = "shorten it, or count in a coarser unit, so that a member's state stays small";
            self.problem("rolling_range", format!("{path}/{unit}"), message, help);
        }
        if rolling.step.is_some() && rolling.months.is_none() {
            let message = "only months have a step".to_owned();
            self.problem("rolling_step", format!("{path}/step"), message, "drop it: days move by the day");
        }
    }

    /// A window to the end of which something lasts.
    pub fn window_that_ends(&mut self, window: Window, path: &str) {
        if !window.ends() {
            let message = "the window ends on no date".to_owned();
            let help = "use a calendar window such as `year`; for what never ends there is no need of one";
            self.problem("window_without_end", path, message, help);
        }
    }
}
