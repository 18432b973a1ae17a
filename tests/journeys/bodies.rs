//! Bodies of every shape: each is refused with a coded problem, never with a fault of the server.

use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

const DOORS: [&str; 17] = [
    "/v1/members/anna/purchases",
    "/v1/members/anna/returns",
    "/v1/members/anna/events",
    "/v1/members/anna/enrol",
    "/v1/members/anna/birthdays",
    "/v1/members/anna/preview",
    "/v1/members/anna/redemptions",
    "/v1/members/anna/holds",
    "/v1/members/anna/adjustments",
    "/v1/members/anna/referrer",
    "/v1/members/anna/transfer",
    "/v1/members/anna/returns/B-1/undo",
    "/v1/members/anna/expiry",
    "/v1/members/anna/reinstatements",
    "/v1/programs",
    "/v1/sandbox/clock",
    "/dev/token",
];

async fn everybody(server: &Running) -> Client {
    let client = server.client("sandbox", "till author operator support", "x").await;
    client.post("/v1/programs", &program()).await.good();
    client
}

#[tokio::test]
async fn bodies_that_are_no_json_or_of_no_known_form() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let shapes: [(&[u8], u16, &str); 19] = [
        (b"", 400, "not_json"),
        (b" ", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b"}", 400, "not_json"),
        (b"nul", 400, "not_json"),
        (b"{\"id\": \"R-1\",}", 400, "not_json"),
        (b"{} {}", 400, "not_json"),
        (b"\xff\xfe\x00", 400, "not_json"),
        (b"{\"a\": \"\xff\"}", 400, "not_json"),
        (b"\xef\xbb\xbf{}", 400, "not_json"),
        (b"{\"a\": \"\\ud800\"}", 400, "not_json"),
        (b"id=R-1&gross=5", 400, "not_json"),
        (b"<purchase/>", 400, "not_json"),
        (b"NaN", 400, "not_json"),
        (b"1e999", 400, "not_json"),
        (b"{\"x\": 1, \"x\": 2}", 422, "duplicate_key"),
        (deep.as_bytes(), 422, "too_deep"),
        (b"null", 422, "wrong_type"),
        (b"[1, 2]", 422, "wrong_type"),
    ];
    for door in DOORS {
        for (body, status, code) in shapes {
            let reply = client.post_bytes(door, Bytes::copy_from_slice(body)).await;
            let shown = String::from_utf8_lossy(body);
            let problem = reply.problem();
            // A document with several faults names them all; the one that is meant is among them.
            let named = std::iter::once(problem.1.clone()).chain(all(&reply.json(), "code"));
            assert_eq!(problem.0, status, "{door} {shown}: {}", reply.text());
            assert!(named.into_iter().any(|named| named == code), "{door} {shown}: {}", reply.text());
        }
        for body in ["{}", "true", "0", "-1", "1e9", "\"text\"", "{\"purchase\": 1}", "{\"to\": {}}"] {
            let reply = client.post_bytes(door, body).await;
            assert_eq!(reply.problem().0, 422, "{door} {body}: {}", reply.text());
        }
    }
    server.stop().await;
}

fn all(problem: &Value, field: &str) -> Vec<String> {
    let listed = problem["problems"].as_array().into_iter().flatten();
    listed.map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_fault_of_an_activity_is_named_with_its_place() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    let body = json!({
        "id": "", "occured_at": "2024-01-05T10:00:00Z", "occurred_at": "yesterday",
        "lines": [{"gross": 5.5}, {"gross": "5,50"}, {"gross": "1", "kind": "gift"}, 7],
    });
    let reply = client.post("/v1/members/anna/purchases", &body).await;
    assert_eq!(reply.problem(), (422, "invalid_value".to_owned()));
    let found = reply.json();
    let mut found: Vec<_> = all(&found, "path").into_iter().zip(all(&found, "code")).collect();
    found.sort();
    let wanted = [
        ("/id", "invalid_value"),
        ("/lines/0/gross", "number_not_exact"),
        ("/lines/1/gross", "invalid_value"),
        ("/lines/2/kind", "unknown_variant"),
        ("/lines/3", "wrong_type"),
        ("/occured_at", "unknown_field"),
        ("/occurred_at", "invalid_value"),
    ];
    assert_eq!(found, wanted.map(|(path, code)| (path.to_owned(), code.to_owned())));
    server.stop().await;
}

/// A list of an object's fields in their order is no such object, wherever it stands.
#[tokio::test]
async fn objects_are_not_given_as_lists() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    let with =
        |line: &str| format!(r#"{{"id":"R-1","occurred_at":"2024-01-05T10:00:00Z","lines":[{line}]}}"#);
    let line = r#"["item",null,[],null,[],null,null,"1"]"#;
    let back = r#"["B-1","2024-01-06T10:00:00Z","R-1"]"#;
    let cases = [
        ("purchases", with(line), "/lines/0"),
        ("purchases", with(r#"{"gross":"1","discounts":[["store","1"]]}"#), "/lines/0/discounts/0"),
        ("purchases", with("").replace("[]", r#"[],"tenders":[["cash","1"]]"#), "/tenders/0"),
        (
            "returns",
            r#"{"id":"B-1","occurred_at":"2024-01-06T10:00:00Z","of":"R-1","lines":[[1]]}"#.into(),
            "/lines/0",
        ),
        ("preview", format!(r#"{{"return":{back}}}"#), "/return"),
        ("events", r#"["welcome","E-1","2024-01-06T10:00:00Z"]"#.to_owned(), ""),
    ];
    for (door, body, path) in cases {
        let reply = client.post_bytes(&format!("/v1/members/anna/{door}"), body.clone()).await;
        assert_eq!(reply.problem(), (422, "wrong_type".to_owned()), "{body}: {}", reply.text());
        assert_eq!(reply.json()["path"], path, "{body}");
    }
    server.stop().await;
}

/// What has the right form and makes no sense is refused by the engine, with its code and its place in the body.
#[tokio::test]
async fn activities_that_cannot_be_recorded() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    let good = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
    client.post("/v1/members/anna/purchases", &good).await.good();
    let changed = |pointer: &str, value: Value| {
        let mut purchase = purchase("R-2", "2024-01-05T10:00:00Z", &["10.00"]);
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        purchase.pointer_mut(parent).unwrap()[field] = value;
        ("purchase", purchase)
    };
    let back = |of: &str, line: u16| {
        let lines = json!([{"line": line}]);
        ("return", json!({"id": "B-1", "occurred_at": "2024-01-06T10:00:00Z", "of": of, "lines": lines}))
    };
    let many = vec![json!({"gross": "1"}); 1_001];
    let discount = json!([{"funder": "store", "amount": "-1"}]);
    let cases = [
        (changed("/occurred_at", json!("2090-01-01T00:00:00Z")), "occurred_in_future", "/occurred_at"),
        (changed("/money", json!("USD")), "no_rate", "/money"),
        (changed("/lines", json!(many)), "too_many_lines", "/lines"),
        (changed("/lines/0/gross", Value::Null), "price_missing", "/lines/0"),
        (changed("/lines/0/unit_price", json!("1")), "price_ambiguous", "/lines/0"),
        (changed("/lines/0/quantity", json!("-1")), "negative_amount", "/lines/0/quantity"),
        (changed("/lines/0/discounts", discount), "negative_amount", "/lines/0/discounts/0/amount"),
        (back("R-7", 1), "purchase_not_found", "/of"),
        (back("R-1", 2), "line_not_found", "/lines/0"),
        (("return", json!({"id": "B-1", "occurred_at": "2024-01-06T10:00:00Z"})), "unlinked_return", "/of"),
    ];
    for ((kind, body), code, path) in cases {
        let reply = client.post(&format!("/v1/members/anna/{kind}s"), &body).await;
        assert_eq!(reply.problem(), (422, code.to_owned()), "{}", reply.text());
        assert_eq!(reply.json()["path"], path, "{code}");
        assert_ne!(reply.json()["help"], "", "what to do about {code}");
        // A preview takes any activity, so its body names the kind.
        let reply = client.post("/v1/members/anna/preview", &json!({ kind: body })).await;
        assert_eq!(reply.problem(), (422, code.to_owned()), "{}", reply.text());
        assert_eq!(reply.json()["path"], format!("/{kind}{path}"), "{code}");
    }
    server.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_large_or_not_declared_as_json() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    let path = "/v1/members/anna/purchases";
    let megabyte = 1 << 20;
    let mut large = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]).to_string();
    large.push_str(&" ".repeat(megabyte - large.len()));
    assert_eq!(client.post_bytes(path, large.clone()).await.status, 201, "exactly 1 MiB");
    large.push(' ');
    assert_eq!(client.post_bytes(path, large).await.problem(), (413, "too_large".to_owned()));
    // A program may have 16 MiB.
    let mut draft = program();
    draft["name"] = json!("x".repeat(2 * megabyte));
    assert_eq!(client.post("/v1/programs", &draft).await.problem(), (422, "wrong_length".to_owned()));
    let huge = vec![b' '; 16 * megabyte + 1];
    assert_eq!(client.post_bytes("/v1/programs", huge).await.problem(), (413, "too_large".to_owned()));

    let good = Bytes::from(purchase("R-2", "2024-01-05T10:00:00Z", &["10.00"]).to_string());
    for media in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "\u{e4}"] {
        let reply = client.send("POST", path, &[("content-type", media)], good.clone()).await;
        assert_eq!(reply.problem(), (415, "not_json_type".to_owned()), "{media}");
    }
    assert_eq!(
        client.send("POST", path, &[], good.clone()).await.problem(),
        (415, "not_json_type".to_owned())
    );
    let media = "Application/JSON; charset=utf-8";
    assert_eq!(client.send("POST", path, &[("content-type", media)], good).await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    for path in [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/members",
        "/v1/members/anna/",
        "/v2/members/anna",
        "//",
        "/v1/programs/a/b",
    ] {
        assert_eq!(client.get(path).await.problem(), (404, "not_found".to_owned()), "{path}");
    }
    for (method, path, allowed) in [
        ("DELETE", "/v1/members/anna", "GET,HEAD"),
        ("GET", "/v1/members/anna/purchases", "POST"),
        ("PUT", "/v1/programs", "POST,GET,HEAD"),
        ("BREW", "/livez", "GET,HEAD"),
    ] {
        let reply = client.send(method, path, &[], Bytes::new()).await;
        assert_eq!(reply.problem(), (405, "method_not_allowed".to_owned()), "{method} {path}");
        assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
    }
    server.stop().await;
}

/// Thousands of damaged bodies, drawn from a fixed seed: some are still good, none is a fault of the server.
#[tokio::test]
async fn damaged_bodies_of_every_door() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    let time = "2024-01-05T10:00:00Z";
    let good = [
        purchase("R-1", time, &["10.00", "2.50"]),
        json!({"id": "B-1", "occurred_at": time, "of": "R-1", "lines": [{"line": 1, "quantity": "1"}]}),
        json!({"name": "survey", "id": "S-1", "occurred_at": time, "attributes": {"score": "9", "late": true}}),
        json!({"purchase": purchase("R-2", time, &["1.00"])}),
        program(),
        json!({"advance": {"seconds": 1}}),
        json!({"tenant": "main", "scope": "till", "sub": "x"}),
    ];
    let mut random = fastrand::Rng::with_seed(3);
    for (door, good) in DOORS.into_iter().zip(good) {
        for _ in 0..300 {
            let mut body = good.to_string().into_bytes();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(0..body.len());
                match random.u8(0..4) {
                    0 => body[place] = random.u8(..),
                    1 => body[place] = b"{}[]\":,0.9-eE\\ntf"[random.usize(0..17)],
                    2 => drop(body.drain(place..(place + 5).min(body.len()))),
                    _ => body.splice(place..place, good.to_string().into_bytes()).for_each(drop),
                }
                body.push(b' ');
            }
            let reply = client.post_bytes(door, body.clone()).await;
            let shown = String::from_utf8_lossy(&body);
            assert!(reply.status.is_success() || reply.problem().0 < 500, "{door} {shown}: {}", reply.text());
        }
    }
    server.stop().await;
}

/// Bytes that a client library would not send, up to an end in the middle of a body.
#[tokio::test]
async fn broken_requests_leave_the_server_well() {
    let server = Running::start().await;
    let client = everybody(&server).await;
    let token = client.token.clone().unwrap();
    let head = format!(
        "POST /v1/members/anna/purchases HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\n"
    );
    let whole = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]).to_string();
    for bytes in [
        "\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("{head}content-length: 5000\r\n\r\n{whole}"),
        format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{whole}"),
        format!("{head}transfer-encoding: chunked\r\n\r\n5\r\n{{\"id\""),
        format!("{head}content-length: -1\r\n\r\n"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // Whether it answers or only closes: what counts is what comes after.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2") && !answer.starts_with(b"HTTP/1.1 5"), "{bytes}");
    }
    assert_eq!(client.get("/v1/members/anna").await.problem(), (404, "unknown_member".to_owned()));
    client.post_bytes("/v1/members/anna/purchases", whole).await.good();
    server.stop().await;
}

/// Who sends a head and never a body is answered in the end, and told what to do.
#[tokio::test]
async fn a_body_that_never_comes() {
    let limit = [("LOYALTY_TIME_LIMIT_SECONDS", "1")];
    let server = Running::start_in(tempfile::tempdir().unwrap(), &limit).await;
    let client = everybody(&server).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /v1/members/anna/purchases HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n",
        client.token.as_ref().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\ncontent-type: application/problem+json\r\n"), "{answer}");
    assert!(answer.contains("\"code\":\"unknown_outcome\""), "{answer}");
    server.stop().await;
}
