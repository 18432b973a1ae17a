//! What an operator sees: health, metrics, keys, the first page.

use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use serde_json::{Value, json};

use crate::client::Client;
use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

#[tokio::test]
async fn health_and_keys_are_there_without_a_token() {
    let server = Running::start().await;
    let client = server.anonymous();
    assert_eq!(client.get("/livez").await.good(), json!({"ok": true, "missing": []}));
    assert_eq!(client.get("/readyz").await.good(), json!({"ok": true, "missing": []}));
    let keys = client.get("/.well-known/jwks.json").await.good();
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
    assert_eq!(key.get("d"), None, "the private part stays here");
    server.stop().await;
}

#[tokio::test]
async fn metrics_count_by_route_and_name_no_member() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    for _ in 0..2 {
        let bought = purchase("R-77-secret", "2024-01-05T10:00:00Z", &["10.00"]);
        shop.post("/v1/members/member-77-secret/purchases", &bought).await.good();
    }
    shop.get("/v1/nowhere/member-77-secret").await;
    let metrics = server.anonymous().get("/metrics").await;
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4"));
    let text = metrics.text();
    for line in [
        "loyalty_activities_total{kind=\"purchase\",outcome=\"done\"}",
        "loyalty_activities_total{kind=\"purchase\",outcome=\"replayed\"}",
        "http_request_duration_seconds_count{method=\"POST\",route=\"/v1/members/{member}/purchases\",status=\"201\"}",
        "http_request_duration_seconds_count{method=\"GET\",route=\"unmatched\",status=\"404\"}",
        "# TYPE http_request_duration_seconds histogram",
    ] {
        assert!(text.lines().any(|there| there.starts_with(line)), "{line} is not in\n{text}");
    }
    assert!(!text.contains("77-secret"), "{text}");
    server.stop().await;
}

/// What the first page tells people to paste does what it says.
#[tokio::test]
async fn the_first_page_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_in(folder, &[("LOYALTY_DEMO", "true")]).await;
    let page = server.anonymous().get("/").await;
    let plain =
        page.text().replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    let blocks: Vec<_> =
        plain.split("<pre>").skip(1).filter_map(|rest| rest.split("</pre>").next()).collect();
    assert_eq!(blocks.len(), 2, "{plain}");
    assert!(blocks[0].contains(&format!("HERE=http://{}", server.address)), "{}", blocks[0]);
    let token = |name: &str| {
        let line = plain.lines().find_map(|line| line.split_once(&format!("{name}=")));
        line.map(|(_, token)| token.to_owned()).unwrap_or_else(|| panic!("no {name} in {plain}"))
    };
    let shop = Client { address: server.address, token: Some(token("TOKEN")) };
    let body = |marker: &str| {
        let command =
            plain.split("curl ").find(|command| command.contains(marker) && command.contains("-d '"));
        let from = command.and_then(|command| command.split("-d '").nth(1)).unwrap();
        from.split('\'').next().unwrap().to_owned()
    };
    let bought =
        shop.post_bytes("/v1/members/anna/purchases", body("/v1/members/anna/purchases")).await.good();
    // A point a euro and a second one on fruit: 15.60 + 12.40.
    assert_eq!(bought["balances"][0]["available"], 28);
    assert_eq!(shop.get("/v1/members/anna").await.good()["balances"][0]["available"], 28);
    shop.get("/v1/members/anna/proof?key=purchase/R-1").await.good();
    // The bread was 3.20 of it: 28 × 3.20 / 15.60 = 5.74, to the larger remainder.
    let back = shop.post_bytes("/v1/members/anna/returns", body("/v1/members/anna/returns")).await.good();
    assert_eq!(back["operation"]["returned"][0]["activity"], "R-1");
    let sandbox = Client { address: server.address, token: Some(token("SANDBOX")) };
    sandbox.post_bytes("/v1/sandbox/clock", body("/v1/sandbox/clock")).await.good();
    server.stop().await;
}

/// A second server on the same folder is refused, and says why.
#[tokio::test]
async fn a_folder_has_one_server() {
    let server = Running::start().await;
    let folder = server.stop().await;
    let path = folder.path().to_owned();
    let server = Running::start_in(folder, &[]).await;
    let second = reference_server::Server::open(crate::server::config(&path, &[])).await;
    let error = second.expect_err("the folder is taken");
    assert!(format!("{error:#}").contains("ledger.redb"), "{error:#}");
    server.stop().await;
}

/// What happens to all members is read once, by operators and auditors of the tenant.
#[tokio::test]
async fn the_feed_tells_what_happened() {
    let server = Running::start().await;
    let [shop, other] = [server.shop("main").await, server.shop("other").await];
    for client in [&shop, &other] {
        client.post("/v1/programs", &program()).await.good();
        let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
        client.post("/v1/members/1/purchases", &bought).await.good();
    }
    let till = server.client("main", "till", "tom").await;
    assert_eq!(till.get("/v1/feed").await.problem(), (403, "forbidden".to_owned()));
    let auditor = server.client("main", "auditor", "aida").await;
    let first = auditor.get("/v1/feed").await.good();
    let told = |page: &Value| -> Vec<String> {
        let events = page["events"].as_array().unwrap().iter();
        events.map(|it| format!("{} {} {} {}", it["type"], it["key"], it["points"], it["currency"])).collect()
    };
    // 10.00 are 10 points, and 1 % is 0.10; what happens at the other tenant's is told to nobody here.
    let [points, cash] =
        ["points", "cash"].map(|currency| format!(r#""points_moved" "purchase/R-1" 10 "{currency}""#));
    assert_eq!(told(&first), [r#""member_enrolled" "purchase/R-1" null null"#, &points, &cash]);
    let next = format!("/v1/feed?after={}", first["next"]);
    let nothing = auditor.get(&next).await.good();
    assert_eq!(nothing, json!({"events": [], "next": first["next"]}));
    let bought = purchase("R-2", "2024-01-06T10:00:00Z", &["5.00"]);
    shop.post("/v1/members/1/purchases", &bought).await.good();
    let more = auditor.get(&next).await.good();
    let moved = ["points", "cash"].map(|currency| format!(r#""points_moved" "purchase/R-2" 5 "{currency}""#));
    assert_eq!(told(&more), moved);
    let wrong = auditor.get("/v1/feed?after=yesterday").await;
    assert_eq!(wrong.problem(), (400, "invalid_query".to_owned()));
    server.stop().await;
}

/// A copy of the ledger is made while the server runs, by operators alone.
#[tokio::test]
async fn the_ledger_is_copied_while_the_server_runs() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
    shop.post("/v1/members/1/purchases", &bought).await.good();
    let till = server.client("main", "till", "tom").await;
    assert_eq!(till.post("/v1/backups", &json!({})).await.problem(), (403, "forbidden".to_owned()));
    let operator = server.client("main", "operator", "olga").await;
    let made = operator.post("/v1/backups", &json!({})).await;
    assert_eq!(made.status, 201);
    let made = made.good();
    let file = std::path::PathBuf::from(made["file"].as_str().unwrap());
    assert_eq!(
        (made["commits"].as_u64(), made["bytes"].as_u64()),
        (Some(1), Some(file.metadata().unwrap().len()))
    );
    let copy = EmbeddedStore::open(&file, EmbeddedOptions::default()).unwrap();
    assert_eq!(copy.verify(), Ok(1));
    server.stop().await;
}

/// A server that stops seals what was recorded.
#[tokio::test]
async fn the_ledger_is_sealed_when_the_server_stops() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
    shop.post("/v1/members/1/purchases", &bought).await.good();
    let folder = server.stop().await;
    let data = reference_server::data_dir::DataDir::open_with(folder.path(), None, false).unwrap();
    let keys = data.sealer(None).unwrap().keys().unwrap();
    let sealed = reference_server::seals::check(&data.store, &data.file("seals"), &keys).await.unwrap();
    assert_eq!((sealed.seals, sealed.wrong), (1, Vec::new()));
}

/// A ledger whose key is gone is not opened with another one, which would look like tampering.
#[tokio::test]
async fn a_lost_key_is_named() {
    let folder = Running::start().await.stop().await;
    std::fs::remove_file(folder.path().join("chain.key")).unwrap();
    let opened = reference_server::Server::open(crate::server::config(folder.path(), &[])).await;
    let error = opened.expect_err("no key");
    assert!(format!("{error:#}").contains("LOYALTY_CHAIN_KEY"), "{error:#}");
    assert!(!folder.path().join("chain.key").exists(), "no other key was made");
}
