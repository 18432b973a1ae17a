//! What is measured: a line's value under a basis, and which lines a rule counts.

use super::candidates::Hit;
use super::subject::Subject;
use super::{condition, tender};
use crate::activity::{Activity, AttributeValue, Line, Purchase, Tender, attribute};
use crate::explain::NoTrace;
use crate::money::{OutOfRange, Quantity, Ratio};
use crate::program::document::{Basis, Rule};

/// A line that a rule counts, with its measured value.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// The line's index; 0 for an event.
    pub line: usize,
    /// Its value under the rule's basis.
    pub value: Ratio,
}

/// The value of a line under a basis; `None` where it lacks the attribute.
pub fn line_value(line: &Line, basis: &Basis) -> Result<Option<Ratio>, OutOfRange> {
    Ok(match basis {
        Basis::Gross => Some(line.gross()?),
        Basis::NetOfStore => Some(line.net_of_store()?),
        Basis::NetPaid => Some(line.net_paid()?),
        Basis::Quantity => Some(line.units().ratio()),
        Basis::Attribute(id) => attribute(&line.attributes, id.as_str()).and_then(number),
    })
}

/// The number that an attribute holds; prepared activities hold decimals where the program says so.
fn number(value: &AttributeValue) -> Option<Ratio> {
    numeric(value).map(Quantity::ratio)
}

/// The decimal that an attribute holds.
pub fn numeric(value: &AttributeValue) -> Option<Quantity> {
    match value {
        AttributeValue::Text(text) => Quantity::parse(text).ok(),
        AttributeValue::Flag(_) => None,
    }
}

/// Calls `each` with every line that the rule counts; `found` are the only lines that it may count.
pub fn for_each_line<E: From<OutOfRange>>(
    rule: &Rule,
    subject: &Subject<'_>,
    found: Option<&[Hit]>,
    mut each: impl FnMut(Measured) -> Result<(), E>,
) -> Result<(), E> {
    match subject.activity {
        Activity::Purchase(purchase) => for_each_counted(rule, purchase, found, each),
        Activity::Event(event) => {
            let value = match &rule.basis {
                Basis::Attribute(id) => attribute(&event.attributes, id.as_str()).and_then(number),
                _ => None,
            };
            value.map_or(Ok(()), |value| each(Measured { line: 0, value: clamped(rule, value)? }))
        }
        // An occasion has nothing to measure.
        _ => Ok(()),
    }
}

/// Calls `each` with every line of a purchase that the rule counts; `found` are the only lines that it may count.
pub fn for_each_counted<E: From<OutOfRange>>(
    rule: &Rule,
    purchase: &Purchase,
    found: Option<&[Hit]>,
    mut each: impl FnMut(Measured) -> Result<(), E>,
) -> Result<(), E> {
    let Some(share) = share_paid(rule, &purchase.tenders)? else { return Ok(()) };
    let mut measure = |index, line| {
        if let Some(value) = counted(rule, line)? {
            let value = if rule.share_of_tender.is_empty() { value } else { value.times(share)? };
            each(Measured { line: index, value })?;
        }
        Ok(())
    };
    match found {
        None => purchase.lines.iter().enumerate().try_for_each(|(index, line)| measure(index, line)),
        Some(found) => found
            .iter()
            .filter_map(|hit| hit.line())
            .filter_map(|index| Some((index, purchase.lines.get(index)?)))
            .try_for_each(|(index, line)| measure(index, line)),
    }
}

/// The value of a line as a rule counts it, before the share of it that was paid as the rule wants it.
pub fn counted(rule: &Rule, line: &Line) -> Result<Option<Ratio>, OutOfRange> {
    if !counts(rule, line) {
        return Ok(None);
    }
    line_value(line, &rule.basis)?.map(|value| clamped(rule, value)).transpose()
}

/// The share of a purchase that was paid as a rule wants it, 1 where it does not ask; `None` where that is nothing.
pub fn share_paid(rule: &Rule, tenders: &[Tender]) -> Result<Option<Ratio>, OutOfRange> {
    match rule.share_of_tender.as_slice() {
        [] => Ok(Some(Ratio::ONE)),
        kinds => Ok(tender::share(tenders, kinds)?.filter(|share| !share.is_zero())),
    }
}

/// Whether a rule looks at a line at all; `found` are the only ones that it may look at.
pub fn any_counts(rule: &Rule, lines: &[Line], found: Option<&[Hit]>) -> bool {
    let Some(found) = found else { return lines.iter().any(|line| counts(rule, line)) };
    let mut found = found.iter().filter_map(|hit| hit.line()).filter_map(|index| lines.get(index));
    found.any(|line| counts(rule, line))
}

/// Whether a rule looks at a line.
pub fn counts(rule: &Rule, line: &Line) -> bool {
    rule.kinds.contains(&line.kind)
        && rule.lines.as_ref().is_none_or(|wanted| condition::line_holds(wanted, line, &mut NoTrace))
}

fn clamped(rule: &Rule, value: Ratio) -> Result<Ratio, OutOfRange> {
    let mut value = value;
    if let Some(least) = rule.basis_at_least
        && value.compare(least.ratio())?.is_lt()
    {
        value = least.ratio();
    }
    if let Some(most) = rule.basis_at_most
        && value.compare(most.ratio())?.is_gt()
    {
        value = most.ratio();
    }
    Ok(value)
}
