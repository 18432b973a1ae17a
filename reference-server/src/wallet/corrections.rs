//! Undoing returns, letting points live longer, and giving back what has lapsed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::correction::{ExtendExpiry, Reinstate, UndoReturn};
use loyalty_core::id::{ActivityId, AuthorId};
use loyalty_core::points::Points;
use loyalty_core::time::{Date, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Shared;
use super::activities::execute;
use super::rights::{AdjustPoints, Of, Record};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;
use crate::kit::query::Path;

/// A return to be undone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUndo {
    /// The caller's id, under which it happens once.
    key: ActivityId,
}

/// Points that are to lapse later; who does it is the caller.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExpiry {
    /// The caller's id, under which it happens once.
    key: ActivityId,
    /// The currency.
    currency: AuthorId,
    /// The last day on which they may be spent, in the program's zone.
    to: Date,
    /// Only points that would lapse at this instant; absent means all that would lapse before the end of `to`.
    #[serde(default)]
    bucket: Option<Timestamp>,
    /// Why, in 1 to 500 bytes.
    reason: String,
}

/// Points that have lapsed and are to come back; who does it is the caller.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReinstatement {
    /// The caller's id, under which it happens once.
    key: ActivityId,
    /// The currency.
    currency: AuthorId,
    /// How many, in minor units, above 0.
    points: Points,
    /// The last day on which they may be spent, in the program's zone; absent means as long as points given today.
    #[serde(default)]
    to: Option<Date>,
    /// Why, in 1 to 500 bytes.
    reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReturnPath {
    #[serde(rename = "return")]
    id: ActivityId,
}

/// Undoes a return: what it brought back is the member's again, and so is what that gave. The same again gives the same
/// answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/returns/{return}/undo", tag = "activities", operation_id = "undoReturn",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("return" = String, Path, description = "the return's `id`"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewUndo")),
    responses((status = 201, description = "what came again, in `returned` below 0", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn undo(
    State(wallet): State<Shared>,
    of: Of<Record>,
    Path(ReturnPath { id }): Path<ReturnPath>,
    headers: HeaderMap,
    Json(new): Json<NewUndo>,
) -> Result<Response, Refusal> {
    let command = Command::UndoReturn(Arc::new(UndoReturn { key: new.key, of: id }));
    execute(&wallet, &of, &headers, (command, "undo_return")).await
}

/// Lets points lapse later. The same again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/expiry", tag = "spending", operation_id = "extendExpiry",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewExpiry")),
    responses((status = 201, description = "what the member has then", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn extend(
    State(wallet): State<Shared>,
    of: Of<AdjustPoints>,
    headers: HeaderMap,
    Json(new): Json<NewExpiry>,
) -> Result<Response, Refusal> {
    let actor = of.actor()?;
    let NewExpiry { key, currency, to, bucket, reason } = new;
    let command = Command::ExtendExpiry(Arc::new(ExtendExpiry { key, currency, to, bucket, reason, actor }));
    execute(&wallet, &of, &headers, (command, "extend_expiry")).await
}

/// Gives back points that have lapsed, where the program lets them come back. The same again gives the same answer,
/// marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/reinstatements", tag = "spending", operation_id = "reinstate",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewReinstatement")),
    responses((status = 201, description = "what the member has then", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn reinstate(
    State(wallet): State<Shared>,
    of: Of<AdjustPoints>,
    headers: HeaderMap,
    Json(new): Json<NewReinstatement>,
) -> Result<Response, Refusal> {
    let actor = of.actor()?;
    let NewReinstatement { key, currency, points, to, reason } = new;
    let command = Command::Reinstate(Arc::new(Reinstate { key, currency, points, to, reason, actor }));
    execute(&wallet, &of, &headers, (command, "reinstate")).await
}
