//! More lots than are kept apart, beside the second implementation.

use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::id::AuthorId;
use loyalty_core::time::Timestamp;
use loyalty_model::Model;
use serde_json::json;

use super::{Real, compare_states};

/// A purchase of 1.00 for each number; every seventh is paid for by a partner.
fn purchase(number: i64, at: Timestamp) -> Activity {
    let net = ["1.00", "2.00", "3.50"][usize::try_from(number % 3).unwrap()];
    let store = if number % 7 == 0 { "air" } else { "main" };
    let line = json!({"quantity": "1", "gross": net});
    let purchase =
        json!({"id": format!("{number}"), "occurred_at": at.to_string(), "store": store, "lines": [line]});
    serde_json::from_value(json!({"purchase": purchase})).expect("an activity")
}

/// 1,100 purchases on days of their own. The days are a few apart, so that those which lapse
/// nearest to each other are now here, now there.
#[test]
fn lots_beyond_those_kept_apart_join() {
    let air = json!({"store": {"is": "air"}});
    let document = json!({
        "format": 1, "name": "Many days", "money": "EUR", "zone": {"name": "UTC", "offset": 0},
        "currencies": [{"id": "points", "name": "Points", "expiry": {"after": {"years": 60}}}],
        "partners": [{"id": "air"}],
        "earning": [{"currency": "points", "groups": [
            {"id": "own", "round": "floor", "members": [
                {"rule": {"id": "own-rule", "when": {"not": air}, "basis": "gross", "rate": "2"}}]},
            {"id": "air", "round": "floor", "members": [
                {"rule": {"id": "air-rule", "when": air, "basis": "gross", "rate": "2", "funded_by": "air"}}]},
        ]}],
    });
    let document = serde_json::from_value(document).expect("a program");
    let (real, mut model) = (Real::new(&document), Model::new(&document));
    let points = AuthorId::new("points").unwrap();
    let mut at = Timestamp::parse("2000-01-01T12:00:00Z").unwrap();
    let mut most = 0;
    for number in 0..1_100 {
        at = at.plus_seconds(86_400 * (1 + number * number % 11 % 5));
        let purchase = purchase(number, at);
        model.record(&purchase).expect("recorded");
        real.execute(Command::Record(Arc::new(purchase.clone())), at).expect("recorded");
        let state = real.state().expect("a member");
        most = most.max(state.balance(&points).expect("points").lots.len());
        if number % 250 == 0 || number > 1_070 {
            compare_states(&real, &state, &model, purchase.occurred_at());
        }
    }
    assert_eq!(most, 1_024);
}
