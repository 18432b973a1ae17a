//! Returns: which sales come back, and what that takes.
//!
//! Targets are cumulative: a return takes what the purchase's awards carry of the units back so far, less
//! what earlier returns of it have taken, so that the steps in which things come back do not matter.

mod matching;

use crate::accrual::share;
use crate::activity::{Activity, Return};
use crate::counter::counting;
use crate::explain::{NoTrace, Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::ledger::operation::{Award, CountedBy, CountedIn, Operation, Returned, Take};
use crate::ledger::posting::{Account, Posting};
use crate::member::MemberState;
use crate::money::{OutOfRange, Quantity, Ratio, Rounding};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::document::{Counted, Counter};
use crate::program::{Program, Programs, VersionId, WindowCap};
use crate::succession;

pub use self::matching::{Matching, Past, Sale, is_complete, matched};

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
        let mut takes = Vec::with_capacity(sale.operation.awards.len());
        for award in &sale.operation.awards {
            let owed = owed(sale, award, program, trace)?;
            let take = take(award, owed, state)?;
            if take.points.is_positive() {
                effect.postings.push(taken(&take, by));
            }
            takes.push(take);
        }
        let mut counted = Vec::new();
        give_back(sale, program, &takes, &mut counted)?;
        let times = (sale.operation.occurred_at.at, state.settled_to);
        effect.counted.extend(succession::counted_by_copies(&counted, program, programs, times));
        effect.counted.append(&mut counted);
        trace.step(|| tell(sale, &takes));
        effect.returned.push(Returned {
            activity: sale.id().clone(),
            units: sale.units_after.clone(),
            takes,
        });
    }
    Ok(effect)
}

fn unknown_version(version: VersionId) -> Problem {
    let message = format!("the purchase was decided by version `{version}`, which is not published here");
    Problem::new(
        "unknown_version",
        "",
        message,
        "publish that version, or import with the programs of the ledger",
    )
}

/// What an award carries of the units that came back now.
fn owed<T: Trace>(
    sale: &Sale<'_>,
    award: &Award,
    program: &Program,
    trace: &mut T,
) -> Result<Points, OutOfRange> {
    let mut owed = Points::ZERO;
    for (line, points) in share::by_line(award, sale.purchase, program)?.into_iter().enumerate() {
        let [before, after] =
            [&sale.units_before, &sale.units_after].map(|back| kept_points(sale, line, points, back));
        let part = before?.minus(after?)?;
        owed = owed.plus(part)?;
        if sale.units_before.get(line) != sale.units_after.get(line) {
            trace.step(|| {
                let back = sale.units_after.get(line).copied().unwrap_or_default();
                let units = sale.units(line);
                let number = line.saturating_add(1);
                let text = format!(
                    "line {number} carries {points} {}: with {back} of {units} back, {part} go",
                    award.currency
                );
                Step::new(StepKind::Returned, sale.id(), text).with(part)
            });
        }
    }
    Ok(owed)
}

/// Takes points back, first from the lot that the award went into; what is gone is forgiven.
fn take(award: &Award, owed: Points, state: &mut MemberState) -> Result<Take, OutOfRange> {
    let balance = state.balance_mut(&award.currency);
    let points = balance.take(owed, award.expires_at)?;
    let forgiven = owed.minus(points)?;
    balance.clawed_back = balance.clawed_back.plus(points)?;
    balance.forgiven = balance.forgiven.plus(forgiven)?;
    Ok(Take { currency: award.currency.clone(), points, forgiven })
}

fn taken(take: &Take, by: &Return) -> Posting {
    Posting {
        currency: take.currency.clone(),
        from: Account::Available,
        to: Account::Issued,
        points: take.points,
        effective_at: by.occurred_at.at,
    }
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
fn kept_points(
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

/// Lowers counters and caps of the purchase's windows by what came back.
fn give_back(
    sale: &Sale<'_>,
    program: &Program,
    takes: &[Take],
    counted: &mut Vec<CountedIn>,
) -> Result<(), OutOfRange> {
    let given_back = |currency: &AuthorId| {
        let take = takes.iter().find(|take| take.currency == *currency);
        take.map_or(0, owed_of)
    };
    for earlier in &sale.operation.counted {
        let amount = match &earlier.of {
            CountedBy::Counter(id) => match program.counter(id) {
                Some(counter) => counted_back(sale, program, counter, takes, earlier.amount)?,
                None => 0,
            },
            CountedBy::Cap(id) => match program.window_cap(id) {
                Some(cap) if cap.rules.is_empty() => given_back(&cap.currency),
                Some(cap) => i128::from(cap_back(sale, program, cap, earlier.amount)?.minor()),
                None => 0,
            },
        };
        if amount != 0 {
            let amount = amount.checked_neg().ok_or(OutOfRange)?;
            counted.push(CountedIn { of: earlier.of.clone(), slot: earlier.slot, amount });
        }
    }
    Ok(())
}

/// What the cap of a rule or group gets back: its use, split like an award of the rules under it alone.
fn cap_back(sale: &Sale<'_>, program: &Program, cap: &WindowCap, used: i128) -> Result<Points, OutOfRange> {
    let award = sale.operation.awards.iter().find(|award| award.currency == cap.currency);
    let rules = award.map_or(&[][..], |award| &award.rules).iter().filter(|id| cap.rules.contains(id));
    let alone = Award {
        currency: cap.currency.clone(),
        points: Points::from_wide(used)?,
        expires_at: None,
        rules: rules.cloned().collect(),
    };
    owed(sale, &alone, program, &mut NoTrace)
}

/// What a counter gives back of the amount that a sale added to it.
fn counted_back(
    sale: &Sale<'_>,
    program: &Program,
    counter: &Counter,
    takes: &[Take],
    added: i128,
) -> Result<i128, OutOfRange> {
    if counter.counts.sums_lines() {
        let before = kept_sum(sale, counter, &sale.units_before)?;
        return before.checked_sub(kept_sum(sale, counter, &sale.units_after)?).ok_or(OutOfRange);
    }
    if let Counted::Earned(_) | Counted::EarnedOfKind(_) = &counter.counts {
        let owed = takes.iter().map(|take| (&take.currency, owed_of(take)));
        return counting::points(&counter.counts, program, owed);
    }
    // An occasion is none any more when all of it is back.
    Ok(if sale.is_all_back() && !sale.was_all_back() { added } else { 0 })
}

/// What a sale owed, taken or forgiven.
fn owed_of(take: &Take) -> i128 {
    i128::from(take.points.minor()).saturating_add(i128::from(take.forgiven.minor()))
}

fn kept_sum(sale: &Sale<'_>, counter: &Counter, back: &[Quantity]) -> Result<i128, OutOfRange> {
    counting::sum_of_lines(counter, sale.purchase, |line, value| {
        value.times(Ratio::ONE.minus(share_back(sale, line, back)?)?)
    })
}

/// The purchase that an operation recorded.
pub fn purchase_of(operation: &Operation) -> Option<&crate::activity::Purchase> {
    match operation.activity() {
        Some(Activity::Purchase(purchase)) => Some(purchase),
        _ => None,
    }
}
