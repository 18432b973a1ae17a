//! One member's story, every figure worked out by hand from the program's meaning.

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::programs::program;
use crate::server::Running;

/// A purchase with lines of these amounts.
pub fn purchase(id: &str, occurred_at: &str, amounts: &[&str]) -> Value {
    let lines: Vec<_> = amounts.iter().map(|gross| json!({"gross": gross})).collect();
    json!({"id": id, "occurred_at": occurred_at, "lines": lines})
}

async fn buy(shop: &Client, id: &str, occurred_at: &str, amounts: &[&str]) -> Reply {
    shop.post("/v1/members/anna/purchases", &purchase(id, occurred_at, amounts)).await
}

/// What may be spent, by currency.
fn available(answer: &Value) -> Vec<(&str, i64)> {
    let balances = answer["balances"].as_array().unwrap().iter();
    balances.map(|b| (b["currency"].as_str().unwrap(), b["available"].as_i64().unwrap())).collect()
}

async fn as_of_january(shop: &Client) -> Value {
    shop.get("/v1/members/anna?at=2024-01-20T00:00:00Z").await.good()
}

#[tokio::test]
async fn publish_buy_rise_and_bring_back() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();

    // 80.50: 80 points, and one percent of it, 0.805, is 80 whole cents.
    let first = buy(&shop, "R-1", "2024-01-05T10:00:00Z", &["60.00", "20.50"]).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, None));
    let first = first.json();
    assert_eq!(available(&first), [("points", 80), ("cash", 80)]);
    assert_eq!((&first["seq"], &first["replayed"]), (&json!(1), &json!(false)));
    let award = &first["operation"]["awards"][0];
    assert_eq!((&award["points"], &award["scale"]), (&json!(80), &json!(0)));
    // 30 days after 5 January is 4 February, the last valid day.
    assert_eq!(award["expires_at"], "2024-02-05T00:00:00Z");
    assert_eq!(first["operation"]["awards"][1]["scale"], 2);
    assert_eq!(first["tiers"], json!([{"track": "status", "level": "base"}]));

    let anna = as_of_january(&shop).await;
    let next = &anna["tiers"][0]["next"][0];
    let (id, by) = ("this-year", "2025-01-01T00:00:00Z");
    let progress =
        json!({"counter": {"id": id, "value": "80", "at_least": "100", "missing": "20", "by": by}});
    assert_eq!((&next["level"], &next["reach"]), (&json!("silver"), &progress));
    assert_eq!(anna["balances"][0]["expiring"], json!([{"points": 80, "at": "2024-02-05T00:00:00Z"}]));
    assert_eq!(anna["balances"][1]["expiring"], json!([]), "cash never lapses");
    // 30 more reach silver, which counts from the next activity on.
    let second = buy(&shop, "R-2", "2024-01-06T10:00:00Z", &["30.00"]).await.good();
    assert_eq!(available(&second), [("points", 110), ("cash", 110)]);
    assert_eq!(second["tiers"][0]["level"], "silver");
    assert_eq!(second["operation"]["tier_changes"][0]["to"], "silver");
    // 10.00 at silver: 20 points.
    let third = buy(&shop, "R-3", "2024-01-07T10:00:00Z", &["10.00"]).await.good();
    assert_eq!(available(&third), [("points", 130), ("cash", 120)]);
    // The line of 20.50 carries 80 × 20.50 / 80.50 = 20.37, which the largest remainder leaves at 20.
    let back =
        json!({"id": "B-1", "occurred_at": "2024-01-08T10:00:00Z", "of": "R-1", "lines": [{"line": 2}]});
    let returned = shop.post("/v1/members/anna/returns", &back).await.good();
    assert_eq!(available(&returned), [("points", 110), ("cash", 100)]);
    let takes = &returned["operation"]["returned"][0];
    assert_eq!(takes["activity"], "R-1");
    assert_eq!((&takes["takes"][0]["points"], &takes["takes"][1]["points"]), (&json!(20), &json!(20)));

    // A survey gives 5, doubled at silver.
    let survey = json!({"name": "survey", "id": "S-1", "occurred_at": "2024-01-09T10:00:00Z"});
    let survey = shop.post("/v1/members/anna/events", &survey).await.good();
    assert_eq!(available(&survey), [("points", 120), ("cash", 100)]);
    assert_eq!(survey["operation"]["key"], "event/survey/S-1");

    let anna = as_of_january(&shop).await;
    assert_eq!(available(&anna), [("points", 120), ("cash", 100)]);
    let points = &anna["balances"][0];
    assert_eq!(
        (&points["earned"], &points["clawed_back"], &points["accruals"]),
        (&json!(140), &json!(20), &json!(4))
    );
    assert_eq!(
        (&anna["tiers"][0]["level"], &anna["tiers"][0]["until"]),
        (&json!("silver"), &json!("2025-01-01T00:00:00Z"))
    );
    assert_eq!(anna["tiers"][0]["next"], Value::Null, "silver is the highest");
    // A year later the points have lapsed, the cash has not, and the status has ended.
    let later = shop.get("/v1/members/anna?at=2025-01-20T00:00:00Z").await.good();
    assert_eq!(available(&later), [("points", 0), ("cash", 100)]);
    assert_eq!(
        (&later["balances"][0]["expired"], &later["tiers"][0]["level"]),
        (&json!(120), &json!("base"))
    );
    server.stop().await;
}

#[tokio::test]
async fn the_same_again_is_answered_the_same_and_another_is_refused() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["60.00", "20.50"]);
    let path = "/v1/members/anna/purchases";
    let first = shop.post(path, &bought).await.good();
    shop.post(path, &purchase("R-2", "2024-01-06T10:00:00Z", &["5.00"])).await.good();

    let again = shop.post(path, &bought).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, Some("true")));
    let mut again = again.json();
    assert_eq!(again["replayed"], true);
    again["replayed"] = json!(false);
    assert_eq!(again, first, "nothing but the mark differs");

    let other = purchase("R-1", "2024-01-05T10:00:00Z", &["60.00", "20.51"]);
    let conflict = shop.post(path, &other).await;
    assert_eq!(conflict.problem(), (409, "idempotency_conflict".to_owned()));
    assert_eq!(conflict.json()["path"], "/lines/1/gross", "the first field that differs");
    let anna = as_of_january(&shop).await;
    assert_eq!(available(&anna), [("points", 85), ("cash", 85)], "nothing of it was done");

    // The header is the activity's own id, or its key, or absent.
    for (key, status) in [("R-1", 201), ("purchase/R-1", 201), ("R-2", 422)] {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let reply = shop.send("POST", path, &headers, bought.to_string().into()).await;
        assert_eq!(reply.status.as_u16(), status, "{key}: {}", reply.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn preview_is_what_posting_then_does() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let path = "/v1/members/anna/purchases";
    shop.post(path, &purchase("R-1", "2024-01-05T10:00:00Z", &["60.00", "60.00"])).await.good();
    let activities = [
        ("purchases", "purchase", purchase("R-2", "2024-01-06T10:00:00Z", &["19.99"])),
        (
            "returns",
            "return",
            json!({"id": "B-1", "occurred_at": "2024-01-07T10:00:00Z", "of": "R-1", "lines": [{"line": 1}]}),
        ),
        ("events", "event", json!({"name": "survey", "id": "S-1", "occurred_at": "2024-03-07T10:00:00Z"})),
    ];
    for (door, kind, activity) in activities {
        let mut wrapped = json!({});
        wrapped[kind] = activity.clone();
        let preview = shop.post("/v1/members/anna/preview", &wrapped).await.good();
        assert!(!preview["steps"].as_array().unwrap().is_empty());
        let posted = shop.post(&format!("/v1/members/anna/{door}"), &activity).await.good();
        assert_eq!(posted["replayed"], false, "the preview has done nothing");
        for same in ["operation", "balances", "tiers"] {
            assert_eq!(preview[same], posted[same], "{kind}: {same}");
        }
    }
    // Somebody new may look too, and stays unknown.
    let wrapped = json!({"purchase": purchase("R-9", "2024-01-06T10:00:00Z", &["19.99"])});
    let preview = shop.post("/v1/members/new/preview", &wrapped).await.good();
    assert_eq!(available(&preview), [("points", 19), ("cash", 19)]);
    assert_eq!(shop.get("/v1/members/new").await.problem(), (404, "unknown_member".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn tenants_never_see_each_other() {
    let server = Running::start().await;
    let (main, sandbox) = (server.shop("main").await, server.shop("sandbox").await);
    main.post("/v1/programs", &program()).await.good();
    let path = "/v1/members/anna/purchases";
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
    assert_eq!(sandbox.post(path, &bought).await.problem(), (404, "no_program".to_owned()));
    sandbox.post("/v1/programs", &program()).await.good();
    main.post(path, &bought).await.good();
    assert_eq!(sandbox.get("/v1/members/anna").await.problem(), (404, "unknown_member".to_owned()));
    let proof = sandbox.get("/v1/members/anna/proof?key=purchase/R-1").await;
    assert_eq!(proof.problem(), (404, "unknown_operation".to_owned()));
    // The same id in the other tenant is another purchase.
    let other = sandbox.post(path, &purchase("R-1", "2024-01-05T10:00:00Z", &["70.00"])).await.good();
    assert_eq!((&other["replayed"], available(&other)), (&json!(false), vec![("points", 70), ("cash", 70)]));
    server.stop().await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let bought = purchase("R-1", "2024-01-05T10:00:00Z", &["10.00"]);
    let first = shop.post("/v1/members/anna/purchases", &bought).await.good();
    let folder = server.stop().await;
    let server = Running::start_in(folder, &[]).await;
    // The old token is still good: the development issuer keeps its key.
    let shop = Client { address: server.address, token: shop.token };
    let mut again = shop.post("/v1/members/anna/purchases", &bought).await.good();
    assert_eq!(again["replayed"], true);
    again["replayed"] = json!(false);
    assert_eq!(again, first);
    server.stop().await;
}

/// Sixteen tills, one member, and every purchase sent twice: each counts once, and each acknowledgement is true.
#[tokio::test(flavor = "multi_thread")]
async fn many_tills_at_once() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    shop.post("/v1/programs", &program()).await.good();
    let mut tills = tokio::task::JoinSet::new();
    for till in 0..16 {
        let shop = shop.clone();
        tills.spawn(async move {
            let mut acknowledged = Vec::new();
            for n in (0..8).chain(0..8) {
                let id = format!("R-{}-{n}", till / 2);
                let reply = buy(&shop, &id, "2024-01-05T10:00:00Z", &["1.00"]).await;
                match reply.status.as_u16() {
                    201 => acknowledged.push((id, reply.json()["replayed"] == true)),
                    // Eight times another till was faster: nothing was done, and the till is told to try again.
                    409 => assert_eq!(reply.problem().1, "contended"),
                    status => panic!("{status}: {}", reply.text()),
                }
            }
            acknowledged
        });
    }
    let mut first = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for (id, replayed) in tills.join_all().await.into_iter().flatten() {
        if !replayed {
            first.push(id.clone());
        }
        known.insert(id);
    }
    assert!(known.len() > 32, "most get through: {}", known.len());
    first.sort();
    assert_eq!(first, known.iter().cloned().collect::<Vec<_>>(), "each was done once");
    let history = shop.get("/v1/members/anna/history?limit=100").await.good();
    assert_eq!(history["entries"].as_array().unwrap().len(), known.len());
    server.stop().await;
}

#[tokio::test]
async fn support_gives_a_level_until_an_end() {
    let server = Running::start().await;
    let shop = server.shop("main").await;
    let support = server.client("main", "support", "kim").await;
    shop.post("/v1/programs", &program()).await.good();
    buy(&shop, "R-1", "2024-01-05T10:00:00Z", &["10.00"]).await.good();
    let keep = json!([{"id": "this-year", "at_least": "50"}]);
    let gift = json!({
        "id": "match-1", "track": "status", "level": "silver", "until": "2099-01-01T00:00:00Z",
        "keep": keep, "reason": "status match"
    });
    let path = "/v1/members/anna/tiers";
    let given = support.post(path, &gift).await;
    assert_eq!(given.status.as_u16(), 201);
    let given = given.good();
    assert_eq!(given["operation"]["key"], "tier/match-1");
    assert_eq!(given["operation"]["kind"], "grant_tier");
    assert_eq!(given["operation"]["grant"]["actor"], "kim");
    assert_eq!(given["tiers"], json!([{"track": "status", "level": "silver"}]));
    let again = support.post(path, &gift).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.good()["operation"], given["operation"]);

    let anna = shop.get("/v1/members/anna").await.good();
    let silver = &anna["tiers"][0];
    assert_eq!((&silver["level"], &silver["earned"]), (&json!("silver"), &json!("base")));
    assert_eq!(silver["until"], "2099-01-01T00:00:00Z");
    assert_eq!(silver["keep"]["all"][0]["counter"]["at_least"], "50");
    let proof = support.get("/v1/members/anna/proof?key=tier/match-1").await.good();
    assert!(proof["steps"].to_string().contains("status match"));

    // A till may record and not give.
    assert_eq!(shop.post(path, &gift).await.status.as_u16(), 403);
    let mut worse = gift.clone();
    worse["id"] = json!("match-2");
    worse["level"] = json!("base");
    let refused = support.post(path, &worse).await.json();
    assert_eq!((&refused["code"], &refused["path"]), (&json!("tier_not_higher"), &json!("/level")));
    server.stop().await;
}
