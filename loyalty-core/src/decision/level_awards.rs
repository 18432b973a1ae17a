//! Awards for levels reached: given once in a window, taken back when a return lowers the counters below.

use super::give_back;
use crate::accrual::{self, CapUse, Occasion, Subject};
use crate::counter::Slots;
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::facts::Who;
use crate::id::AuthorId;
use crate::ledger::operation::{Award, CountedBy, CountedIn, LevelAward, LevelTake, Operation, Take};
use crate::ledger::posting::{Account, Posting};
use crate::member::MemberState;
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::tier::{LevelGrant, LevelPoints, Moment, keep_grant, newly_reached, no_longer_reached};
use crate::time::Timestamp;

impl Moment<'_> {
    /// Gives what rules award for the levels that an activity reaches; no counter of the program counts it.
    pub(super) fn award_levels<T: Trace>(
        &self,
        (before, who): (&MemberState, Who<'_>),
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), Problem> {
        let Some(activity) = operation.activity().cloned() else { return Ok(()) };
        let effective_at = operation.occurred_at.at;
        let late = self.program.own_time(operation.occurred_at) < self.at;
        let present = self.program.zone().date_at(self.at);
        for (track, level, reading) in newly_reached(self.program, before, state, &self.when, present) {
            let mut grant = LevelGrant {
                track: track.id.clone(),
                level: level.id.clone(),
                reading,
                points: Vec::new(),
                used: Vec::new(),
            };
            // Conditions on history find the counters as they were before the activity, as its own rules do.
            let found = MemberState { counters: before.counters.clone(), ..state.clone() };
            let subject = Subject {
                program: self.program,
                state: &found,
                activity: &activity,
                who,
                date: self.when.date,
                late,
                occasion: Occasion::TierReached { track: &track.id, level: &level.id },
            };
            let mut told = Told { level: &level.id, trace };
            for earned in accrual::rate(self.program, &subject, &mut told)? {
                let expires_at = expiry::expires_at(self.program, &earned.currency, None, &self.when);
                for CapUse { cap, window, slot, amount } in earned.used {
                    Slots::of(self.program, window).add(&mut state.caps, &cap, slot, amount)?;
                    grant.used.push(CountedIn { of: CountedBy::Cap(cap), slot, amount, award: None });
                }
                let (currency, points) = (earned.currency, earned.points);
                let rules = earned.given.into_iter().map(|given| given.rule).collect();
                let (waits, funded_by) = (None, None);
                let award = Award { currency: currency.clone(), points, expires_at, rules, waits, funded_by };
                let (track, level) = (track.id.clone(), level.id.clone());
                operation.level_awards.push(LevelAward { track, level, award });
                grant.points.push(LevelPoints { currency, points, expires_at });
            }
            book(&grant, effective_at, state, operation)?;
            if !grant.points.is_empty() {
                keep_grant(state, grant);
            }
        }
        Ok(())
    }

    /// Takes back what levels gave whose counters are below now, first from the lot that it went into.
    pub(super) fn take_levels_back<T: Trace>(
        &self,
        before: &MemberState,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        for grant in no_longer_reached(self.program, before, state) {
            for given in &grant.points {
                let balance = state.balance_mut(&given.currency);
                let taken = balance.take(given.points, (given.expires_at, None))?;
                let points = taken.iter().try_fold(Points::ZERO, |sum, lot| sum.plus(lot.1))?;
                let forgiven = given.points.minus(points)?;
                balance.clawed_back = balance.clawed_back.plus(points)?;
                balance.forgiven = balance.forgiven.plus(forgiven)?;
                trace.step(|| {
                    let text =
                        format!("`{}` is no longer reached: {points} {} go", grant.level, given.currency);
                    Step::new(StepKind::Returned, &grant.track, text).with(points)
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
                let (track, level) = (grant.track.clone(), grant.level.clone());
                operation.level_takes.push(LevelTake { track, level, take });
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

/// Books what was given for a level.
fn book(
    grant: &LevelGrant,
    effective_at: Timestamp,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<(), OutOfRange> {
    for given in &grant.points {
        let balance = state.balance_mut(&given.currency);
        balance.add(given.points, given.expires_at, None)?;
        balance.earned = balance.earned.plus(given.points)?;
        if given.points.is_positive() {
            operation.postings.push(Posting {
                currency: given.currency.clone(),
                from: Account::Issued,
                to: Account::Available,
                points: given.points,
                effective_at,
                partner: None,
            });
        }
    }
    Ok(())
}

/// Tells the award of a level as one, not as the activity's own.
struct Told<'a, T> {
    level: &'a AuthorId,
    trace: &'a mut T,
}

impl<T: Trace> Trace for Told<'_, T> {
    const LISTENS: bool = T::LISTENS;

    fn step(&mut self, step: impl FnOnce() -> Step) {
        let level = self.level;
        self.trace.step(|| {
            let step = step();
            match step.kind {
                StepKind::Awarded => Step {
                    kind: StepKind::Tier,
                    text: format!("{} by reaching `{level}`", step.text),
                    ..step
                },
                _ => step,
            }
        });
    }
}
