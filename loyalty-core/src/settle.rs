//! Settlement: what falls due by itself, applied lazily and in one total order.
//!
//! `settle(settle(s, a), b)` equals `settle(s, b)`: nothing depends on when somebody looked.

use crate::expiry;
use crate::id::AuthorId;
use crate::ledger::operation::Settlement;
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::program::Programs;
use crate::succession::take_over;
use crate::tier::Moment;
use crate::time::Timestamp;

/// Something that falls due, in the order in which it is applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Timestamp,
    kind: DueKind,
    id: AuthorId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DueKind {
    TierEnds,
    LotLapses,
}

/// Applies what fell due up to and including `to`.
pub fn settle(programs: &Programs, state: &mut MemberState, to: Timestamp) -> Result<Settlement, OutOfRange> {
    let mut settlement = Settlement::default();
    let mut begun = state.settled_to;
    // A version may have been published after its first instant was settled.
    take_over(programs.at(begun), begun, state, &mut settlement);
    loop {
        let next_due = state.next_due().filter(|due| *due <= to);
        if let Some((at, version)) = programs.next_taking_over(begun, next_due.unwrap_or(to)) {
            take_over(version, at, state, &mut settlement);
            begun = at;
            continue;
        }
        let Some(due) = next_due.and_then(|_| next(state)) else { break };
        match due.kind {
            DueKind::TierEnds => end_status(programs, state, &due, &mut settlement),
            DueKind::LotLapses => {
                settlement.postings.extend(expiry::lapse(state, &due.id, due.at)?);
            }
        }
    }
    state.settled_to = state.settled_to.max(to);
    Ok(settlement)
}

fn next(state: &MemberState) -> Option<Due> {
    let tiers = state
        .tiers
        .iter()
        .filter_map(|tier| Some(Due { at: tier.until?, kind: DueKind::TierEnds, id: tier.track.clone() }));
    let lots = state.balances.iter().filter_map(|balance| {
        let at = balance.lots.first()?.expires_at?;
        Some(Due { at, kind: DueKind::LotLapses, id: balance.currency.clone() })
    });
    tiers.chain(lots).min()
}

fn end_status(programs: &Programs, state: &mut MemberState, due: &Due, settlement: &mut Settlement) {
    let program = programs.at(due.at);
    let date = program.zone().date_at(due.at);
    let moment = Moment { program, at: due.at, when: program.when(state, due.at, date), begins: date };
    let change = program.track(&due.id).and_then(|track| moment.decide_anew(track, state));
    match change {
        Some(change) => settlement.tier_changes.push(change),
        // The program no longer has the track: its last level stays as it is, without end.
        None => {
            if let Some(held) = state.tiers.iter_mut().find(|t| t.track == due.id) {
                held.until = None;
            }
        }
    }
}
