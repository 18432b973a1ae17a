//! What was spent, as doors show it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{scale, shown};
use crate::id::{ActivityId, AuthorId};
use crate::member::Lot;
use crate::money::Money;
use crate::points::Points;
use crate::program::Program;
use crate::redemption::{Held, Redeemed};
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
    /// The lots that the points came out of.
    pub lots: Vec<SpentLotView>,
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
        let Redeemed { reward, currency, lots, off } = redeemed;
        let lots = lots.into_iter().map(|Lot { points, lapses, funded_by, .. }| {
            let (expires_at, by_activity) = shown(lapses);
            SpentLotView { points, expires_at, by_activity, funded_by }
        });
        Self { scale: scale(program, &currency), reward, currency, points, off, lots: lots.collect() }
    }
}
