//! Checks of tier tracks and of what refers to them.

use super::Check;
use crate::program::condition::TierTest;
use crate::program::document::{Lasts, Level, Requirement, TierTrack, Upgrade};

impl Check<'_> {
    pub fn tiers(&mut self) {
        let document = self.document;
        self.unique("/tiers", document.tiers.iter().map(|t| &t.id));
        for (index, track) in document.tiers.iter().enumerate() {
            let path = format!("/tiers/{index}");
            self.unique(&format!("{path}/levels"), track.levels.iter().map(|l| &l.id));
            self.levels(track, &format!("{path}/levels"));
            match track.lasts {
                Lasts::Forever => {}
                Lasts::For(span) => self.span(span, &format!("{path}/lasts/for")),
                Lasts::ToEndOf(window) => self.window_that_ends(window, &format!("{path}/lasts/to_end_of")),
                Lasts::ToEndOfNext(window) => {
                    self.window_that_ends(window, &format!("{path}/lasts/to_end_of_next"));
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
            if index == 0 && (level.reach.is_some() || level.keep.is_some()) {
                let message = format!("the lowest level `{}` is held by everybody", level.id);
                self.problem("lowest_level_has_requirement", &own, message, "drop its `reach` and `keep`");
            }
            if index > 0 && level.reach.is_none() {
                let message = format!("nobody can reach the level `{}`", level.id);
                self.problem("missing_requirement", &own, message, "say what it takes under `reach`");
            }
            self.replaced(track, level, &own);
            for (name, requirement) in [("reach", &level.reach), ("keep", &level.keep)] {
                if let Some(requirement) = requirement {
                    self.requirement(requirement, &format!("{own}/{name}"));
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

    fn requirement(&mut self, requirement: &Requirement, path: &str) {
        let (name, list) = match requirement {
            Requirement::All(list) => ("all", list),
            Requirement::Any(list) => ("any", list),
            Requirement::Counter(threshold) => {
                self.counter_named(&threshold.id, &format!("{path}/counter/id"));
                return;
            }
        };
        if list.is_empty() {
            self.empty_list(&format!("{path}/{name}"));
        }
        for (index, one) in list.iter().enumerate() {
            self.requirement(one, &format!("{path}/{name}/{index}"));
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
