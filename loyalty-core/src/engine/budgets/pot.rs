//! What an engine holds of a budget in its process's memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::turn::Turn;
use crate::id::{AuthorId, MemberId, TenantId};
use crate::ledger::chain::Hash;
use crate::points::Points;
use crate::shared::Reading;
use crate::shared::budget::{BudgetState, Lease};
use crate::time::Timestamp;

/// A budget of a tenant in one of its windows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Of {
    pub tenant: TenantId,
    pub budget: AuthorId,
    pub slot: i64,
}

/// What an engine holds of all budgets.
#[derive(Debug, Default)]
pub struct Pots(Mutex<HashMap<Of, Arc<Pot>>>);

/// What an engine holds of one.
#[derive(Debug, Default)]
pub struct Pot {
    held: Mutex<Held>,
    /// Who leases more, or gives back.
    pub turn: Turn,
}

#[derive(Debug, Default)]
struct Held {
    /// What nobody had leased when the budget's chain was read last.
    free: i64,
    /// Oldest first; the last may be drawn on.
    leases: Vec<Own>,
    /// What may have been drawn.
    unknown: Vec<(Drawn, Landing)>,
}

/// What is left of a budget, and how much of that may be drawn without leasing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub reading: Reading,
    pub at_hand: i64,
}

/// A lease of this engine.
#[derive(Debug)]
struct Own {
    lease: Lease,
    /// INVARIANT: not less than what commits have drawn by it, and not more than it.
    drawn: i64,
    /// Appends of which it is not known yet what came.
    under_way: u32,
    /// Whether it is drawn on no more.
    retired: bool,
}

/// What a commit draws by a lease and gives back by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    pub lease: u64,
    pub more: i64,
    pub back: i64,
}

/// Where a commit stands if it was done.
#[derive(Debug, Clone)]
pub struct Landing {
    pub tenant: TenantId,
    pub member: MemberId,
    pub seq: u64,
    pub hash: Hash,
}

/// What was drawn for a commit that is to be appended. It counts as drawn until it is known that nothing was.
#[derive(Debug)]
pub struct Draws {
    each: Vec<(Arc<Pot>, Drawn)>,
    landing: Landing,
    known: AtomicBool,
}

impl Pots {
    /// What is held of a budget.
    pub fn of(&self, of: &Of) -> Arc<Pot> {
        let mut pots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pots.entry(of.clone()).or_default())
    }

    /// Everything that is held.
    pub fn all(&self) -> Vec<(Of, Arc<Pot>)> {
        let pots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pots.iter().map(|(of, pot)| (of.clone(), Arc::clone(pot))).collect()
    }
}

impl Left {
    /// Nothing, and no lease.
    pub fn nothing(of: Of) -> Self {
        let reading = Reading { budget: of.budget, slot: of.slot, left: Points::ZERO, lease: 0 };
        Self { reading, at_hand: 0 }
    }
}

impl Own {
    fn left(&self) -> i64 {
        self.lease.amount.saturating_sub(self.drawn).max(0)
    }

    fn settle(&mut self, drawn: Drawn, done: bool) {
        // What goes back may be drawn only once it is durable; what was drawn goes back only once it never will be.
        let less = if done { drawn.back } else { drawn.more };
        self.drawn = self.drawn.saturating_sub(less);
        self.under_way = self.under_way.saturating_sub(1);
    }
}

impl Pot {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing between two changes can panic.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left, as far as it is known, if there is a lease to draw on.
    pub fn left(&self, of: &Of, now: Timestamp) -> Option<Left> {
        let held = self.held();
        let own = held.leases.last().filter(|own| !own.retired && now <= own.lease.until)?;
        let left = Points::new(own.left().saturating_add(held.free)).unwrap_or(Points::MAX);
        let reading = Reading { budget: of.budget.clone(), slot: of.slot, left, lease: own.lease.id };
        Some(Left { reading, at_hand: own.left() })
    }

    /// What the engine holds and has not drawn.
    pub fn undrawn(&self) -> i64 {
        self.held().leases.iter().fold(0, |sum, own| sum.saturating_add(own.left()))
    }

    /// Notes what nobody has leased.
    pub fn free_is(&self, free: i64) {
        self.held().free = free;
    }

    /// What could go back: what leases hold that nobody draws on any more.
    pub fn idle(&self, now: Timestamp) -> i64 {
        let held = self.held();
        let idle = held.leases.iter().filter(|own| own.retired || own.lease.until < now);
        idle.fold(0, |sum, own| sum.saturating_add(own.left()))
    }

    /// Draws by a lease, if it may still be drawn on and has so much.
    fn draw(&self, drawn: Drawn) -> bool {
        let mut held = self.held();
        let own = held.leases.last_mut().filter(|own| !own.retired && own.lease.id == drawn.lease);
        let Some(own) = own.filter(|own| drawn.more <= own.left()) else { return false };
        own.drawn = own.drawn.saturating_add(drawn.more);
        own.under_way = own.under_way.saturating_add(1);
        true
    }

    /// Settles what was drawn once it is known.
    pub fn settle(&self, drawn: Drawn, done: bool) {
        if let Some(own) = self.held().leases.iter_mut().find(|own| own.lease.id == drawn.lease) {
            own.settle(drawn, done);
        }
    }

    /// Takes what is not known, to look for it.
    pub fn take_unknown(&self) -> Vec<(Drawn, Landing)> {
        std::mem::take(&mut self.held().unknown)
    }

    /// Puts back what is still not known.
    pub fn keep_unknown(&self, unknown: Vec<(Drawn, Landing)>) {
        self.held().unknown.extend(unknown);
    }

    /// Draws on no lease any more, and gives back to a budget what they hold.
    pub fn give_back(&self, budget: &mut BudgetState) {
        let mut held = self.held();
        held.leases.retain(|own| budget.has(own.lease.id));
        for own in &mut held.leases {
            own.retired = true;
            if own.under_way == 0 {
                budget.close(own.lease.id, own.drawn);
            } else {
                budget.shrink(own.lease.id, own.drawn);
            }
        }
    }

    /// Takes over what a budget's chain says after it was written, with a lease to draw on.
    pub fn take_over(&self, budget: &BudgetState, lease: Option<Lease>) {
        let mut held = self.held();
        held.leases.retain(|own| budget.has(own.lease.id));
        for own in &mut held.leases {
            let known = budget.leases.iter().find(|lease| lease.id == own.lease.id);
            own.lease = known.copied().unwrap_or(own.lease);
        }
        held.leases.extend(lease.map(|lease| Own { lease, drawn: 0, under_way: 0, retired: false }));
    }
}

impl Draws {
    /// Draws all, or nothing: `None` where somebody else was faster.
    pub fn draw(each: Vec<(Arc<Pot>, Drawn)>, landing: Landing) -> Option<Self> {
        for (place, (pot, drawn)) in each.iter().enumerate() {
            if !pot.draw(*drawn) {
                each.iter().take(place).for_each(|(pot, drawn)| pot.settle(*drawn, false));
                return None;
            }
        }
        Some(Self { each, landing, known: AtomicBool::new(false) })
    }

    /// Says what came of the append: whether it was done, for certain.
    pub fn settle(&self, done: bool) {
        if !self.known.swap(true, Ordering::AcqRel) {
            self.each.iter().for_each(|(pot, drawn)| pot.settle(*drawn, done));
        }
    }
}

impl Drop for Draws {
    /// What nobody has said anything of may have been done.
    fn drop(&mut self) {
        if !*self.known.get_mut() {
            let landing = &self.landing;
            self.each.iter().for_each(|(pot, drawn)| pot.keep_unknown(vec![(*drawn, landing.clone())]));
        }
    }
}
