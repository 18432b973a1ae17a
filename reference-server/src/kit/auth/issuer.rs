//! The development issuer: gives anybody who asks a token, so it runs on development machines only.

use anyhow::{Context, Result};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expected, Keys};
use crate::secret;
use loyalty_core::id::TenantId;

const KEY_ID: &str = "development";
/// Seconds that a token is good for: 12 hours.
const GOOD_FOR: u64 = 12 * 3_600;

/// Signs tokens with a key of its own.
pub struct Issuer {
    key: EncodingKey,
    expected: Expected,
}

/// What a token is asked to say.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Whose data the bearer sees.
    pub tenant: TenantId,
    /// Names of roles with spaces between them, such as `till support`.
    pub scope: String,
    /// Who the bearer is: for a member the member's id.
    #[serde(default = "nobody")]
    pub sub: String,
}

fn nobody() -> String {
    "developer".to_owned()
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    tenant: &'a TenantId,
    scope: &'a str,
    iat: u64,
    nbf: u64,
    exp: u64,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("expected", &self.expected).finish_non_exhaustive()
    }
}

impl Issuer {
    /// An issuer that signs with an Ed25519 key of 32 bytes.
    pub fn new(seed: &[u8; 32], expected: Expected) -> Self {
        Self { key: secret::ed25519(seed), expected }
    }

    /// The public key of its tokens.
    ///
    /// Errors: the key is none that the library takes.
    pub fn keys(&self) -> Result<Keys> {
        let mut jwk =
            Jwk::from_encoding_key(&self.key, Algorithm::EdDSA).context("cannot derive a public key")?;
        jwk.common.key_id = Some(KEY_ID.to_owned());
        Ok(Keys::new(JwkSet { keys: vec![jwk] }, &self.expected)?)
    }

    /// A token, and the seconds that it is good for.
    ///
    /// Errors: signing failed.
    pub fn token(&self, wanted: &Wanted) -> Result<(String, u64)> {
        let now = get_current_timestamp();
        let claims = Claims {
            iss: &self.expected.issuer,
            aud: &self.expected.audience,
            sub: &wanted.sub,
            tenant: &wanted.tenant,
            scope: &wanted.scope,
            iat: now,
            nbf: now,
            exp: now + GOOD_FOR,
        };
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = encode(&header, &claims, &self.key).context("cannot sign a token")?;
        Ok((token, GOOD_FOR))
    }
}
