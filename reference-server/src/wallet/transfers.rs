//! Points that members give to each other.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::transfer::Transfer;

use super::Shared;
use super::activities::execute;
use super::rights::{Of, Spend};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// Gives points of a member to another one, who has them as they were, with their expiry. The same transfer again gives
/// the same answer, marked replayed; one that was refused for want of points stays refused: send another with a new key.
#[utoipa::path(
    post, path = "/v1/members/{member}/transfer", tag = "spending", operation_id = "transfer",
    params(
        ("member" = String, Path, description = "the id of the member who gives"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the transfer's `key`"),
    ),
    request_body(content = ref("#/components/schemas/Transfer")),
    responses((status = 201, description = "what was given", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn transfer(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    headers: HeaderMap,
    Json(transfer): Json<Transfer>,
) -> Result<Response, Refusal> {
    let command = Command::Transfer(Arc::new(transfer));
    // A task of its own: a client that goes away would leave the points in transit.
    let done = tokio::spawn(async move { execute(&wallet, &of, &headers, (command, "transfer")).await });
    done.await.map_err(|error| Refusal::new("internal", error.to_string(), "report this"))?
}
