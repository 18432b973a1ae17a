//! Quotes for rewards.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::redemption::Quote;

use super::Shared;
use super::activities::execute;
use super::rights::{Of, Spend};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// Says what a reward takes of a member, and keeps to it for as long as the program says; nothing is set aside. The same
/// quote again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/quotes", tag = "spending", operation_id = "quote",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the quote's `key`"),
    ),
    request_body(content = ref("#/components/schemas/Quote")),
    responses((status = 201, description = "what it takes, in `quoted`", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn quote(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    headers: HeaderMap,
    Json(quote): Json<Quote>,
) -> Result<Response, Refusal> {
    execute(&wallet, &of, &headers, (Command::Quote(Arc::new(quote)), "quote")).await
}
