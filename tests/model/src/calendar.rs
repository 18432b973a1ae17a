//! Dates, windows and the zone, by walking day by day where that is the plainest way.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use loyalty_core::program::document::{DatesBy, Document};
use loyalty_core::time::{OffsetTime, Span, Window};

/// An instant.
pub type Instant = DateTime<Utc>;

/// The instant of what never ends.
pub const NEVER: Instant = Instant::MAX_UTC;

/// The zone and the habit of a program.
#[derive(Debug, Clone)]
pub struct Calendar {
    dates_by: DatesBy,
    first_offset: i32,
    changes: Vec<(Instant, i32)>,
}

impl Calendar {
    /// The calendar of a program.
    pub fn new(document: &Document) -> Self {
        let zone = &document.zone;
        Self {
            dates_by: document.dates_by,
            first_offset: zone.offset.unwrap_or(0),
            changes: zone
                .changes
                .iter()
                .map(|(seconds, offset)| (instant(seconds * 1_000_000), *offset))
                .collect(),
        }
    }

    /// The date in the program's zone.
    pub fn date_at(&self, at: Instant) -> NaiveDate {
        on_the_wall(at, self.offset_at(at))
    }

    /// The zone's offset, in seconds east of Greenwich.
    pub fn offset_at(&self, at: Instant) -> i32 {
        let held = self.changes.iter().rev().find(|change| change.0 <= at);
        held.map_or(self.first_offset, |change| change.1)
    }

    /// The next instant at which the zone's offset changes.
    pub fn next_change(&self, after: Instant) -> Option<Instant> {
        self.changes.iter().map(|change| change.0).find(|change| *change > after)
    }

    /// The first instant whose date is `date` or later: a midnight by one of the offsets, or a change that
    /// skips it.
    pub fn start_of(&self, date: NaiveDate) -> Instant {
        let midnight = date.and_hms_opt(0, 0, 0).expect("every date has one on paper").and_utc();
        let offsets = self.changes.iter().map(|change| change.1).chain([self.first_offset]);
        let midnights = offsets.map(|offset| midnight - TimeDelta::seconds(offset.into()));
        let changes = self.changes.iter().map(|change| change.0);
        midnights
            .chain(changes)
            .filter(|at| self.date_at(*at) >= date)
            .min()
            .expect("a midnight is among them")
    }

    /// The date that cuts the windows for what happened at `time`.
    pub fn date_of(&self, time: OffsetTime) -> NaiveDate {
        match self.dates_by {
            DatesBy::Zone => self.date_at(happened(time)),
            DatesBy::Activity => on_the_wall(happened(time), time.offset),
        }
    }

    /// The minute of the day by the clock of [`Calendar::date_of`].
    pub fn minute_of_day(&self, time: OffsetTime) -> u32 {
        let offset = match self.dates_by {
            DatesBy::Zone => self.offset_at(happened(time)),
            DatesBy::Activity => time.offset,
        };
        let wall = happened(time) + TimeDelta::seconds(offset.into());
        wall.hour() * 60 + wall.minute()
    }

    /// Up to when everything is settled before what happened at `time` is rated.
    pub fn own_time(&self, time: OffsetTime) -> Instant {
        let at = happened(time);
        if self.date_of(time) > self.date_at(at) { at.max(self.start_of(self.date_of(time))) } else { at }
    }

    /// The instant after a last valid day.
    pub fn after_last_day(&self, last: NaiveDate) -> Instant {
        self.start_of(last + TimeDelta::days(1))
    }

    /// The instant that ends a stretch whose first date afterwards is `end`.
    pub fn start_or_never(&self, end: Option<NaiveDate>) -> Instant {
        end.map_or(NEVER, |date| self.start_of(date))
    }
}

fn instant(micros: i64) -> Instant {
    DateTime::from_timestamp_micros(micros).expect("an instant of the calendar")
}

fn happened(time: OffsetTime) -> Instant {
    instant(time.at.micros())
}

fn on_the_wall(at: Instant, offset: i32) -> NaiveDate {
    (at + TimeDelta::seconds(offset.into())).date_naive()
}

/// The date that a program or activity writes.
pub fn date(written: loyalty_core::time::Date) -> NaiveDate {
    written.to_string().parse().expect("a date shows as one")
}

/// What two dates of the same window share.
fn mark(window: Window, date: NaiveDate) -> (i32, u32) {
    let (year, month) = (date.year(), date.month());
    match window {
        Window::Day => (year, date.ordinal()),
        Window::Week => (date.iso_week().year(), date.iso_week().week()),
        Window::Month => (year, month),
        Window::Quarter => (year, (month - 1) / 3),
        Window::Year => (year, 0),
        Window::YearFrom(start) if date.format("%m-%d").to_string() < start.to_string() => (year - 1, 0),
        Window::YearFrom(_) => (year, 0),
        Window::Lifetime => (0, 0),
    }
}

/// Whether two dates lie in the same window.
pub fn same_window(window: Window, a: NaiveDate, b: NaiveDate) -> bool {
    mark(window, a) == mark(window, b)
}

/// The first date after the window that `date` lies in; none for a lifetime.
pub fn window_end(window: Window, date: NaiveDate) -> Option<NaiveDate> {
    if window == Window::Lifetime {
        return None;
    }
    date.iter_days().find(|day| !same_window(window, *day, date))
}

/// The date this long after `from`; a day that its month lacks becomes the last of the month.
pub fn later(from: NaiveDate, span: Span) -> NaiveDate {
    let months = match span {
        Span::Days(days) => return from + TimeDelta::days(days.into()),
        Span::Months(months) => u32::from(months),
        Span::Years(years) => 12 * u32::from(years),
    };
    let month = from.month0() + months;
    let year = from.year() + i32::try_from(month / 12).expect("a year of the calendar");
    let in_month = |day| NaiveDate::from_ymd_opt(year, month % 12 + 1, day);
    (1..=from.day()).rev().find_map(in_month).expect("every month has a first")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::zone;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar(zone: loyalty_core::zone::Zone) -> Calendar {
        let mut document: Document = serde_json::from_str(
            r#"{"format": 1, "name": "x", "money": "USD", "zone": {"name": "UTC"}, "currencies": [{"id": "p"}]}"#,
        )
        .unwrap();
        document.zone = zone;
        Calendar::new(&document)
    }

    /// 12 March 2017, 02:00 becomes 03:00; 5 November 2017, 02:00 becomes 01:00.
    #[test]
    fn new_york_by_its_published_rule() {
        let new_york = calendar(zone::new_york());
        let start = |text: &str| new_york.start_of(day(text)).to_rfc3339();
        assert_eq!(start("2017-03-12"), "2017-03-12T05:00:00+00:00");
        assert_eq!(start("2017-03-13"), "2017-03-13T04:00:00+00:00");
        assert_eq!(start("2017-11-05"), "2017-11-05T04:00:00+00:00");
        assert_eq!(start("2017-11-06"), "2017-11-06T05:00:00+00:00");
        assert_eq!(start("2020-07-01"), "2020-07-01T04:00:00+00:00");
    }

    /// 15 October 2017, 00:00 became 01:00; 18 February 2018, 00:00 became 23:00 of the 17th.
    #[test]
    fn a_day_without_midnight_starts_at_its_first_instant() {
        let sao_paulo = calendar(zone::sao_paulo());
        assert_eq!(sao_paulo.start_of(day("2017-10-15")).to_rfc3339(), "2017-10-15T03:00:00+00:00");
        assert_eq!(sao_paulo.start_of(day("2018-02-18")).to_rfc3339(), "2018-02-18T03:00:00+00:00");
    }

    /// Published: 31 Jan + 1 month = 28 Feb; issued Feb 2022 and 2 years to the month's end: 29 Feb 2024.
    #[test]
    fn months_end_where_they_end() {
        assert_eq!(later(day("2021-01-31"), Span::Months(1)), day("2021-02-28"));
        assert_eq!(later(day("2024-02-29"), Span::Years(1)), day("2025-02-28"));
        assert_eq!(later(day("2017-11-30"), Span::Months(3)), day("2018-02-28"));
        assert_eq!(
            window_end(Window::Month, later(day("2022-02-10"), Span::Years(2))),
            Some(day("2024-03-01"))
        );
    }

    #[test]
    fn windows_end_on_their_last_day() {
        let february = serde_json::from_str(r#"{"year_from": "02-01"}"#).unwrap();
        let cases = [
            (Window::Day, "2026-11-23", "2026-11-24"),
            (Window::Week, "2026-11-29", "2026-11-30"),
            (Window::Week, "2026-12-31", "2027-01-04"),
            (Window::Quarter, "2026-11-23", "2027-01-01"),
            (Window::Year, "2026-12-31", "2027-01-01"),
            (february, "2026-01-31", "2026-02-01"),
            (february, "2026-02-01", "2027-02-01"),
        ];
        for (window, from, end) in cases {
            assert_eq!(window_end(window, day(from)), Some(day(end)), "{window:?} {from}");
        }
        assert_eq!(window_end(Window::Lifetime, day("2026-01-01")), None);
    }
}
