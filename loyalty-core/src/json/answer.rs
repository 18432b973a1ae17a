//! What every door answers: operations, members, histories, proofs and previews as JSON.
//!
//! Points are whole numbers of minor units with the currency's scale beside them. An answer is a function of
//! the commit that holds it and of the program versions, so a replay gives the same one.

mod by_hand;
mod events;
mod goals;
mod grants;
mod holdings;
mod kind;
mod member;
mod membership;
mod spending;
mod transfers;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::adjustment::Adjust;
use crate::command::Command;
use crate::correction::{ExtendExpiry, Reinstate};
use crate::decision::Nearest;
use crate::engine::{Answer, Entry, Explanation, Preview};
use crate::explain::Step;
use crate::id::{ActivityId, AuthorId, MemberId, OperationKey};
use crate::ledger::operation::{self, Operation, TierChange, Unmatched, VestingOutcome, Waits};
use crate::ledger::posting::{Account, Posting};
use crate::member::{Lapse, MemberState};
use crate::membership::MembershipChange;
use crate::money::Money;
use crate::points::Points;
use crate::problem::Problem;
use crate::program::{Program, Programs, VersionId};
use crate::referral::Turn;
use crate::tier::TierGrant;
use crate::time::{OffsetTime, Timestamp};
use crate::vesting::Review;

use self::by_hand::ByHand;
pub use self::events::{
    CancelledEvent, ChallengeEvent, EventType, EventView, GiftEvent, HoldEvent, RefusedEvent,
    ReviewClosedEvent, ReviewOpenedEvent, RewardEvent, StatusEvent, TransferEvent, VoucherEndedEvent,
    VoucherUsedEvent,
};
pub use self::goals::{ChallengeAwardView, ChallengeTakeView, LevelAwardView, LevelTakeView};
pub use self::grants::{
    BadgeView, CreditView, EndedView, GiftView, GivenTierView, GrantedView, ReferralView, RegrantedView,
    RegrantedWhat, VoucherView,
};
pub use self::holdings::{AccountsView, HoldingsView, LevelHeldView};
pub use self::kind::OperationKind;
pub use self::member::{
    BalanceView, ChallengeView, CounterProgress, ExpiringView, MemberView, NextLevelView, PendingView,
    Progress, ProgressOfSome, TierIntervalView, TierView,
};
pub use self::membership::{MemberStatus, StoppedView};
pub use self::spending::{
    ConvertedView, HoldView, OpenQuoteView, QuoteView, RedemptionView, SpentLotView, VoucherUseView,
};
pub use self::transfers::{EndedTransferView, ParcelView, TransferView};

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AnswerView {
    /// Whose chain.
    pub member: MemberId,
    /// The sequence of the commit that holds the operation.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Whether it had happened before; nothing else of an answer differs then.
    pub replayed: bool,
    /// What was decided.
    pub operation: OperationView,
    /// What the member may spend after the commit, by currency.
    pub balances: Vec<BalanceAfter>,
    /// The levels held after the commit, by track.
    pub tiers: Vec<TierAfter>,
}

/// One operation in a member's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EntryView {
    /// The sequence of its commit.
    pub seq: u64,
    /// Its place in the commit, from 0.
    pub index: usize,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What was decided.
    pub operation: OperationView,
}

/// A page of a member's history, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HistoryView {
    /// Its entries; operations of one commit are never torn apart.
    pub entries: Vec<EntryView>,
    /// What to send to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An operation with its proof, decided again on what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProofView {
    /// The sequence of the commit that holds the operation.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What was decided.
    pub operation: OperationView,
    /// How, step by step.
    pub steps: Vec<Step>,
    /// The least that a line would have to cost more for the next threshold or full step that earns more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
}

/// What a command would do now, with its proof; nothing of it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PreviewView {
    /// What would be decided.
    pub operation: OperationView,
    /// What the member might spend afterwards, by currency.
    pub balances: Vec<BalanceAfter>,
    /// The levels held afterwards, by track.
    pub tiers: Vec<TierAfter>,
    /// How, step by step.
    pub steps: Vec<Step>,
    /// The least that a line would have to cost more for the next threshold or full step that earns more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
}

/// What was decided for one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OperationView {
    /// What makes it happen once.
    pub key: OperationKey,
    /// What kind of command it was.
    pub kind: OperationKind,
    /// The business's id of it; absent of what happens once anyway, such as joining.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ActivityId>,
    /// When the activity happened; of what is no activity, when it was recorded.
    pub occurred_at: OffsetTime,
    /// The program version that decided it.
    pub version: VersionId,
    /// What it gave, an entry for each currency and terms.
    pub awards: Vec<AwardView>,
    /// What joining gave, where it enrolled the member; no return takes it back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub welcome: Vec<AwardView>,
    /// What it took back, one entry for each purchase returned from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<ReturnedView>,
    /// Parts of a return for which no sale was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<Unmatched>,
    /// The limits for which what it earned waits for a review.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviewed_for: Vec<AuthorId>,
    /// Pending points of a purchase that it let vest or cancelled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vesting: Vec<VestingView>,
    /// Levels that changed: what fell due before it, then what it reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tier_changes: Vec<TierChange>,
    /// What levels gave that it reached, the lowest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub level_awards: Vec<LevelAwardView>,
    /// What a return took back from levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub level_takes: Vec<LevelTakeView>,
    /// What challenges gave that it completed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub challenge_awards: Vec<ChallengeAwardView>,
    /// What a return took back from challenges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub challenge_takes: Vec<ChallengeTakeView>,
    /// What grants gave that is no points.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<GrantedView>,
    /// What a return took back of grants, or gave again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regranted: Vec<RegrantedView>,
    /// Vouchers that ended before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vouchers_ended: Vec<EndedView>,
    /// The level that was given, by whom and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<TierGrant>,
    /// What was approved or refused, by whom and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// What was spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redemption: Option<RedemptionView>,
    /// The voucher that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<VoucherUseView>,
    /// Points that became vouchers before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub converted: Vec<ConvertedView>,
    /// The key of the redemption that was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<ActivityId>,
    /// The money to be paid back with it, in the program's money, which was paid beside the points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_back: Option<Money>,
    /// What a quote promises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<QuoteView>,
    /// What was given or taken by hand, by whom and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Adjust>,
    /// Whether that waits for a second person, so that nothing has moved.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub proposed: bool,
    /// The return that was undone; what came of it is in `returned`, below 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<ActivityId>,
    /// What lapses later now, by whom and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended: Option<ExtendExpiry>,
    /// What came back that had lapsed, by whom and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reinstated: Option<Reinstate>,
    /// Who had the member frozen, take part again or closed, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<MembershipChange>,
    /// The hold that was placed, or lasts longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldView>,
    /// The hold that was captured or voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_hold: Option<ActivityId>,
    /// Who was named as having brought the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<MemberId>,
    /// The turn of a referral by another member, for whom the points move that are due to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// Turns of the member's own referral by it: what the referrer is due, or no longer is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// What was given to another member, or came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferView>,
    /// The transfer that arrived, or came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_transfer: Option<EndedTransferView>,
    /// Why it was refused, where it spends: nothing was done then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Problem>,
    /// Points moved: what fell due before it, then its own.
    pub postings: Vec<PostingView>,
}

/// Points given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AwardView {
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Minor units; 0 where rules matched and gave nothing.
    pub points: Points,
    /// When they lapse; never where absent. Of points that wait for an event, that is decided when they vest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether they lapse with all that live by activity: the member's balance says when.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_activity: bool,
    /// What they wait for; absent where they may be spent at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// The partner that pays for them; absent where the program does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funded_by: Option<AuthorId>,
    /// The rules that took part.
    pub rules: Vec<AuthorId>,
}

/// Pending points of a purchase that vested or were cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VestingView {
    /// The purchase.
    pub activity: ActivityId,
    /// What became of the points.
    pub outcome: VestingOutcome,
    /// Minor units.
    pub points: Points,
    /// When those that vested lapse; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether they lapse with all that live by activity: the member's balance says when.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_activity: bool,
    /// Whether they are under review, and only vest once they are approved.
    pub held: bool,
}

/// What came back of one purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReturnedView {
    /// The purchase.
    pub activity: ActivityId,
    /// What that took, by currency.
    pub takes: Vec<TakeView>,
}

/// Points taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TakeView {
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Minor units taken; below 0 where they are given again.
    pub points: Points,
    /// Minor units that are no longer there and not owed; below 0 where they are missed no more.
    pub forgiven: Points,
    /// Minor units that are no longer there and owed from now on; below 0 where less is owed.
    pub into_debt: Points,
}

/// Points from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PostingView {
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Where they come from.
    pub from: Account,
    /// Where they go.
    pub to: Account,
    /// Minor units, above 0.
    pub points: Points,
    /// When it counts.
    pub effective_at: Timestamp,
    /// The partner that pays for the points: the program-side account is that partner's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<AuthorId>,
}

/// What a member may spend after a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BalanceAfter {
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Minor units.
    pub available: Points,
    /// Minor units that may not be spent yet.
    pub pending: Points,
    /// Minor units that are set aside at checkouts.
    pub held: Points,
}

/// The level held on a track after a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TierAfter {
    /// The track.
    pub track: AuthorId,
    /// The level.
    pub level: AuthorId,
}

impl AnswerView {
    /// The answer as doors show it.
    pub fn new(answer: Answer, programs: &Programs) -> Self {
        let Answer { head, operation, replayed } = answer;
        let program = program_of(&operation, programs);
        let head = Arc::unwrap_or_clone(head);
        let (balances, tiers) = after(head.state, program);
        Self {
            member: head.member,
            seq: head.seq,
            recorded_at: head.recorded_at,
            replayed,
            operation: OperationView::new(operation, program),
            balances,
            tiers,
        }
    }
}

impl EntryView {
    /// The entry as doors show it.
    pub fn new(entry: Entry, programs: &Programs) -> Self {
        let Entry { seq, index, recorded_at, operation } = entry;
        let program = program_of(&operation, programs);
        Self { seq, index, recorded_at, operation: OperationView::new(operation, program) }
    }
}

impl ProofView {
    /// The proof as doors show it.
    pub fn new(explanation: Explanation, programs: &Programs) -> Self {
        let Explanation { answer: Answer { head, operation, .. }, steps, nearest } = explanation;
        let program = program_of(&operation, programs);
        let operation = OperationView::new(operation, program);
        Self { seq: head.seq, recorded_at: head.recorded_at, operation, steps, nearest }
    }
}

impl PreviewView {
    /// The preview as doors show it.
    pub fn new(preview: Preview, programs: &Programs) -> Self {
        let Preview { decision, steps, nearest } = preview;
        let program = program_of(&decision.operation, programs);
        let (balances, tiers) = after(decision.state, program);
        let mut operation = OperationView::new(decision.operation, program);
        operation.granted = operation.granted.into_iter().map(GrantedView::without_code).collect();
        let bought = operation.redemption.as_mut().and_then(|it| it.voucher.as_mut());
        let converted = operation.converted.iter_mut().map(|it| &mut it.voucher);
        bought.into_iter().chain(converted).for_each(|voucher| voucher.code = None);
        Self { operation, balances, tiers, steps, nearest }
    }
}

impl OperationView {
    fn new(operation: Operation, program: &Program) -> Self {
        let Operation { key, occurred_at, version, settlement, sealed, .. } = operation;
        let ByHand { grant, review, adjustment, undone, extended, reinstated, membership } =
            ByHand::of(&sealed.command);
        let postings = settlement.postings.into_iter().chain(operation.postings);
        let tier_changes = settlement.tier_changes.into_iter().chain(operation.tier_changes);
        let (level_awards, challenge_awards) = goals::awards(operation.goal_awards, program);
        let (level_takes, challenge_takes) = goals::takes(operation.goal_takes, program);
        let returned = operation.returned.into_iter().map(|returned| ReturnedView {
            activity: returned.activity,
            takes: returned.takes.into_iter().map(|take| TakeView::new(take, program)).collect(),
        });
        Self {
            key,
            kind: OperationKind::of(&sealed.command),
            id: sealed.command.id().cloned(),
            grant,
            review,
            redemption: operation.redeemed.map(|redeemed| RedemptionView::new(redeemed, program)),
            used: operation.used.map(|used| VoucherUseView::new(used, program)),
            converted: settlement.converted.into_iter().map(|it| ConvertedView::new(it, program)).collect(),
            cancelled: cancelled(&sealed.command),
            pay_back: operation.pay_back,
            quoted: operation.quoted.map(|quoted| QuoteView::new(quoted, program)),
            adjustment,
            proposed: operation.proposed,
            undone,
            extended,
            reinstated,
            membership,
            hold: operation.held.map(|held| HoldView::new(&held, program)),
            ended_hold: match &sealed.command {
                Command::Capture(_) | Command::Void(_) if operation.refused.is_none() => {
                    sealed.command.hold().cloned()
                }
                _ => None,
            },
            referrer: match &sealed.command {
                Command::NameReferrer(name) => Some(name.referrer.clone()),
                _ => None,
            },
            turn: match &sealed.command {
                Command::Referral(turn) => Some(turn.as_ref().clone()),
                _ => None,
            },
            turns: operation.turns,
            transfer: TransferView::of(&sealed.command, operation.sent.as_ref(), program),
            ended_transfer: EndedTransferView::of(&sealed.command),
            refused: operation.refused.map(|refused| refused.problem()),
            reviewed_for: operation.reviewed_for,
            occurred_at,
            version,
            awards: operation.awards.into_iter().map(|award| AwardView::new(award, program)).collect(),
            welcome: operation.welcome.into_iter().map(|award| AwardView::new(award, program)).collect(),
            returned: returned.collect(),
            level_awards,
            level_takes,
            challenge_awards,
            challenge_takes,
            granted: operation.granted.into_iter().map(|it| GrantedView::new(it, program)).collect(),
            regranted: operation.regranted.into_iter().map(|it| RegrantedView::new(it, program)).collect(),
            vouchers_ended: settlement.vouchers.into_iter().map(EndedView::from).collect(),
            unmatched: operation.unmatched,
            vesting: operation.vesting.into_iter().map(VestingView::from).collect(),
            tier_changes: tier_changes.collect(),
            postings: postings.map(|posting| PostingView::new(posting, program)).collect(),
        }
    }
}

impl AwardView {
    fn new(award: operation::Award, program: &Program) -> Self {
        let operation::Award { currency, points, lapses, rules, waits, funded_by } = award;
        let (expires_at, by_activity) = shown(lapses);
        let scale = scale(program, &currency);
        Self { scale, currency, points, expires_at, by_activity, waits, funded_by, rules }
    }
}

impl From<operation::Vesting> for VestingView {
    fn from(vesting: operation::Vesting) -> Self {
        let operation::Vesting { activity, outcome, points, lapses, held, .. } = vesting;
        let (expires_at, by_activity) = shown(lapses);
        Self { activity, outcome, points, expires_at, by_activity, held }
    }
}

impl TakeView {
    fn new(take: operation::Take, program: &Program) -> Self {
        let operation::Take { currency, points, forgiven, lots: _, into_debt } = take;
        Self { scale: scale(program, &currency), currency, points, forgiven, into_debt }
    }
}

impl PostingView {
    fn new(posting: Posting, program: &Program) -> Self {
        let Posting { currency, from, to, points, effective_at, partner } = posting;
        Self { scale: scale(program, &currency), currency, from, to, points, effective_at, partner }
    }
}

/// The key of the redemption that a command cancels.
fn cancelled(command: &Command) -> Option<ActivityId> {
    match command {
        Command::CancelRedemption(cancel) => Some(cancel.of.clone()),
        _ => None,
    }
}

/// The version that decided an operation. A published version never goes away, so it is found.
fn program_of<'a>(operation: &Operation, programs: &'a Programs) -> &'a Program {
    programs.version(operation.version).unwrap_or_else(|| programs.at(operation.occurred_at.at))
}

/// When points lapse, and whether with all that live by activity.
fn shown(lapses: Option<Lapse>) -> (Option<Timestamp>, bool) {
    (lapses.and_then(Lapse::at), lapses == Some(Lapse::Idle))
}

/// The decimals of a currency; 0 where the program does not know it.
fn scale(program: &Program, currency: &AuthorId) -> u8 {
    program.currency(currency).map_or(0, |currency| currency.scale)
}

fn after(state: MemberState, program: &Program) -> (Vec<BalanceAfter>, Vec<TierAfter>) {
    let balances = state.balances.iter().map(|balance| BalanceAfter {
        scale: scale(program, &balance.currency),
        // INVARIANT: a state whose lots do not add up in range is never stored.
        available: balance.available().unwrap_or(Points::MAX),
        pending: state.pending_of(&balance.currency).unwrap_or(Points::MAX),
        held: state.held_of(&balance.currency).unwrap_or(Points::MAX),
        currency: balance.currency.clone(),
    });
    let balances = balances.collect();
    let tiers =
        state.tiers.into_iter().map(|held| TierAfter { level: held.level().clone(), track: held.track });
    (balances, tiers.collect())
}
