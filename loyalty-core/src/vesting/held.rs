//! What lines of a purchase hold of its awards, counters and caps, and what became of it.

use crate::accrual::share;
use crate::counter::counting;
use crate::ledger::operation::{Award, CountedBy, CountedIn, Vesting, VestingOutcome, Waits};
use crate::member::{Lapse, MemberState};
use crate::money::OutOfRange;
use crate::points::Points;
use crate::program::{Program, Programs};
use crate::returns::{Back, Sale, kept_points};
use crate::succession;
use crate::time::Timestamp;

/// What became of the points that a line carries of an award.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They wait.
    Pending,
    /// They went into the lot of this expiry.
    Available(Option<Lapse>),
    /// They were cancelled.
    Cancelled,
}

/// What became of the points of a line, as of a state.
pub fn fate(sale: &Sale<'_>, award: u32, line: usize, state: &MemberState) -> Fate {
    let Some(given) = sale.award(award) else { return Fate::Cancelled };
    if given.waits.is_none() && sale.operation.reviewed_for.is_empty() {
        return Fate::Available(given.lapses);
    }
    match (told(sale, award, line, false), given.waits.as_ref().map(Waits::then)) {
        (Some(vesting), _) if vesting.outcome == VestingOutcome::Vested => Fate::Available(vesting.lapses),
        (Some(_), _) => Fate::Cancelled,
        (None, _) if state.waiting(&sale.operation.key, award).is_some() => Fate::Pending,
        // It was forfeited while it waited: nothing is there any more, as in a lot.
        (None, _) if was_forfeited(sale, given, state) => Fate::Available(given.lapses),
        (None, _) if sale.is_under_review() => Fate::Pending,
        // What waits is let go of while it is nothing.
        (None, Some(_)) if given.waits.as_ref().is_some_and(|it| it.until > state.settled_to) => {
            Fate::Pending
        }
        (None, Some(VestingOutcome::Cancelled)) => Fate::Cancelled,
        (None, _) => Fate::Available(given.lapses),
    }
}

/// Whether an award waited when its member was closed.
fn was_forfeited(sale: &Sale<'_>, given: &Award, state: &MemberState) -> bool {
    let waited = |at| sale.is_under_review() || given.waits.as_ref().is_some_and(|it| it.until > at);
    state.closed_since().is_some_and(waited)
}

/// The first that was told of a line of an award: by an event under review, whose word waits for the approval, or
/// at once.
pub fn told<'a>(sale: &Sale<'a>, award: u32, line: usize, held: bool) -> Option<&'a Vesting> {
    let names = |named: &u32| usize::try_from(*named) == Ok(line);
    let names = |vesting: &&&Vesting| vesting.lines.is_empty() || vesting.lines.iter().any(names);
    let own = sale.vestings.iter().filter(|vesting| vesting.award == award && vesting.held == held);
    own.copied().find(|vesting| names(&vesting))
}

/// The points that each line holds of one of the awards, with `back` of them back.
pub fn by_line(
    sale: &Sale<'_>,
    award: u32,
    program: &Program,
    back: &Back,
) -> Result<Vec<Points>, OutOfRange> {
    let Some(given) = sale.award(award) else { return Ok(Vec::new()) };
    let rated = back.kept.as_ref().and_then(|kept| kept.awards.get(usize::try_from(award).ok()?));
    rated.map_or_else(|| proportional(sale, given, program, back), |lines| Ok(lines.clone()))
}

fn proportional(
    sale: &Sale<'_>,
    award: &Award,
    program: &Program,
    back: &Back,
) -> Result<Vec<Points>, OutOfRange> {
    let whole = share::by_line(award, sale.purchase, program)?;
    whole.into_iter().enumerate().map(|(line, points)| kept_points(sale, line, points, back)).collect()
}

fn sum_of(lines: Vec<Points>, wanted: &dyn Fn(usize) -> bool) -> Result<Points, OutOfRange> {
    let wanted = lines.into_iter().enumerate().filter(|(line, _)| wanted(*line));
    wanted.map(|(_, points)| points).try_fold(Points::ZERO, Points::plus)
}

/// What lines hold of what a counter or cap counted of an award, with `back` of them back.
///
/// The cap or budget of a rule or group counts its use, which lies on the lines like an award of the rules under it alone.
pub fn held(
    sale: &Sale<'_>,
    counted: &CountedIn,
    program: &Program,
    back: &Back,
    wanted: &dyn Fn(usize) -> bool,
) -> Result<i128, OutOfRange> {
    let Some(place) = counted.award else { return Ok(0) };
    let Some(award) = sale.award(place) else { return Ok(0) };
    let kept = || sum_of(by_line(sale, place, program, back)?, wanted);
    if let CountedBy::Counter(id) = &counted.of {
        let points = kept()?;
        let Some(counter) = program.counter(id) else { return Ok(0) };
        return counting::points(&counter.counts, program, &award.currency, points);
    }
    let of_all = program.limited_by(&counted.of).is_none_or(|limited| limited.rules.is_empty());
    let points = if of_all { kept()? } else { sum_of(use_by_line(sale, counted, program, back)?, wanted)? };
    Ok(i128::from(points.minor()))
}

/// What each line holds of the use of a cap or budget of some rules alone; nothing of all else that counts.
pub fn use_by_line(
    sale: &Sale<'_>,
    counted: &CountedIn,
    program: &Program,
    back: &Back,
) -> Result<Vec<Points>, OutOfRange> {
    let under = program.limited_by(&counted.of).map_or(&[][..], |limited| &limited.rules);
    let award = counted.award.and_then(|award| sale.award(award));
    let Some(award) = award.filter(|_| !under.is_empty()) else { return Ok(Vec::new()) };
    if let Some(kept) = &back.kept {
        let entry = sale.operation.counted.iter().position(|one| one == counted);
        return Ok(entry.and_then(|entry| kept.uses.get(entry)).cloned().unwrap_or_default());
    }
    let rules = award.rules.iter().filter(|id| under.contains(id)).cloned().collect();
    let alone = Award { points: Points::from_wide(counted.amount)?, rules, ..award.clone() };
    proportional(sale, &alone, program, back)
}

/// An award of a sale of which something waits.
pub struct Waiting<'s, 'a> {
    /// The sale.
    pub sale: &'s Sale<'a>,
    /// Which of its awards, from 0.
    pub award: u32,
    /// The version that decided it.
    pub program: &'s Program,
    /// The tenant's program versions.
    pub programs: &'s Programs,
    /// Up to when versions have taken over.
    pub settled_to: Timestamp,
}

impl Waiting<'_, '_> {
    /// The points that some lines hold, and what counters and caps count of them.
    pub fn kept(&self, wanted: &dyn Fn(usize) -> bool) -> Result<(Points, Vec<CountedIn>), OutOfRange> {
        let Self { sale, program, .. } = *self;
        let points = sum_of(by_line(sale, self.award, program, &sale.after)?, wanted)?;
        let counted = self.counted(|one| held(sale, one, program, &sale.after, wanted))?;
        Ok((points, counted))
    }

    /// What counters and caps counted of what came back of some lines, since `before` had.
    pub fn back(&self, before: &Back, wanted: &dyn Fn(usize) -> bool) -> Result<Vec<CountedIn>, OutOfRange> {
        let Self { sale, program, .. } = *self;
        self.counted(|one| {
            let [before, after] = [before, &sale.after].map(|back| held(sale, one, program, back, wanted));
            before?.checked_sub(after?).ok_or(OutOfRange)
        })
    }

    /// The same of all that ever came back.
    pub fn all_back(&self, wanted: &dyn Fn(usize) -> bool) -> Result<Vec<CountedIn>, OutOfRange> {
        self.back(&Back::nothing(self.sale.purchase.lines.len()), wanted)
    }

    /// Some amount of all that counted the award, those counters too that began with one of them.
    fn counted(
        &self,
        amount: impl Fn(&CountedIn) -> Result<i128, OutOfRange>,
    ) -> Result<Vec<CountedIn>, OutOfRange> {
        let mut counted = Vec::new();
        for one in self.sale.operation.counted.iter().filter(|one| one.award == Some(self.award)) {
            let amount = amount(one)?;
            if amount != 0 {
                counted.push(CountedIn { amount, ..one.clone() });
            }
        }
        let times = (self.sale.operation.occurred_at.at, self.settled_to);
        let copied = succession::counted_by_copies(&counted, self.program, self.programs, times);
        counted.extend(copied);
        Ok(counted)
    }
}
