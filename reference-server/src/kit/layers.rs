//! What happens around every handler: request ids, metrics, a time limit, and problems where a layer refused.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::body::LIMITS;
use super::problem::Refusal;
use super::status::code_of;

/// Puts everything around the routes that every service has around its own.
pub fn around(routes: Router, time_limit: Duration) -> Router {
    let trace = TraceLayer::new_for_http().make_span_with(span).on_failure(());
    // The last one added is the outermost.
    routes
        .layer(DefaultBodyLimit::max(LIMITS.bytes))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, time_limit))
        .layer(middleware::map_response(as_problem))
        .layer(middleware::from_fn(measure))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(trace)
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// At debug level, and by route: an address holds the member's id, which belongs into no log.
fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    tracing::debug_span!(
        "request",
        http.request.id = id.unwrap_or_default(),
        http.request.method = request.method().as_str(),
        http.route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str),
    )
}

/// Counts requests and their time, by method, route and status.
async fn measure(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = known(request.method());
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str).to_owned();
    let status = response.status().as_str().to_owned();
    let labels = [("method", method.to_owned()), ("route", route), ("status", status)];
    metrics::histogram!("http_request_duration_seconds", &labels).record(start.elapsed());
    response
}

/// A client may invent methods without end; metrics have room for a few.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Gives a refusal by a layer the form that all problems have.
async fn as_problem(response: Response) -> Response {
    let status = response.status();
    let told = response.headers().get(CONTENT_TYPE).is_some_and(|media| {
        let media = media.as_bytes();
        media == b"application/problem+json" || media == b"application/json"
    });
    if told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (message, help) = match status {
        StatusCode::NOT_FOUND => ("there is nothing at this address", "see /docs for what there is"),
        StatusCode::METHOD_NOT_ALLOWED => ("this address does not take the method", "see the header `allow`"),
        StatusCode::SERVICE_UNAVAILABLE => {
            ("it took too long and may or may not have been done", "send the same again: it happens once")
        }
        StatusCode::INTERNAL_SERVER_ERROR => ("the server has a fault", "report it with its `x-request-id`"),
        _ => ("the request cannot be read", "see /docs for what is expected"),
    };
    let mut problem = Refusal::new(code_of(status), message, help).into_response();
    if let Some(allow) = response.headers().get(ALLOW) {
        problem.headers_mut().insert(ALLOW, allow.clone());
    }
    problem
}
