//! Levels that nobody can reach, and such as nobody keeps.

use super::Study;
use super::bound;
use super::example::{Example, Played, Scene};
use super::witness::Witness;
use crate::id::AuthorId;
use crate::money::{Money, Ratio};
use crate::program::document::{
    CapScope, Counted, Counter, Document, Downgrade, Give, Grant, Lasts, Level, Requirement, TierTrack,
};
use crate::time::{Date, Window};

/// Warns of levels that nobody reaches, or that end for everybody.
pub fn study(study: &mut Study<'_>) {
    let document = study.program.document();
    for (place, track) in document.tiers.iter().enumerate() {
        for (rank, level) in track.levels.iter().enumerate().skip(1) {
            let path = format!("/tiers/{place}/levels/{rank}");
            // What rolls over or is a head start is no part of what a counter counts.
            let counted_alone = level.lifetime.is_none() && track.carried().next().is_none();
            let reach = level.reach.as_ref().filter(|_| counted_alone);
            if let Some((id, most)) = reach.and_then(|reach| unmet(reach, document)) {
                if is_given(track, level, document) || is_fallen_to(track, rank, document) {
                    continue;
                }
                study.unreachable.push((&track.id, &level.id));
                let message =
                    format!("nobody can reach `{}`: `{id}` never counts more than {most}", level.id);
                let help = "lower what it takes, or raise the caps of what is counted";
                study.warn("level_unreachable", path, (message, help), None);
            } else if is_lost(track, level, document) {
                let message = format!(
                    "nobody keeps `{}`: when it ends it is decided anew on windows that begin at that instant",
                    level.id
                );
                let help = "say under `keep` what it takes over the window that ended, if that is not meant";
                let example = lost(study, track, level);
                study.warn("level_never_kept", path, (message, help), example);
            }
        }
    }
}

/// Whether a grant gives the level, whatever was counted.
fn is_given(track: &TierTrack, level: &Level, document: &Document) -> bool {
    let gives = |grant: &Grant| matches!(&grant.give, Give::Tier(given) if given.track == track.id && given.level == level.id);
    document.grants.iter().any(gives)
}

/// Whether who loses a better level comes to hold this one, whatever was counted.
fn is_fallen_to(track: &TierTrack, rank: usize, document: &Document) -> bool {
    let stops = track.levels.get(rank).is_some_and(|level| level.never_below);
    let held = |level: &Level| {
        level.reach.as_ref().is_some_and(|reach| unmet(reach, document).is_none())
            || is_given(track, level, document)
    };
    (stops || track.downgrade == Downgrade::OneStep) && track.levels.iter().skip(rank).any(held)
}

/// The counter that keeps a requirement from ever being met, and the most that it counts.
pub fn unmet<'a>(requirement: &'a Requirement, document: &Document) -> Option<(&'a AuthorId, Ratio)> {
    match requirement {
        Requirement::All(all) => all.iter().find_map(|one| unmet(one, document)),
        Requirement::Any(any) => {
            let each = any.iter().map(|one| unmet(one, document)).collect::<Option<Vec<_>>>()?;
            each.into_iter().next()
        }
        Requirement::AtLeast(some) => {
            let each: Vec<_> = some.of.iter().filter_map(|one| unmet(one, document)).collect();
            let met = some.of.len().saturating_sub(each.len());
            each.into_iter().next().filter(|_| met < usize::from(some.count))
        }
        Requirement::Counter(threshold) => too_much(&threshold.id, threshold.at_least, document),
        Requirement::Streak(streak) => too_much(&streak.counter, streak.at_least, document),
    }
}

/// The counter and the most that it counts, where that is less than what is asked of it.
fn too_much<'a>(id: &'a AuthorId, at_least: Money, document: &Document) -> Option<(&'a AuthorId, Ratio)> {
    let counter = document.counters.iter().find(|counter| counter.id == *id)?;
    let most = most(counter, document)?;
    let enough = most.compare(at_least.ratio()).ok()?.is_ge();
    (!enough).then_some((id, most))
}

/// The most that a counter can count in a window; `None` where nothing limits it.
fn most(counter: &Counter, document: &Document) -> Option<Ratio> {
    let Counted::Earned(currency) = &counter.counts else { return None };
    // What grants credit has no limit but how often they give.
    let credits = |grant: &Grant| matches!(&grant.give, Give::Credit(credit) if credit.counter == counter.id);
    if document.grants.iter().any(credits) {
        return None;
    }
    let Some(earning) = document.earning.iter().find(|earning| earning.currency == *currency) else {
        return Some(Ratio::ZERO);
    };
    let caps = earning.caps.iter().filter_map(|cap| match cap.per {
        CapScope::Window(window) => {
            let times = Ratio::whole(windows_within(window, counter.window)?);
            cap.at_most.ratio().times(times).ok()
        }
        _ => None,
    });
    caps.reduce(bound::smaller)
}

/// How many windows of one kind touch a window of another, at most.
fn windows_within(small: Window, large: Window) -> Option<i128> {
    let days = |window| match window {
        Window::Day => Some(1),
        Window::Week => Some(7),
        Window::Month => Some(31),
        Window::Quarter => Some(92),
        Window::Year | Window::YearFrom(_) => Some(366),
        _ => None,
    };
    if small == large || small == Window::Lifetime {
        return Some(1);
    }
    let shortest = |window| match window {
        Window::Month => Some(28),
        Window::Quarter => Some(90),
        Window::Year | Window::YearFrom(_) => Some(365),
        other => days(other),
    };
    let (large, small) = (days(large)?, shortest(small)?);
    // Both ends may lie within a window.
    i128::checked_div(large, small)?.checked_add(2)
}

/// Whether the level ends for everybody who holds it.
fn is_lost(track: &TierTrack, level: &Level, document: &Document) -> bool {
    let stays = level.never_below || level.lifetime.is_some() || track.carried().next().is_some();
    let falls = track.downgrade != Downgrade::None && level.keep.is_none() && !stays;
    let (Lasts::ToEndOf(window) | Lasts::ToEndOfNext(window)) = track.lasts else { return false };
    falls && level.reach.as_ref().is_some_and(|reach| is_empty_at_start(reach, window, document))
}

/// Whether a requirement fails at the first instant of a window, since what it counts begins there too.
fn is_empty_at_start(requirement: &Requirement, window: Window, document: &Document) -> bool {
    match requirement {
        Requirement::All(all) => all.iter().any(|one| is_empty_at_start(one, window, document)),
        Requirement::Any(any) => any.iter().all(|one| is_empty_at_start(one, window, document)),
        Requirement::AtLeast(some) => {
            let begun = some.of.iter().filter(|one| !is_empty_at_start(one, window, document));
            begun.count() < usize::from(some.count)
        }
        Requirement::Counter(threshold) => {
            let counter = document.counters.iter().find(|counter| counter.id == threshold.id);
            threshold.at_least > Money::ZERO && counter.is_some_and(|it| begins_with(it.window, window))
        }
        Requirement::Streak(streak) => {
            let counter = document.counters.iter().find(|counter| counter.id == streak.counter);
            counter.is_some_and(|it| begins_with(it.window, window))
        }
    }
}

/// Whether a window of the first kind begins wherever one of the second does.
fn begins_with(inner: Window, outer: Window) -> bool {
    use Window::{Day, Month, Quarter, Week, Year};
    match outer {
        Year => matches!(inner, Year | Quarter | Month | Day),
        Quarter => matches!(inner, Quarter | Month | Day),
        Month => matches!(inner, Month | Day),
        Week => matches!(inner, Week | Day),
        _ => inner == outer || inner == Day && outer != Window::Lifetime,
    }
}

/// A purchase that reaches the level, and the member when it has ended.
fn lost(study: &Study<'_>, track: &TierTrack, level: &Level) -> Option<Example> {
    let (scene, state) = reached(study, track, level)?;
    let until = state.state.tier(&track.id)?.until()?;
    let example = study.read(scene, until)?;
    (example.tiers.get(&track.id) != Some(&level.id)).then_some(example)
}

/// Purchases of a growing price until one reaches the level.
fn reached(study: &Study<'_>, track: &TierTrack, level: &Level) -> Option<(Scene, Played)> {
    let mut price = Money::ONE.units();
    let day = Date::from_days(20_458);
    for _ in 0..32 {
        let activity =
            Witness::default().activity(study.program, Money::from_units(price), "example", day)?;
        let scene = Scene { activities: vec![activity], ..Scene::default() };
        let played = scene.play(&study.programs)?;
        if played.state.tier(&track.id).is_some_and(|held| *held.level() == level.id) {
            return Some((scene, played));
        }
        price = price.checked_mul(2)?;
    }
    None
}
