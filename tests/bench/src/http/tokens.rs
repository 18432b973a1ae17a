//! Bearer tokens of many callers, and the key that tells them genuine.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use fastrand::Rng;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

/// Who says so in every token.
pub const ISSUER: &str = "https://issuer.example";
/// For whom every token is.
pub const AUDIENCE: &str = "loyalty";
const KEY_ID: &str = "bench";
/// Seconds that a token is good for.
const GOOD_FOR: u64 = 3_600;
/// What stands before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Tokens and what a server needs to check them.
pub struct Tokens {
    pub bearers: Vec<String>,
    /// The public key.
    pub jwks: JwkSet,
}

/// So many tokens, of a caller each, signed with EdDSA.
pub fn mint(count: usize) -> Result<Tokens> {
    let mut secret = [0; 32];
    Rng::with_seed(1).fill(&mut secret);
    let key = EncodingKey::from_ed_der(&[&PKCS8[..], &secret].concat());
    let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
    public.common.key_id = Some(KEY_ID.to_owned());
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::EdDSA) };
    let sign = |caller| Ok(encode(&header, &claims(caller, now), &key)?);
    let tokens =
        Tokens { bearers: (0..count).map(sign).collect::<Result<_>>()?, jwks: JwkSet { keys: vec![public] } };
    verify(&tokens)?;
    Ok(tokens)
}

fn claims(caller: usize, now: u64) -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": format!("till-{caller}"),
        "tenant": "main",
        "scope": "till",
        "iat": now,
        "nbf": now,
        "exp": now + GOOD_FOR,
    })
}

/// A server that refuses them all would measure nothing.
fn verify(tokens: &Tokens) -> Result<()> {
    let key = DecodingKey::from_jwk(tokens.jwks.find(KEY_ID).context("the key is in its set")?)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    for bearer in &tokens.bearers {
        decode::<Value>(bearer, &key, &validation)?;
    }
    Ok(())
}
