//! The sandbox's clock, which moves forward by request. All other tenants live in real time.

use axum::extract::State;
use loyalty_core::id::TenantId;
use loyalty_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::rights::MoveClock;
use crate::clock::SANDBOX;
use crate::kit::auth::May;
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// What the sandbox's clock shows.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClockView {
    /// The present time of the sandbox.
    now: Timestamp,
}

/// How the clock moves.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockMove {
    /// By a length of time.
    Advance(Advance),
    /// To an instant.
    To(Timestamp),
}

/// A length of time.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advance {
    /// Seconds.
    Seconds(u32),
    /// Hours of 3,600 seconds.
    Hours(u32),
    /// Days of 24 hours.
    Days(u32),
}

impl Advance {
    const fn seconds(self) -> i64 {
        match self {
            Self::Seconds(seconds) => seconds as i64,
            Self::Hours(hours) => hours as i64 * 3_600,
            Self::Days(days) => days as i64 * 86_400,
        }
    }
}

/// Shows the sandbox's clock.
#[utoipa::path(
    get, path = "/v1/sandbox/clock", tag = "sandbox", operation_id = "sandboxClock",
    responses((status = 200, description = "the clock", body = ref("#/components/schemas/ClockView"))),
)]
pub(super) async fn show(
    State(wallet): State<Shared>,
    may: May<MoveClock>,
) -> Result<Json<ClockView>, Refusal> {
    require_sandbox(&may.caller.tenant)?;
    Ok(Json(ClockView { now: wallet.clocks.now(&may.caller.tenant) }))
}

/// Moves the sandbox's clock forward.
#[utoipa::path(
    post, path = "/v1/sandbox/clock", tag = "sandbox", operation_id = "moveSandboxClock",
    request_body(content = ref("#/components/schemas/ClockMove")),
    responses((status = 200, description = "the clock", body = ref("#/components/schemas/ClockView"))),
)]
pub(super) async fn advance(
    State(wallet): State<Shared>,
    may: May<MoveClock>,
    Json(by): Json<ClockMove>,
) -> Result<Json<ClockView>, Refusal> {
    require_sandbox(&may.caller.tenant)?;
    let now = wallet.clocks.advance(|present| match by {
        ClockMove::Advance(by) => present.plus_seconds(by.seconds()),
        ClockMove::To(instant) => instant,
    })?;
    Ok(Json(ClockView { now }))
}

fn require_sandbox(tenant: &TenantId) -> Result<(), Refusal> {
    if tenant.as_str() == SANDBOX {
        return Ok(());
    }
    let message = format!("the tenant `{tenant}` lives in real time");
    Err(Refusal::new("not_sandbox", message, "use a token of the tenant `sandbox`"))
}
