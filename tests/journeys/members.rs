//! What is known of members: given, shown, used and forgotten.

use hyper::body::Bytes;
use serde_json::json;

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

const FACTS: &str = "/v1/members/anna/facts";

#[tokio::test]
async fn facts_are_kept_used_and_forgotten() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    let mut asks = program();
    asks["segments"] = json!([{"id": "students"}]);
    asks["member_attributes"] = json!([{"id": "letter", "values": "flag"}]);
    asks["earning"][0]["groups"][0]["members"][0]["rule"]["when"] = json!({"segment": {"in": ["students"]}});
    shop.post("/v1/programs", &asks).await.good();
    let put = async |client: &crate::client::Client, body: serde_json::Value| {
        let header = [("content-type", "application/json")];
        client.send("PUT", FACTS, &header, Bytes::from(body.to_string())).await
    };

    // What nothing declares is dropped before anything is kept.
    let told = json!({
        "segments": ["vip", "students"], "attributes": {"letter": true, "size": "9"}, "birthday": "1990-02-28"
    });
    let kept = json!({"segments": ["students"], "attributes": {"letter": true}, "birthday": "1990-02-28"});
    let support = server.client("main", "support", "sam").await;
    assert_eq!(put(&support, told).await.good(), kept);
    assert_eq!(support.get(FACTS).await.good(), kept);
    let wrong = put(&support, json!({"attributes": {"letter": "yes"}})).await;
    assert_eq!(wrong.problem(), (422, "attribute_kind".to_owned()));
    let no_day = put(&support, json!({"birthday": "02-30"})).await;
    assert_eq!(no_day.problem(), (422, "invalid_value".to_owned()));
    assert_eq!(support.get(FACTS).await.good(), kept, "a refusal changes nothing");

    // Members see their own and nobody else's, tills see and say nothing.
    assert_eq!(server.client("main", "member", "anna").await.get(FACTS).await.good(), kept);
    for (role, subject) in [("member", "berta"), ("till", "till-1")] {
        let other = server.client("main", role, subject).await;
        assert_eq!(other.get(FACTS).await.status, 403, "{role}");
        assert_eq!(put(&other, json!({})).await.status, 403, "{role}");
    }
    // Of another tenant nothing is known.
    let elsewhere = server.client("other", "support", "sam").await;
    assert_eq!(elsewhere.get(FACTS).await.good(), json!({}));

    let bought = |id: &str| purchase(id, "2024-01-05T10:00:00Z", &["10.00"]);
    let path = "/v1/members/anna/purchases";
    let first = shop.post(path, &bought("R-1")).await.good();
    assert_eq!(first["balances"][0]["available"], 10);

    // They outlive the process, and what was decided on them outlives them.
    let server = Running::start_in(server.stop().await, &[]).await;
    let (shop, support) = (server.shop("main").await, server.client("main", "support", "sam").await);
    assert_eq!(support.get(FACTS).await.good(), kept);
    for _ in 0..2 {
        assert_eq!(support.send("DELETE", FACTS, &[], Bytes::new()).await.status, 204);
        assert_eq!(support.get(FACTS).await.good(), json!({}));
    }
    let proof = shop.get("/v1/members/anna/proof?key=purchase%2FR-1").await.good();
    assert_eq!(proof["operation"], first["operation"]);
    let second = shop.post(path, &bought("R-2")).await.good();
    assert_eq!(second["balances"][0]["available"], 10, "a student no more");
    server.stop().await;
}
