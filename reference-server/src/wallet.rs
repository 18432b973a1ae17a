//! The wallet: programs, activities, members and the sandbox's clock over HTTP, for the token's tenant.

mod activities;
mod backups;
mod budgets;
mod corrections;
mod facts;
mod feed;
mod holds;
mod members;
mod membership;
mod programs;
mod quotes;
mod redemptions;
mod referrals;
mod reviews;
mod rights;
mod sandbox;
mod stocks;
mod tiers;
mod transfers;

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRef};
use loyalty_adapters::embedded::EmbeddedStore;
use loyalty_core::engine::Engine;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clock::Clocks;
use crate::kit::auth::Verifier;

pub use self::backups::BackupView;
pub use self::budgets::BudgetsView;
pub use self::corrections::{NewExpiry, NewReinstatement, NewUndo};
pub use self::feed::FeedView;
pub use self::holds::{NewCapture, NewExtension, NewVoid};
pub use self::membership::NewMembershipChange;
pub use self::programs::{CheckView, VersionView, VersionsView};
pub use self::redemptions::{NewAdjustment, NewCancellation};
pub use self::reviews::{NewReview, ReviewsView};
pub use self::sandbox::{Advance, ClockMove, ClockView};
pub use self::stocks::StocksView;
pub use self::tiers::NewTierGrant;

/// What the wallet's handlers share.
#[derive(Debug)]
pub struct Wallet {
    /// The engine that decides and keeps.
    pub engine: Engine,
    /// The member store.
    pub facts: Arc<EmbeddedStore>,
    /// What runs across members: that of the engine's ledger.
    pub feed: Arc<EmbeddedStore>,
    /// The folder of copies of the ledger.
    pub backups: PathBuf,
    /// The clocks of the tenants.
    pub clocks: Clocks,
    /// Who may call.
    pub verifier: Arc<Verifier>,
}

/// The state of the wallet's routes.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Wallet>);

impl std::ops::Deref for Shared {
    type Target = Wallet;
    fn deref(&self) -> &Wallet {
        &self.0
    }
}

impl FromRef<Shared> for Arc<Verifier> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.verifier)
    }
}

/// The wallet's routes.
pub fn routes<S: Clone + Send + Sync + 'static>(wallet: Wallet) -> OpenApiRouter<S> {
    // A program may be larger than other bodies.
    let largest = DefaultBodyLimit::max(loyalty_core::program::LIMITS.bytes);
    let programs = OpenApiRouter::new()
        .routes(routes!(programs::publish, programs::list))
        .routes(routes!(programs::check))
        .routes(routes!(programs::document))
        .layer(largest);
    OpenApiRouter::new()
        .merge(programs)
        .routes(routes!(activities::purchase))
        .routes(routes!(activities::give_back))
        .routes(routes!(activities::event))
        .routes(routes!(activities::enrol))
        .routes(routes!(activities::birthday))
        .routes(routes!(activities::anniversary))
        .routes(routes!(activities::preview))
        .routes(routes!(members::member))
        .routes(routes!(members::history))
        .routes(routes!(members::holdings))
        .routes(routes!(members::proof))
        .routes(routes!(tiers::grant))
        .routes(routes!(referrals::name))
        .routes(routes!(reviews::list))
        .routes(routes!(feed::read))
        .routes(routes!(budgets::list))
        .routes(routes!(stocks::list))
        .routes(routes!(reviews::approve))
        .routes(routes!(reviews::refuse))
        .routes(routes!(redemptions::redeem))
        .routes(routes!(redemptions::cancel))
        .routes(routes!(redemptions::adjust))
        .routes(routes!(transfers::transfer))
        .routes(routes!(corrections::undo))
        .routes(routes!(corrections::extend))
        .routes(routes!(corrections::reinstate))
        .routes(routes!(quotes::quote))
        .routes(routes!(membership::freeze))
        .routes(routes!(membership::unfreeze))
        .routes(routes!(membership::close))
        .routes(routes!(holds::place))
        .routes(routes!(holds::capture))
        .routes(routes!(holds::void))
        .routes(routes!(holds::extend))
        .routes(routes!(facts::put, facts::show, facts::forget))
        .routes(routes!(backups::make))
        .routes(routes!(sandbox::show, sandbox::advance))
        .with_state(Shared(Arc::new(wallet)))
}
