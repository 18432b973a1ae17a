//! What happens around every handler: request ids, a span, metrics, a time limit, and problems where a layer
//! refused.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tower::{Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tracing::Span;

use super::body::LIMITS;
use super::problem::{Fault, Refusal};
use super::status::code_of;

/// Puts everything around the routes that every service has around its own.
///
/// All of it is one layer of the router: the router boxes each of its layers for every request anew.
pub fn around(routes: Router, time_limit: Duration) -> Router {
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer_fn(Observe)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, time_limit))
        .layer(CatchPanicLayer::new())
        .layer(DefaultBodyLimit::max(LIMITS.bytes));
    routes.layer(layers)
}

/// Counts requests and their time, tells of them at debug level, and gives refusals by layers the form of all
/// problems.
#[derive(Debug, Clone)]
struct Observe<S>(S);

pin_project! {
    /// A request on its way.
    struct Observed<F> {
        #[pin]
        inner: F,
        span: Span,
        start: Instant,
        id: Option<RequestId>,
        method: &'static str,
        route: Option<MatchedPath>,
    }
}

impl<S, B> Service<Request> for Observe<S>
where
    S: Service<Request, Response = Response<B>>,
    Response<B>: IntoResponse,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Observed<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let route = request.extensions().get::<MatchedPath>().cloned();
        let id = request.extensions().get::<RequestId>().cloned();
        let method = known(request.method());
        // By route: an address holds the member's id, which belongs into no log.
        let span = tracing::debug_span!(
            "request",
            http.request.id = text(id.as_ref()),
            http.request.method = method,
            http.route = name(route.as_ref()),
        );
        let start = Instant::now();
        Observed { inner: self.0.call(request), span, start, id, method, route }
    }
}

impl<F, B, E> Future for Observed<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    Response<B>: IntoResponse,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let response = as_problem(ready!(this.inner.poll(context))?.into_response());
        let (status, took) = (response.status(), this.start.elapsed());
        tracing::debug!(
            http.response.status_code = status.as_u16(),
            event.duration = took.as_nanos(),
            "answered"
        );
        if let Some(Fault { code, message }) = response.extensions().get() {
            // What is damaged names what it found there; `verify` tells it to whoever may know.
            let message = if *code == "damaged" { "run `verify`" } else { message };
            let (id, route) = (text(this.id.as_ref()), name(this.route.as_ref()));
            tracing::error!(
                http.request.id = id,
                http.route = route,
                error.code = code,
                error.message = message,
                "a request failed"
            );
        }
        let labels = [
            ("method", (*this.method).to_owned()),
            ("route", name(this.route.as_ref()).to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        metrics::histogram!("http_request_duration_seconds", &labels).record(took);
        Poll::Ready(Ok(response))
    }
}

fn text(id: Option<&RequestId>) -> &str {
    id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default()
}

fn name(route: Option<&MatchedPath>) -> &str {
    route.map_or("unmatched", MatchedPath::as_str)
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
fn as_problem(response: Response) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let told = response.headers().get(CONTENT_TYPE).is_some_and(|media| {
        let media = media.as_bytes();
        media == b"application/problem+json" || media == b"application/json"
    });
    if told {
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
