//! Instants, civil dates and, as [`Window`], the stretches of time that counters, caps and tiers are cut by.
//!
//! The one place of calendar arithmetic; `chrono` knows the calendar, nothing here reads a clock.
#![allow(clippy::arithmetic_side_effects)]

mod window;

use std::fmt;

use chrono::{DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, Offset, TimeZone, Utc, Weekday};
use minicbor::{Decode, Decoder, Encode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

pub use self::window::{MonthDay, Rolling, RollingStep, When, Window};

/// A text that is no instant or date, or one outside the years 1970 to 2100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidTime {
    /// Not RFC 3339.
    #[error("must be an RFC 3339 time with its offset, such as \"2026-03-10T09:30:00+01:00\"")]
    Form,
    /// Not a date.
    #[error("must be a date such as \"2026-03-10\"")]
    Date,
    /// Not a time of day.
    #[error("must be a time of day such as \"06:30\", from 00:00 to 23:59")]
    OfDay,
    /// Outside the calendar of a program.
    #[error("must lie in the years 1970 to 2100")]
    Range,
}

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] i64);

const MICROS: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;
/// 2101-01-01T00:00:00Z in seconds.
pub(crate) const END_SECONDS: i64 = 4_133_980_800;

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, toward the past.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// The instant that many microseconds later.
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The instant that many seconds later.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(MICROS))
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        OffsetTime::parse(text).map(|t| t.at)
    }
}

impl<'b, C> Decode<'b, C> for Timestamp {
    /// Refuses instants before every activity: a damaged one would have all of the time since then settled.
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let read = Self(d.i64()?);
        let first = Self::from_seconds(-DAY_SECONDS);
        if read < first { Err(minicbor::decode::Error::message(InvalidTime::Range)) } else { Ok(read) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OffsetTime { at: *self, offset: 0 }.fmt(f)
    }
}

/// An instant with the offset of the place where it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct OffsetTime {
    /// The instant.
    #[n(0)]
    pub at: Timestamp,
    /// Seconds east of Greenwich.
    #[n(1)]
    pub offset: i32,
}

impl OffsetTime {
    /// Reads RFC 3339, such as `2026-03-10T09:30:00+01:00`.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let read = DateTime::<FixedOffset>::parse_from_rfc3339(text).map_err(|_| InvalidTime::Form)?;
        // Rounded to the instant that is kept: a leap second is the first of the next day.
        let at = Timestamp(read.timestamp_micros());
        if !(-DAY_SECONDS..END_SECONDS).contains(&at.seconds()) {
            return Err(InvalidTime::Range);
        }
        Ok(Self { at, offset: read.offset().fix().local_minus_utc() })
    }

    /// The date on the wall where it happened.
    pub const fn local_date(self) -> Date {
        date_of_seconds(self.at.seconds() + self.offset as i64)
    }
}

const fn date_of_seconds(local_seconds: i64) -> Date {
    Date(local_seconds.div_euclid(DAY_SECONDS) as i32)
}

impl fmt::Display for OffsetTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = FixedOffset::east_opt(self.offset).unwrap_or(Utc.fix());
        let at = DateTime::from_timestamp_micros(self.at.0).unwrap_or_default();
        let local = offset.from_utc_datetime(&at.naive_utc());
        let form =
            if self.at.0.rem_euclid(MICROS) == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
        write!(f, "{}", local.format(form))?;
        if self.offset == 0 { f.write_str("Z") } else { write!(f, "{}", local.format("%:z")) }
    }
}

/// Text forms of a time type in JSON and its schema.
macro_rules! text_form {
    ($name:ident, $expected:literal, $format:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let says = $expected;
                schemars::json_schema!({ "description": says, "type": "string", "format": $format })
            }
        }
    };
}

mod age;
mod of_day;

pub use self::of_day::TimeOfDay;

text_form!(Timestamp, "an RFC 3339 time such as \"2026-03-10T09:30:00+01:00\"", "date-time");
text_form!(
    OffsetTime,
    "an RFC 3339 time with its offset, such as \"2026-03-10T09:30:00+01:00\"",
    "date-time"
);
text_form!(Date, "a date such as \"2026-03-10\"", "date");
text_form!(MonthDay, "a day of the year such as \"02-01\"", "month-day");

/// A civil date: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Date(#[n(0)] i32);

impl Date {
    /// Reads `2026-03-10`.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let date: NaiveDate = text.parse().map_err(|_| InvalidTime::Date)?;
        // The parser also takes spaces and single digits.
        if date.to_string() != text {
            return Err(InvalidTime::Date);
        }
        if !(1970..=2100).contains(&date.year()) {
            return Err(InvalidTime::Range);
        }
        Ok(Self::from_naive(date))
    }

    /// From days since 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The date that many days later.
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The date that many months later; a day that the month lacks becomes its last, 31 Jan + 1 = 28 Feb.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        Self::from_naive(self.naive().checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX))
    }

    /// The date that many months earlier; a day that the month lacks becomes its last.
    #[must_use]
    pub fn minus_months(self, months: u32) -> Self {
        Self::from_naive(self.naive().checked_sub_months(Months::new(months)).unwrap_or(NaiveDate::MIN))
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u32 {
        self.naive().month()
    }

    /// Seconds from 1970-01-01T00:00:00 to this date's midnight, both on the same wall.
    pub const fn wall_seconds(self) -> i64 {
        self.0 as i64 * DAY_SECONDS
    }

    fn naive(self) -> NaiveDate {
        let epoch = NaiveDate::default();
        let days = Days::new(u64::from(self.0.unsigned_abs()));
        let moved = if self.0 < 0 { epoch.checked_sub_days(days) } else { epoch.checked_add_days(days) };
        moved.unwrap_or(NaiveDate::MAX)
    }

    fn from_naive(date: NaiveDate) -> Self {
        Self(date.signed_duration_since(NaiveDate::default()).num_days() as i32)
    }

    fn from_year_month(months: i32) -> Self {
        let first = NaiveDate::from_ymd_opt(months.div_euclid(12), months.rem_euclid(12) as u32 + 1, 1);
        Self::from_naive(first.unwrap_or(NaiveDate::MAX))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.naive().fmt(f)
    }
}

/// A length of civil time, such as `{"months": 18}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Span {
    /// Calendar days.
    Days(#[schemars(range(min = 1, max = Self::MOST_DAYS))] u16),
    /// Calendar months; 31 January and one month is the last of February.
    Months(#[schemars(range(min = 1, max = Self::MOST_MONTHS))] u16),
    /// Calendar years.
    Years(#[schemars(range(min = 1, max = Self::MOST_YEARS))] u16),
}

impl Span {
    /// How many of its unit: `days`, `months` or `years`, as JSON names it. At least 1 and at most the last.
    pub const fn parts(self) -> (u16, &'static str, u16) {
        match self {
            Self::Days(days) => (days, "days", Self::MOST_DAYS),
            Self::Months(months) => (months, "months", Self::MOST_MONTHS),
            Self::Years(years) => (years, "years", Self::MOST_YEARS),
        }
    }

    const MOST_DAYS: u16 = 36_600;
    const MOST_MONTHS: u16 = 1_200;
    const MOST_YEARS: u16 = 100;

    /// The most days that it lasts.
    pub fn most_days(self) -> usize {
        match self {
            Self::Days(days) => usize::from(days),
            Self::Months(months) => usize::from(months) * 31,
            Self::Years(years) => usize::from(years) * 366,
        }
    }

    /// The date this long after `from`.
    pub fn after(self, from: Date) -> Date {
        match self {
            Self::Days(days) => from.plus_days(i32::from(days)),
            Self::Months(months) => from.plus_months(u32::from(months)),
            Self::Years(years) => from.plus_months(u32::from(years) * 12),
        }
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum DayOfWeek {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl DayOfWeek {
    /// The weekday of a date.
    pub fn of(date: Date) -> Self {
        match date.naive().weekday() {
            Weekday::Mon => Self::Monday,
            Weekday::Tue => Self::Tuesday,
            Weekday::Wed => Self::Wednesday,
            Weekday::Thu => Self::Thursday,
            Weekday::Fri => Self::Friday,
            Weekday::Sat => Self::Saturday,
            Weekday::Sun => Self::Sunday,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn times_are_read_with_their_offset_and_shown_the_same() {
        for text in ["2017-01-01T07:30:27-05:00", "2026-03-10T09:30:00Z", "2026-03-10T09:30:00.000001+05:30"]
        {
            assert_eq!(OffsetTime::parse(text).unwrap().to_string(), text);
        }
        for bad in ["2017-01-01", "2017-01-01T07:30:27", "yesterday", "2017-13-01T00:00:00Z"] {
            assert_eq!(OffsetTime::parse(bad), Err(InvalidTime::Form), "{bad}");
        }
        assert_eq!(OffsetTime::parse("2101-01-01T00:00:00Z"), Err(InvalidTime::Range));
    }

    #[test]
    fn the_local_date_is_not_the_utc_date() {
        let late = OffsetTime::parse("2017-06-30T23:50:37-04:00").unwrap();
        assert_eq!(late.local_date(), date("2017-06-30"));
    }

    #[test]
    fn months_end_where_they_end() {
        assert_eq!(date("2026-01-31").plus_months(1), date("2026-02-28"));
        assert_eq!(date("2024-01-31").plus_months(1), date("2024-02-29"));
        assert_eq!(Span::Years(1).after(date("2024-02-29")), date("2025-02-28"));
    }

    #[test]
    fn weekdays_have_their_names() {
        assert_eq!(DayOfWeek::of(date("2026-11-23")), DayOfWeek::Monday);
        assert_eq!(DayOfWeek::of(date("2026-11-29")), DayOfWeek::Sunday);
    }
}
