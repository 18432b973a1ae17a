//! Taking points back: from what still waits, else first from the lot that they went into.

use super::Sale;
use super::debt::{self, Reach, Taken};
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::ledger::operation::{Award, CountedBy, CountedIn, LotTake, Take, VestingOutcome};
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lapse, Lot, MemberState, Pending, by_partner};
use crate::money::OutOfRange;
use crate::points::Points;
use crate::problem::Problem;
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

/// What one return owes of an award; below 0 what is owed to the member again.
#[derive(Default)]
struct Owed {
    /// Of what still waits; absent where nothing does.
    pending: Option<Points>,
    /// Of each lot that points went into.
    lots: Vec<(Option<Lapse>, Points)>,
}

impl Taking<'_, '_> {
    /// Takes back what an award carried of what came back now; what is gone is forgiven.
    ///
    /// `earlier` has what was taken so far by the same return.
    pub fn award<T: Trace>(
        &mut self,
        index: usize,
        earlier: &[Take],
        state: &mut MemberState,
        trace: &mut T,
    ) -> Result<Option<Take>, Problem> {
        let Some(award) = self.sale.operation.awards.get(index) else { return Ok(None) };
        let place = u32::try_from(index).map_err(|_| OutOfRange)?;
        let owed = self.owed(award, place, state, trace)?;
        let points = owed.pending.unwrap_or(Points::ZERO);
        let (currency, lots) = (award.currency.clone(), Vec::new());
        let (forgiven, into_debt) = (Points::ZERO, Points::ZERO);
        let mut take = Take { currency, points, forgiven, lots, into_debt };
        // Also where no point goes: what the award used up of caps has gone back, and must not go back again.
        if owed.pending.is_some() {
            self.take_pending(award, place, points, state)?;
        }
        for (lapses, points) in owed.lots {
            if points.is_negative() {
                let again = Again { earlier, index, of: lapses, points: points.negated() };
                self.give_again(award, &again, state, &mut take)?;
            } else {
                self.take_lots(award, (lapses, points), state, &mut take)?;
            }
        }
        let balance = state.balance_mut(&award.currency);
        balance.clawed_back = balance.clawed_back.plus(take.points)?.plus(take.into_debt)?;
        balance.forgiven = balance.forgiven.plus(take.forgiven)?;
        Ok(Some(take))
    }

    fn take_pending(
        &mut self,
        award: &Award,
        place: u32,
        points: Points,
        state: &mut MemberState,
    ) -> Result<(), Problem> {
        let Self { sale, program, programs, .. } = *self;
        let still = |line: usize| vesting::fate(sale, place, line, state) == Fate::Pending;
        let waiting = Waiting { sale, award: place, program, programs, settled_to: state.settled_to };
        let rest = waiting.kept(&still)?;
        let mut returned = state.returned_of(&sale.operation.key, place).to_vec();
        for one in waiting.back(&sale.before, &still)? {
            if matches!(&one.of, CountedBy::Counter(id) if self.by.counts_returned(id)) {
                returned.push(one);
            }
        }
        let returned = merged(returned)?;
        if state.waiting(&sale.operation.key, place).is_some() {
            state.leave_waiting(&sale.operation.key, place, rest, returned);
        } else {
            self.wait_again(award, place, (rest, returned), state)?;
        }
        if !points.is_zero() {
            self.postings.push(self.posting(award, Account::Pending, points, award.funded_by.clone()));
        }
        Ok(())
    }

    /// Lets points wait again of which nothing was left.
    fn wait_again(
        &self,
        award: &Award,
        place: u32,
        ((points, counted), returned): ((Points, Vec<CountedIn>), Vec<CountedIn>),
        state: &mut MemberState,
    ) -> Result<(), Problem> {
        let review = self.sale.is_under_review();
        let (due, then) = match &award.waits {
            Some(waits) => (waits.until, waits.then()),
            None if review => (self.sale.operation.occurred_at.at, VestingOutcome::Vested),
            None => return Ok(()),
        };
        state.wait(Pending {
            due,
            then,
            of: self.sale.operation.key.clone(),
            award: place,
            currency: award.currency.clone(),
            points,
            counted,
            lapses: award.lapses,
            funded_by: award.funded_by.clone(),
            returned,
            review,
        })
    }

    fn take_lots(
        &mut self,
        award: &Award,
        (of, owed): (Option<Lapse>, Points),
        state: &mut MemberState,
        take: &mut Take,
    ) -> Result<(), OutOfRange> {
        let reach = Reach::of(self.by, state, &award.currency);
        let Taken { lots, owed, forgiven } =
            reach.take(owed, Some((of, award.funded_by.as_ref())), &award.currency, state)?;
        for (partner, points) in by_partner(&lots)? {
            take.points = take.points.plus(points)?;
            self.postings.push(self.posting(award, Account::Available, points, partner));
        }
        self.owe(award, owed, take)?;
        take.forgiven = take.forgiven.plus(forgiven)?;
        take.lots.extend(lots.into_iter().map(|lot| LotTake { of, lot }));
        Ok(())
    }

    /// More is owed, or less where it is below 0.
    fn owe(&mut self, award: &Award, points: Points, take: &mut Take) -> Result<(), OutOfRange> {
        take.into_debt = take.into_debt.plus(points)?;
        if !points.is_zero() {
            self.postings.push(self.posting(award, Account::Debt, points, award.funded_by.clone()));
        }
        Ok(())
    }

    /// Gives again what was taken before, since what is kept now would have earned more: first what was missing is
    /// missed no more; then less is owed; then lots get back what was taken, the last first and those that gave for the
    /// same award before others. What was taken while it waited goes where it would be by now.
    fn give_again(
        &mut self,
        award: &Award,
        again: &Again<'_>,
        state: &mut MemberState,
        take: &mut Take,
    ) -> Result<(), OutOfRange> {
        let taken = Earlier::of(self.sale, again, take)?;
        let remembered = taken.forgiven.min(again.points);
        take.forgiven = take.forgiven.minus(remembered)?;
        let mut left = again.points.minus(remembered)?;
        let less = debt::owe_less(left, &award.currency, state)?;
        left = left.minus(less)?;
        self.owe(award, less.negated(), take)?;
        let balance = state.balance_mut(&award.currency);
        let lot = balance.lot(left, again.of, award.funded_by.as_ref());
        for LotTake { of, lot } in taken.lots.into_iter().chain([LotTake { of: again.of, lot }]) {
            let points = lot.points.min(left);
            if points.is_positive() {
                left = left.minus(points)?;
                balance.put(Lot { points, ..lot.clone() })?;
                let points = points.negated();
                take.points = take.points.plus(points)?;
                self.postings.push(self.posting(award, Account::Available, points, lot.funded_by.clone()));
                take.lots.push(LotTake { of, lot: Lot { points, ..lot } });
            }
        }
        Ok(())
    }

    /// Points that leave the member, or come again where they are below 0.
    fn posting(&self, award: &Award, bucket: Account, points: Points, partner: Option<AuthorId>) -> Posting {
        let (currency, effective_at) = (award.currency.clone(), self.at);
        let (from, to, points) = match points.is_negative() {
            true => (Account::Issued, bucket, points.negated()),
            false => (bucket, Account::Issued, points),
        };
        Posting { currency, from, to, points, effective_at, partner }
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
        let [before, after] =
            [&sale.before, &sale.after].map(|back| vesting::by_line(sale, place, self.program, back));
        for (line, (before, after)) in before?.into_iter().zip(after?).enumerate() {
            let part = before.minus(after)?;
            match vesting::fate(sale, place, line, state) {
                Fate::Cancelled => {}
                Fate::Pending => owed.pending = Some(owed.pending.unwrap_or(Points::ZERO).plus(part)?),
                Fate::Available(lapses) => match owed.lots.iter_mut().find(|lot| lot.0 == lapses) {
                    Some(lot) => lot.1 = lot.1.plus(part)?,
                    None => owed.lots.push((lapses, part)),
                },
            }
            if sale.before.units.get(line) != sale.after.units.get(line) || !part.is_zero() {
                trace.step(|| tell(sale, line, award, [before, part]));
            }
        }
        Ok(owed)
    }
}

/// One entry of each slot with anything in it.
fn merged(counted: Vec<CountedIn>) -> Result<Vec<CountedIn>, OutOfRange> {
    let mut merged: Vec<CountedIn> = Vec::new();
    for one in counted {
        match merged.iter_mut().find(|known| known.of == one.of && known.slot == one.slot) {
            Some(known) => known.amount = known.amount.checked_add(one.amount).ok_or(OutOfRange)?,
            None => merged.push(one),
        }
    }
    merged.retain(|one| one.amount != 0);
    Ok(merged)
}

fn tell(sale: &Sale<'_>, line: usize, award: &Award, [held, part]: [Points; 2]) -> Step {
    let back = sale.after.units.get(line).copied().unwrap_or_default();
    let units = sale.units(line);
    let number = line.saturating_add(1);
    let text =
        format!("line {number} carries {held} {}: with {back} of {units} back, {part} go", award.currency);
    Step::new(StepKind::Returned, sale.id(), text).with(part)
}

/// Points of an award to be given again.
struct Again<'t> {
    /// What the same return has taken so far, by award.
    earlier: &'t [Take],
    /// The award, from 0.
    index: usize,
    /// When the points lapse that it gave there.
    of: Option<Lapse>,
    /// How many.
    points: Points,
}

/// What returns took of a purchase in a currency and did not give again.
struct Earlier {
    forgiven: Points,
    /// In the order of giving again.
    lots: Vec<LotTake>,
}

impl Earlier {
    fn of(sale: &Sale<'_>, again: &Again<'_>, take: &Take) -> Result<Self, OutOfRange> {
        let mut forgiven = Points::ZERO;
        let mut lots: Vec<(usize, LotTake)> = Vec::new();
        let now = again.earlier.iter().chain([take]).enumerate();
        let before = sale.takes.iter().flat_map(|takes| takes.iter().enumerate());
        for (award, one) in before.chain(now).filter(|(_, one)| one.currency == take.currency) {
            forgiven = forgiven.plus(one.forgiven)?;
            for lot in &one.lots {
                if lot.lot.points.is_positive() {
                    lots.push((award, lot.clone()));
                } else {
                    forget(&mut lots, lot)?;
                }
            }
        }
        lots.reverse();
        let own = |(award, lot): &(usize, LotTake)| *award != again.index || lot.of != again.of;
        lots.sort_by_key(own);
        Ok(Self { forgiven, lots: lots.into_iter().map(|(_, lot)| lot).collect() })
    }
}

/// Lets the newest that was taken from a lot be given again.
fn forget(lots: &mut [(usize, LotTake)], again: &LotTake) -> Result<(), OutOfRange> {
    let mut left = again.lot.points.negated();
    let is_same = |it: &LotTake| it.of == again.of && it.lot.is_like(&again.lot);
    for (_, LotTake { lot, .. }) in lots.iter_mut().rev().filter(|(_, it)| is_same(it)) {
        let part = lot.points.min(left);
        lot.points = lot.points.minus(part)?;
        left = left.minus(part)?;
    }
    Ok(())
}
