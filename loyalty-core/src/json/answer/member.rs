//! A member as of an instant: balances, what lapses when, levels and what is missing to the next.

use schemars::JsonSchema;
use serde::Serialize;

use super::grants::{self, BadgeView, VoucherView};
use super::{HoldView, MemberStatus, OpenQuoteView, StoppedView, TransferView, scale};
use crate::engine::Settled;
use crate::id::{AuthorId, MemberId, OperationKey};
use crate::ledger::operation::VestingOutcome;
use crate::member::{Balance, Lapse, MemberState};
use crate::money::Money;
use crate::points::Points;
use crate::program::document::{Challenge, Level, Requirement, Streak, Threshold, TierTrack};
use crate::program::{Program, Programs};
use crate::referral::{Referee, Turn};
use crate::tier::{Counts, TierState};
use crate::time::{Date, Timestamp, When};

/// A member as of an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MemberView {
    /// Who.
    pub member: MemberId,
    /// The sequence of the newest commit.
    pub seq: u64,
    /// When the member's first activity happened.
    pub enrolled_at: Timestamp,
    /// The instant that this shows: everything that fell due until then is applied.
    pub settled_to: Timestamp,
    /// Whether the member takes part.
    pub status: MemberStatus,
    /// If not: since when, by whom and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StoppedView>,
    /// One entry a currency that was ever earned.
    pub balances: Vec<BalanceView>,
    /// One entry a tier track.
    pub tiers: Vec<TierView>,
    /// The challenges of the program, in its order, without those that are over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub challenges: Vec<ChallengeView>,
    /// The vouchers that are valid, that which ends first before the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vouchers: Vec<VoucherView>,
    /// The badges, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<BadgeView>,
    /// Points set aside at checkouts, the hold that ends first before the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldView>,
    /// Quotes that are valid, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<OpenQuoteView>,
    /// Points on their way to other members, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_transit: Vec<TransferView>,
    /// Who brought the member, and what came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<RefereeView>,
}

/// Who brought a member, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefereeView {
    /// Who did.
    pub referrer: MemberId,
    /// Since when that is known.
    pub since: Timestamp,
    /// The newest turn of each referral that has qualified.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub qualified: Vec<Turn>,
}

impl From<&Referee> for RefereeView {
    fn from(referee: &Referee) -> Self {
        let qualified = referee.qualified.iter().map(|it| it.last.clone()).collect();
        Self { referrer: referee.referrer.clone(), since: referee.since, qualified }
    }
}

/// Points of one currency, all in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BalanceView {
    /// The currency.
    pub currency: AuthorId,
    /// What members see.
    pub name: String,
    /// Decimals of a point.
    pub scale: u8,
    /// What may be spent.
    pub available: Points,
    /// What may not be spent yet.
    pub pending: Points,
    /// What is set aside at checkouts.
    pub held: Points,
    /// What is on its way to other members.
    pub in_transit: Points,
    /// What is owed; then nothing is available.
    pub debt: Points,
    /// All that was ever earned, less what was cancelled before it could be spent.
    pub earned: Points,
    /// All that returns took back, what is owed for them included.
    pub clawed_back: Points,
    /// All that lapsed unspent.
    pub expired: Points,
    /// All that was cancelled before it could be spent.
    pub cancelled: Points,
    /// All that was spent, less what came back of it.
    pub redeemed: Points,
    /// All that was given by hand, less what was taken.
    pub adjusted: Points,
    /// All that was given to other members, once it had arrived.
    pub given: Points,
    /// All that other members gave.
    pub received: Points,
    /// All that was forfeited when the member was closed, or came afterwards, less what was owed.
    pub forfeited: Points,
    /// All that returns should have taken and could not.
    pub forgiven: Points,
    /// Activities that gave more than nothing.
    pub accruals: u64,
    /// What lapses when, soonest first; points that never lapse, or not at the level held, are not listed.
    pub expiring: Vec<ExpiringView>,
    /// What waits, that which falls due first before the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<PendingView>,
}

/// Points of one award that may not be spent yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PendingView {
    /// The operation that gave them.
    pub of: OperationKey,
    /// Minor units.
    pub points: Points,
    /// Whether a person has to approve them first.
    pub review: bool,
    /// What becomes of them by themselves; absent under review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<VestingOutcome>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Points that lapse at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExpiringView {
    /// Minor units.
    pub points: Points,
    /// The first instant at which they are gone.
    pub at: Timestamp,
    /// Whether an activity until then lets them live on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_activity: bool,
}

/// The level held on one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TierView {
    /// The track.
    pub track: AuthorId,
    /// The level.
    pub level: AuthorId,
    /// What members see.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is decided anew or over, in grace when the drop comes; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What keeping the level then takes; absent where nothing keeps it or nothing is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Progress>,
    /// The level that the present one drops to at its end unless it is kept, while that drop waits for its grace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<AuthorId>,
    /// The level that is earned, where the one held was given above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earned: Option<AuthorId>,
    /// The levels above and what reaching each takes, the next one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<NextLevelView>,
    /// What was held before, oldest first, as far as it is kept; all of it is in the history.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<TierIntervalView>,
}

/// A challenge and where the member stands with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChallengeView {
    /// The challenge.
    pub challenge: AuthorId,
    /// What members see.
    pub name: String,
    /// The first date on which it may be completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Whether the present windows have all that it takes.
    pub completed: bool,
    /// What it takes and where the member stands.
    pub progress: Progress,
}

/// A level above the one held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextLevelView {
    /// The level.
    pub level: AuthorId,
    /// What members see.
    pub name: String,
    /// What it takes and where the member stands; absent where only `lifetime` leads there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<Progress>,
    /// What makes it one for life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Progress>,
}

/// A level held from one instant to the next interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TierIntervalView {
    /// The level.
    pub level: AuthorId,
    /// Its first instant.
    pub from: Timestamp,
}

/// Where a member stands with a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Every one of these is needed.
    All(Vec<Progress>),
    /// One of these is enough.
    Any(Vec<Progress>),
    /// So many of these are needed.
    AtLeast(ProgressOfSome),
    /// A counter must reach a threshold.
    Counter(CounterProgress),
    /// A counter must reach a value in several windows one after the other.
    Streak(StreakProgress),
}

/// Where a member stands with several, of which so many are needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProgressOfSome {
    /// How many.
    pub count: u16,
    /// Where the member stands with each.
    pub of: Vec<Progress>,
}

/// Where a counter stands: decimals of whole points, of money or a number of purchases, as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CounterProgress {
    /// The counter.
    pub id: AuthorId,
    /// What it holds in its window, with what was credited.
    pub value: Money,
    /// What of it was not counted but rolled over or was a head start; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited: Option<Money>,
    /// The threshold.
    pub at_least: Money,
    /// What is missing; 0 where nothing is.
    pub missing: Money,
    /// The first instant after the window, by which it has to be there; absent for a window that does not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
}

/// Where a streak stands: decimals of whole points, of money or a number of purchases, as its counter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StreakProgress {
    /// The counter.
    pub counter: AuthorId,
    /// How many windows reach the value without a gap, up to the present one or the one before it.
    pub reached: u16,
    /// How many are needed, the present one included.
    pub windows: u16,
    /// What the present window holds.
    pub value: Money,
    /// What each window has to reach.
    pub at_least: Money,
    /// What is missing in the present window; 0 where nothing is.
    pub missing: Money,
    /// The first instant after the present window, by which it has to be there for the streak to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
}

impl MemberView {
    /// The member as doors show it, by the program in force at the instant shown.
    pub fn new(settled: Settled, programs: &Programs) -> Self {
        let Settled { head, state, .. } = settled;
        let at = state.settled_to;
        let program = programs.at(at);
        let when = program.when(&state, at, program.zone().date_at(at));
        let standing = Standing { program, state: &state, when };
        let (vouchers, badges) = grants::held(&state, program);
        Self {
            member: head.member,
            seq: head.seq,
            enrolled_at: state.enrolled_at,
            settled_to: at,
            status: MemberStatus::of(state.stopped.as_ref()),
            stopped: state.stopped.as_ref().map(StoppedView::from),
            balances: state.balances.iter().map(|it| BalanceView::new(it, &state, program)).collect(),
            tiers: state.tiers.iter().map(|held| standing.tier(held)).collect(),
            challenges: standing.challenges(),
            vouchers,
            referral: state.referral.as_ref().map(RefereeView::from),
            badges,
            holds: state.holds.iter().map(|held| HoldView::new(held, program)).collect(),
            quotes: state.quotes.iter().map(OpenQuoteView::from).collect(),
            in_transit: state.in_transit.iter().map(|sent| TransferView::sent(sent, program)).collect(),
        }
    }
}

impl BalanceView {
    fn new(balance: &Balance, state: &MemberState, program: &Program) -> Self {
        let waiting = state.pending.iter().filter(|pending| pending.currency == balance.currency);
        let waiting = waiting.map(|pending| PendingView {
            of: pending.of.clone(),
            points: pending.points,
            review: pending.review,
            then: (!pending.review).then_some(pending.then),
            at: (!pending.review).then_some(pending.due),
        });
        let currency = program.currency(&balance.currency);
        Self {
            currency: balance.currency.clone(),
            name: currency.map_or(balance.currency.as_str(), |currency| currency.shown()).to_owned(),
            scale: scale(program, &balance.currency),
            // INVARIANT: a state whose lots do not add up in range is never stored.
            available: balance.available().unwrap_or(Points::MAX),
            pending: state.pending_of(&balance.currency).unwrap_or(Points::MAX),
            held: state.held_of(&balance.currency).unwrap_or(Points::MAX),
            in_transit: state.in_transit_of(&balance.currency).unwrap_or(Points::MAX),
            debt: balance.debt,
            earned: balance.earned,
            clawed_back: balance.clawed_back,
            expired: balance.expired,
            cancelled: balance.cancelled,
            redeemed: balance.redeemed,
            adjusted: balance.adjusted,
            given: balance.given,
            received: balance.received,
            forfeited: balance.forfeited,
            forgiven: balance.forgiven,
            accruals: balance.accruals,
            expiring: expiring(balance),
            waiting: waiting.collect(),
        }
    }
}

/// What lapses when, whoever pays for it.
fn expiring(balance: &Balance) -> Vec<ExpiringView> {
    let mut expiring: Vec<ExpiringView> = Vec::new();
    for lot in &balance.lots {
        let Some(at) = balance.living.lapses_at(lot) else { continue };
        let by_activity = lot.lapses == Some(Lapse::Idle);
        match expiring.last_mut().filter(|last| (last.at, last.by_activity) == (at, by_activity)) {
            // INVARIANT: a state whose lots do not add up in range is never stored.
            Some(last) => last.points = last.points.plus(lot.points).unwrap_or(Points::MAX),
            None => expiring.push(ExpiringView { points: lot.points, at, by_activity }),
        }
    }
    expiring
}

/// What progress is measured on.
struct Standing<'a> {
    program: &'a Program,
    state: &'a MemberState,
    when: When<'a>,
}

impl Standing<'_> {
    fn challenges(&self) -> Vec<ChallengeView> {
        let Standing { program, state, when } = self;
        let measured = Measured { standing: self, track: None };
        let (counts, today) = (Counts { program, track: None, state }, when.date);
        let over = |it: &&Challenge| it.dates.and_then(|dates| dates.to).is_some_and(|to| to < today);
        let all = program.document().challenges.iter().filter(|it| !over(it)).map(|it| ChallengeView {
            challenge: it.id.clone(),
            name: it.name.clone().unwrap_or_else(|| it.id.to_string()),
            from: it.dates.and_then(|dates| dates.from),
            to: it.dates.and_then(|dates| dates.to),
            completed: counts.holds(Some(&it.complete), when),
            progress: measured.progress(&it.complete, when),
        });
        all.collect()
    }

    fn tier(&self, held: &TierState) -> TierView {
        let track = self.program.track(&held.track);
        let levels = track.map_or(&[][..], |track| &track.levels);
        let rank = levels.iter().position(|level| level.id == *held.level());
        let present = rank.and_then(|rank| levels.get(rank));
        let above = rank.and_then(|rank| levels.get(rank.saturating_add(1)..)).unwrap_or_default();
        let measured = track.map(|track| Measured { standing: self, track: Some(track) });
        let past = held.past.iter();
        TierView {
            track: held.track.clone(),
            level: held.level().clone(),
            name: present.map_or_else(|| held.level().to_string(), shown),
            since: held.since(),
            until: held.until(),
            keep: measured.as_ref().zip(present).and_then(|(on, level)| on.keep(held, level)),
            waiting: held.status.waiting.as_ref().filter(|_| held.granted.is_none()).map(|it| it.to.clone()),
            earned: held.granted.as_ref().map(|_| held.status.level.clone()),
            next: measured.iter().flat_map(|on| above.iter().map(|level| on.next(level))).collect(),
            past: past.map(|was| TierIntervalView { level: was.level.clone(), from: was.from }).collect(),
        }
    }
}

/// What progress is measured on: counters as a track sees them, or as they are.
struct Measured<'a> {
    standing: &'a Standing<'a>,
    track: Option<&'a TierTrack>,
}

impl Measured<'_> {
    /// What keeps the level held when it ends: of one given what was asked, of one earned its own condition.
    fn keep(&self, held: &TierState, level: &Level) -> Option<Progress> {
        let Standing { program, state, when: now } = self.standing;
        let last = held.until()?.plus_micros(-1);
        let last = program.when(state, last, program.zone().date_at(last));
        if let Some(granted) = &held.granted {
            let each = granted.keep.iter().map(|asked| Progress::Counter(self.counter(asked, &last)));
            return Some(Progress::All(each.collect())).filter(|_| !granted.keep.is_empty());
        }
        if held.status.waiting.is_some() {
            let asked = level.keep.as_ref().or(level.reach.as_ref())?;
            return Some(self.progress(asked, now));
        }
        level.keep.as_ref().map(|keep| self.progress(keep, &last))
    }

    fn next(&self, level: &Level) -> NextLevelView {
        let now = &self.standing.when;
        let progress = |asked: &Option<Requirement>| asked.as_ref().map(|asked| self.progress(asked, now));
        NextLevelView {
            level: level.id.clone(),
            name: shown(level),
            reach: progress(&level.reach),
            lifetime: progress(&level.lifetime),
        }
    }

    fn progress(&self, requirement: &Requirement, when: &When<'_>) -> Progress {
        let each = |list: &[Requirement]| list.iter().map(|one| self.progress(one, when)).collect();
        match requirement {
            Requirement::All(all) => Progress::All(each(all)),
            Requirement::Any(any) => Progress::Any(each(any)),
            Requirement::AtLeast(some) => {
                Progress::AtLeast(ProgressOfSome { count: some.count, of: each(&some.of) })
            }
            Requirement::Counter(threshold) => Progress::Counter(self.counter(threshold, when)),
            Requirement::Streak(streak) => Progress::Streak(self.streak(streak, when)),
        }
    }

    fn streak(&self, streak: &Streak, when: &When<'_>) -> StreakProgress {
        let Standing { program, state, .. } = *self.standing;
        let counts = Counts { program, track: self.track, state };
        let value = counts.held(streak, when);
        let end = program.counter(&streak.counter).and_then(|counter| counter.window.end(when));
        StreakProgress {
            counter: streak.counter.clone(),
            reached: u16::try_from(counts.run(streak, when)).unwrap_or(streak.windows),
            windows: streak.windows,
            value: Money::from_units(value),
            at_least: streak.at_least,
            missing: Money::from_units(streak.at_least.units().saturating_sub(value).max(0)),
            by: end.map(|end| program.zone().start_of(end)),
        }
    }

    fn counter(&self, threshold: &Threshold, when: &When<'_>) -> CounterProgress {
        let Standing { program, state, .. } = *self.standing;
        let counts = Counts { program, track: self.track, state };
        let value = counts.value(&threshold.id, when).unwrap_or_default();
        let end = program.counter(&threshold.id).and_then(|counter| counter.window.end(when));
        CounterProgress {
            id: threshold.id.clone(),
            value: Money::from_units(value),
            credited: Some(counts.credited(&threshold.id, when)).filter(|it| *it != 0).map(Money::from_units),
            at_least: threshold.at_least,
            missing: Money::from_units(threshold.at_least.units().saturating_sub(value).max(0)),
            by: end.map(|end| program.zone().start_of(end)),
        }
    }
}

fn shown(level: &Level) -> String {
    level.name.clone().unwrap_or_else(|| level.id.to_string())
}
