//! Windows: the stretches of time that counters, caps and tiers are cut by, as numbered slots.
//!
//! A calendar window is one slot. A rolling window is a run of slots up to the present one, so that it moves
//! slot by slot: 60 slots for minutes and hours, local days or months for what is longer.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Date, InvalidTime, Timestamp};
use crate::zone::Zone;

/// A day of the year, written `02-01`; 29 February is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonthDay {
    month: u32,
    day: u32,
}

impl MonthDay {
    /// Reads `02-01`.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let day: NaiveDate = format!("1970-{text}").parse().map_err(|_| InvalidTime::Date)?;
        let read = Self { month: day.month(), day: day.day() };
        if read.to_string() == text { Ok(read) } else { Err(InvalidTime::Date) }
    }

    /// The year, named by where it begins, of the years beginning on this day that `date` lies in.
    fn year_of(self, date: NaiveDate) -> i32 {
        date.year() - i32::from(Self { month: date.month(), day: date.day() } < self)
    }

    /// This day in the year of a date, and in the next.
    pub fn from(self, date: Date) -> impl Iterator<Item = Date> {
        let year = date.naive().year();
        [year, year + 1].into_iter().map(move |year| self.in_year(year))
    }

    /// This day in a year.
    fn in_year(self, year: i32) -> Date {
        Date::from_naive(NaiveDate::from_ymd_opt(year, self.month, self.day).unwrap_or(NaiveDate::MAX))
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

/// A window: which stretch of time a counter, a cap or a tier belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Window {
    /// One local date.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months from January.
    Quarter,
    /// A calendar year.
    Year,
    /// Three months from another day on, such as `{"quarter_from": "02-01"}`.
    QuarterFrom(MonthDay),
    /// A year that starts on another day, such as `{"year_from": "02-01"}`.
    YearFrom(MonthDay),
    /// A year of the membership: from the day on which the member enrolled, and from each anniversary of it.
    AnniversaryYear,
    /// The time just past, such as `{"rolling": {"days": 30}}`.
    Rolling(Rolling),
    /// From the first activity to the last.
    Lifetime,
}

/// The length of a rolling window: exactly one of `minutes`, `hours`, `days` and `months`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rolling {
    /// Minutes, in 60 equal steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = Self::MOST_MINUTES))]
    pub minutes: Option<u16>,
    /// Hours, in 60 equal steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = Self::MOST_HOURS))]
    pub hours: Option<u16>,
    /// Local days, today included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = Self::MOST_DAYS))]
    pub days: Option<u16>,
    /// Months: up to 3 to the day, today included; more in calendar months, this one included, unless `step`
    /// says `day`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = Self::MOST_MONTHS))]
    pub months: Option<u16>,
    /// Lets months move day by day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<RollingStep>,
}

/// By what a rolling window of months moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollingStep {
    /// By the day, for at most 24 months.
    Day,
}

/// A rolling window's length in the unit of its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// 60 slots of this many seconds.
    Sixtieths(i64),
    Days(i64),
    /// Day slots, back to the same day this many months ago.
    DaysOfMonths(u16),
    Months(i64),
}

impl Rolling {
    /// The slots of minutes and hours.
    const PARTS: i64 = 60;
    const MOST_MINUTES: u16 = 1_440;
    const MOST_HOURS: u16 = 2_208;
    const MOST_DAYS: u16 = 366;
    const MOST_MONTHS: u16 = 120;
    const MOST_MONTHS_BY_DAY: u16 = 24;
    /// Months that never have more than 92 days.
    const MONTHS_IN_DAYS: u16 = 3;

    /// Each length that is given: its name, and the most of it.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, u16, u16)> {
        let months = if self.step.is_some() { Self::MOST_MONTHS_BY_DAY } else { Self::MOST_MONTHS };
        let all = [
            ("minutes", self.minutes, Self::MOST_MINUTES),
            ("hours", self.hours, Self::MOST_HOURS),
            ("days", self.days, Self::MOST_DAYS),
            ("months", self.months, months),
        ];
        all.into_iter().filter_map(|(name, length, most)| Some((name, length?, most)))
    }

    /// INVARIANT: the checker lets exactly one length in; without one the window is a single day.
    fn length(self) -> Length {
        match (self.minutes, self.hours, self.days, self.months) {
            (Some(minutes), ..) => Length::Sixtieths(i64::from(minutes).max(1)),
            (_, Some(hours), ..) => Length::Sixtieths(i64::from(hours).max(1) * 60),
            (_, _, _, Some(months)) if self.step.is_some() || months <= Self::MONTHS_IN_DAYS => {
                Length::DaysOfMonths(months)
            }
            (_, _, _, Some(months)) => Length::Months(i64::from(months)),
            (_, _, days, None) => Length::Days(i64::from(days.unwrap_or(1))),
        }
    }
}

/// When something is counted or read, as windows see it.
#[derive(Debug, Clone, Copy)]
pub struct When<'a> {
    /// The instant, which cuts minutes and hours.
    pub at: Timestamp,
    /// The local date, which cuts whatever is longer.
    pub date: Date,
    /// When the member enrolled, on whose date the years of the membership begin.
    pub enrolled_at: Timestamp,
    /// The program's zone.
    pub zone: &'a Zone,
}

impl When<'_> {
    /// Another date of the same member.
    #[must_use]
    pub const fn on(self, date: Date) -> Self {
        Self { date, ..self }
    }

    /// The last moment before: where windows are read that end now.
    #[must_use]
    pub const fn just_before(self) -> Self {
        Self { at: self.at.plus_micros(-1), date: self.date.plus_days(-1), ..self }
    }

    fn enrolled_on(&self) -> Date {
        self.zone.date_at(self.enrolled_at)
    }
}

impl Window {
    /// The number of the present slot; neighbours have neighbouring numbers.
    pub fn slot(self, when: &When<'_>) -> i64 {
        let date = when.date;
        let number = match self {
            Self::Rolling(rolling) => return rolling.slot(when),
            Self::Day => date.days(),
            // 1970-01-01 was a Thursday: three days after a Monday.
            Self::Week => (date.days() + 3).div_euclid(7),
            Self::Lifetime => 0,
            Self::Month => month_number(date),
            Self::Quarter => month_number(date).div_euclid(3),
            Self::Year => date.naive().year(),
            Self::YearFrom(start) => start.year_of(date.naive()),
            Self::QuarterFrom(start) => {
                let year = start.year_of(date.naive());
                let began = |quarter: &u32| start.in_year(year).plus_months(quarter * 3) <= date;
                year * 4 + (0..4).rev().find(began).unwrap_or(0) as i32
            }
            Self::AnniversaryYear => {
                let enrolled = when.enrolled_on();
                // Not before the first: what happened before the enrolment counts in its year.
                let years = (date.naive().year() - enrolled.naive().year()).max(0);
                let begun = enrolled.plus_months(years as u32 * 12) <= date;
                (years - i32::from(!begun)).max(0)
            }
        };
        i64::from(number)
    }

    /// The first slot of the window whose present slot is `last`.
    pub fn first_slot(self, last: i64) -> i64 {
        match self {
            Self::Rolling(rolling) => rolling.first_slot(last),
            _ => last,
        }
    }

    /// The most slots that the window covers at once.
    pub fn most_slots(self) -> usize {
        let Self::Rolling(rolling) = self else { return 1 };
        let slots = match rolling.length() {
            Length::Sixtieths(_) => Rolling::PARTS,
            Length::DaysOfMonths(months) => 31 * i64::from(months),
            Length::Days(length) | Length::Months(length) => length,
        };
        usize::try_from(slots).unwrap_or(1)
    }

    /// The first and the last date of the window that `when` lies in, whole months where it moves by the month;
    /// `None` where it is not made of dates or has no beginning.
    pub fn dates(self, when: &When<'_>) -> Option<(Date, Date)> {
        match self {
            Self::Rolling(rolling) => match rolling.length() {
                Length::Days(_) | Length::DaysOfMonths(_) => {
                    Some((Date(rolling.first_slot(i64::from(when.date.0)) as i32), when.date))
                }
                Length::Months(months) => {
                    let next = month_number(when.date) + 1;
                    let first = Date::from_year_month(next - months as i32);
                    Some((first, Date::from_year_month(next).plus_days(-1)))
                }
                Length::Sixtieths(_) => None,
            },
            // What happened before the enrolment counts in the first year.
            Self::AnniversaryYear if self.slot(when) == 0 => {
                Some((Date(i32::MIN), self.end(when)?.plus_days(-1)))
            }
            _ => Some((self.start(self.slot(when), when)?, self.end(when)?.plus_days(-1))),
        }
    }

    /// The most days that [`Window::dates`] are, where they are bounded.
    pub fn most_days(self) -> Option<usize> {
        match self {
            Self::Day => Some(1),
            Self::Week => Some(7),
            Self::Month => Some(31),
            Self::Quarter | Self::QuarterFrom(_) => Some(92),
            Self::Year | Self::YearFrom(_) | Self::AnniversaryYear => Some(366),
            Self::Rolling(rolling) => match rolling.length() {
                Length::Sixtieths(_) => None,
                Length::Months(months) => usize::try_from(31 * months).ok(),
                _ => Some(self.most_slots()),
            },
            Self::Lifetime => None,
        }
    }

    /// The first date after the window that `when` lies in; `None` for one that never ends.
    pub fn end(self, when: &When<'_>) -> Option<Date> {
        self.start(self.slot(when) + 1, when)
    }

    /// Whether the window ends on a date; a lifetime never does, and a rolling window ends always and never.
    pub const fn ends(self) -> bool {
        !matches!(self, Self::Rolling(_) | Self::Lifetime)
    }

    /// The fewest days of a window that ends.
    pub const fn fewest_days(self) -> Option<usize> {
        match self {
            Self::Day => Some(1),
            Self::Week => Some(7),
            Self::Month => Some(28),
            Self::Quarter | Self::QuarterFrom(_) => Some(89),
            Self::Year | Self::YearFrom(_) | Self::AnniversaryYear => Some(365),
            Self::Rolling(_) | Self::Lifetime => None,
        }
    }

    /// The first date of slot number `slot`; `None` where none begins.
    pub fn start(self, slot: i64, when: &When<'_>) -> Option<Date> {
        let slot = i32::try_from(slot).ok()?;
        match self {
            Self::Day => Some(Date(slot)),
            Self::Week => Some(Date(slot * 7 - 3)),
            Self::Month => Some(Date::from_year_month(slot)),
            Self::Quarter => Some(Date::from_year_month(slot * 3)),
            Self::Year => Some(Date::from_year_month(slot * 12)),
            Self::QuarterFrom(start) => {
                Some(start.in_year(slot.div_euclid(4)).plus_months(slot.rem_euclid(4) as u32 * 3))
            }
            Self::YearFrom(start) => Some(start.in_year(slot)),
            // Each from the original date, so that 29 February comes back in the next leap year.
            Self::AnniversaryYear => Some(when.enrolled_on().plus_months(u32::try_from(slot).ok()? * 12)),
            Self::Rolling(_) | Self::Lifetime => None,
        }
    }
}

impl Rolling {
    fn slot(self, when: &When<'_>) -> i64 {
        match self.length() {
            Length::Sixtieths(seconds) => when.at.seconds().div_euclid(seconds),
            Length::Days(_) | Length::DaysOfMonths(_) => i64::from(when.date.days()),
            Length::Months(_) => i64::from(month_number(when.date)),
        }
    }

    fn first_slot(self, last: i64) -> i64 {
        match self.length() {
            Length::Sixtieths(_) => last.saturating_sub(Self::PARTS - 1),
            Length::Days(length) | Length::Months(length) => last.saturating_sub(length - 1),
            Length::DaysOfMonths(months) => {
                let last = Date(i32::try_from(last).unwrap_or_default());
                i64::from(last.minus_months(u32::from(months)).plus_days(1).days())
            }
        }
    }
}

pub(super) fn month_number(date: Date) -> i32 {
    let date = date.naive();
    date.year() * 12 + date.month0() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn window(json: &str) -> Window {
        serde_json::from_str(json).unwrap()
    }

    /// A member who enrolled on 29 February 2024, on a date and at its noon.
    fn on(day: &str, zone: &Zone, check: impl FnOnce(&When<'_>)) {
        let at = Timestamp::parse(&format!("{day}T12:00:00Z")).unwrap();
        let enrolled_at = Timestamp::parse("2024-02-29T09:00:00Z").unwrap();
        check(&When { at, date: date(day), enrolled_at, zone });
    }

    #[test]
    fn windows_begin_on_their_first_day() {
        let cases = [
            (r#""day""#, "2026-11-23", "2026-11-23", "2026-11-24"),
            (r#""week""#, "2026-11-29", "2026-11-23", "2026-11-30"),
            (r#""week""#, "2027-01-01", "2026-12-28", "2027-01-04"),
            (r#""month""#, "2024-02-29", "2024-02-01", "2024-03-01"),
            (r#""quarter""#, "2026-11-23", "2026-10-01", "2027-01-01"),
            (r#""year""#, "2026-12-31", "2026-01-01", "2027-01-01"),
            (r#"{"year_from": "02-01"}"#, "2026-01-31", "2025-02-01", "2026-02-01"),
            (r#"{"quarter_from": "02-01"}"#, "2026-01-31", "2025-11-01", "2026-02-01"),
            (r#"{"quarter_from": "02-01"}"#, "2026-02-01", "2026-02-01", "2026-05-01"),
            (r#"{"quarter_from": "11-30"}"#, "2026-02-27", "2025-11-30", "2026-02-28"),
            (r#"{"quarter_from": "11-30"}"#, "2024-02-29", "2024-02-29", "2024-05-30"),
            (r#""anniversary_year""#, "2024-02-29", "2024-02-29", "2025-02-28"),
            (r#""anniversary_year""#, "2025-02-28", "2025-02-28", "2026-02-28"),
            (r#""anniversary_year""#, "2028-02-28", "2027-02-28", "2028-02-29"),
            (r#""anniversary_year""#, "2024-01-01", "2024-02-29", "2025-02-28"),
        ];
        for (json, day, start, end) in cases {
            on(day, &Zone::utc(), |when| {
                let window = window(json);
                assert_eq!(window.start(window.slot(when), when), Some(date(start)), "{json} {day}");
                assert_eq!(window.end(when), Some(date(end)), "{json} {day}");
                assert!(window.ends() && window.first_slot(7) == 7 && window.most_slots() == 1);
            });
        }
        on("2026-01-01", &Zone::utc(), |when| assert_eq!(Window::Lifetime.end(when), None));
    }

    #[test]
    fn rolling_days_and_months_count_back_from_today() {
        let cases = [
            (r#"{"rolling": {"days": 30}}"#, "2026-03-01", "2026-01-31"),
            (r#"{"rolling": {"days": 1}}"#, "2026-03-01", "2026-03-01"),
            (r#"{"rolling": {"months": 1}}"#, "2026-03-31", "2026-03-01"),
            (r#"{"rolling": {"months": 1}}"#, "2026-02-28", "2026-01-29"),
            (r#"{"rolling": {"months": 3}}"#, "2026-10-31", "2026-08-01"),
            (r#"{"rolling": {"months": 12, "step": "day"}}"#, "2024-02-29", "2023-03-01"),
            (r#"{"rolling": {"months": 4}}"#, "2026-10-31", "2026-07-01"),
            (r#"{"rolling": {"months": 12}}"#, "2026-10-31", "2025-11-01"),
        ];
        for (json, day, first) in cases {
            on(day, &Zone::utc(), |when| {
                let window = window(json);
                assert_eq!(window.dates(when), Some((date(first), date(day))), "{json} {day}");
                assert_eq!((window.end(when), window.ends()), (None, false));
                let covered = window.slot(when) - window.first_slot(window.slot(when)) + 1;
                assert!(covered as usize <= window.most_slots(), "{json}");
            });
        }
    }

    #[test]
    fn minutes_and_hours_have_sixty_equal_slots() {
        let at = |text: &str| When {
            at: Timestamp::parse(text).unwrap(),
            date: date("2026-03-10"),
            enrolled_at: Timestamp::default(),
            zone: Box::leak(Box::new(Zone::utc())),
        };
        for (json, still, gone) in [
            (r#"{"rolling": {"minutes": 30}}"#, "2026-03-10T09:30:30Z", "2026-03-10T09:30:29.999999Z"),
            (r#"{"rolling": {"hours": 24}}"#, "2026-03-09T10:24:00Z", "2026-03-09T10:23:59Z"),
        ] {
            let window = window(json);
            let first = window.first_slot(window.slot(&at("2026-03-10T10:00:00Z")));
            assert_eq!(window.slot(&at(still)), first, "{json}");
            assert_eq!(window.slot(&at(gone)), first - 1, "{json}");
        }
    }
}
