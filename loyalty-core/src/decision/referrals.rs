//! Referrals: who brought a member, what qualifies, and what both get by it.

use std::sync::Arc;

use super::goals::{book, turn_points};
use super::settled::{known, opened, settled_now, tell_settlement};
use super::{Context, Decision, give_back, grants::tell, lots};
use crate::accrual::{Subject, condition};
use crate::command::Command;
use crate::counter::{self, Slots};
use crate::expiry;
use crate::explain::{Step, StepKind, Trace};
use crate::grants::{Gift, Granted, GrantedFor, ReferralPoints};
use crate::id::{AuthorId, OperationKey};
use crate::ledger::operation::{Award, CountedBy, CountedIn, Operation};
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lapse, MemberState};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{Referral, Trigger};
use crate::referral::{NameReferrer, Qualified, Referee, Turn, TurnBefore};
use crate::returns::unknown_version;
use crate::settle::settle;
use crate::tier::{GoalPoints, Moment};
use crate::time::When;

/// Decides who brought a member, at the instant at which it is recorded. Whether there is such a member, the engine asks.
pub fn decide_name<T: Trace>(
    context: &Context<'_>,
    state: Option<&MemberState>,
    name: &Arc<NameReferrer>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let mut state = known(state)?;
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let program = moment.program;
    if program.document().referrals.is_empty() {
        let help = "declare `referrals` in the program";
        return Err(Problem::new("no_referrals", "", "the program gives nothing for referrals", help));
    }
    let referrer = name.referrer.clone();
    if referrer == *context.who.member {
        let help = "name another member";
        return Err(Problem::new("self_referral", "/referrer", "nobody brings themselves", help));
    }
    trace.step(|| Step::new(StepKind::Grant, "", format!("`{referrer}` has brought the member")));
    let occurred_at = context.moment();
    let command = Command::NameReferrer(Arc::clone(name));
    let operation = opened(key, occurred_at, program, settlement, command);
    state.referral = Some(Referee { referrer, since: moment.at, turns: 0, qualified: Vec::new() });
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// The referrals that an activity makes qualify.
pub fn matching<'p, T: Trace>(
    program: &'p Program,
    subject: &Subject<'_>,
    trace: &mut T,
) -> Result<Vec<&'p Referral>, Problem> {
    let mut matching = Vec::new();
    let Some(referee) = &subject.state.referral else { return Ok(matching) };
    // By the date: the clocks of tills differ.
    let before = subject.date < program.zone().date_at(referee.since);
    if before || !subject.answers(&Trigger::Purchase) {
        return Ok(matching);
    }
    for referral in program.document().referrals.iter().filter(|it| !referee.has(&it.id)) {
        let over = referral.within.is_some_and(|within| subject.date > within.after(subject.enrolled_on()));
        let holds = match &referral.when {
            Some(when) if !over => condition::holds(when, subject, trace)?,
            _ => !over,
        };
        if holds {
            matching.push(referral);
            continue;
        }
        tell(trace, StepKind::Grant, &referral.id, || match over {
            true => format!("referral `{}` is over for the member", referral.id),
            false => format!("referral `{}` does not qualify", referral.id),
        });
    }
    Ok(matching)
}

/// What becomes of a referral, and by which operation of the referee.
struct Turning<'a> {
    gives: bool,
    /// The operation of the purchase by which it qualifies, or did.
    purchase: &'a OperationKey,
}

impl Moment<'_> {
    /// Gives what referrals give for a purchase by which they qualify.
    pub(super) fn refer<T: Trace>(
        &self,
        (referrals, context): (&[&Referral], &Context<'_>),
        state: &mut MemberState,
        operation: &mut Operation,
        trace: &mut T,
    ) -> Result<(), OutOfRange> {
        for referral in referrals {
            let purchase = operation.key.clone();
            let turning = Turning { gives: true, purchase: &purchase };
            if state.referral.as_ref().is_some_and(|it| it.of(&referral.id).is_none()) {
                self.qualify_first(referral, context, state, operation)?;
            } else if !turn((&referral.id, turning), self.program, state, operation)? {
                continue;
            }
            tell_turns(operation, trace);
            let amount = |points| self.program.minor(points, &referral.currency);
            let gift = Gift::Referral(ReferralPoints {
                currency: referral.currency.clone(),
                referrer: amount(referral.referrer),
                referee: referral.referee.map_or(Points::ZERO, amount),
            });
            operation.granted.push(Granted { grant: referral.id.clone(), by: GrantedFor::Activity, gift });
        }
        Ok(())
    }

    /// A referral qualifies for the first time.
    fn qualify_first(
        &self,
        referral: &Referral,
        context: &Context<'_>,
        state: &mut MemberState,
        operation: &mut Operation,
    ) -> Result<(), OutOfRange> {
        let currency = &referral.currency;
        let own = match referral.referee {
            Some(points) => {
                let own = points_of(referral, self.program, self.program.minor(points, currency), &self.when);
                operation.postings.extend(book(&award(&own), operation.occurred_at.at, state)?);
                Some(own)
            }
            None => None,
        };
        let Some(referee) = &mut state.referral else { return Ok(()) };
        referee.turns = referee.turns.saturating_add(1);
        let turn = Turn {
            referee: context.who.member.clone(),
            referrer: referee.referrer.clone(),
            number: referee.turns,
            referral: referral.id.clone(),
            version: self.program.version(),
            currency: currency.clone(),
            points: self.program.minor(referral.referrer, currency),
            funded_by: referral.funded_by.clone(),
            gives: true,
            occurred_at: operation.occurred_at,
            by: operation.key.clone(),
            after: None,
        };
        operation.postings.push(into_clearing(&turn));
        operation.turns.push(turn.clone());
        let (referral, by) = (referral.id.clone(), operation.key.clone());
        referee.qualified.push(Qualified { referral, by, last: turn, own });
        Ok(())
    }
}

/// Takes back what a purchase made a referral give, or gives it again; tells whether it did.
pub(super) fn turn_of_purchase<T: Trace>(
    (referral, purchase, gives): (&AuthorId, &OperationKey, bool),
    program: &Program,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<bool, OutOfRange> {
    let turned = turn((referral, Turning { gives, purchase }), program, state, operation)?;
    if turned {
        tell_turns(operation, trace);
    }
    Ok(turned)
}

/// A referral that has qualified before is lost, or qualifies again; nothing happens where it does so already, or where
/// it qualifies by another purchase than is to lose it.
fn turn(
    (referral, Turning { gives, purchase }): (&AuthorId, Turning<'_>),
    program: &Program,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<bool, OutOfRange> {
    let Some(mut referee) = state.referral.take() else { return Ok(false) };
    let number = referee.turns.saturating_add(1);
    let mut turned = false;
    if let Some(qualified) = referee.qualified.iter_mut().find(|it| it.referral == *referral)
        && qualified.last.gives != gives
        && (gives || qualified.by == *purchase)
    {
        turned = true;
        referee.turns = number;
        let last = &qualified.last;
        let after = Some(TurnBefore { number: last.number, by: last.by.clone() });
        let (by, occurred_at) = (operation.key.clone(), operation.occurred_at);
        let turn = Turn { number, gives, occurred_at, by, after, ..last.clone() };
        if let Some(own) = &mut qualified.own {
            turn_points(own, program, state, operation)?;
        }
        operation.postings.push(into_clearing(&turn));
        operation.turns.push(turn.clone());
        (qualified.by, qualified.last) = (purchase.clone(), turn);
    }
    state.referral = Some(referee);
    Ok(turned)
}

/// Decides the referrer's part of a turn.
pub fn decide_turn<T: Trace>(
    context: &Context<'_>,
    state: Option<&MemberState>,
    turn: &Arc<Turn>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let mut state = known(state)?;
    let program = context.programs.version(turn.version).ok_or_else(|| unknown_version(turn.version))?;
    let at = turn.occurred_at.at.max(state.settled_to);
    let settlement = settle(context.programs, context.owner(), &mut state, at)?;
    tell_settlement(&settlement, trace);
    let before = lots::Lots::heard::<T>(&state);
    let command = Command::Referral(Arc::clone(turn));
    let mut operation = opened(key, turn.occurred_at, program, settlement, command);
    let referral = program.referral(&turn.referral);
    let cleared = into_clearing(turn);
    operation.postings.push(Posting { from: cleared.to, to: cleared.from, ..cleared });
    let points = match (turn.key_before(), referral) {
        (Some(key), _) => referred_again(&key, context, &mut state, &mut operation)?,
        (None, Some(referral)) => {
            let when = program.when(&state, at, program.zone().date_at(at));
            referred_first(referral, turn, (program, &when), &mut state, &mut operation)?
        }
        (None, None) => return Err(no_turn_before(turn)),
    };
    trace.step(|| {
        let what = match (turn.gives, points.points.is_zero()) {
            (true, true) => "qualifies, and the member has had points for as many as may be".to_owned(),
            (true, false) => format!("qualifies: {} {} for the member", points.points, points.currency),
            (false, _) => "no longer qualifies".to_owned(),
        };
        let text = format!("the referral of `{}` {what}", turn.referee);
        Step::new(StepKind::Grant, &turn.referral, text)
    });
    if turn.after.is_none() && points.lapses == Some(Lapse::Idle) && points.points.is_positive() {
        let (date, currency) = (program.zone().date_at(at), program.currency(&points.currency));
        let moment = Moment { program, at, when: program.when(&state, at, date), begins: date };
        currency.into_iter().for_each(|currency| moment.renew(currency, false, &mut state, trace));
    }
    operation.referred = Some(points);
    before.tell(&state, program, trace);
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// Gives the referrer points for the first time, if there is room for another referral in the window of the day.
fn referred_first(
    referral: &Referral,
    turn: &Turn,
    (program, when): (&Program, &When<'_>),
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<GoalPoints, OutOfRange> {
    let mut points = points_of(referral, program, turn.points, when);
    if let Some(limit) = referral.at_most {
        let (slots, slot) = (Slots::of(program, limit.window), limit.window.slot(when));
        let had = slots.fullest(counter::find(&state.gifts.times, &referral.id), when);
        if had.is_none_or(|had| had >= i128::from(limit.times)) {
            points.points = Points::ZERO;
            return Ok(points);
        }
        slots.add(&mut state.gifts.times, &referral.id, slot, 1)?;
        let of = CountedBy::Grant(referral.id.clone());
        operation.counted.push(CountedIn { of, slot, amount: 1, award: None });
    }
    operation.postings.extend(book(&award(&points), operation.occurred_at.at, state)?);
    Ok(points)
}

/// Takes the referrer's points back, or gives again what was taken.
fn referred_again(
    before: &OperationKey,
    context: &Context<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<GoalPoints, Problem> {
    let last = context.past.operations.iter().find(|it| it.key == *before);
    let missing = || {
        let message = format!("`{before}` was not done");
        Problem::new("referral_out_of_order", "", message, "do it first")
    };
    let last = last.ok_or_else(missing)?;
    let mut points = last.referred.clone().ok_or_else(missing)?;
    // As a return would be, by the version in force.
    let program = context.programs.at(state.settled_to);
    turn_points(&mut points, program, state, operation)?;
    let counted: Vec<_> = last.counted.iter().map(CountedIn::undone).collect();
    give_back(&counted, state)?;
    operation.counted = counted;
    Ok(points)
}

fn no_turn_before(turn: &Turn) -> Problem {
    let message = format!("the program has no referral `{}`", turn.referral);
    Problem::new("unknown_referral", "/referral", message, "name one of the program's")
}

/// Points on the terms of a referral, from a moment on.
fn points_of(referral: &Referral, program: &Program, points: Points, when: &When<'_>) -> GoalPoints {
    GoalPoints {
        currency: referral.currency.clone(),
        points,
        lapses: expiry::lapses(program, &referral.currency, referral.expiry.as_ref(), when),
        funded_by: referral.funded_by.clone(),
        taken: None,
    }
}

fn award(points: &GoalPoints) -> Award {
    Award {
        currency: points.currency.clone(),
        points: points.points,
        lapses: points.lapses,
        rules: Vec::new(),
        waits: None,
        funded_by: points.funded_by.clone(),
    }
}

/// What the referrer is due goes on its way, or comes back from it.
fn into_clearing(turn: &Turn) -> Posting {
    let (from, to) = match turn.gives {
        true => (Account::Issued, Account::Clearing),
        false => (Account::Clearing, Account::Issued),
    };
    let (currency, points, effective_at) = (turn.currency.clone(), turn.points, turn.occurred_at.at);
    Posting { currency, from, to, points, effective_at, partner: turn.funded_by.clone() }
}

/// Tells the newest turn.
fn tell_turns<T: Trace>(operation: &Operation, trace: &mut T) {
    let Some(Turn { referral, gives, points, currency, referrer, .. }) = operation.turns.last() else {
        return;
    };
    tell(trace, StepKind::Grant, referral, || match gives {
        true => format!("referral `{referral}` qualifies: {points} {currency} are due to `{referrer}`"),
        false => {
            format!("referral `{referral}` no longer qualifies: `{referrer}` is due {points} {currency} less")
        }
    });
}
