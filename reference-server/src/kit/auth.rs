//! Who calls and what they may do: bearer tokens, verified once and remembered until they expire.
//!
//! Extractors carry the authority that a handler needs, so no handler can forget to ask for it.

mod cache;
mod issuer;
mod keys;
mod roles;

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use jsonwebtoken::jwk::JwkSet;
use loyalty_core::id::TenantId;
use serde::Deserialize;

use self::cache::Cache;
use super::problem::Refusal;

pub use self::issuer::{Issuer, Wanted};
pub use self::keys::{InvalidKeys, Keys};
pub use self::roles::{Role, Roles};

/// Whom a token must be from and for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `aud`, or one of them.
    pub audience: String,
}

/// What a token says.
#[derive(Debug, Clone, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    tenant: TenantId,
    /// Names of roles with spaces between them (RFC 8693), as most issuers write them.
    #[serde(default)]
    scope: String,
    /// Names of roles as a list.
    #[serde(default)]
    roles: Vec<String>,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose data the caller sees.
    pub tenant: TenantId,
    /// Who it is: for a member the member's id.
    pub subject: String,
    /// In which roles.
    pub roles: Roles,
}

/// Verifies bearer tokens.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    cache: Cache,
}

impl Verifier {
    /// Accepts tokens that one of these keys signed.
    pub fn new(keys: Keys) -> Self {
        Self { keys, cache: Cache::default() }
    }

    /// The public keys, as a JSON Web Key Set.
    pub const fn keys(&self) -> &JwkSet {
        self.keys.set()
    }

    /// The caller that a token speaks for.
    ///
    /// Errors: `token_invalid`, `token_expired`.
    pub fn verify(&self, token: &str) -> Result<Arc<Caller>, Refusal> {
        let now = jsonwebtoken::get_current_timestamp();
        // Verifying a signature costs about 40 µs (EdDSA) to 200 µs (RS256), many times what deciding an
        // activity does, and a till sends the same token for minutes. Remembering the answer by the token's
        // hash until the token expires changes no answer: everything that is verified lies in the token's
        // bytes and in keys that do not change while the process lives.
        let name = Cache::name(token);
        if let Some(caller) = self.cache.get(&name, now) {
            return Ok(caller);
        }
        let claims: Claims = self.keys.verified(token)?;
        let Claims { sub, exp, tenant, scope, roles } = claims;
        let named = scope.split(' ').chain(roles.iter().map(String::as_str));
        let caller = Arc::new(Caller { tenant, subject: sub, roles: named.collect() });
        self.cache.keep(name, Arc::clone(&caller), exp, now);
        Ok(caller)
    }

    fn caller(&self, parts: &Parts) -> Result<Arc<Caller>, Refusal> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
            _ => None,
        });
        let missing = || {
            let help = "send `authorization: Bearer TOKEN`";
            Refusal::new("token_missing", "the request has no bearer token", help)
        };
        self.verify(token.ok_or_else(missing)?)
    }
}

/// What a handler needs of its caller.
pub trait Right: Send + Sync + 'static {
    /// One of these roles is enough.
    const ROLES: &'static [Role];
}

/// A caller who has the right `R`.
#[derive(Debug)]
pub struct May<R> {
    /// Who it is.
    pub caller: Arc<Caller>,
    right: PhantomData<R>,
}

impl<S, R> FromRequestParts<S> for May<R>
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
    R: Right,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let caller = Arc::<Verifier>::from_ref(state).caller(parts)?;
        if caller.roles.has_any(R::ROLES) {
            Ok(Self { caller, right: PhantomData })
        } else {
            Err(forbidden(R::ROLES))
        }
    }
}

/// The refusal of a caller who has none of the roles that are needed.
pub fn forbidden(roles: &[Role]) -> Refusal {
    let names: Vec<_> = roles.iter().map(|role| format!("`{}`", role.name())).collect();
    let message = format!("this takes the role {}", names.join(" or "));
    Refusal::new("forbidden", message, "ask for a token whose claim `scope` names it")
}
