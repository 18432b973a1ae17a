//! What part of a purchase was paid with some kinds of tender.

use crate::activity::Tender;
use crate::money::{OutOfRange, Ratio};

/// The sum of the tenders of some kinds; change given back may be one below 0.
pub fn paid_with(tenders: &[Tender], kinds: &[String]) -> Result<Ratio, OutOfRange> {
    sum(tenders.iter().filter(|tender| kinds.contains(&tender.kind)))
}

/// Their share in all tenders, from 0 to 1; `None` where the purchase does not say how it was paid.
pub fn share(tenders: &[Tender], kinds: &[String]) -> Result<Option<Ratio>, OutOfRange> {
    let (all, part) = (sum(tenders.iter())?, paid_with(tenders, kinds)?);
    if all.compare(Ratio::ZERO)?.is_le() {
        return Ok(None);
    }
    Ok(Some(match part {
        _ if part.is_negative() => Ratio::ZERO,
        _ if part.compare(all)?.is_gt() => Ratio::ONE,
        _ => part.over(all)?.reduced(),
    }))
}

fn sum<'a>(mut tenders: impl Iterator<Item = &'a Tender>) -> Result<Ratio, OutOfRange> {
    tenders.try_fold(Ratio::ZERO, |sum, tender| sum.plus(tender.amount.ratio()))
}
