//! Awards apart from what activities earn: for joining, which stays, and for levels reached and
//! challenges completed, given once in a window and taken back when a return lowers the counters below.

use super::give_back;
use crate::accrual::{self, CapUse, Occasion, Subject};
use crate::counter::Slots;
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::facts::Who;
use crate::ledger::operation::{Award, CountedBy, CountedIn, GoalAward, GoalTake, Operation, Take};
use crate::ledger::posting::{Account, Posting};
use crate::member::MemberState;
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::document::Terms;
use crate::tier::{GoalGrant, GoalPoints, Moment, keep_grant, newly_reached, no_longer_reached};
use crate::time::Timestamp;

impl Moment<'_> {
    /// Gives what rules award for joining, before the first activity is rated.
    pub(super) fn welcome<T: Trace>(
        &self,
        who: Who<'_>,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), Problem> {
        let Some(activity) = operation.activity().cloned() else { return Ok(()) };
        let found = state.clone();
        let occasion = Occasion::Enrolment;
        let (program, date) = (self.program, self.when.date);
        let subject =
            Subject { program, state: &found, activity: &activity, who, date, late: false, occasion };
        let mut told = Told { by: "joining".to_owned(), kind: StepKind::Welcome, trace };
        (operation.welcome, _) = self.give(&subject, state, &mut operation.postings, &mut told)?;
        Ok(())
    }

    /// Gives what rules award for the levels and challenges that an activity reaches; no counter of the program counts it.
    pub(super) fn award_goals<T: Trace>(
        &self,
        (before, who): (&MemberState, Who<'_>),
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), Problem> {
        let Some(activity) = operation.activity().cloned() else { return Ok(()) };
        let late = self.program.own_time(operation.occurred_at) < self.at;
        let present = self.program.zone().date_at(self.at);
        for (goal, reading) in newly_reached(self.program, before, state, &self.when, present) {
            // Conditions on history find the counters as they were before the activity, as its own rules do.
            let found = MemberState { counters: before.counters.clone(), ..state.clone() };
            let subject = Subject {
                program: self.program,
                state: &found,
                activity: &activity,
                who,
                date: self.when.date,
                late,
                occasion: Occasion::Reached { track: goal.track.map(|track| &track.id), id: goal.id },
            };
            let by = match goal.track {
                Some(_) => format!("reaching `{}`", goal.id),
                None => format!("completing `{}`", goal.id),
            };
            let mut told = Told { by, kind: StepKind::Tier, trace };
            let (awards, used) = self.give(&subject, state, &mut operation.postings, &mut told)?;
            let (track, id) = (goal.track.map(|track| track.id.clone()), goal.id.clone());
            let points = awards.iter().map(|award| GoalPoints {
                currency: award.currency.clone(),
                points: award.points,
                expires_at: award.expires_at,
                funded_by: award.funded_by.clone(),
            });
            let points: Vec<_> = points.collect();
            if !points.is_empty() {
                let (track, id) = (track.clone(), id.clone());
                keep_grant(state, GoalGrant { track, id, reading, points, used });
            }
            let of_goal = |award| GoalAward { track: track.clone(), id: id.clone(), award };
            operation.goal_awards.extend(awards.into_iter().map(of_goal));
        }
        Ok(())
    }

    /// Gives what rules award on an occasion, at once; with what caps have used up by it. No counter counts it.
    fn give<T: Trace>(
        &self,
        subject: &Subject<'_>,
        state: &mut MemberState,
        postings: &mut Vec<Posting>,
        told: &mut Told<'_, T>,
    ) -> Result<(Vec<Award>, Vec<CountedIn>), Problem> {
        let (mut awards, mut used) = (Vec::new(), Vec::new());
        for earned in accrual::rate(self.program, subject, told)? {
            for CapUse { cap, window, slot, amount } in earned.used {
                Slots::of(self.program, window).add(&mut state.caps, &cap, slot, amount)?;
                used.push(CountedIn { of: CountedBy::Cap(cap), slot, amount, award: None });
            }
            let Terms { expiry, funded_by, .. } = earned.terms;
            let award = Award {
                expires_at: expiry::expires_at(self.program, &earned.currency, expiry, &self.when),
                currency: earned.currency,
                points: earned.points,
                rules: earned.given.into_iter().map(|given| given.rule).collect(),
                waits: None,
                funded_by: funded_by.cloned(),
            };
            postings.extend(book(&award, subject.activity.occurred_at().at, state)?);
            awards.push(award);
        }
        Ok((awards, used))
    }

    /// Takes back what levels and challenges gave whose counters are below now, first from the lot that it went into.
    pub(super) fn take_goals_back<T: Trace>(
        &self,
        before: &MemberState,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        for grant in no_longer_reached(self.program, before, state) {
            for given in &grant.points {
                let balance = state.balance_mut(&given.currency);
                let taken = balance.take(given.points, (given.expires_at, given.funded_by.as_ref()))?;
                let points = taken.iter().try_fold(Points::ZERO, |sum, lot| sum.plus(lot.1))?;
                let forgiven = given.points.minus(points)?;
                balance.clawed_back = balance.clawed_back.plus(points)?;
                balance.forgiven = balance.forgiven.plus(forgiven)?;
                trace.step(|| {
                    let text = format!("`{}` is no longer reached: {points} {} go", grant.id, given.currency);
                    Step::new(StepKind::Returned, grant.track.as_ref().unwrap_or(&grant.id), text)
                        .with(points)
                });
                operation.postings.extend(taken.into_iter().map(|(partner, points)| Posting {
                    currency: given.currency.clone(),
                    from: Account::Available,
                    to: Account::Issued,
                    points,
                    effective_at: operation.occurred_at.at,
                    partner,
                }));
                let take = Take { currency: given.currency.clone(), points, forgiven };
                let (track, id) = (grant.track.clone(), grant.id.clone());
                operation.goal_takes.push(GoalTake { track, id, take });
            }
            let back = |one: &CountedIn| {
                let amount = one.amount.checked_neg().ok_or(OutOfRange)?;
                Ok(CountedIn { amount, ..one.clone() })
            };
            let back: Result<Vec<_>, OutOfRange> = grant.used.iter().map(back).collect();
            give_back(&back?, state)?;
        }
        Ok(())
    }
}

/// Puts an award into its lot; gives the posting of one that is more than nothing.
fn book(
    award: &Award,
    effective_at: Timestamp,
    state: &mut MemberState,
) -> Result<Option<Posting>, OutOfRange> {
    let Award { currency, points, expires_at, funded_by, .. } = award;
    let balance = state.balance_mut(currency);
    balance.add(*points, *expires_at, funded_by.as_ref())?;
    balance.earned = balance.earned.plus(*points)?;
    Ok(points.is_positive().then(|| Posting {
        currency: currency.clone(),
        from: Account::Issued,
        to: Account::Available,
        points: *points,
        effective_at,
        partner: funded_by.clone(),
    }))
}

/// Tells an award as what it is for, not as the activity's own.
struct Told<'a, T> {
    by: String,
    kind: StepKind,
    trace: &'a mut T,
}

impl<T: Trace> Trace for Told<'_, T> {
    const LISTENS: bool = T::LISTENS;

    fn step(&mut self, step: impl FnOnce() -> Step) {
        let (by, kind) = (&self.by, self.kind);
        self.trace.step(|| {
            let step = step();
            match step.kind {
                StepKind::Awarded => Step { kind, text: format!("{} by {by}", step.text), ..step },
                _ => step,
            }
        });
    }
}
