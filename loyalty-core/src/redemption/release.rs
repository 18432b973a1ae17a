//! Points that come back: from a hold that ends, or a redemption that is cancelled.

use super::Held;
use crate::expiry;
use crate::id::AuthorId;
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lot, MemberState, by_partner};
use crate::points::OutOfRange;
use crate::program::Program;
use crate::time::Timestamp;

/// Puts lots back as they were; what would have lapsed up to `at` lapses now.
pub fn give_back(
    program: &Program,
    (currency, lots): (&AuthorId, &[Lot]),
    from: Account,
    state: &mut MemberState,
    (at, now): (Timestamp, Timestamp),
) -> Result<Vec<Posting>, OutOfRange> {
    let balance = state.balance_mut(currency);
    let is_over = |lot: &Lot| balance.living.lapses_at(lot).is_some_and(|lapses| lapses <= at);
    let (over, open): (Vec<Lot>, Vec<Lot>) = lots.iter().cloned().partition(is_over);
    for lot in &open {
        balance.put(lot.clone())?;
    }
    let mut all = postings(currency, &open, (from, Account::Available), now)?;
    all.extend(postings(currency, &over, (from, Account::Breakage), now)?);
    for lot in over {
        expiry::expire(program, balance, lot, at)?;
    }
    Ok(all)
}

/// The postings of lots from one account to another, by who pays for them.
pub fn postings(
    currency: &AuthorId,
    lots: &[Lot],
    (from, to): (Account, Account),
    effective_at: Timestamp,
) -> Result<Vec<Posting>, OutOfRange> {
    let each = by_partner(lots)?.into_iter().map(|(partner, points)| {
        let currency = currency.clone();
        Posting { currency, from, to, points, effective_at, partner }
    });
    Ok(each.collect())
}

/// Ends the hold that is over first.
pub fn end_first(program: &Program, state: &mut MemberState) -> Result<Vec<Posting>, OutOfRange> {
    if state.holds.is_empty() {
        return Ok(Vec::new());
    }
    let Held { redeemed, until, .. } = state.holds.remove(0);
    state.give_up_reward(&redeemed.reward, redeemed.slot)?;
    give_back(program, (&redeemed.currency, &redeemed.lots), Account::Held, state, (until, until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::{Lapse, Lapsed};
    use crate::points::Points;

    #[test]
    fn what_has_lapsed_does_not_come_back() {
        let (currency, at) = (AuthorId::new("points").unwrap(), Timestamp::from_seconds);
        let lot = |points, seconds| Lot {
            lapses: Some(Lapse::At(at(seconds))),
            points: Points::new(points).unwrap(),
            funded_by: None,
            life: 0,
            arrival: 0,
        };
        let program = r#"{"format": 1, "name": "a", "money": "EUR", "zone": {"name": "UTC", "offset": 0, "changes": []},
            "currencies": [{"id": "points", "reinstate_within": {"days": 1}}]}"#;
        let program = Program::check(program.as_bytes()).unwrap();
        let mut state = MemberState::enrolled(at(0));
        let lots = [lot(30, 5), lot(20, 6)];
        let postings =
            give_back(&program, (&currency, &lots), Account::Held, &mut state, (at(5), at(5))).unwrap();
        let moved: Vec<_> = postings.iter().map(|it| (it.to, it.points.minor())).collect();
        assert_eq!(moved, [(Account::Available, 20), (Account::Breakage, 30)]);
        let balance = state.balance(&currency).unwrap();
        assert_eq!((balance.lots.as_slice(), balance.expired.minor()), ([lot(20, 6)].as_slice(), 30));
        let lapsed = Lapsed { at: at(5), points: Points::new(30).unwrap(), funded_by: None };
        assert_eq!(balance.lapsed, [lapsed], "and may be given back");
    }
}
