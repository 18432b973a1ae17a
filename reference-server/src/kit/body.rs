//! JSON bodies in and out, every fault of a body a coded problem.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loyalty_core::json::{self, Limits};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Refusal;

/// What a body may measure: 1 MiB, 32 levels; its first 100 problems are told.
pub const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 32, problems: 100 };

/// A JSON body, read into a type or refused with all its problems; and a JSON answer.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let RawJson(body) = RawJson::from_request(request, state).await?;
        read(&body).map(Self)
    }
}

/// The bytes of a body that is declared as JSON.
#[derive(Debug)]
pub struct RawJson(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawJson {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        require_json(request.headers())?;
        match Bytes::from_request(request, state).await {
            Ok(body) => Ok(Self(body)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let help = "split it: an activity has at most 1 MiB, a program 16 MiB";
                Err(Refusal::new("too_large", "the body is too large", help))
            }
            Err(rejection) => {
                let message = format!("the body cannot be read: {rejection}");
                Err(Refusal::new("body_unreadable", message, "send it again"))
            }
        }
    }
}

/// Reads a body: the fast reader first, and where that one refuses, the strict one, which lists all problems.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Every body is an object; the fast reader would take a list of its fields as well.
    if body.trim_ascii_start().starts_with(b"{")
        && let Ok(read) = serde_json::from_slice(body)
    {
        return Ok(read);
    }
    Ok(json::read(body, &LIMITS)?)
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let declared = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let media = declared.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if media.eq_ignore_ascii_case(b"application/json") {
        return Ok(());
    }
    let message = match declared {
        [] => "the body has no `content-type`".to_owned(),
        _ => format!("the `content-type` is `{}`", String::from_utf8_lossy(declared)),
    };
    Err(Refusal::new("not_json_type", message, "send JSON with `content-type: application/json`"))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        // Most answers fit without growing.
        let mut body = Vec::with_capacity(1_024);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => ([(CONTENT_TYPE, JSON)], Body::from(body)).into_response(),
            Err(error) => Refusal::new("internal", error.to_string(), "report this").into_response(),
        }
    }
}
