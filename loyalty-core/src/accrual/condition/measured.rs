//! Conditions on what is measured.

use std::fmt;

use super::{line_holds, number, told};
use crate::accrual::basis::line_value;
use crate::accrual::{Subject, tender as tenders};
use crate::activity::Line;
use crate::explain::{NoTrace, Trace};
use crate::money::{OutOfRange, Ratio};
use crate::program::condition::{BasketTest, DiscountTest, TenderTest, ValueTest};
use crate::program::document::Basis;

pub fn basket<T: Trace>(test: &BasketTest, subject: &Subject<'_>, trace: &mut T) -> Result<bool, OutOfRange> {
    let places = if test.basis.is_money() { subject.program.coin_places() } else { 0 };
    number(Summed(test), &test.sum, (basket_sum(test, subject)?, places), trace)
}

/// What a test of the basket sums, written only where somebody listens.
struct Summed<'a>(&'a BasketTest);

impl fmt::Display for Summed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.basis, &self.0.lines) {
            (Basis::Gross | Basis::NetOfStore | Basis::NetPaid, None) => f.write_str("basket"),
            (Basis::Gross | Basis::NetOfStore | Basis::NetPaid, Some(_)) => {
                f.write_str("what counts of the basket")
            }
            (Basis::Quantity, None) => f.write_str("units in the basket"),
            (Basis::Quantity, Some(_)) => f.write_str("units that count of the basket"),
            (Basis::Attribute(id), _) => write!(f, "sum of `{id}`"),
        }
    }
}

/// The sum that a test is of.
pub fn basket_sum(test: &BasketTest, subject: &Subject<'_>) -> Result<Ratio, OutOfRange> {
    let mut sum = Ratio::ZERO;
    for line in subject.lines().iter().filter(|line| basket_counts(test, line)) {
        sum = sum.plus(line_value(line, &test.basis)?.unwrap_or(Ratio::ZERO))?;
    }
    Ok(sum)
}

/// Whether a test sums a line.
pub fn basket_counts(test: &BasketTest, line: &Line) -> bool {
    test.kinds.contains(&line.kind)
        && test.lines.as_ref().is_none_or(|wanted| line_holds(wanted, line, &mut NoTrace))
}

/// Kinds of tender, written only where somebody listens.
#[derive(Clone, Copy)]
struct PaidBy<'a>(&'a [String]);

impl fmt::Display for PaidBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "paid by {}", self.0.join(", "))
    }
}

pub fn tender<T: Trace>(test: &TenderTest, subject: &Subject<'_>, trace: &mut T) -> Result<bool, OutOfRange> {
    let (what, given) = (PaidBy(&test.kinds), subject.tenders());
    if let Some(wanted) = &test.share {
        return match tenders::share(given, &test.kinds)? {
            Some(share) => number(format_args!("share {what}"), wanted, (share, 0), trace),
            None => Ok(told(trace, false, || {
                (what.to_string(), "nothing".into(), "to say how it was paid".into())
            })),
        };
    }
    if let Some(wanted) = &test.amount {
        let paid = tenders::paid_with(given, &test.kinds)?;
        return number(what, wanted, (paid, subject.program.coin_places()), trace);
    }
    let (wanted, is) =
        (test.known.unwrap_or(true), given.iter().any(|tender| test.kinds.contains(&tender.kind)));
    Ok(told(trace, is == wanted, || {
        let paid = |is: bool| if is { "yes" } else { "no" }.to_owned();
        (what.to_string(), paid(is), paid(wanted))
    }))
}

pub fn value<T: Trace>(test: &ValueTest, line: &Line, trace: &mut T) -> Result<bool, OutOfRange> {
    match line_value(line, &test.basis)? {
        Some(value) => number("value", &test.number, (value, 0), trace),
        None => Ok(told(trace, false, || ("value".into(), "nothing".into(), "a number".into()))),
    }
}

pub fn discount<T: Trace>(test: &DiscountTest, line: &Line, trace: &mut T) -> Result<bool, OutOfRange> {
    let off = line.discounts_of(|funder| test.funders.as_ref().is_none_or(|all| all.contains(&funder)))?;
    if let Some(wanted) = &test.amount {
        return number("taken off", wanted, (off, 0), trace);
    }
    let (wanted, is) = (test.known.unwrap_or(true), !off.is_zero());
    Ok(told(trace, is == wanted, || ("taken off".into(), off.to_string(), format!("known: {wanted}"))))
}
