//! What is decided where a program leaves room, one worked example each.

use loyalty_model::number::{BigInt, exact};
use loyalty_model::{Model, Refused};
use serde_json::{Value, json};

use crate::build::{award, gross, noon, program, purchase, read, returned, rules, settled, taken};

const DAY_1: &str = "2017-02-01T12:00:00-05:00";
const DAY_2: &str = "2017-02-02T12:00:00-05:00";

fn one_point_a_dollar(parts: Value) -> Model {
    Model::new(&program(0, rules(&[json!({"id": "r", "rate": "1"})]), parts))
}

/// 19.98 earns floor(19.98) = 19 as a whole: 9.5 for each of two equal lines, so 10 and 9. The first comes back: 10.
/// Of the second, 3 units, one comes back: floor(9 / 3) = 3; then 2 of 3: floor(9 x 2 / 3) = 6, 3 more.
#[test]
fn an_award_on_the_whole_is_split_by_largest_remainder() {
    let mut model = one_point_a_dollar(json!({}));
    let lines = json!([{"gross": "9.99"}, {"gross": "9.99", "quantity": "3"}]);
    let given = model.record(&purchase("1", DAY_1, lines));
    assert_eq!(given.expect("recorded").lines["p"], [10, 9].map(BigInt::from));
    let back = |id: &str, line: u16, quantity: &str| {
        returned(id, DAY_2, Some("1"), json!([{"line": line, "quantity": quantity}]))
    };
    assert_eq!(taken(&model.record(&back("2", 1, "1"))), 10.into());
    assert_eq!(taken(&model.record(&back("3", 2, "1"))), 3.into());
    assert_eq!(taken(&model.record(&back("4", 2, "1"))), 3.into());
    assert_eq!(model.record(&back("5", 2, "1.5")).unwrap_err(), Refused::ReturnExceedsPurchase);
    assert_eq!(model.record(&back("5", 3, "1")).unwrap_err(), Refused::LineNotFound);
    assert_eq!(model.balance("p"), 3.into());
}

/// Two lots of 10, the first lapses; its purchase comes back whole and takes the other's 10. The other's purchase then
/// finds nothing: 10 are forgiven.
#[test]
fn what_is_gone_is_taken_elsewhere_and_then_forgiven() {
    let mut model =
        one_point_a_dollar(json!({"currencies": [{"id": "p", "expiry": {"after": {"days": 10}}}]}));
    model.record(&purchase("1", DAY_1, gross("10"))).expect("recorded");
    model.record(&purchase("2", "2017-02-09T12:00:00-05:00", gross("10"))).expect("recorded");
    let at = "2017-02-13T12:00:00-05:00";
    assert_eq!(taken(&model.record(&returned("3", at, Some("1"), json!([])))), 10.into());
    let second = model.record(&returned("4", at, Some("2"), json!([]))).expect("recorded");
    assert_eq!((second.taken["p"].clone(), second.forgiven["p"].clone()), (0.into(), 10.into()));
    let totals = model.totals("p");
    assert_eq!(
        [&totals.earned, &totals.expired, &totals.clawed_back, &totals.forgiven],
        [20, 10, 10, 10].map(BigInt::from).each_ref()
    );
}

/// A rule of at most 50 a day: shoes do not give it back, the book does. Book 30 and shoes 40; then the day has 20 left
/// for books, and 50 again when the book is back.
#[test]
fn a_return_gives_caps_back_by_line() {
    let book = json!({"id": "book", "rate": "1", "round": {"at": "line", "mode": "floor"},
        "lines": {"sku": {"is": "book"}}, "caps": [{"id": "daily", "per": {"window": "day"}, "at_most": "50"}]});
    let shoes = json!({"id": "shoes", "rate": "1", "round": {"at": "line", "mode": "floor"}, "lines": {"sku": {"is": "shoes"}}});
    let mut model = Model::new(&program(0, rules(&[book, shoes]), json!({})));
    let lines = json!([{"sku": "book", "gross": "30"}, {"sku": "shoes", "gross": "40"}]);
    model.record(&purchase("1", DAY_1, lines)).expect("recorded");
    let books = |id: &str| purchase(id, DAY_1, json!([{"sku": "book", "gross": "90"}]));
    let back = |id: &str, sku: &str| returned(id, DAY_1, Some("1"), json!([{"sku": sku}]));
    assert_eq!(taken(&model.record(&back("2", "shoes"))), 40.into());
    assert_eq!(award(&model.clone().record(&books("3"))), 20.into());
    assert_eq!(taken(&model.record(&back("4", "book"))), 30.into());
    assert_eq!(award(&model.record(&books("5"))), 50.into());
}

/// What a group did not choose gave nothing, so its cap counts nothing.
#[test]
fn the_cap_of_a_rule_that_was_not_chosen_counts_nothing() {
    let capped = json!({"id": "capped", "fixed": "50", "caps": [{"id": "c", "per": {"window": "month"}, "at_most": "60"}]});
    let mut earning = rules(&[capped, json!({"id": "big", "when": {"store": {"is": "big"}}, "fixed": "80"})]);
    earning["groups"][0]["combine"] = "best_for_member".into();
    let mut model = Model::new(&program(0, earning, json!({})));
    let mut points = |id: &str, store: &str| {
        let bought =
            json!({"purchase": {"id": id, "occurred_at": DAY_1, "store": store, "lines": [{"gross": "1"}]}});
        award(&model.record(&read(bought)))
    };
    assert_eq!([points("1", "big"), points("2", "x"), points("3", "x")], [80, 50, 10].map(BigInt::from));
}

/// 1/3 of 10.00 is back: 6.66666..., to 4 decimals 6.6667; all of it back: no purchase either. The level stays.
#[test]
fn returns_lower_counters_and_leave_the_level() {
    let mut model = one_point_a_dollar(json!({
        "counters": [{"id": "spend", "counts": {"spend": "net_paid"}, "window": "year"},
            {"id": "visits", "counts": "purchases", "window": "year"}, {"id": "points", "counts": {"earned": "p"}, "window": "year"}],
        "tiers": [{"id": "t", "lasts": {"to_end_of": "year"}, "levels": [{"id": "base"},
            {"id": "high", "reach": {"counter": {"id": "spend", "at_least": "10"}}}]}],
        "returns": {"method": "proportional"},
    }));
    model.record(&purchase("1", DAY_1, json!([{"gross": "10", "quantity": "3"}]))).expect("recorded");
    let values =
        |model: &Model| ["spend", "visits", "points"].map(|id| model.counter(id, noon("2017-12-31")));
    model.record(&returned("2", DAY_2, Some("1"), json!([{"line": 1, "quantity": "1"}]))).expect("recorded");
    assert_eq!(values(&model), ["6.6667", "1", "7"].map(exact));
    model.record(&returned("3", DAY_2, Some("1"), json!([]))).expect("recorded");
    assert_eq!(values(&model), ["0", "0", "0"].map(exact));
    assert_eq!(model.level("t"), "high");
    assert_eq!(settled(model, "2018-01-01T00:00:00-05:00").level("t"), "base");
}

/// Five minutes before midnight in New York it is the next day in Halifax (-04:00): rated as if New York's day had
/// begun, so what happens in New York a minute later is late; a return is not.
#[test]
fn an_activity_of_tomorrow_settles_to_tomorrow() {
    let mut model = one_point_a_dollar(json!({"dates_by": "activity"}));
    model.record(&purchase("1", "2017-02-02T00:55:00-04:00", gross("10"))).expect("recorded");
    let after = "2017-02-01T23:56:00-05:00";
    assert_eq!(model.record(&purchase("2", after, gross("10"))).unwrap_err(), Refused::Late);
    assert_eq!(taken(&model.record(&returned("3", after, Some("1"), json!([])))), 10.into());
    model.record(&purchase("4", "2017-02-02T00:00:00-05:00", gross("10"))).expect("recorded");
}

/// With `at_period_end` the level of January begins in February, and ends with February when nothing was bought then.
#[test]
fn an_upgrade_at_the_end_of_the_period() {
    let mut model = one_point_a_dollar(json!({
        "counters": [{"id": "n", "counts": "purchases", "window": "month"}],
        "tiers": [{"id": "t", "lasts": {"to_end_of": "month"}, "upgrade": "at_period_end", "levels": [{"id": "base"},
            {"id": "high", "reach": {"counter": {"id": "n", "at_least": "1"}}}]}],
    }));
    model.record(&purchase("1", "2017-01-15T12:00:00-05:00", gross("10"))).expect("recorded");
    let level = |at: &str| settled(model.clone(), at).level("t");
    assert_eq!(level("2017-01-31T23:59:59-05:00"), "base");
    assert_eq!(level("2017-02-01T00:00:00-05:00"), "high");
    assert_eq!(level("2017-02-28T23:59:59-05:00"), "high");
    assert_eq!(level("2017-03-01T00:00:00-05:00"), "base");
}

/// Only factors below 1 that add up below 0 would make points negative: they make none.
#[test]
fn added_factors_stop_at_zero() {
    let mut earning = rules(&[json!({"id": "r", "rate": "1"})]);
    earning["multipliers"] = json!([{"id": "m", "combine": "add", "factors": [{"id": "a", "factor": "0.2"}, {"id": "b", "factor": "0.3"}]}]);
    earning["after"] = json!([{"id": "bonus", "fixed": "7"}]);
    let mut model = Model::new(&program(0, earning, json!({})));
    assert_eq!(award(&model.record(&purchase("1", DAY_1, gross("100")))), 7.into());
}

/// 10.40 paid: `all` rounds up the sum 5.2 + 2.6 = 7.8 to 8 and not each to 6 + 3; `first` takes the 2.6 that comes
/// first, though 5.2 is better, and rounds it to 3; `best_for_member` takes the 5.2, to 6. A group inside is a member like any other:
/// the best of 8 and 5.2 is 8.
#[test]
fn groups_combine_before_they_round() {
    let no = json!({"rule": {"id": "no", "when": {"store": {"known": true}}, "fixed": "100"}});
    let quarter = json!({"rule": {"id": "quarter", "rate": "0.25"}});
    let half = json!({"rule": {"id": "half", "rate": "0.5"}});
    let group = |combine: &str, members: Value| json!({"id": combine, "combine": combine, "round": "ceil", "members": members});
    let all = group("all", json!([no, quarter, half]));
    let cases = [
        (all.clone(), 8),
        (group("first", json!([no, quarter, half])), 3),
        (group("best_for_member", json!([no, quarter, half])), 6),
        (group("best_for_member", json!([half, {"group": all}])), 8),
        (group("all", json!([no])), 0),
    ];
    for (group, points) in cases {
        let mut model = Model::new(&program(0, json!({"groups": [group]}), json!({})));
        assert_eq!(award(&model.record(&purchase("1", DAY_1, gross("10.40")))), points.into(), "{group}");
    }
}

/// A sample of no units: its sku finds nothing, its number does, and it counts as one unit.
#[test]
fn a_line_without_units_comes_back_by_its_number() {
    let mut model = one_point_a_dollar(json!({}));
    let lines = json!([{"sku": "sample", "quantity": "0", "gross": "4"}, {"sku": "mug", "gross": "6"}]);
    model.record(&purchase("1", DAY_1, lines)).expect("recorded");
    let by_sku = returned("2", DAY_2, Some("1"), json!([{"sku": "sample"}]));
    assert_eq!(model.record(&by_sku).unwrap_err(), Refused::LineNotFound);
    assert_eq!(taken(&model.record(&returned("2", DAY_2, Some("1"), json!([{"line": 1}])))), 4.into());
    let again = returned("3", DAY_2, Some("1"), json!([{"line": 1}]));
    assert_eq!(model.record(&again).unwrap_err(), Refused::AlreadyReturned);
    assert_eq!(taken(&model.record(&returned("3", DAY_2, Some("1"), json!([])))), 6.into());
}

/// A month of at most 100 after a purchase of at most 50: what each purchase gave counts, not what it might have given.
/// A value below 0 gave nothing.
#[test]
fn a_cap_counts_what_was_given() {
    let caps = json!([{"id": "month", "per": {"window": "month"}, "at_most": "100"}, {"id": "once", "per": "activity", "at_most": "50"}]);
    let rule = json!({"id": "r", "rate": "1", "round": {"at": "rule", "mode": "floor"}, "caps": caps});
    let mut model = Model::new(&program(0, rules(&[rule]), json!({})));
    let mut points = |id: &str, amount: &str| award(&model.record(&purchase(id, DAY_1, gross(amount))));
    assert_eq!(
        [points("1", "80"), points("2", "-30"), points("3", "80"), points("4", "80")],
        [50, 0, 50, 0].map(BigInt::from)
    );
}

/// Euros 10 - 20 are cut to nothing, so that no budget was read; of the kept 10 they are worth nothing then, and the 10
/// of the visit are within the 15. Where 10 - 5 had been drawn, they are worth 10, and 20 are above the 15.
#[test]
fn a_budget_that_was_not_read_gives_nothing_when_what_is_kept_is_rated() {
    let euro = json!({"rule": {"id": "euro", "rate": "1", "expiry": "never"}});
    let visit = json!({"rule": {"id": "visit", "fixed": "10"}});
    let earning = json!({
        "groups": [{"id": "euros", "round": "floor", "budget": "summer", "members": [euro]}, {"id": "visits", "members": [visit]}],
        "caps": [{"id": "most", "per": "activity", "at_most": "15", "over": "reject"}],
    });
    let parts = json!({"budgets": [{"id": "summer", "currency": "p", "amount": "100"}],
        "currencies": [{"id": "p", "expiry": {"after": {"days": 30}}}]});
    for (first, gone) in [("-20", 0), ("-5", 10)] {
        let mut model = Model::new(&program(0, earning.clone(), parts.clone()));
        let lines = json!([{"gross": first}, {"gross": "10"}]);
        model.record(&purchase("1", DAY_1, lines)).expect("recorded");
        let back = returned("2", DAY_2, Some("1"), json!([{"line": 1, "quantity": "1"}]));
        assert_eq!(taken(&model.record(&back)), gone.into(), "{first}");
    }
}
