//! What members spend, get back, and are given by hand.

use serde_json::{Value, json};

use crate::client::Client;
use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

fn with_rewards() -> Value {
    let mut program = program();
    program["rewards"] = json!([
        {"id": "bar", "currency": "cash", "points": "1.00", "amount_off": "0.90"},
        {"id": "vase", "currency": "cash", "points": "0.10", "tier": {"track": "status", "level": ["silver"]}},
    ]);
    program
}

/// Anna buys for 150.00: one percent of it is 150 cents.
async fn bought(server: &Running) -> Client {
    server.shop("main").await.post("/v1/programs", &with_rewards()).await.good();
    let till = server.client("main", "till", "till-1").await;
    till.post("/v1/members/anna/purchases", &purchase("R-1", "2024-01-05T10:00:00Z", &["150.00"]))
        .await
        .good();
    till
}

fn cash(answer: &Value) -> &Value {
    let balances = answer["balances"].as_array().unwrap();
    balances.iter().find(|balance| balance["currency"] == "cash").unwrap()
}

fn redeem(key: &str, reward: &str) -> Value {
    json!({"key": key, "reward": reward})
}

#[tokio::test]
async fn points_are_spent_and_come_back() {
    let server = Running::start().await;
    let till = bought(&server).await;
    let spent = till.post("/v1/members/anna/redemptions", &redeem("r-1", "bar")).await;
    assert_eq!(spent.status, 201);
    let spent = spent.json();
    assert_eq!((&spent["operation"]["kind"], &cash(&spent)["available"]), (&json!("redeem"), &json!(50)));
    let took = json!({"reward": "bar", "currency": "cash", "scale": 2, "points": 100, "off": "0.9", "lots": [{"points": 100}]});
    assert_eq!(spent["operation"]["redemption"], took);
    let again = till.post("/v1/members/anna/redemptions", &redeem("r-1", "bar")).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json()["operation"], spent["operation"]);
    let proof = till.get("/v1/members/anna/proof?key=redeem%2Fr-1").await.good();
    let steps = proof["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["text"] == "`bar` takes 1.00 Cash back and gives 0.90 EUR off"));

    let cancel = "/v1/members/anna/redemptions/r-1/cancel";
    let back = till.post(cancel, &json!({"key": "c-1"})).await.good();
    assert_eq!((&back["operation"]["cancelled"], &cash(&back)["available"]), (&json!("r-1"), &json!(150)));
    assert_eq!(till.post(cancel, &json!({"key": "c-1"})).await.good()["replayed"], true);
    assert_eq!(
        till.post(cancel, &json!({"key": "c-2"})).await.problem(),
        (409, "already_cancelled".to_owned())
    );
    let unknown = till.post("/v1/members/anna/redemptions/r-9/cancel", &json!({"key": "c-3"})).await;
    assert_eq!(unknown.problem(), (404, "redemption_not_found".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn what_was_refused_once_stays_refused() {
    let server = Running::start().await;
    let till = bought(&server).await;
    till.post("/v1/members/anna/redemptions", &redeem("r-1", "bar")).await.good();
    let refused = till.post("/v1/members/anna/redemptions", &redeem("r-2", "bar")).await;
    assert_eq!(refused.problem(), (409, "insufficient_points".to_owned()));
    assert_eq!(refused.json()["path"], "/reward");
    let no_level = till.post("/v1/members/anna/redemptions", &redeem("r-3", "vase")).await;
    assert_eq!(no_level.problem(), (409, "tier_required".to_owned()));
    let no_reward = till.post("/v1/members/anna/redemptions", &redeem("r-4", "car")).await;
    assert_eq!(no_reward.problem(), (422, "unknown_reward".to_owned()));

    // Somebody gives 100 cents by hand; a till may not.
    let gift = json!({"key": "a-1", "currency": "cash", "points": 100, "reason": "a broken bar"});
    assert_eq!(till.post("/v1/members/anna/adjustments", &gift).await.status, 403);
    let sam = server.client("main", "support", "sam").await;
    let given = sam.post("/v1/members/anna/adjustments", &gift).await.good();
    assert_eq!(
        (&given["operation"]["adjustment"]["actor"], &cash(&given)["available"]),
        (&json!("sam"), &json!(150))
    );

    // 150 would be enough now; the answer of then stays, and a new key is a new question.
    let again = till.post("/v1/members/anna/redemptions", &redeem("r-2", "bar")).await;
    assert_eq!(again.json(), refused.json());
    assert_eq!(
        cash(&till.post("/v1/members/anna/redemptions", &redeem("r-5", "bar")).await.good())["available"],
        50
    );
    let history = sam.get("/v1/members/anna/history").await.good();
    let entries = history["entries"].as_array().unwrap().iter().map(|entry| &entry["operation"]);
    let said: Vec<_> = entries.filter_map(|it| it["refused"]["code"].as_str()).collect();
    assert_eq!(said, ["tier_required", "insufficient_points"], "newest first, and no more are recorded");
    let anna = sam.get("/v1/members/anna").await.good();
    let cash = cash(&anna);
    assert_eq!(
        (&cash["earned"], &cash["redeemed"], &cash["adjusted"]),
        (&json!(150), &json!(200), &json!(100))
    );
    server.stop().await;
}

#[tokio::test]
async fn points_are_held_captured_and_let_go() {
    let server = Running::start().await;
    let till = bought(&server).await;
    let hold = json!({"key": "h-1", "reward": "bar", "minutes": 30});
    let held = till.post("/v1/members/anna/holds", &hold).await.good();
    assert_eq!((&cash(&held)["available"], &cash(&held)["held"]), (&json!(50), &json!(100)));
    assert_eq!(held["operation"]["hold"]["redemption"]["off"], "0.9");
    // The second till does not get what the first one holds.
    let other = json!({"key": "h-2", "reward": "bar", "minutes": 30});
    let refused = till.post("/v1/members/anna/holds", &other).await;
    assert_eq!(refused.problem(), (409, "insufficient_points".to_owned()));
    let anna = till.get("/v1/members/anna").await.good();
    assert_eq!((&cash(&anna)["held"], &anna["holds"][0]["hold"]), (&json!(100), &json!("h-1")));

    let longer = json!({"key": "e-1", "minutes": 30});
    let extended = till.post("/v1/members/anna/holds/h-1/extend", &longer).await.good();
    assert_ne!(extended["operation"]["hold"]["until"], held["operation"]["hold"]["until"]);
    let spent = till.post("/v1/members/anna/holds/h-1/capture", &json!({"key": "c-1"})).await.good();
    assert_eq!((&cash(&spent)["available"], &cash(&spent)["held"]), (&json!(50), &json!(0)));
    assert_eq!(
        (&spent["operation"]["ended_hold"], &spent["operation"]["kind"]),
        (&json!("h-1"), &json!("capture"))
    );
    // It ends once, and is a redemption that can be cancelled.
    let twice = till.post("/v1/members/anna/holds/h-1/void", &json!({"key": "v-1"})).await;
    assert_eq!(twice.problem(), (409, "hold_ended".to_owned()));
    let never = till.post("/v1/members/anna/holds/h-9/void", &json!({"key": "v-2"})).await;
    assert_eq!(never.problem(), (404, "hold_not_found".to_owned()));
    let back = till.post("/v1/members/anna/redemptions/c-1/cancel", &json!({"key": "x-1"})).await.good();
    assert_eq!(cash(&back)["available"], 150);
    let again = json!({"key": "h-3", "reward": "bar", "minutes": 30});
    till.post("/v1/members/anna/holds", &again).await.good();
    let free = till.post("/v1/members/anna/holds/h-3/void", &json!({"key": "v-3"})).await.good();
    assert_eq!((&cash(&free)["available"], &cash(&free)["held"]), (&json!(150), &json!(0)));
    server.stop().await;
}

fn with_vouchers() -> Value {
    let mut program = program();
    program["vouchers"] = json!([{"id": "tea", "item": "A pot of tea", "uses": 2}]);
    program["rewards"] = json!([
        {"id": "gift", "currency": "cash", "points": "0.50", "voucher": "tea"},
        {"id": "ferry", "voucher_value": "3"},
    ]);
    let steps = json!({"points": "0.10", "off": "0.10"});
    program["conversions"] =
        json!([{"id": "statement", "currency": "cash", "on": ["02-10"], "per_full": steps}]);
    program
}

#[tokio::test]
async fn points_become_vouchers_and_vouchers_are_used() {
    let server = Running::start().await;
    server.shop("main").await.post("/v1/programs", &with_vouchers()).await.good();
    let till = server.client("main", "till", "till-1").await;
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["150.00"]);
    till.post("/v1/members/anna/purchases", &bought).await.good();

    // The 150 cents of January 2024 became a voucher in February.
    let anna = till.get("/v1/members/anna").await.good();
    let voucher = anna["vouchers"][0].clone();
    assert_eq!((&voucher["voucher"], &voucher["amount_off"]), (&json!("statement"), &json!("1.5")));
    assert_eq!((&cash(&anna)["available"], &cash(&anna)["redeemed"]), (&json!(0), &json!(150)));
    let code = voucher["code"].as_str().expect("a code").to_owned();
    let with =
        |key: &str, code: &str| json!({"key": key, "reward": "ferry", "voucher": code, "bill": "10.00"});
    let used = till.post("/v1/members/anna/redemptions", &with("u-1", &code)).await.good();
    let operation = &used["operation"];
    assert_eq!((&operation["used"]["off"], &operation["used"]["reward"]), (&json!("4.5"), &json!("ferry")));
    assert_eq!(
        (&operation["converted"][0]["points"], &operation["used"]["voucher"]["uses"]),
        (&json!(150), &json!(0))
    );
    let twice = till.post("/v1/members/anna/redemptions", &with("u-2", &code)).await;
    assert_eq!(twice.problem(), (409, "voucher_used".to_owned()));
    let unknown = till.post("/v1/members/anna/redemptions", &with("u-3", "22222222222222222222")).await;
    assert_eq!(unknown.problem(), (404, "voucher_not_found".to_owned()));
    assert!(till.get("/v1/members/anna").await.good().get("vouchers").is_none());
    till.post("/v1/members/anna/redemptions/u-1/cancel", &json!({"key": "c-1"})).await.good();
    assert_eq!(till.get("/v1/members/anna").await.good()["vouchers"][0], voucher);

    // Half a point of those given by hand buys two pots of tea.
    let sam = server.client("main", "support", "sam").await;
    let gift = json!({"key": "a-1", "currency": "cash", "points": 50, "reason": "a cold tea"});
    sam.post("/v1/members/anna/adjustments", &gift).await.good();
    let tea = till.post("/v1/members/anna/redemptions", &redeem("r-1", "gift")).await.good();
    let code = tea["operation"]["redemption"]["voucher"]["code"].as_str().expect("a code").to_owned();
    let drink = |key: &str| json!({"key": key, "voucher": code});
    let first = till.post("/v1/members/anna/redemptions", &drink("t-1")).await.good();
    assert_eq!(first["operation"]["used"]["voucher"]["uses"], 1);
    let had = till.post("/v1/members/anna/redemptions/r-1/cancel", &json!({"key": "c-2"})).await;
    assert_eq!(had.problem(), (409, "voucher_used".to_owned()));
    till.post("/v1/members/anna/redemptions", &drink("t-2")).await.good();
    let empty = till.post("/v1/members/anna/redemptions", &drink("t-3")).await;
    assert_eq!(empty.problem(), (409, "voucher_used".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn a_stock_is_shared_by_all_members() {
    let server = Running::start().await;
    let mut program = program();
    program["rewards"] = json!([{"id": "bar", "currency": "cash", "points": "1.00", "stock": 1}]);
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program).await.good();
    let till = server.client("main", "till", "till-1").await;
    for member in ["anna", "ben"] {
        let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["150.00"]);
        till.post(&format!("/v1/members/{member}/purchases"), &bought).await.good();
    }
    let standing = async || shop.get("/v1/stocks").await.good()["stocks"][0].clone();
    let stands = |used: u32, set_aside: u32| json!({"reward": "bar", "stock": 1, "used": used, "set_aside": set_aside, "free": 1 - used - set_aside});
    assert_eq!(standing().await, stands(0, 0));
    let hold = json!({"key": "h-1", "reward": "bar", "minutes": 30});
    till.post("/v1/members/anna/holds", &hold).await.good();
    assert_eq!(standing().await, stands(0, 1));
    let sold_out = till.post("/v1/members/ben/redemptions", &redeem("r-1", "bar")).await;
    assert_eq!(sold_out.problem(), (409, "out_of_stock".to_owned()));
    till.post("/v1/members/anna/holds/h-1/capture", &json!({"key": "c-1"})).await.good();
    assert_eq!(standing().await, stands(1, 0));
    till.post("/v1/members/anna/redemptions/c-1/cancel", &json!({"key": "x-1"})).await.good();
    till.post("/v1/members/ben/redemptions", &redeem("r-2", "bar")).await.good();
    assert_eq!(standing().await, stands(1, 0));
    server.stop().await;
}

/// A till of a shop with this program, where Anna has joined and bought for 30.00.
async fn anna_bought(server: &Running, program: &Value) -> Client {
    server.shop("main").await.post("/v1/programs", program).await.good();
    let till = server.client("main", "till", "till-1").await;
    let joins = json!({"occurred_at": "2024-01-04T10:00:00Z"});
    let joined = till.post("/v1/members/anna/enrol", &joins).await.good();
    let bought = purchase("R-1", joined["recorded_at"].as_str().unwrap(), &["30.00"]);
    till.post("/v1/members/anna/purchases", &bought).await.good();
    till
}

#[tokio::test]
async fn a_part_of_a_price_is_paid_in_money() {
    let server = Running::start().await;
    let mut program = program();
    let cash = json!({"per_point": "0.05", "at_least": "10"});
    program["rewards"] = json!([{"id": "mug", "currency": "points", "points": "50", "plus_cash": cash}]);
    let till = anna_bought(&server, &program).await;
    let redeem = |key: &str, points: i64| json!({"key": key, "reward": "mug", "points": points});
    let path = "/v1/members/anna/redemptions";
    for (points, expected) in
        [(9, (422, "points_too_few")), (51, (422, "points_too_many")), (0, (422, "negative_amount"))]
    {
        let refused = till.post(path, &redeem("k-0", points)).await.problem();
        assert_eq!(refused, (expected.0, expected.1.to_owned()));
    }
    // 20 of 50 points are missing, at 0.05 each.
    let spent = till.post(path, &redeem("k-1", 30)).await.good();
    let redemption = &spent["operation"]["redemption"];
    assert_eq!((&redemption["points"], &redemption["due"]), (&json!(30), &json!("1")));
    let back = till.post("/v1/members/anna/redemptions/k-1/cancel", &json!({"key": "c-1"})).await.good();
    assert_eq!(back["operation"]["pay_back"], "1");
    server.stop().await;
}

#[tokio::test]
async fn a_price_is_quoted_and_kept() {
    let server = Running::start().await;
    let mut program = program();
    program["rewards"] = json!([{"id": "mug", "currency": "points", "points": "20"}]);
    let till = anna_bought(&server, &program).await;
    let quoted = till.post("/v1/members/anna/quotes", &json!({"key": "q-1", "reward": "mug"})).await.good();
    assert_eq!(quoted["operation"]["quoted"]["points"], 20);
    let again = till.post("/v1/members/anna/quotes", &json!({"key": "q-1", "reward": "mug"})).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let anna = till.get("/v1/members/anna").await.good();
    let open = &anna["quotes"][0];
    assert_eq!((&open["quote"], &open["reward"]), (&json!("q-1"), &json!("mug")));
    assert_eq!(open["valid_until"], quoted["operation"]["quoted"]["valid_until"]);
    for (body, expected) in [
        (json!({"key": "r-1", "reward": "mug", "quote": "q-9"}), (404, "quote_not_found")),
        (json!({"key": "r-2", "reward": "mug", "bill": "9.00", "quote": "q-1"}), (409, "quote_differs")),
    ] {
        let refused = till.post("/v1/members/anna/redemptions", &body).await.problem();
        assert_eq!(refused, (expected.0, expected.1.to_owned()));
    }
    for body in [json!({"key": "q-2"}), json!({"key": "q-2", "reward": "mug", "voucher": "x"}), json!([])] {
        assert_eq!(till.post("/v1/members/anna/quotes", &body).await.problem().0, 422, "{body}");
    }
    let by = json!({"key": "r-3", "reward": "mug", "quote": "q-1"});
    let spent = till.post("/v1/members/anna/redemptions", &by).await.good();
    assert_eq!(spent["operation"]["redemption"]["points"], 20);
    let auditor = server.client("main", "auditor", "rita").await;
    let other = auditor.post("/v1/members/anna/quotes", &json!({"key": "q-3", "reward": "mug"})).await;
    assert_eq!(other.problem().0, 403);
    server.stop().await;
}
