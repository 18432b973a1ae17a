//! Deciding holds: points are set aside, and spent, given up or kept for longer. Each hold ends once.

use std::sync::Arc;

use super::{Context, Decision, lots, opened, quote, settled_now, spend};
use crate::command::Command;
use crate::explain::{Step, StepKind, Trace};
use crate::id::{ActivityId, OperationKey};
use crate::ledger::operation::Operation;
use crate::ledger::posting::Account;
use crate::member::MemberState;
use crate::points::Points;
use crate::problem::Problem;
use crate::redemption::hold::{self, Capture, ExtendHold, Held, Hold, MOST_HOLDS, Void, hold_key};
use crate::redemption::release::{give_back, postings};
use crate::redemption::{Offer, Order, Redeemed};
use crate::returns::unknown_version;

/// Decides that points are set aside, as a redemption would take them now.
pub fn decide_hold<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    wanted: &Arc<Hold>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let until = hold::ends(moment.at, wanted.minutes, moment.at)?;
    let order = Order::from(wanted.as_ref());
    let moment = quote::pinned(moment, order, &state, context)?;
    let program = moment.program;
    let before = lots::Lots::heard::<T>(&state);
    let redeemed = spend::taken(order, (&moment, context), &mut state, trace)?;
    if state.holds.len() >= MOST_HOLDS {
        let message = format!("the member has {MOST_HOLDS} holds already");
        return Err(Problem::new("too_many_holds", "", message, "capture or void some of them first"));
    }
    let command = Command::Hold(Arc::clone(wanted));
    let mut operation = opened(key, context.moment(), program, settlement, command);
    operation.sealed.facts = spend::looked_at(context, &operation.sealed.command, program);
    let between = (Account::Available, Account::Held);
    operation.postings = postings(&redeemed.currency, &redeemed.lots, between, context.now)?;
    let Hold { key: id, units, bill, bucket, .. } = wanted.as_ref();
    let (id, version) = (id.clone(), program.version());
    let held = Held { id, until, version, redeemed, units: *units, bill: *bill, bucket: *bucket };
    tell(&held, format!("held until {until}"), trace);
    state.hold(held.clone());
    operation.held = Some(held);
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Decides that a hold lasts longer.
pub fn decide_extend<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    extend: &Arc<ExtendHold>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let held = taken_out(&mut state, &extend.hold, context)?;
    let until = hold::ends(held.until, extend.minutes, moment.at)?;
    let held = Held { until, ..held };
    tell(&held, format!("held until {until}"), trace);
    let command = Command::ExtendHold(Arc::clone(extend));
    let mut operation = opened(key, context.moment(), moment.program, settlement, command);
    state.hold(held.clone());
    operation.held = Some(held);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Decides that a hold is spent, all of it or a part: by the version under which it was placed.
pub fn decide_capture<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    capture: &Arc<Capture>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let before = lots::Lots::heard::<T>(&state);
    let held = taken_out(&mut state, &capture.hold, context)?;
    let program = context.programs.version(held.version).ok_or_else(|| unknown_version(held.version))?;
    let all = held.redeemed.points()?;
    let (points, off, due) = match capture.points {
        None => (all, held.redeemed.off, held.redeemed.due),
        Some(points) => {
            let price = Offer::of(program, held.order(points))?.price_of(all)?;
            (price.points, price.off, price.due)
        }
    };
    let [spent, rest] = hold::parted(&held.redeemed.lots, points)?;
    tell(&held, format!("captured with {points} of {all}"), trace);
    let command = Command::Capture(Arc::clone(capture));
    let mut operation = opened(key, context.moment(), program, settlement, command);
    let mut redeemed = Redeemed { lots: spent, off, due, ..held.redeemed };
    moment.buy((&mut redeemed, program, &operation.key), context, &mut state, trace)?;
    let Redeemed { currency, lots: spent, .. } = &redeemed;
    let balance = state.balance_mut(currency);
    balance.redeemed = balance.redeemed.plus(points)?;
    operation.postings = postings(currency, spent, (Account::Held, Account::Redeemed), context.now)?;
    let times = (moment.at, context.now);
    operation.postings.extend(give_back(
        moment.program,
        (currency, &rest),
        Account::Held,
        &mut state,
        times,
    )?);
    operation.redeemed = Some(redeemed);
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Decides that a hold is given up.
pub fn decide_void<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    void: &Arc<Void>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let before = lots::Lots::heard::<T>(&state);
    let held = taken_out(&mut state, &void.hold, context)?;
    tell(&held, "voided".to_owned(), trace);
    let command = Command::Void(Arc::clone(void));
    let mut operation = opened(key, context.moment(), moment.program, settlement, command);
    let Redeemed { reward, currency, lots, slot, .. } = &held.redeemed;
    state.give_up_reward(reward, *slot)?;
    let times = (moment.at, context.now);
    operation.postings = give_back(moment.program, (currency, lots), Account::Held, &mut state, times)?;
    before.tell(&state, moment.program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

fn tell<T: Trace>(held: &Held, what: String, trace: &mut T) {
    trace.step(|| {
        let points = held.redeemed.points().unwrap_or(Points::MAX);
        let text = format!("`{}` for `{}` is {what}", held.id, held.redeemed.reward);
        Step::new(StepKind::Spent, &held.id, text).with(points)
    });
}

/// Takes a hold out of those that are open; one that is not there never was, or has ended.
fn taken_out(state: &mut MemberState, hold: &ActivityId, context: &Context<'_>) -> Result<Held, Problem> {
    if let Some(place) = state.holds.iter().position(|held| held.id == *hold) {
        return Ok(state.holds.remove(place));
    }
    let key = hold_key(hold);
    let placed = |operation: &Operation| Some(&operation.key) == key.as_ref() && operation.held.is_some();
    if context.past.operations.iter().any(placed) {
        let message = format!("the hold `{hold}` was captured, voided or over before");
        return Err(Problem::new("hold_ended", "/hold", message, "see the history for how it ended"));
    }
    let message = format!("there is no hold `{hold}`");
    Err(Problem::new("hold_not_found", "/hold", message, "name the key of a hold that was placed"))
}
