//! The last instants at which something happened: exact, where slots are not fine enough.

use minicbor::{Decode, Encode};

use crate::time::Timestamp;

/// Instants, ascending, of which the newest are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Recent(#[n(0)] Vec<Timestamp>);

impl Recent {
    /// The most instants that are kept, so "at most n in T" takes n up to this.
    pub const MOST: usize = 64;

    /// Whether nothing happened yet.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes an instant and keeps the newest `kept`.
    pub fn note(&mut self, at: Timestamp, kept: usize) {
        let place = self.0.partition_point(|known| *known <= at);
        self.0.insert(place, at);
        let gone = self.0.len().saturating_sub(kept.min(Self::MOST));
        self.0.drain(..gone);
    }

    /// How many of the instants kept lie in the `seconds` up to `at`; one exactly that long ago is over.
    pub fn within(&self, seconds: i64, at: Timestamp) -> usize {
        let after = at.plus_seconds(seconds.saturating_neg());
        self.0.iter().filter(|known| after < **known && **known <= at).count()
    }

    /// The most of these that any stretch of `micros` holds which an instant now would join; one exactly that long
    /// ago is over. `None` where `kept` are known, others may have been let go, and fewer than `enough` are found.
    pub fn fullest(&self, micros: i64, at: Timestamp, kept: usize, enough: u32) -> Option<usize> {
        let back = micros.saturating_neg();
        let first = at.plus_micros(back);
        let last = at.plus_micros(micros);
        let ends = self.0.iter().copied().filter(|known| at < *known && *known < last).chain([at]);
        let held = |end: Timestamp| {
            let after = end.plus_micros(back);
            self.0.iter().filter(|known| after < **known && **known <= end).count()
        };
        let most = ends.map(held).max().unwrap_or(0);
        let unsure =
            self.0.len() >= kept.min(Self::MOST) && self.0.first().is_some_and(|oldest| first < *oldest);
        if unsure && most < enough as usize { None } else { Some(most) }
    }

    /// Microseconds to the nearest instant on either side, if there is any; `None` where an earlier one may have
    /// been let go.
    pub fn nearest(&self, at: Timestamp, kept: usize) -> Option<Option<i64>> {
        self.last(at, kept)?;
        let apart = |known: &Timestamp| known.micros().abs_diff(at.micros());
        let nearest = self.0.iter().map(apart).min();
        Some(nearest.map(|apart| i64::try_from(apart).unwrap_or(i64::MAX)))
    }

    /// The last instant up to `at`, if any; `None` where so many came later that it is not known any more.
    pub fn last(&self, at: Timestamp, kept: usize) -> Option<Option<Timestamp>> {
        let last = self.0.iter().rev().find(|known| **known <= at).copied();
        if last.is_none() && self.0.len() >= kept.min(Self::MOST) { None } else { Some(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_newest_are_kept_in_order() {
        let mut recent = Recent::default();
        assert!(recent.is_empty());
        assert_eq!(recent.last(at(9), 3), Some(None), "never before");
        for seconds in [10, 30, 20, 40] {
            recent.note(at(seconds), 3);
        }
        assert_eq!(recent, Recent(vec![at(20), at(30), at(40)]));
        assert_eq!(recent.last(at(35), 3), Some(Some(at(30))));
        assert_eq!(recent.last(at(40), 3), Some(Some(at(40))));
        assert_eq!(recent.last(at(19), 3), None, "let go, so unknown");
    }

    #[test]
    fn at_most_n_in_a_time() {
        let mut recent = Recent::default();
        for seconds in [0, 60, 120] {
            recent.note(at(seconds), 3);
        }
        assert_eq!(recent.within(120, at(120)), 2, "120 seconds ago is over");
        assert_eq!(recent.within(121, at(120)), 3);
        assert_eq!(recent.within(60, at(60)), 1, "what came later does not count");
        for seconds in 0..100 {
            recent.note(at(200 + seconds), 1_000);
        }
        assert_eq!(recent.within(1_000, at(1_000)), Recent::MOST);
    }
}
