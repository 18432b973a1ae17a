//! Events: what the feed publishes about commits.
//!
//! An event tells that something happened, with what others act on. It never has what is personal or secret: no baskets, no
//! reasons, no names of people, no codes of vouchers; who may see these reads the member's history.

use schemars::JsonSchema;
use serde::Serialize;

use super::grants::{GiftView, VoucherView};
use super::{MemberStatus, OperationKind, PostingView, program_of, scale};
use crate::command::Command;
use crate::id::{ActivityId, AuthorId, MemberId, OperationKey};
use crate::ledger::commit::Commit;
use crate::ledger::operation::{GoalAward, Operation, Settlement, TierChange};
use crate::points::Points;
use crate::program::{Program, Programs};
use crate::redemption::Redeemed;
use crate::time::Timestamp;
use crate::vesting::Review;

/// Something that happened to a member.
///
/// `member`, `seq` and `number` say which of all events it is: whoever is told again knows by them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventView {
    /// Where its commit stands among those of all members.
    pub position: u64,
    /// Whose chain.
    pub member: MemberId,
    /// The commit in the chain, from 1.
    pub seq: u64,
    /// Its number among the events of the commit, from 1.
    pub number: u32,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The operation that it came with.
    pub key: OperationKey,
    /// What kind of operation that was; absent where it fell due by itself before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<OperationKind>,
    /// What happened.
    #[serde(flatten)]
    pub what: EventType,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventType {
    /// The member's first operation.
    MemberEnrolled,
    /// The member was frozen, takes part again, or was closed.
    MemberStatusChanged(StatusEvent),
    /// Points went from one account to another.
    PointsMoved(PostingView),
    /// A level was reached, lost or renewed.
    TierChanged(TierChange),
    /// A challenge was completed that gives points.
    ChallengeCompleted(ChallengeEvent),
    /// A voucher, a badge, a level or a credit was given.
    GiftGiven(GiftEvent),
    /// It was taken back.
    GiftTakenBack(GiftEvent),
    /// A voucher ended before it was used up.
    VoucherEnded(VoucherEndedEvent),
    /// A voucher was used.
    VoucherUsed(VoucherUsedEvent),
    /// What an activity earned waits for a person.
    ReviewOpened(ReviewOpenedEvent),
    /// A person approved or refused what waited.
    ReviewClosed(ReviewClosedEvent),
    /// Points were spent on a reward.
    RewardRedeemed(RewardEvent),
    /// That was undone.
    RedemptionCancelled(CancelledEvent),
    /// Points were set aside for a reward, or are for longer.
    HoldPlaced(HoldEvent),
    /// Points were sent to another member.
    TransferSent(TransferEvent),
    /// A command that spends was refused because of how the member stands.
    CommandRefused(RefusedEvent),
}

/// How a member stands from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatusEvent {
    /// Whether they take part.
    pub status: MemberStatus,
}

/// A challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChallengeEvent {
    /// The challenge of the program.
    pub challenge: AuthorId,
}

/// Something that is no points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GiftEvent {
    /// The grant of the program; absent of what was bought or converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<AuthorId>,
    /// What it is. A voucher is told without its code.
    pub gift: GiftView,
}

/// A voucher that is valid no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VoucherEndedEvent {
    /// The voucher of the program.
    pub voucher: AuthorId,
    /// The first instant at which it was valid no more.
    pub at: Timestamp,
}

/// A voucher that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VoucherUsedEvent {
    /// The voucher of the program.
    pub voucher: AuthorId,
}

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReviewOpenedEvent {
    /// The limits for which it waits; none of an adjustment by hand.
    pub limits: Vec<AuthorId>,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReviewClosedEvent {
    /// The operation that waited.
    pub of: OperationKey,
    /// Whether it was approved.
    pub approved: bool,
}

/// What was spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RewardEvent {
    /// The reward of the program.
    pub reward: AuthorId,
    /// The currency.
    pub currency: AuthorId,
    /// Its decimals.
    pub scale: u8,
    /// Minor units.
    pub points: Points,
}

/// A redemption that was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CancelledEvent {
    /// The redemption's operation.
    pub of: OperationKey,
}

/// Points that are set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HoldEvent {
    /// The hold.
    pub hold: ActivityId,
    /// The first instant at which it is over by itself.
    pub until: Timestamp,
    /// For what.
    #[serde(flatten)]
    pub reward: RewardEvent,
}

/// Points on their way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TransferEvent {
    /// The transfer.
    pub transfer: ActivityId,
    /// Who gets them.
    pub to: MemberId,
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefusedEvent {
    /// The code of the refusal.
    pub code: String,
}

impl EventView {
    /// All events of a commit that stands at a position of the feed, in the order in which they happened.
    pub fn of(position: u64, commit: Commit, programs: &Programs) -> Vec<Self> {
        let Commit { head, operations } = commit;
        let mut events = Vec::new();
        for (place, operation) in operations.into_iter().enumerate() {
            let program = program_of(&operation, programs);
            let (key, kind) = (operation.key.clone(), OperationKind::of(&operation.sealed.command));
            let joins = head.seq == 1 && place == 0;
            let due = due(&operation.settlement, program).into_iter().map(|what| (None, what));
            let done = done(operation, joins, program).into_iter().map(|what| (Some(kind), what));
            for (kind, what) in due.chain(done) {
                events.push(Self {
                    position,
                    member: head.member.clone(),
                    seq: head.seq,
                    number: u32::try_from(events.len()).unwrap_or(u32::MAX).saturating_add(1),
                    recorded_at: head.recorded_at,
                    key: key.clone(),
                    kind,
                    what,
                });
            }
        }
        events
    }
}

/// What fell due by itself.
fn due(settlement: &Settlement, program: &Program) -> Vec<EventType> {
    let moved = settlement.postings.iter().cloned();
    let moved = moved.map(|posting| EventType::PointsMoved(PostingView::new(posting, program)));
    let levels = settlement.tier_changes.iter().cloned().map(EventType::TierChanged);
    let converted = settlement.converted.iter().map(|converted| {
        let voucher = VoucherView::new(converted.voucher.clone(), program);
        EventType::GiftGiven(GiftEvent::new(None, GiftView::Voucher(voucher)))
    });
    let ended = settlement.vouchers.iter().map(|ended| {
        EventType::VoucherEnded(VoucherEndedEvent { voucher: ended.voucher.clone(), at: ended.at })
    });
    moved.chain(levels).chain(converted).chain(ended).collect()
}

/// What an operation did.
fn done(operation: Operation, joins: bool, program: &Program) -> Vec<EventType> {
    let mut events = Vec::from_iter(joins.then_some(EventType::MemberEnrolled));
    if let Some(refused) = &operation.refused {
        let code = refused.problem().code.to_owned();
        events.push(EventType::CommandRefused(RefusedEvent { code }));
        return events;
    }
    events.extend(asked(&operation, program));
    let moved = operation.postings.into_iter();
    events.extend(moved.map(|posting| EventType::PointsMoved(PostingView::new(posting, program))));
    events.extend(operation.tier_changes.into_iter().map(EventType::TierChanged));
    events.extend(challenges(operation.goal_awards));
    for granted in operation.granted {
        let gift = GiftView::new(granted.gift, program);
        events.push(EventType::GiftGiven(GiftEvent::new(Some(granted.grant), gift)));
    }
    for regranted in operation.regranted {
        let gift = GiftEvent::new(Some(regranted.grant), GiftView::new(regranted.gift, program));
        let event = if regranted.taken { EventType::GiftTakenBack } else { EventType::GiftGiven };
        events.push(event(gift));
    }
    if let Some(used) = operation.used {
        let voucher = used.voucher.voucher;
        events.push(EventType::VoucherUsed(VoucherUsedEvent { voucher }));
    }
    if !operation.reviewed_for.is_empty() || operation.proposed {
        events.push(EventType::ReviewOpened(ReviewOpenedEvent { limits: operation.reviewed_for }));
    }
    if let Some(sent) = operation.sent {
        events.push(EventType::TransferSent(TransferEvent { transfer: sent.key, to: sent.to }));
    }
    events
}

/// What a person asked for, and got.
fn asked(operation: &Operation, program: &Program) -> Vec<EventType> {
    let reward = |redeemed: &Redeemed| RewardEvent::new(redeemed, program);
    let mut events = Vec::new();
    match &operation.sealed.command {
        Command::Freeze(_) => events.push(EventType::status(MemberStatus::Frozen)),
        Command::Unfreeze(_) => events.push(EventType::status(MemberStatus::Active)),
        Command::Close(_) => events.push(EventType::status(MemberStatus::Closed)),
        Command::Approve(review) => events.push(EventType::reviewed(review, true)),
        Command::Refuse(review) => events.push(EventType::reviewed(review, false)),
        _ => {}
    }
    if let Some(of) = operation.cancels() {
        events.push(EventType::RedemptionCancelled(CancelledEvent { of }));
    }
    if let Some(held) = &operation.held {
        let (hold, until, reward) = (held.id.clone(), held.until, reward(&held.redeemed));
        events.push(EventType::HoldPlaced(HoldEvent { hold, until, reward }));
    }
    if let Some(redeemed) = &operation.redeemed {
        events.push(EventType::RewardRedeemed(reward(redeemed)));
        if let Some(voucher) = &redeemed.voucher {
            let voucher = GiftView::Voucher(VoucherView::new(voucher.clone(), program));
            events.push(EventType::GiftGiven(GiftEvent::new(None, voucher)));
        }
    }
    events
}

/// The challenges that were completed, each once however much it gives.
fn challenges(awards: Vec<GoalAward>) -> impl Iterator<Item = EventType> {
    let mut completed: Vec<AuthorId> = Vec::new();
    for award in awards.into_iter().filter(|award| award.track.is_none()) {
        if !completed.contains(&award.id) {
            completed.push(award.id);
        }
    }
    completed.into_iter().map(|challenge| EventType::ChallengeCompleted(ChallengeEvent { challenge }))
}

impl EventType {
    const fn status(status: MemberStatus) -> Self {
        Self::MemberStatusChanged(StatusEvent { status })
    }

    fn reviewed(review: &Review, approved: bool) -> Self {
        Self::ReviewClosed(ReviewClosedEvent { of: review.of.clone(), approved })
    }
}

impl GiftEvent {
    fn new(grant: Option<AuthorId>, gift: GiftView) -> Self {
        Self { grant, gift: gift.without_code() }
    }
}

impl RewardEvent {
    fn new(redeemed: &Redeemed, program: &Program) -> Self {
        Self {
            reward: redeemed.reward.clone(),
            scale: scale(program, &redeemed.currency),
            currency: redeemed.currency.clone(),
            // INVARIANT: what was spent was a balance, which is in range.
            points: redeemed.points().unwrap_or(Points::MAX),
        }
    }
}
