//! Caps: the most that a rule, a group or an activity gives, alone or in a window; and budgets, which all share.

use super::{CapUse, Rating, shown};
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::ledger::operation::CountedBy;
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::points::Points;
use crate::program::document::{Budget, Cap, CapScope, Over};
use crate::shared::Want;
use crate::time::Window;

impl<'s, T: Trace> Rating<'s, '_, T> {
    /// The value under a cap.
    pub fn capped(&mut self, cap: &Cap, value: Ratio) -> Result<Ratio, OutOfRange> {
        let limit = self.left(cap)?;
        let kept = kept_of(value, limit, cap.over)?;
        self.tell_room(&cap.id, "cap", [value, limit, kept]);
        Ok(kept)
    }

    fn tell_room(&mut self, of: &AuthorId, kind: &str, [value, limit, kept]: [Ratio; 3]) {
        let unit = self.unit;
        self.trace.step(|| {
            let [limit, kept_shown, value] = [limit, kept, value].map(|v| shown(v, unit));
            let text = format!("{kind} `{of}` leaves room for {limit}: {kept_shown} of {value}");
            Step::new(StepKind::Cap, of, text).with(kept)
        });
    }

    /// The room that a cap leaves.
    fn left(&self, cap: &Cap) -> Result<Ratio, OutOfRange> {
        let most = cap.at_most.ratio().times(self.unit)?;
        let used = match cap.per {
            CapScope::Activity => return Ok(most),
            CapScope::Window(window) => self.subject.used(&cap.id, window),
            CapScope::Balance => Some(i128::from(self.subject.state.holds_of(self.currency)?.minor())),
        };
        // A window that is no longer kept has no room: a cap is never exceeded. Deciding refuses it before.
        let Some(used) = used else { return Ok(Ratio::ZERO) };
        let left = most.minus(Ratio::whole(used))?;
        Ok(if left.is_negative() { Ratio::ZERO } else { left })
    }

    /// The window of a cap, and the slot in which it counts the activity.
    pub fn slot_of(&self, cap: &Cap) -> Option<(Window, i64)> {
        match cap.per {
            CapScope::Activity | CapScope::Balance => None,
            CapScope::Window(window) => Some((window, window.slot(&self.subject.when()))),
        }
    }

    /// A budget of the program by its id.
    pub fn budget(&self, id: Option<&AuthorId>) -> Option<&'s Budget> {
        id.and_then(|id| self.subject.program.budget(id))
    }

    /// The window of a budget, and the slot in which the activity draws on it.
    pub fn slot_of_budget(&self, budget: &Budget) -> (Window, i64) {
        (budget.window, budget.window.slot(&self.subject.when()))
    }

    /// The value that a budget has room for; what is wanted of it is noted.
    pub fn budgeted(&mut self, budget: &Budget, value: Ratio) -> Result<Ratio, OutOfRange> {
        if value.is_negative() || value.is_zero() {
            return Ok(value);
        }
        let slot = self.slot_of_budget(budget).1;
        let amount = Points::from_wide(value.round(Rounding::Ceil))?;
        self.wants.push(Want { budget: budget.id.clone(), slot, amount });
        let left = self.subject.readings.iter().find(|it| it.budget == budget.id && it.slot == slot);
        let left = left.map_or(0, |reading| i128::from(reading.left.minor()));
        let limit = Ratio::whole(left);
        let kept = kept_of(value, limit, budget.over)?;
        self.tell_room(&budget.id, "budget", [value, limit, kept]);
        Ok(kept)
    }

    /// The value of a rule or group under its caps and its budget; each window loses what is given in the end.
    pub fn limited(
        &mut self,
        caps: &[Cap],
        budget: Option<&AuthorId>,
        value: Ratio,
    ) -> Result<Ratio, OutOfRange> {
        let mut kept = value;
        for cap in caps {
            kept = self.capped(cap, kept)?;
        }
        let budget = self.budget(budget);
        if let Some(budget) = budget {
            kept = self.budgeted(budget, kept)?;
        }
        let amount = Points::from_wide(kept.round(Rounding::Floor))?;
        if !amount.is_positive() {
            return Ok(kept);
        }
        let amount = i128::from(amount.minor());
        for cap in caps {
            if let Some((window, slot)) = self.slot_of(cap) {
                let of = CountedBy::Cap(cap.id.clone());
                self.given.use_cap(CapUse { of, window, slot, amount });
            }
        }
        if let Some(budget) = budget {
            let (window, slot) = self.slot_of_budget(budget);
            let of = CountedBy::Budget(budget.id.clone());
            self.given.use_cap(CapUse { of, window, slot, amount });
        }
        Ok(kept)
    }
}

/// What fits into the room that is left.
fn kept_of(value: Ratio, limit: Ratio, over: Over) -> Result<Ratio, OutOfRange> {
    let over_it = value.compare(limit)?.is_gt();
    Ok(match (over_it, over) {
        (false, _) => value,
        (true, Over::Clip) => limit,
        (true, Over::Reject) => Ratio::ZERO,
    })
}
