//! What an activity adds to the program's counters, and how its lines are summed.

use super::Slots;
use crate::accrual::{Earned, Subject, basis, condition};
use crate::activity::{Activity, Attribute, Line, Purchase, attribute};
use crate::explain::NoTrace;
use crate::id::AuthorId;
use crate::money::{Money, OutOfRange, Ratio, Rounding};
use crate::points::Points;
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
    /// The award whose points it counts, from 0; absent where it counts something else.
    pub award: Option<u32>,
}

/// What an activity adds to the counters of its program, which it finds as they were before it.
///
/// What counts points counts each award by itself, so that it is known what each gives back.
pub fn added<'a>(
    program: &'a Program,
    subject: &Subject<'_>,
    earned: &[Earned<'_>],
) -> Result<Vec<Added<'a>>, OutOfRange> {
    let mut all = Vec::new();
    for counter in &program.document().counters {
        let amounts = amounts(counter, subject, earned)?;
        if amounts.is_empty() || !looks_at(counter, subject)? {
            continue;
        }
        let slot = Slots::of_counter(program, counter).slot(&subject.when());
        all.extend(amounts.into_iter().map(|(award, amount)| Added { counter, slot, amount, award }));
    }
    Ok(all)
}

/// Whether an activity counts at all in a counter of its program; points count where some were given.
pub fn counts(counter: &Counter, subject: &Subject<'_>, earned: &[Earned<'_>]) -> Result<bool, OutOfRange> {
    Ok(!amounts(counter, subject, earned)?.is_empty() && looks_at(counter, subject)?)
}

fn looks_at(counter: &Counter, subject: &Subject<'_>) -> Result<bool, OutOfRange> {
    counter.when.as_ref().map_or(Ok(true), |when| condition::holds(when, subject, &mut NoTrace))
}

/// What an activity would add to a counter, with the place of the award where it counts one.
fn amounts(
    counter: &Counter,
    subject: &Subject<'_>,
    earned: &[Earned<'_>],
) -> Result<Vec<(Option<u32>, i128)>, OutOfRange> {
    if let Counted::Earned(_) | Counted::EarnedOfKind(_) = &counter.counts {
        let mut all = Vec::new();
        for (place, one) in (0_u32..).zip(earned) {
            let amount = points(&counter.counts, subject.program, &one.currency, one.points)?;
            if amount != 0 {
                all.push((Some(place), amount));
            }
        }
        return Ok(all);
    }
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
        _ => None,
    };
    // A sum of nothing over lines may have parts that come back, so it is noted as well.
    let amount = amount.filter(|amount| *amount != 0 || counter.counts.sums_lines());
    Ok(amount.map(|amount| (None, amount)).into_iter().collect())
}

/// Points of a currency as a counter counts them: minor units of its one currency, or 1/10,000 of whole points.
pub fn points(
    counts: &Counted,
    program: &Program,
    currency: &AuthorId,
    given: Points,
) -> Result<i128, OutOfRange> {
    let unit = match counts {
        Counted::Earned(wanted) => i128::from(wanted == currency),
        Counted::EarnedOfKind(kind) => {
            let currency = program.currency(currency).filter(|currency| currency.kind == *kind);
            currency.map_or(0, super::minor_unit)
        }
        _ => 0,
    };
    i128::from(given.minor()).checked_mul(unit).ok_or(OutOfRange)
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
