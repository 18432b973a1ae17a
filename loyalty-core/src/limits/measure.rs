//! Measuring an activity for one limit.

use super::shared::{Noted, text_of};
use super::{USUAL, kept, to_the_instant};
use crate::accrual::{Earned, Subject, basis};
use crate::activity::Activity;
use crate::counter::{self, CounterState, Slots, counting};
use crate::money::{Money, OutOfRange, Ratio, Rounding};
use crate::problem::Problem;
use crate::program::document::{
    Basis, Interval, Limit, LimitAnswer, LimitedActivities, LimitedAmount, LimitedPoints, LimitedShared,
    LimitedSpend, Measure, OnLoss, Sharing, Usual,
};
use crate::time::{Span, Window};

/// What a limit finds of an activity.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// What it comes to, in the unit that people see.
    value: Ratio,
    /// What is within the limit; absent where too little is known of the member yet.
    bound: Option<Ratio>,
    /// Whether it is above the limit, or below what must lie between.
    pub exceeded: bool,
    /// What is counted of it.
    pub adds: i128,
    /// What may be counted of it at most.
    pub room: i128,
    /// Whether the shared counter could not be read: it is above the limit where a review is asked for then.
    lost: bool,
}

/// What measuring looks at beside the member's state.
pub struct Seen<'s, 'e> {
    /// Whether the activity is the member's first.
    pub enrols: bool,
    /// What the shared counter of the limit says.
    pub noted: Option<&'s Noted>,
    /// What the activity earns so far.
    pub earned: &'s [Earned<'e>],
}

impl Reading {
    /// Where a value may be at most another.
    fn at_most(value: Ratio, bound: Ratio, adds: i128) -> Result<Self, OutOfRange> {
        let exceeded = value.compare(bound)?.is_gt();
        Ok(Self { value, bound: Some(bound), exceeded, adds, room: adds, lost: false })
    }

    /// Where a value must be at least another.
    fn at_least(value: Ratio, bound: Ratio, adds: i128) -> Result<Self, OutOfRange> {
        let exceeded = value.compare(bound)?.is_lt();
        Ok(Self { value, bound: Some(bound), exceeded, adds, room: adds, lost: false })
    }

    /// What happens where it is above the limit.
    pub const fn then(&self, limit: &Limit) -> LimitAnswer {
        if self.lost { LimitAnswer::Review } else { limit.then }
    }

    /// The sentence of the explanation.
    pub fn told(&self, limit: &Limit) -> String {
        let then = match (self.exceeded, self.then(limit)) {
            (false, _) => "within the limit",
            (true, LimitAnswer::Allow) => "above the limit, and allowed",
            (true, LimitAnswer::Clip) => "above the limit: what fits is given",
            (true, LimitAnswer::Review) => "above the limit: held for review",
            (true, LimitAnswer::Block) => "above the limit: refused",
        };
        format!("`{}`: {}, {then}", limit.id, self.shown(limit))
    }

    /// What was measured, and what is within the limit.
    pub fn shown(&self, limit: &Limit) -> String {
        let value = self.value;
        if let (true, Measure::Shared(shared)) = (self.lost, &limit.measures) {
            return format!("what bears the same `{}` could not be counted", shared.by);
        }
        let Some(bound) = self.bound else {
            return format!("{value} of a purchase, the member's habits are not known yet");
        };
        match &limit.measures {
            Measure::Activities(_) => format!("{value} activities in its window, at most {bound}"),
            Measure::Spend(_) => format!("{value} spent in its window, at most {bound}"),
            Measure::Points(points) => format!("{value} {} in its window, at most {bound}", points.currency),
            Measure::Amount(usual) => {
                let of = match usual.of {
                    Usual::Mean => "mean",
                    Usual::Maximum => "largest",
                };
                format!(
                    "a purchase of {value}, at most {bound}: {} times the {of} of 90 days",
                    usual.at_most_times
                )
            }
            Measure::Interval(_) => format!("{value} seconds from the nearest activity, at least {bound}"),
            Measure::SinceEnrolment(_) => format!("{value} days since the enrolment, at least {bound}"),
            Measure::Shared(LimitedShared { by, counts, .. }) => {
                let what = match counts {
                    Sharing::Members => "members",
                    Sharing::Activities => "activities",
                };
                format!("{value} {what} with the same `{by}` in its window, at most {bound}")
            }
        }
    }
}

/// Reads a limit; `None` where it measures nothing of the activity.
pub fn read(
    limit: &Limit,
    subject: &Subject<'_>,
    Seen { enrols, noted, earned }: &Seen<'_, '_>,
) -> Result<Option<Reading>, Problem> {
    let known = counter::find(&subject.state.limits.measured, &limit.id);
    let reading = match &limit.measures {
        Measure::Activities(limited) => Some(activities(limited, known, subject)?),
        Measure::Spend(limited) => spend(limited, known, subject)?,
        Measure::Points(limited) => points(limited, known, subject, earned)?,
        Measure::Amount(limited) => amount(limited, limit, known, subject)?,
        Measure::Interval(interval) => Some(apart(*interval, limit, known, subject)?),
        Measure::SinceEnrolment(_) if *enrols => None,
        Measure::SinceEnrolment(span) => Some(since_enrolment(*span, subject)?),
        Measure::Shared(limited) => shared(limited, *noted, subject)?,
    };
    Ok(reading)
}

fn shared(
    limited: &LimitedShared,
    noted: Option<&Noted>,
    subject: &Subject<'_>,
) -> Result<Option<Reading>, OutOfRange> {
    if text_of(limited, subject.activity).is_none() {
        return Ok(None);
    }
    let Some(others) = noted.and_then(|noted| noted.others) else {
        let exceeded = limited.on_loss == OnLoss::Review;
        let (value, adds, room) = (Ratio::ZERO, 0, 0);
        return Ok(Some(Reading { value, bound: None, exceeded, adds, room, lost: true }));
    };
    let value = i128::from(others).checked_add(1).ok_or(OutOfRange)?;
    Ok(Some(Reading::at_most(Ratio::whole(value), Ratio::whole(limited.at_most.into()), 0)?))
}

fn activities(
    limited: &LimitedActivities,
    known: Option<&CounterState>,
    subject: &Subject<'_>,
) -> Result<Reading, Problem> {
    let most = i128::from(limited.at_most);
    let others = match to_the_instant(limited) {
        Some(length) => {
            let recent = known.map(|known| &known.recent);
            let kept = kept(&Measure::Activities(*limited)).unwrap_or_default();
            let at = subject.when().at;
            let found =
                recent.map_or(Some(0), |recent| recent.fullest(length.micros(), at, kept, limited.at_most));
            i128::try_from(found.ok_or_else(|| too_late(subject))?).map_err(|_| OutOfRange)?
        }
        None => used(limited.window, known, subject)?,
    };
    let value = others.checked_add(1).ok_or(OutOfRange)?;
    Ok(Reading::at_most(Ratio::whole(value), Ratio::whole(most), 1)?)
}

fn spend(
    limited: &LimitedSpend,
    known: Option<&CounterState>,
    subject: &Subject<'_>,
) -> Result<Option<Reading>, Problem> {
    let Some(adds) = worth(subject, &limited.basis)? else { return Ok(None) };
    let sum = used(limited.window, known, subject)?.checked_add(adds).ok_or(OutOfRange)?;
    Ok(Some(Reading::at_most(in_money(sum)?, limited.at_most.ratio(), adds)?))
}

fn points(
    limited: &LimitedPoints,
    known: Option<&CounterState>,
    subject: &Subject<'_>,
    earned: &[Earned<'_>],
) -> Result<Option<Reading>, Problem> {
    let given = earned.iter().filter(|one| one.currency == limited.currency);
    let adds: i128 = given.map(|one| i128::from(one.points.minor())).sum();
    if adds <= 0 {
        return Ok(None);
    }
    let unit = subject.program.currency(&limited.currency).map_or(Ratio::ONE, |currency| currency.unit());
    let most = limited.at_most.ratio().times(unit)?.round(Rounding::Floor);
    let before = used(limited.window, known, subject)?;
    let sum = before.checked_add(adds).ok_or(OutOfRange)?;
    let room = most.checked_sub(before).ok_or(OutOfRange)?.clamp(0, adds);
    let reading = Reading::at_most(Ratio::whole(sum).over(unit)?, limited.at_most.ratio(), adds)?;
    Ok(Some(Reading { room, ..reading }))
}

fn amount(
    limited: &LimitedAmount,
    limit: &Limit,
    known: Option<&CounterState>,
    subject: &Subject<'_>,
) -> Result<Option<Reading>, Problem> {
    let Some(adds) = worth(subject, &limited.basis)? else { return Ok(None) };
    let (slots, when) = (Slots::of(subject.program, USUAL), subject.when());
    let purchases = counter::find(&subject.state.limits.purchases, &limit.id);
    let purchases = slots.value(purchases, &when).ok_or_else(|| too_late(subject))?;
    let value = in_money(adds)?;
    if purchases < i128::from(limited.after) {
        return Ok(Some(Reading { value, bound: None, exceeded: false, adds, room: adds, lost: false }));
    }
    let usual = match limited.of {
        Usual::Mean => {
            let sum = slots.value(known, &when).ok_or_else(|| too_late(subject))?;
            in_money(sum)?.over(Ratio::whole(purchases))?
        }
        Usual::Maximum => in_money(slots.largest(known, &when).ok_or_else(|| too_late(subject))?)?,
    };
    Ok(Some(Reading::at_most(value, usual.times(limited.at_most_times.ratio())?, adds)?))
}

fn apart(
    interval: Interval,
    limit: &Limit,
    known: Option<&CounterState>,
    subject: &Subject<'_>,
) -> Result<Reading, Problem> {
    const SECOND: i128 = 1_000_000;
    let kept = kept(&limit.measures).unwrap_or_default();
    let at = subject.when().at;
    let nearest = known.map_or(Some(None), |known| known.recent.nearest(at, kept));
    let bound = Ratio::new(interval.micros().into(), SECOND)?;
    // The first is as far away as it has to be.
    let Some(nearest) = nearest.ok_or_else(|| too_late(subject))? else {
        return Ok(Reading::at_least(bound, bound, 1)?);
    };
    Ok(Reading::at_least(Ratio::new(nearest.into(), SECOND)?, bound, 1)?)
}

fn since_enrolment(span: Span, subject: &Subject<'_>) -> Result<Reading, Problem> {
    let enrolled = subject.program.zone().date_at(subject.state.enrolled_at);
    let days = |date: crate::time::Date| i128::from(date.days()).checked_sub(enrolled.days().into());
    let (value, bound) = (days(subject.date), days(span.after(enrolled)));
    let (value, bound) = value.zip(bound).ok_or(OutOfRange)?;
    Ok(Reading::at_least(Ratio::whole(value), Ratio::whole(bound), 0)?)
}

/// What the item lines of a purchase add up to in 1/10,000, if that is more than nothing.
fn worth(subject: &Subject<'_>, basis: &Basis) -> Result<Option<i128>, OutOfRange> {
    let Activity::Purchase(purchase) = subject.activity else { return Ok(None) };
    let mut sum = Ratio::ZERO;
    for line in purchase.lines.iter().filter(|line| line.kind.is_item()) {
        if let Some(value) = basis::line_value(line, basis)? {
            sum = sum.plus(value)?;
        }
    }
    Ok(Some(counting::units(sum)?).filter(|units| *units > 0))
}

fn in_money(units: i128) -> Result<Ratio, OutOfRange> {
    Ratio::new(units, Money::ONE.units())
}

/// The most that any window holds which the activity joins.
fn used(window: Window, known: Option<&CounterState>, subject: &Subject<'_>) -> Result<i128, Problem> {
    let slots = Slots::of(subject.program, window);
    slots.fullest(known, &subject.when()).ok_or_else(|| too_late(subject))
}

fn too_late(subject: &Subject<'_>) -> Problem {
    Subject::too_late(format!("what limits measured on {} is no longer kept", subject.date))
}
