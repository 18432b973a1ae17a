//! Budgets: what all members have used together is a plain sum over all that each of them ever did.

use loyalty_core::activity::Activity;
use loyalty_core::id::AuthorId;
use loyalty_core::time::OffsetTime;

use crate::calendar::Moment;
use crate::history::cap_used;
use crate::number::{Exact, minor_units, whole};
use crate::rating::budget_key;
use crate::{Model, Outcome, Refused};

impl Model {
    /// What the member has used of a budget in the window of `time`, in minor units.
    pub fn used_of(&self, budget: &AuthorId, time: OffsetTime) -> Exact {
        self.used_at(budget, self.moment(time, self.calendar.date_of(time)))
    }

    fn used_at(&self, budget: &AuthorId, now: Moment) -> Exact {
        let declared = self.document.budgets.iter().find(|it| it.id == *budget).expect("a declared budget");
        let key = budget_key(budget);
        cap_used((&self.past, &self.given.cap_uses(&key)), &key, declared.window, now)
    }

    /// What a budget has left for all members together, in minor units.
    pub(crate) fn left_of(&self, budget: &AuthorId, now: Moment) -> Exact {
        let declared = self.document.budgets.iter().find(|it| it.id == *budget).expect("a declared budget");
        let currency = self.document.currencies.iter().find(|it| it.id == declared.currency);
        let amount = minor_units(declared.amount, currency.expect("a declared currency").scale);
        let others = self.used_by_others.get(budget.as_str()).cloned().unwrap_or(whole(0));
        amount - self.used_at(budget, now) - others
    }

    /// Records what happened next to one of several members, who share the budgets of the program.
    pub fn record_among(&mut self, others: &[&Self], activity: &Activity) -> Result<Outcome, Refused> {
        let time = activity.occurred_at();
        let used = |id: &AuthorId| others.iter().map(|other| other.used_of(id, time)).sum();
        self.used_by_others =
            self.document.budgets.iter().map(|it| (it.id.to_string(), used(&it.id))).collect();
        self.record(activity)
    }
}
