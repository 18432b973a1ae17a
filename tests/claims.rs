//! Ids of activities that are unique across members: whatever happens on the way, an id is never two members', and never
//! lost to whoever has it.

#[path = "claims/at_once.rs"]
mod at_once;
#[path = "faults/engine.rs"]
mod engine;
#[path = "claims/faults.rs"]
mod faults;
#[path = "faults/ledger.rs"]
mod ledger;
#[path = "claims/model.rs"]
mod model;
#[path = "claims/shop.rs"]
mod shop;

use loyalty_core::engine::Outcome;
use loyalty_core::ports::{Feed, LedgerStore};
use pollster::block_on;

use self::engine::code;
use self::shop::{DAY, Shop, at, bought, member, purchase, refusal};

/// A long id, whose claim has a name with a hash, is claimed like a short one.
#[test]
fn whoever_is_first_has_it() {
    let shop = Shop::new();
    let engine = shop.engine();
    for id in ["1", "1/1", &"x".repeat(128)] {
        assert_eq!(code(&shop.record(&engine, "anna", purchase(id))), "done", "{id}");
        assert_eq!(code(&shop.record(&engine, "ben", purchase(id))), "activity_of_another", "{id}");
        assert_eq!(code(&shop.record(&engine, "anna", purchase(id))), "replayed", "{id}");
    }
    let (tenant, ben) = (&shop.tenant, member("ben"));
    assert!(block_on(shop.store.head(tenant, &ben)).unwrap().is_none(), "nothing of it was recorded");
}

#[test]
fn a_refusal_names_nobody() {
    let shop = Shop::new();
    let engine = shop.engine();
    shop.record(&engine, "anna-secret", purchase("1")).unwrap();
    let problem = refusal(shop.record(&engine, "ben", purchase("1")));
    assert_eq!((problem.code, problem.path.as_str()), ("activity_of_another", "/purchase/id"));
    assert!(!format!("{problem:?}").contains("secret"), "{problem:?}");
    let preview = block_on(engine.preview(&shop.tenant, &member("ben"), &purchase("1"), at(DAY)));
    assert_eq!(preview.map(|_| ()).unwrap_err().problem(), problem, "as a preview says");
}

/// A purchase that is refused for itself claims nothing.
#[test]
fn what_is_refused_claims_nothing() {
    let shop = Shop::new();
    let engine = shop.engine();
    let early = at("2026-02-01T00:00:00Z");
    let refused = block_on(engine.execute(&shop.tenant, &member("anna"), purchase("1"), early));
    assert_eq!(code(&refused), "occurred_in_future");
    assert_eq!(code(&shop.record(&engine, "ben", purchase("1"))), "done");
}

/// Of a list of commands, those whose ids are others' are refused, and the rest is one commit.
#[test]
fn a_list_is_done_without_what_is_of_others() {
    let shop = Shop::new();
    let engine = shop.engine();
    shop.record(&engine, "anna", purchase("2")).unwrap();
    let mut list = ["1", "2", "3", "2", "1"].map(purchase);
    let done = block_on(engine.execute_many(&shop.tenant, &member("ben"), &mut list, at(DAY))).unwrap();
    let words: Vec<_> = done
        .iter()
        .map(|outcome| match outcome {
            Outcome::Done(answer) if answer.replayed => "replayed",
            Outcome::Done(_) => "done",
            Outcome::Refused(problem) => problem.code,
        })
        .collect();
    assert_eq!(words, ["done", "activity_of_another", "done", "activity_of_another", "replayed"]);
    let head = block_on(shop.store.head(&shop.tenant, &member("ben"))).unwrap().unwrap();
    assert_eq!((head.head().unwrap().seq, bought(&shop, "ben")), (1, 2));
}

#[test]
fn claims_are_nobodys_and_whole() {
    let shop = Shop::new();
    let engine = shop.engine();
    shop.record(&engine, "anna", purchase("1")).unwrap();
    let names = |tenant| {
        let heads = block_on(shop.store.heads(tenant, None, 9)).unwrap();
        heads.iter().map(|head| head.head().unwrap().member).collect::<Vec<_>>()
    };
    let shared = shop.tenant.shared();
    assert_eq!(names(&shop.tenant), [member("anna")]);
    assert_eq!(names(&shared), [member("claim/purchase/1/1")]);
    let verified = block_on(engine.verify(&shared, &member("claim/purchase/1/1"))).unwrap();
    assert_eq!((verified.commits, verified.findings), (1, Vec::new()));
}
