//! Expiry: when points lapse, and what happens then.

use crate::id::AuthorId;
use crate::ledger::posting::{Account, Posting};
use crate::member::MemberState;
use crate::points::{OutOfRange, Points};
use crate::program::Program;
use crate::time::{Timestamp, When};

/// When points earned then lapse: 00:00 after their last valid day, in the program's zone.
pub fn expires_at(program: &Program, currency: &AuthorId, earned: &When<'_>) -> Option<Timestamp> {
    let expiry = program.currency(currency)?.expiry?;
    let last_day = expiry.after.after(earned.date);
    let day_after = match expiry.to_end_of {
        Some(window) => window.end(&earned.on(last_day))?,
        None => last_day.plus_days(1),
    };
    Some(program.zone().start_of(day_after))
}

/// Lets the lots of a currency lapse that are due at an instant.
pub fn lapse(
    state: &mut MemberState,
    currency: &AuthorId,
    at: Timestamp,
) -> Result<Option<Posting>, OutOfRange> {
    let balance = state.balance_mut(currency);
    let mut points = Points::ZERO;
    for lot in balance.lots.iter().filter(|lot| lot.expires_at == Some(at)) {
        points = points.plus(lot.points)?;
    }
    balance.lots.retain(|lot| lot.expires_at != Some(at));
    balance.expired = balance.expired.plus(points)?;
    let lapsed = Posting {
        currency: currency.clone(),
        from: Account::Available,
        to: Account::Breakage,
        points,
        effective_at: at,
    };
    Ok(Some(lapsed).filter(|posting| posting.points.is_positive()))
}
