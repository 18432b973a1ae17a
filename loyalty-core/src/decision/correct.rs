//! Deciding corrections: a return is undone, points lapse later, and points that have lapsed come back.

use std::sync::Arc;

use super::{Context, Decision, bring_back, lots, opened, settled_now};
use crate::adjustment::check_reason;
use crate::command::Command;
use crate::correction::{ExtendExpiry, Reinstate, UndoReturn};
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::id::{AuthorId, OperationKey};
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lapse, MemberState};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::Currency;
use crate::returns;
use crate::settle::settle;
use crate::tier::Moment;
use crate::time::{Date, Timestamp};

/// Decides that a return is undone: what is kept of its purchases is more again, and so is what they gave.
pub fn decide_undo<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    undo: &Arc<UndoReturn>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let matching = returns::undone(undo, context.past)?;
    let before = lots::Lots::heard::<T>(&state);
    let command = Command::UndoReturn(Arc::clone(undo));
    let mut operation = opened(key, context.moment(), moment.program, settlement, command);
    bring_back((matching, &moment), context, &mut state, &mut operation, trace)?;
    moment.follow_levels(&mut state);
    // What went back into lots that have lapsed meanwhile lapses with them.
    let due = settle(context.programs, context.owner(), &mut state, moment.at)?;
    let now = |posting: Posting| Posting { effective_at: context.now, ..posting };
    operation.postings.extend(due.postings.into_iter().map(now));
    before.tell(&state, moment.program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Decides that points lapse later.
pub fn decide_extend<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    extend: &Arc<ExtendExpiry>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let program = moment.program;
    currency_of(&extend.currency, program)?;
    check_reason(&extend.reason)?;
    let to = end_of_day(extend.to, &moment)?;
    let before = lots::Lots::heard::<T>(&state);
    let is_meant = |at: Timestamp| at < to && extend.bucket.is_none_or(|only| only == at);
    let mut any = state.balance_mut(&extend.currency).extend(is_meant, to)?;
    for held in state.holds.iter_mut().filter(|held| held.redeemed.currency == extend.currency) {
        for lot in &mut held.redeemed.lots {
            any |= lot.extend(is_meant, to);
        }
    }
    if !any {
        let message =
            format!("no points of `{}` would lapse before the end of {}", extend.currency, extend.to);
        let help = "name a later day, or the `bucket` of points that the member has";
        return Err(Problem::new("nothing_to_extend", "/to", message, help));
    }
    let command = Command::ExtendExpiry(Arc::clone(extend));
    let operation = opened(key, context.moment(), program, settlement, command);
    trace.step(|| {
        let ExtendExpiry { actor, currency, reason, .. } = extend.as_ref();
        let text = format!("`{actor}` lets {currency} live until {to}: {reason}");
        Step::new(StepKind::Lot, currency, text)
    });
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Decides that points which have lapsed come back.
pub fn decide_reinstate<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    reinstate: &Arc<Reinstate>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let program = moment.program;
    let Reinstate { currency, points, .. } = reinstate.as_ref();
    let declared = currency_of(currency, program)?;
    check_reason(&reinstate.reason)?;
    let Some(within) = declared.reinstate_within else {
        let message = format!("`{currency}` that has lapsed does not come back");
        let help = "let the program say `reinstate_within`, or give points by hand";
        return Err(Problem::new("not_reinstatable", "/currency", message, help));
    };
    if !points.is_positive() {
        let help = "say how many points come back";
        return Err(Problem::new(
            "points_not_positive",
            "/points",
            "points that come back are above 0",
            help,
        ));
    }
    let lapses = match reinstate.to {
        Some(day) => Some(Lapse::At(end_of_day(day, &moment)?)),
        None => expiry::lapses(program, currency, None, &moment.when),
    };
    let before = lots::Lots::heard::<T>(&state);
    let balance = state.balance_mut(currency);
    balance.forget_lapsed(|at| expiry::is_forgotten(program, within, at, moment.when.date));
    let back = balance.reinstate(*points, lapses)?;
    let command = Command::Reinstate(Arc::clone(reinstate));
    let mut operation = opened(key, context.moment(), program, settlement, command);
    for (partner, points) in back {
        let (from, to) = (Account::Breakage, Account::Available);
        let (currency, effective_at) = (currency.clone(), context.now);
        operation.postings.push(Posting { currency, from, to, points, effective_at, partner });
    }
    trace.step(|| {
        let Reinstate { actor, reason, .. } = reinstate.as_ref();
        let text = format!("`{actor}` gives back {points} {currency} that had lapsed: {reason}");
        Step::new(StepKind::Lot, currency, text).with(*points)
    });
    moment.renew(declared, false, &mut state, trace);
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// The currency of an id, or the refusal where there is none.
pub fn currency_of<'p>(id: &AuthorId, program: &'p Program) -> Result<&'p Currency, Problem> {
    program.currency(id).ok_or_else(|| {
        let message = format!("there is no currency `{id}`");
        Problem::new("unknown_currency", "/currency", message, "use one of the program in force")
    })
}

/// The instant after a day, which is not over.
fn end_of_day(day: Date, moment: &Moment<'_>) -> Result<Timestamp, Problem> {
    if day < moment.when.date {
        let message = format!("{day} is over");
        return Err(Problem::new("already_over", "/to", message, "name today or a later day"));
    }
    Ok(moment.program.zone().start_of(day.plus_days(1)))
}
