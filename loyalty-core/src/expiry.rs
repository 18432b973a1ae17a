//! Expiry: when points lapse, and what happens then.

mod idle;

use crate::id::AuthorId;
use crate::ledger::posting::{Account, Posting};
use crate::member::{Balance, Lapse, Lot, MemberState};
use crate::points::OutOfRange;
use crate::program::Program;
use crate::program::document::{Expiry, RuleExpiry};
use crate::time::{Date, Span, Timestamp, When};

/// When points that may be spent from a moment on lapse: 00:00 after their last valid day, in the program's zone; or
/// by activity.
///
/// A rule's own expiry goes before that of the currency.
pub fn lapses(
    program: &Program,
    currency: &AuthorId,
    own: Option<&RuleExpiry>,
    from: &When<'_>,
) -> Option<Lapse> {
    let dated = match own {
        Some(RuleExpiry::Never) => return None,
        Some(RuleExpiry::By(expiry)) => *expiry,
        None => match program.currency(currency)?.expiry.as_ref()? {
            expiry if expiry.by_activity.is_some() => return Some(Lapse::Idle),
            expiry => expiry.dated()?,
        },
    };
    end_of(program, dated, from).map(Lapse::At)
}

/// The first instant after a life that begins at a moment.
pub fn end_of(program: &Program, expiry: Expiry, from: &When<'_>) -> Option<Timestamp> {
    let last_day = expiry.after.after(from.date);
    let day_after = match expiry.to_end_of {
        Some(window) => window.end(&from.on(last_day))?,
        None => last_day.plus_days(1),
    };
    Some(program.zone().start_of(day_after))
}

/// Lets the first lot of a currency lapse, which is due at an instant.
pub fn lapse(
    program: &Program,
    state: &mut MemberState,
    currency: &AuthorId,
    at: Timestamp,
) -> Result<Option<Posting>, OutOfRange> {
    let balance = state.balance_mut(currency);
    if balance.next_lapse() != Some(at) {
        return Ok(None);
    }
    let lot = balance.lots.remove(0);
    let posting = Posting {
        currency: currency.clone(),
        from: Account::Available,
        to: Account::Breakage,
        points: lot.points,
        effective_at: at,
        partner: lot.funded_by.clone(),
    };
    expire(program, balance, lot, at)?;
    Ok(Some(posting))
}

/// Counts a lot as lapsed at an instant, and remembers it for as long as it may be given back.
pub fn expire(program: &Program, balance: &mut Balance, lot: Lot, at: Timestamp) -> Result<(), OutOfRange> {
    let within = program.currency(&balance.currency).and_then(|currency| currency.reinstate_within);
    if !balance.lapsed.is_empty() {
        let date = program.zone().date_at(at);
        balance.forget_lapsed(|at| within.is_none_or(|within| is_forgotten(program, within, at, date)));
    }
    balance.expire(lot, at, within.is_some())
}

/// Whether points that lapsed at an instant may not be given back any more on a date.
pub fn is_forgotten(program: &Program, within: Span, lapsed: Timestamp, date: Date) -> bool {
    within.after(program.zone().date_at(lapsed)) < date
}
