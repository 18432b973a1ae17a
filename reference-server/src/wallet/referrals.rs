//! Who brought whom.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::referral::NameReferrer;

use super::Shared;
use super::activities::execute;
use super::rights::{Of, Record};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// Says who brought a member, once. The same again gives the same answer, marked replayed; another name is refused.
#[utoipa::path(
    post, path = "/v1/members/{member}/referrer", tag = "members", operation_id = "nameReferrer",
    params(
        ("member" = String, Path, description = "the id of the member who was brought"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or `name_referrer`"),
    ),
    request_body(content = ref("#/components/schemas/NameReferrer")),
    responses((status = 201, description = "who is kept as the referrer", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn name(
    State(wallet): State<Shared>,
    of: Of<Record>,
    headers: HeaderMap,
    Json(name): Json<NameReferrer>,
) -> Result<Response, Refusal> {
    execute(&wallet, &of, &headers, (Command::NameReferrer(Arc::new(name)), "name_referrer")).await
}
