//! Grants: what members have that is no points. Vouchers, of which each has a code of its own, and badges.
//!
//! What an activity gave belongs to it and goes back with it: it stays as long as what is kept of the activity would
//! still be given it. A voucher that was used stays. What a level or challenge gave belongs to its counters.

mod code;

use minicbor::{Decode, Encode};

use crate::counter::CounterState;
use crate::id::{AuthorId, OperationKey};
use crate::member::MemberState;
use crate::points::Points;
use crate::time::Timestamp;

pub use self::code::{Codes, InvalidCode, VoucherCode};

/// The most vouchers that a member holds at once. Beyond them none is given.
pub const MOST_VOUCHERS: usize = 256;

/// A voucher that a member holds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HeldVoucher {
    /// The voucher of the program.
    #[n(0)]
    pub voucher: AuthorId,
    /// Its own code.
    #[n(1)]
    pub code: VoucherCode,
    /// The first instant at which it is valid no more; never where absent.
    #[n(2)]
    pub expires_at: Option<Timestamp>,
    /// How often it may be used in all.
    #[n(3)]
    pub uses: u16,
    /// How often it was used.
    #[n(4)]
    pub used: u16,
}

impl HeldVoucher {
    /// How often it may still be used.
    pub const fn left(&self) -> u16 {
        self.uses.saturating_sub(self.used)
    }
}

/// A badge that a member has.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HeldBadge {
    /// The badge of the program.
    #[n(0)]
    pub badge: AuthorId,
    /// Since when.
    #[n(1)]
    pub since: Timestamp,
    /// The operation that gave it.
    #[n(2)]
    pub of: OperationKey,
}

/// Something that is no points.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Gift {
    /// A voucher, as it was when it was given.
    #[n(0)]
    Voucher(#[n(0)] HeldVoucher),
    /// A badge.
    #[n(1)]
    Badge(#[n(0)] HeldBadge),
    /// A level until an end.
    #[n(2)]
    Tier(#[n(0)] HeldTier),
    /// An amount in a slot of a counter.
    #[n(3)]
    Credit(#[n(0)] HeldCredit),
    /// Points of a referral.
    #[n(4)]
    Referral(#[n(0)] ReferralPoints),
}

/// What a referral gives.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReferralPoints {
    /// The currency.
    #[n(0)]
    pub currency: AuthorId,
    /// To who brought the member.
    #[n(1)]
    pub referrer: Points,
    /// To the member.
    #[n(2)]
    pub referee: Points,
}

/// A level that was given until an end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HeldTier {
    /// The track.
    #[n(0)]
    pub track: AuthorId,
    /// The level.
    #[n(1)]
    pub level: AuthorId,
    /// The first instant at which it is over.
    #[n(2)]
    pub until: Timestamp,
}

/// An amount that was credited.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HeldCredit {
    /// The counter.
    #[n(0)]
    pub counter: AuthorId,
    /// The slot of its window.
    #[n(1)]
    pub slot: i64,
    /// How much, in the units of the counter.
    #[cbor(n(2), with = "crate::money::wide")]
    pub amount: i128,
}

/// What a grant of the program gave.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Granted {
    /// The grant.
    #[n(0)]
    pub grant: AuthorId,
    /// What for.
    #[n(1)]
    pub by: GrantedFor,
    /// What it gave.
    #[n(2)]
    pub gift: Gift,
}

/// What something was given for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum GrantedFor {
    /// The activity itself, with which it goes back.
    #[n(0)]
    Activity,
    /// Joining; nothing takes it back.
    #[n(1)]
    Joining,
    /// A level of a track, or a challenge, which has none. It goes when the counters fall below.
    #[n(2)]
    Goal(#[n(0)] Option<AuthorId>, #[n(1)] AuthorId),
}

/// What became of something that was given.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Regranted {
    /// The grant.
    #[n(0)]
    pub grant: AuthorId,
    /// What it had given.
    #[n(1)]
    pub gift: Gift,
    /// Whether it was taken back, rather than given again.
    #[n(2)]
    pub taken: bool,
    /// The operation of the activity that had been given it; absent of a level or challenge.
    #[n(3)]
    pub of: Option<OperationKey>,
}

/// A voucher that was valid no more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Ended {
    /// The voucher of the program.
    #[n(0)]
    pub voucher: AuthorId,
    /// Its own code.
    #[n(1)]
    pub code: VoucherCode,
    /// The first instant at which it was valid no more.
    #[n(2)]
    pub at: Timestamp,
}

/// What a member has that is no points.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Gifts {
    /// The vouchers, that which ends first before the others and those without an end last; by code among equals.
    #[n(0)]
    pub vouchers: Vec<HeldVoucher>,
    /// The badges, by their ids.
    #[n(1)]
    pub badges: Vec<HeldBadge>,
    /// How often grants gave that give only so often in a window, by the grant's id.
    #[n(2)]
    pub times: Vec<CounterState>,
}

impl Gifts {
    /// Nothing.
    pub const NONE: Self = Self { vouchers: Vec::new(), badges: Vec::new(), times: Vec::new() };

    /// Whether there is nothing, and never was anything that is counted.
    pub const fn is_empty(&self) -> bool {
        self.vouchers.is_empty() && self.badges.is_empty() && self.times.is_empty()
    }

    /// Whether a badge is there.
    pub fn has_badge(&self, badge: &AuthorId) -> bool {
        self.badges.iter().any(|held| held.badge == *badge)
    }

    /// The voucher of a code.
    pub fn voucher(&self, code: &VoucherCode) -> Option<&HeldVoucher> {
        self.vouchers.iter().find(|held| held.code == *code)
    }

    /// Gives something; nothing happens where there is no room for another voucher, or where the badge is there.
    pub fn give(&mut self, gift: &Gift) -> bool {
        match gift {
            Gift::Voucher(voucher) => {
                if self.vouchers.len() >= MOST_VOUCHERS {
                    return false;
                }
                let place = self.vouchers.partition_point(|held| order(held) <= order(voucher));
                self.vouchers.insert(place, voucher.clone());
            }
            Gift::Badge(badge) => {
                if self.has_badge(&badge.badge) {
                    return false;
                }
                let place = self.badges.partition_point(|held| held.badge < badge.badge);
                self.badges.insert(place, badge.clone());
            }
            // They are kept with levels, counters and balances.
            Gift::Tier(_) | Gift::Credit(_) | Gift::Referral(_) => {}
        }
        true
    }

    /// Takes back what was given; a voucher that was used stays, and so does a badge that something else gave.
    pub fn take(&mut self, gift: &Gift) -> bool {
        match gift {
            Gift::Voucher(voucher) => {
                let own = |held: &HeldVoucher| held.code == voucher.code && held.used == 0;
                let place = self.vouchers.iter().position(own);
                place.map(|place| self.vouchers.remove(place)).is_some()
            }
            Gift::Badge(badge) => {
                let place = self.badges.iter().position(|held| held == badge);
                place.map(|place| self.badges.remove(place)).is_some()
            }
            Gift::Tier(_) | Gift::Credit(_) | Gift::Referral(_) => true,
        }
    }
}

fn order(voucher: &HeldVoucher) -> (Timestamp, &VoucherCode) {
    (voucher.expires_at.unwrap_or(Timestamp::from_micros(i64::MAX)), &voucher.code)
}

impl MemberState {
    /// When the next voucher ends.
    pub fn next_voucher_ends(&self) -> Option<Timestamp> {
        self.gifts.vouchers.first()?.expires_at
    }

    /// Ends the vouchers that are valid no more at an instant.
    pub fn end_vouchers(&mut self, at: Timestamp) -> Vec<Ended> {
        let over = |held: &HeldVoucher| held.expires_at.is_some_and(|end| end <= at);
        let (ended, valid) = std::mem::take(&mut self.gifts.vouchers).into_iter().partition(over);
        self.gifts.vouchers = valid;
        let ended: Vec<HeldVoucher> = ended;
        ended.into_iter().map(|it| Ended { voucher: it.voucher, code: it.code, at }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{MemberId, TenantId};
    use crate::ledger::chain::ChainKey;

    fn voucher(key: &str, ends: Option<i64>) -> HeldVoucher {
        let (tenant, member) = (TenantId::new("shop").unwrap(), MemberId::new("m").unwrap());
        let of = OperationKey::new(key).unwrap();
        let key = ChainKey::new(1, [7; 32]);
        let codes = Codes::new(&key, &tenant);
        let grant = AuthorId::new("grant").unwrap();
        let code = codes.code(&member, &of, (&grant, 0));
        let expires_at = ends.map(Timestamp::from_seconds);
        HeldVoucher { voucher: AuthorId::new("five").unwrap(), code, expires_at, uses: 2, used: 0 }
    }

    #[test]
    fn a_voucher_that_was_used_stays() {
        let mut gifts = Gifts::default();
        let given = voucher("purchase/1", None);
        assert!(gifts.give(&Gift::Voucher(given.clone())));
        gifts.vouchers[0].used = 1;
        assert!(!gifts.take(&Gift::Voucher(given.clone())));
        assert_eq!((gifts.vouchers.len(), gifts.vouchers[0].left()), (1, 1));
        gifts.vouchers[0].used = 0;
        assert!(gifts.take(&Gift::Voucher(given)));
        assert!(gifts.is_empty());
    }

    #[test]
    fn vouchers_end_soonest_first_and_none_is_given_beyond_the_most() {
        let mut state = MemberState::enrolled(Timestamp::from_seconds(0));
        for (key, ends) in [("purchase/1", None), ("purchase/2", Some(9)), ("purchase/3", Some(5))] {
            assert!(state.gifts.give(&Gift::Voucher(voucher(key, ends))));
        }
        assert_eq!(state.next_voucher_ends(), Some(Timestamp::from_seconds(5)));
        let ended = state.end_vouchers(Timestamp::from_seconds(5));
        assert_eq!(
            ended.iter().map(|it| it.code.clone()).collect::<Vec<_>>(),
            [voucher("purchase/3", None).code]
        );
        assert_eq!(state.next_voucher_ends(), Some(Timestamp::from_seconds(9)));
        for n in 2..MOST_VOUCHERS {
            assert!(state.gifts.give(&Gift::Voucher(voucher(&format!("purchase/more-{n}"), None))));
        }
        assert!(!state.gifts.give(&Gift::Voucher(voucher("purchase/one-too-many", None))));
    }

    #[test]
    fn a_badge_is_held_once_and_taken_by_what_gave_it() {
        let badge = |key: &str| {
            let of = OperationKey::new(key).unwrap();
            Gift::Badge(HeldBadge {
                badge: AuthorId::new("early").unwrap(),
                since: Timestamp::from_seconds(3),
                of,
            })
        };
        let mut gifts = Gifts::default();
        assert!(gifts.give(&badge("purchase/1")));
        assert!(!gifts.give(&badge("purchase/2")));
        assert!(!gifts.take(&badge("purchase/2")));
        assert!(gifts.take(&badge("purchase/1")) && gifts.is_empty());
    }
}
