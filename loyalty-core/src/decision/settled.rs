//! A member settled to the present, what fell due, and the operation that begins with it.

use super::Context;
use crate::command::Command;
use crate::conversion::Converted;
use crate::explain::{Step, StepKind, Trace};
use crate::facts::Facts;
use crate::grants::Ended;
use crate::id::OperationKey;
use crate::ledger::operation::{Operation, Sealed, Settlement, Started};
use crate::ledger::posting::Account;
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::problem::Problem;
use crate::program::Program;
use crate::settle::settle;
use crate::tier::Moment;
use crate::time::OffsetTime;

/// Only activities enrol.
pub fn known(state: Option<&MemberState>) -> Result<MemberState, Problem> {
    let message = "the member has not joined yet";
    let help = "send `enrol` or an activity first, or correct the id";
    state.cloned().ok_or_else(|| Problem::new("unknown_member", "", message, help))
}

/// A member settled up to the own time of an activity that comes.
pub struct Arrival<'a> {
    pub state: MemberState,
    pub settlement: Settlement,
    pub moment: Moment<'a>,
    pub late: bool,
}

impl<'a> Arrival<'a> {
    pub fn of(
        context: &Context<'_>,
        program: &'a Program,
        state: Option<&MemberState>,
        occurred_at: OffsetTime,
    ) -> Result<Self, OutOfRange> {
        let own_time = program.own_time(occurred_at);
        let mut state = state.cloned().unwrap_or_else(|| MemberState::enrolled(own_time));
        let late = own_time < state.settled_to;
        // What an activity gave may be over already at the instant settled to, where its own date lags behind
        // the zone's: a late one applies that too.
        let settled_to = own_time.max(state.settled_to);
        let settlement = settle(context.programs, context.owner(), &mut state, settled_to)?;
        let date = program.date_of(occurred_at);
        // A level that a late activity reaches begins now, not on its date.
        let begins = if late { program.zone().date_at(settled_to) } else { date };
        let when = program.when(&state, occurred_at.at, date);
        Ok(Self { state, settlement, moment: Moment { program, at: settled_to, when, begins }, late })
    }
}

/// Settles to the present and gives it, for a command that takes effect when it is recorded.
pub fn settled_now<'a, T: Trace>(
    context: &Context<'a>,
    state: &mut MemberState,
    trace: &mut T,
) -> Result<(Moment<'a>, Settlement), OutOfRange> {
    let program = context.programs.at(context.now);
    let at = context.now.max(state.settled_to);
    let settlement = settle(context.programs, context.owner(), state, at)?;
    tell_settlement(&settlement, trace);
    let date = program.zone().date_at(at);
    let moment = Moment { program, at, when: program.when(state, at, date), begins: date };
    moment.begin(state);
    Ok((moment, settlement))
}

/// Tells what fell due.
pub fn tell_settlement<T: Trace>(settlement: &Settlement, trace: &mut T) {
    for change in &settlement.tier_changes {
        trace.step(|| {
            let text =
                format!("the status `{}` ended at {}: `{}` from then on", change.from, change.at, change.to);
            Step::new(StepKind::Settled, &change.track, text)
        });
    }
    for Started { counter, copied, at } in &settlement.started {
        trace.step(|| {
            let text = format!("`{counter}` begins at {at} with what `{copied}` had");
            Step::new(StepKind::Settled, counter, text)
        });
    }
    for lapsed in &settlement.postings {
        trace.step(|| {
            let what = match (lapsed.from, lapsed.to) {
                (Account::Pending, Account::Available) => "vested",
                (Account::Pending, _) => "were cancelled",
                (Account::Held, Account::Available) => "are no longer held",
                (Account::Available, Account::Redeemed) => "became a voucher",
                _ => "lapsed",
            };
            let text = format!("{} {} {what} at {}", lapsed.points, lapsed.currency, lapsed.effective_at);
            Step::new(StepKind::Settled, &lapsed.currency, text)
        });
    }
    for Converted { conversion, at, voucher, .. } in &settlement.converted {
        trace.step(|| {
            let value = voucher.value.unwrap_or_default();
            let text = format!("`{conversion}` gave a voucher worth {value} at {at}");
            Step::new(StepKind::Settled, conversion, text)
        });
    }
    for Ended { voucher, at, .. } in &settlement.vouchers {
        trace
            .step(|| Step::new(StepKind::Settled, voucher, format!("the voucher `{voucher}` ended at {at}")));
    }
}

/// An operation that does nothing yet but settle.
pub fn opened(
    key: OperationKey,
    occurred_at: OffsetTime,
    program: &Program,
    settlement: Settlement,
    command: Command,
) -> Operation {
    Operation {
        key,
        occurred_at,
        version: program.version(),
        settlement,
        awards: Vec::new(),
        returned: Vec::new(),
        unmatched: Vec::new(),
        counted: Vec::new(),
        tier_changes: Vec::new(),
        postings: Vec::new(),
        sealed: Sealed { command, facts: Facts::NONE, sent_by: None },
        goal_awards: Vec::new(),
        goal_takes: Vec::new(),
        vesting: Vec::new(),
        reviewed_for: Vec::new(),
        welcome: Vec::new(),
        readings: Vec::new(),
        noted: Vec::new(),
        refused: None,
        redeemed: None,
        granted: Vec::new(),
        regranted: Vec::new(),
        held: None,
        turns: Vec::new(),
        referred: None,
        proposed: false,
        pay_back: None,
        quoted: None,
        used: None,
        sent: None,
    }
}
