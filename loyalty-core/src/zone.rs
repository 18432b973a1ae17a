//! A time zone as its list of offset changes.
//!
//! Publishing expands the IANA zone into this list, under the program's hash, so that no two places that
//! decide can disagree about a date, and the core needs no zone database.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Date, END_SECONDS, Timestamp};

/// A program's zone. A draft gives the name alone; publishing adds the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// The IANA name, such as `America/New_York`.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// The offset before the first change, in seconds east of Greenwich.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i32>,
    /// Instants (seconds since 1970) from which another offset holds, ascending, from 1970 to 2100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<(i64, i32)>,
}

/// What is wrong with a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidZone {
    /// The offsets have not been filled in yet, and the zone is not UTC.
    NotExpanded,
    /// An offset of a day or more.
    Offset,
    /// Changes that do not ascend.
    Order,
    /// A change outside the years 1970 to 2100.
    Range,
}

impl Zone {
    /// UTC, which never changes.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), offset: Some(0), changes: Vec::new() }
    }

    /// Checks that the zone is complete: offsets known, below a day, changes ascending from 1970 to 2100.
    pub fn check(&self) -> Result<(), InvalidZone> {
        let first = match self.offset {
            Some(offset) => offset,
            None if self.name == "UTC" && self.changes.is_empty() => 0,
            None => return Err(InvalidZone::NotExpanded),
        };
        let mut offsets = std::iter::once(first).chain(self.changes.iter().map(|c| c.1));
        if offsets.any(|offset| offset.unsigned_abs() >= 86_400) {
            return Err(InvalidZone::Offset);
        }
        // Canonical JSON keeps numbers up to 2^53 apart: larger ones would give two documents one name.
        if self.changes.iter().any(|change| !(0..=END_SECONDS).contains(&change.0)) {
            return Err(InvalidZone::Range);
        }
        if self.changes.is_sorted_by(|a, b| a.0 < b.0) { Ok(()) } else { Err(InvalidZone::Order) }
    }

    /// Seconds east of Greenwich at an instant.
    pub fn offset_at(&self, at: Timestamp) -> i32 {
        let after = self.changes.partition_point(|change| change.0 <= at.seconds());
        self.offset_before(after)
    }

    /// The local date at an instant.
    pub fn date_at(&self, at: Timestamp) -> Date {
        crate::time::OffsetTime { at, offset: self.offset_at(at) }.local_date()
    }

    /// The first instant of a local date: midnight, or where the clock skips it, the instant of the skip.
    pub fn start_of(&self, date: Date) -> Timestamp {
        let wall = date.wall_seconds();
        // No change is further than a day from a wall time read as UTC.
        let day_before = wall.saturating_sub(2 * 86_400);
        let mut next = self.changes.partition_point(|change| change.0 <= day_before);
        loop {
            let midnight = wall.saturating_sub(i64::from(self.offset_before(next)));
            match self.changes.get(next) {
                Some((change, _)) if *change <= midnight => {
                    next = next.saturating_add(1);
                    let with_new = wall.saturating_sub(i64::from(self.offset_before(next)));
                    if with_new < *change {
                        return Timestamp::from_seconds(*change);
                    }
                }
                _ => return Timestamp::from_seconds(midnight),
            }
        }
    }

    /// The offset that holds before change number `index`.
    fn offset_before(&self, index: usize) -> i32 {
        let change = index.checked_sub(1).and_then(|i| self.changes.get(i));
        change.map_or(self.offset.unwrap_or(0), |c| c.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// New York around 2017: DST from 12 March 02:00 EST to 5 November 02:00 EDT.
    fn new_york() -> Zone {
        let changes = vec![(1_489_302_000, -14_400), (1_509_861_600, -18_000)];
        Zone { name: "America/New_York".into(), offset: Some(-18_000), changes }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn days_of_23_and_25_hours() {
        let zone = new_york();
        assert_eq!(zone.start_of(Date::parse("2017-03-12").unwrap()), at("2017-03-12T00:00:00-05:00"));
        assert_eq!(zone.start_of(Date::parse("2017-03-13").unwrap()), at("2017-03-13T00:00:00-04:00"));
        assert_eq!(zone.start_of(Date::parse("2017-11-06").unwrap()), at("2017-11-06T00:00:00-05:00"));
        assert_eq!(zone.date_at(at("2017-07-01T03:59:59Z")), Date::parse("2017-06-30").unwrap());
    }

    /// Sao Paulo skipped midnight: on 15 Oct 2017 00:00 -03 became 01:00 -02.
    #[test]
    fn a_day_without_midnight_starts_at_its_first_instant() {
        let zone = Zone {
            name: "America/Sao_Paulo".into(),
            offset: Some(-10_800),
            changes: vec![(at("2017-10-15T03:00:00Z").seconds(), -7_200)],
        };
        let start = zone.start_of(Date::parse("2017-10-15").unwrap());
        assert_eq!(start, at("2017-10-15T01:00:00-02:00"));
        assert_eq!(zone.date_at(start), Date::parse("2017-10-15").unwrap());
        assert_eq!(zone.date_at(start.plus_micros(-1)), Date::parse("2017-10-14").unwrap());
    }

    #[test]
    fn a_zone_is_complete_or_named() {
        let name_only = Zone { name: "Europe/London".into(), offset: None, changes: vec![] };
        assert_eq!(name_only.check(), Err(InvalidZone::NotExpanded));
        assert_eq!(Zone { name: "UTC".into(), ..name_only }.check(), Ok(()));
        let mut wrong = new_york();
        wrong.changes.reverse();
        assert_eq!(wrong.check(), Err(InvalidZone::Order));
    }
}
