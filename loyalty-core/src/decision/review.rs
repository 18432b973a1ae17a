//! Deciding a review: what an activity earned above a limit is approved or refused.

use std::fmt;
use std::sync::Arc;

use super::{Context, Decision, adjust, after_return, grants, looks_at_returns, opened, settled_now};
use crate::command::Command;
use crate::explain::{Step, StepKind, Trace};
use crate::id::OperationKey;
use crate::ledger::operation::Operation;
use crate::ledger::posting::{Account, Posting};
use crate::member::MemberState;
use crate::problem::Problem;
use crate::returns::{debt, purchase_of, sale_of, unknown_version};
use crate::settle::settle;
use crate::tier::Moment;
use crate::vesting::{self, Review, Reviewed};

/// Decides a review, at the instant at which it is recorded.
pub fn decide_review<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    (review, approves): (&Arc<Review>, bool),
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let recorded = context.past.operations.iter().find(|operation| operation.key == review.of);
    if let Some(adjust) = recorded.and_then(adjust::proposed) {
        return adjust::decide_proposal(context, state, (review, approves, adjust), key, trace);
    }
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let Moment { program, at, .. } = moment;
    let recorded = review.check(recorded, &state)?;
    let reviewed = reviewed(context, recorded)?;
    let command = said((review, approves), format_args!("what `{}` earned", review.of), trace);
    let mut operation = opened(key, context.moment(), program, settlement, command);
    if approves {
        review.by_another_than(recorded.sealed.sent_by.as_ref())?;
        vesting::approve(&reviewed, &mut state, at, &mut operation)?;
        operation.postings.extend(debt::repay(&mut state, context.now)?);
        let due = settle(context.programs, context.owner(), &mut state, at)?;
        // What would have come earlier comes now.
        let now =
            |posting: Posting| Posting { effective_at: posting.effective_at.max(context.now), ..posting };
        operation.postings.extend(due.postings.into_iter().map(now));
        operation.tier_changes.extend(due.tier_changes);
        operation.counted.extend(due.budgets);
        tell(&operation, trace);
    } else {
        let before = looks_at_returns(program, &state).then(|| state.clone());
        vesting::refuse(&reviewed, &mut state, &mut operation)?;
        let version = context.programs.version(recorded.version);
        let version = version.ok_or_else(|| unknown_version(recorded.version))?;
        let taking = grants::Taking { moment: &moment, context, recorded, version, refused: true };
        let sale = reviewed.sale.as_ref().map(|sale| &sale.0);
        taking.take_all(sale, &mut state, &mut operation, trace)?;
        tell(&operation, trace);
        after_return(&moment, before.as_ref(), &mut state, &mut operation, trace)?;
    }
    moment.follow_levels(&mut state);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Tells what a person said of what waits, and gives the command that says it.
pub fn said<T: Trace>(
    (review, approves): (&Arc<Review>, bool),
    of: fmt::Arguments<'_>,
    trace: &mut T,
) -> Command {
    trace.step(|| {
        let said = if approves { "approved" } else { "refused" };
        let text = format!("`{}` {said} {of}: {}", review.actor, review.reason);
        Step::new(StepKind::Review, &review.of, text)
    });
    let review = Arc::clone(review);
    if approves { Command::Approve(review) } else { Command::Refuse(review) }
}

fn reviewed<'a>(context: &Context<'a>, operation: &'a Operation) -> Result<Reviewed<'a>, Problem> {
    let programs = context.programs;
    let Some(purchase) = purchase_of(operation) else {
        return Ok(Reviewed { operation, sale: None, programs });
    };
    let version = operation.version;
    let program = programs.version(version).ok_or_else(|| unknown_version(version))?;
    let sale = sale_of(&purchase.id, context.past)?;
    Ok(Reviewed { operation, sale: Some((sale, program)), programs })
}

fn tell<T: Trace>(operation: &Operation, trace: &mut T) {
    for Posting { currency, points, to, .. } in &operation.postings {
        trace.step(|| {
            let what = match to {
                Account::Available => "may be spent now",
                Account::Breakage => "have lapsed already",
                Account::Debt => "repay what is owed",
                _ => "are cancelled",
            };
            Step::new(StepKind::Vested, currency, format!("{points} {currency} {what}")).with(points)
        });
    }
}
