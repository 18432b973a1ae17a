//! Histories page by page, and proofs.

use serde_json::{Value, json};

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

fn keys(page: &Value) -> Vec<String> {
    let entries = page["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["operation"]["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_history_is_read_page_by_page_newest_first() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    for day in 1..=5 {
        let bought = purchase(&format!("R-{day}"), &format!("2024-01-0{day}T10:00:00Z"), &["10.00"]);
        shop.post("/v1/members/anna/purchases", &bought).await.good();
    }
    let mut pages = Vec::new();
    let mut path = "/v1/members/anna/history?limit=2".to_owned();
    loop {
        let page = shop.get(&path).await.good();
        pages.push(keys(&page));
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/members/anna/history?limit=2&cursor={next}"),
            None => break,
        }
    }
    let wanted: [&[&str]; 3] =
        [&["purchase/R-5", "purchase/R-4"], &["purchase/R-3", "purchase/R-2"], &["purchase/R-1"]];
    assert_eq!(pages, wanted);
    let whole = shop.get("/v1/members/anna/history").await.good();
    assert_eq!(keys(&whole), wanted.concat());
    assert_eq!(whole["next"], Value::Null);

    // What arrives meanwhile moves nothing: the page before the cursor stays the page before the cursor.
    let first = shop.get("/v1/members/anna/history?limit=2").await.good();
    shop.post("/v1/members/anna/purchases", &purchase("R-6", "2024-01-06T10:00:00Z", &["1.00"])).await.good();
    let cursor = first["next"].as_str().unwrap();
    let second = shop.get(&format!("/v1/members/anna/history?limit=2&cursor={cursor}")).await.good();
    assert_eq!(keys(&second), wanted[1]);

    for query in
        ["cursor=7", "cursor=before-zz", "limit=0", "limit=101", "limit=two", "page=2", "limit=1&limit=2"]
    {
        let refused = shop.get(&format!("/v1/members/anna/history?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid_query".to_owned()), "{query}");
    }
    let nobody = shop.get("/v1/members/nobody/history").await;
    assert_eq!(nobody.problem(), (404, "unknown_member".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn any_entry_is_proved_later() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    // An id with a slash, in an address: the key is a parameter of the query.
    let bought = purchase("till 1/R-1", "2024-01-05T10:00:00Z", &["80.50"]);
    let posted = shop.post("/v1/members/anna/purchases", &bought).await.good();
    shop.post("/v1/members/anna/purchases", &purchase("R-2", "2024-01-06T10:00:00Z", &["40.00"]))
        .await
        .good();
    let proof = shop.get("/v1/members/anna/proof?key=purchase%2Ftill%201%2FR-1").await.good();
    assert_eq!(proof["operation"], posted["operation"]);
    let steps = proof["steps"].as_array().unwrap();
    let step = |kind: &str, of: &str| {
        let found = steps.iter().find(|step| step["kind"] == kind && step["of"] == of);
        found.unwrap_or_else(|| panic!("no {kind} of {of}: {steps:#?}"))
    };
    assert_eq!(step("rule", "one-a-euro")["value"], "80.5");
    assert_eq!(step("rounded", "basket")["value"], "80");
    assert_eq!(step("awarded", "points")["value"], "80");
    assert_eq!(step("awarded", "cash")["value"], "80");

    let unknown = shop.get("/v1/members/anna/proof?key=purchase/R-7").await;
    assert_eq!(unknown.problem(), (404, "unknown_operation".to_owned()));
    let without = shop.get("/v1/members/anna/proof").await;
    assert_eq!(without.problem(), (400, "invalid_query".to_owned()));
    server.stop().await;
}

/// Ids of any form name the same member in the address and in the ledger.
#[tokio::test]
async fn members_of_any_name() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    for (escaped, name) in [("household%207%2F%C3%A4", "household 7/ä"), ("..%2F..", "../.."), ("%25", "%")]
    {
        let path = format!("/v1/members/{escaped}/purchases");
        let posted = shop.post(&path, &purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"])).await.good();
        assert_eq!(posted["member"], json!(name));
        assert_eq!(shop.get(&format!("/v1/members/{escaped}")).await.good()["member"], json!(name));
    }
    for refused in ["%00", "%ff", &"x".repeat(129)] {
        let reply = shop.get(&format!("/v1/members/{refused}")).await;
        assert_eq!(reply.problem(), (400, "invalid_path".to_owned()), "{refused}");
    }
    server.stop().await;
}

/// What there was on a day, by what is known now, and what was known on a day.
#[tokio::test]
async fn the_past_is_read_as_it_was_and_as_it_was_known() {
    let server = Running::start().await;
    let shop = server.shop("sandbox").await;
    let operator = server.client("sandbox", "operator", "olga").await;
    shop.post("/v1/programs", &program()).await.good();
    for (day, noon) in [(2, "2090-05-02T12:00:00Z"), (4, "2090-05-04T12:00:00Z")] {
        operator.post("/v1/sandbox/clock", &json!({"to": noon})).await.good();
        // Each is told two days after it happened.
        let bought = purchase(&format!("R-{day}"), &format!("2090-04-{}T12:00:00Z", 26 + day), &["10.00"]);
        shop.post("/v1/members/anna/purchases", &bought).await.good();
    }
    // What will have lapsed by then is told ahead.
    for (at, points) in [("2090-04-27", 0), ("2090-04-29", 10), ("2090-05-01", 20), ("2091-01-01", 0)] {
        let there = shop.get(&format!("/v1/members/anna/holdings?at={at}T00:00:00Z")).await.good();
        assert_eq!(there["balances"][0]["available"], points, "{at}: {there}");
        assert_eq!(there["levels"][0]["level"], "base");
    }
    for (known_at, points) in [("2090-05-03", 10), ("2090-05-05", 20)] {
        let known = shop.get(&format!("/v1/members/anna?known_at={known_at}T00:00:00Z")).await.good();
        assert_eq!(known["balances"][0]["available"], points, "{known_at}");
    }
    let early = shop.get("/v1/members/anna?known_at=2090-05-01T00:00:00Z").await;
    assert_eq!(early.problem(), (404, "unknown_member".to_owned()));
    for query in ["", "?at=yesterday", "?when=2090-05-01T00:00:00Z"] {
        let refused = shop.get(&format!("/v1/members/anna/holdings{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid_query".to_owned()), "{query}");
    }
    let nobody = shop.get("/v1/members/nobody/holdings?at=2090-05-01T00:00:00Z").await;
    assert_eq!(nobody.problem(), (404, "unknown_member".to_owned()));
    server.stop().await;
}
