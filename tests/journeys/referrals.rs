//! A member brings another, over HTTP: both get points, and what is refused is said.

use serde_json::{Value, json};

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

fn brings() -> Value {
    let mut program = program();
    program["referrals"] =
        json!([{"id": "friend", "currency": "points", "referrer": "500", "referee": "250"}]);
    program
}

fn points(member: &Value) -> i64 {
    let balances = member["balances"].as_array().unwrap();
    balances.iter().find(|it| it["currency"] == "points").map_or(0, |it| it["available"].as_i64().unwrap())
}

#[tokio::test]
async fn a_member_brings_another() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &brings()).await.good();
    for (member, day) in [("anna", "05"), ("ben", "06")] {
        let joins = json!({"occurred_at": format!("2024-01-{day}T10:00:00Z")});
        shop.post(&format!("/v1/members/{member}/enrol"), &joins).await.good();
    }
    let referrer = "/v1/members/ben/referrer";
    let named = shop.post(referrer, &json!({"referrer": "anna"})).await;
    assert_eq!(named.status, 201);
    let named = named.json();
    assert_eq!(
        (&named["operation"]["kind"], &named["operation"]["referrer"]),
        (&json!("name_referrer"), &json!("anna"))
    );
    let again = shop.post(referrer, &json!({"referrer": "anna"})).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    for (member, whom, expected) in [
        ("ben", "zoe", (409, "idempotency_conflict")),
        ("anna", "anna", (422, "self_referral")),
        ("anna", "zoe", (422, "referrer_not_found")),
        ("anna", "ben", (409, "circular_referral")),
        ("zoe", "anna", (404, "unknown_member")),
    ] {
        let refused = shop.post(&format!("/v1/members/{member}/referrer"), &json!({"referrer": whom})).await;
        assert_eq!(refused.problem(), (expected.0, expected.1.to_owned()), "{member} names {whom}");
    }
    // The day of the naming is that of the server's clock, and only what comes on it or later qualifies.
    let today = shop.get("/v1/members/ben").await.good()["referral"]["since"].as_str().unwrap().to_owned();
    let bought = shop.post("/v1/members/ben/purchases", &purchase("R-1", &today, &["10.00"])).await.good();
    let turn = &bought["operation"]["turns"][0];
    assert_eq!(
        (&turn["referrer"], &turn["points"], &turn["gives"]),
        (&json!("anna"), &json!(500), &json!(true))
    );
    assert_eq!(bought["operation"]["granted"][0]["gives"]["referral"]["referee"], json!(250));
    let anna = shop.get("/v1/members/anna").await.good();
    assert_eq!(points(&anna), 500);
    let proof = shop.get("/v1/members/anna/proof?key=referral%2Fben%2F1").await.good();
    assert_eq!(proof["operation"]["turn"]["referee"], "ben");
    let back = json!({"id": "B-1", "occurred_at": today, "of": "R-1"});
    shop.post("/v1/members/ben/returns", &back).await.good();
    assert_eq!(points(&shop.get("/v1/members/anna").await.good()), 0);
    server.stop().await;
}
