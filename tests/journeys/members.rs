//! What is known of members: given, shown, used and forgotten; what the calendar brings them; and how far they are.

use hyper::body::Bytes;
use serde_json::{Value, json};

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

#[tokio::test]
async fn joining_and_birthdays_give_once() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    let mut gives = program();
    gives["earning"][0]["after"] = json!([
        {"id": "joined", "on": "enrolment", "fixed": "100"}, {"id": "born", "on": "birthday", "fixed": "30"},
        {"id": "year", "on": "anniversary", "fixed": "7"},
    ]);
    shop.post("/v1/programs", &gives).await.good();
    let door = |name: &str| format!("/v1/members/anna/{name}");

    let joins = json!({"occurred_at": "2024-01-05T10:00:00Z"});
    let joined = shop.post(&door("enrol"), &joins).await.good();
    let operation = &joined["operation"];
    assert_eq!((&operation["key"], &operation["kind"]), (&json!("enrol"), &json!("enrol")));
    assert_eq!((operation.get("id"), &operation["welcome"][0]["points"]), (None, &json!(100)));
    let again = shop.post(&door("enrol"), &joins).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.good()["operation"], joined["operation"]);
    let keyed = |key| [("content-type", "application/json"), ("idempotency-key", key)];
    let body = Bytes::from(joins.to_string());
    assert_eq!(shop.send("POST", &door("enrol"), &keyed("enrol"), body.clone()).await.status, 201);
    let other = shop.send("POST", &door("enrol"), &keyed("R-1"), body).await;
    assert_eq!(other.problem().1, "idempotency_key_differs");
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
    let known = shop.post("/v1/members/berta/purchases", &bought).await.good();
    assert_eq!(known["operation"]["welcome"][0]["points"], 100);
    let late = shop.post("/v1/members/berta/enrol", &json!({"occurred_at": "2024-01-06T10:00:00Z"})).await;
    assert_eq!(late.problem(), (409, "already_enrolled".to_owned()));

    // Points lapse after 30 days, so that each time the last are there alone.
    let day = json!({"year": 2024, "occurred_at": "2024-02-28T10:00:00Z"});
    assert_eq!(shop.post(&door("birthdays"), &day).await.problem().1, "birthday_unknown");
    let support = server.client("main", "support", "sam").await;
    let told = Bytes::from(json!({"birthday": "1990-02-28"}).to_string());
    let header = [("content-type", "application/json")];
    support.send("PUT", FACTS, &header, told).await.good();
    let born = shop.post(&door("birthdays"), &day).await.good();
    assert_eq!(
        (&born["operation"]["kind"], &born["balances"][0]["available"]),
        (&json!("birthday"), &json!(30))
    );
    let year = |year: u16, at: &str| json!({"year": year, "occurred_at": at});
    let early = shop.post(&door("anniversaries"), &year(2025, "2025-01-04T23:59:59Z")).await;
    assert_eq!(early.problem(), (422, "not_due_yet".to_owned()));
    let one = shop.post(&door("anniversaries"), &year(2025, "2025-01-05T00:00:00Z")).await.good();
    assert_eq!(one["balances"][0]["available"], 7);
    let proof = shop.get("/v1/members/anna/proof?key=birthday%2F2024").await.good();
    assert_eq!(proof["operation"], born["operation"]);
    server.stop().await;
}

#[tokio::test]
async fn challenges_show_how_far_they_are() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    let mut gives = program();
    gives["counters"] = json!([
        {"id": "this-year", "counts": {"earned": "points"}, "window": "year"},
        {"id": "visits", "counts": "purchases", "window": "month"},
    ]);
    gives["challenges"] = json!([
        {"id": "two", "name": "Two visits", "complete": {"counter": {"id": "visits", "at_least": "2"}}},
        {"id": "over", "complete": {"counter": {"id": "visits", "at_least": "2"}}, "dates": {"to": "2023-12-31"}},
    ]);
    gives["earning"][0]["after"] = json!([{"id": "two", "on": {"challenge_completed": "two"}, "fixed": "9"}]);
    shop.post("/v1/programs", &gives).await.good();
    let buy = async |id: &str, at: &str| {
        let path = "/v1/members/anna/purchases";
        shop.post(path, &purchase(id, at, &["10.00"])).await.good()
    };
    buy("R-1", "2024-01-05T10:00:00Z").await;
    let at = "/v1/members/anna?at=2024-01-05T12:00:00Z";
    let progress = |value: &str, missing: &str| {
        json!({"counter": {
            "id": "visits", "value": value, "at_least": "2", "missing": missing, "by": "2024-02-01T00:00:00Z",
        }})
    };
    let view = |done: bool, progress| json!([{"challenge": "two", "name": "Two visits", "completed": done, "progress": progress}]);
    assert_eq!(shop.get(at).await.good()["challenges"], view(false, progress("1", "1")));
    let second = buy("R-2", "2024-01-05T11:00:00Z").await;
    let given = &second["operation"]["challenge_awards"][0];
    assert_eq!((&given["challenge"], &given["award"]["points"]), (&json!("two"), &json!(9)));
    assert_eq!(second["balances"][0]["available"], 29);
    assert_eq!(shop.get(at).await.good()["challenges"], view(true, progress("2", "0")));
    let back = json!({"id": "B-1", "occurred_at": "2024-01-05T11:30:00Z", "of": "R-1"});
    let back = shop.post("/v1/members/anna/returns", &back).await.good();
    let taken = &back["operation"]["challenge_takes"][0];
    assert_eq!((&taken["challenge"], &taken["take"]["points"]), (&json!("two"), &json!(9)));
    assert_eq!(back["balances"][0]["available"], 10);
    server.stop().await;
}

#[tokio::test]
async fn vouchers_and_badges_are_shown_with_their_codes() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    let mut gives = program();
    gives["vouchers"] = json!([
        {"id": "five-off", "name": "Five off", "amount_off": "5", "expiry": {"after": {"days": 30}}},
    ]);
    gives["badges"] = json!([{"id": "early", "name": "Early bird"}]);
    gives["grants"] = json!([
        {"id": "large", "when": {"basket": {"sum": {"at_least": "50"}}}, "give": {"voucher": "five-off"}},
        {"id": "early", "give": {"badge": "early"}},
    ]);
    shop.post("/v1/programs", &gives).await.good();
    let large = purchase("R-1", "2024-01-05T10:00:00Z", &["60.00"]);
    let preview = shop.post("/v1/members/anna/preview", &json!({"purchase": large})).await.good();
    let shown = &preview["operation"]["granted"][0];
    assert_eq!((&shown["grant"], &shown["gives"]["voucher"]["code"]), (&json!("large"), &Value::Null));
    let bought = shop.post("/v1/members/anna/purchases", &large).await.good();
    let code = bought["operation"]["granted"][0]["gives"]["voucher"]["code"].as_str().unwrap().to_owned();
    assert_eq!((code.len(), code.contains(['0', 'O', '1', 'I'])), (20, false));
    let again = shop.post("/v1/members/anna/purchases", &large).await.good();
    assert_eq!(again["operation"], bought["operation"]);
    // 30 days after 5 January is 4 February, the last valid day.
    let voucher = json!({
        "voucher": "five-off", "name": "Five off", "code": code, "amount_off": "5", "uses": 1,
        "expires_at": "2024-02-05T00:00:00Z",
    });
    let anna = shop.get("/v1/members/anna?at=2024-02-04T23:59:59Z").await.good();
    assert_eq!(anna["vouchers"], json!([voucher]));
    let badge = json!({"badge": "early", "name": "Early bird", "since": "2024-01-05T10:00:00Z"});
    assert_eq!(anna["badges"], json!([badge]));
    let later = shop.get("/v1/members/anna?at=2024-02-05T00:00:00Z").await.good();
    assert_eq!((&later["vouchers"], &later["badges"]), (&Value::Null, &json!([badge])));
    let back = json!({"id": "B-1", "occurred_at": "2024-01-06T10:00:00Z", "of": "R-1"});
    let back = shop.post("/v1/members/anna/returns", &back).await.good();
    let taken = &back["operation"]["regranted"];
    assert_eq!(taken[0], json!({"grant": "large", "takes": {"voucher": voucher}}));
    assert_eq!(taken[1], json!({"grant": "early", "takes": {"badge": badge}}));
    server.stop().await;
}
