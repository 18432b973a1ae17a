//! Reviews: a person approves what an activity earned above a limit, or refuses it.
//!
//! Until then it waits without a date. Approved, it is as if nobody had held it: what has come of it by then comes at
//! once, what has not waits on. Refused, it was never earned, as what an event cancels.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::parted;
use super::held::told;
use super::{Fate, Waiting, cancel_now, fate, vest};
use crate::adjustment::check_reason;
use crate::id::{ActivityId, ActorId, OperationKey};
use crate::ledger::operation::{Operation, Vesting, VestingOutcome};
use crate::ledger::posting::Posting;
use crate::member::{MemberState, Pending};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::{Program, Programs};
use crate::returns::Sale;
use crate::time::Timestamp;

/// What a person says of what an activity earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub id: ActivityId,
    /// The key of the activity: `purchase/<id>`, `event/<name>/<id>`.
    #[n(1)]
    pub of: OperationKey,
    /// Who says it.
    #[n(2)]
    pub actor: ActorId,
    /// Why, in 1 to 500 bytes.
    #[n(3)]
    pub reason: String,
}

/// An activity of which something is under review.
pub struct Reviewed<'a> {
    /// The operation that recorded it.
    pub operation: &'a Operation,
    /// What became of it since, where it is a purchase; and the version that decided it.
    pub sale: Option<(Sale<'a>, &'a Program)>,
    /// The tenant's program versions.
    pub programs: &'a Programs,
}

impl Review {
    /// The purchase that it is about, if it is one.
    pub fn purchase(&self) -> Option<ActivityId> {
        self.of.as_str().strip_prefix("purchase/").and_then(|id| ActivityId::new(id).ok())
    }

    /// Checks that it can be said of an activity.
    ///
    /// `review_not_found` where no such activity was ever under review, `review_ended` where nothing of it is by now.
    pub fn check<'a>(
        &self,
        recorded: Option<&'a Operation>,
        state: &MemberState,
    ) -> Result<&'a Operation, Problem> {
        check_reason(&self.reason)?;
        let recorded = recorded.filter(|operation| !operation.reviewed_for.is_empty());
        let recorded = recorded.ok_or_else(|| {
            let message = format!("nothing of `{}` was ever under review", self.of);
            Problem::new("review_not_found", "/of", message, "see the queue for what is")
        })?;
        if !state.under_review().any(|pending| pending.of == self.of) {
            let message = format!("nothing of `{}` is under review any more", self.of);
            return Err(Problem::new("review_ended", "/of", message, "see the history for how it ended"));
        }
        Ok(recorded)
    }

    /// Nobody approves what they sent.
    pub fn by_another_than(&self, sender: Option<&ActorId>) -> Result<(), Problem> {
        if sender != Some(&self.actor) {
            return Ok(());
        }
        let message = format!("`{}` sent `{}`", self.actor, self.of);
        Err(Problem::new("same_person", "/actor", message, "let somebody else approve it"))
    }
}

/// Lets what was earned wait as if nobody had held it; what falls due of it up to `at` is left to settling.
pub fn approve(
    reviewed: &Reviewed<'_>,
    state: &mut MemberState,
    at: Timestamp,
    operation: &mut Operation,
) -> Result<(), Problem> {
    release_heard(reviewed, state, operation)?;
    for mut pending in taken_out(reviewed, state) {
        pending.review = false;
        if pending.due <= at {
            note(reviewed, &pending, pending.then, operation);
        }
        state.wait(pending)?;
    }
    Ok(())
}

/// Cancels what was earned: counters and caps get back what they count of it.
pub fn refuse(
    reviewed: &Reviewed<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<(), OutOfRange> {
    for pending in taken_out(reviewed, state) {
        let posting = cancel_now(state, &pending, operation)?;
        post(posting, operation);
        note(reviewed, &pending, VestingOutcome::Cancelled, operation);
    }
    Ok(())
}

/// Lets vest what events let vest while it was under review.
fn release_heard(
    reviewed: &Reviewed<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<(), OutOfRange> {
    let Some((sale, program)) = &reviewed.sale else { return Ok(()) };
    let key = &reviewed.operation.key;
    let awards: Vec<u32> =
        state.under_review().filter(|pending| pending.of == *key).map(|pending| pending.award).collect();
    for award in awards {
        let still = |line: usize| fate(sale, award, line, state) == Fate::Pending;
        let of_award =
            Waiting { sale, award, program, programs: reviewed.programs, settled_to: state.settled_to };
        let mut released: Vec<(&Vesting, Points)> = Vec::new();
        for heard in sale.vestings.iter().filter(|vesting| vesting.award == award && vesting.held) {
            let own = |line: usize| {
                still(line) && told(sale, award, line, true).is_some_and(|told| std::ptr::eq(told, *heard))
            };
            released.push((heard, of_award.kept(&own)?.0));
        }
        if released.is_empty() {
            continue;
        }
        let rest = |line: usize| still(line) && told(sale, award, line, true).is_none();
        let heard = |line: usize| still(line) && told(sale, award, line, true).is_some();
        let [_, left] = parted(state.returned_of(key, award), &of_award.all_back(&heard)?)?;
        let Some(pending) = state.leave_waiting(key, award, of_award.kept(&rest)?, left) else { continue };
        for (heard, points) in released {
            post(vest(state, &pending, points, heard.lapses)?, operation);
            operation.vesting.push(Vesting { points, held: false, ..heard.clone() });
        }
    }
    Ok(())
}

/// Takes what is under review of an activity out of what waits.
fn taken_out(reviewed: &Reviewed<'_>, state: &mut MemberState) -> Vec<Pending> {
    let own = |pending: &Pending| pending.review && pending.of == reviewed.operation.key;
    let (own, others) = std::mem::take(&mut state.pending).into_iter().partition(own);
    state.pending = others;
    own
}

fn post(posting: Posting, operation: &mut Operation) {
    if posting.points.is_positive() {
        operation.postings.push(Posting { effective_at: operation.occurred_at.at, ..posting });
    }
}

/// Notes what became of an award; of what is no purchase, the postings say it.
fn note(reviewed: &Reviewed<'_>, pending: &Pending, outcome: VestingOutcome, operation: &mut Operation) {
    let Some((sale, _)) = &reviewed.sale else { return };
    operation.vesting.push(Vesting {
        activity: sale.id().clone(),
        award: pending.award,
        lines: Vec::new(),
        outcome,
        points: pending.points,
        lapses: pending.lapses.filter(|_| outcome == VestingOutcome::Vested),
        held: false,
    });
}
