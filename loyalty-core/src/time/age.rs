//! How long ago a date was, in full units, and when its day comes round.
#![allow(clippy::arithmetic_side_effects)]

use chrono::{Datelike, NaiveDate};

use super::Date;
use super::window::month_number;

impl Date {
    /// Days since an earlier date; 0 where it is not earlier.
    pub fn days_since(self, earlier: Self) -> u32 {
        u32::try_from(i64::from(self.0) - i64::from(earlier.0)).unwrap_or(0)
    }

    /// Full months since an earlier date; 0 where it is not earlier. From 31 January the last of February is one.
    pub fn months_since(self, earlier: Self) -> u32 {
        let turns = month_number(self) - month_number(earlier);
        let months = u32::try_from(turns).unwrap_or(0);
        if earlier.plus_months(months) > self { months.saturating_sub(1) } else { months }
    }

    /// This day of another year: 29 February is 28 February in common years.
    #[must_use]
    pub fn in_year(self, year: u16) -> Self {
        Self::of_year(year, self.month(), self.naive().day())
    }

    /// A day of a year; one that its month lacks becomes the 28th.
    pub fn of_year(year: u16, month: u32, day: u32) -> Self {
        let on = |day| NaiveDate::from_ymd_opt(i32::from(year), month, day);
        Self::from_naive(on(day).or_else(|| on(28)).unwrap_or(NaiveDate::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_comes_round_every_year() {
        let in_year = |text: &str, year| Date::parse(text).unwrap().in_year(year).to_string();
        assert_eq!(in_year("2024-02-29", 2025), "2025-02-28");
        assert_eq!(in_year("2024-02-29", 2028), "2028-02-29");
        assert_eq!(in_year("2023-12-31", 2024), "2024-12-31");
    }

    #[test]
    fn a_month_is_full_on_its_last_day_where_it_is_shorter() {
        let since = |now: &str, then: &str| {
            let [now, then] = [now, then].map(|text| Date::parse(text).unwrap());
            (now.days_since(then), now.months_since(then))
        };
        assert_eq!(since("2026-02-27", "2026-01-31"), (27, 0));
        assert_eq!(since("2026-02-28", "2026-01-31"), (28, 1));
        assert_eq!(since("2026-03-30", "2026-01-31"), (58, 1));
        assert_eq!(since("2026-03-31", "2026-01-31"), (59, 2));
        assert_eq!(since("2025-02-28", "2024-02-29"), (365, 12));
        assert_eq!(since("2026-01-01", "2026-05-01"), (0, 0));
    }
}
