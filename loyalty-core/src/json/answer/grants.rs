//! What is no points, as doors show it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::counter;
use crate::grants::{
    Ended, Gift, Granted, GrantedFor, HeldBadge, HeldTier, HeldVoucher, ReferralPoints, Regranted,
    VoucherCode,
};
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::money::{Money, Quantity};
use crate::points::Points;
use crate::program::Program;
use crate::time::Timestamp;

/// What a grant gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GrantedView {
    /// The grant.
    pub grant: AuthorId,
    /// Whether it was given for joining, so that nothing takes it back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub welcome: bool,
    /// The track of the level that it was given for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<AuthorId>,
    /// The level that it was given for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<AuthorId>,
    /// The challenge that it was given for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<AuthorId>,
    /// What it gave.
    pub gives: GiftView,
}

/// What a return took back of a grant, or gave again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegrantedView {
    /// The grant.
    pub grant: AuthorId,
    /// What of it.
    #[serde(flatten)]
    pub what: RegrantedWhat,
}

/// What went back, or came again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegrantedWhat {
    /// It went back.
    Takes(GiftView),
    /// It came again.
    GivesAgain(GiftView),
}

/// Something that is no points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GiftView {
    /// A voucher.
    Voucher(VoucherView),
    /// A badge.
    Badge(BadgeView),
    /// A level until an end.
    Tier(GivenTierView),
    /// An amount in a counter.
    Credit(CreditView),
    /// Points of a referral.
    Referral(ReferralView),
}

/// What a referral gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReferralView {
    /// The currency.
    pub currency: AuthorId,
    /// Its decimals.
    pub scale: u8,
    /// Minor units for who brought the member.
    pub referrer: Points,
    /// Minor units for the member.
    pub referee: Points,
}

/// A level that was given until an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GivenTierView {
    /// The track.
    pub track: AuthorId,
    /// The level.
    pub level: AuthorId,
    /// The first instant at which it is over.
    pub until: Timestamp,
}

/// An amount that was credited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreditView {
    /// The counter.
    pub counter: AuthorId,
    /// Whole points, money or a number of purchases, as the counter counts.
    pub amount: Money,
}

/// A voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VoucherView {
    /// The voucher of the program.
    pub voucher: AuthorId,
    /// What members see.
    pub name: String,
    /// Its own code; absent in a preview, since it is given when it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<VoucherCode>,
    /// Money off a bill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_off: Option<Money>,
    /// Percent off a bill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent_off: Option<Quantity>,
    /// What is given for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The first instant at which it is valid no more; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How often it may still be used.
    pub uses: u16,
    /// The partner that pays for it; absent where the program does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funded_by: Option<AuthorId>,
}

/// A badge that a member has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BadgeView {
    /// The badge of the program.
    pub badge: AuthorId,
    /// What members see.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
}

/// A voucher that was valid no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EndedView {
    /// The voucher of the program.
    pub voucher: AuthorId,
    /// Its own code.
    pub code: VoucherCode,
    /// The first instant at which it was valid no more.
    pub at: Timestamp,
}

impl GrantedView {
    pub(super) fn new(granted: Granted, program: &Program) -> Self {
        let Granted { grant, by, gift } = granted;
        let welcome = by == GrantedFor::Joining;
        let (track, level, challenge) = match by {
            GrantedFor::Goal(Some(track), level) => (Some(track), Some(level), None),
            GrantedFor::Goal(None, challenge) => (None, None, Some(challenge)),
            GrantedFor::Activity | GrantedFor::Joining => (None, None, None),
        };
        Self { grant, welcome, track, level, challenge, gives: GiftView::new(gift, program) }
    }

    /// The same as a preview shows it.
    pub(super) fn without_code(self) -> Self {
        Self { gives: self.gives.without_code(), ..self }
    }
}

impl RegrantedView {
    pub(super) fn new(regranted: Regranted, program: &Program) -> Self {
        let gift = GiftView::new(regranted.gift, program);
        let what = if regranted.taken { RegrantedWhat::Takes(gift) } else { RegrantedWhat::GivesAgain(gift) };
        Self { grant: regranted.grant, what }
    }
}

impl GiftView {
    /// The same for whoever may not use it.
    pub(super) fn without_code(mut self) -> Self {
        if let Self::Voucher(voucher) = &mut self {
            voucher.code = None;
        }
        self
    }

    pub(super) fn new(gift: Gift, program: &Program) -> Self {
        match gift {
            Gift::Voucher(held) => Self::Voucher(VoucherView::new(held, program)),
            Gift::Badge(held) => Self::Badge(BadgeView::new(held, program)),
            Gift::Referral(ReferralPoints { currency, referrer, referee }) => {
                let scale = program.currency(&currency).map_or(0, |currency| currency.scale);
                Self::Referral(ReferralView { currency, scale, referrer, referee })
            }
            Gift::Tier(HeldTier { track, level, until }) => Self::Tier(GivenTierView { track, level, until }),
            Gift::Credit(held) => {
                let unit = program.counter(&held.counter).map_or(1, |it| counter::unit(program, it));
                let amount = Money::from_units(held.amount.saturating_mul(unit));
                Self::Credit(CreditView { counter: held.counter, amount })
            }
        }
    }
}

impl VoucherView {
    pub(super) fn new(held: HeldVoucher, program: &Program) -> Self {
        let voucher = program.voucher(&held.voucher);
        let converted = program.conversion(&held.voucher).map(|(conversion, _)| conversion.shown());
        let name = voucher.map(|voucher| voucher.shown()).or(converted);
        Self {
            name: name.unwrap_or(held.voucher.as_str()).to_owned(),
            uses: held.left(),
            code: Some(held.code),
            amount_off: held.value.or_else(|| voucher.and_then(|voucher| voucher.amount_off)),
            percent_off: voucher.and_then(|voucher| voucher.percent_off),
            item: voucher.and_then(|voucher| voucher.item.clone()),
            expires_at: held.expires_at,
            funded_by: voucher.and_then(|voucher| voucher.funded_by.clone()),
            voucher: held.voucher,
        }
    }
}

impl BadgeView {
    fn new(held: HeldBadge, program: &Program) -> Self {
        let name = program.badge(&held.badge).and_then(|badge| badge.name.clone());
        Self { name: name.unwrap_or_else(|| held.badge.to_string()), badge: held.badge, since: held.since }
    }
}

impl From<Ended> for EndedView {
    fn from(ended: Ended) -> Self {
        let Ended { voucher, code, at } = ended;
        Self { voucher, code, at }
    }
}

/// The vouchers and badges of a member.
pub(super) fn held(state: &MemberState, program: &Program) -> (Vec<VoucherView>, Vec<BadgeView>) {
    let valid = state.gifts.vouchers.iter().filter(|held| !held.is_used_up());
    let vouchers = valid.cloned().map(|it| VoucherView::new(it, program));
    let badges = state.gifts.badges.iter().cloned().map(|it| BadgeView::new(it, program));
    (vouchers.collect(), badges.collect())
}
