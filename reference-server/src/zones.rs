//! IANA zones as lists of offset changes: what publishing writes into a program document.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use loyalty_core::zone::Zone;

/// 1970-01-01T00:00:00Z.
const FIRST: i64 = 0;
/// 2100-01-01T00:00:00Z, where the tables of zones end.
const LAST: i64 = 4_102_444_800;
/// No zone has changed twice within this many seconds since 1970.
const STEP: i64 = 6 * 3_600;

/// The zone of an IANA name with its offset changes from 1970 up to 2100; `None` for a name that nobody knows.
///
/// ```
/// let zone = reference_server::zones::expand("America/New_York").unwrap();
/// assert_eq!(zone.offset, Some(-5 * 3_600));
/// assert!(reference_server::zones::expand("Mars/Olympus").is_none());
/// ```
pub fn expand(name: &str) -> Option<Zone> {
    let tz: Tz = name.parse().ok()?;
    let first = offset_at(tz, FIRST)?;
    let mut changes = Vec::new();
    let mut before = first;
    let mut at = FIRST;
    while at < LAST {
        let next = (at + STEP).min(LAST);
        let after = offset_at(tz, next)?;
        if after != before {
            changes.push((change_between(tz, at, next)?, after));
            before = after;
        }
        at = next;
    }
    Some(Zone { name: name.to_owned(), offset: Some(first), changes })
}

/// The first instant after `low` at which the offset is that at `high`.
fn change_between(tz: Tz, mut low: i64, mut high: i64) -> Option<i64> {
    let after = offset_at(tz, high)?;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset_at(tz, middle)? == after {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// Seconds east of Greenwich.
fn offset_at(tz: Tz, seconds: i64) -> Option<i32> {
    let utc = DateTime::from_timestamp(seconds, 0)?.naive_utc();
    Some(tz.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of the United States since 2007: second Sunday of March and first of November, 02:00 local.
    #[test]
    fn new_york_changes_at_the_instants_that_its_law_names() {
        let zone = expand("America/New_York").unwrap();
        let in_2017: Vec<_> =
            zone.changes.iter().filter(|c| (1_483_228_800..1_514_764_800).contains(&c.0)).collect();
        assert_eq!(in_2017, [&(1_489_302_000, -14_400), &(1_509_861_600, -18_000)]);
        assert_eq!(zone.check(), Ok(()));
        // 2099-11-01T06:00:00Z, the last before 2100.
        assert_eq!(zone.changes.last(), Some(&(4_097_196_000, -18_000)));
    }

    #[test]
    fn zones_without_changes_and_unknown_ones() {
        let utc = expand("UTC").unwrap();
        assert_eq!((utc.offset, utc.changes.len()), (Some(0), 0));
        // India has kept +05:30 since 1945.
        let india = expand("Asia/Kolkata").unwrap();
        assert_eq!((india.offset, india.changes.len()), (Some(19_800), 0));
        assert!(expand("Nowhere/Land").is_none());
        assert!(expand("").is_none());
    }
}
