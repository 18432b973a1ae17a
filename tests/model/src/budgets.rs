//! Budgets: what all members have used together is a plain sum over all that each of them ever did.

use loyalty_core::activity::Activity;
use loyalty_core::id::AuthorId;
use loyalty_core::program::document::Budget;
use loyalty_core::time::OffsetTime;

use crate::calendar::{Moment, covers};
use crate::history::{Past, cap_used};
use crate::number::{BigInt, Exact, minor_units, whole};
use crate::rating::budget_key;
use crate::share::Share;
use crate::vesting::{Fate, Given};
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
        let others = self.used_by_others.get(budget.as_str()).cloned().unwrap_or(whole(0));
        self.amount_of(budget) - self.used_at(budget, now) - others
    }

    /// All that a budget ever gives in a window, in minor units.
    fn amount_of(&self, budget: &AuthorId) -> Exact {
        let declared = self.document.budgets.iter().find(|it| it.id == *budget).expect("a declared budget");
        let currency = self.document.currencies.iter().find(|it| it.id == declared.currency);
        minor_units(declared.amount, currency.expect("a declared currency").scale)
    }

    /// Of budgets that were not read nobody knows what they had left: others may have used all of them.
    pub(crate) fn forget_all_but(&mut self, read: &[(AuthorId, Moment)], now: Moment) {
        let is_read = |budget: &&Budget| {
            read.iter().any(|(id, of)| *id == budget.id && covers(budget.window, now, *of))
        };
        let unread = self.document.budgets.iter().filter(|it| !is_read(it));
        let unread: Vec<_> = unread.map(|it| (it.id.to_string(), self.amount_of(&it.id))).collect();
        self.used_by_others.extend(unread);
    }

    /// Reads the budgets that get something back with what waits of an award.
    pub(crate) fn read_for_what_waits(&self, past: &Past, given: &Given) {
        for budget in &self.document.budgets {
            let mut own = given.caps.iter().filter(|cap| cap.0 == budget_key(&budget.id));
            let waits = |share: &Share| {
                let mut lines = past.kept(share).into_iter().zip(&given.fates);
                lines.any(|(points, fate)| *fate == Fate::Pending && points > BigInt::ZERO)
            };
            if own.any(|cap| waits(&cap.1)) {
                self.read.borrow_mut().push((budget.id.clone(), past.moment));
            }
        }
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
