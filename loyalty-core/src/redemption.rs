//! Redemption: points are spent on rewards and vouchers are used, and both come back where that is cancelled.

pub mod hold;
mod offer;
pub mod quote;
mod refusal;
pub mod release;
pub mod voucher;

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::grants::{HeldVoucher, VoucherCode};
use crate::id::{ActivityId, AuthorId, OperationKey};
use crate::member::Lot;
use crate::money::{Money, Quantity};
use crate::points::{OutOfRange, Points};
use crate::time::Timestamp;

pub use self::hold::{Capture, ExtendHold, Held, Hold, Void};
pub use self::offer::{Offer, Order, Price};
pub use self::quote::Quote;
pub use self::refusal::{Refused, RefusedCode};
pub use self::voucher::UsedVoucher;

/// Points to be spent on a reward, or a voucher to be used, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The reward; absent where a voucher is used for what it is for.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<AuthorId>,
    /// Of a reward by steps: the most points to be spent, in minor units; absent means as many as it takes. Of a reward
    /// that may be paid partly in money: the points to be spent; absent means the whole price.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Points>,
    /// Of a reward by units: how many units are bought.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Quantity>,
    /// What there is to be paid: no more comes off.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<Money>,
    /// Of a reward that is paid from one bucket: when the points lapse that are to be spent.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Timestamp>,
    /// The code of a voucher to be used: by itself, or for a reward that takes one.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<VoucherCode>,
    /// The quote by which it is priced, as long as that is valid.
    #[n(7)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<ActivityId>,
}

/// A redemption to be undone: its points come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct CancelRedemption {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The key of the redemption.
    #[n(1)]
    pub of: ActivityId,
}

/// What a redemption took and gave.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Redeemed {
    /// The reward.
    #[n(0)]
    pub reward: AuthorId,
    /// The currency.
    #[n(1)]
    pub currency: AuthorId,
    /// The lots that its points came out of, in the order of taking.
    #[n(2)]
    pub lots: Vec<Lot>,
    /// The money off; absent of a thing with a price.
    #[n(3)]
    pub off: Option<Money>,
    /// The voucher that was bought.
    #[cbor(n(4), default)]
    pub voucher: Option<HeldVoucher>,
    /// The slot of the window in which it counts, of a reward that may be had only so often.
    #[cbor(n(5), default)]
    pub slot: Option<i64>,
    /// The money that is paid beside the points, of a reward that lets a part be paid so.
    #[cbor(n(6), default)]
    pub due: Option<Money>,
}

impl Redeemed {
    /// How many points it took, in minor units.
    pub fn points(&self) -> Result<Points, OutOfRange> {
        self.lots.iter().map(|lot| lot.points).try_fold(Points::ZERO, Points::plus)
    }
}

impl CancelRedemption {
    /// The key of the redemption's operation.
    pub fn redemption(&self) -> Option<OperationKey> {
        redemption_key(&self.of)
    }
}

/// The key of a redemption's operation.
pub fn redemption_key(key: &ActivityId) -> Option<OperationKey> {
    OperationKey::new(&format!("redeem/{key}")).ok()
}

/// The key that a cancellation takes beside its own, so that there is one at most.
pub fn cancelled_key(redemption: &OperationKey) -> Option<OperationKey> {
    OperationKey::new(&format!("cancelled/{redemption}")).ok()
}
