//! Events that let pending points of a purchase vest, or cancel them.

use super::held::told;
use super::{Fate, Waiting, cancel_now, fate, vest};
use crate::activity::CustomEvent;
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::ledger::operation::{Award, CountedIn, Operation, Vesting, VestingOutcome};
use crate::ledger::posting::Posting;
use crate::member::{MemberState, Pending};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::document::{RuleExpiry, Vest};
use crate::program::{Program, Programs};
use crate::returns::{self, Past, Sale};
use crate::time::When;

/// What deciding on an event looks at.
pub struct Notice<'a> {
    /// The event.
    pub event: &'a CustomEvent,
    /// When it happens.
    pub when: When<'a>,
    /// The purchase and the lines that it names.
    pub named: &'a Named<'a>,
    /// The tenant's program versions.
    pub programs: &'a Programs,
}

/// The purchase that an event names, with what came back of it, and its lines, from 0; all of them where none is named.
pub struct Named<'a> {
    sale: Sale<'a>,
    lines: Vec<u32>,
}

/// The purchase and the lines of it whose pending points an event is about; `None` where it names no purchase.
pub fn named<'a>(event: &CustomEvent, past: &'a Past) -> Result<Option<Named<'a>>, Problem> {
    let Some(of) = &event.of else { return Ok(None) };
    let sale = returns::sale_of(of, past)?;
    let lines = named_lines(event, &sale)?;
    Ok(Some(Named { sale, lines }))
}

/// Lets the pending points vest that wait for an event, or cancels them by it, and notes it in its operation.
///
/// What has come back by then hears of it too, for the case that its return is undone. Where nothing of the purchase
/// waits for it, nothing happens.
pub fn by_event<T: Trace>(
    notice: &Notice<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<(), Problem> {
    let Named { sale, lines } = notice.named;
    let version = sale.operation.version;
    let program = notice.programs.version(version).ok_or_else(|| returns::unknown_version(version))?;
    for (award, given) in (0_u32..).zip(&sale.operation.awards) {
        let outcome = outcome(notice.event, sale, award, program);
        let Some((outcome, own)) = outcome.filter(|_| may_wait(given, award, sale, state)) else { continue };
        let waits = |line: usize| fate(sale, award, line, state) == Fate::Pending;
        let is_new = |line: usize| waits(line) && told(sale, award, line, true).is_none();
        let named = |line: usize| is_new(line) && (lines.is_empty() || is_among(lines, line));
        let of_award =
            Waiting { sale, award, program, programs: notice.programs, settled_to: state.settled_to };
        let (points, counted) = of_award.kept(&named)?;
        let rest = of_award.kept(&|line| waits(line) && !named(line))?;
        let key = &sale.operation.key;
        let [returned, left] = parted(state.returned_of(key, award), &of_award.all_back(&named)?)?;
        let pending = state.waiting(key, award).and_then(|place| state.pending.get(place)).cloned();
        let review = pending.as_ref().map_or(sale.is_under_review(), |pending| pending.review);
        // Under review some lines may have been heard of already, which this is not about.
        let all = (0_u32..).zip(0..sale.after.units.len());
        let heard: Vec<u32> = all.filter(|(_, line)| named(*line)).map(|(number, _)| number).collect();
        if heard.is_empty() && (review || pending.is_none()) {
            continue;
        }
        let about = if review { heard } else { lines.clone() };
        let vests = outcome == VestingOutcome::Vested;
        let lapses = expiry::lapses(program, &given.currency, own, &notice.when).filter(|_| vests);
        let held = review && vests;
        trace.step(|| tell((points, &given.currency), (outcome, held), notice.event));
        if let Some(pending) = pending.filter(|_| !held) {
            let pending = Pending { points, counted, returned, ..pending };
            state.leave_waiting(key, award, rest, left);
            let posting = match outcome {
                VestingOutcome::Vested => vest(state, &pending, points, lapses)?,
                VestingOutcome::Cancelled => cancel_now(state, &pending, operation)?,
            };
            if points.is_positive() {
                operation.postings.push(Posting { effective_at: notice.event.occurred_at.at, ..posting });
            }
        }
        let (activity, lines) = (sale.id().clone(), about);
        operation.vesting.push(Vesting { activity, award, lines, outcome, points, lapses, held });
    }
    Ok(())
}

/// Whether something of an award waits, or will again if it is no longer back.
fn may_wait(given: &Award, award: u32, sale: &Sale<'_>, state: &MemberState) -> bool {
    given.points.is_positive() || state.waiting(&sale.operation.key, award).is_some()
}

/// What tracks still count of what came back: the part of some lines, and the rest.
pub(super) fn parted(
    returned: &[CountedIn],
    of_lines: &[CountedIn],
) -> Result<[Vec<CountedIn>; 2], OutOfRange> {
    let [mut part, mut rest] = [Vec::new(), Vec::new()];
    for one in returned {
        let same = |it: &&CountedIn| it.of == one.of && it.slot == one.slot;
        let amount = of_lines.iter().find(same).map_or(0, |it| it.amount.min(one.amount));
        let left = one.amount.checked_sub(amount).ok_or(OutOfRange)?;
        for (list, amount) in [(&mut part, amount), (&mut rest, left)] {
            if amount != 0 {
                list.push(CountedIn { amount, ..one.clone() });
            }
        }
    }
    Ok([part, rest])
}

fn is_among(lines: &[u32], line: usize) -> bool {
    lines.iter().any(|named| usize::try_from(*named) == Ok(line))
}

/// The lines that an event names, from 0.
fn named_lines(event: &CustomEvent, sale: &Sale<'_>) -> Result<Vec<u32>, Problem> {
    let mut named = Vec::with_capacity(event.lines.len());
    for (index, number) in event.lines.iter().enumerate() {
        match number.checked_sub(1) {
            Some(line) if usize::from(line) < sale.purchase.lines.len() => named.push(u32::from(line)),
            _ => return Err(returns::line_not_found(sale.id(), &format!("/lines/{index}"))),
        }
    }
    Ok(named)
}

/// What an event does to an award, and the award's own expiry; `None` where it does nothing.
fn outcome<'a>(
    event: &CustomEvent,
    sale: &Sale<'_>,
    award: u32,
    program: &'a Program,
) -> Option<(VestingOutcome, Option<&'a RuleExpiry>)> {
    let award = sale.award(award)?;
    let terms = program.rules_of(&award.currency, &award.rules).first()?.terms();
    let Some(Vest::Event(wanted)) = terms.vest else { return None };
    if wanted.name == event.name {
        Some((VestingOutcome::Vested, terms.expiry))
    } else if wanted.cancelled_by.contains(&event.name) {
        Some((VestingOutcome::Cancelled, terms.expiry))
    } else {
        None
    }
}

fn tell(
    (points, currency): (Points, &AuthorId),
    (outcome, held): (VestingOutcome, bool),
    event: &CustomEvent,
) -> Step {
    let what = match outcome {
        VestingOutcome::Vested if held => "may be spent once they are approved",
        VestingOutcome::Vested => "may be spent now",
        VestingOutcome::Cancelled => "are cancelled",
    };
    let text = format!("{points} {currency} {what}: `{}`", event.name);
    Step::new(StepKind::Vested, currency, text).with(points)
}
