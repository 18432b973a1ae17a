//! What is served beside the wallet: the first page, the documentation, health, metrics, keys and, on
//! development machines, tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::response::{Html, IntoResponse, Response};
use loyalty_core::engine::Engine;
use loyalty_core::id::TenantId;
use metrics_exporter_prometheus::PrometheusHandle;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clock::SANDBOX;
use crate::kit::auth::{Issuer, Verifier, Wanted};
use crate::kit::body::Json;
use crate::kit::health::{Health, Missing};
use crate::kit::problem::Refusal;
use crate::pages::{self, Tokens};

/// What the site's handlers share.
#[derive(Debug)]
pub struct Site {
    /// Asked whether the ledger can be read.
    pub engine: Engine,
    /// Whose keys are published.
    pub verifier: Arc<Verifier>,
    /// The development issuer, if it runs.
    pub issuer: Option<Issuer>,
    /// The metrics of the process.
    pub metrics: PrometheusHandle,
    /// The description of all routes.
    pub openapi: Value,
    /// The same for people, as HTML.
    pub docs: String,
}

/// A token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenView {
    /// To be sent as `authorization: Bearer TOKEN`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds for which it is good.
    expires_in: u64,
}

type Shared = State<Arc<Site>>;

/// The site's routes.
pub fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(index))
        .routes(routes!(docs))
        .routes(routes!(openapi))
        .routes(routes!(livez))
        .routes(routes!(readyz))
        .routes(routes!(prometheus))
        .routes(routes!(jwks))
        .routes(routes!(token))
}

/// Shows what runs here and a first purchase to try.
#[utoipa::path(
    get, path = "/", tag = "server", operation_id = "index",
    responses((status = 200, description = "a page", content_type = "text/html")),
)]
async fn index(State(site): Shared, headers: HeaderMap) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // It goes into commands that people paste, so it is a host and a port or nothing.
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b));
    let tokens = site.issuer.as_ref().and_then(|issuer| {
        let token = |tenant| {
            let scope = "till support author operator".to_owned();
            let wanted = Wanted { tenant: TenantId::new(tenant).ok()?, scope, sub: "developer".to_owned() };
            issuer.token(&wanted).ok().map(|(token, _)| token)
        };
        Some(Tokens { main: token("main")?, sandbox: token(SANDBOX)? })
    });
    page(pages::index(host.filter(plain).unwrap_or("127.0.0.1:8080"), tokens.as_ref()))
}

/// Explains every route, schema and problem.
#[utoipa::path(
    get, path = "/docs", tag = "server", operation_id = "docs",
    responses((status = 200, description = "a page", content_type = "text/html")),
)]
async fn docs(State(site): Shared) -> Response {
    page(site.docs.clone())
}

/// Pages hold no script and load nothing from elsewhere.
fn page(html: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

/// Describes every route for programs: OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", tag = "server", operation_id = "openapi",
    responses((status = 200, description = "the description", content_type = "application/json")),
)]
async fn openapi(State(site): Shared) -> Json<Value> {
    Json(site.openapi.clone())
}

/// Says that the process lives.
#[utoipa::path(
    get, path = "/livez", tag = "server", operation_id = "livez",
    responses((status = 200, description = "it does", body = ref("#/components/schemas/Health"))),
)]
async fn livez() -> Health {
    Health::of(Vec::new())
}

/// Says whether the process can do its work, and names what is missing.
#[utoipa::path(
    get, path = "/readyz", tag = "server", operation_id = "readyz",
    responses(
        (status = 200, description = "it can", body = ref("#/components/schemas/Health")),
        (status = 503, description = "something is missing", body = ref("#/components/schemas/Health")),
    ),
)]
async fn readyz(State(site): Shared) -> Health {
    let missing = match TenantId::new("main") {
        Ok(any) => site.engine.versions(&any).await.err().map(|error| error.problem().message),
        Err(error) => Some(error.to_string()),
    };
    Health::of(missing.map(|why| Missing { what: "ledger", why }).into_iter().collect())
}

/// Gives the metrics in Prometheus's text form.
#[utoipa::path(
    get, path = "/metrics", tag = "server", operation_id = "metrics",
    responses((status = 200, description = "the metrics", content_type = "text/plain")),
)]
async fn prometheus(State(site): Shared) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], site.metrics.render())
}

/// Publishes the public keys whose signatures are accepted (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "server", operation_id = "jwks",
    responses((status = 200, description = "the key set", content_type = "application/json")),
)]
async fn jwks(State(site): Shared) -> Response {
    Json(site.verifier.keys()).into_response()
}

/// Gives a token to whoever asks. There is nothing here where the development issuer does not run.
#[utoipa::path(
    post, path = "/dev/token", tag = "server", operation_id = "developmentToken",
    request_body(content = ref("#/components/schemas/Wanted")),
    responses((status = 200, description = "a token", body = ref("#/components/schemas/TokenView"))),
)]
async fn token(State(site): Shared, Json(wanted): Json<Wanted>) -> Result<Json<TokenView>, Refusal> {
    let none = || Refusal::new("not_found", "there is no development issuer here", "ask the real one");
    let issuer = site.issuer.as_ref().ok_or_else(none)?;
    let (access_token, expires_in) = issuer.token(&wanted).map_err(|error| {
        Refusal::new("internal", format!("the token could not be made: {error}"), "report this")
    })?;
    tracing::warn!(
        tenant = %wanted.tenant, scope = wanted.scope,
        "the development issuer gave a token to somebody who asked"
    );
    Ok(Json(TokenView { access_token, token_type: "Bearer", expires_in }))
}
