//! Conditions on when something happens.

use super::{number, told};
use crate::accrual::Subject;
use crate::explain::Trace;
use crate::id::AuthorId;
use crate::money::{OutOfRange, Ratio};
use crate::program::condition::{DateRange, Hours, MembershipTest};
use crate::time::DayOfWeek;

pub fn dates<T: Trace>(range: DateRange, subject: &Subject<'_>, trace: &mut T) -> bool {
    let held =
        range.from.is_none_or(|from| from <= subject.date) && range.to.is_none_or(|to| subject.date <= to);
    told(trace, held, || {
        let wanted = match (range.from, range.to) {
            (Some(from), Some(to)) => format!("{from} to {to}"),
            (Some(from), None) => format!("{from} or later"),
            (None, Some(to)) => format!("{to} or earlier"),
            (None, None) => "any".to_owned(),
        };
        ("date".into(), subject.date.to_string(), wanted)
    })
}

pub fn weekday<T: Trace>(days: &[DayOfWeek], subject: &Subject<'_>, trace: &mut T) -> bool {
    let day = DayOfWeek::of(subject.date);
    told(trace, days.contains(&day), || {
        let wanted: Vec<_> = days.iter().map(|day| format!("{day:?}")).collect();
        ("weekday".into(), format!("{day:?}"), wanted.join(" or "))
    })
}

pub fn hours<T: Trace>(hours: Hours, subject: &Subject<'_>, trace: &mut T) -> bool {
    let time = subject.time_of_day();
    told(trace, time.is_within(hours.from, hours.to), || {
        ("time of day".into(), time.to_string(), format!("{} to before {}", hours.from, hours.to))
    })
}

pub fn holiday<T: Trace>(id: &AuthorId, subject: &Subject<'_>, trace: &mut T) -> bool {
    let list = subject.program.document().holidays.iter().find(|list| list.id == *id);
    let held = list.is_some_and(|list| list.dates.contains(&subject.date));
    told(trace, held, || ("date".into(), subject.date.to_string(), format!("a date of `{id}`")))
}

pub fn membership<T: Trace>(
    test: &MembershipTest,
    subject: &Subject<'_>,
    trace: &mut T,
) -> Result<bool, OutOfRange> {
    let (wanted, unit) = test.parts();
    let enrolled = subject.enrolled_on();
    let age = match test {
        MembershipTest::Days(_) => subject.date.days_since(enrolled),
        MembershipTest::Months(_) => subject.date.months_since(enrolled),
        MembershipTest::Years(_) => subject.date.months_since(enrolled).div_euclid(12),
    };
    number(format_args!("{unit} of membership"), wanted, (Ratio::whole(i128::from(age)), 0), trace)
}
