//! What members owe: points that a return or a hand should have taken and that were gone.
//!
//! Whatever may be spent repays it at once, so a member who owes points of a currency has none of it to spend.

use crate::id::AuthorId;
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lapse, Lot, MemberState};
use crate::money::{OutOfRange, Quantity, Ratio, Rounding};
use crate::points::Points;
use crate::program::Program;
use crate::program::document::WhenGone;
use crate::redemption::release;
use crate::time::Timestamp;

/// What of a currency may be taken from a member as the program says.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Whether points are taken that may be spent.
    lots: bool,
    /// How much may be owed in all.
    most: Points,
}

/// What was taken.
#[derive(Debug)]
pub struct Taken {
    /// The lots that it came out of.
    pub lots: Vec<Lot>,
    /// How much is owed for it.
    pub owed: Points,
    /// How much is forgiven.
    pub forgiven: Points,
}

impl Reach {
    /// What a program lets be taken.
    pub fn of(program: &Program, state: &MemberState, currency: &AuthorId) -> Self {
        let within = Self { lots: true, most: Points::ZERO };
        if state.is_closed() {
            return within;
        }
        let into = match &program.document().returns.when_gone {
            WhenGone::OnlyPending => return Self { lots: false, ..within },
            WhenGone::WithinBalance => return within,
            WhenGone::IntoDebt(into) => into,
        };
        let holds = |track: &AuthorId| {
            state.tier(track).map(|held| held.owes_as.as_ref().unwrap_or_else(|| held.level()))
        };
        let own =
            into.tiers.iter().find(|it| holds(&it.tier.track).is_some_and(|at| it.tier.level.contains(at)));
        let (at_most, share) =
            own.map_or((into.at_most, into.share_of_earned), |own| (own.at_most, own.share_of_earned));
        let unit = program.currency(currency).map_or(Ratio::ONE, |currency| currency.unit());
        let earned = state.balance(currency).map_or(Points::ZERO, |balance| balance.earned);
        // Beyond all points there is no limit.
        let limit = |part: Option<Quantity>, of| {
            let points = part.and_then(|part| Some(part.ratio().times(of).ok()?.round(Rounding::Floor)));
            points.and_then(|points| Points::from_wide(points).ok()).unwrap_or(Points::MAX)
        };
        let most = limit(at_most, unit).min(limit(share, Ratio::whole(earned.minor().into())));
        Self { most, ..within }
    }

    /// What people let be taken by hand: whatever is there, and into debt as returns do.
    pub fn by_hand(program: &Program, state: &MemberState, currency: &AuthorId) -> Self {
        Self { lots: true, ..Self::of(program, state, currency) }
    }

    /// Takes points, first from the lot of this expiry and partner where one is named, then soonest expiry first; what is
    /// missing is owed as far as it may be, and the rest forgiven.
    pub fn take(
        self,
        points: Points,
        first: Option<(Option<Lapse>, Option<&AuthorId>)>,
        currency: &AuthorId,
        state: &mut MemberState,
    ) -> Result<Taken, OutOfRange> {
        let balance = state.balance_mut(currency);
        let lots = match first {
            _ if !self.lots => Vec::new(),
            Some(first) => balance.take(points, first)?,
            None => balance.spend(points.min(balance.available()?), None)?,
        };
        let found = lots.iter().try_fold(Points::ZERO, |sum, lot| sum.plus(lot.points))?;
        let missing = points.minus(found)?;
        let owed = missing.min(self.most.minus(balance.debt)?.max(Points::ZERO));
        balance.debt = balance.debt.plus(owed)?;
        Ok(Taken { lots, owed, forgiven: missing.minus(owed)? })
    }
}

/// Has members owe by the level that they held before the first of returns that come one after the other.
pub fn returns_begin(program: &Program, state: &mut MemberState) {
    let into = &program.document().returns.when_gone;
    if !matches!(into, WhenGone::IntoDebt(into) if !into.tiers.is_empty()) {
        return;
    }
    for tier in state.tiers.iter_mut().filter(|tier| tier.owes_as.is_none()) {
        tier.owes_as = Some(tier.level().clone());
    }
}

/// Something else than a return happens.
pub fn returns_end(state: &mut MemberState) {
    state.tiers.iter_mut().for_each(|tier| tier.owes_as = None);
}

/// Owes less by what a return gives again, as far as anything is owed; gives how much less.
pub fn owe_less(points: Points, currency: &AuthorId, state: &mut MemberState) -> Result<Points, OutOfRange> {
    let balance = state.balance_mut(currency);
    let part = balance.debt.min(points);
    balance.debt = balance.debt.minus(part)?;
    Ok(part)
}

/// Repays what is owed with whatever may be spent, soonest expiry first.
pub fn repay(state: &mut MemberState, at: Timestamp) -> Result<Vec<Posting>, OutOfRange> {
    let mut postings = Vec::new();
    for balance in state.balances.iter_mut().filter(|balance| !balance.debt.is_zero()) {
        let part = balance.debt.min(balance.available()?);
        let lots = balance.spend(part, None)?;
        balance.debt = balance.debt.minus(part)?;
        postings.extend(release::postings(
            &balance.currency,
            &lots,
            (Account::Available, Account::Debt),
            at,
        )?);
    }
    Ok(postings)
}
