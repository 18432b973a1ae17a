//! Returns: which sales come back, and what that takes.
//!
//! Targets are cumulative: a return takes what the purchase's awards carry of the units back so far, less
//! what earlier returns of it have taken, so that the steps in which things come back do not matter.

mod matching;
mod taking;

use self::taking::Taking;
use crate::activity::{Activity, Return};
use crate::explain::{Step, StepKind, Trace};
use crate::ledger::operation::{CountedBy, CountedIn, Operation, Returned, Take};
use crate::ledger::posting::Posting;
use crate::member::MemberState;
use crate::money::{Money, OutOfRange, Quantity, Ratio, Rounding};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::document::{Basis, Counted};
use crate::program::{Program, Programs, VersionId};
use crate::vesting::{self, Fate};

pub use self::matching::{Matching, Past, Sale, is_complete, line_not_found, matched, sale_of};

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

/// Takes back what the matched sales carried.
pub fn take_back<T: Trace>(
    by: &Return,
    matching: &Matching<'_>,
    programs: &Programs,
    state: &mut MemberState,
    trace: &mut T,
) -> Result<Effect, Problem> {
    let mut effect = Effect::default();
    for sale in &matching.sales {
        let version = sale.operation.version;
        let program = programs.version(version).ok_or_else(|| unknown_version(version))?;
        give_back(sale, program, state, &mut effect.counted)?;
        let mut taking = Taking { sale, program, at: by.occurred_at.at, postings: &mut effect.postings };
        let mut takes = Vec::with_capacity(sale.operation.awards.len());
        for award in 0..sale.operation.awards.len() {
            takes.extend(taking.award(award, state, trace)?);
        }
        trace.step(|| tell(sale, &takes));
        effect.returned.push(Returned {
            activity: sale.id().clone(),
            units: sale.units_after.clone(),
            takes,
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
    let words = |take: &Take| match take.forgiven.is_zero() {
        true => format!("{} {}", take.points, take.currency),
        false => format!("{} {}, and {} no longer there", take.points, take.currency, take.forgiven),
    };
    let takes: Vec<_> = takes.iter().map(words).collect();
    let text = format!("purchase `{}` gives back {}", sale.id(), takes.join(", "));
    Step::new(StepKind::Returned, sale.id(), text)
}

/// Of `points` on a line of Q units, r of them back keep `points` − floor(points · r / Q).
pub fn kept_points(
    sale: &Sale<'_>,
    line: usize,
    points: Points,
    back: &[Quantity],
) -> Result<Points, OutOfRange> {
    let share = share_back(sale, line, back)?;
    let given_back = Ratio::whole(i128::from(points.minor())).times(share)?.round(Rounding::Floor);
    points.minus(Points::from_wide(given_back)?)
}

/// The part of a line that has come back, from 0 to 1.
fn share_back(sale: &Sale<'_>, line: usize, back: &[Quantity]) -> Result<Ratio, OutOfRange> {
    let units = sale.units(line);
    let back = back.get(line).copied().unwrap_or(Quantity::ZERO);
    Ratio::new(back.units(), units.units().max(1))
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
                let [before, after] = [&sale.units_before, &sale.units_after]
                    .map(|back| vesting::held(sale, earlier, program, back, &still));
                before?.checked_sub(after?).ok_or(OutOfRange)?
            }
            (CountedBy::Counter(id), None) => match program.counter(id).map(|counter| &counter.counts) {
                Some(Counted::Spend(basis)) => spend_back(sale, basis)?,
                Some(Counted::Purchases) => i128::from(sale.is_all_back() && !sale.was_all_back()),
                Some(Counted::Earned(_)) | None => 0,
            },
            (CountedBy::Cap(_), None) => 0,
        };
        if amount != 0 {
            let amount = amount.checked_neg().ok_or(OutOfRange)?;
            counted.push(CountedIn { of: earlier.of.clone(), slot: earlier.slot, amount, award: None });
        }
    }
    Ok(())
}

fn spend_back(sale: &Sale<'_>, basis: &Basis) -> Result<i128, OutOfRange> {
    let before = kept_spend(sale, basis, &sale.units_before)?;
    let after = kept_spend(sale, basis, &sale.units_after)?;
    before.checked_sub(after).ok_or(OutOfRange)
}

fn kept_spend(sale: &Sale<'_>, basis: &Basis, back: &[Quantity]) -> Result<i128, OutOfRange> {
    let mut sum = Ratio::ZERO;
    for (index, line) in sale.purchase.lines.iter().enumerate().filter(|(_, line)| line.kind.is_item()) {
        if let Some(value) = crate::accrual::basis::line_value(line, basis)? {
            let kept = Ratio::ONE.minus(share_back(sale, index, back)?)?;
            sum = sum.plus(value.times(kept)?)?;
        }
    }
    spend_units(sum)
}

/// Spend as counters keep it: money of 4 decimals, rounded once a purchase.
pub fn spend_units(spend: Ratio) -> Result<i128, OutOfRange> {
    Ok(spend.times(Ratio::whole(Money::ONE.units()))?.round(Rounding::HalfEven))
}

/// The purchase that an operation recorded.
pub fn purchase_of(operation: &Operation) -> Option<&crate::activity::Purchase> {
    match operation.sealed.activity.as_ref() {
        Activity::Purchase(purchase) => Some(purchase),
        _ => None,
    }
}
