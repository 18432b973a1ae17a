//! Quotes: what a reward takes of a member now, promised for some minutes whatever the program says then.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Order;
use crate::id::{ActivityId, AuthorId, OperationKey};
use crate::money::{Money, Quantity};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::VersionId;
use crate::time::Timestamp;

/// The most quotes of one member that are valid.
pub const MOST_QUOTES: usize = 16;
/// How many minutes a quote is valid where the program does not say.
pub const USUAL_MINUTES: u32 = 15;

/// A reward to be priced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// The caller's id, under which it happens once, and by which the quote is called.
    #[n(0)]
    pub key: ActivityId,
    /// The reward.
    #[n(1)]
    pub reward: AuthorId,
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
}

/// A quote that is valid, as the state keeps it. Nothing is set aside for it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OpenQuote {
    /// What was asked for.
    #[n(0)]
    pub quote: Quote,
    /// The first instant at which it is over.
    #[n(1)]
    pub until: Timestamp,
    /// The version that prices it.
    #[n(2)]
    pub version: VersionId,
}

/// What a quote promises.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Quoted {
    /// The first instant at which it is over.
    #[n(0)]
    pub until: Timestamp,
    /// The currency.
    #[n(1)]
    pub currency: AuthorId,
    /// How many points are taken, in minor units.
    #[n(2)]
    pub points: Points,
    /// The money off; absent of a thing.
    #[n(3)]
    pub off: Option<Money>,
    /// The money to be paid beside the points.
    #[n(4)]
    pub due: Option<Money>,
}

impl OpenQuote {
    /// Whether an order is what was quoted: `quote_differs` at the first field that is another.
    pub fn check_same(&self, order: Order<'_>) -> Result<(), Problem> {
        let Quote { key, reward, points, units, bill, bucket } = &self.quote;
        let same = [
            ("/reward", reward == order.reward),
            ("/points", *points == order.points),
            ("/units", *units == order.units),
            ("/bill", *bill == order.bill),
            ("/bucket", *bucket == order.bucket),
        ];
        match same.into_iter().find(|(_, same)| !same) {
            Some((path, _)) => {
                let message = format!("the quote `{key}` is for something else");
                Err(Problem::new(
                    "quote_differs",
                    path,
                    message,
                    "say what was quoted, or ask for another quote",
                ))
            }
            None => Ok(()),
        }
    }
}

impl<'a> From<&'a Quote> for Order<'a> {
    fn from(quote: &'a Quote) -> Self {
        let Quote { reward, points, units, bill, bucket, .. } = quote;
        Self { reward, points: *points, units: *units, bill: *bill, bucket: *bucket, quote: None }
    }
}

/// The key of the operation that gave a quote.
pub fn quote_key(quote: &ActivityId) -> Option<OperationKey> {
    OperationKey::new(&format!("quote/{quote}")).ok()
}
