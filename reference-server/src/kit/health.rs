//! Whether the process lives, and whether it can do its work.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::body::Json;

/// What `/livez` and `/readyz` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Health {
    /// Whether all is well.
    pub ok: bool,
    /// What is missing, each with the reason; empty when all is well.
    pub missing: Vec<Missing>,
}

/// Something that a process needs and does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// What.
    pub what: &'static str,
    /// Why it is missing.
    pub why: String,
}

impl Health {
    /// Whether something is missing.
    pub fn of(missing: Vec<Missing>) -> Self {
        Self { ok: missing.is_empty(), missing }
    }
}

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        let status = if self.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(self)).into_response()
    }
}
