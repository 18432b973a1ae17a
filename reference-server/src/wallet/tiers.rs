//! Giving levels: a status match, a trial.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::id::{ActivityId, AuthorId};
use loyalty_core::program::document::Threshold;
use loyalty_core::tier::TierGrant;
use loyalty_core::time::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Shared;
use super::activities::execute;
use super::rights::{GrantTiers, Of};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;

/// A level to be given to a member until an end; who gives it is the caller.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTierGrant {
    /// The caller's id, under which it happens once.
    id: ActivityId,
    /// The track.
    track: AuthorId,
    /// The level, above what the member has earned.
    level: AuthorId,
    /// The first instant at which it is over.
    until: Timestamp,
    /// What keeps it then as if it had been reached: every one of these, in the windows of its last day.
    #[serde(default)]
    keep: Vec<Threshold>,
    /// Why, in 1 to 500 bytes.
    reason: String,
}

/// Gives a member a level until an end. The same grant again gives the same answer, marked replayed.
#[utoipa::path(
    post, path = "/v1/members/{member}/tiers", tag = "members", operation_id = "grantTier",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the grant's `id`"),
    ),
    request_body(content = ref("#/components/schemas/NewTierGrant")),
    responses((status = 201, description = "the level given", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn grant(
    State(wallet): State<Shared>,
    of: Of<GrantTiers>,
    headers: HeaderMap,
    Json(new): Json<NewTierGrant>,
) -> Result<Response, Refusal> {
    let actor = of.actor()?;
    let NewTierGrant { id, track, level, until, keep, reason } = new;
    let command = Command::GrantTier(Arc::new(TierGrant { id, track, level, until, keep, actor, reason }));
    execute(&wallet, &of, &headers, (command, "grant_tier")).await
}
