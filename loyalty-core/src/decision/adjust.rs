//! Deciding points that are given or taken by hand.

use std::sync::Arc;

use super::correct::currency_of;
use super::{Context, Decision, lots, opened, settled_now};
use crate::adjustment::{Adjust, check_reason};
use crate::command::Command;
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::id::OperationKey;
use crate::ledger::posting::{Account, Posting};
use crate::member::{MemberState, by_partner};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::Currency;
use crate::returns::debt::{Reach, Taken};

/// Decides points that are given or taken by hand, at the instant at which it is recorded.
pub fn decide_adjust<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    adjust: &Arc<Adjust>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let program = moment.program;
    let currency = check(adjust, program)?;
    let before = lots::Lots::heard::<T>(&state);
    let occurred_at = context.moment();
    let command = Command::Adjust(Arc::clone(adjust));
    let mut operation = opened(key, occurred_at, program, settlement, command);
    let balance = state.balance_mut(&adjust.currency);
    balance.adjusted = balance.adjusted.plus(adjust.points)?;
    let posting = |from, to, points, partner| {
        let (currency, effective_at) = (adjust.currency.clone(), context.now);
        Posting { currency, from, to, points, effective_at, partner }
    };
    if adjust.points.is_positive() {
        let lapses = expiry::lapses(program, &adjust.currency, None, &moment.when);
        balance.add(adjust.points, lapses, None)?;
        operation.postings.push(posting(Account::Adjusted, Account::Available, adjust.points, None));
        moment.renew(currency, false, &mut state, trace);
    } else {
        let points = adjust.points.negated();
        let reach = Reach::by_hand(program, &state, &adjust.currency);
        let Taken { lots, owed, forgiven } = reach.take(points, None, &adjust.currency, &mut state)?;
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
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
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
