//! Dates, windows and the zone, by walking day by day where that is the plainest way.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use loyalty_core::program::document::{DatesBy, Document};
use loyalty_core::time::{OffsetTime, Rolling, Span, Window};

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

/// The instant of what happened.
pub fn happened(time: OffsetTime) -> Instant {
    instant(time.at.micros())
}

fn on_the_wall(at: Instant, offset: i32) -> NaiveDate {
    (at + TimeDelta::seconds(offset.into())).date_naive()
}

/// The date that a program or activity writes.
pub fn date(written: loyalty_core::time::Date) -> NaiveDate {
    written.to_string().parse().expect("a date shows as one")
}

/// When something was counted or is read.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The instant.
    pub at: Instant,
    /// The date that cuts windows.
    pub date: NaiveDate,
    /// The date on which the member enrolled.
    pub enrolled: NaiveDate,
}

/// What two dates of the same window share.
fn mark(window: Window, date: NaiveDate, enrolled: NaiveDate) -> (i32, u32) {
    let (year, month) = (date.year(), date.month());
    match window {
        Window::Day => (year, date.ordinal()),
        Window::Week => (date.iso_week().year(), date.iso_week().week()),
        Window::Month => (year, month),
        Window::Quarter => (year, (month - 1) / 3),
        Window::Year => (year, 0),
        Window::YearFrom(start) if date.format("%m-%d").to_string() < start.to_string() => (year - 1, 0),
        Window::YearFrom(_) => (year, 0),
        Window::QuarterFrom(start) => {
            let quarters = (year - 1..=year).flat_map(|year| {
                let first: NaiveDate = format!("{year}-{start}").parse().expect("a day of every year");
                (0..4).map(move |quarter| (later(first, Span::Months(3 * quarter)), (year, quarter)))
            });
            let (_, (year, quarter)) = quarters.filter(|it| it.0 <= date).max().expect("one began last year");
            (year, quarter.into())
        }
        Window::AnniversaryYear => {
            let begun = (1..200).filter(|years| later(enrolled, Span::Years(*years)) <= date).count();
            (i32::try_from(begun).expect("few years"), 0)
        }
        Window::Lifetime => (0, 0),
        Window::Rolling(_) => unreachable!("a rolling window has no fixed stretches"),
    }
}

/// Whether what was counted at one moment belongs to the window that is read at another.
pub fn covers(window: Window, read: Moment, counted: Moment) -> bool {
    let Window::Rolling(rolling) = window else {
        return mark(window, read.date, read.enrolled) == mark(window, counted.date, counted.enrolled);
    };
    let steps_ago = |seconds: i64| {
        let step = |moment: Moment| moment.at.timestamp().div_euclid(seconds);
        step(read) - step(counted)
    };
    if let Some(minutes) = rolling.minutes {
        return (0..60).contains(&steps_ago(i64::from(minutes)));
    }
    if let Some(hours) = rolling.hours {
        return (0..60).contains(&steps_ago(60 * i64::from(hours)));
    }
    if let Some(days) = rolling.days {
        return (0..i64::from(days)).contains(&(read.date - counted.date).num_days());
    }
    let months = rolling.months.expect("a checked window has a length");
    if months <= 3 || rolling.step.is_some() {
        return counted.date <= read.date && counted.date > earlier(read.date, months.into());
    }
    let month = |date: NaiveDate| date.year() * 12 + date.month0() as i32;
    (0..i32::from(months)).contains(&(month(read.date) - month(counted.date)))
}

/// The first date after the window that `date` lies in; none for a window that does not end.
pub fn window_end(window: Window, date: NaiveDate, enrolled: NaiveDate) -> Option<NaiveDate> {
    if matches!(window, Window::Lifetime | Window::Rolling(_)) {
        return None;
    }
    date.iter_days().find(|day| mark(window, *day, enrolled) != mark(window, date, enrolled))
}

/// The same day that many months before; a day that its month lacks becomes the last of the month.
fn earlier(date: NaiveDate, months: i32) -> NaiveDate {
    let month = date.year() * 12 + date.month0() as i32 - months;
    let in_month = |day| NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, day);
    (1..=date.day()).rev().find_map(in_month).expect("every month has a first")
}

/// Whether two dates lie in the same window of the calendar.
pub fn same_window(window: Window, one: NaiveDate, other: NaiveDate, enrolled: NaiveDate) -> bool {
    mark(window, one, enrolled) == mark(window, other, enrolled)
}

/// The first date of the window that `date` lies in; the first year of a membership begins with it.
pub fn window_start(window: Window, date: NaiveDate, enrolled: NaiveDate) -> NaiveDate {
    if window == Window::AnniversaryYear && same_window(window, date, enrolled, enrolled) {
        return enrolled;
    }
    let mut first = date;
    while same_window(window, first - TimeDelta::days(1), date, enrolled) {
        first -= TimeDelta::days(1);
    }
    first
}

/// The part of a window in which something is counted, in their order: days, steps of a rolling window, or all of
/// one of the calendar.
pub fn slot(window: Window, by_day: bool, moment: Moment) -> i64 {
    let steps = |seconds: i64| moment.at.timestamp().div_euclid(seconds);
    match window {
        _ if by_day => day_number(moment.date),
        Window::Rolling(Rolling { minutes: Some(minutes), .. }) => steps(minutes.into()),
        Window::Rolling(Rolling { hours: Some(hours), .. }) => steps(60 * i64::from(hours)),
        Window::Rolling(Rolling { months: Some(4..), step: None, .. }) => {
            i64::from(moment.date.year() * 12 + moment.date.month0() as i32)
        }
        Window::Rolling(_) => day_number(moment.date),
        _ => {
            let (year, part) = mark(window, moment.date, moment.enrolled);
            i64::from(year) * 1_000 + i64::from(part)
        }
    }
}

/// The first part of the window that is read at a moment.
pub fn first_slot(window: Window, by_day: bool, read: Moment) -> i64 {
    let last = slot(window, by_day, read);
    match window {
        Window::Rolling(Rolling { minutes: Some(_), .. } | Rolling { hours: Some(_), .. }) => last - 59,
        Window::Rolling(Rolling { months: Some(months @ 4..), step: None, .. }) if !by_day => {
            last - i64::from(months) + 1
        }
        Window::AnniversaryYear if by_day && same_window(window, read.date, read.enrolled, read.enrolled) => {
            i64::MIN
        }
        _ if by_day || matches!(window, Window::Rolling(_)) => {
            let mut first = read.date;
            while covers(window, read, Moment { date: first - TimeDelta::days(1), ..read }) {
                first -= TimeDelta::days(1);
            }
            day_number(first)
        }
        _ => last,
    }
}

fn day_number(date: NaiveDate) -> i64 {
    date.num_days_from_ce().into()
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
            window_end(Window::Month, later(day("2022-02-10"), Span::Years(2)), day("2022-02-10")),
            Some(day("2024-03-01"))
        );
    }

    #[test]
    fn windows_end_on_their_last_day() {
        let february = serde_json::from_str(r#"{"year_from": "02-01"}"#).unwrap();
        let from_november = serde_json::from_str(r#"{"quarter_from": "11-30"}"#).unwrap();
        let cases = [
            (Window::Day, "2026-11-23", "2026-11-24"),
            (Window::Week, "2026-11-29", "2026-11-30"),
            (Window::Week, "2026-12-31", "2027-01-04"),
            (Window::Quarter, "2026-11-23", "2027-01-01"),
            (Window::Year, "2026-12-31", "2027-01-01"),
            (february, "2026-01-31", "2026-02-01"),
            (february, "2026-02-01", "2027-02-01"),
            (from_november, "2026-02-27", "2026-02-28"),
            (from_november, "2024-02-29", "2024-05-30"),
            (Window::AnniversaryYear, "2025-02-27", "2025-02-28"),
            (Window::AnniversaryYear, "2028-02-28", "2028-02-29"),
        ];
        for (window, from, end) in cases {
            assert_eq!(window_end(window, day(from), day("2024-02-29")), Some(day(end)), "{window:?} {from}");
        }
        assert_eq!(window_end(Window::Lifetime, day("2026-01-01"), day("2024-02-29")), None);
    }

    #[test]
    fn rolling_windows_move_with_the_reading() {
        let moment =
            |at: &str| Moment { at: at.parse().unwrap(), date: day(&at[..10]), enrolled: day("2024-02-29") };
        for (json, read, first) in [
            (r#"{"days": 30}"#, "2026-03-01T12:00:00Z", "2026-01-31T00:00:00Z"),
            (r#"{"months": 1}"#, "2026-03-31T12:00:00Z", "2026-03-01T00:00:00Z"),
            (r#"{"months": 12, "step": "day"}"#, "2024-02-29T12:00:00Z", "2023-03-01T00:00:00Z"),
            (r#"{"months": 12}"#, "2026-10-31T12:00:00Z", "2025-11-01T00:00:00Z"),
            (r#"{"minutes": 30}"#, "2026-03-10T10:00:00Z", "2026-03-10T09:30:30Z"),
            (r#"{"hours": 24}"#, "2026-03-10T10:00:00Z", "2026-03-09T10:24:00Z"),
        ] {
            let window = Window::Rolling(serde_json::from_str(json).unwrap());
            let (read, first) = (moment(read), moment(first));
            let before = first.at - TimeDelta::microseconds(1);
            let before = Moment { at: before, date: before.date_naive(), ..first };
            assert!(covers(window, read, first) && covers(window, read, read), "{json}");
            assert!(!covers(window, read, before), "{json}");
        }
    }
}
