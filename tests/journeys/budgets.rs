//! A budget over HTTP: members share it, and what is left of it is shown.

use serde_json::{Value, json};

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

/// The program of the other journeys, with 1,600 points for everybody.
fn shared() -> Value {
    let mut program = program();
    program["budgets"] = json!([{"id": "launch", "currency": "points", "amount": "1600"}]);
    let earning = program["earning"].as_array_mut().unwrap();
    let points = earning.iter_mut().find(|it| it["currency"] == "points").unwrap();
    points["budget"] = json!("launch");
    program
}

#[tokio::test]
async fn members_share_a_budget() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &shared()).await.good();
    let all = json!([
        {"id": "launch", "currency": "points", "scale": 0, "amount": 1_600, "used": 0, "leased": 0, "free": 1_600}
    ]);
    assert_eq!(shop.get("/v1/budgets").await.good()["budgets"], all);

    let till = server.client("main", "till", "till-1").await;
    for (member, amount, given) in [("anna", "50.00", 50), ("berta", "2000.00", 1_550), ("carl", "10.00", 0)]
    {
        let bought = purchase("R-1", "2024-01-05T10:00:00Z", &[amount]);
        let answer = till.post(&format!("/v1/members/{member}/purchases"), &bought).await.good();
        let awards = answer["operation"]["awards"].as_array().unwrap();
        let points = awards.iter().find(|award| award["currency"] == "points").unwrap();
        assert_eq!(points["points"], json!(given), "{member}");
    }
    let standing = &shop.get("/v1/budgets").await.good()["budgets"][0];
    assert_eq!(standing["free"], json!(0));
    let sum = standing["used"].as_i64().unwrap() + standing["leased"].as_i64().unwrap();
    assert_eq!(sum, 1_600);
}
