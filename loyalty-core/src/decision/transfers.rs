//! Deciding transfers, each on the chain of the member whose part it is: given, received or rejected, and ended.

use std::sync::Arc;

use super::{Context, Decision, give_back, lots, opened, settled_now, spend};
use crate::command::Command;
use crate::counter::{self, Slots};
use crate::explain::{Step, StepKind, Trace};
use crate::id::{AuthorId, MemberId, OperationKey};
use crate::ledger::operation::{CountedBy, CountedIn, Operation};
use crate::ledger::posting::Account;
use crate::member::{Lapse, MemberState};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{CapScope, Currency, CurrencyKind, TransferCap, Transferable};
use crate::redemption::release::{self, postings};
use crate::tier::Moment;
use crate::transfer::{EndTransfer, InTransit, MOST_IN_TRANSIT, Parcel, Receive, Transfer};

/// Decides that points go on their way to another member, at the instant at which it is recorded. Whether that one can
/// get them, the engine asks.
pub fn decide_transfer<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    transfer: &Arc<Transfer>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let program = moment.program;
    let (currency, caps) = checked(transfer, context.who.member, program)?;
    let before = lots::Lots::heard::<T>(&state);
    let counted = moment.count_given(transfer, caps, &mut state)?;
    spend::refuse_in_debt(currency, "/currency", &state)?;
    let Transfer { key: id, to, points, .. } = transfer.as_ref();
    let available = state.balance_mut(&currency.id).available()?;
    if available < *points {
        let [wanted, there] = [*points, available].map(|it| it.in_whole_points(currency.scale));
        let message = format!("{wanted} {} are to be given, and {there} may be", currency.shown());
        return Err(Problem::new(
            "insufficient_points",
            "/points",
            message,
            "give fewer, or collect more first",
        ));
    }
    if state.in_transit.len() >= MOST_IN_TRANSIT {
        let message = format!("the member has {MOST_IN_TRANSIT} transfers in transit already");
        return Err(Problem::new("too_many_transfers", "", message, "finish some of them first"));
    }
    let parcel =
        Parcel { currency: currency.id.clone(), lots: state.balance_mut(&currency.id).spend(*points, None)? };
    let command = Command::Transfer(Arc::clone(transfer));
    let mut operation = opened(key, context.moment(), program, settlement, command);
    let between = (Account::Available, Account::InTransit);
    operation.postings = postings(&parcel.currency, &parcel.lots, between, context.now)?;
    operation.counted.clone_from(&counted);
    tell((&parcel, program), trace, |points| format!("{points} are given to `{to}`"));
    let (key, to, since, parcels) = (id.clone(), to.clone(), context.now, vec![parcel]);
    let sent = InTransit { key, to, since, parcels, counted };
    state.in_transit.push(sent.clone());
    // Ending it adds this to what was given, and must not fail.
    state.balance_mut(&currency.id).given.plus(state.in_transit_of(&currency.id)?)?;
    operation.sent = Some(sent);
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// What is wrong with a transfer whatever the member has; else its currency, and the caps that count it.
fn checked<'p>(
    transfer: &Transfer,
    giver: &MemberId,
    program: &'p Program,
) -> Result<(&'p Currency, &'p [TransferCap]), Problem> {
    if transfer.to == *giver {
        let help = "name another member";
        return Err(Problem::new("transfer_to_self", "/to", "nobody gives to themselves", help));
    }
    let currency = program.currency(&transfer.currency).ok_or_else(|| {
        let message = format!("there is no currency `{}`", transfer.currency);
        Problem::new("unknown_currency", "/currency", message, "use one of the program in force")
    })?;
    if !transfer.points.is_positive() {
        return Err(Problem::new("negative_amount", "/points", "points have to be above 0", "correct it"));
    }
    let declared = program.document().transfers.as_ref();
    let own = declared.map(|transfers| transfers.of.iter().find(|it| it.currency == currency.id));
    match own {
        None if currency.kind == CurrencyKind::Redeemable => Ok((currency, &[])),
        Some(Some(own)) => {
            fits(own, transfer.points, (currency, program))?;
            Ok((currency, &own.caps))
        }
        _ => {
            let message = format!("{} cannot be given", currency.shown());
            let help = "see `transfers` of the program for what can be";
            Err(Problem::new("not_transferable", "/currency", message, help))
        }
    }
}

/// Whether one transfer may be of so many points.
fn fits(
    own: &Transferable,
    points: Points,
    (currency, program): (&Currency, &Program),
) -> Result<(), Problem> {
    let minor = |points| program.minor(points, &currency.id);
    let refused =
        |code, message| Err(Problem::new(code, "/points", message, "give another number of points"));
    match (own.at_least, own.at_most) {
        (Some(least), _) if points < minor(least) => {
            refused("transfer_too_small", format!("at least {least} {} are given", currency.shown()))
        }
        (_, Some(most)) if points > minor(most) => {
            refused("transfer_too_large", format!("at most {most} {} are given at once", currency.shown()))
        }
        _ => Ok(()),
    }
}

impl Moment<'_> {
    /// Counts a transfer in the caps of its currency, where all of them have room for it.
    fn count_given(
        &self,
        transfer: &Transfer,
        caps: &[TransferCap],
        state: &mut MemberState,
    ) -> Result<Vec<CountedIn>, Problem> {
        let mut counted = Vec::with_capacity(caps.len());
        for cap in caps {
            let (slots, slot) = (Slots::of(self.program, cap.window), cap.window.slot(&self.when));
            let used = slots.fullest(counter::find(&state.caps, &cap.id), &self.when);
            let most = self.program.minor(cap.at_most, &transfer.currency);
            let amount = i128::from(transfer.points.minor());
            if used.is_none_or(|used| used.saturating_add(amount) > most.minor().into()) {
                let message = format!("the cap `{}` lets {} be given in its window", cap.id, cap.at_most);
                let help = "give fewer, or wait for the next window";
                return Err(Problem::new("transfer_cap", "/points", message, help));
            }
            slots.add(&mut state.caps, &cap.id, slot, amount)?;
            counted.push(CountedIn { of: CountedBy::Cap(cap.id.clone()), slot, amount, award: None });
        }
        Ok(counted)
    }

    /// Puts points that another member gave into lots as they were; what has lapsed on the way is gone.
    fn take_in<T: Trace>(
        &self,
        parcel: &Parcel,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), Problem> {
        let Parcel { currency, lots } = parcel;
        refuse_full(self.program, state, (currency, parcel.points()?))?;
        let idle = lots.iter().any(|lot| lot.lapses == Some(Lapse::Idle));
        if idle && state.balance_mut(currency).living.life.is_none() {
            // They lapse when the recipient's do; where nothing has begun that could end, it begins now.
            self.program.currency(currency).into_iter().for_each(|it| self.renew(it, false, state, trace));
        }
        let balance = state.balance_mut(currency);
        balance.received = balance.received.plus(parcel.points()?)?;
        let own = lots.iter().map(|lot| balance.lot(lot.points, lot.lapses, lot.funded_by.as_ref()));
        let own: Vec<_> = own.collect();
        let times = (self.at, operation.occurred_at.at);
        operation.postings.extend(release::give_back(
            self.program,
            (currency, &own),
            Account::Clearing,
            state,
            times,
        )?);
        Ok(())
    }
}

/// Whether a member may hold so many points more.
pub fn refuse_full(
    program: &Program,
    state: &MemberState,
    (currency, points): (&AuthorId, Points),
) -> Result<(), Problem> {
    let full = |message| Problem::new("recipient_full", "", message, "give fewer");
    let too_many = |_: OutOfRange| full("the other member cannot hold so many points".to_owned());
    let held = state.holds_of(currency).and_then(|held| held.plus(points)).map_err(too_many)?;
    let received = state.balance(currency).map_or(Points::ZERO, |balance| balance.received);
    received.plus(points).map_err(too_many)?;
    let earnings = program.document().earning.iter().filter(|earning| earning.currency == *currency);
    let mut caps = earnings.flat_map(|earning| &earning.caps).filter(|cap| cap.per == CapScope::Balance);
    match caps.find(|cap| held > program.minor(cap.at_most, currency)) {
        Some(cap) => Err(full(format!("the cap `{}` lets nobody hold more than {}", cap.id, cap.at_most))),
        None => Ok(()),
    }
}

/// Decides that points are taken in that another member gave.
pub fn decide_receive<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    receive: &Arc<Receive>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let before = lots::Lots::heard::<T>(&state);
    let command = Command::Receive(Arc::clone(receive));
    let mut operation = opened(key, context.moment(), moment.program, settlement, command);
    for parcel in &receive.parcels {
        tell((parcel, moment.program), trace, |points| format!("{points} come from `{}`", receive.from));
        moment.take_in(parcel, &mut state, &mut operation, trace)?;
    }
    before.tell(&state, moment.program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Decides that a transfer has ended, as the recipient's chain has decided: the points are no longer here, or come back.
pub fn decide_end<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    end: &Arc<EndTransfer>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let place = state.in_transit.iter().position(|it| it.key == end.key).ok_or_else(|| {
        let message = format!("the transfer `{}` is not in transit", end.key);
        Problem::new("transfer_not_found", "/key", message, "name one that was accepted and has not ended")
    })?;
    let before = lots::Lots::heard::<T>(&state);
    let InTransit { to, parcels, counted, .. } = state.in_transit.remove(place);
    let command = Command::EndTransfer(Arc::clone(end));
    let mut operation = opened(key, context.moment(), moment.program, settlement, command);
    for parcel in &parcels {
        let Parcel { currency, lots } = parcel;
        operation.postings.extend(if end.refused.is_some() {
            tell((parcel, moment.program), trace, |points| {
                format!("{points} come back, which `{to}` could not get")
            });
            let times = (moment.at, context.now);
            release::give_back(moment.program, (currency, lots), Account::InTransit, &mut state, times)?
        } else {
            tell((parcel, moment.program), trace, |points| format!("{points} have arrived at `{to}`"));
            let balance = state.balance_mut(currency);
            balance.given = balance.given.plus(parcel.points()?)?;
            postings(currency, lots, (Account::InTransit, Account::Clearing), context.now)?
        });
    }
    if end.refused.is_some() {
        operation.counted = counted.iter().map(CountedIn::undone).collect();
        give_back(&operation.counted, &mut state)?;
    }
    before.tell(&state, moment.program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

fn tell<T: Trace>(
    (parcel, program): (&Parcel, &Program),
    trace: &mut T,
    said: impl FnOnce(String) -> String,
) {
    trace.step(|| {
        let points = parcel.points().unwrap_or(Points::MAX);
        let currency = program.currency(&parcel.currency);
        let shown = points.in_whole_points(currency.map_or(0, |currency| currency.scale));
        let name = currency.map_or(parcel.currency.as_str(), |currency| currency.shown());
        let text = said(format!("{shown} {name}"));
        Step::new(StepKind::Given, &parcel.currency, text).with(points)
    });
}
