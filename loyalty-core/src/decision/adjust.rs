//! Deciding points that are given or taken by hand.

use std::sync::Arc;

use super::correct::currency_of;
use super::review::said;
use super::{Context, Decision, lots, opened, settled_now};
use crate::adjustment::{Adjust, check_reason};
use crate::command::Command;
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::id::OperationKey;
use crate::ledger::operation::Operation;
use crate::ledger::posting::{Account, Posting};
use crate::member::{MemberState, by_partner};
use crate::money::{OutOfRange, Ratio};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::Currency;
use crate::returns::debt::{Reach, Taken};
use crate::tier::Moment;
use crate::vesting::Review;

/// The most adjustments of a member that wait for a second person.
const MOST_PROPOSALS: usize = 64;

/// Decides points that are given or taken by hand, at the instant at which it is recorded: at once, or by whoever
/// approves it where there are many.
pub fn decide_adjust<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    adjust: &Arc<Adjust>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let currency = check(adjust, moment.program)?;
    let command = Command::Adjust(Arc::clone(adjust));
    let mut operation = opened(key, context.moment(), moment.program, settlement, command);
    if !takes_two(adjust, currency)? {
        apply(adjust, &moment, &mut state, &mut operation, trace)?;
        return Ok(Decision { operation, state, wants: Vec::new() });
    }
    if state.proposals.len() >= MOST_PROPOSALS {
        let message = format!("{MOST_PROPOSALS} adjustments of the member wait already");
        return Err(Problem::new("too_many_proposals", "", message, "approve or refuse some of them first"));
    }
    trace.step(|| {
        let text = format!("`{}` needs another person to approve it: {}", adjust.actor, adjust.reason);
        Step::new(StepKind::Review, &adjust.currency, text).with(adjust.points)
    });
    state.proposals.push(operation.key.clone());
    operation.proposed = true;
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// The adjustment that an operation let wait for a second person.
pub fn proposed(operation: &Operation) -> Option<&Arc<Adjust>> {
    match &operation.sealed.command {
        Command::Adjust(adjust) if operation.proposed => Some(adjust),
        _ => None,
    }
}

/// Decides what a second person says of an adjustment. Approved, it is done as if it were sent now.
pub fn decide_proposal<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    (review, approves, adjust): (&Arc<Review>, bool, &Adjust),
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    check_reason(&review.reason)?;
    let place = state.proposals.iter().position(|proposal| *proposal == review.of);
    let place = place.ok_or_else(|| {
        let message = format!("`{}` does not wait any more", review.of);
        Problem::new("review_ended", "/of", message, "see the history for how it ended")
    })?;
    state.proposals.remove(place);
    let command = said((review, approves), format_args!("`{}`", review.of), trace);
    let mut operation = opened(key, context.moment(), moment.program, settlement, command);
    if approves {
        review.by_another_than(Some(&adjust.actor))?;
        let of_it = |problem: Problem| Problem { path: "/of".to_owned(), ..problem };
        check(adjust, moment.program).map_err(of_it)?;
        apply(adjust, &moment, &mut state, &mut operation, trace).map_err(of_it)?;
    }
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Whether the program wants a second person for so many points.
fn takes_two(adjust: &Adjust, currency: &Currency) -> Result<bool, OutOfRange> {
    let Some(alone) = currency.second_person_above else { return Ok(false) };
    let points = Ratio::whole(i128::from(adjust.points.minor()).abs());
    Ok(points.compare(alone.ratio().times(currency.unit())?)?.is_gt())
}

/// Gives or takes the points.
fn apply<T: Trace>(
    adjust: &Adjust,
    moment: &Moment<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<(), Problem> {
    let program = moment.program;
    let before = lots::Lots::heard::<T>(state);
    let balance = state.balance_mut(&adjust.currency);
    balance.adjusted = balance.adjusted.plus(adjust.points)?;
    let effective_at = operation.occurred_at.at;
    let posting = |from, to, points, partner| {
        let currency = adjust.currency.clone();
        Posting { currency, from, to, points, effective_at, partner }
    };
    if adjust.points.is_positive() {
        let lapses = expiry::lapses(program, &adjust.currency, None, &moment.when);
        balance.add(adjust.points, lapses, None)?;
        operation.postings.push(posting(Account::Adjusted, Account::Available, adjust.points, None));
        if let Some(currency) = program.currency(&adjust.currency) {
            moment.renew(currency, false, state, trace);
        }
    } else {
        let points = adjust.points.negated();
        let reach = Reach::by_hand(program, state, &adjust.currency);
        let Taken { lots, owed, forgiven } = reach.take(points, None, &adjust.currency, state)?;
        if forgiven.is_positive() {
            let message = format!("{points} cannot be taken of {}", points.minus(forgiven)?);
            let help = "take no more than may be spent or owed";
            return Err(Problem::new("insufficient_points", "/points", message, help));
        }
        for (partner, points) in by_partner(&lots)? {
            operation.postings.push(posting(Account::Available, Account::Adjusted, points, partner));
        }
        if owed.is_positive() {
            operation.postings.push(posting(Account::Debt, Account::Adjusted, owed, None));
        }
    }
    trace.step(|| {
        let did = if adjust.points.is_positive() { "gave" } else { "took" };
        let points = if adjust.points.is_negative() { adjust.points.negated() } else { adjust.points };
        let text = format!("`{}` {did} {points} {}: {}", adjust.actor, adjust.currency, adjust.reason);
        Step::new(StepKind::Spent, &adjust.currency, text).with(adjust.points)
    });
    before.tell(state, program, trace);
    Ok(())
}

fn check<'p>(adjust: &Adjust, program: &'p Program) -> Result<&'p Currency, Problem> {
    let currency = currency_of(&adjust.currency, program)?;
    if adjust.points.is_zero() {
        let help = "above 0 points are given, below 0 taken";
        return Err(Problem::new("points_zero", "/points", "no points are given or taken", help));
    }
    check_reason(&adjust.reason)?;
    Ok(currency)
}
