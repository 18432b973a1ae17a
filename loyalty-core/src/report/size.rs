//! The size that every member's state has, at most.

use std::collections::BTreeMap;

use super::{Fact, Study};
use crate::counter::Slots;
use crate::id::AuthorId;
use crate::limits;
use crate::program::Program;
use crate::program::document::{Currency, Limit, OnReturn, TierTrack};
use crate::tier::{KEPT_CREDITS, KEPT_GRANTS, KEPT_INTERVALS, MOST_THRESHOLDS};
use crate::time::Window;

/// The most that a state may measure.
const STATE_LIMIT: usize = 64 << 10;
/// The head of a list or a struct.
const HEAD: usize = 3;
/// A whole number of CBOR, at most.
const NUMBER: usize = 9;
/// A wide number.
const WIDE: usize = 18;
/// The longest id of a counter, in bytes.
const LONGEST_ID: usize = 64;
/// What keeps a level that is given, at most: thresholds of counters with the longest ids.
const KEEP: usize = MOST_THRESHOLDS * (HEAD * 2 + LONGEST_ID + WIDE);

/// Says how large a state can get, and warns where that is too large.
pub fn study(study: &mut Study<'_>) {
    let bytes = most(study.program);
    let message = format!("a member's state never has more than {bytes} bytes");
    study.report.facts.push(Fact {
        code: "state_at_most",
        path: String::new(),
        message,
        figures: BTreeMap::from([("bytes", bytes.to_string())]),
        rules: Vec::new(),
        example: None,
    });
    if bytes > STATE_LIMIT {
        let message = format!("a member's state may need {bytes} bytes, {STATE_LIMIT} are the limit");
        let help = "let points lapse at the end of months, quarters or years, or count less";
        study.warn("state_too_large", String::new(), (message, help), None);
    }
}

fn most(program: &Program) -> usize {
    let document = program.document();
    let counters = document.counters.iter().map(|it| slots(&it.id, Slots::of_counter(program, it)));
    let caps = program.window_caps().iter().map(|cap| slots(&cap.id, Slots::of(program, cap.window)));
    let balances = document.currencies.iter().map(balance);
    let tiers = document.tiers.iter().map(track);
    let never = document.tiers.iter().filter(|track| track.on_return == OnReturn::Never);
    let asked = never.flat_map(TierTrack::asked).filter_map(|id| program.counter(id));
    let returned = asked.map(|it| slots(&it.id, Slots::of_counter(program, it)));
    let granted = document.tiers.iter().map(|track| level_grants(program, track));
    let limits = document.limits.iter().map(|limit| limited(program, limit));
    let parts =
        balances.chain(limits).chain(counters).chain(caps).chain(tiers).chain(returned).chain(granted);
    parts.fold(HEAD * 10 + NUMBER * 2, usize::saturating_add)
}

fn text(id: &AuthorId) -> usize {
    id.as_str().len().saturating_add(HEAD)
}

/// A counter or cap with all the windows that it keeps.
fn slots(id: &AuthorId, slots: Slots) -> usize {
    let each = slots.kept().saturating_mul(HEAD + NUMBER * 2 + WIDE);
    text(id).saturating_add(HEAD * 2).saturating_add(each)
}

/// What a limit against fraud measured: slots, or instants.
fn limited(program: &Program, limit: &Limit) -> usize {
    let windows = limits::windows(&limit.measures).into_iter().flatten();
    let of_windows = windows.map(|window| slots(&limit.id, Slots::of(program, window)));
    let instants = limits::kept(&limit.measures).map_or(0, |kept| kept.saturating_mul(NUMBER));
    of_windows.fold(text(&limit.id).saturating_add(HEAD * 3).saturating_add(instants), usize::saturating_add)
}

fn balance(currency: &Currency) -> usize {
    let lot = HEAD + NUMBER * 2;
    text(&currency.id)
        .saturating_add(lots(currency).saturating_mul(lot))
        .saturating_add(HEAD * 2 + NUMBER * 6)
}

/// How many lots of different expiry are open at once, at most: one for each last day that is ahead.
fn lots(currency: &Currency) -> usize {
    let Some(expiry) = &currency.expiry else { return 1 };
    let (length, unit, _) = expiry.after.parts();
    let days = usize::from(length).saturating_mul(match unit {
        "days" => 1,
        "months" => 31,
        _ => 366,
    });
    let shortest = expiry.to_end_of.and_then(Window::fewest_days).unwrap_or(1);
    // The days at both ends, and those of activities whose own date is ahead.
    days.checked_div(shortest).unwrap_or(days).saturating_add(3)
}

fn track(track: &TierTrack) -> usize {
    let level = track.levels.iter().map(|level| text(&level.id)).max().unwrap_or(0);
    let interval = level.saturating_add(HEAD * 5 + NUMBER * 4);
    let past = interval.saturating_mul(KEPT_INTERVALS);
    let credits = track.carried().map(|id| text(id).saturating_add(HEAD + NUMBER + WIDE * 2));
    let carry =
        credits.fold(HEAD * 2 + NUMBER, |sum, one| sum.saturating_add(one.saturating_mul(KEPT_CREDITS)));
    // The status, what it drops to, and a level given.
    let held = level.saturating_mul(3).saturating_add(HEAD * 12 + NUMBER * 9);
    let parts = [held, past, carry, KEEP];
    parts.into_iter().fold(text(&track.id).saturating_add(HEAD * 2), usize::saturating_add)
}

/// What was given for the levels of a track and may be taken back.
fn level_grants(program: &Program, track: &TierTrack) -> usize {
    let document = program.document();
    if !program.awards_levels() {
        return 0;
    }
    let points = document.currencies.iter().map(|it| text(&it.id).saturating_add(HEAD + NUMBER * 2));
    let used = program.window_caps().iter().map(|it| text(&it.id).saturating_add(HEAD * 2 + NUMBER + WIDE));
    let given = points.chain(used).fold(HEAD * 6 + NUMBER * 2, usize::saturating_add);
    let each = track.levels.iter().map(|level| {
        let of_level = text(&track.id).saturating_add(text(&level.id)).saturating_add(given);
        of_level.saturating_mul(KEPT_GRANTS)
    });
    each.fold(0, usize::saturating_add)
}
