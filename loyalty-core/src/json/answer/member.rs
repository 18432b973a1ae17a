//! A member as of an instant: balances, what lapses when, levels and what is missing to the next.

use schemars::JsonSchema;
use serde::Serialize;

use super::scale;
use crate::engine::Settled;
use crate::id::{AuthorId, MemberId, OperationKey};
use crate::ledger::operation::VestingOutcome;
use crate::member::{Balance, MemberState, TierState};
use crate::money::Money;
use crate::points::Points;
use crate::program::document::{Level, Requirement, Threshold};
use crate::program::{Program, Programs};
use crate::tier::measure;
use crate::time::{Date, Timestamp};

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
    /// One entry a currency that was ever earned.
    pub balances: Vec<BalanceView>,
    /// One entry a tier track.
    pub tiers: Vec<TierView>,
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
    /// All that was ever earned, less what was cancelled before it could be spent.
    pub earned: Points,
    /// All that returns took back.
    pub clawed_back: Points,
    /// All that lapsed unspent.
    pub expired: Points,
    /// All that was cancelled before it could be spent.
    pub cancelled: Points,
    /// All that returns should have taken and could not.
    pub forgiven: Points,
    /// Activities that gave more than nothing.
    pub accruals: u64,
    /// What lapses when, soonest first; points that never lapse are not listed.
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
    /// What becomes of them by themselves.
    pub then: VestingOutcome,
    /// When.
    pub at: Timestamp,
}

/// Points that lapse at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExpiringView {
    /// Minor units.
    pub points: Points,
    /// The first instant at which they are gone.
    pub at: Timestamp,
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
    /// When it is decided anew; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Where the member stands with what keeping the level takes; absent where nothing is asked now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Progress>,
    /// The next level and what is missing; absent at the highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<NextLevelView>,
    /// What was held before, oldest first, as far as it is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<TierIntervalView>,
}

/// The next level of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextLevelView {
    /// The level.
    pub level: AuthorId,
    /// What members see.
    pub name: String,
    /// What it takes and where the member stands.
    pub reach: Progress,
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
    /// A counter must reach a threshold.
    Counter(CounterProgress),
}

/// Where a counter stands: decimals of whole points, of money or a number of purchases, as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CounterProgress {
    /// The counter.
    pub id: AuthorId,
    /// What it holds in its present window.
    pub value: Money,
    /// The threshold.
    pub at_least: Money,
    /// What is missing; 0 where nothing is.
    pub missing: Money,
}

impl MemberView {
    /// The member as doors show it, by the program in force at the instant shown.
    pub fn new(settled: Settled, programs: &Programs) -> Self {
        let Settled { head, state, .. } = settled;
        let at = state.settled_to;
        let program = programs.at(at);
        let standing = Standing { program, state: &state, date: program.zone().date_at(at) };
        Self {
            member: head.member,
            seq: head.seq,
            enrolled_at: state.enrolled_at,
            settled_to: at,
            balances: state.balances.iter().map(|it| BalanceView::new(it, &state, program)).collect(),
            tiers: state.tiers.iter().map(|held| standing.tier(held)).collect(),
        }
    }
}

impl BalanceView {
    fn new(balance: &Balance, state: &MemberState, program: &Program) -> Self {
        let waiting = state.pending.iter().filter(|pending| pending.currency == balance.currency);
        let waiting = waiting.map(|pending| PendingView {
            of: pending.of.clone(),
            points: pending.points,
            then: pending.then,
            at: pending.due,
        });
        let currency = program.currency(&balance.currency);
        Self {
            currency: balance.currency.clone(),
            name: currency.map_or(balance.currency.as_str(), |currency| currency.shown()).to_owned(),
            scale: scale(program, &balance.currency),
            // INVARIANT: a state whose lots do not add up in range is never stored.
            available: balance.available().unwrap_or(Points::MAX),
            pending: state.pending_of(&balance.currency).unwrap_or(Points::MAX),
            earned: balance.earned,
            clawed_back: balance.clawed_back,
            expired: balance.expired,
            cancelled: balance.cancelled,
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
        let Some(at) = lot.expires_at else { continue };
        match expiring.last_mut().filter(|last| last.at == at) {
            // INVARIANT: a state whose lots do not add up in range is never stored.
            Some(last) => last.points = last.points.plus(lot.points).unwrap_or(Points::MAX),
            None => expiring.push(ExpiringView { points: lot.points, at }),
        }
    }
    expiring
}

/// What progress is measured on.
struct Standing<'a> {
    program: &'a Program,
    state: &'a MemberState,
    date: Date,
}

impl Standing<'_> {
    fn tier(&self, held: &TierState) -> TierView {
        let track = self.program.track(&held.track);
        let rank = track.and_then(|track| track.rank(&held.level));
        let level = |rank: usize| track.and_then(|track| track.levels.get(rank));
        let present = rank.and_then(level);
        let above = rank.and_then(|rank| level(rank.saturating_add(1)));
        let asked = present.filter(|_| held.until.is_some()).and_then(|level| level.keep.as_ref());
        let past = held.past.iter();
        TierView {
            track: held.track.clone(),
            level: held.level.clone(),
            name: present.map_or_else(|| held.level.to_string(), shown),
            since: held.since,
            until: held.until,
            keep: asked.map(|keep| self.progress(keep)),
            next: above.and_then(|above| self.next(above)),
            past: past.map(|was| TierIntervalView { level: was.level.clone(), from: was.from }).collect(),
        }
    }

    fn next(&self, level: &Level) -> Option<NextLevelView> {
        let reach = self.progress(level.reach.as_ref()?);
        Some(NextLevelView { level: level.id.clone(), name: shown(level), reach })
    }

    fn progress(&self, requirement: &Requirement) -> Progress {
        match requirement {
            Requirement::All(all) => Progress::All(all.iter().map(|one| self.progress(one)).collect()),
            Requirement::Any(any) => Progress::Any(any.iter().map(|one| self.progress(one)).collect()),
            Requirement::Counter(threshold) => Progress::Counter(self.counter(threshold)),
        }
    }

    fn counter(&self, threshold: &Threshold) -> CounterProgress {
        let (value, at_least) = measure(self.program, threshold, self.state, self.date);
        CounterProgress {
            id: threshold.id.clone(),
            value: Money::from_units(value),
            at_least: Money::from_units(at_least),
            missing: Money::from_units(at_least.saturating_sub(value).max(0)),
        }
    }
}

fn shown(level: &Level) -> String {
    level.name.clone().unwrap_or_else(|| level.id.to_string())
}
