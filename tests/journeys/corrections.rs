//! A return undone, points extended, and lapsed points given back.

use serde_json::{Value, json};

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

fn points(answer: &Value) -> &Value {
    let balances = answer["balances"].as_array().unwrap();
    &balances.iter().find(|balance| balance["currency"] == "points").unwrap()["available"]
}

#[tokio::test]
async fn a_return_is_undone_once() {
    let server = Running::start().await;
    server.shop("main").await.post("/v1/programs", &program()).await.good();
    let till = server.client("main", "till", "till-1").await;
    till.post("/v1/members/anna/purchases", &purchase("R-1", "2024-01-05T10:00:00Z", &["60.00", "20.00"]))
        .await
        .good();
    let back =
        json!({"id": "B-1", "occurred_at": "2024-01-06T10:00:00Z", "of": "R-1", "lines": [{"line": 2}]});
    assert_eq!(points(&till.post("/v1/members/anna/returns", &back).await.good()), 60);

    // The points of January have lapsed by now, and so do those that come again.
    let undo = "/v1/members/anna/returns/B-1/undo";
    let undone = till.post(undo, &json!({"key": "u-1"})).await.good();
    assert_eq!(
        (&undone["operation"]["kind"], &undone["operation"]["undone"]),
        (&json!("undo_return"), &json!("B-1"))
    );
    assert_eq!(undone["operation"]["returned"][0]["takes"][0]["points"], -20);
    assert_eq!(points(&undone), 0);
    assert_eq!(till.post(undo, &json!({"key": "u-1"})).await.good()["replayed"], true);
    assert_eq!(till.post(undo, &json!({"key": "u-2"})).await.problem(), (409, "already_undone".to_owned()));
    let unknown = till.post("/v1/members/anna/returns/B-9/undo", &json!({"key": "u-3"})).await;
    assert_eq!(unknown.problem(), (404, "return_not_found".to_owned()));
    let proof = till.get("/v1/members/anna/proof?key=undo_return%2Fu-1").await.good();
    let steps = proof["steps"].as_array().unwrap();
    let text = "purchase `R-1` gives back -20 points, -20 cash";
    assert!(steps.iter().any(|step| step["text"] == text), "{steps:#?}");
    server.stop().await;
}

#[tokio::test]
async fn points_are_extended_and_given_back() {
    let server = Running::start().await;
    let mut program = program();
    program["currencies"][0]["reinstate_within"] = json!({"years": 90});
    server.shop("main").await.post("/v1/programs", &program).await.good();
    let till = server.client("main", "till", "till-1").await;
    till.post("/v1/members/anna/purchases", &purchase("R-1", "2024-01-05T10:00:00Z", &["60.00"]))
        .await
        .good();
    let sam = server.client("main", "support", "sam").await;
    let back = json!({"key": "i-1", "currency": "points", "points": 40, "reason": "a promise"});
    assert_eq!(till.post("/v1/members/anna/reinstatements", &back).await.status, 403);
    let given = sam.post("/v1/members/anna/reinstatements", &back).await.good();
    assert_eq!((points(&given), &given["operation"]["reinstated"]["actor"]), (&json!(40), &json!("sam")));
    let more = json!({"key": "i-2", "currency": "points", "points": 21, "reason": "a promise"});
    let refused = sam.post("/v1/members/anna/reinstatements", &more).await;
    assert_eq!(refused.problem(), (409, "exceeds_lapsed".to_owned()));
    assert_eq!(refused.json()["path"], "/points");

    let longer = json!({"key": "x-1", "currency": "points", "to": "2099-12-31", "reason": "a promise"});
    let extended = sam.post("/v1/members/anna/expiry", &longer).await.good();
    assert_eq!(extended["operation"]["extended"]["to"], "2099-12-31");
    let anna = sam.get("/v1/members/anna").await.good();
    assert_eq!(anna["balances"][0]["expiring"], json!([{"points": 40, "at": "2100-01-01T00:00:00Z"}]));
    let again = json!({"key": "x-2", "currency": "points", "to": "2099-12-31", "reason": "a promise"});
    assert_eq!(
        sam.post("/v1/members/anna/expiry", &again).await.problem(),
        (409, "nothing_to_extend".to_owned())
    );
    server.stop().await;
}
