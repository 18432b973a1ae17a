//! Succession: what a version changes, as it takes force, for members who are there already.
//!
//! Counters that copy another begin, and members of a level that went hold the one that replaces it. Both happen
//! at the version's first instant, before anything else that falls due then.

use crate::counter::CounterState;
use crate::id::AuthorId;
use crate::ledger::operation::{CountedBy, CountedIn, Settlement, Started, TierChange};
use crate::member::MemberState;
use crate::program::document::{Start, TierTrack, Upgrade};
use crate::program::{Program, Programs};
use crate::tier::TierState;
use crate::time::Timestamp;

/// Applies what a version changes; a second time it changes nothing.
pub fn take_over(program: &Program, at: Timestamp, state: &mut MemberState, settlement: &mut Settlement) {
    if !program.takes_over() {
        return;
    }
    for (counter, source) in copies(program) {
        if state.counters.iter().any(|known| known.id == *counter) {
            continue;
        }
        let before = state.counters.iter().find(|known| known.id == *source);
        let (slots, recent) =
            before.map_or_else(Default::default, |it| (it.slots.clone(), it.recent.clone()));
        if !slots.is_empty() {
            settlement.started.push(Started { counter: counter.clone(), copied: source.clone(), at });
        }
        for pending in &mut state.pending {
            let same = |one: &&CountedIn| matches!(&one.of, CountedBy::Counter(id) if id == source);
            let copied = pending.counted.iter().filter(same).cloned().collect::<Vec<_>>();
            let of = CountedBy::Counter(counter.clone());
            pending.counted.extend(copied.into_iter().map(|one| CountedIn { of: of.clone(), ..one }));
        }
        // Kept even while it is empty: that it has begun is known by its being there.
        state.counters.push(CounterState { id: counter.clone(), slots, recent });
    }
    for track in &program.document().tiers {
        let held = state.tiers.iter_mut().find(|held| held.track == track.id);
        settlement.tier_changes.extend(held.and_then(|held| replaced(track, at, held)));
    }
}

/// The counters of a version that begin with what another has.
fn copies(program: &Program) -> impl Iterator<Item = (&AuthorId, &AuthorId)> {
    program.document().counters.iter().filter_map(|counter| match &counter.start {
        Start::Copy(source) => Some((&counter.id, source)),
        Start::Zero => None,
    })
}

/// Goes on with the level that replaces the one held. The status ends when it would have ended.
fn replaced(track: &TierTrack, at: Timestamp, held: &mut TierState) -> Option<TierChange> {
    let successor = |id: &AuthorId| track.levels.iter().position(|level| level.replaces.contains(id));
    let id_of = |rank: usize| track.levels.get(rank).map(|level| level.id.clone());
    let before = held.clone();
    if let Some(rank) = successor(&held.status.level) {
        held.status.level = id_of(rank)?;
        if rank == 0 && track.upgrade == Upgrade::AtOnce {
            held.status.until = None;
            held.status.waiting = None;
        }
    }
    if let Some(waiting) = &mut held.status.waiting
        && let Some(rank) = successor(&waiting.to)
    {
        waiting.to = id_of(rank)?;
    }
    if let Some(granted) = &mut held.granted
        && let Some(rank) = successor(&granted.level)
    {
        granted.level = id_of(rank)?;
    }
    let (from, to) = (before.level().clone(), held.level().clone());
    if from == to {
        return None;
    }
    held.note(&before, track);
    match &mut held.granted {
        Some(granted) => granted.since = at,
        None => held.status.since = at,
    }
    Some(TierChange { track: track.id.clone(), from, to, at })
}

/// What counters gain or lose that began with those counted: an activity from before they began that comes late,
/// or a return of one, changes what they began with.
///
/// `decided_by` is the version of the activity, `since` its instant, `to` up to when versions have taken over.
pub fn counted_by_copies(
    counted: &[CountedIn],
    decided_by: &Program,
    programs: &Programs,
    (since, to): (Timestamp, Timestamp),
) -> Vec<CountedIn> {
    let mut copied = Vec::new();
    let mut begun = since;
    while let Some((from, program)) = programs.next_taking_over(begun, to) {
        begun = from;
        for (copy, source) in copies(program).filter(|(copy, _)| decided_by.counter(copy).is_none()) {
            let of = CountedBy::Counter(source.clone());
            let all = counted.iter().chain(&copied);
            let more = all.filter(|one| one.of == of).cloned().collect::<Vec<_>>();
            copied.extend(
                more.into_iter().map(|one| CountedIn { of: CountedBy::Counter(copy.clone()), ..one }),
            );
        }
    }
    copied
}
