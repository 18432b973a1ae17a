//! The time of day on a wall.
#![allow(clippy::arithmetic_side_effects)]

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DAY_SECONDS, InvalidTime, OffsetTime};

/// A minute of the day, written `06:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `06:30`.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let (hour, minute) = text.split_once(':').ok_or(InvalidTime::OfDay)?;
        let number = |text: &str| text.parse::<u16>().map_err(|_| InvalidTime::OfDay);
        let read = Self(number(hour)?.min(24) * 60 + number(minute)?.min(60));
        // The parser also takes signs and single digits.
        if read.to_string() == text && read.0 < 24 * 60 { Ok(read) } else { Err(InvalidTime::OfDay) }
    }

    /// What the wall shows where something happened.
    pub const fn of(time: OffsetTime) -> Self {
        let second = (time.at.seconds() + time.offset as i64).rem_euclid(DAY_SECONDS);
        Self((second / 60) as u16)
    }

    /// Minutes since midnight on the wall.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// Whether it lies from one time of day up to, not including, another; past midnight where that is earlier.
    pub fn is_within(self, from: Self, to: Self) -> bool {
        if from < to { from <= self && self < to } else { from <= self || self < to }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

text_form!(TimeOfDay, "a time of day such as \"06:30\"", "time-of-day");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_minutes_of_a_day_are_read() {
        for text in ["00:00", "06:30", "23:59"] {
            assert_eq!(TimeOfDay::parse(text).unwrap().to_string(), text);
        }
        for bad in ["24:00", "6:30", "06:60", "+6:30", "06:30:00", "noon", "25:00", "99999:00"] {
            assert_eq!(TimeOfDay::parse(bad), Err(InvalidTime::OfDay), "{bad}");
        }
    }

    #[test]
    fn nights_go_past_midnight() {
        let [evening, morning] = ["22:00", "06:00"].map(|text| TimeOfDay::parse(text).unwrap());
        let within = |text: &str| TimeOfDay::of(OffsetTime::parse(text).unwrap()).is_within(evening, morning);
        assert!(within("2026-03-10T22:00:00+01:00") && within("2026-03-10T05:59:59+01:00"));
        assert!(!within("2026-03-10T06:00:00+01:00") && !within("2026-03-10T21:59:59+01:00"));
    }
}
