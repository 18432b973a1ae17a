//! Conditions on when something happens.

use chrono::{Datelike, Months, NaiveDate, Weekday};
use loyalty_core::id::AuthorId;
use loyalty_core::program::condition::{DateRange, Hours, MembershipTest};
use loyalty_core::program::document::Document;
use loyalty_core::time::DayOfWeek;

use super::number;
use crate::calendar;
use crate::number::whole;

pub fn within(range: &DateRange, date: NaiveDate) -> bool {
    range.from.is_none_or(|from| calendar::date(from) <= date)
        && range.to.is_none_or(|to| date <= calendar::date(to))
}

pub fn on_weekday(days: &[DayOfWeek], date: NaiveDate) -> bool {
    days.iter().any(|day| weekday(*day) == date.weekday())
}

pub fn on_holiday(document: &Document, id: &AuthorId, date: NaiveDate) -> bool {
    let lists = document.holidays.iter().filter(|list| list.id == *id);
    lists.flat_map(|list| &list.dates).any(|holiday| calendar::date(*holiday) == date)
}

/// Walks through the minutes from the first on; the last is the one before `to` comes round.
pub fn at_hours(hours: &Hours, minute: u32) -> bool {
    let read = |time: loyalty_core::time::TimeOfDay| {
        let text = time.to_string();
        let (hour, minute) = text.split_once(':').expect("an hour and a minute");
        hour.parse::<u32>().expect("a number") * 60 + minute.parse::<u32>().expect("a number")
    };
    let (from, to) = (read(hours.from), read(hours.to));
    (0..24 * 60)
        .map(|passed| (from + passed) % (24 * 60))
        .take_while(|now| *now != to)
        .any(|now| now == minute)
}

/// Counts anniversaries of the date of enrolment, each from that date.
pub fn for_long(test: &MembershipTest, enrolled: NaiveDate, date: NaiveDate) -> bool {
    let anniversaries = |months: u32| {
        (1..)
            .take_while(|n| enrolled.checked_add_months(Months::new(n * months)).is_some_and(|it| it <= date))
            .count()
    };
    let (wanted, age) = match test {
        MembershipTest::Days(wanted) => (wanted, usize::try_from((date - enrolled).num_days()).unwrap_or(0)),
        MembershipTest::Months(wanted) => (wanted, anniversaries(1)),
        MembershipTest::Years(wanted) => (wanted, anniversaries(12)),
    };
    number(wanted, &whole(age))
}

fn weekday(day: DayOfWeek) -> Weekday {
    match day {
        DayOfWeek::Monday => Weekday::Mon,
        DayOfWeek::Tuesday => Weekday::Tue,
        DayOfWeek::Wednesday => Weekday::Wed,
        DayOfWeek::Thursday => Weekday::Thu,
        DayOfWeek::Friday => Weekday::Fri,
        DayOfWeek::Saturday => Weekday::Sat,
        DayOfWeek::Sunday => Weekday::Sun,
    }
}
