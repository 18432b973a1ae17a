//! Checks of budgets, and of where they are named.

use std::collections::HashSet;

use super::Check;
use super::earning::{gives_whole_points, rule_gives_whole_points};
use crate::id::AuthorId;
use crate::program::walk::{self, Part};
use crate::time::Window;

/// The most budgets of a program.
const MOST_BUDGETS: usize = 64;

/// A place that names a budget.
struct Named<'a> {
    budget: &'a AuthorId,
    path: String,
    currency: &'a AuthorId,
    /// Whether what is given there is in whole minor units.
    whole: bool,
}

impl<'a> Check<'a> {
    pub fn budgets(&mut self) {
        let document = self.document;
        if document.budgets.len() > MOST_BUDGETS {
            let message = format!("{} budgets are more than {MOST_BUDGETS}", document.budgets.len());
            self.problem("wrong_length", "/budgets", message, "drop those that nothing names any more");
        }
        self.unique("/budgets", document.budgets.iter().map(|budget| &budget.id));
        for (index, budget) in document.budgets.iter().enumerate() {
            let path = format!("/budgets/{index}");
            self.currency_exists(&budget.currency, &format!("{path}/currency"));
            self.points(budget.amount, self.scale_of(&budget.currency), &format!("{path}/amount"));
            if matches!(budget.window, Window::AnniversaryYear | Window::Rolling(_)) {
                let message =
                    format!("the window of the budget `{}` is not the same for all members", budget.id);
                let help = "use `lifetime`, or a window of the calendar such as `month`";
                self.problem("budget_window", format!("{path}/window"), message, help);
            }
        }
        let mut seen = HashSet::new();
        for named in self.named() {
            self.named_well(&named);
            if !seen.insert(named.budget) {
                let message = format!("the budget `{}` is named in two places", named.budget);
                let help = "name it once, in a group around all that comes out of it";
                self.problem("budget_named_twice", named.path, message, help);
            }
        }
    }

    fn named(&self) -> Vec<Named<'a>> {
        let document = self.document;
        let parts = walk::parts(document).into_iter().filter_map(|part| {
            let scale = self.scale_of(part.currency);
            let (budget, whole) = match part.it {
                Part::Rule(rule) => (rule.budget.as_ref()?, rule_gives_whole_points(rule, scale)),
                Part::Group(group) => (group.budget.as_ref()?, gives_whole_points(group, scale)),
            };
            Some(Named { budget, path: format!("{}/budget", part.path), currency: part.currency, whole })
        });
        let all = document.earning.iter().enumerate().filter_map(|(place, earning)| {
            let (budget, currency) = (earning.budget.as_ref()?, &earning.currency);
            // What a whole activity earns is rounded after it.
            Some(Named { budget, path: format!("/earning/{place}/budget"), currency, whole: true })
        });
        parts.chain(all).collect()
    }

    fn named_well(&mut self, named: &Named<'_>) {
        let Named { budget, path, currency, whole } = named;
        let Some(declared) = self.document.budgets.iter().find(|it| it.id == **budget) else {
            let message = format!("there is no budget `{budget}`");
            let help = "declare it under `budgets` or correct the id";
            return self.problem("unknown_budget", path, message, help);
        };
        if declared.currency != **currency {
            let message = format!("the budget `{budget}` is in `{}`, not in `{currency}`", declared.currency);
            self.problem("budget_currency", path, message, "declare a budget in the currency that is earned");
        }
        if !whole {
            let message = format!("the budget `{budget}` would add up fractions of a point");
            let help = "give the rule or group that names it a `round`";
            self.problem("budget_needs_rounding", path, message, help);
        }
    }
}
