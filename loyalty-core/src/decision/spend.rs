//! Deciding what is spent, and what comes back of it: points and vouchers.

use std::sync::Arc;

use super::{Context, Decision, lots, opened, quote, settled_now, voucher};
use crate::command::Command;
use crate::explain::{NoTrace, Step, StepKind, Trace};
use crate::facts::Facts;
use crate::id::OperationKey;
use crate::ledger::operation::Operation;
use crate::ledger::posting::Account;
use crate::member::MemberState;
use crate::money::Money;
use crate::points::Points;
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::Currency;
use crate::redemption::release::{give_back, postings};
use crate::redemption::{CancelRedemption, Offer, Order, Price, Redeem, Redeemed, Refused};
use crate::tier::Moment;

/// Decides a redemption, at the instant at which it is recorded.
pub fn decide_redeem<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    redeem: &Arc<Redeem>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let command = Command::Redeem(Arc::clone(redeem));
    if let Some(code) = &redeem.voucher {
        return voucher::decide_use(context, state, (&command, redeem, code), key, trace);
    }
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let order = Order::of(redeem)?;
    let moment = quote::pinned(moment, order, &state, context)?;
    let program = moment.program;
    let before = lots::Lots::heard::<T>(&state);
    let mut redeemed = taken(order, (&moment, context), &mut state, trace)?;
    moment.buy((&mut redeemed, program, &key), context, &mut state, trace)?;
    let occurred_at = context.moment();
    let mut operation = opened(key, occurred_at, program, settlement, command);
    operation.sealed.facts = looked_at(context, &operation.sealed.command, program);
    let balance = state.balance_mut(&redeemed.currency);
    balance.redeemed = balance.redeemed.plus(redeemed.points()?)?;
    let between = (Account::Available, Account::Redeemed);
    operation.postings = postings(&redeemed.currency, &redeemed.lots, between, context.now)?;
    operation.redeemed = Some(redeemed);
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Takes what a reward costs out of a member's lots.
pub fn taken<T: Trace>(
    order: Order<'_>,
    (moment, context): (&Moment<'_>, &Context<'_>),
    state: &mut MemberState,
    trace: &mut T,
) -> Result<Redeemed, Problem> {
    let program = moment.program;
    let offer = Offer::of(program, order)?;
    let Offer { reward, currency, .. } = offer;
    if order.quote.is_none() {
        moment.check_offered(reward, (state, context.who.facts))?;
    }
    moment.check_limit(reward, state)?;
    refuse_in_debt(currency, "/reward", state)?;
    let (price, bucket) = offer.price(state)?;
    context.stock.check(reward)?;
    let lots = state.balance_mut(&currency.id).spend(price.points, bucket)?;
    tell_price(offer, price, program, trace);
    let slot = moment.count_reward(reward, state)?;
    let (reward, currency) = (reward.id.clone(), currency.id.clone());
    Ok(Redeemed { reward, currency, lots, off: price.off, voucher: None, slot, due: price.due })
}

/// Tells what a reward takes and gives.
pub fn tell_price<T: Trace>(
    Offer { reward, currency, .. }: Offer<'_>,
    price: Price,
    program: &Program,
    trace: &mut T,
) {
    trace.step(|| {
        let money =
            |money: Money| format!("{} {}", money.shown(program.coin_places()), program.document().money);
        let points = format!("{} {}", price.points.in_whole_points(currency.scale), currency.shown());
        let due = price.due.map(|due| format!(" and {}", money(due))).unwrap_or_default();
        let off = price.off.map(|off| format!(" and gives {} off", money(off))).unwrap_or_default();
        let text = format!("`{}` takes {points}{due}{off}", reward.id);
        Step::new(StepKind::Spent, &reward.id, text).with(price.points)
    });
}

/// Of what is known of a member, what a command's reward looks at.
pub(super) fn looked_at(context: &Context<'_>, command: &Command, program: &Program) -> Facts {
    let reward = command.reward().and_then(|reward| program.reward(reward));
    reward.map_or(Facts::NONE, |reward| reward.looks_at(context.who.facts))
}

/// Who owes points of a currency spends none of it.
pub fn refuse_in_debt(currency: &Currency, path: &str, state: &MemberState) -> Result<(), Problem> {
    let owed = state.balance(&currency.id).map_or(Points::ZERO, |balance| balance.debt);
    if !owed.is_positive() {
        return Ok(());
    }
    let owed = format!("{} {}", owed.in_whole_points(currency.scale), currency.shown());
    let help = "nothing is spent in debt: what comes next repays it first";
    Err(Problem::new("in_debt", path, format!("{owed} are owed"), help))
}

/// Decides that a redemption is undone: its points go back where they came from, and what has lapsed there stays so; a
/// voucher that it bought goes, and one that it used may be used once more.
pub fn decide_cancel<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    cancel: &Arc<CancelRedemption>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let done = found(&context.past.operations, cancel)?;
    let before = lots::Lots::heard::<T>(&state);
    let occurred_at = context.moment();
    let command = Command::CancelRedemption(Arc::clone(cancel));
    let mut operation = opened(key, occurred_at, moment.program, settlement, command);
    if let Some(used) = &done.used {
        if let Some(reward) = &used.reward {
            state.give_up_reward(reward, used.slot)?;
        }
        voucher::give_use_back(used, moment.at, &mut state, trace)?;
    }
    let Some(redeemed) = &done.redeemed else { return Ok(Decision { operation, state, wants: Vec::new() }) };
    voucher::give_up(redeemed, &mut state)?;
    state.give_up_reward(&redeemed.reward, redeemed.slot)?;
    let balance = state.balance_mut(&redeemed.currency);
    let points = redeemed.points()?;
    balance.redeemed = balance.redeemed.minus(points)?;
    operation.pay_back = redeemed.due;
    trace.step(|| {
        let text = format!("{points} {} come back of `{}`", redeemed.currency, redeemed.reward);
        Step::new(StepKind::Spent, &redeemed.reward, text).with(points)
    });
    let (lots, times) = ((&redeemed.currency, &redeemed.lots[..]), (moment.at, context.now));
    operation.postings = give_back(moment.program, lots, Account::Redeemed, &mut state, times)?;
    before.tell(&state, moment.program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// The redemption that is to be undone, where there is one and nobody has undone it.
fn found<'a>(past: &'a [Operation], cancel: &CancelRedemption) -> Result<&'a Operation, Problem> {
    let key = cancel.redemption();
    let own = past.iter().find(|operation| Some(&operation.key) == key.as_ref());
    let spent = own.filter(|operation| operation.redeemed.is_some() || operation.used.is_some());
    let spent = spent.ok_or_else(|| {
        let message = format!("there is no redemption `{}`", cancel.of);
        Problem::new("redemption_not_found", "/of", message, "name the key of a redemption that was done")
    })?;
    if past.iter().any(|operation| operation.cancels() == key) {
        let message = format!("the redemption `{}` was cancelled before", cancel.of);
        return Err(Problem::new("already_cancelled", "/of", message, "see the history for when"));
    }
    Ok(spent)
}

/// Records a refusal that depends on how the member stands: nothing is done, and the key is used up.
pub fn decide_refusal(
    context: &Context<'_>,
    mut state: MemberState,
    command: &Command,
    key: OperationKey,
    problem: Problem,
) -> Result<Decision, Problem> {
    let Some(refused) = Refused::of(&problem) else { return Err(problem) };
    let (moment, settlement) = settled_now(context, &mut state, &mut NoTrace)?;
    let occurred_at = context.moment();
    let mut operation = opened(key, occurred_at, moment.program, settlement, command.clone());
    operation.sealed.facts = looked_at(context, command, moment.program);
    operation.refused = Some(refused);
    Ok(Decision { operation, state, wants: Vec::new() })
}
