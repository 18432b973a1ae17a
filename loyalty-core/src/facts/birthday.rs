//! Birthdays: a month and a day, and the year where the member tells it.

use std::borrow::Cow;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use minicbor::{Decode, Encode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::time::Date;

/// A year in which every day of the year exists.
const LEAP_YEAR: i32 = 2_000;

/// A birthday, such as `02-29` or `1990-06-15`. The year is kept by the member store alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Birthday {
    #[n(0)]
    year: Option<u16>,
    #[n(1)]
    month: u8,
    #[n(2)]
    day: u8,
}

/// A text that is no birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a birthday such as \"06-15\" or \"1990-06-15\"")]
pub struct InvalidBirthday;

impl Birthday {
    /// Reads `06-15` or `1990-06-15`; years are 1870 to 2100.
    pub fn parse(text: &str) -> Result<Self, InvalidBirthday> {
        let told = text.len() > 5;
        let whole = if told { Cow::Borrowed(text) } else { Cow::Owned(format!("{LEAP_YEAR}-{text}")) };
        let date: NaiveDate = whole.parse().map_err(|_| InvalidBirthday)?;
        let year = told.then(|| u16::try_from(date.year())).transpose().map_err(|_| InvalidBirthday)?;
        let small = |number: u32| u8::try_from(number).map_err(|_| InvalidBirthday);
        let read = Self { year, month: small(date.month())?, day: small(date.day())? };
        // The parser also takes spaces and single digits.
        let fits = read.to_string() == text && year.is_none_or(|year| (1_870..=2_100).contains(&year));
        if fits { Ok(read) } else { Err(InvalidBirthday) }
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u32 {
        self.month as u32
    }

    /// The day of a year on which it falls: 29 February is 28 February in common years.
    pub fn in_year(self, year: u16) -> Date {
        Date::of_year(year, self.month(), u32::from(self.day))
    }

    /// Month and day alone, which is all that rules look at.
    #[must_use]
    pub const fn without_year(self) -> Self {
        Self { year: None, ..self }
    }
}

impl fmt::Display for Birthday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(year) = self.year {
            write!(f, "{year:04}-")?;
        }
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl Serialize for Birthday {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Birthday {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Birthday;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a birthday such as \"06-15\" or \"1990-06-15\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Birthday, E> {
                Birthday::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Birthday {
    fn schema_name() -> Cow<'static, str> {
        "Birthday".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "a birthday such as \"06-15\" or \"1990-06-15\"",
            "type": "string",
            "pattern": "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_is_a_day_of_some_year() {
        for text in ["02-29", "12-31", "1992-02-29", "1870-01-01"] {
            assert_eq!(Birthday::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "2-29", "02-30", "1990-02-29", "1869-12-31", "2101-01-01", "13-01", " 02-01", "+1990-01-01"]
        {
            assert_eq!(Birthday::parse(text), Err(InvalidBirthday), "{text}");
        }
        assert_eq!(Birthday::parse("1992-02-29").unwrap().without_year(), Birthday::parse("02-29").unwrap());
    }
}
