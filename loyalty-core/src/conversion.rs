//! Scheduled conversions: on some days of the year full steps of a member's points become a voucher.
//!
//! When, the versions of the program say and no state: a conversion is due at the first instant of its days, by the
//! version in force then, for whoever is a member before.

use minicbor::{Decode, Encode};

use crate::expiry;
use crate::grants::{Codes, Gift, HeldVoucher, VoucherCode};
use crate::id::{AuthorId, MemberId, OperationKey};
use crate::ledger::operation::Settlement;
use crate::ledger::posting::Account;
use crate::member::MemberState;
use crate::money::{Money, Ratio, Rounding};
use crate::points::{OutOfRange, Points};
use crate::program::document::Conversion;
use crate::program::{Program, Programs};
use crate::redemption::release::postings;
use crate::tier::Moment;
use crate::time::Timestamp;

/// A voucher is worth less than this: what has 15 digits before the point.
const MOST_VALUE: Money = Money::from_units(10_i128.pow(15 + 4));

/// Whose points are converted, and by which the codes of their vouchers are made.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The member.
    pub member: &'a MemberId,
    /// By which codes are made.
    pub codes: Codes<'a>,
}

impl<'a> Owner<'a> {
    /// A member whose vouchers are not given to anybody, since nothing of it is kept.
    pub const fn unkept(member: &'a MemberId) -> Self {
        Self { member, codes: Codes::UNKEPT }
    }
}

/// Points that became a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Converted {
    /// The conversion.
    #[n(0)]
    pub conversion: AuthorId,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// The currency.
    #[n(2)]
    pub currency: AuthorId,
    /// How many, in minor units.
    #[n(3)]
    pub points: Points,
    /// The voucher.
    #[n(4)]
    pub voucher: HeldVoucher,
}

/// A place in the order of conversions: an instant, and the last conversion of it that is done; absent where all are.
#[derive(Debug, Clone)]
pub struct Place {
    /// The instant.
    pub at: Timestamp,
    /// The last conversion of the instant that is done.
    pub id: Option<AuthorId>,
}

impl Place {
    fn is_before(&self, at: Timestamp, id: &AuthorId) -> bool {
        self.at < at || self.at == at && self.id.as_ref().is_some_and(|done| done < id)
    }
}

impl Programs {
    /// The first conversion after a place and up to an instant.
    pub fn next_conversion(&self, after: &Place, to: Timestamp) -> Option<(Timestamp, &AuthorId)> {
        if self.all().all(|program| program.document().conversions.is_empty()) {
            return None;
        }
        let mut from = after.at;
        loop {
            let next = self.next_after(from).map(|(at, _)| at).filter(|at| *at <= to);
            let due = self.at(from).conversions_from(from).filter(|(at, id)| {
                *at <= to && next.is_none_or(|next| *at < next) && after.is_before(*at, id)
            });
            match (due.min(), next) {
                (None, Some(next)) => from = next,
                (due, _) => return due,
            }
        }
    }
}

impl Program {
    /// When each conversion happens next: on each of its days of the year of an instant, and of the year after.
    fn conversions_from(&self, from: Timestamp) -> impl Iterator<Item = (Timestamp, &AuthorId)> {
        let today = self.zone().date_at(from);
        let all = self.document().conversions.iter().flat_map(move |conversion| {
            conversion.on.iter().flat_map(move |day| {
                day.from(today).map(move |date| (self.zone().start_of(date), &conversion.id))
            })
        });
        all.filter(move |(at, _)| *at >= from)
    }
}

impl Moment<'_> {
    /// Lets a conversion happen that is due at this moment: nothing does where there are too few points, or no room
    /// for a voucher.
    pub(crate) fn convert(
        &self,
        conversion: &AuthorId,
        owner: Owner<'_>,
        state: &mut MemberState,
        settlement: &mut Settlement,
    ) -> Result<(), OutOfRange> {
        let Some((conversion, currency)) = self.program.conversion(conversion) else { return Ok(()) };
        let available = state.balance(&currency.id).map_or(Ok(Points::ZERO), |it| it.available())?;
        let Some((points, value)) = self.full_steps(conversion, available) else { return Ok(()) };
        let voucher = HeldVoucher {
            voucher: conversion.id.clone(),
            code: self.code(conversion, owner)?,
            expires_at: conversion.expiry.and_then(|it| expiry::end_of(self.program, it, &self.when)),
            uses: 1,
            used: 0,
            value: Some(value),
        };
        if !state.gifts.give(&Gift::Voucher(voucher.clone())) {
            return Ok(());
        }
        let balance = state.balance_mut(&currency.id);
        let lots = balance.spend(points, None)?;
        balance.redeemed = balance.redeemed.plus(points)?;
        let between = (Account::Available, Account::Redeemed);
        settlement.postings.extend(postings(&currency.id, &lots, between, self.at)?);
        let (conversion, currency) = (conversion.id.clone(), currency.id.clone());
        settlement.converted.push(Converted { conversion, at: self.at, currency, points, voucher });
        Ok(())
    }

    /// The full steps of so many points, and what they are worth; none where that is too few.
    fn full_steps(&self, conversion: &Conversion, available: Points) -> Option<(Points, Money)> {
        let currency = &self.program.conversion(&conversion.id)?.1.id;
        let step = self.program.minor(conversion.per_full.points, currency);
        let least = conversion.at_least.map_or(step, |least| self.program.minor(least, currency));
        if available < least {
            return None;
        }
        let minor = |points: Points| Ratio::whole(i128::from(points.minor()));
        let steps = minor(available).full_steps(minor(step)).ok().filter(|steps| *steps > 0)?;
        let points = minor(step).times(Ratio::whole(steps)).ok()?.round(Rounding::Floor);
        let value = conversion.per_full.off.units().checked_mul(steps)?;
        // What is worth more than money can say stays points.
        let value = Some(Money::from_units(value)).filter(|value| *value < MOST_VALUE)?;
        Some((Points::from_wide(points).ok()?, value))
    }

    /// The code of a voucher is that of its day, whoever looks at the member then or later.
    fn code(&self, conversion: &Conversion, owner: Owner<'_>) -> Result<VoucherCode, OutOfRange> {
        let key = OperationKey::new(&format!("conversion/{}/{}", conversion.id, self.when.date));
        let key = key.map_err(|_| OutOfRange)?;
        Ok(owner.codes.code(owner.member, &key, (&conversion.id, 0)))
    }
}
