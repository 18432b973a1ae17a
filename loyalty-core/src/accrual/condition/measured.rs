//! Conditions on what is measured.

use std::fmt;

use super::{line_holds, number, told};
use crate::accrual::basis::line_value;
use crate::accrual::{Subject, tender as tenders};
use crate::activity::{Line, Tender};
use crate::explain::{NoTrace, Trace};
use crate::money::{OutOfRange, Ratio};
use crate::program::condition::{BasketTest, DiscountTest, TenderTest, ValueTest};

pub fn basket<T: Trace>(test: &BasketTest, subject: &Subject<'_>, trace: &mut T) -> Result<bool, OutOfRange> {
    number("basket", &test.sum, basket_sum(test, subject)?, trace)
}

/// The sum that a test is of.
pub fn basket_sum(test: &BasketTest, subject: &Subject<'_>) -> Result<Ratio, OutOfRange> {
    let mut sum = Ratio::ZERO;
    for line in subject.lines().iter().filter(|line| test.kinds.contains(&line.kind)) {
        if test.lines.as_ref().is_none_or(|wanted| line_holds(wanted, line, &mut NoTrace)) {
            sum = sum.plus(line_value(line, &test.basis)?.unwrap_or(Ratio::ZERO))?;
        }
    }
    Ok(sum)
}

/// Kinds of tender, written only where somebody listens.
#[derive(Clone, Copy)]
struct PaidBy<'a>(&'a [String]);

impl fmt::Display for PaidBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "paid by {}", self.0.join(", "))
    }
}

pub fn tender<T: Trace>(test: &TenderTest, given: &[Tender], trace: &mut T) -> Result<bool, OutOfRange> {
    let what = PaidBy(&test.kinds);
    if let Some(wanted) = &test.share {
        return match tenders::share(given, &test.kinds)? {
            Some(share) => number(format_args!("share {what}"), wanted, share, trace),
            None => Ok(told(trace, false, || {
                (what.to_string(), "nothing".into(), "to say how it was paid".into())
            })),
        };
    }
    if let Some(wanted) = &test.amount {
        return number(what, wanted, tenders::paid_with(given, &test.kinds)?, trace);
    }
    let (wanted, is) =
        (test.known.unwrap_or(true), given.iter().any(|tender| test.kinds.contains(&tender.kind)));
    Ok(told(trace, is == wanted, || (what.to_string(), is.to_string(), wanted.to_string())))
}

pub fn value<T: Trace>(test: &ValueTest, line: &Line, trace: &mut T) -> Result<bool, OutOfRange> {
    match line_value(line, &test.basis)? {
        Some(value) => number("value", &test.number, value, trace),
        None => Ok(told(trace, false, || ("value".into(), "nothing".into(), "a number".into()))),
    }
}

pub fn discount<T: Trace>(test: &DiscountTest, line: &Line, trace: &mut T) -> Result<bool, OutOfRange> {
    let off = line.discounts_of(|funder| test.funders.as_ref().is_none_or(|all| all.contains(&funder)))?;
    if let Some(wanted) = &test.amount {
        return number("taken off", wanted, off, trace);
    }
    let (wanted, is) = (test.known.unwrap_or(true), !off.is_zero());
    Ok(told(trace, is == wanted, || ("taken off".into(), off.to_string(), format!("known: {wanted}"))))
}
