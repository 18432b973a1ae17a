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
    WindowTurns,
    TierEnds,
    GrantEnds,
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
            DueKind::WindowTurns | DueKind::TierEnds | DueKind::GrantEnds => {
                on_track(programs, state, &due, &mut settlement)
            }
            DueKind::LotLapses => {
                settlement.postings.extend(expiry::lapse(state, &due.id, due.at)?);
            }
        }
    }
    state.settled_to = state.settled_to.max(to);
    Ok(settlement)
}

fn next(state: &MemberState) -> Option<Due> {
    let tiers = state.tiers.iter().flat_map(|tier| {
        let of = |at, kind| Due { at, kind, id: tier.track.clone() };
        let ends = tier.status.until.map(|at| of(at, DueKind::TierEnds));
        let over = tier.granted.as_ref().map(|granted| of(granted.until, DueKind::GrantEnds));
        let turns = tier.carry.as_ref().map(|carry| of(carry.next, DueKind::WindowTurns));
        ends.into_iter().chain(over).chain(turns)
    });
    let lots = state.balances.iter().filter_map(|balance| {
        let at = balance.lots.first()?.expires_at?;
        Some(Due { at, kind: DueKind::LotLapses, id: balance.currency.clone() })
    });
    tiers.chain(lots).min()
}

fn on_track(programs: &Programs, state: &mut MemberState, due: &Due, settlement: &mut Settlement) {
    let program = programs.at(due.at);
    let date = program.zone().date_at(due.at);
    let moment = Moment { program, at: due.at, when: program.when(state, due.at, date), begins: date };
    let change = match program.track(&due.id) {
        Some(track) if due.kind == DueKind::WindowTurns => {
            moment.turn(track, state);
            None
        }
        Some(track) if due.kind == DueKind::GrantEnds => moment.end_grant(track, state),
        Some(track) => moment.decide_anew(track, state),
        None => {
            if let Some(held) = state.tier_mut(&due.id) {
                held.rest();
            }
            None
        }
    };
    settlement.tier_changes.extend(change);
}
