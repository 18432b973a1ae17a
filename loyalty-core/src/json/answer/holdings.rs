//! What a member had at an instant.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::Holdings;
use crate::id::{AuthorId, MemberId};
use crate::ledger::posting::Account;
use crate::points::Points;
use crate::program::Program;
use crate::time::Timestamp;

/// What a member had at an instant, by all that is recorded by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HoldingsView {
    /// Who.
    pub member: MemberId,
    /// When.
    pub at: Timestamp,
    /// One entry a currency of the program.
    pub balances: Vec<AccountsView>,
    /// One entry a tier track of the program.
    pub levels: Vec<LevelHeldView>,
}

/// Points of one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccountsView {
    /// The currency.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// What could be spent.
    pub available: Points,
    /// What could not be spent yet.
    pub pending: Points,
    /// What was set aside at checkouts.
    pub held: Points,
    /// What was on its way to other members.
    pub in_transit: Points,
    /// What was owed.
    pub debt: Points,
}

/// The level held on a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LevelHeldView {
    /// The track.
    pub track: AuthorId,
    /// The level.
    pub level: AuthorId,
}

impl HoldingsView {
    /// A view under the program in force.
    pub fn new(member: &MemberId, at: Timestamp, holdings: &Holdings, program: &Program) -> Self {
        let document = program.document();
        let accounts = |currency: &AuthorId, scale: u8| AccountsView {
            currency: currency.clone(),
            scale,
            available: holdings.of(currency, Account::Available),
            pending: holdings.of(currency, Account::Pending),
            held: holdings.of(currency, Account::Held),
            in_transit: holdings.of(currency, Account::InTransit),
            debt: holdings.of(currency, Account::Debt).negated(),
        };
        let balances = document.currencies.iter().map(|it| accounts(&it.id, it.scale)).collect();
        let levels = document.tiers.iter().filter_map(|track| {
            let level = holdings.levels.get(&track.id).or(track.levels.first().map(|level| &level.id));
            Some(LevelHeldView { track: track.id.clone(), level: level?.clone() })
        });
        Self { member: member.clone(), at, balances, levels: levels.collect() }
    }
}
