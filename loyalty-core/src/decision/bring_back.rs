//! Deciding what comes back, and what is the member's again: points, counters, gifts, and the levels that follow them.

use super::{Context, give_back, grants, rerate};
use crate::counter::Slots;
use crate::explain::Trace;
use crate::ledger::operation::{CountedBy, CountedIn, Operation};
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{OnReturn, TierTrack};
use crate::returns::{self, Matching};
use crate::tier::Moment;

/// What comes back takes what its purchases gave, and levels follow the counters then.
pub fn bring_back<T: Trace>(
    (mut matching, moment): (Matching<'_>, &Moment<'_>),
    context: &Context<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<(), Problem> {
    let before = looks_at_returns(moment.program, state).then(|| state.clone());
    for sale in &mut matching.sales {
        rerate::rate_kept(context, sale)?;
    }
    take_back((matching, moment), context, state, operation, trace)?;
    after_return(moment, before.as_ref(), state, operation, trace)
}

fn take_back<T: Trace>(
    (matching, moment): (Matching<'_>, &Moment<'_>),
    context: &Context<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<(), Problem> {
    let at = operation.occurred_at.at;
    let effect = returns::take_back(at, &matching, context.programs, state, trace)?;
    give_back(&effect.counted, state)?;
    count_returned(&effect.counted, context.programs.at(at), state)?;
    operation.returned = effect.returned;
    operation.counted.extend(effect.counted);
    operation.postings.extend(effect.postings);
    for sale in &matching.sales {
        let recorded = sale.operation;
        let version = context.programs.version(recorded.version);
        let version = version.ok_or_else(|| returns::unknown_version(recorded.version))?;
        let taking = grants::Taking { moment, context, recorded, version, refused: false };
        taking.take_back(sale, state, operation, trace)?;
    }
    operation.unmatched = matching.unmatched;
    Ok(())
}

/// What a return does to levels, beyond what its purchases gave.
pub fn after_return<T: Trace>(
    moment: &Moment<'_>,
    before: Option<&MemberState>,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<(), Problem> {
    moment.roll_again(state);
    if let Some(before) = before {
        moment.turn_goals(before, state, operation, trace)?;
        operation.tier_changes.extend(moment.follow_counters(before, state, trace));
    }
    Ok(())
}

/// Whether a return can change a level.
pub fn looks_at_returns(program: &Program, state: &MemberState) -> bool {
    let at_once_or_for_life = |track: &TierTrack| {
        track.on_return == OnReturn::AtOnce || track.levels.iter().any(|level| level.lifetime.is_some())
    };
    !state.goal_grants.is_empty() || program.document().tiers.iter().any(at_once_or_for_life)
}

/// Counts what came back, for tracks that do not look at returns.
pub fn count_returned(
    counted: &[CountedIn],
    program: &Program,
    state: &mut MemberState,
) -> Result<(), OutOfRange> {
    for one in counted {
        if let CountedBy::Counter(id) = &one.of
            && program.counts_returned(id)
            && let Some(counter) = program.counter(id)
        {
            let amount = one.amount.checked_neg().ok_or(OutOfRange)?;
            Slots::of_counter(program, counter).add(&mut state.returned, id, one.slot, amount)?;
        }
    }
    Ok(())
}
