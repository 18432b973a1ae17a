//! The public keys whose signatures are accepted, each with the one algorithm it is for.

use std::fmt;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::de::DeserializeOwned;

use super::Expected;
use crate::kit::problem::Refusal;

/// Seconds by which an issuer's clock may differ from ours.
const LEEWAY: u64 = 5;

/// A set of keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidKeys(String);

impl fmt::Display for InvalidKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidKeys {}

/// Public keys that sign tokens.
pub struct Keys {
    keys: Vec<Key>,
    /// As published at `/.well-known/jwks.json`.
    set: JwkSet,
}

struct Key {
    id: Option<String>,
    key: DecodingKey,
    validation: Validation,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl Keys {
    /// Reads a JSON Web Key Set (RFC 7517).
    pub fn read(json: &str, expected: &Expected) -> Result<Self, InvalidKeys> {
        let set: JwkSet = serde_json::from_str(json)
            .map_err(|error| InvalidKeys(format!("this is no JSON Web Key Set: {error}")))?;
        Self::new(set, expected)
    }

    /// Accepts the keys of a set, each with one asymmetric algorithm, for tokens from and for `expected`.
    pub fn new(set: JwkSet, expected: &Expected) -> Result<Self, InvalidKeys> {
        if set.keys.is_empty() {
            return Err(InvalidKeys("the set holds no key".to_owned()));
        }
        if set.keys.len() > 1 && set.keys.iter().any(|key| key.common.key_id.is_none()) {
            return Err(InvalidKeys("one key of several has no `kid`: give each its own".to_owned()));
        }
        let keys = set.keys.iter().map(|jwk| Key::new(jwk, expected)).collect::<Result<_, _>>()?;
        Ok(Self { keys, set })
    }

    /// The set as it is published.
    pub const fn set(&self) -> &JwkSet {
        &self.set
    }

    /// The claims of a token whose signature, issuer, audience and times are right.
    pub(super) fn verified<T: DeserializeOwned + Clone>(&self, token: &str) -> Result<T, Refusal> {
        let header = decode_header(token).map_err(|error| invalid(&error.to_string()))?;
        let named = self.keys.iter().find(|key| match (&key.id, &header.kid) {
            (Some(id), Some(wanted)) => id == wanted,
            // A token that names no key, or a key without a name: only where there is no choice.
            _ => self.keys.len() == 1,
        });
        let key = named.ok_or_else(|| invalid("the key that its `kid` names is not known here"))?;
        match decode::<T>(token, &key.key, &key.validation) {
            Ok(token) => Ok(token.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                Err(Refusal::new("token_expired", "the token has expired", "ask for a new one"))
            }
            Err(error) => Err(invalid(&error.to_string())),
        }
    }
}

impl Key {
    fn new(jwk: &Jwk, expected: &Expected) -> Result<Self, InvalidKeys> {
        let id = jwk.common.key_id.clone();
        let name = id.clone().unwrap_or_default();
        let algorithm = algorithm(jwk)
            .ok_or_else(|| InvalidKeys(format!("the key `{name}` is not for EdDSA, ES256 or RS256")))?;
        let key = DecodingKey::from_jwk(jwk)
            .map_err(|error| InvalidKeys(format!("the key `{name}` cannot be read: {error}")))?;
        // By default the library checks neither issuer nor audience nor `nbf`, and a token of any algorithm of
        // the key's family would pass.
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&expected.issuer]);
        validation.set_audience(&[&expected.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Ok(Self { id, key, validation })
    }
}

/// The one algorithm that a key is for. There is no symmetric one: who verifies could also sign.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let by_kind = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        _ => return None,
    };
    let declared = match jwk.common.key_algorithm {
        None => by_kind,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(_) => return None,
    };
    (declared == by_kind).then_some(declared)
}

fn invalid(why: &str) -> Refusal {
    Refusal::new("token_invalid", format!("the token is not accepted: {why}"), "ask the issuer for a new one")
}
