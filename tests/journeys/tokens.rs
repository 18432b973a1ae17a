//! Whose tokens are accepted, and what they allow.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

use crate::client::Client;
use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

const ISSUER: &str = "https://id.example";
/// What stands before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

fn key(seed: u8) -> EncodingKey {
    EncodingKey::from_ed_der(&[&PKCS8[..], &[seed; 32]].concat())
}

fn jwks() -> JwkSet {
    let mut public = jsonwebtoken::jwk::Jwk::from_encoding_key(&key(1), Algorithm::EdDSA).unwrap();
    public.common.key_id = Some("one".to_owned());
    JwkSet { keys: vec![public] }
}

fn claims() -> Value {
    let now = get_current_timestamp();
    json!({
        "iss": ISSUER, "aud": "loyalty", "sub": "till-1", "tenant": "main", "scope": "openid till",
        "iat": now, "nbf": now, "exp": now + 600,
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut changed = claims();
    change(&mut changed);
    changed
}

fn without(claim: &str) -> Value {
    with(|claims| {
        claims.as_object_mut().unwrap().remove(claim);
    })
}

fn signed(claims: &Value, key: &EncodingKey) -> String {
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, key).unwrap()
}

#[tokio::test]
async fn only_tokens_of_the_issuer_for_us_and_now_are_accepted() {
    let keys = serde_json::to_string(&jwks()).unwrap();
    let environment = [("LOYALTY_AUTH_JWKS", keys.as_str()), ("LOYALTY_AUTH_ISSUER", ISSUER), CHAIN_KEY];
    let server = Running::start_in(tempfile::tempdir().unwrap(), &environment).await;
    let ask =
        async |token: Option<String>| Client { address: server.address, token }.get("/v1/members/anna").await;
    let good = ask(Some(signed(&claims(), &key(1)))).await;
    assert_eq!(good.problem(), (404, "unknown_member".to_owned()), "who is accepted gets an answer");
    let list = with(|claims| {
        claims["roles"] = json!(["till"]);
        claims["scope"] = json!("");
        claims["aud"] = json!(["other", "loyalty"]);
    });
    assert_eq!(ask(Some(signed(&list, &key(1)))).await.status, 404, "roles and audiences as lists");

    let missing = ask(None).await;
    assert_eq!(missing.problem(), (401, "token_missing".to_owned()));
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));

    let now = get_current_timestamp();
    let old = ask(Some(signed(&with(|claims| claims["exp"] = json!(now - 60)), &key(1)))).await;
    assert_eq!(old.problem(), (401, "token_expired".to_owned()));

    let unsigned = format!("{}.{}.", encoded(&json!({"alg": "none", "kid": "one"})), encoded(&claims()));
    // Signed with the public key, as if it were a shared secret: works where the token chooses the algorithm.
    let public = serde_json::to_value(&jwks().keys[0]).unwrap()["x"].as_str().unwrap().to_owned();
    let shared = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let shared = encode(&shared, &claims(), &EncodingKey::from_secret(public.as_bytes())).unwrap();
    let other_name = Header { kid: Some("two".to_owned()), ..Header::new(Algorithm::EdDSA) };
    let mut tampered = signed(&claims(), &key(1));
    tampered.insert(tampered.len() - 20, 'A');
    let refused = [
        ("no token", "nonsense".to_owned()),
        ("another key", signed(&claims(), &key(2))),
        ("another issuer", signed(&with(|claims| claims["iss"] = json!("https://evil.example")), &key(1))),
        ("another audience", signed(&with(|claims| claims["aud"] = json!("bank")), &key(1))),
        ("not yet valid", signed(&with(|claims| claims["nbf"] = json!(now + 600)), &key(1))),
        ("without issuer", signed(&without("iss"), &key(1))),
        ("without audience", signed(&without("aud"), &key(1))),
        ("without expiry", signed(&without("exp"), &key(1))),
        ("without subject", signed(&without("sub"), &key(1))),
        ("without tenant", signed(&without("tenant"), &key(1))),
        ("unsigned", unsigned),
        ("a public key as a secret", shared),
        ("an unknown key's name", encode(&other_name, &claims(), &key(1)).unwrap()),
        ("tampered with", tampered),
    ];
    for (what, token) in refused {
        let reply = ask(Some(token)).await;
        assert_eq!(reply.problem(), (401, "token_invalid".to_owned()), "{what}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    // There is no development issuer here.
    let wanted = json!({"tenant": "main", "scope": "till"});
    let token = Client { address: server.address, token: None }.post("/dev/token", &wanted).await;
    assert_eq!(token.problem(), (404, "not_found".to_owned()));
    server.stop().await;
}

const CHAIN_KEY: (&str, &str) =
    ("LOYALTY_CHAIN_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

/// Base64 without padding, of a URL (RFC 4648, section 5).
fn encoded(value: &Value) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in value.to_string().as_bytes().chunks(3) {
        let bits =
            three.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

#[tokio::test]
async fn each_role_may_do_its_part_only() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
    shop.post("/v1/members/anna/purchases", &bought).await.good();
    let preview = json!({"purchase": bought});
    let requests = [
        ("GET", "/v1/members/anna", None, "till support auditor anna"),
        ("GET", "/v1/members/anna/history", None, "till support auditor anna"),
        ("GET", "/v1/members/anna/proof?key=purchase/R-1", None, "till support auditor anna"),
        ("POST", "/v1/members/anna/preview", Some(&preview), "till support auditor anna"),
        ("POST", "/v1/members/anna/purchases", Some(&bought), "till"),
        ("POST", "/v1/members/anna/returns", Some(&bought), "till"),
        ("POST", "/v1/members/anna/events", Some(&bought), "till"),
        ("POST", "/v1/members/anna/enrol", Some(&bought), "till"),
        ("POST", "/v1/members/anna/birthdays", Some(&bought), "till"),
        ("POST", "/v1/members/anna/anniversaries", Some(&bought), "till"),
        ("POST", "/v1/programs", Some(&bought), "author"),
        ("POST", "/v1/programs/check", Some(&bought), "author"),
        ("GET", "/v1/programs", None, "till support author auditor operator"),
        ("GET", "/v1/programs/0", None, "till support author auditor operator"),
        ("GET", "/v1/sandbox/clock", None, "operator"),
    ];
    // Two members: whose own it is, and another one.
    let people = ["till", "support", "author", "auditor", "operator", "anna", "berta", "nobody"];
    for (method, path, body, allowed) in requests {
        for who in people {
            let scope = if who == "anna" || who == "berta" { "member" } else { who };
            let client = server.client("main", scope, who).await;
            let headers: &[_] = if body.is_some() { &[("content-type", "application/json")] } else { &[] };
            let body = body.map(Value::to_string).unwrap_or_default();
            let reply = client.send(method, path, headers, body.into()).await;
            let refused = reply.status == 403 && reply.problem().1 == "forbidden";
            let wanted = !allowed.split(' ').any(|one| one == who);
            assert_eq!(refused, wanted, "{who} {method} {path}: {}", reply.status);
            if refused {
                assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"insufficient_scope\""));
            }
        }
        let path = path.split('?').next().unwrap();
        let anonymous = server.anonymous().send(method, path, &[], hyper::body::Bytes::new()).await;
        assert_eq!(anonymous.problem(), (401, "token_missing".to_owned()), "{method} {path}");
    }
    server.stop().await;
}
