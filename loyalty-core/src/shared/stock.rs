//! The chain of a reward's stock: what is sold, and what is set aside until a member's chain has decided on it.
//!
//! INVARIANT: what is sold and what is set aside are never more than the stock that they were set aside under. An item
//! leaves the list by what its member's chain says of it, and is sold once for each redemption.

use minicbor::{Decode, Encode};

use crate::command::Command;
use crate::id::{AuthorId, MemberId, OperationKey};
use crate::time::Timestamp;

/// The most items that are set aside at once; while there are so many, no more are to be had.
pub const MOST_OPEN: usize = 256;
/// How long an item waits for the commit that it was set aside for, and how long after its end a hold is still taken for
/// open, so that clocks may differ: a minute.
pub const PATIENCE_MICROS: i64 = 60_000_000;

/// What is known of a reward's stock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct StockState {
    /// How many were sold, less what came back.
    #[n(0)]
    pub used: u32,
    /// What is set aside, oldest first.
    #[n(1)]
    pub open: Vec<Item>,
    /// The key that the commit took under which something happened once, see [`mark`].
    #[n(2)]
    pub marked: Option<OperationKey>,
}

/// An item that is set aside for a command.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Item {
    /// Whose command.
    #[n(0)]
    pub member: MemberId,
    /// The command, which redeems or holds.
    #[n(1)]
    pub command: Command,
    /// Since when.
    #[n(2)]
    pub at: Timestamp,
    /// Of a hold that is decided: when it is over by itself.
    #[n(3)]
    pub until: Option<Timestamp>,
}

/// What has become of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was redeemed.
    Sold,
    /// Nobody has it.
    Free,
    /// It is held until then.
    Held(Timestamp),
}

impl Item {
    /// Whether it may have ended by itself: nobody came back to it for long, or its hold is over.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.until.unwrap_or(self.at).plus_micros(PATIENCE_MICROS) <= now
    }

    /// Whether it was set aside for the operation of a key of a member.
    pub fn is_for(&self, member: &MemberId, key: &OperationKey) -> bool {
        self.member == *member && self.command.key().ok().as_ref() == Some(key)
    }
}

impl StockState {
    /// How many nobody has, of so many.
    pub fn free(&self, stock: u32) -> u32 {
        let open = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        let free = stock.saturating_sub(self.used).saturating_sub(open);
        if self.open.len() >= MOST_OPEN { 0 } else { free }
    }

    /// The item that is set aside for an operation.
    pub fn item(&self, member: &MemberId, key: &OperationKey) -> Option<&Item> {
        self.open.iter().find(|item| item.is_for(member, key))
    }

    /// Ends an item, or says until when it is held; `counts` is whether it was not counted as sold before.
    pub fn end(&mut self, member: &MemberId, key: &OperationKey, fate: Fate, counts: bool) {
        if let Fate::Held(until) = fate {
            let own = self.open.iter_mut().filter(|item| item.is_for(member, key));
            own.for_each(|item| item.until = Some(until));
            return;
        }
        self.open.retain(|item| !item.is_for(member, key));
        if fate == Fate::Sold && counts {
            self.used = self.used.saturating_add(1);
        }
    }
}

/// The name of the chain of a reward's stock.
pub fn chain(reward: &AuthorId) -> Option<MemberId> {
    MemberId::new(&format!("stock/{reward}")).ok()
}

/// A key of that chain, under which something happens once for an operation of a member.
pub fn mark(what: &str, member: &MemberId, key: &OperationKey) -> Option<OperationKey> {
    let of = blake3::hash(format!("{member}\n{key}").as_bytes());
    OperationKey::new(&format!("{what}/{of}")).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::redemption::Void;

    fn item(name: &str, seconds: i64, until: Option<i64>) -> Item {
        let id = |text: &str| crate::id::ActivityId::new(text).unwrap();
        let command = Command::Void(Arc::new(Void { key: id(name), hold: id("h") }));
        let at = Timestamp::from_seconds;
        Item { member: MemberId::new("m").unwrap(), command, at: at(seconds), until: until.map(at) }
    }

    #[test]
    fn what_is_sold_and_set_aside_is_not_free() {
        let mut state =
            StockState { used: 3, open: vec![item("1", 0, None), item("2", 0, None)], marked: None };
        assert_eq!((state.free(6), state.free(5), state.free(4)), (1, 0, 0));
        let (member, key) = (MemberId::new("m").unwrap(), OperationKey::new("void/1").unwrap());
        state.end(&member, &key, Fate::Held(Timestamp::from_seconds(5)), true);
        assert_eq!((state.free(6), state.open[0].until), (1, Some(Timestamp::from_seconds(5))));
        state.end(&member, &key, Fate::Sold, true);
        assert_eq!((state.used, state.free(6)), (4, 1));
        state.end(&member, &OperationKey::new("void/2").unwrap(), Fate::Sold, false);
        assert_eq!((state.used, state.free(6)), (4, 2));
        state.open = (0..MOST_OPEN).map(|n| item(&n.to_string(), 0, None)).collect();
        assert_eq!(state.free(100_000), 0);
    }

    #[test]
    fn an_item_is_stale_a_minute_after_its_end() {
        let at = Timestamp::from_seconds;
        let [waits, held] = [item("1", 10, None), item("2", 10, Some(40))];
        assert_eq!([69, 70].map(|now| waits.is_stale(at(now))), [false, true]);
        assert_eq!([99, 100].map(|now| held.is_stale(at(now))), [false, true]);
    }
}
