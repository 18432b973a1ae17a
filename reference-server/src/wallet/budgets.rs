//! Budgets: how those of the program in force stand.

use axum::extract::State;
use loyalty_core::engine::Standing;
use loyalty_core::id::AuthorId;
use loyalty_core::points::Points;
use loyalty_core::program::Program;
use schemars::JsonSchema;
use serde::Serialize;

use super::Shared;
use super::rights::ReadPrograms;
use crate::kit::auth::May;
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// The budgets of the program in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BudgetsView {
    /// In the order of the program.
    budgets: Vec<BudgetView>,
}

/// How a budget stands in its present window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BudgetView {
    /// The budget.
    id: AuthorId,
    /// The currency.
    currency: AuthorId,
    /// Decimals of a point.
    scale: u8,
    /// What the program gives, in minor units, as everything else.
    amount: Points,
    /// What is used for certain.
    used: i64,
    /// What processes hold to draw on; some of it may be used already.
    leased: i64,
    /// What nobody holds.
    free: i64,
}

impl BudgetView {
    fn new(standing: Standing, program: &Program) -> Self {
        let Standing { budget: id, currency, amount, used, leased, free, .. } = standing;
        let scale = program.currency(&currency).map_or(0, |currency| currency.scale);
        Self { id, currency, scale, amount, used, leased, free }
    }
}

/// Shows how the budgets of the program in force stand in their present windows.
#[utoipa::path(
    get, path = "/v1/budgets", tag = "programs", operation_id = "budgets",
    responses((status = 200, description = "all of them", body = ref("#/components/schemas/BudgetsView"))),
)]
pub(super) async fn list(
    State(wallet): State<Shared>,
    may: May<ReadPrograms>,
) -> Result<Json<BudgetsView>, Refusal> {
    let tenant = &may.caller.tenant;
    let now = wallet.clocks.now(tenant);
    let standings = wallet.engine.budgets(tenant, now).await?;
    let programs = wallet.engine.programs(tenant, now).await?;
    let program = programs.at(now);
    let budgets = standings.into_iter().map(|standing| BudgetView::new(standing, program)).collect();
    Ok(Json(BudgetsView { budgets }))
}
