//! Deciding that a member is frozen, takes part again, or is closed; and what becomes of the points of who is closed.

use std::sync::Arc;

use super::{Context, Decision, opened, settled_now};
use crate::adjustment::check_reason;
use crate::command::Command;
use crate::explain::{Step, StepKind, Trace};
use crate::id::{AuthorId, OperationKey};
use crate::ledger::posting::{Account, Posting};
use crate::member::{MemberState, by_partner};
use crate::membership::{MembershipChange, Stop, Stopped};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::time::Timestamp;

/// Decides whether a member takes part, at the instant at which it is recorded: `how` is how not, if not.
pub fn decide_change<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    (change, how): (&Arc<MembershipChange>, Option<Stop>),
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    check_reason(&change.reason)?;
    let own = Arc::clone(change);
    let (command, did) = match how {
        None => (Command::Unfreeze(own), "lets the member take part again"),
        Some(Stop::Frozen) => (Command::Freeze(own), "freezes the member"),
        Some(Stop::Closed) => (Command::Close(own), "closes the member"),
    };
    match how {
        None if state.stopped.is_none() => {
            let help = "nothing has to be done";
            return Err(Problem::new("member_not_frozen", "", "the member is not frozen", help));
        }
        Some(Stop::Closed) => refuse_open(&state)?,
        _ => {}
    }
    let MembershipChange { actor, reason, .. } = change.as_ref();
    let stopped = |how| Stopped { how, since: moment.at, reason: reason.clone(), actor: actor.clone() };
    state.stopped = how.map(stopped);
    trace.step(|| Step::new(StepKind::Membership, "", format!("`{actor}` {did}: {reason}")));
    let operation = opened(key, context.moment(), moment.program, settlement, command);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// What is set aside or on its way to somebody belongs to a bargain, which has to end first.
fn refuse_open(state: &MemberState) -> Result<(), Problem> {
    if !state.holds.is_empty() {
        let help = "capture or void them, or wait until they are over";
        return Err(Problem::new("holds_open", "", "points of the member are held at a checkout", help));
    }
    if !state.in_transit.is_empty() {
        let help = "send those transfers again, so that they end";
        return Err(Problem::new("transfers_open", "", "points of the member are in transit", help));
    }
    Ok(())
}

/// Lets all points of who is closed be forfeited, and what is owed be let go.
pub fn forfeit<T: Trace>(
    Decision { operation, state, .. }: &mut Decision,
    trace: &mut T,
) -> Result<(), OutOfRange> {
    if !state.is_closed() {
        return Ok(());
    }
    let postings = forfeit_all(state, operation.occurred_at.at)?;
    for Posting { currency, from, points, .. } in &postings {
        trace.step(|| {
            let what = if *from == Account::Forfeited { "are no longer owed" } else { "are forfeited" };
            Step::new(StepKind::Membership, currency, format!("{points} {currency} {what}")).with(*points)
        });
    }
    operation.postings.extend(postings);
    Ok(())
}

fn forfeit_all(state: &mut MemberState, effective_at: Timestamp) -> Result<Vec<Posting>, OutOfRange> {
    let mut postings = Vec::new();
    let mut move_points = |currency: &AuthorId, (from, to), points: Points, partner: Option<AuthorId>| {
        if points.is_positive() {
            postings.push(Posting { currency: currency.clone(), from, to, points, effective_at, partner });
        }
    };
    state.proposals.clear();
    for pending in std::mem::take(&mut state.pending) {
        let balance = state.balance_mut(&pending.currency);
        balance.forfeited = balance.forfeited.plus(pending.points)?;
        let between = (Account::Pending, Account::Forfeited);
        move_points(&pending.currency, between, pending.points, pending.funded_by);
    }
    for balance in &mut state.balances {
        let lots = std::mem::take(&mut balance.lots);
        for (partner, points) in by_partner(&lots)? {
            balance.forfeited = balance.forfeited.plus(points)?;
            move_points(&balance.currency, (Account::Available, Account::Forfeited), points, partner);
        }
        let owed = std::mem::take(&mut balance.debt);
        balance.forfeited = balance.forfeited.minus(owed)?;
        move_points(&balance.currency, (Account::Forfeited, Account::Debt), owed, None);
    }
    Ok(postings)
}
