//! Deciding: pure functions from a member's state and a command to what is to be appended.
//!
//! Preview, posting, explaining and verifying all call [`decide`]; for the same context they cannot differ.

mod adjust;
mod bring_back;
mod budgets;
mod correct;
mod dates;
mod goals;
mod grant;
mod grants;
mod hold;
mod lots;
mod membership;
mod nearest;
mod occasion;
mod offered;
mod prepare;
mod quote;
mod referrals;
mod rerate;
mod review;
mod settled;
mod spend;
mod stock;
mod transfers;
mod voucher;

use std::sync::Arc;

use crate::accrual::{self, CapUse, Earned, Occasion, Rated, Subject};
use crate::activity::{Activity, CustomEvent, Return};
use crate::conversion::Owner;
use crate::counter::counting::{self, Added};
use crate::counter::{self, Slots};
use crate::explain::{Step, StepKind, Trace};
use crate::facts::{Asked, Facts, Who};
use crate::grants::{Codes, GrantedFor};
use crate::id::{ActivityId, ActorId, OperationKey};
use crate::ledger::operation::{Award, CountedBy, CountedIn, Operation, VestingOutcome};
use crate::ledger::posting::{Account, Posting};
use crate::limits::{self, Noted};
use crate::member::{MemberState, Pending};
use crate::membership::{self as stop, Stop};
use crate::money::OutOfRange;
use crate::problem::Problem;
use crate::program::{Program, Programs};
use crate::returns::{self, Past, debt};
use crate::shared::{Reading, Want};
use crate::succession;
use crate::tier::Moment;
use crate::time::{OffsetTime, Timestamp, When, Window};
use crate::vesting::{self, Notice, Outlook};

pub use crate::command::Command;

use self::bring_back::{after_return, bring_back, count_returned, looks_at_returns};
use self::settled::{Arrival, known, opened, settled_now, tell_settlement};

pub use self::budgets::{decide_unused, left_of};
pub use self::nearest::{Nearest, nearest};
pub use self::prepare::{MAX_AHEAD_MICROS, drop_undeclared, prepared};
pub use self::stock::{Stock, takes_of, took_of};
pub use self::transfers::refuse_full;

/// What deciding looks at beside the member's state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// When it is recorded: the clock, read once for the command, and after the member's newest commit.
    pub now: Timestamp,
    /// The tenant's program versions.
    pub programs: &'a Programs,
    /// What [`needs`] asked for.
    pub past: &'a Past,
    /// Whom it is decided for, with what the member store answered to what [`asked`] wants.
    pub who: Who<'a>,
    /// Who sends an activity, where that is known: nobody approves what they sent.
    pub sent_by: Option<&'a ActorId>,
    /// What budgets have left, of those that an earlier decision wanted something of.
    pub readings: &'a [Reading],
    /// What counters say that members share, of those that limits look at; one that is not there counts as lost.
    pub noted: &'a [Noted],
    /// By which codes of vouchers are made.
    pub codes: Codes<'a>,
    /// What is known of the stock of the reward that the command asks for.
    pub stock: Stock,
}

impl<'a> Context<'a> {
    /// A context without a sender, in which nothing is known of what members share, and whose vouchers nobody is given.
    pub const fn new(now: Timestamp, programs: &'a Programs, past: &'a Past, who: Who<'a>) -> Self {
        let (codes, stock) = (Codes::UNKEPT, Stock::Enough);
        Self { now, programs, past, who, sent_by: None, readings: &[], noted: &[], codes, stock }
    }

    /// Whose member it is decided for.
    pub const fn owner(&self) -> Owner<'a> {
        Owner { member: self.who.member, codes: self.codes }
    }

    /// When what is no activity happens: as it is recorded.
    pub const fn moment(&self) -> OffsetTime {
        OffsetTime { at: self.now, offset: 0 }
    }
}

/// What must be loaded before deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Nothing more.
    Nothing,
    /// The purchase and all returns of it.
    Purchase(ActivityId),
    /// The operation of this key.
    Operation(OperationKey),
    /// The next older page of the member's chain.
    OlderPage,
    /// The member just before the operation of this key.
    Before(OperationKey),
    /// The redemption of this key, and what cancelled it.
    Redemption(OperationKey),
    /// The return of this key, and each purchase that it returned from with all returns of it.
    Return(OperationKey),
}

/// What was decided: the operation, and the state after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is to be appended.
    pub operation: Operation,
    /// The member after it.
    pub state: MemberState,
    /// What it would have drawn on budgets had they enough, and 0 of those that only get something back; an entry
    /// for each window of a budget.
    pub wants: Vec<Want>,
}

/// What a command needs beyond what was loaded; asked again until it wants nothing more.
pub fn needs(command: &Command, past: &Past, programs: &Programs) -> Needs {
    if let Command::Approve(review) | Command::Refuse(review) = command
        && !past.complete
    {
        return review.purchase().map_or_else(|| Needs::Operation(review.of.clone()), Needs::Purchase);
    }
    if let Command::CancelRedemption(cancel) = command
        && !past.complete
    {
        return cancel.redemption().map_or(Needs::Nothing, Needs::Redemption);
    }
    if let Some(before) = command.follows().filter(|_| !past.complete) {
        return Needs::Operation(before);
    }
    if let Command::UndoReturn(undo) = command {
        return match undo.undone() {
            Some(key) if !past.complete => Needs::Return(key),
            _ => rerate::needs(returns::undone(undo, past), past, programs),
        };
    }
    match command.activity() {
        Some(
            Activity::Return(Return { of: Some(purchase), .. })
            | Activity::Event(CustomEvent { of: Some(purchase), .. }),
        ) if !past.complete => Needs::Purchase(purchase.clone()),
        Some(Activity::Return(by)) if !returns::is_complete(by, past, programs) => Needs::OlderPage,
        Some(Activity::Return(by)) => rerate::needs(returns::matched(by, past, programs), past, programs),
        _ => Needs::Nothing,
    }
}

/// What a command asks of the member store, recorded at an instant; `None` where it asks nothing.
pub fn asked<'a>(command: &Command, programs: &'a Programs, now: Timestamp) -> Option<&'a Asked> {
    if let Some(reward) = command.reward() {
        let program = programs.at(now);
        return program.reward(reward)?.segment.as_ref().map(|_| program.asked_for_rewards());
    }
    let activity = command.activity()?;
    programs.at(activity.occurred_at().at).asked(activity).filter(|asked| !asked.is_nothing())
}

/// Decides a command on a member's state; `None` is a member without one yet.
///
/// The path of a refusal leads from the input on, as it stands in JSON: `/purchase/lines/0`.
pub fn decide<T: Trace>(
    context: &Context<'_>,
    state: Option<&MemberState>,
    command: &Command,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let key = command.key()?;
    if context.stock == Stock::GivenUp {
        let problem = command.place(stock::given_up());
        return spend::decide_refusal(context, known(state)?, command, key, problem);
    }
    let decided = decide_own(context, state, command, key.clone(), trace);
    let mut decided = match decided {
        Err(problem) if command.keeps_refusals() => {
            spend::decide_refusal(context, known(state)?, command, key, problem)?
        }
        decided => decided?,
    };
    repay(&mut decided, context, trace)?;
    membership::forfeit(&mut decided, trace)?;
    decided.look_at_budgets(context.readings);
    decided.state.arrive(context.programs.at(decided.state.settled_to))?;
    Ok(decided)
}

/// What a command comes to by itself.
fn decide_own<T: Trace>(
    context: &Context<'_>,
    state: Option<&MemberState>,
    command: &Command,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    if command.activity().is_none() {
        stop::check(command, state).map_err(|problem| command.place(problem))?;
    }
    let decided = match command {
        Command::Record(activity) => decide_activity(context, state, activity, key, trace),
        Command::GrantTier(grant) => grant::decide_grant(context, known(state)?, grant, key, trace),
        Command::Approve(review) => review::decide_review(context, known(state)?, (review, true), key, trace),
        Command::Refuse(review) => review::decide_review(context, known(state)?, (review, false), key, trace),
        Command::Redeem(redeem) => spend::decide_redeem(context, known(state)?, redeem, key, trace),
        Command::CancelRedemption(cancel) => spend::decide_cancel(context, known(state)?, cancel, key, trace),
        Command::Adjust(adjust) => adjust::decide_adjust(context, known(state)?, adjust, key, trace),
        Command::Hold(it) => hold::decide_hold(context, known(state)?, it, key, trace),
        Command::ExtendHold(it) => hold::decide_extend(context, known(state)?, it, key, trace),
        Command::Capture(it) => hold::decide_capture(context, known(state)?, it, key, trace),
        Command::Void(it) => hold::decide_void(context, known(state)?, it, key, trace),
        Command::NameReferrer(name) => referrals::decide_name(context, state, name, key, trace),
        Command::Referral(turn) => referrals::decide_turn(context, state, turn, key, trace),
        Command::Transfer(it) => transfers::decide_transfer(context, known(state)?, it, key, trace),
        Command::Receive(it) => transfers::decide_receive(context, known(state)?, it, key, trace),
        Command::EndTransfer(it) => transfers::decide_end(context, known(state)?, it, key, trace),
        Command::UndoReturn(it) => correct::decide_undo(context, known(state)?, it, key, trace),
        Command::ExtendExpiry(it) => correct::decide_extend(context, known(state)?, it, key, trace),
        Command::Reinstate(it) => correct::decide_reinstate(context, known(state)?, it, key, trace),
        Command::Quote(it) => quote::decide_quote(context, known(state)?, it, key, trace),
        // It has no key, so it never comes here.
        Command::Unread(_) => Err(command.id_too_long()),
        Command::Freeze(it) => {
            membership::decide_change(context, known(state)?, (it, Some(Stop::Frozen)), key, trace)
        }
        Command::Unfreeze(it) => membership::decide_change(context, known(state)?, (it, None), key, trace),
        Command::Close(it) => {
            membership::decide_change(context, known(state)?, (it, Some(Stop::Closed)), key, trace)
        }
    };
    decided.map_err(|problem| command.place(problem))
}

/// Whatever came of a command repays what the member owes.
fn repay<T: Trace>(
    Decision { operation, state, .. }: &mut Decision,
    context: &Context<'_>,
    trace: &mut T,
) -> Result<(), OutOfRange> {
    let before = lots::Lots::heard::<T>(state);
    let repaid = debt::repay(state, operation.occurred_at.at)?;
    for Posting { currency, points, .. } in &repaid {
        trace.step(|| {
            let text = format!("{points} {currency} repay what is owed");
            Step::new(StepKind::Returned, currency, text).with(*points)
        });
    }
    if let Some(program) = context.programs.version(operation.version) {
        before.tell(state, program, trace);
    }
    operation.postings.extend(repaid);
    Ok(())
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
    let command = Command::Record(Arc::clone(&activity));
    stop::check(&command, state)?;
    if occurred_at.at > context.now.plus_micros(MAX_AHEAD_MICROS) {
        let message = format!("`{occurred_at}` is more than 10 minutes ahead of the clock");
        return Err(Problem::new("occurred_in_future", "/occurred_at", message, "check the till's clock"));
    }
    let date = program.date_of(occurred_at);
    let facts = program.asked(&activity).map_or(Facts::NONE, |asked| asked.of(context.who.facts));
    occasion::check(&activity, state, (program, &facts), date)?;
    let enrols = state.is_none();
    let Arrival { mut state, settlement, moment, late } = Arrival::of(context, program, state, occurred_at)?;
    tell_settlement(&settlement, trace);
    let mut operation = opened(key, occurred_at, program, settlement, command);
    operation.sealed.sent_by = context.sent_by.cloned();
    let before = lots::Lots::heard::<T>(&state);
    moment.begin(&mut state);
    let context = &Context { who: Who { facts: &facts, ..context.who }, ..*context };
    let mut wants = Vec::new();
    if enrols && program.welcomes() {
        wants = moment.welcome(context, &mut state, &mut operation, trace)?;
    }
    match activity.as_ref() {
        Activity::Return(by) => {
            debt::returns_begin(program, &mut state);
            let matching = returns::matched(by, context.past, context.programs)?;
            bring_back((matching, &moment), context, &mut state, &mut operation, trace)?;
        }
        _ => {
            debt::returns_end(&mut state);
            let happening = Happening { activity: &activity, moment, enrols, late };
            wants.extend(earn(&happening, context, &mut state, &mut operation, trace)?);
        }
    }
    moment.follow_levels(&mut state);
    moment.renew_by(&operation, late, &mut state, trace);
    before.tell(&state, program, trace);
    operation.sealed.facts = facts;
    Ok(Decision { operation, state, wants })
}

/// A purchase, an event or an occasion on its way.
struct Happening<'a> {
    activity: &'a Activity,
    moment: Moment<'a>,
    enrols: bool,
    late: bool,
}

/// What a purchase, an event or an occasion does.
fn earn<T: Trace>(
    happening: &Happening<'_>,
    context: &Context<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
    trace: &mut T,
) -> Result<Vec<Want>, Problem> {
    let Happening { activity, ref moment, enrols, late } = *happening;
    let who = context.who;
    let (program, when, occurred_at) = (moment.program, moment.when, activity.occurred_at());
    // What fell due may have given something back.
    let readings = &left_of(context.readings, operation);
    let (date, occasion) = (when.date, Occasion::Activity);
    let subject = Subject { program, state, activity, who, date, late, occasion, readings };
    refuse_too_late(&subject)?;
    let Rated { mut earned, mut wants } = accrual::rate(program, &subject, trace)?;
    let gifts = grants::matching(program, &subject, trace)?;
    let referrals = referrals::matching(program, &subject, trace)?;
    let named = match activity {
        Activity::Event(event) => vesting::named(event, context.past)?,
        _ => None,
    };
    let held = limits::hold(program, &subject, (enrols, context.noted), &mut earned, trace)?;
    (operation.reviewed_for, operation.noted) = (held.for_review, held.noted);
    let added = counting::added(program, &subject, &earned)?;
    let before = (late || program.awards_goals()).then(|| state.clone());
    count(program, added, &when, state, operation)?;
    limits::count(&held.counting, program, &when, state)?;
    record(earned, moment, occurred_at, state, operation)?;
    let given = moment.give_grants((&gifts, &GrantedFor::Activity, context), state, operation, trace)?;
    operation.counted.extend(given.used);
    moment.refer((&referrals, context), state, operation, trace)?;
    moment.credit_copies(context, state, operation)?;
    let times = (occurred_at.at, moment.at);
    let copied = succession::counted_by_copies(&operation.counted, program, context.programs, times);
    count_copies(&copied, context.programs.at(moment.at), state)?;
    state.cancel_too(&operation.key, &copied);
    operation.counted.extend(copied);
    if let (Activity::Event(event), Some(named)) = (activity, &named) {
        let notice = Notice { event, when, named, programs: context.programs };
        vesting::by_event(&notice, state, operation, trace)?;
        moment.roll_again(state);
    }
    if late {
        moment.roll_again(state);
    }
    if let Some(before) = before.as_ref().filter(|_| program.awards_goals()) {
        wants.extend(moment.award_goals((before, context), state, operation, trace)?);
    }
    operation.tier_changes.extend(moment.rise(before.as_ref().filter(|_| late), state, trace));
    Ok(wants)
}

/// A late activity is rated while the windows of its date are still kept.
fn refuse_too_late(subject: &Subject<'_>) -> Result<(), Problem> {
    if !subject.late {
        return Ok(());
    }
    let Subject { program, state, .. } = *subject;
    let when = subject.when();
    let counters = &program.document().counters;
    let too_late = counters.iter().any(|c| counter::value(program, state, &c.id, &when).is_none())
        || counters.iter().any(|c| counter::last(state, &c.id, when.at).is_none())
        || program.window_caps().iter().any(|cap| subject.used(&cap.id, cap.window).is_none())
        || grants::is_too_late(subject);
    if !too_late {
        return Ok(());
    }
    Err(Subject::too_late(format!("the counters of {} are no longer kept", subject.date)))
}

/// Counts what an activity adds to counters.
fn count(
    program: &Program,
    added: Vec<Added<'_>>,
    when: &When<'_>,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<(), OutOfRange> {
    for added in added {
        counter::count(program, state, &added, when)?;
        let Added { counter, slot, amount, award } = added;
        let of = CountedBy::Counter(counter.id.clone());
        operation.counted.push(CountedIn { of, slot, amount, award });
    }
    Ok(())
}

/// Books what was earned: awards, postings, lots, pending points, and what caps have used up.
fn record(
    earned: Vec<Earned<'_>>,
    moment: &Moment<'_>,
    occurred_at: OffsetTime,
    state: &mut MemberState,
    operation: &mut Operation,
) -> Result<(), Problem> {
    for (place, one) in (0_u32..).zip(earned) {
        let Earned { currency, points, given, used, terms } = one;
        let rules = given.into_iter().map(|given| given.rule).collect();
        for CapUse { of, window, slot, amount } in used {
            use_up(&of, (moment.program, window), (slot, amount), state)?;
            operation.counted.push(CountedIn { of, slot, amount, award: Some(place) });
        }
        let Outlook { waits, lapses } = vesting::outlook(moment.program, &currency, terms, &moment.when);
        let funded_by = terms.funded_by.cloned();
        let award = Award { currency, points, lapses, rules, waits, funded_by };
        book(&award, place, state, operation)?;
        if points.is_positive() {
            let waits = award.waits.is_some() || !operation.reviewed_for.is_empty();
            operation.postings.push(issued(&award, waits, occurred_at.at));
        }
        operation.awards.push(award);
    }
    Ok(())
}

/// Counts what a cap has used up; of budgets the state knows nothing.
fn use_up(
    of: &CountedBy,
    (program, window): (&Program, Window),
    (slot, amount): (i64, i128),
    state: &mut MemberState,
) -> Result<(), OutOfRange> {
    match of {
        CountedBy::Cap(cap) => Slots::of(program, window).add(&mut state.caps, cap, slot, amount),
        CountedBy::Counter(_) | CountedBy::Budget(_) | CountedBy::Grant(_) => Ok(()),
    }
}

/// Puts an award into its lot, or among what waits.
fn book(award: &Award, place: u32, state: &mut MemberState, operation: &Operation) -> Result<(), Problem> {
    let Award { currency, points, lapses, .. } = award;
    let balance = state.balance_mut(currency);
    balance.earned = balance.earned.plus(*points)?;
    // An activity that gives on several terms is one accrual.
    let before = operation.awards.iter().any(|it| it.currency == *currency && it.points.is_positive());
    let first = points.is_positive() && !before;
    balance.accruals = balance.accruals.saturating_add(u64::from(first));
    let review = !operation.reviewed_for.is_empty();
    let (due, then) = match &award.waits {
        Some(waits) => (waits.until, waits.then()),
        None if review => (operation.occurred_at.at, VestingOutcome::Vested),
        None => return Ok(balance.add(*points, *lapses, award.funded_by.as_ref())?),
    };
    let counted = operation.counted.iter().filter(|it| it.award == Some(place));
    state.wait(Pending {
        due,
        then,
        of: operation.key.clone(),
        award: place,
        currency: currency.clone(),
        points: *points,
        counted: counted.cloned().collect(),
        lapses: *lapses,
        funded_by: award.funded_by.clone(),
        returned: Vec::new(),
        review,
    })
}

fn issued(award: &Award, waits: bool, effective_at: Timestamp) -> Posting {
    Posting {
        currency: award.currency.clone(),
        from: Account::Issued,
        to: if waits { Account::Pending } else { Account::Available },
        points: award.points,
        effective_at,
        partner: award.funded_by.clone(),
    }
}

/// Adds to counters what began with others that counted it late.
fn count_copies(copied: &[CountedIn], program: &Program, state: &mut MemberState) -> Result<(), OutOfRange> {
    for CountedIn { of, slot, amount, .. } in copied {
        if let CountedBy::Counter(id) = of
            && let Some(counter) = program.counter(id)
        {
            Slots::of_counter(program, counter).add(&mut state.counters, id, *slot, *amount)?;
        }
    }
    Ok(())
}

/// Gives back what a return takes from counters and caps: amounts below 0 take.
fn give_back(counted: &[CountedIn], state: &mut MemberState) -> Result<(), OutOfRange> {
    for CountedIn { of, slot, amount, .. } in counted {
        match of {
            CountedBy::Counter(id) => counter::give_back(&mut state.counters, id, *slot, *amount)?,
            CountedBy::Cap(id) => counter::give_back(&mut state.caps, id, *slot, *amount)?,
            CountedBy::Grant(id) => counter::give_back(&mut state.gifts.times, id, *slot, *amount)?,
            CountedBy::Budget(_) => {}
        }
    }
    Ok(())
}
