//! Publishing, checking and reading program versions.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loyalty_core::engine::PUBLISH_AHEAD_MICROS;
use loyalty_core::ports::PublishedVersion;
use loyalty_core::problem::Problem;
use loyalty_core::program::{Program, VersionId};
use loyalty_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::activities::REPLAYED;
use super::rights::{Publish, ReadPrograms};
use crate::kit::auth::May;
use crate::kit::body::{Json, RawJson};
use crate::kit::problem::Refusal;
use crate::kit::query::{Path, Query};
use crate::zones;

/// A published version.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VersionView {
    /// Its place in the tenant's series, from 1.
    number: u32,
    /// Its name: the hash of its document.
    version: VersionId,
    /// When it takes force. The first one is in force for all time before it too.
    valid_from: Timestamp,
    /// When it was published.
    published_at: Timestamp,
}

impl From<PublishedVersion> for VersionView {
    fn from(published: PublishedVersion) -> Self {
        let PublishedVersion { number, version, valid_from, published_at, .. } = published;
        Self { number, version, valid_from, published_at }
    }
}

/// A tenant's versions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VersionsView {
    /// Oldest first.
    versions: Vec<VersionView>,
}

/// What checking a draft found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckView {
    /// Whether it may be published.
    ok: bool,
    /// The name that it would have; absent where it has problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<VersionId>,
    /// All that is wrong with it.
    problems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidFrom {
    valid_from: Option<Timestamp>,
}

/// Publishes a draft. The newest version again, from the same instant, changes nothing and is marked replayed.
#[utoipa::path(
    post, path = "/v1/programs", tag = "programs", operation_id = "publish",
    params(("valid_from" = Option<String>, Query, description =
        "when it takes force, at least 60 seconds ahead; absent means at once for the first version, else in \
         60 seconds")),
    request_body(content = ref("#/components/schemas/Document")),
    responses((status = 201, description = "published", body = ref("#/components/schemas/VersionView"))),
)]
pub(super) async fn publish(
    State(wallet): State<Shared>,
    may: May<Publish>,
    Query(from): Query<ValidFrom>,
    RawJson(draft): RawJson,
) -> Result<Response, Refusal> {
    let tenant = &may.caller.tenant;
    let program = checked(draft).await??;
    let newest = wallet.engine.versions(tenant).await?.pop();
    let now = wallet.clocks.now(tenant);
    let (published, replayed) = match newest {
        Some(newest)
            if newest.version == program.version()
                && from.valid_from.is_none_or(|wanted| wanted == newest.valid_from) =>
        {
            (newest, true)
        }
        newest => {
            let ahead = if newest.is_some() { PUBLISH_AHEAD_MICROS } else { 0 };
            let valid_from = from.valid_from.unwrap_or(now.plus_micros(ahead));
            (wallet.engine.publish(tenant, &program, valid_from, now).await?, false)
        }
    };
    tracing::info!(program.version = %published.version, program.replayed = replayed, "a program was published");
    let mut response = (StatusCode::CREATED, Json(VersionView::from(published))).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Checks a draft and lists all its problems; nothing is stored.
#[utoipa::path(
    post, path = "/v1/programs/check", tag = "programs", operation_id = "check",
    request_body(content = ref("#/components/schemas/Document")),
    responses((status = 200, description = "what was found", body = ref("#/components/schemas/CheckView"))),
)]
pub(super) async fn check(_: May<Publish>, RawJson(draft): RawJson) -> Result<Json<CheckView>, Refusal> {
    Ok(Json(match checked(draft).await? {
        Ok(program) => CheckView { ok: true, version: Some(program.version()), problems: Vec::new() },
        Err(problems) => CheckView { ok: false, version: None, problems },
    }))
}

/// Lists the published versions.
#[utoipa::path(
    get, path = "/v1/programs", tag = "programs", operation_id = "versions",
    responses((status = 200, description = "oldest first", body = ref("#/components/schemas/VersionsView"))),
)]
pub(super) async fn list(
    State(wallet): State<Shared>,
    may: May<ReadPrograms>,
) -> Result<Json<VersionsView>, Refusal> {
    let versions = wallet.engine.versions(&may.caller.tenant).await?;
    Ok(Json(VersionsView { versions: versions.into_iter().map(VersionView::from).collect() }))
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    version: String,
}

/// Reads a published document: canonical JSON, of which the version is the SHA-256.
#[utoipa::path(
    get, path = "/v1/programs/{version}", tag = "programs", operation_id = "document",
    params(("version" = String, Path, description = "64 hexadecimal digits")),
    responses((status = 200, description = "the document", body = ref("#/components/schemas/Document"))),
)]
pub(super) async fn document(
    State(wallet): State<Shared>,
    may: May<ReadPrograms>,
    Path(named): Path<Named>,
) -> Result<Response, Refusal> {
    let id = VersionId::parse(&named.version);
    let mut versions = wallet.engine.versions(&may.caller.tenant).await?.into_iter();
    let found = versions.find(|published| Some(published.version) == id).ok_or_else(|| {
        let message = format!("there is no version `{}`", named.version);
        Refusal::new("unknown_version", message, "see GET /v1/programs for the versions")
    })?;
    let mut response = found.document.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", found.version)) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// Checks a draft away from the threads that serve requests: ten thousand rules take a while.
async fn checked(draft: axum::body::Bytes) -> Result<Result<Program, Vec<Problem>>, Refusal> {
    tokio::task::spawn_blocking(move || Program::from_draft(&draft, zones::expand))
        .await
        .map_err(|_| Refusal::new("internal", "checking the program failed", "report this with the program"))
}
