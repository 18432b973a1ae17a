//! Publishing, checking and reading programs.

use serde_json::{Value, json};

use crate::server::Running;

/// A point for each whole unit of money, and a cent back of each. Silver from 100 points in a year, which
/// doubles points. Points lapse after 30 days.
pub fn program() -> Value {
    json!({
        "format": 1,
        "name": "Corner shop",
        "money": "EUR",
        "zone": {"name": "UTC"},
        "currencies": [
            {"id": "points", "name": "Points", "expiry": {"after": {"days": 30}}},
            {"id": "cash", "name": "Cash back", "scale": 2},
        ],
        "counters": [{"id": "this-year", "counts": {"earned": "points"}, "window": "year"}],
        "tiers": [{
            "id": "status",
            "levels": [
                {"id": "base", "name": "Base"},
                {"id": "silver", "name": "Silver", "reach": {"counter": {"id": "this-year", "at_least": "100"}}},
            ],
            "lasts": {"to_end_of": "year"},
        }],
        "earning": [
            {
                "currency": "points",
                "groups": [{"id": "basket", "round": "floor", "members": [
                    {"rule": {"id": "one-a-euro", "basis": "net_paid", "rate": "1"}},
                    {"rule": {"id": "survey", "on": {"event": "survey"}, "fixed": "5"}},
                ]}],
                "multipliers": [{"id": "bonus", "round": "floor", "factors": [
                    {"id": "double", "when": {"tier": {"track": "status", "level": ["silver"]}}, "factor": "2"},
                ]}],
            },
            {
                "currency": "cash",
                "groups": [{"id": "back", "members": [
                    {"rule": {"id": "one-percent", "basis": "net_paid", "rate": "0.01"}},
                ]}],
            },
        ],
    })
}

#[tokio::test]
async fn a_draft_is_checked_published_once_and_read_back() {
    let server = Running::start().await;
    let author = server.client("main", "author", "ann").await;
    assert_eq!(author.get("/v1/programs").await.good(), json!({"versions": []}));

    let mut draft = program();
    draft["zone"] = json!({"name": "Europe/London"});
    let checked = author.post("/v1/programs/check", &draft).await.good();
    assert_eq!((&checked["ok"], &checked["problems"]), (&json!(true), &json!([])));
    assert_eq!(author.get("/v1/programs").await.good(), json!({"versions": []}), "checking stores nothing");

    let published = author.post("/v1/programs", &draft).await;
    assert_eq!(published.status, 201);
    let published = published.json();
    assert_eq!(published["version"], checked["version"]);
    assert_eq!(published["number"], 1);

    let again = author.post("/v1/programs", &draft).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json(), published);
    assert_eq!(author.get("/v1/programs").await.good(), json!({"versions": [published]}));

    let version = published["version"].as_str().unwrap();
    let document = author.get(&format!("/v1/programs/{version}")).await;
    assert_eq!(document.header("etag"), Some(format!("\"{version}\"").as_str()));
    let document = document.good();
    assert_eq!(document["name"], draft["name"]);
    assert_eq!(document["zone"]["offset"], 3_600, "London had British Standard Time in 1970");
    // 2024-03-31T01:00:00Z: summer time by the law of the United Kingdom.
    assert!(document["zone"]["changes"].as_array().unwrap().contains(&json!([1_711_846_800, 3_600])));
    server.stop().await;
}

#[tokio::test]
async fn a_bad_draft_lists_every_problem() {
    let server = Running::start().await;
    let author = server.client("main", "author", "ann").await;
    let mut draft = program();
    draft["colour"] = json!("red");
    draft["zone"] = json!({"name": "Mars/Olympus"});
    draft["currencies"][0]["scale"] = json!("two");
    let wanted = [("unknown_field", "/colour"), ("wrong_type", "/currencies/0/scale")];
    let found = |problems: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let problems = problems["problems"].as_array().unwrap();
        let mut found: Vec<_> = problems.iter().map(|p| (text(&p["code"]), text(&p["path"]))).collect();
        found.sort();
        found
    };
    let wanted = wanted.map(|(code, path)| (code.to_owned(), path.to_owned()));
    assert_eq!(found(&author.post("/v1/programs/check", &draft).await.good()), wanted);
    let refused = author.post("/v1/programs", &draft).await;
    assert_eq!(refused.status, 422);
    assert_eq!(found(&refused.json()), wanted);

    // What has the right form is then looked at as a whole.
    draft = program();
    draft["zone"] = json!({"name": "Mars/Olympus"});
    let checked = author.post("/v1/programs/check", &draft).await.good();
    assert_eq!(checked["ok"], false);
    assert_eq!(found(&checked), [("unknown_zone".to_owned(), "/zone/name".to_owned())]);
    assert_eq!(author.get("/v1/programs").await.good(), json!({"versions": []}));
    server.stop().await;
}

/// What members count and hold goes on from version to version, or nothing is published.
#[tokio::test]
async fn a_version_must_be_able_to_follow_the_published_ones() {
    let server = Running::start().await;
    let author = server.client("main", "author", "ann").await;
    author.post("/v1/programs", &program()).await.good();
    let mut second = program();
    second["counters"][0]["window"] = json!("month");
    second["currencies"][1]["scale"] = json!(3);
    let codes = |problems: &Value| -> Vec<String> {
        let problems = problems["problems"].as_array().unwrap();
        problems.iter().map(|p| p["code"].as_str().unwrap().to_owned()).collect()
    };
    let checked = author.post("/v1/programs/check", &second).await.good();
    assert_eq!(
        (&checked["ok"], codes(&checked)),
        (&json!(false), vec!["scale_changed".into(), "counter_changed".into()])
    );
    let refused = author.post("/v1/programs", &second).await;
    assert_eq!(
        (refused.status.as_u16(), codes(&refused.json())),
        (422, vec!["scale_changed".into(), "counter_changed".into()])
    );

    // A version that follows ends where the next one begins, also one that is published in between.
    let mut renamed = program();
    renamed["name"] = json!("Corner shop, renamed");
    author.post("/v1/programs?valid_from=2090-01-01T00:00:00Z", &renamed).await.good();
    let back = author.post("/v1/programs?valid_from=2080-01-01T00:00:00Z", &program()).await.good();
    assert_eq!(back["valid_until"], "2090-01-01T00:00:00Z");
    let versions = author.get("/v1/programs").await.good();
    let until: Vec<_> =
        versions["versions"].as_array().unwrap().iter().map(|it| it["valid_until"].clone()).collect();
    assert_eq!(until, [json!("2080-01-01T00:00:00Z"), Value::Null, json!("2090-01-01T00:00:00Z")]);

    // What a version in between adds must be there in the one that is published for later already.
    let mut more = program();
    more["currencies"].as_array_mut().unwrap().push(json!({"id": "miles"}));
    let refused = author.post("/v1/programs?valid_from=2085-01-01T00:00:00Z", &more).await;
    assert_eq!(refused.problem(), (422, "currency_removed".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn checking_says_what_a_program_gives() {
    let server = Running::start().await;
    let author = server.client("main", "author", "ann").await;
    let checked = author.post("/v1/programs/check", &program()).await.good();
    let fact = checked["facts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|fact| fact["path"] == "/earning/0" && fact["code"] == "reward_at_most");
    let fact = fact.unwrap();
    // A point a euro, doubled at silver.
    assert_eq!((&fact["figures"]["rate"], &fact["rules"]), (&json!("2"), &json!(["one-a-euro"])));
    assert_eq!(fact["example"]["levels"], json!({"status": "silver"}));
    server.stop().await;
}

#[tokio::test]
async fn a_second_version_takes_force_no_earlier_than_in_60_seconds() {
    let server = Running::start().await;
    let author = server.client("main", "author", "ann").await;
    author.post("/v1/programs", &program()).await.good();
    let mut second = program();
    second["name"] = json!("Corner shop, renamed");
    let early = author.post("/v1/programs?valid_from=2024-01-01T00:00:00Z", &second).await;
    assert_eq!(early.problem(), (422, "too_early".to_owned()));
    let later = author.post("/v1/programs?valid_from=2090-01-01T00:00:00Z", &second).await.good();
    assert_eq!((&later["number"], &later["valid_from"]), (&json!(2), &json!("2090-01-01T00:00:00Z")));
    let strange = author.post("/v1/programs?valid_from=tomorrow", &second).await;
    assert_eq!(strange.problem(), (400, "invalid_query".to_owned()));
    let unknown = author.get(&format!("/v1/programs/{}", "0".repeat(64))).await;
    assert_eq!(unknown.problem(), (404, "unknown_version".to_owned()));
    assert_eq!(author.get("/v1/programs/latest").await.problem(), (404, "unknown_version".to_owned()));
    server.stop().await;
}
