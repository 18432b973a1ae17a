//! What programmes have published about themselves, and what follows from it by arithmetic.

use loyalty_core::program::document::Document;
use loyalty_core::time::Timestamp;
use loyalty_model::{Model, Refused};
use serde_json::{Value, json};

use crate::build::{award, awards, gross, numbers, program, purchase, read, returned, rules, settled, taken};

/// 1 / 1.2 / 1.7 Stars a dollar at Green / Gold / Reserve; Gold at 500, Reserve at 2,500.
fn starbucks() -> Document {
    let tier = |id: &str, factor: &str| json!({"id": id, "when": {"tier": {"track": "status", "level": [id]}}, "factor": factor});
    let mut earning = rules(&[json!({"id": "star", "rate": "1"})]);
    earning["multipliers"] =
        json!([{"id": "tier", "factors": [tier("gold", "1.2"), tier("reserve", "1.7")]}]);
    let reach = |stars: &str| json!({"counter": {"id": "year", "at_least": stars}});
    let parts = json!({
        "counters": [{"id": "year", "counts": {"earned": "p"}, "window": "year"}],
        "tiers": [{"id": "status", "lasts": {"for": {"years": 1}}, "levels": [
            {"id": "green"}, {"id": "gold", "reach": reach("500")}, {"id": "reserve", "reach": reach("2500")},
        ]}],
    });
    program(3, earning, parts)
}

/// Derived: $20 gives 20 / 24 / 34; $5.45 gives 5.45 / 6.54 / 9.265 before rounding. Green reaches 498 with
/// $472.55 more, and 498 Stars and $2.00 are 500: Gold from the next purchase. At Gold $1,641.22 gives
/// 1,969.464, so that 500 + 24 + 6.54 + 1,969.464 = 2,500.004: Reserve.
#[test]
fn starbucks_stars_by_level() {
    let amounts = ["20", "5.45", "472.55", "2.00", "20", "5.45", "1641.22", "20", "5.45"];
    let stars = numbers([20_000, 5_450, 472_550, 2_000, 24_000, 6_540, 1_969_464, 34_000, 9_265]);
    assert_eq!(awards(&starbucks(), &amounts), stars);
}

/// Derived: a $10.00 charge that holds $2.00 tip and $0.80 tax earns on $7.20.
#[test]
fn starbucks_earns_on_items_only() {
    let lines = json!([
        {"gross": "7.20"}, {"kind": "tip", "gross": "2.00"}, {"kind": "tax", "gross": "0.80"},
    ]);
    let outcome = Model::new(&starbucks()).record(&purchase("1", "2017-02-01T12:00:00-05:00", lines));
    assert_eq!(award(&outcome), 7_200.into());
}

/// Derived: £49.99 gives 49.
#[test]
fn tesco_counts_full_pounds_of_the_transaction() {
    let per_pound = json!({"id": "pound", "per_full": {"step": "1", "points": "1"}});
    let document = program(0, rules(&[per_pound]), json!({}));
    assert_eq!(awards(&document, &["49.99", "0.99", "1.00"]), numbers([49, 0, 1]));
    let halves = purchase("1", "2017-02-01T12:00:00-05:00", json!([{"gross": "24.50"}, {"gross": "25.49"}]));
    assert_eq!(award(&Model::new(&document).record(&halves)), 49.into());
}

/// Derived: 30 litres for £45 give 22 before the change (1 for £2) and 15 after it (1 for 2 litres).
#[test]
fn tesco_fuel_before_and_after_the_change() {
    let before = json!({"id": "money", "when": {"dates": {"to": "2017-06-13"}},
        "per_full": {"step": "2", "points": "1"}});
    let after = json!({"id": "litres", "when": {"dates": {"from": "2017-06-14"}}, "basis": "quantity",
        "lines": {"unit": {"is": "l"}}, "per_full": {"step": "2", "points": "1"}});
    let mut model = Model::new(&program(0, rules(&[before, after]), json!({})));
    let fuel = json!([{"quantity": "30", "unit": "l", "unit_price": "1.50"}]);
    let last = purchase("1", "2017-06-13T23:59:59-04:00", fuel.clone());
    assert_eq!(award(&model.record(&last)), 22.into());
    assert_eq!(award(&model.record(&purchase("2", "2017-06-14T00:00:00-04:00", fuel))), 15.into());
}

/// Adobe: 10 points a full $2 on the total less shipping, tax and discounts; $7 gives 30.
#[test]
fn adobe_counts_full_steps() {
    let rule = json!({"id": "step", "per_full": {"step": "2", "points": "10"}});
    let lines = json!([
        {"gross": "9.00", "discounts": [{"funder": "store", "amount": "2.00"}]},
        {"kind": "shipping", "gross": "4.00"}, {"kind": "tax", "gross": "1.00"},
    ]);
    let mut model = Model::new(&program(0, rules(&[rule]), json!({})));
    assert_eq!(award(&model.record(&purchase("1", "2017-02-01T12:00:00-05:00", lines))), 30.into());
}

/// Square: 1 point for $10; $21.90 before tax gives 2. Its multipliers: 4 x 1.5 = 6 and 5 x 3 = 15.
#[test]
fn square_points_and_multipliers() {
    let rule = json!({"id": "ten", "per_full": {"step": "10", "points": "1"}});
    assert_eq!(awards(&program(0, rules(std::slice::from_ref(&rule)), json!({})), &["21.90"]), numbers([2]));
    for (amount, factor, points) in [("40", "1.5", 6), ("59.99", "3", 15)] {
        let mut earning = rules(std::slice::from_ref(&rule));
        earning["multipliers"] = json!([{"id": "m", "factors": [{"id": "f", "factor": factor}]}]);
        assert_eq!(awards(&program(0, earning, json!({})), &[amount]), numbers([points]));
    }
}

/// Kroger, published: $100 groceries -> 100 (before manufacturer coupons, after the store's), 2 prescriptions
/// -> 100, $50 of gift cards -> 100, a survey 50 and once in 7 days.
#[test]
fn kroger_by_kind_of_purchase() {
    let document = program(
        0,
        rules(&[
            json!({"id": "grocery", "basis": "net_of_store", "rate": "1", "round": {"at": "rule", "mode": "floor"},
                "lines": {"not": {"category": {"under": ["pharmacy"]}}}}),
            json!({"id": "prescription", "basis": "quantity", "rate": "50",
                "lines": {"category": {"under": ["pharmacy"]}}}),
            json!({"id": "cards", "kinds": ["gift_card"], "rate": "2"}),
            json!({"id": "survey", "on": {"event": "survey"}, "fixed": "50",
                "caps": [{"id": "weekly", "per": {"window": "week"}, "at_most": "50"}]}),
        ]),
        json!({}),
    );
    let mut model = Model::new(&document);
    let discounts = json!([{"funder": "store", "amount": "10"}, {"funder": "manufacturer", "amount": "5"}]);
    let mut record =
        |id: &str, lines: Value| award(&model.record(&purchase(id, "2017-03-10T12:00:00-05:00", lines)));
    assert_eq!(record("1", json!([{"gross": "110", "discounts": discounts}])), 100.into());
    assert_eq!(
        record("2", json!([{"gross": "30", "quantity": "2", "category": ["pharmacy", "x"]}])),
        100.into()
    );
    assert_eq!(record("3", json!([{"kind": "gift_card", "gross": "50"}])), 100.into());
    // 12 March 2017 was a Sunday, so the 13th begins the next week.
    let answers = [("4", "10", 50), ("5", "12", 0), ("6", "13", 50)];
    for (id, day, points) in answers {
        let at = format!("2017-03-{day}T23:00:00-04:00");
        let survey = read(json!({"event": {"name": "survey", "id": id, "occurred_at": at}}));
        assert_eq!(award(&model.record(&survey)), points.into(), "{day} March");
    }
}

/// Kroger, published: 200 earned in March -> gone after 30 April. Starbucks before: earned 15 December 2017 (2020
/// there), 6 months after the month's end -> gone 1 July. Voucherify: 25 January + 1 month is valid through 25
/// February, 31 January + 1 month through 28 February.
#[test]
fn points_lapse_after_their_last_day() {
    let cases = [
        (
            "2017-03-15T12:00:00-04:00",
            json!({"after": {"months": 1}, "to_end_of": "month"}),
            "2017-05-01T00:00:00-04:00",
        ),
        (
            "2017-12-15T12:00:00-05:00",
            json!({"after": {"months": 6}, "to_end_of": "month"}),
            "2018-07-01T00:00:00-04:00",
        ),
        ("2017-01-25T12:00:00-05:00", json!({"after": {"months": 1}}), "2017-02-26T00:00:00-05:00"),
        ("2017-01-31T12:00:00-05:00", json!({"after": {"months": 1}}), "2017-03-01T00:00:00-05:00"),
    ];
    for (earned, expiry, gone) in cases {
        let parts = json!({"currencies": [{"id": "p", "expiry": expiry}]});
        let mut model = Model::new(&program(0, rules(&[json!({"id": "r", "rate": "1"})]), parts));
        model.record(&purchase("1", earned, gross("200"))).expect("recorded");
        let gone = Timestamp::parse(gone).expect("a time");
        model.settle(gone.plus_micros(-1));
        assert_eq!(model.balance("p"), 200.into(), "{earned}");
        model.settle(gone);
        assert_eq!(
            (model.balance("p"), model.totals("p").expired.clone()),
            (0.into(), 200.into()),
            "{earned}"
        );
    }
}

/// VIB at $350 and Rouge at $1,000 of spend in a calendar year; the rest of that year and all of the next; 1 / 1.25 /
/// 1.5 points a dollar.
fn sephora() -> Document {
    let level = |id: &str, spend: &str| {
        let requirement = json!({"counter": {"id": "spend", "at_least": spend}});
        json!({"id": id, "reach": requirement, "keep": requirement})
    };
    let factor = |id: &str, factor: &str| json!({"id": id, "when": {"tier": {"track": "status", "level": [id]}}, "factor": factor});
    let mut earning = rules(&[json!({"id": "dollar", "rate": "1"})]);
    earning["multipliers"] =
        json!([{"id": "tier", "factors": [factor("vib", "1.25"), factor("rouge", "1.5")]}]);
    let parts = json!({
        "counters": [{"id": "spend", "counts": {"spend": "net_paid"}, "window": "year"}],
        "tiers": [{"id": "status", "lasts": {"to_end_of_next": "year"},
            "levels": [{"id": "insider"}, level("vib", "350"), level("rouge", "1000")]}],
    });
    program(0, earning, parts)
}

/// Published: $1,000 at Rouge -> 1,500. Derived: $80 at VIB -> 100. The purchase that reaches a level earns at the one
/// before: $350 -> 350; then $80 (430 spent), $570 at VIB -> 712.5, rounded down, is $1,000 spent.
#[test]
fn sephora_points_by_level() {
    assert_eq!(awards(&sephora(), &["350", "80", "570", "1000"]), numbers([350, 100, 712, 1_500]));
}

/// Derived, six years earlier: VIB earned 15 January 2016 or 31 December 2016 -> valid to 31 December 2017. Who spends
/// $350 in 2017 keeps it to the end of 2018; who spends less reverts, and $1,000 before count no more.
#[test]
fn sephora_status_lasts_to_the_end_of_the_next_year() {
    let first_instant = "2018-01-01T00:00:00-05:00";
    for earned in ["2016-01-15T12:00:00-05:00", "2016-12-31T23:59:59-05:00"] {
        let mut model = Model::new(&sephora());
        model.record(&purchase("1", earned, gross("350"))).expect("recorded");
        let before = settled(model.clone(), "2017-12-31T23:59:59.999999-05:00");
        assert_eq!(before.level("status"), "vib");
        assert_eq!(settled(model.clone(), first_instant).level("status"), "insider");
        model.record(&purchase("2", "2017-06-01T12:00:00-04:00", gross("350"))).expect("recorded");
        assert_eq!(settled(model.clone(), first_instant).level("status"), "vib");
        assert_eq!(settled(model.clone(), "2018-12-31T23:59:59-05:00").level("status"), "vib");
        assert_eq!(settled(model, "2019-01-01T00:00:00-05:00").level("status"), "insider");
    }
}

/// Voucherify: a 30-day tier from 20 July ends 20 August 00:00.
#[test]
fn a_tier_of_thirty_days() {
    let parts = json!({
        "counters": [{"id": "n", "counts": "purchases", "window": "month"}],
        "tiers": [{"id": "t", "lasts": {"for": {"days": 30}}, "levels": [{"id": "base"},
            {"id": "high", "reach": {"counter": {"id": "n", "at_least": "1"}}}]}],
    });
    let mut model = Model::new(&program(0, rules(&[json!({"id": "r", "rate": "1"})]), parts));
    model.record(&purchase("1", "2017-07-20T15:00:00-04:00", gross("1"))).expect("recorded");
    assert_eq!(settled(model.clone(), "2017-08-19T23:59:59-04:00").level("t"), "high");
    assert_eq!(settled(model, "2017-08-20T00:00:00-04:00").level("t"), "base");
}

/// LoyaltyLion: $20 -> 20 points, one of two equal items refunded -> 10, then 0.
#[test]
fn loyalty_lion_refunds_by_item() {
    let mut model = Model::new(&program(0, rules(&[json!({"id": "r", "rate": "1"})]), json!({})));
    model
        .record(&purchase("1", "2017-02-01T12:00:00-05:00", json!([{"unit_price": "10", "quantity": "2"}])))
        .unwrap();
    assert_eq!(model.balance("p"), 20.into());
    let one = returned("2", "2017-02-02T12:00:00-05:00", Some("1"), json!([{"line": 1, "quantity": "1"}]));
    assert_eq!(taken(&model.record(&one)), 10.into());
    let rest = returned("3", "2017-02-03T12:00:00-05:00", Some("1"), json!([]));
    assert_eq!(taken(&model.record(&rest)), 10.into());
    assert_eq!(model.balance("p"), 0.into());
    assert_eq!(model.record(&rest).unwrap_err(), Refused::AlreadyReturned);
}

/// Smile: $50 and $20 with a $10 coupon earn on $60; returning the $20 takes 20: 60 points
/// split over 40 : 20.
#[test]
fn smile_takes_back_what_the_line_earned() {
    let mut model = Model::new(&program(0, rules(&[json!({"id": "r", "rate": "1"})]), json!({})));
    let coupon = json!([{"funder": "store", "amount": "10"}]);
    let lines = json!([{"gross": "50", "discounts": coupon}, {"gross": "20", "sku": "mug"}]);
    let outcome = model.record(&purchase("1", "2017-02-01T12:00:00-05:00", lines));
    assert_eq!(award(&outcome), 60.into());
    let mug = returned("2", "2017-02-02T12:00:00-05:00", Some("1"), json!([{"sku": "mug"}]));
    assert_eq!(taken(&model.record(&mug)), 20.into());
    assert_eq!(model.balance("p"), 40.into());
}

/// Voucherify: a cap per period clips, one per transaction may reject the whole earning. Caps come before the rounding
/// of the currency, so 100.01 is above 100.
#[test]
fn caps_clip_or_reject() {
    let cap = |per: Value, over: &str| {
        let mut earning = rules(&[json!({"id": "r", "rate": "1"})]);
        earning["caps"] = json!([{"id": "c", "per": per, "at_most": "100", "over": over}]);
        program(0, earning, json!({}))
    };
    let weekly = cap(json!({"window": "week"}), "clip");
    // 1 February 2017 was a Wednesday: the sixth purchase is Monday's.
    let purchases = ["60", "30", "20", "1", "1", "70"];
    assert_eq!(awards(&weekly, &purchases), numbers([60, 30, 10, 0, 0, 70]));
    assert_eq!(awards(&cap(json!("activity"), "reject"), &["100", "100.01", "101"]), numbers([100, 0, 0]));
}
