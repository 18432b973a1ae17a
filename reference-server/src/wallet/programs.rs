//! Publishing, checking and reading program versions.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loyalty_core::engine::PUBLISH_AHEAD_MICROS;
use loyalty_core::ports::PublishedVersion;
use loyalty_core::problem::Problem;
use loyalty_core::program::{Program, VersionId};
use loyalty_core::report::{Fact, Report, Warning};
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
    /// When another takes over; absent where none does. A version that another replaces at its very first instant
    /// is never in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    /// When it was published.
    published_at: Timestamp,
}

impl VersionView {
    /// A version among all of its tenant's.
    fn new(published: &PublishedVersion, all: &[PublishedVersion]) -> Self {
        let PublishedVersion { number, version, valid_from, published_at, .. } = *published;
        // The first is in force before its own instant too, and of two from the same instant the later one counts.
        let place = |it: &PublishedVersion| ((it.number > 1).then_some(it.valid_from), it.number);
        let after = all.iter().filter(|other| place(other) > place(published));
        let valid_until = after.map(|other| other.valid_from).min();
        Self { number, version, valid_from, valid_until, published_at }
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
    /// The name that it would have; absent where it has problems of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<VersionId>,
    /// All that is wrong with it.
    problems: Vec<Problem>,
    /// What is likely a mistake.
    warnings: Vec<Warning>,
    /// What it gives and needs.
    facts: Vec<Fact>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidFrom {
    valid_from: Option<Timestamp>,
}

impl ValidFrom {
    /// The instant given, or the first at which a version may take force.
    fn or_soonest(&self, newest: Option<&PublishedVersion>, now: Timestamp) -> Timestamp {
        let ahead = if newest.is_some() { PUBLISH_AHEAD_MICROS } else { 0 };
        self.valid_from.unwrap_or(now.plus_micros(ahead))
    }
}

/// Publishes a draft, unless it cannot follow the versions that are published. The newest version again, from the same instant, changes nothing and is marked replayed.
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
    let mut versions = wallet.engine.versions(tenant).await?;
    let newest = versions.last().cloned();
    let now = wallet.clocks.now(tenant);
    let (published, replayed) = match newest {
        Some(newest)
            if newest.version == program.version()
                && from.valid_from.is_none_or(|wanted| wanted == newest.valid_from) =>
        {
            (newest, true)
        }
        newest => {
            let valid_from = from.or_soonest(newest.as_ref(), now);
            let published = wallet.engine.publish(tenant, &program, valid_from, now).await?;
            versions.push(published.clone());
            (published, false)
        }
    };
    tracing::info!(program.version = %published.version, program.replayed = replayed, "a program was published");
    let mut response = (StatusCode::CREATED, Json(VersionView::new(&published, &versions))).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Checks a draft, also against the published versions: all its problems, warnings and facts. Nothing is stored.
#[utoipa::path(
    post, path = "/v1/programs/check", tag = "programs", operation_id = "check",
    params(("valid_from" = Option<String>, Query, description = "when it is to take force; absent as in publishing")),
    request_body(content = ref("#/components/schemas/Document")),
    responses((status = 200, description = "what was found", body = ref("#/components/schemas/CheckView"))),
)]
pub(super) async fn check(
    State(wallet): State<Shared>,
    may: May<Publish>,
    Query(from): Query<ValidFrom>,
    RawJson(draft): RawJson,
) -> Result<Json<CheckView>, Refusal> {
    let tenant = &may.caller.tenant;
    let (version, report) = match checked(draft).await? {
        Ok(program) => {
            let newest = wallet.engine.versions(tenant).await?.pop();
            let valid_from = from.or_soonest(newest.as_ref(), wallet.clocks.now(tenant));
            let problems = wallet.engine.check_published(tenant, &program, valid_from).await?;
            (
                Some(program.version()),
                Report { problems, ..reported(program, wallet.clocks.now(tenant)).await? },
            )
        }
        Err(problems) => (None, Report::of_problems(problems)),
    };
    let Report { problems, warnings, facts } = report;
    Ok(Json(CheckView { ok: problems.is_empty(), version, problems, warnings, facts }))
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
    let views = versions.iter().map(|version| VersionView::new(version, &versions));
    Ok(Json(VersionsView { versions: views.collect() }))
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

/// Studies a program away from the threads that serve requests.
async fn reported(program: Program, now: Timestamp) -> Result<Report, Refusal> {
    tokio::task::spawn_blocking(move || Report::at(&program, now))
        .await
        .map_err(|_| Refusal::new("internal", "studying the program failed", "report this with the program"))
}

/// Checks a draft away from the threads that serve requests: ten thousand rules take a while.
async fn checked(draft: axum::body::Bytes) -> Result<Result<Program, Vec<Problem>>, Refusal> {
    tokio::task::spawn_blocking(move || Program::from_draft(&draft, zones::expand))
        .await
        .map_err(|_| Refusal::new("internal", "checking the program failed", "report this with the program"))
}
