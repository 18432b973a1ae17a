//! Holds: points set aside at a checkout, until they are captured, voided or over.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use loyalty_core::command::Command;
use loyalty_core::id::ActivityId;
use loyalty_core::points::Points;
use loyalty_core::redemption::{Capture, ExtendHold, Hold, Void};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Shared;
use super::activities::execute;
use super::rights::{Of, Spend};
use crate::kit::body::Json;
use crate::kit::problem::Refusal;
use crate::kit::query::Path;

/// A hold to be spent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCapture {
    /// The caller's id, under which it happens once: that of the redemption from then on.
    key: ActivityId,
    /// Of a reward by steps: the most points to be spent, in minor units; the rest is free again. Absent means all.
    #[serde(default)]
    points: Option<Points>,
}

/// A hold to be given up.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVoid {
    /// The caller's id, under which it happens once.
    key: ActivityId,
}

/// A hold to last longer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExtension {
    /// The caller's id, under which it happens once.
    key: ActivityId,
    /// How much later it ends, in minutes; at most 43,200 minutes from now.
    #[schemars(range(min = 1, max = 43_200))]
    minutes: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct HoldPath {
    hold: ActivityId,
}

/// Sets points aside for a reward, for some minutes: no other till can spend them. The same hold again gives the same
/// answer, marked replayed; one that was refused for want of points or of a level stays refused.
#[utoipa::path(
    post, path = "/v1/members/{member}/holds", tag = "spending", operation_id = "hold",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the hold's `key`"),
    ),
    request_body(content = ref("#/components/schemas/Hold")),
    responses((status = 201, description = "what is set aside", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn place(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    headers: HeaderMap,
    Json(hold): Json<Hold>,
) -> Result<Response, Refusal> {
    execute(&wallet, &of, &headers, (Command::Hold(Arc::new(hold)), "hold")).await
}

/// Spends what a hold has set aside, or a part of it; the rest is free again. It is a redemption from then on.
#[utoipa::path(
    post, path = "/v1/members/{member}/holds/{hold}/capture", tag = "spending", operation_id = "captureHold",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("hold" = String, Path, description = "the hold's `key`"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the capture's `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewCapture")),
    responses((status = 201, description = "what was spent", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn capture(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    Path(HoldPath { hold }): Path<HoldPath>,
    headers: HeaderMap,
    Json(new): Json<NewCapture>,
) -> Result<Response, Refusal> {
    let NewCapture { key, points } = new;
    let command = Command::Capture(Arc::new(Capture { key, hold, points }));
    execute(&wallet, &of, &headers, (command, "capture")).await
}

/// Gives a hold up: its points are free again.
#[utoipa::path(
    post, path = "/v1/members/{member}/holds/{hold}/void", tag = "spending", operation_id = "voidHold",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("hold" = String, Path, description = "the hold's `key`"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the void's `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewVoid")),
    responses((status = 201, description = "what is free again", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn void(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    Path(HoldPath { hold }): Path<HoldPath>,
    headers: HeaderMap,
    Json(new): Json<NewVoid>,
) -> Result<Response, Refusal> {
    let command = Command::Void(Arc::new(Void { key: new.key, hold }));
    execute(&wallet, &of, &headers, (command, "void")).await
}

/// Lets a hold last longer.
#[utoipa::path(
    post, path = "/v1/members/{member}/holds/{hold}/extend", tag = "spending", operation_id = "extendHold",
    params(
        ("member" = String, Path, description = "the member's id"),
        ("hold" = String, Path, description = "the hold's `key`"),
        ("Idempotency-Key" = Option<String>, Header, description = "absent, or the extension's `key`"),
    ),
    request_body(content = ref("#/components/schemas/NewExtension")),
    responses((status = 201, description = "when it ends now", body = ref("#/components/schemas/AnswerView"))),
)]
pub(super) async fn extend(
    State(wallet): State<Shared>,
    of: Of<Spend>,
    Path(HoldPath { hold }): Path<HoldPath>,
    headers: HeaderMap,
    Json(new): Json<NewExtension>,
) -> Result<Response, Refusal> {
    let NewExtension { key, minutes } = new;
    let command = Command::ExtendHold(Arc::new(ExtendHold { key, hold, minutes }));
    execute(&wallet, &of, &headers, (command, "extend_hold")).await
}
