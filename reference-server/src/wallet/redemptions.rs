//! Spending points on rewards, undoing that, and giving or taking points by hand.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::adjustment::Adjust;
use loyalty_core::command::Command;
use loyalty_core::id::{ActivityId, AuthorId};
use loyalty_core::points::Points;
use loyalty_core::redemption::{CancelRedemption, Redeem};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Shared;
use super::activities::execute;
use super::rights::{AdjustPoints, Of, Spend};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;
use crate::kit::query::Path;

/// A redemption to be undone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCancellation {
    /// The caller's id, under which it happens once.
    key: ActivityId,
}

/// Points to be given or taken by hand; who does it is the caller.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdjustment {
    /// The caller's id, under which it happens once.
    key: ActivityId,
    /// The currency.
    currency: AuthorId,
    /// Minor units: above 0 they are given, below 0 taken, never more than may be spent.
    points: Points,
    /// Why, in 1 to 500 bytes.
    reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RedemptionPath {
    redemption: ActivityId,
}

/// Spends points on a reward, at once. The same redemption again gives the same answer, marked replayed; one that was
/// refused for want of points or of a level stays refused: send another with a new key.
#[utoipa::path(
    post, path = "/v1/members/{member}/redemptions", tag = "spending", operation_id = "redeem",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the redemption's `key`"),
    ),
    request_body(content = ref("#/components/schemas/Redeem")),
    responses((status = 201, description = "what was spent", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn redeem(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    headers: HeaderMap,
    Json(redeem): Json<Redeem>,
) -> Result<Response, Refusal> {
    execute(&wallet, &of, &headers, (Command::Redeem(Arc::new(redeem)), "redeem")).await
}

/// Undoes a redemption: its points go back to where they came from, and what has lapsed there stays so. The same
/// cancellation again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/redemptions/{redemption}/cancel", tag = "spending",
    operation_id = "cancelRedemption",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("redemption" = String, Path, description = "the redemption's `key`"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the cancellation's `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewCancellation")),
    responses((status = 201, description = "what came back", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn cancel(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    Path(RedemptionPath { redemption }): Path<RedemptionPath>,
    headers: HeaderMap,
    Json(new): Json<NewCancellation>,
) -> Result<Response, Refusal> {
    let command = Command::CancelRedemption(Arc::new(CancelRedemption { key: new.key, of: redemption }));
    execute(&wallet, &of, &headers, (command, "cancel_redemption")).await
}

/// Gives a member points by hand, or takes them; where the program wants a second person for so many, they wait in the
/// queue of reviews (`proposed`). The same adjustment again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/adjustments", tag = "spending", operation_id = "adjust",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the adjustment's `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewAdjustment")),
    responses((status = 201, description = "what was given or taken", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn adjust(
    State(wallet): State<Shared>,
    of: Of<AdjustPoints>,
    headers: HeaderMap,
    Json(new): Json<NewAdjustment>,
) -> Result<Response, Refusal> {
    let actor = of.actor()?;
    let NewAdjustment { key, currency, points, reason } = new;
    let command = Command::Adjust(Arc::new(Adjust { key, currency, points, reason, actor }));
    execute(&wallet, &of, &headers, (command, "adjust")).await
}
