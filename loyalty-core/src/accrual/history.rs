//! Conditions on what the member did before: what a counter holds, the nth of its kind, how long ago the last was.

use super::condition::{number, told};
use super::subject::Subject;
use crate::counter::{self, Slots, counting};
use crate::explain::Trace;
use crate::money::{Money, OutOfRange, Ratio};
use crate::program::condition::{CounterTest, NthTest, SinceLastTest};
use crate::time::Timestamp;

/// What a counter holds before the activity. What is no longer kept was refused before as too late.
pub fn counter_holds<T: Trace>(
    test: &CounterTest,
    subject: &Subject<'_>,
    trace: &mut T,
) -> Result<bool, OutOfRange> {
    let Subject { program, state, .. } = *subject;
    let Some(counter) = program.counter(&test.id) else { return Ok(false) };
    let value = counter::value(program, state, &counter.id, &subject.when()).unwrap_or(0);
    let units = value.checked_mul(counter::unit(program, counter)).ok_or(OutOfRange)?;
    number(test.id.as_str(), &test.value, (Ratio::new(units, Money::ONE.units())?, 0), trace)
}

/// Whether the activity brings a counter to the nth, which it has not come to before in the window.
pub fn nth_holds<T: Trace>(test: &NthTest, subject: &Subject<'_>, trace: &mut T) -> Result<bool, OutOfRange> {
    let Subject { program, state, .. } = *subject;
    let Some(counter) = program.counter(&test.counter) else { return Ok(false) };
    let (slots, known, when) =
        (Slots::of_counter(program, counter), counter::find(&state.counters, &counter.id), subject.when());
    let before = slots.value(known, &when).and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
    let counts = counting::counts(counter, subject, &[])? && slots.is_one_more(known, &when);
    let now = before.saturating_add(u64::from(counts));
    let wanted = match (test.is, test.every) {
        (Some(nth), _) => now == u64::from(nth),
        (None, Some(every)) => now.checked_rem(u64::from(every)) == Some(0),
        (None, None) => false,
    };
    let held = counts && wanted && now > slots.reached(known, &when);
    Ok(told(trace, held, || {
        let number = |prefix: &str, n: Option<u32>| n.map(|n| format!("{prefix}{n}"));
        let wanted = number("number ", test.is).or_else(|| number("every ", test.every)).unwrap_or_default();
        (test.counter.to_string(), format!("number {now}"), wanted)
    }))
}

/// How long ago a counter last counted.
pub fn since_last_holds<T: Trace>(
    test: &SinceLastTest,
    subject: &Subject<'_>,
    trace: &mut T,
) -> Result<bool, OutOfRange> {
    let at = subject.activity.occurred_at().at;
    let last = counter::last(subject.state, &test.counter, at).flatten();
    let what = |unit: &str| format!("{unit} since the last of `{}`", test.counter);
    let tests = [("days", &test.days), ("hours", &test.hours), ("minutes", &test.minutes)];
    let asked = tests.into_iter().find_map(|(unit, wanted)| Some((unit, wanted.as_ref()?)));
    match (last, asked) {
        (Some(last), Some((unit, wanted))) => {
            number(what(unit), wanted, (elapsed(unit, last, at, subject)?, 0), trace)
        }
        (last, asked) => {
            let held = asked.is_none() && last.is_some() == test.known.unwrap_or(true);
            let words = |known: bool| if known { "known" } else { "none" }.to_owned();
            let wanted = words(test.known.unwrap_or(true));
            Ok(told(trace, held, || (what("time"), words(last.is_some()), wanted)))
        }
    }
}

fn elapsed(unit: &str, last: Timestamp, at: Timestamp, subject: &Subject<'_>) -> Result<Ratio, OutOfRange> {
    let micros = i128::from(at.micros().saturating_sub(last.micros()));
    match unit {
        "minutes" => Ratio::new(micros, 60_000_000),
        "hours" => Ratio::new(micros, 3_600_000_000),
        _ => {
            let day = |at| i128::from(subject.program.zone().date_at(at).days());
            Ok(Ratio::whole(day(at).saturating_sub(day(last))))
        }
    }
}
