//! Queries and parts of the address, every fault of theirs a coded problem.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use loyalty_core::json::{self, Limits};
use loyalty_core::problem::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::Refusal;

const LIMITS: Limits = Limits { bytes: 16 << 10, depth: 2, problems: 20 };

/// The query, read into a type whose fields read strings, or refused with all its problems.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let pairs =
            axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|error| {
                Refusal::new("invalid_query", error.to_string(), "write it as `?name=value&name=value`")
            })?;
        let mut fields = Map::new();
        for (name, value) in pairs.0 {
            if fields.contains_key(&name) {
                let message = format!("the query gives `{name}` more than once");
                return Err(Refusal::new("invalid_query", message, "keep one of them"));
            }
            fields.insert(name, Value::String(value));
        }
        Ok(Self(json::read_value(&Value::Object(fields), &LIMITS).map_err(in_query)?))
    }
}

/// The problems of a query, said as such: its fields are no places in a body.
fn in_query(problems: Vec<Problem>) -> Refusal {
    let said = problems.into_iter().map(|problem| {
        let field = problem.path.trim_start_matches('/');
        let place = if field.is_empty() { String::new() } else { format!("`{field}`: ") };
        Problem::new("invalid_query", "", format!("{place}{}", problem.message), problem.help)
    });
    Refusal::from(said.collect::<Vec<_>>())
}

/// Parts of the address, read into a type.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(error) => {
                let message = error.body_text();
                Err(Refusal::new("invalid_path", message, "correct the address; escape special characters"))
            }
        }
    }
}
