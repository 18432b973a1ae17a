//! A member gives points to another, over HTTP: both see it, and what is refused is said.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loyalty_core::command::Command;
use loyalty_core::engine::Chain;
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ports::LedgerStore;
use reference_server::clock;
use reference_server::data_dir::DataDir;
use serde_json::{Value, json};

use crate::client::Client;
use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

fn points(member: &Value) -> [i64; 3] {
    let balances = member["balances"].as_array().unwrap();
    let points = balances.iter().find(|it| it["currency"] == "points").expect("points");
    ["available", "given", "received"].map(|name| points[name].as_i64().unwrap())
}

/// Anna and Ben have joined, and she has bought for 100.
async fn opened(shop: &Client) {
    let mut program = program();
    program["transfers"] = json!({"of": [{"currency": "points", "at_least": "5"}], "to": "members"});
    shop.post("/v1/programs", &program).await.good();
    for member in ["anna", "ben"] {
        let joins = json!({"occurred_at": "2024-01-04T10:00:00Z"});
        let joined = shop.post(&format!("/v1/members/{member}/enrol"), &joins).await.good();
        // What was earned in 2024 has lapsed.
        let today = joined["recorded_at"].as_str().unwrap();
        let bought = purchase("R-1", today, &["100.00"]);
        shop.post(&format!("/v1/members/{member}/purchases"), &bought).await.good();
    }
}

fn gift() -> Value {
    json!({"key": "g-1", "to": "ben", "currency": "points", "points": 30})
}

#[tokio::test]
async fn a_member_gives_points_to_another() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    opened(&shop).await;
    let before = points(&shop.get("/v1/members/ben").await.good())[0];
    let gift = gift();
    let given = shop.post("/v1/members/anna/transfer", &gift).await;
    assert_eq!(given.status, 201, "{}", given.text());
    let given = given.json();
    let transfer = &given["operation"]["transfer"];
    assert_eq!(
        (&given["operation"]["kind"], &transfer["to"], &transfer["points"][0]["points"]),
        (&json!("transfer"), &json!("ben"), &json!(30))
    );
    let again = shop.post("/v1/members/anna/transfer", &gift).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(points(&shop.get("/v1/members/anna").await.good()), [before - 30, 30, 0]);
    assert_eq!(points(&shop.get("/v1/members/ben").await.good()), [before + 30, 0, 30]);
    for (who, change, expected) in [
        ("anna", json!({"key": "g-1", "points": 31}), (409, "idempotency_conflict")),
        ("anna", json!({"key": "g-2", "points": 4}), (422, "transfer_too_small")),
        ("anna", json!({"key": "g-3", "points": 1_000_000}), (409, "insufficient_points")),
        ("anna", json!({"key": "g-4", "to": "zoe"}), (422, "recipient_not_found")),
        ("anna", json!({"key": "g-5", "to": "anna"}), (422, "transfer_to_self")),
        ("anna", json!({"key": "g-6", "currency": "pearls"}), (422, "unknown_currency")),
        ("zoe", json!({"key": "g-7"}), (404, "unknown_member")),
    ] {
        let mut body = gift.clone();
        change.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        let refused = shop.post(&format!("/v1/members/{who}/transfer"), &body).await;
        assert_eq!(refused.problem(), (expected.0, expected.1.to_owned()), "{change}");
    }
    let history = shop.get("/v1/members/ben/history").await.good();
    let received = &history["entries"][0]["operation"];
    assert_eq!((&received["kind"], &received["transfer"]["from"]), (&json!("receive"), &json!("anna")));
    let proof = shop.get("/v1/members/ben/proof?key=receive%2Fanna%2Fg-1").await.good();
    assert_eq!(proof["steps"][0]["text"], "30 Points come from `anna`");
    let proof = shop.get("/v1/members/anna/proof?key=end_transfer%2Fg-1").await.good();
    assert_eq!(proof["operation"]["ended_transfer"], json!({"transfer": "g-1"}));
    server.stop().await;
}

/// A process that died between the two chains.
async fn leave_in_transit(folder: &Path) {
    let data = DataDir::open_with(folder, None, false).expect("the folder");
    let [tenant, member] = ["main", "anna"];
    let (tenant, member) = (TenantId::new(tenant).unwrap(), MemberId::new(member).unwrap());
    let transfer = Command::Transfer(Arc::new(serde_json::from_value(gift()).unwrap()));
    let chain = Chain { tenant: &tenant, member: &member };
    let pack = data.engine.decide_many(chain, &mut [transfer], clock::now(), true).await.expect("decided");
    data.store.append(pack.append.expect("something to append")).await.expect("appended");
    data.close().expect("closed");
}

#[tokio::test]
async fn what_is_in_transit_is_finished_at_the_start() {
    let server = Running::start().await;
    opened(&server.shop("main").await).await;
    let folder = server.stop().await;
    leave_in_transit(folder.path()).await;
    let server = Running::start_in(folder, &[]).await;
    let shop = server.shop("main").await;
    let mut anna = shop.get("/v1/members/anna").await.good();
    for _ in 0..500 {
        if anna["in_transit"].is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        anna = shop.get("/v1/members/anna").await.good();
    }
    assert_eq!((points(&anna)[1], points(&shop.get("/v1/members/ben").await.good())[2]), (30, 30));
    server.stop().await;
}
