//! Settlement: what falls due by itself, applied lazily and in one total order.
//!
//! `settle(settle(s, a), b)` equals `settle(s, b)`: nothing depends on when somebody looked.

use crate::conversion::{Owner, Place};
use crate::expiry;
use crate::id::AuthorId;
use crate::ledger::operation::{Settlement, VestingOutcome};
use crate::member::MemberState;
use crate::points::OutOfRange;
use crate::program::Programs;
use crate::redemption::release;
use crate::returns::debt;
use crate::succession::take_over;
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
    HoldEnds,
    WindowTurns,
    TierEnds,
    GrantEnds,
    Converts,
    IdleEnds,
    LotLapses,
    VoucherEnds,
}

/// Applies what fell due up to and including `to`.
pub fn settle(
    programs: &Programs,
    owner: Owner<'_>,
    state: &mut MemberState,
    to: Timestamp,
) -> Result<Settlement, OutOfRange> {
    let mut settlement = Settlement::default();
    let mut begun = state.settled_to;
    let mut converted = Place { at: begun, id: None };
    let mut arrived = begun;
    // A version may have been published after its first instant was settled.
    succeed(programs, begun, state, &mut settlement);
    loop {
        let conversion = programs.next_conversion(&converted, to);
        let next_due = state.next_due().filter(|due| *due <= to);
        let next_due = next_due.into_iter().chain(conversion.map(|(at, _)| at)).min();
        if let Some((at, _)) = programs.next_taking_over(begun, next_due.unwrap_or(to)) {
            succeed(programs, at, state, &mut settlement);
            begun = at;
            continue;
        }
        let Some(due) = next_due.and_then(|_| next(state, conversion)) else { break };
        if due.at > arrived {
            state.arrive(programs.at(due.at))?;
            arrived = due.at;
        }
        match due.kind {
            DueKind::Vests => {
                vesting::fall_due(state, &mut settlement)?;
                settlement.postings.extend(debt::repay(state, due.at)?);
            }
            DueKind::PendingCancelled => {
                vesting::fall_due(state, &mut settlement)?;
                // What counters gave back may roll over no more.
                moment_at(programs, state, due.at).roll_again(state);
            }
            DueKind::HoldEnds => {
                let program = programs.at(due.at);
                settlement.postings.extend(release::end_first(program, state)?);
                settlement.postings.extend(debt::repay(state, due.at)?);
            }
            DueKind::WindowTurns | DueKind::TierEnds | DueKind::GrantEnds => {
                on_track(programs, state, &due, &mut settlement)
            }
            DueKind::Converts => {
                if let Some(id) = &due.id {
                    moment_at(programs, state, due.at).convert(id, owner, state, &mut settlement)?;
                }
                converted = Place { at: due.at, id: due.id };
            }
            DueKind::IdleEnds => {
                if let Some(currency) = &due.id {
                    moment_at(programs, state, due.at).end_life(currency, state);
                }
            }
            DueKind::LotLapses => {
                if let Some(currency) = &due.id {
                    let program = programs.at(due.at);
                    settlement.postings.extend(expiry::lapse(program, state, currency, due.at)?);
                }
            }
            DueKind::VoucherEnds => settlement.vouchers.extend(state.end_vouchers(due.at)),
        }
    }
    state.settled_to = state.settled_to.max(to);
    state.arrive(programs.at(state.settled_to))?;
    state.quotes.retain(|it| it.until > state.settled_to);
    Ok(settlement)
}

fn next(state: &MemberState, conversion: Option<(Timestamp, &AuthorId)>) -> Option<Due> {
    let tiers = state.tiers.iter().flat_map(|tier| {
        let of = |at, kind| Due { at, kind, id: Some(tier.track.clone()) };
        let ends = tier.status.until.map(|at| of(at, DueKind::TierEnds));
        let over = tier.granted.as_ref().map(|granted| of(granted.until, DueKind::GrantEnds));
        let turns = tier.carry.as_ref().map(|carry| of(carry.next, DueKind::WindowTurns));
        ends.into_iter().chain(over).chain(turns)
    });
    let lots = state.balances.iter().filter_map(|balance| {
        let at = balance.next_lapse()?;
        Some(Due { at, kind: DueKind::LotLapses, id: Some(balance.currency.clone()) })
    });
    let idle = state.balances.iter().filter_map(|balance| {
        let at = balance.living.ends()?;
        Some(Due { at, kind: DueKind::IdleEnds, id: Some(balance.currency.clone()) })
    });
    let pending = state.next_pending().map(|pending| {
        let kind = match pending.then {
            VestingOutcome::Vested => DueKind::Vests,
            VestingOutcome::Cancelled => DueKind::PendingCancelled,
        };
        Due { at: pending.due, kind, id: None }
    });
    let voucher = state.next_voucher_ends().map(|at| Due { at, kind: DueKind::VoucherEnds, id: None });
    let holds = state.holds.first().map(|held| Due { at: held.until, kind: DueKind::HoldEnds, id: None });
    let conversion = conversion.map(|(at, id)| Due { at, kind: DueKind::Converts, id: Some(id.clone()) });
    tiers.chain(lots).chain(idle).chain(pending).chain(holds).chain(voucher).chain(conversion).min()
}

/// An instant at which something falls due.
fn moment_at<'p>(programs: &'p Programs, state: &MemberState, at: Timestamp) -> Moment<'p> {
    let program = programs.at(at);
    let date = program.zone().date_at(at);
    Moment { program, at, when: program.when(state, at, date), begins: date }
}

fn on_track(programs: &Programs, state: &mut MemberState, due: &Due, settlement: &mut Settlement) {
    let moment = moment_at(programs, state, due.at);
    let Some(id) = &due.id else { return };
    let change = match moment.program.track(id) {
        Some(track) if due.kind == DueKind::WindowTurns => {
            moment.turn(track, state);
            None
        }
        Some(track) if due.kind == DueKind::GrantEnds => moment.end_grant(track, state),
        Some(track) => moment.decide_anew(track, state),
        // The program no longer has the track: its last level stays as it is, without end.
        None => {
            if let Some(held) = state.tier_mut(id) {
                held.rest();
            }
            None
        }
    };
    if let Some(change) = change {
        settlement.tier_changes.push(change);
        moment.follow_levels(state);
    }
}

/// Lets the version that is in force at an instant take over.
fn succeed(programs: &Programs, at: Timestamp, state: &mut MemberState, settlement: &mut Settlement) {
    let before = settlement.tier_changes.len();
    take_over(programs.at(at), at, state, settlement);
    if settlement.tier_changes.len() > before {
        moment_at(programs, state, at).follow_levels(state);
    }
}
