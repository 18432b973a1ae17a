//! Grants: what members have that is no points. Vouchers, of which each has a code of its own, and badges.
//!
//! What an activity gave belongs to it and goes back with it: it stays as long as what is kept of the activity would
//! still be given it. A voucher that was used stays. What a level or challenge gave belongs to its counters.

mod code;

use minicbor::{Decode, Encode};

use crate::counter::CounterState;
use crate::id::{AuthorId, OperationKey};
use crate::member::MemberState;
use crate::money::Money;
use crate::points::Points;
use crate::time::Timestamp;

pub use self::code::{Codes, InvalidCode, VoucherCode};

/// The most vouchers that a member holds at once; one that was used makes room for another. Beyond them none is given.
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
    /// How often it was used. One that was used as often as it may be is kept until its end, or until there is no
    /// room for others.
    #[n(4)]
    pub used: u16,
    /// What it is worth, of one that points became; of all others the program says what they are for.
    #[cbor(n(5), default)]
    pub value: Option<Money>,
}

impl HeldVoucher {
    /// How often it may still be used.
    pub const fn left(&self) -> u16 {
        self.uses.saturating_sub(self.used)
    }

    /// Whether it was used as often as it may be.
    pub const fn is_used_up(&self) -> bool {
        self.left() == 0
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

    /// Whether there is room for another voucher: at most in place of one that was used.
    pub fn has_room(&self) -> bool {
        self.vouchers.len() < MOST_VOUCHERS || self.vouchers.iter().any(HeldVoucher::is_used_up)
    }

    /// Uses a voucher once more; gives it as it was before.
    pub fn use_once(&mut self, code: &VoucherCode) -> Option<HeldVoucher> {
        let held = self.vouchers.iter_mut().find(|held| held.code == *code && !held.is_used_up())?;
        let before = held.clone();
        held.used = held.used.saturating_add(1);
        Some(before)
    }

    /// Gives a use of a voucher back; nothing happens where it is over by `at`. `false` where there is no room for it.
    pub fn give_use_back(&mut self, voucher: &HeldVoucher, at: Timestamp) -> bool {
        if let Some(held) = self.vouchers.iter_mut().find(|held| held.code == voucher.code) {
            held.used = held.used.saturating_sub(1);
            return true;
        }
        // What went for others had been used as often as it may be.
        let used = voucher.uses.saturating_sub(1);
        voucher.expires_at.is_some_and(|end| end <= at)
            || self.give(&Gift::Voucher(HeldVoucher { used, ..voucher.clone() }))
    }

    /// Gives something; nothing happens where there is no room for another voucher, or where the badge is there.
    pub fn give(&mut self, gift: &Gift) -> bool {
        match gift {
            Gift::Voucher(voucher) => {
                if self.vouchers.len() >= MOST_VOUCHERS {
                    let Some(place) = self.vouchers.iter().position(HeldVoucher::is_used_up) else {
                        return false;
                    };
                    self.vouchers.remove(place);
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
        // Nobody misses one that was used.
        let ended = ended.into_iter().filter(|it| !it.is_used_up());
        ended.map(|it| Ended { voucher: it.voucher, code: it.code, at }).collect()
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
        HeldVoucher {
            voucher: AuthorId::new("five").unwrap(),
            code,
            expires_at,
            uses: 2,
            used: 0,
            value: None,
        }
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
    fn a_use_comes_back_unless_the_voucher_is_over() {
        let at = Timestamp::from_seconds;
        let mut gifts = Gifts::default();
        let given = voucher("purchase/1", Some(9));
        gifts.give(&Gift::Voucher(given.clone()));
        assert_eq!(gifts.use_once(&given.code), Some(given.clone()));
        let second = gifts.use_once(&given.code).unwrap();
        assert_eq!((second.used, gifts.use_once(&given.code)), (1, None));
        assert!(gifts.give_use_back(&second, at(5)));
        assert_eq!(gifts.vouchers[0].left(), 1);
        gifts.use_once(&given.code);
        gifts.vouchers.clear();
        assert!(gifts.give_use_back(&second, at(9)) && gifts.vouchers.is_empty());
        // It made room for another before its end.
        assert!(gifts.give_use_back(&second, at(8)));
        assert_eq!((gifts.vouchers[0].code.clone(), gifts.vouchers[0].left()), (given.code, 1));
    }

    #[test]
    fn what_was_used_makes_room() {
        let mut gifts = Gifts::default();
        for n in 0..MOST_VOUCHERS {
            gifts.give(&Gift::Voucher(voucher(&format!("purchase/{n}"), None)));
        }
        let (new, old) = (voucher("purchase/new", None), voucher("purchase/7", None));
        assert!(!gifts.has_room() && !gifts.give(&Gift::Voucher(new.clone())));
        gifts.use_once(&old.code);
        assert!(!gifts.has_room());
        gifts.use_once(&old.code);
        assert!(gifts.has_room() && gifts.give(&Gift::Voucher(new.clone())));
        assert!(gifts.voucher(&new.code).is_some() && gifts.voucher(&old.code).is_none());
        assert!(!gifts.give_use_back(&HeldVoucher { used: 1, ..old }, Timestamp::from_seconds(0)));
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
