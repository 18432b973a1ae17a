//! What is known of members: given, shown and forgotten.

use axum::extract::State;
use axum::http::StatusCode;
use loyalty_core::engine::EngineError;
use loyalty_core::facts::{Asked, Facts};
use loyalty_core::ports::MemberFacts;

use super::Shared;
use super::rights::{KeepFacts, Of, ReadFacts};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// Puts what is known of a member in place of what was known before. What no version of the program declares is
/// dropped; the answer shows what was kept. Activities recorded from now on find it, those before keep what they
/// were decided on.
#[utoipa::path(
    put, path = "/v1/members/{member}/facts", tag = "members", operation_id = "putFacts",
    params(("member" = String, Path, description = "the member's id; it need not have done anything yet")),
    request_body(content = ref("#/components/schemas/Facts")),
    responses((status = 200, description = "what was kept", body = ref("#/components/schemas/Facts"))),
)]
pub(super) async fn put(
    State(wallet): State<Shared>,
    of: Of<KeepFacts>,
    Json(facts): Json<Facts>,
) -> Result<Json<Facts>, Refusal> {
    let now = wallet.clocks.now(&of.tenant);
    let programs = wallet.engine.programs(&of.tenant, now).await?;
    let facts = facts.declared(&programs)?;
    wallet.facts.keep_facts(&of.tenant, &of.member, Some(&facts)).await.map_err(EngineError::from)?;
    Ok(Json(facts))
}

/// Shows what is known of a member; nothing where nothing was given.
#[utoipa::path(
    get, path = "/v1/members/{member}/facts", tag = "members", operation_id = "facts",
    params(("member" = String, Path, description = "the member's id")),
    responses((status = 200, description = "what is known", body = ref("#/components/schemas/Facts"))),
)]
pub(super) async fn show(State(wallet): State<Shared>, of: Of<ReadFacts>) -> Result<Json<Facts>, Refusal> {
    let known = wallet.facts.facts(&of.tenant, &of.member, &Asked::default()).await;
    Ok(Json(known.map_err(EngineError::from)?))
}

/// Forgets what is known of a member, also where nothing is. What activities were decided on stays with them.
#[utoipa::path(
    delete, path = "/v1/members/{member}/facts", tag = "members", operation_id = "forgetFacts",
    params(("member" = String, Path, description = "the member's id")),
    responses((status = 204, description = "nothing is known any more")),
)]
pub(super) async fn forget(State(wallet): State<Shared>, of: Of<KeepFacts>) -> Result<StatusCode, Refusal> {
    wallet.facts.keep_facts(&of.tenant, &of.member, None).await.map_err(EngineError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
