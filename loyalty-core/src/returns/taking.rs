//! Taking points back: from what still waits, else first from the lot that they went into.

use super::{Sale, kept_points};
use crate::accrual::share;
use crate::explain::{Step, StepKind, Trace};
use crate::ledger::operation::{Award, CountedBy, CountedIn, Take};
use crate::ledger::posting::{Account, Posting};
use crate::member::MemberState;
use crate::money::OutOfRange;
use crate::points::Points;
use crate::program::{Program, Programs};
use crate::time::Timestamp;
use crate::vesting::{self, Fate, Waiting};

/// What is taken back of one purchase.
pub struct Taking<'t, 'a> {
    /// What came back of it.
    pub sale: &'t Sale<'a>,
    /// The version that decided it.
    pub program: &'t Program,
    /// The version that decides the return.
    pub by: &'t Program,
    /// The tenant's program versions.
    pub programs: &'t Programs,
    /// When the return happened.
    pub at: Timestamp,
    /// Where its postings go.
    pub postings: &'t mut Vec<Posting>,
}

/// What one return owes of an award.
#[derive(Default)]
struct Owed {
    /// Of what still waits; absent where nothing does.
    pending: Option<Points>,
    /// Of each lot that points went into.
    lots: Vec<(Option<Timestamp>, Points)>,
}

impl Taking<'_, '_> {
    /// Takes back what an award carried of the units that came back now; what is gone is forgiven.
    pub fn award<T: Trace>(
        &mut self,
        index: usize,
        state: &mut MemberState,
        trace: &mut T,
    ) -> Result<Option<Take>, OutOfRange> {
        let Some(award) = self.sale.operation.awards.get(index) else { return Ok(None) };
        let place = u32::try_from(index).map_err(|_| OutOfRange)?;
        let owed = self.owed(award, place, state, trace)?;
        let points = owed.pending.unwrap_or(Points::ZERO);
        let mut take = Take { currency: award.currency.clone(), points, forgiven: Points::ZERO };
        // Also where no point goes: what the award used up of caps has gone back, and must not go back again.
        if owed.pending.is_some() {
            self.take_pending(award, place, points, state)?;
        }
        for (expires_at, points) in owed.lots {
            self.take_lots(award, (expires_at, points), state, &mut take)?;
        }
        let balance = state.balance_mut(&award.currency);
        balance.clawed_back = balance.clawed_back.plus(take.points)?;
        balance.forgiven = balance.forgiven.plus(take.forgiven)?;
        Ok(Some(take))
    }

    fn take_pending(
        &mut self,
        award: &Award,
        place: u32,
        points: Points,
        state: &mut MemberState,
    ) -> Result<(), OutOfRange> {
        let Self { sale, program, programs, .. } = *self;
        let still = |line: usize| vesting::fate(sale, place, line, state) == Fate::Pending;
        let waiting = Waiting { sale, award: place, program, programs, settled_to: state.settled_to };
        let rest = waiting.kept(&still)?;
        let mut returned = state.returned_of(&sale.operation.key, place).to_vec();
        for one in waiting.back(&sale.units_before, &still)? {
            if matches!(&one.of, CountedBy::Counter(id) if self.by.counts_returned(id)) {
                returned.push(one);
            }
        }
        state.leave_waiting(&sale.operation.key, place, rest, merged(returned)?);
        if points.is_positive() {
            self.postings.push(self.posting(award, Account::Pending, points, award.funded_by.clone()));
        }
        Ok(())
    }

    fn take_lots(
        &mut self,
        award: &Award,
        (expires_at, owed): (Option<Timestamp>, Points),
        state: &mut MemberState,
        take: &mut Take,
    ) -> Result<(), OutOfRange> {
        let mut missing = owed;
        let lots = state.balance_mut(&award.currency).take(owed, (expires_at, award.funded_by.as_ref()))?;
        for (partner, points) in lots {
            missing = missing.minus(points)?;
            take.points = take.points.plus(points)?;
            self.postings.push(self.posting(award, Account::Available, points, partner));
        }
        take.forgiven = take.forgiven.plus(missing)?;
        Ok(())
    }

    fn posting(
        &self,
        award: &Award,
        from: Account,
        points: Points,
        partner: Option<crate::id::AuthorId>,
    ) -> Posting {
        let (currency, effective_at) = (award.currency.clone(), self.at);
        Posting { currency, from, to: Account::Issued, points, effective_at, partner }
    }

    /// What an award carries of the units that came back now, by where it lies.
    fn owed<T: Trace>(
        &self,
        award: &Award,
        place: u32,
        state: &MemberState,
        trace: &mut T,
    ) -> Result<Owed, OutOfRange> {
        let sale = self.sale;
        let mut owed = Owed::default();
        for (line, points) in share::by_line(award, sale.purchase, self.program)?.into_iter().enumerate() {
            let [before, after] =
                [&sale.units_before, &sale.units_after].map(|back| kept_points(sale, line, points, back));
            let part = before?.minus(after?)?;
            match vesting::fate(sale, place, line, state) {
                Fate::Cancelled => {}
                Fate::Pending => owed.pending = Some(owed.pending.unwrap_or(Points::ZERO).plus(part)?),
                Fate::Available(expires_at) => match owed.lots.iter_mut().find(|lot| lot.0 == expires_at) {
                    Some(lot) => lot.1 = lot.1.plus(part)?,
                    None => owed.lots.push((expires_at, part)),
                },
            }
            if sale.units_before.get(line) != sale.units_after.get(line) {
                trace.step(|| tell(sale, line, award, [points, part]));
            }
        }
        Ok(owed)
    }
}

/// One entry of each slot.
fn merged(counted: Vec<CountedIn>) -> Result<Vec<CountedIn>, OutOfRange> {
    let mut merged: Vec<CountedIn> = Vec::new();
    for one in counted {
        match merged.iter_mut().find(|known| known.of == one.of && known.slot == one.slot) {
            Some(known) => known.amount = known.amount.checked_add(one.amount).ok_or(OutOfRange)?,
            None => merged.push(one),
        }
    }
    Ok(merged)
}

fn tell(sale: &Sale<'_>, line: usize, award: &Award, [points, part]: [Points; 2]) -> Step {
    let back = sale.units_after.get(line).copied().unwrap_or_default();
    let units = sale.units(line);
    let number = line.saturating_add(1);
    let text =
        format!("line {number} carries {points} {}: with {back} of {units} back, {part} go", award.currency);
    Step::new(StepKind::Returned, sale.id(), text).with(part)
}
