//! A member is frozen, takes part again and is closed, over HTTP, by support alone.

use serde_json::{Value, json};

use crate::programs::program;
use crate::server::Running;
use crate::story::purchase;

fn because(key: &str) -> Value {
    json!({"key": key, "reason": "a lost card"})
}

#[tokio::test]
async fn a_member_is_frozen_and_closed() {
    let server = Running::start().await;
    server.shop("main").await.post("/v1/programs", &program()).await.good();
    let till = server.client("main", "till", "till-1").await;
    let sam = server.client("main", "support", "sam").await;
    let today = {
        let joins = json!({"occurred_at": "2024-01-04T10:00:00Z"});
        let joined = till.post("/v1/members/anna/enrol", &joins).await.good();
        joined["recorded_at"].as_str().unwrap().to_owned()
    };
    let buy =
        async |id: &str| till.post("/v1/members/anna/purchases", &purchase(id, &today, &["60.00"])).await;
    let first = buy("R-1").await.good();
    let anna = till.get("/v1/members/anna").await.good();
    assert_eq!((&anna["status"], &anna["stopped"]), (&json!("active"), &Value::Null));

    let [freeze, unfreeze, close] =
        ["freeze", "unfreeze", "close"].map(|it| format!("/v1/members/anna/{it}"));
    for role in ["till", "member", "auditor", "author"] {
        let other = server.client("main", role, "anna").await;
        assert_eq!(other.post(&freeze, &because("f-1")).await.problem().0, 403, "{role}");
    }
    assert_eq!(sam.post(&unfreeze, &because("u-0")).await.problem(), (409, "member_not_frozen".to_owned()));
    let no_reason = sam.post(&freeze, &json!({"key": "f-0", "reason": ""})).await;
    assert_eq!(no_reason.problem(), (422, "wrong_length".to_owned()));
    let nobody = sam.post("/v1/members/zoe/freeze", &because("f-0")).await;
    assert_eq!(nobody.problem(), (404, "unknown_member".to_owned()));

    let frozen = sam.post(&freeze, &because("f-1")).await.good();
    assert_eq!(frozen["operation"]["kind"], "freeze");
    assert_eq!(
        frozen["operation"]["membership"],
        json!({"key": "f-1", "reason": "a lost card", "actor": "sam"})
    );
    assert_eq!(sam.post(&freeze, &because("f-1")).await.good()["replayed"], true);
    let anna = till.get("/v1/members/anna").await.good();
    assert_eq!(anna["status"], "frozen");
    assert_eq!(
        (&anna["stopped"]["actor"], &anna["stopped"]["reason"]),
        (&json!("sam"), &json!("a lost card"))
    );
    assert_eq!(buy("R-2").await.problem(), (409, "member_frozen".to_owned()));
    assert_eq!(buy("R-1").await.good()["operation"], first["operation"], "a replay");
    let proof = till.get("/v1/members/anna/proof?key=freeze%2Ff-1").await.good();
    let steps = proof["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["text"] == "`sam` freezes the member: a lost card"), "{steps:#?}");

    sam.post(&unfreeze, &because("u-1")).await.good();
    buy("R-2").await.good();
    let closed = sam.post(&close, &because("c-1")).await.good();
    let forfeited = closed["operation"]["postings"].as_array().unwrap();
    assert!(forfeited.iter().any(|it| it["to"] == "forfeited" && it["points"] == 120), "{forfeited:#?}");
    let anna = till.get("/v1/members/anna").await.good();
    assert_eq!((&anna["status"], &anna["balances"][0]["available"]), (&json!("closed"), &json!(0)));
    assert_eq!(buy("R-3").await.problem(), (409, "member_closed".to_owned()));
    assert_eq!(sam.post(&unfreeze, &because("u-2")).await.problem(), (409, "member_closed".to_owned()));
    server.stop().await;
}
