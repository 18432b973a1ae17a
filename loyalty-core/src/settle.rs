//! Settlement: what falls due by itself, applied lazily and in one total order.
//!
//! `settle(settle(s, a), b)` equals `settle(s, b)`: nothing depends on when somebody looked.

use crate::expiry;
use crate::id::AuthorId;
use crate::ledger::operation::{Settlement, VestingOutcome};
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::program::Programs;
use crate::tier::Moment;
use crate::time::Timestamp;
use crate::vesting;

/// Something that falls due, in the order in which it is applied. What waits is in its own order among itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Timestamp,
    kind: DueKind,
    id: Option<AuthorId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DueKind {
    Vests,
    PendingCancelled,
    TierEnds,
    LotLapses,
}

/// Applies what fell due up to and including `to`.
pub fn settle(programs: &Programs, state: &mut MemberState, to: Timestamp) -> Result<Settlement, OutOfRange> {
    let mut settlement = Settlement::default();
    while state.next_due().is_some_and(|due| due <= to) {
        let Some(due) = next(state) else { break };
        match due.kind {
            DueKind::Vests | DueKind::PendingCancelled => vesting::fall_due(state, &mut settlement)?,
            DueKind::TierEnds => end_status(programs, state, &due, &mut settlement),
            DueKind::LotLapses => {
                if let Some(currency) = &due.id {
                    settlement.postings.extend(expiry::lapse(state, currency, due.at)?);
                }
            }
        }
    }
    state.settled_to = state.settled_to.max(to);
    Ok(settlement)
}

fn next(state: &MemberState) -> Option<Due> {
    let tiers = state.tiers.iter().filter_map(|tier| {
        Some(Due { at: tier.until?, kind: DueKind::TierEnds, id: Some(tier.track.clone()) })
    });
    let lots = state.balances.iter().filter_map(|balance| {
        let at = balance.lots.first()?.expires_at?;
        Some(Due { at, kind: DueKind::LotLapses, id: Some(balance.currency.clone()) })
    });
    let pending = state.pending.first().map(|pending| {
        let kind = match pending.then {
            VestingOutcome::Vested => DueKind::Vests,
            VestingOutcome::Cancelled => DueKind::PendingCancelled,
        };
        Due { at: pending.due, kind, id: None }
    });
    tiers.chain(lots).chain(pending).min()
}

fn end_status(programs: &Programs, state: &mut MemberState, due: &Due, settlement: &mut Settlement) {
    let program = programs.at(due.at);
    let date = program.zone().date_at(due.at);
    let moment = Moment { program, at: due.at, date, begins: date };
    let Some(id) = &due.id else { return };
    let change = program.track(id).and_then(|track| moment.decide_anew(track, state));
    match change {
        Some(change) => settlement.tier_changes.push(change),
        // The program no longer has the track: its last level stays as it is, without end.
        None => {
            if let Some(held) = state.tiers.iter_mut().find(|t| t.track == *id) {
                held.until = None;
            }
        }
    }
}
