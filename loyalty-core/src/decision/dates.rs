//! The dates of activities, and what a program counts of what came back.

use crate::id::AuthorId;
use crate::program::Program;
use crate::program::document::{DatesBy, OnReturn};
use crate::time::{Date, OffsetTime, Timestamp};

impl Program {
    /// Whether a track counts what came back of a counter as if it had not.
    pub fn counts_returned(&self, counter: &AuthorId) -> bool {
        let mut never = self.document().tiers.iter().filter(|track| track.on_return == OnReturn::Never);
        never.any(|track| track.asked().contains(&counter))
    }

    /// The local date of an activity, by which windows are cut.
    pub fn date_of(&self, occurred_at: OffsetTime) -> Date {
        self.on_the_wall(occurred_at).local_date()
    }

    /// When an activity happened by the clock that cuts its dates: the zone's, or the one where it happened.
    pub fn on_the_wall(&self, occurred_at: OffsetTime) -> OffsetTime {
        match self.document().dates_by {
            DatesBy::Activity => occurred_at,
            DatesBy::Zone => OffsetTime { offset: self.zone().offset_at(occurred_at.at), ..occurred_at },
        }
    }

    /// An activity's own time: its instant, or the beginning of its local date where that is later.
    pub fn own_time(&self, occurred_at: OffsetTime) -> Timestamp {
        let date = self.date_of(occurred_at);
        if date > self.zone().date_at(occurred_at.at) { self.zone().start_of(date) } else { occurred_at.at }
    }
}
