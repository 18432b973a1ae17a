//! Freezing members, letting them take part again, and closing them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::id::ActivityId;
use loyalty_core::membership::MembershipChange;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Shared;
use super::activities::execute;
use super::rights::{ChangeMembership, Of};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// A member to be frozen, to take part again, or to be closed; who does it is the caller.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMembershipChange {
    /// The caller's id, under which it happens once.
    key: ActivityId,
    /// Why, in 1 to 500 bytes.
    reason: String,
}

impl NewMembershipChange {
    fn by(self, of: &Of<ChangeMembership>) -> Result<Arc<MembershipChange>, Refusal> {
        let Self { key, reason } = self;
        Ok(Arc::new(MembershipChange { key, reason, actor: of.actor()? }))
    }
}

/// Freezes a member, who then earns and spends nothing until somebody ends that. The same again gives the same answer,
/// marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/freeze", tag = "members", operation_id = "freeze",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewMembershipChange")),
    responses((status = 201, description = "the member is frozen", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn freeze(
    State(wallet): State<Shared>,
    of: Of<ChangeMembership>,
    headers: HeaderMap,
    Json(new): Json<NewMembershipChange>,
) -> Result<Response, Refusal> {
    let command = Command::Freeze(new.by(&of)?);
    execute(&wallet, &of, &headers, (command, "freeze")).await
}

/// Lets a frozen member take part again. The same again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/unfreeze", tag = "members", operation_id = "unfreeze",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewMembershipChange")),
    responses((status = 201, description = "the member takes part", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn unfreeze(
    State(wallet): State<Shared>,
    of: Of<ChangeMembership>,
    headers: HeaderMap,
    Json(new): Json<NewMembershipChange>,
) -> Result<Response, Refusal> {
    let command = Command::Unfreeze(new.by(&of)?);
    execute(&wallet, &of, &headers, (command, "unfreeze")).await
}

/// Closes a member for good: all points are forfeited. The same again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/close", tag = "members", operation_id = "close",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewMembershipChange")),
    responses((status = 201, description = "what was forfeited, in the postings", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn close(
    State(wallet): State<Shared>,
    of: Of<ChangeMembership>,
    headers: HeaderMap,
    Json(new): Json<NewMembershipChange>,
) -> Result<Response, Refusal> {
    let command = Command::Close(new.by(&of)?);
    execute(&wallet, &of, &headers, (command, "close")).await
}
