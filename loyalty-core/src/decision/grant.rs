//! Deciding a level that is given.

use std::sync::Arc;

use super::{Context, Decision, opened, settle, tell_settlement};
use crate::command::Command;
use crate::explain::{Step, StepKind, Trace};
use crate::id::OperationKey;
use crate::member::MemberState;
use crate::problem::Problem;
use crate::tier::{Moment, TierGrant};
use crate::time::OffsetTime;

/// Decides a level that is given, at the instant at which it is recorded.
pub fn decide_grant<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    grant: &Arc<TierGrant>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let program = context.programs.at(context.now);
    let at = context.now.max(state.settled_to);
    let settlement = settle(context.programs, &mut state, at)?;
    tell_settlement(&settlement, trace);
    let date = program.zone().date_at(at);
    let when = program.when(&state, at, date);
    let moment = Moment { program, at, when, begins: date };
    moment.begin(&mut state);
    let change = moment.grant(grant, &mut state)?;
    trace.step(|| {
        let text =
            format!("`{}` gave `{}` until {}: {}", grant.actor, grant.level, grant.until, grant.reason);
        Step::new(StepKind::Tier, &grant.track, text)
    });
    let occurred_at = OffsetTime { at: context.now, offset: 0 };
    let mut operation = opened(key, occurred_at, program, settlement, Command::GrantTier(Arc::clone(grant)));
    operation.tier_changes.push(change);
    Ok(Decision { operation, state })
}
