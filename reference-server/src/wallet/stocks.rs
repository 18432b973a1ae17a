//! Stocks of rewards: how those of the program in force stand.

use axum::extract::State;
use loyalty_core::engine::StockStanding;
use loyalty_core::id::AuthorId;
use schemars::JsonSchema;
use serde::Serialize;

use super::Shared;
use super::rights::ReadPrograms;
use crate::kit::auth::May;
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// The stocks of the program in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StocksView {
    /// In the order of its rewards.
    stocks: Vec<StockView>,
}

/// How the stock of a reward stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StockView {
    /// The reward.
    reward: AuthorId,
    /// How many the program has.
    stock: u32,
    /// How many were given out, less what came back.
    used: u32,
    /// How many are held, or set aside for a moment.
    set_aside: u32,
    /// How many nobody has.
    free: u32,
}

impl From<StockStanding> for StockView {
    fn from(standing: StockStanding) -> Self {
        let StockStanding { reward, stock, used, set_aside, free } = standing;
        Self { reward, stock, used, set_aside, free }
    }
}

/// Shows how the stocks of the rewards of the program in force stand.
#[utoipa::path(
    get, path = "/v1/stocks", tag = "programs", operation_id = "stocks",
    responses((status = 200, description = "all of them", body = ref("#/components/schemas/StocksView"))),
)]
pub(super) async fn list(
    State(wallet): State<Shared>,
    may: May<ReadPrograms>,
) -> Result<Json<StocksView>, Refusal> {
    let tenant = &may.caller.tenant;
    let standings = wallet.engine.stocks(tenant, wallet.clocks.now(tenant)).await?;
    Ok(Json(StocksView { stocks: standings.into_iter().map(StockView::from).collect() }))
}
