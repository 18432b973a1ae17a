//! Holds: points set aside at a checkout until it is captured, voided or over.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Order, Redeemed, redemption_key};
use crate::id::{ActivityId, AuthorId, OperationKey};
use crate::member::Lot;
use crate::money::{Money, Quantity};
use crate::points::{OutOfRange, Points};
use crate::problem::Problem;
use crate::program::VersionId;
use crate::time::Timestamp;

/// The most holds of one member.
pub const MOST_HOLDS: usize = 256;
/// The longest that a hold lasts from now on: 30 days.
pub const MOST_MINUTES: u32 = 43_200;

/// Points to be set aside for a reward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The caller's id, under which it happens once, and by which the hold is called.
    #[n(0)]
    pub key: ActivityId,
    /// The reward.
    #[n(1)]
    pub reward: AuthorId,
    /// How long they are set aside, 1 to 43,200 minutes.
    #[n(2)]
    #[schemars(range(min = 1, max = 43_200))]
    pub minutes: u32,
    /// Of a reward by steps: the most points to be spent, in minor units; absent means as many as it takes. Of a reward
    /// that may be paid partly in money: the points to be spent; absent means the whole price.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Points>,
    /// Of a reward by units: how many units are bought.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Quantity>,
    /// What there is to be paid: no more comes off.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<Money>,
    /// Of a reward that is paid from one bucket: when the points lapse that are to be spent.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Timestamp>,
    /// The quote by which it is priced, as long as that is valid.
    #[n(7)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<ActivityId>,
}

/// A hold that is to last longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct ExtendHold {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The hold.
    #[n(1)]
    pub hold: ActivityId,
    /// How much later it ends, in minutes; at most 43,200 minutes from now.
    #[n(2)]
    #[schemars(range(min = 1, max = 43_200))]
    pub minutes: u32,
}

/// A hold whose points are spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The caller's id, under which it happens once: that of the redemption from then on.
    #[n(0)]
    pub key: ActivityId,
    /// The hold.
    #[n(1)]
    pub hold: ActivityId,
    /// Of a reward by steps: the most points to be spent, in minor units; the rest is free again. Absent means all.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Points>,
}

/// A hold that is given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Void {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// The hold.
    #[n(1)]
    pub hold: ActivityId,
}

/// Points set aside, as the state keeps them: they are in no lot of the balance.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Held {
    /// The hold.
    #[n(0)]
    pub id: ActivityId,
    /// The first instant at which it is over by itself.
    #[n(1)]
    pub until: Timestamp,
    /// The program version that it was placed under, which decides its capture.
    #[n(2)]
    pub version: VersionId,
    /// What is set aside, from where, and what comes off for all of it.
    #[n(3)]
    pub redeemed: Redeemed,
    /// How many units are bought.
    #[n(4)]
    pub units: Option<Quantity>,
    /// What there is to be paid.
    #[n(5)]
    pub bill: Option<Money>,
    /// When the points lapse that the member chose.
    #[n(6)]
    pub bucket: Option<Timestamp>,
}

impl Held {
    /// What was asked for, with other points.
    pub const fn order(&self, points: Points) -> Order<'_> {
        let Self { redeemed, units, bill, bucket, .. } = self;
        let reward = &redeemed.reward;
        Order { reward, points: Some(points), units: *units, bill: *bill, bucket: *bucket, quote: None }
    }
}

impl<'a> From<&'a Hold> for Order<'a> {
    fn from(hold: &'a Hold) -> Self {
        let Hold { reward, points, units, bill, bucket, quote, .. } = hold;
        Self { reward, points: *points, units: *units, bill: *bill, bucket: *bucket, quote: quote.as_ref() }
    }
}

impl Hold {
    /// The key of its operation.
    pub fn operation(&self) -> Option<OperationKey> {
        hold_key(&self.key)
    }
}

impl Capture {
    /// The key of its operation, which is that of a redemption: no two of them have the same.
    pub fn operation(&self) -> Option<OperationKey> {
        redemption_key(&self.key)
    }
}

/// The key of the operation that placed a hold.
pub fn hold_key(hold: &ActivityId) -> Option<OperationKey> {
    OperationKey::new(&format!("hold/{hold}")).ok()
}

/// The end of a hold that lasts so many minutes from an instant.
///
/// `minutes_range` outside 1 to 43,200 minutes from now on.
pub fn ends(from: Timestamp, minutes: u32, now: Timestamp) -> Result<Timestamp, Problem> {
    let until = from.plus_seconds(i64::from(minutes).saturating_mul(60));
    let latest = now.plus_seconds(i64::from(MOST_MINUTES).saturating_mul(60));
    if minutes == 0 || minutes > MOST_MINUTES || until > latest {
        let message = format!("a hold ends 1 to {MOST_MINUTES} minutes from now");
        return Err(Problem::new("minutes_range", "/minutes", message, "hold them for a shorter time"));
    }
    Ok(until)
}

/// Lots parted into the first so many points and the rest.
pub fn parted(lots: &[Lot], points: Points) -> Result<[Vec<Lot>; 2], OutOfRange> {
    let (mut first, mut rest, mut left) = (Vec::new(), Vec::new(), points);
    for lot in lots {
        let part = lot.points.min(left);
        left = left.minus(part)?;
        for (of, points) in [(&mut first, part), (&mut rest, lot.points.minus(part)?)] {
            if points.is_positive() {
                of.push(Lot { points, ..lot.clone() });
            }
        }
    }
    Ok([first, rest])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::Lapse;

    fn lot(points: i64, seconds: i64) -> Lot {
        let lapses = Some(Lapse::At(Timestamp::from_seconds(seconds)));
        Lot { lapses, points: Points::new(points).unwrap(), funded_by: None, life: 0, arrival: 0 }
    }

    #[test]
    fn lots_are_parted_in_their_order() {
        let lots = [lot(30, 1), lot(20, 2)];
        let parted = |points| super::parted(&lots, Points::new(points).unwrap()).unwrap();
        assert_eq!(parted(0), [vec![], vec![lot(30, 1), lot(20, 2)]]);
        assert_eq!(parted(40), [vec![lot(30, 1), lot(10, 2)], vec![lot(10, 2)]]);
        assert_eq!(parted(50), [vec![lot(30, 1), lot(20, 2)], vec![]]);
    }

    #[test]
    fn a_hold_ends_within_30_days() {
        let (from, day) = (Timestamp::from_seconds(0), 86_400);
        assert_eq!(ends(from, 1, from), Ok(Timestamp::from_seconds(60)));
        assert_eq!(ends(from, MOST_MINUTES, from), Ok(Timestamp::from_seconds(30 * day)));
        let extended = |minutes| ends(Timestamp::from_seconds(day), minutes, from);
        assert_eq!(extended(MOST_MINUTES - 1_440), Ok(Timestamp::from_seconds(30 * day)));
        for refused in [extended(MOST_MINUTES - 1_439), ends(from, 0, from), ends(from, u32::MAX, from)] {
            assert_eq!(refused.unwrap_err().code, "minutes_range");
        }
    }
}
