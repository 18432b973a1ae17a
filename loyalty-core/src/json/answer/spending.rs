//! What was spent, as doors show it.

use schemars::JsonSchema;
use serde::Serialize;

use super::grants::VoucherView;
use super::{scale, shown};
use crate::conversion::Converted;
use crate::id::{ActivityId, AuthorId};
use crate::member::Lot;
use crate::money::Money;
use crate::points::Points;
use crate::program::Program;
use crate::redemption::quote::{OpenQuote, Quoted};
use crate::redemption::{Held, Redeemed, UsedVoucher};
use crate::time::Timestamp;

/// What a redemption took and gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RedemptionView {
    /// The reward.
    pub reward: AuthorId,
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Minor units taken.
    pub points: Points,
    /// The money off, in the program's money; absent of a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<Money>,
    /// The money to be paid beside the points, in the program's money; absent where all is paid with points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Money>,
    /// The lots that the points came out of.
    pub lots: Vec<SpentLotView>,
    /// The voucher that was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voucher: Option<VoucherView>,
}

/// A use of a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VoucherUseView {
    /// The voucher, as it is after it.
    pub voucher: VoucherView,
    /// The reward that took it; absent where it was used for what it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<AuthorId>,
    /// The money off, in the program's money; absent of a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<Money>,
}

/// Points that became a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConvertedView {
    /// The conversion.
    pub conversion: AuthorId,
    /// When.
    pub at: Timestamp,
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Minor units.
    pub points: Points,
    /// The voucher.
    pub voucher: VoucherView,
}

impl VoucherUseView {
    pub(super) fn new(used: UsedVoucher, program: &Program) -> Self {
        let UsedVoucher { mut voucher, reward, off, .. } = used;
        voucher.used = voucher.used.saturating_add(1);
        Self { voucher: VoucherView::new(voucher, program), reward, off }
    }
}

impl ConvertedView {
    pub(super) fn new(converted: Converted, program: &Program) -> Self {
        let Converted { conversion, at, currency, points, voucher } = converted;
        let (scale, voucher) = (scale(program, &currency), VoucherView::new(voucher, program));
        Self { conversion, at, currency, scale, points, voucher }
    }
}

/// Points taken out of one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SpentLotView {
    /// Minor units.
    pub points: Points,
    /// When they would have lapsed; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether they lapse with all that live by activity.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_activity: bool,
    /// The partner that pays for them; absent where the program does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funded_by: Option<AuthorId>,
}

/// What a quote promises. Nothing is set aside for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QuoteView {
    /// The first instant at which it is over.
    pub valid_until: Timestamp,
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// Minor units that are taken.
    pub points: Points,
    /// The money off, in the program's money; absent of a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<Money>,
    /// The money to be paid beside the points, in the program's money; absent where all is paid with points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Money>,
}

/// A quote that is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenQuoteView {
    /// The quote.
    pub quote: ActivityId,
    /// The reward.
    pub reward: AuthorId,
    /// The first instant at which it is over.
    pub valid_until: Timestamp,
}

impl QuoteView {
    pub(super) fn new(quoted: Quoted, program: &Program) -> Self {
        let Quoted { until, currency, points, off, due } = quoted;
        Self { valid_until: until, scale: scale(program, &currency), currency, points, off, due }
    }
}

impl From<&OpenQuote> for OpenQuoteView {
    fn from(open: &OpenQuote) -> Self {
        let (quote, reward) = (open.quote.key.clone(), open.quote.reward.clone());
        Self { quote, reward, valid_until: open.until }
    }
}

/// Points set aside at a checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HoldView {
    /// The hold.
    pub hold: ActivityId,
    /// The first instant at which it is over by itself.
    pub until: Timestamp,
    /// What is taken and given if all of it is captured.
    pub redemption: RedemptionView,
}

impl HoldView {
    pub(super) fn new(held: &Held, program: &Program) -> Self {
        let redemption = RedemptionView::new(held.redeemed.clone(), program);
        Self { hold: held.id.clone(), until: held.until, redemption }
    }
}

impl RedemptionView {
    pub(super) fn new(redeemed: Redeemed, program: &Program) -> Self {
        // INVARIANT: lots that do not add up in range are never recorded.
        let points = redeemed.points().unwrap_or(Points::MAX);
        let Redeemed { reward, currency, lots, off, voucher, due, .. } = redeemed;
        let voucher = voucher.map(|voucher| VoucherView::new(voucher, program));
        let lots = lots.into_iter().map(SpentLotView::from).collect();
        Self { scale: scale(program, &currency), reward, currency, points, off, due, lots, voucher }
    }
}

impl From<Lot> for SpentLotView {
    fn from(Lot { points, lapses, funded_by, .. }: Lot) -> Self {
        let (expires_at, by_activity) = shown(lapses);
        Self { points, expires_at, by_activity, funded_by }
    }
}
