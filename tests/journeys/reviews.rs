//! What is held is found in the queue, approved by another, refused, and found no more.

use serde_json::{Value, json};

use crate::client::Client;
use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

/// The program of the other journeys, with days of more than 100.00 looked at.
fn watched() -> Value {
    let mut program = program();
    program["limits"] = json!([
        {"id": "large", "measures": {"spend": {"at_most": "100", "window": "day"}}, "then": "review"}
    ]);
    program
}

async fn queue(staff: &Client) -> Vec<(String, String)> {
    let page = staff.get("/v1/reviews").await.good();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    page["reviews"].as_array().unwrap().iter().map(|one| (text(one, "member"), text(one, "of"))).collect()
}

/// Anna and Berta above the limit, Carl within it; gives the answer about Anna.
async fn buy(server: &Running) -> Value {
    server.shop("main").await.post("/v1/programs", &watched()).await.good();
    let till = server.client("main", "till", "till-1").await;
    let mut answers = Vec::new();
    for (member, amount) in [("anna", "150.00"), ("berta", "101.00"), ("carl", "99.00")] {
        let bought = purchase("R-1", "2024-01-05T10:00:00Z", &[amount]);
        answers.push(till.post(&format!("/v1/members/{member}/purchases"), &bought).await.good());
    }
    answers.swap_remove(0)
}

fn look(id: &str) -> Value {
    json!({"id": id, "of": "purchase/R-1", "reason": "receipt seen"})
}

#[tokio::test]
async fn what_is_held_is_found_in_the_queue() {
    let server = Running::start().await;
    let sam = server.client("main", "support", "sam").await;
    assert_eq!(sam.get("/v1/reviews").await.good(), json!({"reviews": []}));

    // 150.00: 150 points, and one percent of it, 1.50, is 150 whole cents.
    let held = buy(&server).await;
    assert_eq!(held["operation"]["reviewed_for"], json!(["large"]));
    for balance in held["balances"].as_array().unwrap() {
        assert_eq!((&balance["available"], &balance["pending"]), (&json!(0), &json!(150)));
    }
    let page = sam.get("/v1/reviews?limit=1").await.good();
    let [first] = page["reviews"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!((&first["member"], &first["of"]), (&json!("anna"), &json!("purchase/R-1")));
    assert_eq!((&first["limits"], &first["sent_by"]), (&json!(["large"]), &json!("till-1")));
    assert_eq!(first["since"], held["recorded_at"]);
    let points = json!([
        {"currency": "points", "scale": 0, "points": 150}, {"currency": "cash", "scale": 2, "points": 150}
    ]);
    assert_eq!(first["points"], points);
    let next = page["next"].as_str().expect("a second page");
    let page = sam.get(&format!("/v1/reviews?limit=1&cursor={next}")).await.good();
    assert_eq!((&page["reviews"][0]["member"], page.get("next")), (&json!("berta"), None));
    assert_eq!(sam.get("/v1/reviews?cursor=anna").await.problem(), (400, "invalid_query".to_owned()));

    // Tills do not see it, and nobody of another tenant.
    assert_eq!(server.client("main", "till", "till-2").await.get("/v1/reviews").await.status, 403);
    let elsewhere = server.client("other", "support", "sam").await;
    assert_eq!(elsewhere.get("/v1/reviews").await.good(), json!({"reviews": []}));
    server.stop().await;
}

#[tokio::test]
async fn what_is_held_is_approved_by_another() {
    let server = Running::start().await;
    buy(&server).await;
    let sam = server.client("main", "support", "sam").await;

    // Tills do not decide; who sent it does not approve it, whatever else they may.
    let till = server.client("main", "till", "till-2").await;
    assert_eq!(till.post("/v1/members/anna/approve", &look("a-1")).await.status, 403);
    let same = server.client("main", "support", "till-1").await;
    let refused = same.post("/v1/members/anna/approve", &look("a-1")).await;
    assert_eq!(refused.json()["path"], "/actor");
    assert_eq!(refused.problem(), (403, "same_person".to_owned()));

    let approved = sam.post("/v1/members/anna/approve", &look("a-1")).await;
    assert_eq!(approved.status, 201);
    let approved = approved.json();
    assert_eq!(approved["operation"]["kind"], "approve");
    assert_eq!(approved["operation"]["review"]["actor"], "sam");
    assert_eq!(approved["balances"][1]["available"], 150);
    let again = sam.post("/v1/members/anna/approve", &look("a-1")).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let ended = sam.post("/v1/members/anna/refuse", &look("r-1")).await;
    assert_eq!(ended.problem(), (409, "review_ended".to_owned()));
    assert_eq!(queue(&sam).await, [("berta".to_owned(), "purchase/R-1".to_owned())]);

    // The queue outlives the process.
    let server = Running::start_in(server.stop().await, &[]).await;
    let sam = server.client("main", "support", "sam").await;
    assert_eq!(queue(&sam).await, [("berta".to_owned(), "purchase/R-1".to_owned())]);
    let refused = sam.post("/v1/members/berta/refuse", &look("r-1")).await.good();
    let points = &refused["balances"][0];
    assert_eq!((&points["available"], &points["pending"]), (&json!(0), &json!(0)));
    assert_eq!(queue(&sam).await, []);
    let unknown = sam.post("/v1/members/carl/refuse", &look("r-1")).await;
    assert_eq!(unknown.problem(), (404, "review_not_found".to_owned()));
    let proof = sam.get("/v1/members/anna/proof?key=approve%2Fa-1").await.good();
    let said = "`sam` approved what `purchase/R-1` earned: receipt seen";
    assert!(proof["steps"].as_array().unwrap().iter().any(|step| step["text"] == said), "{proof}");
    server.stop().await;
}
