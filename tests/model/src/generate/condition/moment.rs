//! Random conditions on when something happens.

use loyalty_core::program::condition::{Condition, DateRange, Hours, MembershipTest};
use loyalty_core::program::document::HolidayList;
use loyalty_core::time::{Date, DayOfWeek, TimeOfDay};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::number;
use crate::generate::words::{HOLIDAYS, id};

/// A condition on dates, weekdays, hours, holidays or the age of membership.
pub fn condition() -> BoxedStrategy<Condition> {
    prop_oneof![
        dates().prop_map(Condition::Dates),
        subsequence(WEEK.to_vec(), 1..=6).prop_map(Condition::Weekday),
        hours().prop_map(Condition::Hours),
        Just(Condition::Holiday(id(HOLIDAYS))),
        membership().prop_map(Condition::Membership),
    ]
    .boxed()
}

/// The list of holidays that conditions name: some dates of the first months of histories.
pub fn holidays() -> impl Strategy<Value = Vec<HolidayList>> {
    let date = (0..240).prop_map(|days| Date::from_days(first() + days));
    vec(date, 1..=60).prop_map(|dates| vec![HolidayList { id: id(HOLIDAYS), dates }])
}

/// A range inside the years of the histories, with one end at least.
pub fn dates() -> impl Strategy<Value = DateRange> {
    (option::of(0..900), 0..900).prop_map(move |(from, length)| {
        let from = from.map(|days| Date::from_days(first() + days));
        let to = Date::from_days(from.map_or(first(), Date::days) + length);
        DateRange { from, to: Some(to) }
    })
}

fn first() -> i32 {
    Date::parse("2016-11-01").expect("a date").days()
}

/// Midnights are likely, since histories love them too.
fn hours() -> impl Strategy<Value = Hours> {
    let time = |text| TimeOfDay::parse(text).expect("a time of day");
    let ends = select(vec![
        ("00:00", "01:30"),
        ("22:30", "00:30"),
        ("06:00", "18:00"),
        ("18:00", "00:00"),
        ("23:59", "12:00"),
    ]);
    ends.prop_map(move |(from, to)| Hours { from: time(from), to: time(to) })
}

fn membership() -> impl Strategy<Value = MembershipTest> {
    prop_oneof![
        number(0, 60).prop_map(MembershipTest::Days),
        number(0, 14).prop_map(MembershipTest::Months),
        number(0, 2).prop_map(MembershipTest::Years),
    ]
}

const WEEK: [DayOfWeek; 7] = [
    DayOfWeek::Monday,
    DayOfWeek::Tuesday,
    DayOfWeek::Wednesday,
    DayOfWeek::Thursday,
    DayOfWeek::Friday,
    DayOfWeek::Saturday,
    DayOfWeek::Sunday,
];
