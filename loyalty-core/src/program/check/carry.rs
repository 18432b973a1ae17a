//! Checks of rollovers and head starts.

use super::Check;
use crate::id::AuthorId;
use crate::money::Money;
use crate::program::document::TierTrack;
use crate::time::Window;

impl<'a> Check<'a> {
    pub fn carry(&mut self, track: &'a TierTrack, path: &str) {
        let mut window = None;
        self.unique_counters(&format!("{path}/rollover"), track.rollover.iter().map(|it| &it.counter));
        for (index, rollover) in track.rollover.iter().enumerate() {
            let own = format!("{path}/rollover/{index}");
            self.carried(&rollover.counter, &mut window, &format!("{own}/counter"));
            if let Some(most) = rollover.at_most {
                self.above_zero(most, &format!("{own}/at_most"));
            }
            let mut asked = false;
            for reach in track.levels.iter().filter_map(|level| level.reach.as_ref()) {
                reach.thresholds(&mut |threshold| asked |= threshold.id == rollover.counter);
            }
            if !asked {
                let message = format!("no level asks for `{}` to be reached", rollover.counter);
                let help = "roll over a counter that a `reach` of this track names";
                self.problem("rollover_without_threshold", own, message, help);
            }
        }
        for (index, level) in track.levels.iter().enumerate() {
            let own = format!("{path}/levels/{index}/head_start");
            self.unique_counters(&own, level.head_start.iter().map(|it| &it.counter));
            for (index, head) in level.head_start.iter().enumerate() {
                self.carried(&head.counter, &mut window, &format!("{own}/{index}/counter"));
                self.above_zero(head.amount, &format!("{own}/{index}/amount"));
            }
        }
    }

    /// A counter that begins its window with something: a window of the calendar, the same for the whole track.
    fn carried(&mut self, id: &AuthorId, window: &mut Option<Window>, path: &str) {
        let Some(counter) = self.document.counters.iter().find(|counter| counter.id == *id) else {
            let message = format!("there is no counter `{id}`");
            let help = "declare it under `counters` or correct the id";
            return self.problem("unknown_counter", path, message, help);
        };
        if !counter.window.ends() {
            let message = format!("the window of `{id}` never begins anew");
            let help = "use a counter of a calendar window";
            return self.problem("window_not_calendar", path, message, help);
        }
        if *window.get_or_insert(counter.window) != counter.window {
            let message = format!("the window of `{id}` is not that of the others");
            let help = "let all counters that roll over or have a head start here have one window";
            self.problem("windows_differ", path, message, help);
        }
    }

    fn unique_counters(&mut self, list: &str, ids: impl Iterator<Item = &'a AuthorId>) {
        let mut seen = std::collections::HashSet::new();
        for (index, id) in ids.enumerate() {
            if !seen.insert(id) {
                self.duplicate(id, format!("{list}/{index}/counter"));
            }
        }
    }

    pub fn above_zero(&mut self, amount: Money, path: &str) {
        if amount <= Money::ZERO {
            let message = format!("`{amount}` is not above 0");
            self.problem("not_positive", path, message, "write such as \"15\"");
        }
    }
}
