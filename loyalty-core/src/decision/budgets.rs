//! What a decision draws on budgets and gives back to them.

use super::{Context, Decision, decide};
use crate::command::Command;
use crate::explain::{NoTrace, Trace};
use crate::ledger::operation::{CountedBy, CountedIn, Operation};
use crate::member::MemberState;
use crate::points::Points;
use crate::problem::Problem;
use crate::shared::{Reading, Want};

impl CountedIn {
    /// Whether a budget counts it.
    pub const fn is_of_budget(&self) -> bool {
        matches!(self.of, CountedBy::Budget(_))
    }
}

impl Operation {
    /// What it draws on budgets, above 0, and gives back to them, below 0; what fell due before it included.
    pub fn budgeted(&self) -> impl Iterator<Item = &CountedIn> {
        let all = self.counted.iter().chain(&self.settlement.budgets);
        all.filter(|one| one.is_of_budget())
    }
}

impl Operation {
    /// The same as a preview shows it, which leases nothing.
    #[must_use]
    pub fn without_leases(&self) -> Self {
        let mut operation = self.clone();
        operation.readings.iter_mut().for_each(|reading| reading.lease = 0);
        operation
    }
}

/// [`decide`] with budgets of which nothing is used.
pub fn decide_unused<T: Trace>(
    context: &Context<'_>,
    state: Option<&MemberState>,
    command: &Command,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let mut readings: Vec<Reading> = Vec::new();
    loop {
        let context = Context { readings: &readings, ..*context };
        let decision = decide(&context, state, command, &mut NoTrace)?;
        let unread = decision.wants.iter().find(|want| !readings.iter().any(|it| want.is_of(it)));
        let Some(want) = unread else { return decide(&context, state, command, trace) };
        let program = context.programs.version(decision.operation.version);
        let left = program.map_or(Points::ZERO, |program| program.budget_amount(&want.budget));
        readings.push(Reading { budget: want.budget.clone(), slot: want.slot, left, lease: 0 });
    }
}

impl Decision {
    /// Joins what is wanted of each window of a budget, and notes the readings that were looked at.
    pub(super) fn look_at_budgets(&mut self, readings: &[Reading]) {
        let back = self.operation.budgeted().filter(|one| one.amount < 0).filter_map(|one| match &one.of {
            CountedBy::Budget(id) => Some(Want { budget: id.clone(), slot: one.slot, amount: Points::ZERO }),
            _ => None,
        });
        let all = std::mem::take(&mut self.wants).into_iter().chain(back.collect::<Vec<_>>());
        for want in all {
            match self.wants.iter_mut().find(|it| it.budget == want.budget && it.slot == want.slot) {
                // What is no number any more is more than any budget has.
                Some(known) => known.amount = known.amount.plus(want.amount).unwrap_or(Points::MAX),
                None => self.wants.push(want),
            }
        }
        // In the order in which they are looked at, whenever they were read.
        let read = |want: &Want| readings.iter().find(|reading| want.is_of(reading)).cloned();
        self.operation.readings = self.wants.iter().filter_map(read).collect();
    }
}

/// What budgets have left after what an operation has drawn on them and given back so far.
pub fn left_of(readings: &[Reading], operation: &Operation) -> Vec<Reading> {
    let left = |reading: &Reading| {
        let left = i128::from(reading.left.minor()).saturating_sub(reading.drawn_by(operation));
        Reading { left: Points::from_wide(left.max(0)).unwrap_or(Points::MAX), ..reading.clone() }
    };
    readings.iter().map(left).collect()
}

impl Reading {
    /// What an operation draws on its budget, below 0 where it gives back more.
    pub fn drawn_by(&self, operation: &Operation) -> i128 {
        let own = operation.budgeted().filter(|one| self.is_of(one));
        own.fold(0, |sum: i128, one| sum.saturating_add(one.amount))
    }
}
