//! Problems as HTTP answers (RFC 9457).

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loyalty_core::engine::EngineError;
use loyalty_core::problem::Problem;
use schemars::JsonSchema;
use serde::Serialize;

use super::status::{Meaning, meaning};

/// The media type of problems.
pub const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem as HTTP shows it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProblemDetails {
    /// Where the code is explained: an address on this server.
    #[serde(rename = "type")]
    about: String,
    /// What all problems of the code have in common.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong here.
    detail: String,
    /// What kind of problem it is: a stable snake_case word.
    code: &'static str,
    /// Where it is in the body: a JSON pointer (RFC 6901); empty for the whole.
    path: String,
    /// What to do about it.
    help: String,
    /// All problems, the first one included, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

/// A fault of the server, left with its answer for whoever writes the log.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

/// Why a request was refused: at least one problem.
#[derive(Debug)]
pub struct Refusal(Vec<Problem>);

impl Refusal {
    /// A refusal for one problem that is not in the body.
    pub fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Problem::new(code, "", message, help).into()
    }

    /// The code of the first problem.
    pub fn code(&self) -> &'static str {
        self.0.first().map_or("internal", |problem| problem.code)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Vec<Problem>> for Refusal {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unfit(problems) => problems.into(),
            error => error.problem().into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Meaning { code, status, title } = meaning(self.code());
        let first = self.0.first();
        let details = ProblemDetails {
            about: format!("/docs#problem-{code}"),
            title,
            status: status.as_u16(),
            detail: first.map_or(title, |problem| &problem.message).to_owned(),
            code,
            path: first.map_or("", |problem| &problem.path).to_owned(),
            help: first.map_or("", |problem| &problem.help).to_owned(),
            problems: if self.0.len() > 1 { self.0 } else { Vec::new() },
        };
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, PROBLEM_JSON)], Body::from(body)).into_response();
        if status.is_server_error() {
            response.extensions_mut().insert(Fault { code, message: details.detail });
        }
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED if code == "token_missing" => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::UNAUTHORIZED => {
                let why = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                headers.insert(WWW_AUTHENTICATE, why);
            }
            StatusCode::FORBIDDEN => {
                let why = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
                headers.insert(WWW_AUTHENTICATE, why);
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
