//! The reference programs on small examples, worked in the comments.

use loyalty_core::activity::Activity;
use loyalty_core::program::document::Document;
use loyalty_model::Model;
use loyalty_model::generate::zone;
use loyalty_model::number::whole;
use serde_json::json;

use crate::build::{noon, purchase, returned};

fn reference(text: &str) -> Document {
    let mut document: Document = serde_json::from_str(text).expect("a document");
    document.zone = zone::new_york();
    document
}

fn basket(id: &str, at: &str, produce: &str, other: &str) -> Activity {
    let lines = json!([{"net_of_store": produce, "category": ["PRODUCE"]}, {"net_of_store": other}]);
    purchase(id, at, lines)
}

/// G1: floor(10.99 x 2 + 5.50 = 27.48) = 27. Then 2 x 480 + 20.99 = 980.99 -> 980, cut by the day's 500 - 27 = 473.
/// Next local day: -3.20 x 2 + 500.50 = 494.10 -> 494, year to date 994, still Bronze; 6.99 -> 6 of the 6 left that
/// day: 1,000. The next day at Silver 0.00 + 7.00 -> floor(7 x 1.25 = 8.75) = 8. On the wall it is still 2017 at 23:30,
/// though 2018 in UTC; half an hour later everything is new, and Bronze earns floor(9.00) = 9.
#[test]
fn g1_by_hand() {
    let mut model = Model::new(&reference(include_str!("../../../programs/g1.json")));
    let day = [
        ("1", "2017-12-28T09:00:00-05:00", "10.99", "5.50", 27, "Bronze"),
        ("2", "2017-12-28T23:59:00-05:00", "480", "20.99", 473, "Bronze"),
        ("3", "2017-12-29T00:00:00-05:00", "-3.20", "500.50", 494, "Bronze"),
        ("4", "2017-12-29T10:00:00-05:00", "0", "6.99", 6, "Bronze"),
        ("5", "2017-12-30T10:00:00-05:00", "0", "7.00", 8, "Silver"),
        ("6", "2017-12-31T23:30:00-05:00", "-5.00", "9.99", 0, "Silver"),
        ("7", "2018-01-01T00:00:00-05:00", "0", "9.00", 9, "Bronze"),
    ];
    for (id, at, produce, other, points, tier) in day {
        let outcome = model.record(&basket(id, at, produce, other)).expect("recorded");
        assert_eq!(
            (outcome.awards["points"].clone(), outcome.tier["status"].as_str()),
            (points.into(), tier),
            "{id}"
        );
    }
    let of = |date: &str| model.counter("year-to-date", noon(date));
    assert_eq!((of("2017-06-30"), of("2018-06-30")), (whole(1_008), whole(9)));
    assert_eq!(model.totals("points").accruals, 6);
}

/// G1-tight: 2 x 60 -> cut to 100. Next days 100 and 50: 250, Silver. Then floor(79 x 1.25 = 98.75) = 98, and 2 of
/// the 100 are left: 10 x 1.25 -> 2.
#[test]
fn g1tight_by_hand() {
    let mut model = Model::new(&reference(include_str!("../../../programs/g1tight.json")));
    let baskets = [
        ("01", "60", "0", 100),
        ("02", "0", "100.99", 100),
        ("03", "25", "0.99", 50),
        ("04", "0", "79.99", 98),
    ];
    for (day, produce, other, points) in baskets {
        let at = format!("2017-03-{day}T12:00:00-05:00");
        let outcome = model.record(&basket(day, &at, produce, other)).expect("recorded");
        assert_eq!(outcome.awards["points"], points.into(), "{day}");
    }
    let outcome = model.record(&basket("5", "2017-03-04T13:00:00-05:00", "0", "10")).expect("recorded");
    assert_eq!((outcome.awards["points"].clone(), outcome.tier["status"].as_str()), (2.into(), "Silver"));
}

/// G2: floor(3 x 4.25 = 12.75) = 12 on 3 units and floor(2 x 4.10) = 8 on 2 units. 4 come back, the newest sale first:
/// all 8, then floor(12 x 2 / 3) = 8 of 12. POST is not eligible. Of 5 more only 1 is known: the last 4 points.
#[test]
fn g2_by_hand() {
    let mut model = Model::new(&reference(include_str!("../../../programs/g2.json")));
    let sale = |quantity: &str, price: &str| json!([{"sku": "85123A", "quantity": quantity, "unit_price": price}, {"sku": "POST", "unit_price": "15"}]);
    model.record(&purchase("1", "2017-02-01T12:00:00-05:00", sale("3", "4.25"))).expect("recorded");
    model.record(&purchase("2", "2017-02-02T12:00:00-05:00", sale("2", "4.10"))).expect("recorded");
    assert_eq!(model.balance("points"), 20.into());
    let back = |id, quantity: &str| {
        returned(id, "2017-02-03T12:00:00-05:00", None, json!([{"sku": "85123A", "quantity": quantity}]))
    };
    assert_eq!(model.record(&back("3", "4")).expect("recorded").taken["points"], 16.into());
    let rest = model.record(&back("4", "5")).expect("recorded");
    assert_eq!(rest.taken["points"], 4.into());
    assert_eq!(rest.unmatched, [("85123A".to_owned(), whole(4))]);
    let other_case =
        returned("5", "2017-02-03T12:00:00-05:00", None, json!([{"sku": "85123a", "quantity": "1"}]));
    assert!(model.record(&other_case).expect("recorded").taken.is_empty());
    assert_eq!(model.balance("points"), 0.into());
}
