//! Awards apart from what activities earn: for joining, which stays, and for levels reached and
//! challenges completed, given once in a window and taken back when a return lowers the counters below.

use super::budgets::left_of;
use super::{Context, give_back, grants, use_up};
use crate::accrual::{self, CapUse, Occasion, Rated, Subject};
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::grants::GrantedFor;
use crate::ledger::operation::{Award, CountedBy, CountedIn, GoalAward, GoalTake, Operation, Take};
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lot, MemberState};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::Terms;
use crate::redemption::release::postings;
use crate::returns::debt::{self, Reach, Taken};
use crate::shared::Want;
use crate::tier::{
    GoalGift, GoalGrant, GoalPoints, GoalTaken, Moment, Turn, keep_grant, newly_reached, turn,
};
use crate::time::Timestamp;

impl Moment<'_> {
    /// Gives what rules award for joining, before the first activity is rated.
    pub(super) fn welcome<T: Trace>(
        &self,
        context: &Context<'_>,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<Vec<Want>, Problem> {
        let Some(activity) = operation.activity().cloned() else { return Ok(Vec::new()) };
        let found = state.clone();
        let (program, date, occasion, late) = (self.program, self.when.date, Occasion::Enrolment, false);
        let (state_before, activity, who, readings) = (&found, &activity, context.who, context.readings);
        let subject = Subject { program, state: state_before, activity, who, date, late, occasion, readings };
        let mut told = Told { by: "joining".to_owned(), kind: StepKind::Welcome, trace };
        let given = self.give(&subject, state, operation, &mut told)?;
        operation.welcome = given.awards;
        let gifts = grants::matching(program, &subject, trace)?;
        self.give_grants((&gifts, &GrantedFor::Joining, context), state, operation, trace)?;
        Ok(given.wants)
    }

    /// Gives what rules award for the levels and challenges that an activity reaches; no counter of the program counts it.
    pub(super) fn award_goals<T: Trace>(
        &self,
        (before, context): (&MemberState, &Context<'_>),
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<Vec<Want>, Problem> {
        let mut all_wants = Vec::new();
        let Some(activity) = operation.activity().cloned() else { return Ok(all_wants) };
        let late = self.program.own_time(operation.occurred_at) < self.at;
        let present = self.program.zone().date_at(self.at);
        for (goal, reading) in newly_reached(self.program, before, state, &self.when, present) {
            // Conditions find counters and levels as they were before the activity, as its own rules do.
            let (counters, tiers) = (before.counters.clone(), before.tiers.clone());
            let found = MemberState { counters, tiers, ..state.clone() };
            let readings = left_of(context.readings, operation);
            let subject = Subject {
                program: self.program,
                state: &found,
                activity: &activity,
                who: context.who,
                date: self.when.date,
                late,
                occasion: Occasion::Reached { track: goal.track.map(|track| &track.id), id: goal.id },
                readings: &readings,
            };
            let by = match goal.track {
                Some(_) => format!("reaching `{}`", goal.id),
                None => format!("completing `{}`", goal.id),
            };
            let mut told = Told { by, kind: StepKind::Tier, trace };
            let Given { awards, mut used, wants } = self.give(&subject, state, operation, &mut told)?;
            all_wants.extend(wants);
            let (track, id) = (goal.track.map(|track| track.id.clone()), goal.id.clone());
            let points = awards.iter().map(|award| GoalPoints {
                currency: award.currency.clone(),
                points: award.points,
                lapses: award.lapses,
                funded_by: award.funded_by.clone(),
                taken: None,
            });
            let points: Vec<_> = points.collect();
            let matching = grants::matching(self.program, &subject, trace)?;
            let by = GrantedFor::Goal(track.clone(), id.clone());
            let given = self.give_grants((&matching, &by, context), state, operation, trace)?;
            used.extend(given.used);
            let gifts = given.gifts.into_iter().map(|(grant, gift)| GoalGift { grant, gift, lost: None });
            let gifts: Vec<_> = gifts.collect();
            if !points.is_empty() || !gifts.is_empty() {
                let (track, id) = (track.clone(), id.clone());
                let given = GoalGrant { track, id, reading, points, used, gifts };
                keep_grant(self.program, &goal, given, state);
            }
            let of_goal = |award| GoalAward { track: track.clone(), id: id.clone(), award };
            operation.goal_awards.extend(awards.into_iter().map(of_goal));
        }
        Ok(all_wants)
    }

    /// Gives what rules award on an occasion, at once. No counter counts it.
    fn give<T: Trace>(
        &self,
        subject: &Subject<'_>,
        state: &mut MemberState,
        operation: &mut Operation,
        told: &mut Told<'_, T>,
    ) -> Result<Given, Problem> {
        let (mut awards, mut used) = (Vec::new(), Vec::new());
        let Rated { earned, wants } = accrual::rate(self.program, subject, told)?;
        for earned in earned {
            for CapUse { of, window, slot, amount } in earned.used {
                use_up(&of, (self.program, window), (slot, amount), state)?;
                let counted = CountedIn { of, slot, amount, award: None };
                operation.counted.extend(Some(&counted).filter(|it| it.is_of_budget()).cloned());
                used.push(counted);
            }
            let Terms { expiry, funded_by, .. } = earned.terms;
            let award = Award {
                lapses: expiry::lapses(self.program, &earned.currency, expiry, &self.when),
                currency: earned.currency,
                points: earned.points,
                rules: earned.given.into_iter().map(|given| given.rule).collect(),
                waits: None,
                funded_by: funded_by.cloned(),
            };
            operation.postings.extend(book(&award, subject.activity.occurred_at().at, state)?);
            awards.push(award);
        }
        Ok(Given { awards, used, wants })
    }

    /// Takes back what levels and challenges gave whose counters a return has lowered, first from the lot that it
    /// went into, and gives it again, to the same lots, where a later return lets them rise again. What a budget
    /// paid for is not given again: others may have had it since.
    pub(super) fn turn_goals<T: Trace>(
        &self,
        before: &MemberState,
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        let mut grants = std::mem::take(&mut state.goal_grants);
        for grant in &mut grants {
            if let Some(turn) = turn(self.program, grant, before, state) {
                turn_goal(grant, (turn, self.program), state, operation, trace)?;
            }
        }
        grants.retain(|grant| !grant.is_taken() || !grant.used.iter().any(CountedIn::is_of_budget));
        state.goal_grants = grants;
        Ok(())
    }
}

/// Takes a grant back, or gives it again.
fn turn_goal<T: Trace>(
    grant: &mut GoalGrant,
    (turn, program): (Turn, &Program),
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<(), OutOfRange> {
    for given in &mut grant.points {
        let take = turn_points(given, program, state, operation)?;
        trace.step(|| {
            let (what, points, go) = match turn {
                Turn::Lost => ("no longer reached", take.points, "go"),
                Turn::Again => ("reached again", take.points.negated(), "come again"),
            };
            let text = format!("`{}` is {what}: {points} {} {go}", grant.id, given.currency);
            Step::new(StepKind::Returned, grant.track.as_ref().unwrap_or(&grant.id), text).with(points)
        });
        let (track, id) = (grant.track.clone(), grant.id.clone());
        operation.goal_takes.push(GoalTake { track, id, take });
    }
    let stay = state.turn_gifts(&mut grant.gifts, turn, operation, trace);
    let stays = |one: &&CountedIn| matches!(&one.of, CountedBy::Grant(id) if stay.contains(id));
    let used = grant.used.iter().filter(|one| !stays(one)).map(|one| {
        let amount =
            if turn == Turn::Lost { one.amount.checked_neg().ok_or(OutOfRange)? } else { one.amount };
        Ok(CountedIn { amount, ..one.clone() })
    });
    let used = used.collect::<Result<Vec<_>, OutOfRange>>()?;
    give_back(&used, state)?;
    operation.counted.extend(used.into_iter().filter(CountedIn::is_of_budget));
    Ok(())
}

/// Takes back what was given, or gives it again.
pub(super) fn turn_points(
    given: &mut GoalPoints,
    program: &Program,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<Take, OutOfRange> {
    let at = operation.occurred_at.at;
    let (take, postings) = match given.taken.take() {
        None => lose(given, (program, at), state)?,
        Some(taken) => give_anew(given, taken, at, state)?,
    };
    operation.postings.extend(postings);
    let balance = state.balance_mut(&given.currency);
    balance.clawed_back = balance.clawed_back.plus(take.points)?.plus(take.into_debt)?;
    balance.forgiven = balance.forgiven.plus(take.forgiven)?;
    Ok(take)
}

/// Takes back what was given for a goal; what is gone is owed or forgiven.
fn lose(
    given: &mut GoalPoints,
    (program, at): (&Program, Timestamp),
    state: &mut MemberState,
) -> Result<(Take, Vec<Posting>), OutOfRange> {
    let GoalPoints { currency, points, lapses, funded_by, .. } = &*given;
    let reach = Reach::of(program, state, currency);
    let Taken { lots, owed, forgiven } =
        reach.take(*points, Some((*lapses, funded_by.as_ref())), currency, state)?;
    let mut postings = postings(currency, &lots, (Account::Available, Account::Issued), at)?;
    postings.extend(given.posting((Account::Debt, Account::Issued), owed, at));
    let points = points.minus(owed)?.minus(forgiven)?;
    let take = Take { currency: currency.clone(), points, forgiven, lots: Vec::new(), into_debt: owed };
    given.taken = Some(GoalTaken { lots, owed });
    Ok((take, postings))
}

/// Gives again what was taken of a goal: what was missing is missed no more; then less is owed; then lots get back what
/// was taken, the last first.
fn give_anew(
    given: &GoalPoints,
    GoalTaken { lots, owed }: GoalTaken,
    at: Timestamp,
    state: &mut MemberState,
) -> Result<(Take, Vec<Posting>), OutOfRange> {
    let GoalPoints { currency, points, lapses, funded_by, .. } = given;
    let due = lots.iter().try_fold(owed, |sum, lot| sum.plus(lot.points))?;
    let forgiven = due.minus(*points)?;
    let less = debt::owe_less(due, currency, state)?;
    let again = due.minus(less)?;
    let balance = state.balance_mut(currency);
    let own = balance.lot(again, *lapses, funded_by.as_ref());
    let mut left = again;
    let mut put = Vec::new();
    for lot in lots.into_iter().rev().chain([own]) {
        let points = lot.points.min(left);
        left = left.minus(points)?;
        let lot = Lot { points, ..lot };
        balance.put(lot.clone())?;
        put.push(lot);
    }
    put.retain(|lot| lot.points.is_positive());
    let mut postings = postings(currency, &put, (Account::Issued, Account::Available), at)?;
    postings.extend(given.posting((Account::Issued, Account::Debt), less, at));
    let (points, into_debt) = (again.negated(), less.negated());
    let take = Take { currency: currency.clone(), points, forgiven, lots: Vec::new(), into_debt };
    Ok((take, postings))
}

impl GoalPoints {
    /// Some of them from one account to another, where there are any.
    fn posting(
        &self,
        (from, to): (Account, Account),
        points: Points,
        effective_at: Timestamp,
    ) -> Option<Posting> {
        let (currency, partner) = (self.currency.clone(), self.funded_by.clone());
        points.is_positive().then_some(Posting { currency, from, to, points, effective_at, partner })
    }
}

/// What rules award on an occasion.
struct Given {
    awards: Vec<Award>,
    /// What caps and budgets have used up by it.
    used: Vec<CountedIn>,
    /// What it wants of budgets.
    wants: Vec<Want>,
}

/// Puts an award into its lot; gives the posting of one that is more than nothing.
pub(super) fn book(
    award: &Award,
    effective_at: Timestamp,
    state: &mut MemberState,
) -> Result<Option<Posting>, OutOfRange> {
    let Award { currency, points, lapses, funded_by, .. } = award;
    let balance = state.balance_mut(currency);
    balance.add(*points, *lapses, funded_by.as_ref())?;
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
