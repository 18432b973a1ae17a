//! Vesting: awards that may not be spent yet, until a date comes, an event lets them, or they are cancelled.
//!
//! Points count as earned when they are awarded. What is cancelled gives its counters and caps back. The life of
//! points begins when they vest, so their expiry is counted from that day.

mod event;
mod held;
mod review;

pub use self::event::{Named, Notice, by_event, named};
pub use self::held::{Fate, Waiting, by_line, fate, held, use_by_line};
pub use self::review::{Review, Reviewed, approve, refuse};

use crate::counter;
use crate::expiry;
use crate::id::{AuthorId, OperationKey};
use crate::ledger::operation::{CountedBy, CountedIn, Operation, Settlement, VestingOutcome, Waits};
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lapse, MOST_PENDING, MemberState, Pending};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{Terms, Vest};
use crate::time::{Timestamp, When};

/// When points given on these terms may be spent and when they lapse.
pub struct Outlook {
    /// What they wait for; absent where they may be spent at once.
    pub waits: Option<Waits>,
    /// When they lapse, as far as it is known.
    pub lapses: Option<Lapse>,
}

/// What lies before points of a currency that are given at a moment on these terms.
pub fn outlook(program: &Program, currency: &AuthorId, terms: Terms<'_>, when: &When<'_>) -> Outlook {
    let on = when.date;
    let from = |date| expiry::lapses(program, currency, terms.expiry, &when.on(date));
    let at = |date| program.zone().start_of(date);
    match terms.vest {
        None => Outlook { waits: None, lapses: from(on) },
        Some(Vest::On(date)) if *date <= on => Outlook { waits: None, lapses: from(on) },
        Some(Vest::On(date)) => {
            Outlook { waits: Some(Waits { until: at(*date), event: None }), lapses: from(*date) }
        }
        Some(Vest::After(span)) => {
            let date = span.after(on);
            Outlook { waits: Some(Waits { until: at(date), event: None }), lapses: from(date) }
        }
        Some(Vest::Event(event)) => {
            let until = at(event.within.after(on).plus_days(1));
            Outlook { waits: Some(Waits { until, event: Some(event.name.clone()) }), lapses: None }
        }
    }
}

impl Waits {
    /// What becomes of the points at that instant.
    pub const fn then(&self) -> VestingOutcome {
        match self.event {
            None => VestingOutcome::Vested,
            Some(_) => VestingOutcome::Cancelled,
        }
    }
}

impl MemberState {
    /// Lets points wait; none of them too where an award that came to nothing may give caps back.
    pub fn wait(&mut self, mut pending: Pending) -> Result<(), Problem> {
        if !pending.may_be_cancelled() {
            (pending.counted, pending.returned) = (Vec::new(), Vec::new());
        }
        if pending.is_nothing() {
            return Ok(());
        }
        if self.pending.len() >= MOST_PENDING {
            let message = format!("{MOST_PENDING} awards of the member are pending already");
            let help = "let some of them vest or be cancelled first, or give points sooner";
            return Err(Problem::new("too_many_pending", "", message, help));
        }
        let after = |other: &Pending| other.order() <= pending.order();
        let place = self.pending.partition_point(after);
        self.pending.insert(place, pending);
        Ok(())
    }

    /// Leaves of an award these points waiting, with what counters and caps count of them, and what tracks still
    /// count of what came back; gives what waited before.
    pub fn leave_waiting(
        &mut self,
        of: &OperationKey,
        award: u32,
        (points, counted): (Points, Vec<CountedIn>),
        returned: Vec<CountedIn>,
    ) -> Option<Pending> {
        let place = self.waiting(of, award)?;
        let pending = self.pending.get_mut(place)?;
        let cancels = pending.may_be_cancelled();
        let [counted, returned] = [counted, returned].map(|it| if cancels { it } else { Vec::new() });
        let left = Pending { points, counted, returned, ..pending.clone() };
        if left.is_nothing() {
            return Some(self.pending.remove(place));
        }
        Some(std::mem::replace(pending, left))
    }

    /// Lets pending awards of an operation give back, when they are cancelled, what these counters count of them too.
    pub fn cancel_too(&mut self, of: &OperationKey, counted: &[CountedIn]) {
        let cancelled = |it: &&mut Pending| it.of == *of && it.may_be_cancelled();
        for pending in self.pending.iter_mut().filter(cancelled) {
            let own = counted.iter().filter(|one| one.award == Some(pending.award));
            pending.counted.extend(own.cloned());
        }
    }

    /// What tracks still count of what came back of an award that waits.
    pub fn returned_of(&self, of: &OperationKey, award: u32) -> &[CountedIn] {
        let pending = self.waiting(of, award).and_then(|place| self.pending.get(place));
        pending.map_or(&[], |pending| &pending.returned)
    }

    /// The place of the pending points of an award.
    pub fn waiting(&self, of: &OperationKey, award: u32) -> Option<usize> {
        self.pending.iter().position(|pending| pending.of == *of && pending.award == award)
    }
}

impl Pending {
    fn order(&self) -> (bool, Timestamp, VestingOutcome, &OperationKey, u32) {
        (self.review, self.due, self.then, &self.of, self.award)
    }

    /// Whether nothing waits, and nothing is to be given back.
    const fn is_nothing(&self) -> bool {
        self.points.is_zero() && self.counted.is_empty() && self.returned.is_empty()
    }

    /// Whether counters and caps may get back what they count of them.
    pub fn may_be_cancelled(&self) -> bool {
        self.review || self.then == VestingOutcome::Cancelled
    }
}

/// Applies what the first pending award came to by itself.
pub fn fall_due(state: &mut MemberState, settlement: &mut Settlement) -> Result<(), OutOfRange> {
    if state.pending.is_empty() {
        return Ok(());
    }
    let pending = state.pending.remove(0);
    let posting = match pending.then {
        VestingOutcome::Vested => vest(state, &pending, pending.points, pending.lapses)?,
        VestingOutcome::Cancelled => {
            give_back(state, &pending.counted)?;
            forget_returned(state, &pending.returned)?;
            let budgets = pending.counted.iter().filter(|one| matches!(one.of, CountedBy::Budget(_)));
            for one in budgets {
                let amount = one.amount.checked_neg().ok_or(OutOfRange)?;
                settlement.budgets.push(CountedIn { amount, award: None, ..one.clone() });
            }
            cancel(state, &pending, pending.points)?
        }
    };
    if posting.points.is_positive() {
        settlement.postings.push(posting);
    }
    Ok(())
}

/// Moves pending points into a lot.
fn vest(
    state: &mut MemberState,
    pending: &Pending,
    points: Points,
    lapses: Option<Lapse>,
) -> Result<Posting, OutOfRange> {
    let Pending { currency, funded_by, .. } = pending;
    state.balance_mut(currency).add(points, lapses, funded_by.as_ref())?;
    Ok(moved(pending, Account::Available, points))
}

/// Lets pending points be gone by an operation, which notes what counters and caps got back.
fn cancel_now(
    state: &mut MemberState,
    pending: &Pending,
    operation: &mut Operation,
) -> Result<Posting, OutOfRange> {
    give_back(state, &pending.counted)?;
    forget_returned(state, &pending.returned)?;
    for one in &pending.counted {
        let amount = one.amount.checked_neg().ok_or(OutOfRange)?;
        operation.counted.push(CountedIn { amount, award: None, ..one.clone() });
    }
    cancel(state, pending, pending.points)
}

/// Lets pending points be gone.
fn cancel(state: &mut MemberState, pending: &Pending, points: Points) -> Result<Posting, OutOfRange> {
    let balance = state.balance_mut(&pending.currency);
    balance.earned = balance.earned.minus(points)?;
    balance.cancelled = balance.cancelled.plus(points)?;
    Ok(moved(pending, Account::Issued, points))
}

fn moved(pending: &Pending, to: Account, points: Points) -> Posting {
    let partner = pending.funded_by.clone().filter(|_| to == Account::Issued);
    let (currency, from) = (pending.currency.clone(), Account::Pending);
    Posting { currency, from, to, points, effective_at: pending.due, partner }
}

/// Takes off counters and caps what they counted.
fn give_back(state: &mut MemberState, counted: &[CountedIn]) -> Result<(), OutOfRange> {
    for one in counted {
        let less = one.amount.checked_neg().ok_or(OutOfRange)?;
        match &one.of {
            CountedBy::Counter(id) => counter::give_back(&mut state.counters, id, one.slot, less)?,
            CountedBy::Cap(id) => counter::give_back(&mut state.caps, id, one.slot, less)?,
            CountedBy::Budget(_) | CountedBy::Grant(_) => {}
        }
    }
    Ok(())
}

/// Lets tracks that count what came back count it no more: it is cancelled with the rest of its award.
fn forget_returned(state: &mut MemberState, returned: &[CountedIn]) -> Result<(), OutOfRange> {
    for one in returned {
        if let CountedBy::Counter(id) = &one.of {
            let less = one.amount.checked_neg().ok_or(OutOfRange)?;
            counter::give_back(&mut state.returned, id, one.slot, less)?;
        }
    }
    Ok(())
}
