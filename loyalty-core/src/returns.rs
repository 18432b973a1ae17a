//! Returns: which sales come back, and what that takes.
//!
//! Targets are cumulative: a return takes what the purchase's awards carry of the units back so far, less
//! what earlier returns of it have taken, so that the steps in which things come back do not matter.

pub mod debt;
mod matching;
mod taking;

use self::taking::Taking;
use crate::activity::Activity;
use crate::counter::counting;
use crate::explain::{Step, StepKind, Trace};
use crate::ledger::operation::{CountedBy, CountedIn, Operation, Returned, Take};
use crate::ledger::posting::Posting;
use crate::member::MemberState;
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::document::Counter;
use crate::program::{Program, Programs, VersionId};
use crate::succession;
use crate::time::Timestamp;
use crate::vesting::{self, Fate};

pub use self::matching::{Back, Matching, Past, Sale, is_complete, line_not_found, matched, sale_of, undone};

/// What a return does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// What came back of each purchase.
    pub returned: Vec<Returned>,
    /// What counters and caps give back.
    pub counted: Vec<CountedIn>,
    /// Its postings.
    pub postings: Vec<Posting>,
}

/// Takes back, by what happened at an instant, what the matched sales carried; where less of them is back than before,
/// they carry it again.
pub fn take_back<T: Trace>(
    at: Timestamp,
    matching: &Matching<'_>,
    programs: &Programs,
    state: &mut MemberState,
    trace: &mut T,
) -> Result<Effect, Problem> {
    let mut effect = Effect::default();
    for sale in &matching.sales {
        let version = sale.operation.version;
        let program = programs.version(version).ok_or_else(|| unknown_version(version))?;
        let mut counted = Vec::new();
        give_back(sale, program, state, &mut counted)?;
        let times = (sale.operation.occurred_at.at, state.settled_to);
        effect.counted.extend(succession::counted_by_copies(&counted, program, programs, times));
        effect.counted.append(&mut counted);
        let postings = &mut effect.postings;
        let mut taking = Taking { sale, program, by: programs.at(at), programs, at, postings };
        let mut takes = Vec::with_capacity(sale.operation.awards.len());
        for award in 0..sale.operation.awards.len() {
            let take = taking.award(award, &takes, state, trace)?;
            takes.extend(take);
        }
        trace.step(|| tell(sale, &takes));
        effect.returned.push(Returned {
            activity: sale.id().clone(),
            units: sale.after.units.clone(),
            takes,
            amount: sale.after.amount,
            kept: sale.after.kept.clone(),
        });
    }
    Ok(effect)
}

/// The refusal where a purchase's version is not among those of the tenant.
pub fn unknown_version(version: VersionId) -> Problem {
    let message = format!("the purchase was decided by version `{version}`, which is not published here");
    Problem::new(
        "unknown_version",
        "",
        message,
        "publish that version, or import with the programs of the ledger",
    )
}

fn tell(sale: &Sale<'_>, takes: &[Take]) -> Step {
    let words = |take: &Take| {
        let and = |points: Points, what| match points.is_zero() {
            true => String::new(),
            false => format!(", and {points} {what}"),
        };
        let (owed, gone) = (and(take.into_debt, "owed"), and(take.forgiven, "no longer there"));
        format!("{} {}{owed}{gone}", take.points, take.currency)
    };
    let takes: Vec<String> = takes.iter().map(words).collect();
    let text = format!("purchase `{}` gives back {}", sale.id(), takes.join(", "));
    Step::new(StepKind::Returned, sale.id(), text)
}

/// Of `points` on a line of which a part is back, `points` − floor(`points` · part) are kept.
pub fn kept_points(sale: &Sale<'_>, line: usize, points: Points, back: &Back) -> Result<Points, OutOfRange> {
    let part = Ratio::ONE.minus(sale.part_kept(line, back)?)?;
    let given_back = Ratio::whole(i128::from(points.minor())).times(part)?.round(Rounding::Floor);
    points.minus(Points::from_wide(given_back)?)
}

/// Lowers counters and caps of the purchase's windows by what came back. What was cancelled has done so already.
fn give_back(
    sale: &Sale<'_>,
    program: &Program,
    state: &MemberState,
    counted: &mut Vec<CountedIn>,
) -> Result<(), OutOfRange> {
    for earlier in &sale.operation.counted {
        let amount = match (&earlier.of, earlier.award) {
            (_, Some(award)) => {
                let still = |line: usize| vesting::fate(sale, award, line, state) != Fate::Cancelled;
                let [before, after] = [&sale.before, &sale.after]
                    .map(|back| vesting::held(sale, earlier, program, back, &still));
                before?.checked_sub(after?).ok_or(OutOfRange)?
            }
            (CountedBy::Counter(id), None) => match program.counter(id) {
                Some(counter) => counted_back(sale, counter, earlier.amount)?,
                None => 0,
            },
            (CountedBy::Cap(_) | CountedBy::Budget(_) | CountedBy::Grant(_), None) => 0,
        };
        if amount != 0 {
            let amount = amount.checked_neg().ok_or(OutOfRange)?;
            counted.push(CountedIn { of: earlier.of.clone(), slot: earlier.slot, amount, award: None });
        }
    }
    Ok(())
}

/// What a counter gives back of the amount that a sale added to it, whatever was awarded.
fn counted_back(sale: &Sale<'_>, counter: &Counter, added: i128) -> Result<i128, OutOfRange> {
    if counter.counts.sums_lines() {
        let before = kept_sum(sale, counter, &sale.before)?;
        return before.checked_sub(kept_sum(sale, counter, &sale.after)?).ok_or(OutOfRange);
    }
    // An occasion is none any more when all of it is back.
    Ok(match (sale.is_all(&sale.before)?, sale.is_all(&sale.after)?) {
        (false, true) => added,
        (true, false) => added.checked_neg().ok_or(OutOfRange)?,
        _ => 0,
    })
}

fn kept_sum(sale: &Sale<'_>, counter: &Counter, back: &Back) -> Result<i128, OutOfRange> {
    let kept = |line, value: Ratio| value.times(sale.units_kept(line, back)?);
    let sum = counting::sum_of_lines(counter, sale.purchase, kept)?;
    Ok(Ratio::whole(sum).times(sale.unrefunded(back)?)?.round(Rounding::HalfEven))
}

/// The purchase that an operation recorded.
pub fn purchase_of(operation: &Operation) -> Option<&crate::activity::Purchase> {
    match operation.activity() {
        Some(Activity::Purchase(purchase)) => Some(purchase),
        _ => None,
    }
}
