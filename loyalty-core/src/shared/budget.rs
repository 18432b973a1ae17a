//! The chain of a budget: what is used, and what engines have leased of it.
//!
//! INVARIANT: what commits of members have drawn by a lease is never more than the lease, and `used` with all open
//! leases is never more than the amount that a lease was taken under; so the budget is never exceeded.

use minicbor::{Decode, Encode};

use crate::id::{AuthorId, MemberId};
use crate::points::Points;
use crate::time::Timestamp;

/// The most leases that are open at once; while there are so many, none is given.
pub const MOST_LEASES: usize = 256;
/// How long a lease is drawn on: 10 minutes.
pub const LEASE_MICROS: i64 = 600_000_000;
/// A lease is a sixteenth of what is free.
const SHARE_OF_FREE: i64 = 16;
/// A lease is a thousandth of the amount at least, as long as there is so much.
const LEAST_OF_AMOUNT: i64 = 1_000;

/// What is known of a budget in one of its windows. All amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct BudgetState {
    /// What has come of leases that are closed: drawn, less what went back.
    #[n(0)]
    pub used: i64,
    /// Open leases, oldest first.
    #[n(1)]
    pub leases: Vec<Lease>,
}

/// A part of a budget that one engine draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Lease {
    /// The sequence of the commit that gave it.
    #[n(0)]
    pub id: u64,
    /// How much; below 0 where more went back by it than was drawn, and the rest was let go of.
    #[n(1)]
    pub amount: i64,
    /// Until when it may be drawn on.
    #[n(2)]
    pub until: Timestamp,
    /// A position of the feed after which every commit stands that names it.
    #[n(3)]
    pub since: u64,
}

impl BudgetState {
    /// What is leased.
    pub fn leased(&self) -> i64 {
        self.leases.iter().fold(0, |sum, lease| sum.saturating_add(lease.amount))
    }

    /// What of an amount is neither used nor leased, 0 or more.
    pub fn free(&self, amount: Points) -> i64 {
        amount.minor().saturating_sub(self.used).saturating_sub(self.leased()).max(0)
    }

    /// How much a new lease is, for somebody who wants so much.
    pub fn block(&self, amount: Points, wanted: i64) -> i64 {
        let free = self.free(amount);
        let share = free.saturating_div(SHARE_OF_FREE).max(amount.minor().saturating_div(LEAST_OF_AMOUNT));
        wanted.max(share).min(free)
    }

    /// Whether a lease is open.
    pub fn has(&self, id: u64) -> bool {
        self.leases.iter().any(|lease| lease.id == id)
    }

    /// Lets go of what a lease has not drawn.
    pub fn shrink(&mut self, id: u64, drawn: i64) {
        if let Some(lease) = self.leases.iter_mut().find(|lease| lease.id == id) {
            lease.amount = lease.amount.min(drawn);
        }
    }

    /// Ends a lease by which so much was drawn in the end. One that has ended stays so.
    pub fn close(&mut self, id: u64, drawn: i64) {
        if self.has(id) {
            self.leases.retain(|lease| lease.id != id);
            self.used = self.used.saturating_add(drawn);
        }
    }

    /// What is known to be left for somebody who draws on these leases and may lease more.
    pub fn left(&self, amount: Points, own: i64) -> Points {
        Points::new(self.free(amount).saturating_add(own)).unwrap_or(Points::ZERO)
    }
}

/// The beginning of the names of all chains of budgets.
pub const CHAINS: &str = "budget/";

/// The name of a budget's chain in one of its windows.
pub fn chain(budget: &AuthorId, slot: i64) -> Option<MemberId> {
    MemberId::new(&format!("{CHAINS}{budget}/{slot}")).ok()
}

/// The budget and the window whose chain has a name.
pub fn of_chain(chain: &MemberId) -> Option<(AuthorId, i64)> {
    let (budget, slot) = chain.as_str().strip_prefix(CHAINS)?.rsplit_once('/')?;
    Some((AuthorId::new(budget).ok()?, slot.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(minor: i64) -> Points {
        Points::new(minor).unwrap()
    }

    fn lease(id: u64, amount: i64) -> Lease {
        Lease { id, amount, until: Timestamp::default(), since: 0 }
    }

    #[test]
    fn a_block_is_a_share_of_what_is_free_and_never_more() {
        let state = BudgetState { used: 200, leases: vec![lease(1, 160)] };
        // 1,000 − 200 − 160 = 640 are free: a sixteenth is 40.
        assert_eq!(state.free(points(1_000)), 640);
        assert_eq!(state.block(points(1_000), 0), 40);
        assert_eq!(state.block(points(1_000), 100), 100);
        assert_eq!(state.block(points(1_000), 5_000), 640);
        // Of 370, 10 are free: a sixteenth is 0, a thousandth too.
        assert_eq!([0, 7, 11].map(|wanted| state.block(points(370), wanted)), [0, 7, 10]);
        assert_eq!(state.free(points(300)), 0, "an amount that was lowered leaves nothing");
    }

    #[test]
    fn a_lease_ends_once() {
        let mut state = BudgetState { used: 0, leases: vec![lease(1, 50), lease(2, 30)] };
        state.shrink(1, 20);
        assert_eq!((state.free(points(100)), state.leased()), (50, 50));
        state.close(1, 15);
        state.close(1, 15);
        assert_eq!((state.used, state.free(points(100))), (15, 55));
    }

    #[test]
    fn names_of_chains() {
        let budget = AuthorId::new("summer.1").unwrap();
        let name = chain(&budget, -3).unwrap();
        assert_eq!(name.as_str(), "budget/summer.1/-3");
        assert_eq!(of_chain(&name), Some((budget, -3)));
        assert_eq!(of_chain(&MemberId::new("claim/activity/x/1").unwrap()), None);
    }
}
