//! Checks of tier tracks and of what refers to them.

use super::Check;
use crate::program::condition::TierTest;
use crate::program::document::{
    AtLeast, Counted, Downgrade, Lasts, Level, Requirement, Streak, Threshold, TierReached, TierTrack,
    Upgrade,
};
use crate::time::Window;

impl Check<'_> {
    pub fn tiers(&mut self) {
        let document = self.document;
        self.unique("/tiers", document.tiers.iter().map(|t| &t.id));
        for (index, track) in document.tiers.iter().enumerate() {
            let path = format!("/tiers/{index}");
            self.unique(&format!("{path}/levels"), track.levels.iter().map(|l| &l.id));
            self.levels(track, &format!("{path}/levels"));
            self.carry(track, &path);
            match track.lasts {
                Lasts::Forever => {}
                Lasts::For(span) => self.span(span, &format!("{path}/lasts/for")),
                Lasts::ToEndOf(window) => self.window_that_ends(window, &format!("{path}/lasts/to_end_of")),
                Lasts::ToEndOfNext(window) => {
                    self.window_that_ends(window, &format!("{path}/lasts/to_end_of_next"));
                }
            }
            if let Some(grace) = track.grace {
                self.span(grace, &format!("{path}/grace"));
                if track.lasts == Lasts::Forever || track.downgrade == Downgrade::None {
                    let message = "levels are never lost here, so there is no drop that waits".to_owned();
                    let help = "drop `grace`, or say when levels end and how they fall";
                    self.problem("grace_without_drop", format!("{path}/grace"), message, help);
                }
            }
            if track.upgrade == Upgrade::AtPeriodEnd && track.lasts == Lasts::Forever {
                let message = "levels that last forever never end, so nobody could rise".to_owned();
                self.problem(
                    "never_upgrades",
                    format!("{path}/upgrade"),
                    message,
                    "use `at_once` or give an end",
                );
            }
        }
    }

    fn levels(&mut self, track: &TierTrack, path: &str) {
        if track.levels.is_empty() || track.levels.len() > 64 {
            let message = format!("a track has 1 to 64 levels, not {}", track.levels.len());
            self.problem("wrong_length", path, message, "name the level that everybody holds first");
        }
        for (index, level) in track.levels.iter().enumerate() {
            let own = format!("{path}/{index}");
            let takes_something = level.reach.is_some() || level.lifetime.is_some();
            if index == 0 && (takes_something || level.keep.is_some() || level.never_below) {
                let message = format!("the lowest level `{}` is held by everybody", level.id);
                let help = "drop its `reach`, `keep`, `lifetime` and `never_below`";
                self.problem("lowest_level_has_requirement", &own, message, help);
            }
            if index > 0 && !takes_something {
                let message = format!("nobody can reach the level `{}`", level.id);
                let help = "say what it takes under `reach` or `lifetime`";
                self.problem("missing_requirement", &own, message, help);
            }
            self.replaced(track, level, &own);
            for (name, requirement) in
                [("reach", &level.reach), ("keep", &level.keep), ("lifetime", &level.lifetime)]
            {
                if let Some(requirement) = requirement {
                    self.requirement(requirement, name == "lifetime", &format!("{own}/{name}"));
                }
            }
        }
    }

    /// A level that is replaced is none of the track, and replaced by one.
    fn replaced(&mut self, track: &TierTrack, level: &Level, path: &str) {
        for (index, id) in level.replaces.iter().enumerate() {
            let own = format!("{path}/replaces/{index}");
            let is_there = track.rank(id).is_some();
            let by = track.levels.iter().flat_map(|level| &level.replaces).filter(|other| *other == id);
            if is_there {
                let message = format!("the level `{id}` is still there");
                self.problem(
                    "replaced_level_exists",
                    own,
                    message,
                    "take it out of the levels or of `replaces`",
                );
            } else if by.count() > 1 {
                let message = format!("the level `{id}` is replaced twice");
                self.problem("duplicate_id", own, message, "its members go on with one level");
            }
        }
    }

    pub fn requirement(&mut self, requirement: &Requirement, of_a_lifetime: bool, path: &str) {
        let (list_path, list) = match requirement {
            Requirement::All(list) => (format!("{path}/all"), list),
            Requirement::Any(list) => (format!("{path}/any"), list),
            Requirement::AtLeast(AtLeast { count, of }) => {
                if *count == 0 || usize::from(*count) > of.len() {
                    let message = format!("{count} of {} cannot be asked for", of.len());
                    let help = "ask for 1 to as many as are listed";
                    self.problem("count_range", format!("{path}/at_least/count"), message, help);
                }
                (format!("{path}/at_least/of"), of)
            }
            Requirement::Counter(threshold) => {
                return self.threshold(threshold, of_a_lifetime, &format!("{path}/counter/id"));
            }
            Requirement::Streak(streak) => {
                return self.streak(streak, of_a_lifetime, &format!("{path}/streak"));
            }
        };
        if list.is_empty() {
            self.empty_list(&list_path);
        }
        for (index, one) in list.iter().enumerate() {
            self.requirement(one, of_a_lifetime, &format!("{list_path}/{index}"));
        }
    }

    fn threshold(&mut self, threshold: &Threshold, of_a_lifetime: bool, path: &str) {
        let Some(counter) = self.document.counters.iter().find(|c| c.id == threshold.id) else {
            let message = format!("there is no counter `{}`", threshold.id);
            let help = "declare it under `counters` or correct the id";
            self.problem("unknown_counter", path, message, help);
            return;
        };
        if of_a_lifetime && counter.window != Window::Lifetime {
            let message = format!("the counter `{}` begins anew, a level for life does not", counter.id);
            let help = "use a counter whose window is `lifetime`";
            self.problem("counter_not_lifetime", path, message, help);
        }
    }

    fn streak(&mut self, streak: &Streak, of_a_lifetime: bool, path: &str) {
        let Streak { counter: id, at_least, windows } = streak;
        if !(2..=Streak::MOST_WINDOWS).contains(windows) {
            let message = format!("a streak of {windows} windows is outside 2 to {}", Streak::MOST_WINDOWS);
            let help = "ask one window for a `counter`, or more for longer windows";
            self.problem("streak_length", format!("{path}/windows"), message, help);
        }
        self.above_zero(*at_least, &format!("{path}/at_least"));
        let path = format!("{path}/counter");
        let Some(counter) = self.counter_named(id, &path) else { return };
        if of_a_lifetime {
            let message = format!("the counter `{id}` begins anew, a level for life does not");
            let help = "use a counter whose window is `lifetime`";
            self.problem("counter_not_lifetime", path, message, help);
        } else if !counter.window.ends() || counter.counts == Counted::Days {
            let message = format!("the windows of `{id}` are not kept one after the other");
            let help = "use a counter of a calendar window that does not count `days`";
            self.problem("streak_counter", path, message, help);
        }
    }

    pub fn tier_reached(&mut self, on: &TierReached, path: &str) {
        let Some(track) = self.document.tiers.iter().find(|t| t.id == on.track) else {
            let message = format!("there is no tier track `{}`", on.track);
            self.problem("unknown_tier", format!("{path}/track"), message, "declare it under `tiers`");
            return;
        };
        let Some(level) = &on.level else { return };
        let path = format!("{path}/level");
        match track.levels.iter().find(|it| it.id == *level) {
            None => {
                let message = format!("the track `{}` has no level `{level}`", on.track);
                self.problem("unknown_tier", path, message, "correct the level's id");
            }
            Some(level) if level.reach.is_none() => {
                let message = format!("the level `{}` has no `reach` that could begin to hold", level.id);
                self.problem("level_never_reached", path, message, "name a level with `reach`");
            }
            Some(_) => {}
        }
    }

    pub fn tier_test(&mut self, test: &TierTest, path: &str) {
        let Some(track) = self.document.tiers.iter().find(|t| t.id == test.track) else {
            let message = format!("there is no tier track `{}`", test.track);
            self.problem("unknown_tier", format!("{path}/track"), message, "declare it under `tiers`");
            return;
        };
        if test.level.is_empty() {
            self.empty_list(&format!("{path}/level"));
        }
        for (index, level) in test.level.iter().enumerate() {
            if track.rank(level).is_none() {
                let message = format!("the track `{}` has no level `{level}`", test.track);
                self.problem(
                    "unknown_tier",
                    format!("{path}/level/{index}"),
                    message,
                    "correct the level's id",
                );
            }
        }
    }
}
