//! Transfers: a member gives points to another, who has them as they were: with their expiry and who pays for them.
//!
//! The chain of the giver accepts a transfer: its points leave the lots and are *in transit*. The same transfer is then a
//! command of the other member, the *recipient*, whose chain takes the points in or rejects them; its key makes that happen
//! once, and it is the decision. At last the giver's chain closes the transfer, or has the points go back to the lots that
//! they came out of. So every chain balances by itself at every step, and whoever comes by can do the next one.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ActivityId, AuthorId, MemberId, OperationKey};
use crate::ledger::operation::CountedIn;
use crate::member::Lot;
use crate::points::{OutOfRange, Points};
use crate::redemption::Refused;
use crate::time::Timestamp;

/// The most transfers of one member that are in transit.
pub const MOST_IN_TRANSIT: usize = 256;

/// Points to be given to another member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The caller's id, under which it happens once.
    #[n(0)]
    pub key: ActivityId,
    /// Who gets them.
    #[n(1)]
    pub to: MemberId,
    /// The currency.
    #[n(2)]
    pub currency: AuthorId,
    /// Minor units, above 0.
    #[n(3)]
    pub points: Points,
}

/// Points of one currency on their way, as they lay in the lots of who gives them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Parcel {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// The lots, in the order in which they were taken.
    #[n(1)]
    pub lots: Vec<Lot>,
}

/// A transfer in transit, as the giver's state keeps it: its points are in no lot of a balance.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InTransit {
    /// The transfer.
    #[n(0)]
    pub key: ActivityId,
    /// Who gets the points.
    #[n(1)]
    pub to: MemberId,
    /// When it was accepted.
    #[n(2)]
    pub since: Timestamp,
    /// The points.
    #[n(3)]
    pub parcels: Vec<Parcel>,
    /// What caps of transfers count of it.
    #[cbor(n(4), default, skip_if = "Vec::is_empty")]
    pub counted: Vec<CountedIn>,
}

/// The recipient's part of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receive {
    /// Who gives.
    #[n(0)]
    pub from: MemberId,
    /// The transfer, as the giver's chain knows it.
    #[n(1)]
    pub key: ActivityId,
    /// When the giver's chain accepted it.
    #[n(2)]
    pub since: Timestamp,
    /// The points.
    #[n(3)]
    pub parcels: Vec<Parcel>,
}

/// The end of a transfer on the giver's chain, after the recipient's has decided.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EndTransfer {
    /// The transfer.
    #[n(0)]
    pub key: ActivityId,
    /// Why the recipient's chain has rejected it, if it has: then the points come back.
    #[n(1)]
    pub refused: Option<Refused>,
}

impl Parcel {
    /// How many points there are, in minor units.
    pub fn points(&self) -> Result<Points, OutOfRange> {
        self.lots.iter().map(|lot| lot.points).try_fold(Points::ZERO, Points::plus)
    }
}

impl InTransit {
    /// The recipient's part of it.
    pub fn received_from(&self, giver: &MemberId) -> Receive {
        let Self { key, since, parcels, .. } = self.clone();
        Receive { from: giver.clone(), key, since, parcels }
    }
}

impl Receive {
    /// The key of the recipient's part. Whatever names members have, no two transfers share one.
    pub fn operation(&self) -> Option<OperationKey> {
        let from = self.from.as_str().replace('~', "~0").replace('/', "~1");
        OperationKey::new(&format!("receive/{from}/{}", self.key)).ok()
    }
}

impl EndTransfer {
    /// The key of the end of a transfer, so that there is one.
    pub fn operation(&self) -> Option<OperationKey> {
        end_key(&self.key)
    }
}

/// The key of the end of a transfer.
pub fn end_key(transfer: &ActivityId) -> Option<OperationKey> {
    OperationKey::new(&format!("end_transfer/{transfer}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_transfers_share_a_key() {
        let key = |from: &str, key: &str| {
            let (from, key) = (MemberId::new(from).unwrap(), ActivityId::new(key).unwrap());
            Receive { from, key, since: Timestamp::default(), parcels: Vec::new() }.operation().unwrap()
        };
        assert_eq!(key("anna", "g/1").as_str(), "receive/anna/g/1");
        assert_ne!(key("a/b", "c"), key("a", "b/c"));
        assert_ne!(key("a~1b", "c"), key("a/b", "c"));
        let longest = "~".repeat(128);
        assert_eq!(key(&longest, &longest).as_str().len(), 8 + 256 + 1 + 128);
    }
}
