//! Deciding a level that is given.

use std::sync::Arc;

use super::{Context, Decision, opened, settled_now};
use crate::command::Command;
use crate::explain::{Step, StepKind, Trace};
use crate::id::OperationKey;
use crate::member::MemberState;
use crate::problem::Problem;
use crate::tier::TierGrant;

/// Decides a level that is given, at the instant at which it is recorded.
pub fn decide_grant<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    grant: &Arc<TierGrant>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let change = moment.grant(grant, &mut state)?;
    moment.follow_levels(&mut state);
    trace.step(|| {
        let text =
            format!("`{}` gave `{}` until {}: {}", grant.actor, grant.level, grant.until, grant.reason);
        Step::new(StepKind::Tier, &grant.track, text)
    });
    let occurred_at = context.moment();
    let command = Command::GrantTier(Arc::clone(grant));
    let mut operation = opened(key, occurred_at, moment.program, settlement, command);
    operation.tier_changes.push(change);
    Ok(Decision { operation, state, wants: Vec::new() })
}
