//! The sandbox's clock.

use serde_json::{Value, json};

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

const CLOCK: &str = "/v1/sandbox/clock";

#[tokio::test]
async fn moving_the_clock_lets_points_lapse_levels_end_and_versions_take_force() {
    let server = Running::start().await;
    let shop = server.shop("sandbox").await;
    shop.post("/v1/programs", &program()).await.good();
    let now = shop.get(CLOCK).await.good()["now"].as_str().unwrap().to_owned();
    let path = "/v1/members/anna/purchases";
    shop.post(path, &purchase("R-1", &now, &["100.00"])).await.good();
    shop.post(path, &purchase("R-2", &now, &["1.00"])).await.good();
    let shown = |member: &Value| {
        (
            member["balances"][0]["available"].as_i64().unwrap(),
            member["balances"][0]["expired"].as_i64().unwrap(),
        )
    };
    let anna = shop.get("/v1/members/anna").await.good();
    assert_eq!(
        (shown(&anna), &anna["tiers"][0]["level"]),
        ((102, 0), &json!("silver")),
        "1.00 at silver gives 2"
    );

    // The 29th day is valid; 32 days on, the 30 days are over.
    shop.post(CLOCK, &json!({"advance": {"days": 29}})).await.good();
    assert_eq!(shown(&shop.get("/v1/members/anna").await.good()), (102, 0));
    shop.post(CLOCK, &json!({"advance": {"hours": 72}})).await.good();
    assert_eq!(shown(&shop.get("/v1/members/anna").await.good()), (0, 102));

    // A second version waits 60 seconds of this clock, not of ours.
    let mut second = program();
    second["earning"][0]["groups"][0]["members"][0]["rule"]["rate"] = json!("3");
    shop.post("/v1/programs", &second).await.good();
    let moved = shop.post(CLOCK, &json!({"advance": {"seconds": 61}})).await.good();
    let later = moved["now"].as_str().unwrap();
    let under_second =
        shop.post("/v1/members/berta/purchases", &purchase("R-1", later, &["10.00"])).await.good();
    assert_eq!(under_second["balances"][0]["available"], 30);

    // The status lasts to the end of its year, and the next one begins at 0.
    shop.post(CLOCK, &json!({"advance": {"days": 366}})).await.good();
    assert_eq!(shop.get("/v1/members/anna").await.good()["tiers"][0]["level"], "base");
    server.stop().await;
}

#[tokio::test]
async fn the_clock_moves_forward_only_and_is_kept() {
    let server = Running::start().await;
    let operator = server.client("sandbox", "operator", "olga").await;
    let to = operator.post(CLOCK, &json!({"to": "2090-05-01T12:00:00Z"})).await.good();
    assert_eq!(to["now"], "2090-05-01T12:00:00Z");
    let back = operator.post(CLOCK, &json!({"to": "2090-05-01T11:00:00Z"})).await;
    assert_eq!(back.problem(), (409, "clock_backwards".to_owned()));
    let far = operator.post(CLOCK, &json!({"to": "2100-05-01T11:00:00Z"})).await;
    assert_eq!(far.problem(), (422, "clock_too_far".to_owned()));
    for body in
        [json!({}), json!({"advance": {"days": -1}}), json!({"advance": {"weeks": 1}}), json!({"to": 5})]
    {
        assert_eq!(operator.post(CLOCK, &body).await.status, 422, "{body}");
    }
    let folder = server.stop().await;
    let server = Running::start_in(folder, &[]).await;
    let operator = server.client("sandbox", "operator", "olga").await;
    let kept = operator.get(CLOCK).await.good();
    assert!(kept["now"].as_str().unwrap().starts_with("2090-05-01T12:"), "{kept}");

    let main = server.client("main", "operator", "olga").await;
    assert_eq!(main.get(CLOCK).await.problem(), (403, "not_sandbox".to_owned()));
    let moved = main.post(CLOCK, &json!({"advance": {"days": 1}})).await;
    assert_eq!(moved.problem(), (403, "not_sandbox".to_owned()));
    server.stop().await;
}
