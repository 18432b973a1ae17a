//! What members share: budgets, drawn on by leases, claims, and stocks of rewards.
//!
//! Each is a chain of its own in the ledger, under a name that no tenant can have ([`TenantId::shared`]), kept by the
//! one primitive that members' chains are kept by: a sequence is inserted if it is absent. A commit of such a chain
//! has no operations; its state says all.
//!
//! [`TenantId::shared`]: crate::id::TenantId::shared

pub mod budget;
pub mod claim;
pub mod stock;

use minicbor::{Decode, Encode};

use self::budget::BudgetState;
use self::claim::Claim;
use self::stock::StockState;
use crate::id::AuthorId;
use crate::ledger::operation::{CountedBy, CountedIn};
use crate::points::Points;

/// What a chain that belongs to no member keeps.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Shared {
    /// A budget in one of its windows.
    #[n(0)]
    Budget(#[n(0)] BudgetState),
    /// Something that happens once for all members together.
    #[n(1)]
    Claim(#[n(0)] Claim),
    /// The stock of a reward.
    #[n(2)]
    Stock(#[n(0)] StockState),
}

/// What a decision was told of a budget.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reading {
    /// The budget.
    #[n(0)]
    pub budget: AuthorId,
    /// Which of its windows.
    #[n(1)]
    pub slot: i64,
    /// What may be drawn, in minor units, 0 or more.
    #[n(2)]
    pub left: Points,
    /// The lease by which it is drawn, and by which what is cancelled or comes back goes back; 0 is none.
    #[n(3)]
    pub lease: u64,
}

/// What an activity would draw on a budget that had enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The budget.
    pub budget: AuthorId,
    /// Which of its windows.
    pub slot: i64,
    /// How much, in minor units; 0 where the budget only gets something back.
    pub amount: Points,
}

impl Want {
    /// Whether a reading is of the same window of the same budget.
    pub fn is_of(&self, reading: &Reading) -> bool {
        self.slot == reading.slot && self.budget == reading.budget
    }
}

impl Reading {
    /// Whether it is what something was counted in.
    pub fn is_of(&self, counted: &CountedIn) -> bool {
        self.slot == counted.slot && matches!(&counted.of, CountedBy::Budget(id) if *id == self.budget)
    }
}
