//! Deciding: pure functions from a member's state and a command to what is to be appended.
//!
//! Preview, posting, explaining and verifying all call [`decide`]; for the same context they cannot differ.

mod prepare;

use std::sync::Arc;

use crate::accrual::{self, Earned, Subject};
use crate::activity::{Activity, CustomEvent, Purchase, Return};
use crate::explain::{Step, StepKind, Trace};
use crate::id::{ActivityId, OperationKey};
use crate::ledger::operation::{Award, CountedBy, CountedIn, Operation, Sealed, Settlement, VestingOutcome};
use crate::ledger::posting::{Account, Posting};
use crate::member::{self, MemberState, Pending};
use crate::money::{OutOfRange, Ratio};
use crate::problem::Problem;
use crate::program::document::{Basis, Counted, DatesBy};
use crate::program::{Program, Programs};
use crate::returns::{self, Past};
use crate::settle::settle;
use crate::tier::Moment;
use crate::time::{Date, OffsetTime, Timestamp};
use crate::vesting::{self, Notice, Outlook};

pub use self::prepare::{MAX_AHEAD_MICROS, drop_undeclared, prepared};

/// Something to be decided for a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record an activity.
    Record(Arc<Activity>),
}

/// What deciding looks at beside the member's state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The clock, read once for the command.
    pub now: Timestamp,
    /// The tenant's program versions.
    pub programs: &'a Programs,
    /// What [`needs`] asked for.
    pub past: &'a Past,
}

/// What must be loaded before deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Nothing more.
    Nothing,
    /// The purchase and all returns of it.
    Purchase(ActivityId),
    /// The next older page of the member's chain.
    OlderPage,
}

/// What was decided: the operation, and the state after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is to be appended.
    pub operation: Operation,
    /// The member after it.
    pub state: MemberState,
}

impl Command {
    /// The key under which it happens once.
    pub fn key(&self) -> Result<OperationKey, Problem> {
        let Self::Record(activity) = self;
        activity.key().ok_or_else(|| id_too_long(activity))
    }

    /// Drops in place what the program in force does not declare, where nobody else holds the activity.
    pub fn drop_undeclared(&mut self, programs: &Programs) {
        let Self::Record(activity) = self;
        if let Some(activity) = Arc::get_mut(activity) {
            let at = activity.occurred_at().at;
            drop_undeclared(activity, programs.at(at));
        }
    }
}

/// The refusal of an activity whose id does not fit into a key.
pub(crate) fn id_too_long(activity: &Activity) -> Problem {
    activity.place(Problem::new("invalid_value", "/id", "the id is too long for a key", "shorten it"))
}

/// What a command needs beyond what was loaded; asked again until it wants nothing more.
pub fn needs(command: &Command, past: &Past, programs: &Programs) -> Needs {
    let Command::Record(activity) = command;
    match activity.as_ref() {
        Activity::Return(Return { of: Some(purchase), .. })
        | Activity::Event(CustomEvent { of: Some(purchase), .. })
            if !past.complete =>
        {
            Needs::Purchase(purchase.clone())
        }
        Activity::Return(by) if !returns::is_complete(by, past, programs) => Needs::OlderPage,
        _ => Needs::Nothing,
    }
}

/// Decides a command on a member's state; `None` is a member without one yet.
///
/// The path of a refusal leads from the activity on, as it stands in JSON: `/purchase/lines/0`.
pub fn decide<T: Trace>(
    context: &Context<'_>,
    state: Option<&MemberState>,
    command: &Command,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let Command::Record(activity) = command;
    let key = command.key()?;
    decide_activity(context, state, activity, key, trace).map_err(|problem| activity.place(problem))
}

fn decide_activity<T: Trace>(
    context: &Context<'_>,
    state: Option<&MemberState>,
    activity: &Arc<Activity>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let occurred_at = activity.occurred_at();
    let program = context.programs.at(occurred_at.at);
    let activity = prepared(activity, program)?;
    if occurred_at.at > context.now.plus_micros(MAX_AHEAD_MICROS) {
        let message = format!("`{occurred_at}` is more than 10 minutes ahead of the clock");
        return Err(Problem::new("occurred_in_future", "/occurred_at", message, "check the till's clock"));
    }
    let own_time = program.own_time(occurred_at);
    let mut state = state.cloned().unwrap_or_else(|| MemberState::enrolled(own_time));
    let late = own_time < state.settled_to;
    // What an activity gave may be over already at the instant settled to, where its own date lags behind
    // the zone's: a late one applies that too.
    let settled_to = own_time.max(state.settled_to);
    let settlement = settle(context.programs, &mut state, settled_to)?;
    tell_settlement(&settlement, trace);
    let mut operation = Operation {
        key,
        occurred_at,
        version: program.version(),
        settlement,
        awards: Vec::new(),
        returned: Vec::new(),
        unmatched: Vec::new(),
        counted: Vec::new(),
        tier_changes: Vec::new(),
        postings: Vec::new(),
        vesting: Vec::new(),
        sealed: Sealed { activity: Arc::clone(&activity) },
    };
    let date = program.date_of(occurred_at);
    // A level that a late activity reaches begins now, not on its date.
    let begins = if late { program.zone().date_at(settled_to) } else { date };
    let moment = Moment { program, at: settled_to, date, begins };
    moment.begin(&mut state);
    match activity.as_ref() {
        Activity::Return(by) => take_back(by, context, &mut state, &mut operation, trace)?,
        earning => {
            let subject = Subject { program, state: &state, activity: earning, date, late };
            refuse_too_late(&subject)?;
            let earned = accrual::rate(program, &subject, trace)?;
            let before = late.then(|| state.clone());
            record(earned, &moment, occurred_at, &mut state, &mut operation)?;
            operation.tier_changes = moment.rise(before.as_ref(), &mut state, trace);
            if let Activity::Event(event) = earning {
                let notice = Notice { event, date, past: context.past, programs: context.programs };
                vesting::by_event(&notice, &mut state, &mut operation, trace)?;
            }
        }
    }
    Ok(Decision { operation, state })
}

fn tell_settlement<T: Trace>(settlement: &Settlement, trace: &mut T) {
    for change in &settlement.tier_changes {
        trace.step(|| {
            let text =
                format!("the status `{}` ended at {}: `{}` from then on", change.from, change.at, change.to);
            Step::new(StepKind::Settled, &change.track, text)
        });
    }
    for lapsed in &settlement.postings {
        trace.step(|| {
            let what = match (lapsed.from, lapsed.to) {
                (Account::Pending, Account::Available) => "vested",
                (Account::Pending, _) => "were cancelled",
                _ => "lapsed",
            };
            let text = format!("{} {} {what} at {}", lapsed.points, lapsed.currency, lapsed.effective_at);
            Step::new(StepKind::Settled, &lapsed.currency, text)
        });
    }
}

fn take_back<T: Trace>(
    by: &Return,
    context: &Context<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<(), Problem> {
    let matching = returns::matched(by, context.past, context.programs)?;
    let effect = returns::take_back(by, &matching, context.programs, state, trace)?;
    count(&effect.counted, state)?;
    operation.returned = effect.returned;
    operation.counted = effect.counted;
    operation.postings = effect.postings;
    operation.unmatched = matching.unmatched;
    Ok(())
}

/// A late activity is rated while the windows of its date are still kept.
fn refuse_too_late(subject: &Subject<'_>) -> Result<(), Problem> {
    if !subject.late {
        return Ok(());
    }
    let gone = |counters: &[member::CounterState], id, slot| member::counted(counters, id, slot).is_none();
    let counters = &subject.program.document().counters;
    let caps = subject.program.window_caps();
    let too_late = counters.iter().any(|c| gone(&subject.state.counters, &c.id, c.window.slot(subject.date)))
        || caps.iter().any(|c| gone(&subject.state.caps, &c.id, c.window.slot(subject.date)));
    if !too_late {
        return Ok(());
    }
    let message = format!("the counters of {} are no longer kept", subject.date);
    let help = "import history in its order, before newer activities";
    Err(Problem::new("too_late", "/occurred_at", message, help))
}

/// Books what was earned: awards, postings, lots, pending points, counters.
fn record(
    earned: Vec<Earned<'_>>,
    moment: &Moment<'_>,
    occurred_at: OffsetTime,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<(), Problem> {
    count_activity(&earned, moment, operation)?;
    for (place, one) in (0_u32..).zip(earned) {
        let Earned { currency, points, rules, used, terms } = one;
        let used = used.into_iter().map(|used| CountedIn {
            of: CountedBy::Cap(used.cap),
            slot: used.slot,
            amount: used.amount,
            award: Some(place),
        });
        operation.counted.extend(used);
        let Outlook { waits, expires_at } = vesting::outlook(moment.program, &currency, terms, moment.date);
        let funded_by = terms.funded_by.cloned();
        let award = Award { currency, points, expires_at, rules, waits, funded_by };
        book(&award, place, state, operation)?;
        if points.is_positive() {
            operation.postings.push(issued(&award, occurred_at.at));
        }
        operation.awards.push(award);
    }
    Ok(count(&operation.counted, state)?)
}

/// Puts an award into its lot, or among what waits. One that came to nothing waits too where it used up a cap.
fn book(award: &Award, place: u32, state: &mut MemberState, operation: &Operation) -> Result<(), Problem> {
    let Award { currency, points, expires_at, .. } = award;
    let balance = state.balance_mut(currency);
    balance.earned = balance.earned.plus(*points)?;
    // An activity that gives on several terms is one accrual.
    let before = operation.awards.iter().any(|it| it.currency == *currency && it.points.is_positive());
    let first = points.is_positive() && !before;
    balance.accruals = balance.accruals.saturating_add(u64::from(first));
    let Some(waits) = &award.waits else {
        return Ok(balance.add(*points, *expires_at, award.funded_by.as_ref())?);
    };
    let then = waits.then();
    let counted = operation.counted.iter().filter(|it| it.award == Some(place));
    let counted: Vec<_> =
        if then == VestingOutcome::Cancelled { counted.cloned().collect() } else { Vec::new() };
    if points.is_zero() && counted.is_empty() {
        return Ok(());
    }
    state.wait(Pending {
        due: waits.until,
        then,
        of: operation.key.clone(),
        award: place,
        currency: currency.clone(),
        points: *points,
        counted,
        expires_at: *expires_at,
        funded_by: award.funded_by.clone(),
    })
}

fn issued(award: &Award, effective_at: Timestamp) -> Posting {
    Posting {
        currency: award.currency.clone(),
        from: Account::Issued,
        to: if award.waits.is_some() { Account::Pending } else { Account::Available },
        points: award.points,
        effective_at,
        partner: award.funded_by.clone(),
    }
}

/// What the activity adds to the program's counters.
fn count_activity(
    earned: &[Earned<'_>],
    moment: &Moment<'_>,
    operation: &mut Operation,
) -> Result<(), OutOfRange> {
    let mut counts = Vec::new();
    for counter in &moment.program.document().counters {
        let slot = counter.window.slot(moment.date);
        let mut add = |amount, award| {
            counts.push(CountedIn { of: CountedBy::Counter(counter.id.clone()), slot, amount, award });
        };
        match (&counter.counts, returns::purchase_of(operation)) {
            (Counted::Earned(currency), _) => {
                for (place, one) in (0_u32..).zip(earned) {
                    if one.currency == *currency && !one.points.is_zero() {
                        add(i128::from(one.points.minor()), Some(place));
                    }
                }
            }
            (Counted::Purchases, Some(_)) => add(1, None),
            // A spend of nothing in all may have parts that come back, so it is noted as well.
            (Counted::Spend(basis), Some(purchase)) => add(spend(purchase, basis)?, None),
            (Counted::Spend(_), None) => add(0, None),
            (Counted::Purchases, None) => {}
        }
    }
    operation.counted.extend(counts);
    Ok(())
}

/// What a purchase adds to a counter of spend.
fn spend(purchase: &Purchase, basis: &Basis) -> Result<i128, OutOfRange> {
    let mut sum = Ratio::ZERO;
    for line in purchase.lines.iter().filter(|line| line.kind.is_item()) {
        sum = sum.plus(accrual::basis::line_value(line, basis)?.unwrap_or(Ratio::ZERO))?;
    }
    returns::spend_units(sum)
}

fn count(counted: &[CountedIn], state: &mut MemberState) -> Result<(), OutOfRange> {
    for one in counted {
        match &one.of {
            CountedBy::Counter(id) => member::count(&mut state.counters, id, one.slot, one.amount)?,
            CountedBy::Cap(id) => member::count(&mut state.caps, id, one.slot, one.amount)?,
        }
    }
    Ok(())
}

impl Program {
    /// The local date of an activity, by which windows are cut.
    pub fn date_of(&self, occurred_at: OffsetTime) -> Date {
        self.on_the_wall(occurred_at).local_date()
    }

    /// When an activity happened by the clock that cuts its dates: the zone's, or the one where it happened.
    pub fn on_the_wall(&self, occurred_at: OffsetTime) -> OffsetTime {
        match self.document().dates_by {
            DatesBy::Activity => occurred_at,
            DatesBy::Zone => OffsetTime { offset: self.zone().offset_at(occurred_at.at), ..occurred_at },
        }
    }

    /// An activity's own time: its instant, or the beginning of its local date where that is later.
    pub fn own_time(&self, occurred_at: OffsetTime) -> Timestamp {
        let date = self.date_of(occurred_at);
        if date > self.zone().date_at(occurred_at.at) { self.zone().start_of(date) } else { occurred_at.at }
    }
}
