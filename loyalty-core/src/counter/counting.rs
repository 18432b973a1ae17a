//! What an activity adds to the program's counters, and how its lines are summed.

use super::Slots;
use crate::accrual::{Earned, Subject, basis, condition};
use crate::activity::{Activity, Attribute, Line, Purchase, attribute};
use crate::explain::NoTrace;
use crate::id::AuthorId;
use crate::money::{Money, OutOfRange, Ratio, Rounding};
use crate::program::Program;
use crate::program::document::{Counted, Counter, Sum, SumOf};

/// What an activity adds to one counter.
#[derive(Debug, Clone)]
pub struct Added<'a> {
    /// The counter.
    pub counter: &'a Counter,
    /// The slot in which it counts.
    pub slot: i64,
    /// How much.
    pub amount: i128,
}

/// What an activity adds to the counters of its program, which it finds as they were before it.
pub fn added<'a>(
    program: &'a Program,
    subject: &Subject<'_>,
    earned: &[Earned],
) -> Result<Vec<Added<'a>>, OutOfRange> {
    let mut all = Vec::new();
    for counter in &program.document().counters {
        if let Some(amount) = amount(counter, subject, earned)? {
            let slot = Slots::of_counter(program, counter).slot(&subject.when());
            all.push(Added { counter, slot, amount });
        }
    }
    Ok(all)
}

/// What an activity adds to a counter; `None` where it does not count there.
pub fn amount(
    counter: &Counter,
    subject: &Subject<'_>,
    earned: &[Earned],
) -> Result<Option<i128>, OutOfRange> {
    let amount = match (&counter.counts, subject.activity) {
        (counts, Activity::Purchase(purchase)) if counts.sums_lines() => {
            Some(sum_of_lines(counter, purchase, |_, value| Ok(value))?)
        }
        (Counted::Purchases | Counted::Days, Activity::Purchase(_)) => Some(1),
        (Counted::Events(name), Activity::Event(event)) => (event.name == *name).then_some(1),
        (Counted::Sum(Sum { attribute, of: SumOf::Purchase }), Activity::Purchase(purchase)) => {
            attribute_units(attribute, &purchase.attributes)?
        }
        (Counted::Sum(Sum { attribute, of: SumOf::Event(name) }), Activity::Event(event))
            if event.name == *name =>
        {
            attribute_units(attribute, &event.attributes)?
        }
        (Counted::Earned(_) | Counted::EarnedOfKind(_), _) => {
            let given = earned.iter().map(|one| (&one.currency, i128::from(one.points.minor())));
            Some(points(&counter.counts, subject.program, given)?)
        }
        _ => None,
    };
    // A sum of nothing over lines may have parts that come back, so it is noted as well.
    let amount = amount.filter(|amount| *amount != 0 || counter.counts.sums_lines());
    match &counter.when {
        Some(when) if amount.is_some() && !condition::holds(when, subject, &mut NoTrace)? => Ok(None),
        _ => Ok(amount),
    }
}

/// Points of the currencies that a counter counts: minor units of its one currency, or 1/10,000 of whole points.
pub fn points<'a>(
    counts: &Counted,
    program: &Program,
    given: impl Iterator<Item = (&'a AuthorId, i128)>,
) -> Result<i128, OutOfRange> {
    let mut sum = 0_i128;
    for (id, minor) in given {
        let unit = match counts {
            Counted::Earned(wanted) => i128::from(wanted == id),
            Counted::EarnedOfKind(kind) => {
                let currency = program.currency(id).filter(|currency| currency.kind == *kind);
                currency.map_or(0, super::minor_unit)
            }
            _ => 0,
        };
        let units = minor.checked_mul(unit).ok_or(OutOfRange)?;
        sum = sum.checked_add(units).ok_or(OutOfRange)?;
    }
    Ok(sum)
}

/// What the item lines of a purchase sum up to for a counter, where `kept` says what is kept of each value.
pub fn sum_of_lines(
    counter: &Counter,
    purchase: &Purchase,
    kept: impl Fn(usize, Ratio) -> Result<Ratio, OutOfRange>,
) -> Result<i128, OutOfRange> {
    let mut sum = Ratio::ZERO;
    for (index, line) in purchase.lines.iter().enumerate().filter(|(_, line)| line.kind.is_item()) {
        let wanted = counter.lines.as_ref();
        if wanted.is_none_or(|wanted| condition::line_holds(wanted, line, &mut NoTrace))
            && let Some(value) = of_line(&counter.counts, line)?
        {
            sum = sum.plus(kept(index, value)?)?;
        }
    }
    units(sum)
}

fn of_line(counts: &Counted, line: &Line) -> Result<Option<Ratio>, OutOfRange> {
    match counts {
        Counted::Spend(basis) => basis::line_value(line, basis),
        Counted::Sum(sum) => Ok(number(&sum.attribute, &line.attributes)),
        _ => Ok(None),
    }
}

fn attribute_units(id: &AuthorId, attributes: &[Attribute]) -> Result<Option<i128>, OutOfRange> {
    number(id, attributes).map(units).transpose()
}

fn number(id: &AuthorId, attributes: &[Attribute]) -> Option<Ratio> {
    attribute(attributes, id.as_str()).and_then(basis::numeric).map(|number| number.ratio())
}

/// A sum as counters keep it: in 1/10,000, rounded once an activity.
pub fn units(sum: Ratio) -> Result<i128, OutOfRange> {
    Ok(sum.times(Ratio::whole(Money::ONE.units()))?.round(Rounding::HalfEven))
}
