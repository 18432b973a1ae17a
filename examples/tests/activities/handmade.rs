//! Whole outputs of folders small enough to check by eye.

use serde_json::json;

use super::{activities, folder};

/// Baskets of two members: the higher id is the earlier instant (11:30 in New York is 16:30 UTC), two share an
/// instant, lines are out of order, one product has no row, one basket has no line.
pub const GROCERY: [(&str, &str); 3] = [
    (
        "grocery_baskets.csv.gz",
        "basket_id,member_id,store_id,occurred_at
100,7,1,2017-01-01T16:30:01+00:00
9,8,,2017-01-02T00:00:00-05:00
10,7,2,2017-01-02T05:00:00+00:00
200,8,1,2017-01-01T11:30:00-05:00
",
    ),
    (
        "grocery_lines.csv.gz",
        "basket_id,line_no,product_id,quantity,sales_value,retail_disc,coupon_disc,coupon_match_disc
200,10,77,0,0.00,0.00,0.00,0.00
200,2,50,3,1.50,0.29,0.75,0.25
100,1,51,89638,20.01,0.00,25.00,0.00
9,1,52,1,2.00,0.10,0.00,0.00
9,2,53,1,2.00,0.00,0.00,0.00
",
    ),
    (
        "grocery_products.csv.gz",
        "product_id,department,brand,product_category,product_type,package_size,manufacturer_id
50,PRODUCE,Private,\"FRUIT, FRESH\",\"12\"\" APPLES\",5 LB,69
51,FUEL,,,,,
52,GROCERY,National,MILK,,,5
53,GROCERY,National,,WHOLE MILK,,
",
    ),
];

#[test]
fn baskets_are_joined_with_products_and_ordered_by_instant() {
    let dir = folder(&GROCERY);
    let expected = [
        json!({"member": "8", "activity": {"purchase": {
            "id": "200", "occurred_at": "2017-01-01T11:30:00-05:00", "store": "1",
            "lines": [
                {
                    "sku": "50", "category": ["PRODUCE", "FRUIT, FRESH", "12\" APPLES"], "brand": "Private",
                    "quantity": "3", "net_of_store": "1.5",
                    "discounts": [
                        {"funder": "store", "amount": "0.29"},
                        {"funder": "manufacturer", "amount": "0.75"},
                        {"funder": "store", "amount": "0.25"},
                    ],
                    "attributes": {"manufacturer_id": "69", "package_size": "5 LB"},
                },
                {"sku": "77", "quantity": "0", "net_of_store": "0"},
            ],
        }}}),
        json!({"member": "7", "activity": {"purchase": {
            "id": "100", "occurred_at": "2017-01-01T16:30:01Z", "store": "1",
            "lines": [{
                "sku": "51", "category": ["FUEL"], "quantity": "89638", "net_of_store": "20.01",
                "discounts": [{"funder": "manufacturer", "amount": "25"}],
            }],
        }}}),
        json!({"member": "8", "activity": {"purchase": {
            "id": "9", "occurred_at": "2017-01-02T00:00:00-05:00",
            "lines": [
                {
                    "sku": "52", "category": ["GROCERY", "MILK"], "brand": "National",
                    "quantity": "1", "net_of_store": "2",
                    "discounts": [{"funder": "store", "amount": "0.1"}],
                    "attributes": {"manufacturer_id": "5"},
                },
                {
                    "sku": "53", "category": ["GROCERY", "", "WHOLE MILK"], "brand": "National",
                    "quantity": "1", "net_of_store": "2",
                },
            ],
        }}}),
        json!({"member": "7", "activity": {"purchase": {
            "id": "10", "occurred_at": "2017-01-02T05:00:00Z", "store": "2", "lines": [],
        }}}),
    ];
    assert_eq!(activities("grocery", dir.path()), expected);
}

#[test]
fn a_purchase_of_a_date_is_at_its_start_in_utc() {
    let dir = folder(&[(
        "cdnow_purchases.csv.gz",
        "purchase_id,member_id,purchased_on,units,amount
10,00002,1997-01-01,2,0.00
2,00001,1997-01-01,1,11.77
1,00002,1998-06-30,12,506.97
",
    )]);
    let purchase = |member: &str, id: &str, at: &str, units: &str, amount: &str| {
        let lines = json!([{"quantity": units, "gross": amount}]);
        json!({"member": member, "activity": {"purchase": {"id": id, "occurred_at": at, "lines": lines}}})
    };
    let expected = [
        purchase("00001", "2", "1997-01-01T00:00:00Z", "1", "11.77"),
        purchase("00002", "10", "1997-01-01T00:00:00Z", "2", "0"),
        purchase("00002", "1", "1998-06-30T00:00:00Z", "12", "506.97"),
    ];
    assert_eq!(activities("cdnow", dir.path()), expected);
}

/// `C9` cancels at the minute of sale `600`. Invoice `500` has a line at 9:02 before one at 9:01, hence stands
/// at 9:01, before sale `99` of 9:01:30, and is of two members; one of its lines has a country of its own.
pub const RETAIL: [(&str, &str); 1] = [(
    "retail_lines.csv.gz",
    "invoice_no,line_no,kind,member_id,occurred_at,stock_code,quantity,unit_price,country
C9,1,cancel,17850,2011-05-16T09:05:00+01:00,85123A,-6,99.99,France
600,2,sale,17850,2011-05-16T09:05:00+01:00,85123A,6,2.55,France
600,1,sale,17850,2011-05-16T09:05:00+01:00,POST,1,0.001,France
500,1,sale,13047,2011-05-16T09:02:00+01:00,22752,2,7.65,United Kingdom
99,1,sale,13047,2011-05-16T08:01:30+00:00,22752,1,7.65,United Kingdom
500,2,sale,13047,2011-05-16T09:01:00+01:00,22753,2,7.65,EIRE
500,3,sale,17850,2011-05-16T09:01:00+01:00,22753,1,7.65,United Kingdom
",
)];

#[test]
fn an_invoice_is_one_activity_of_a_member_at_its_first_instant() {
    let dir = folder(&RETAIL);
    let sale = |member: &str, id: &str, at: &str, lines| {
        let country = if id == "600" { "France" } else { "United Kingdom" };
        let attributes = json!({"country": country});
        let purchase = json!({"id": id, "occurred_at": at, "lines": lines, "attributes": attributes});
        json!({"member": member, "activity": {"purchase": purchase}})
    };
    let expected = [
        sale(
            "13047",
            "500",
            "2011-05-16T09:01:00+01:00",
            json!([
                {"sku": "22752", "quantity": "2", "unit_price": "7.65"},
                {"sku": "22753", "quantity": "2", "unit_price": "7.65", "attributes": {"country": "EIRE"}},
            ]),
        ),
        sale(
            "17850",
            "500",
            "2011-05-16T09:01:00+01:00",
            json!([{"sku": "22753", "quantity": "1", "unit_price": "7.65"}]),
        ),
        sale(
            "13047",
            "99",
            "2011-05-16T08:01:30Z",
            json!([{"sku": "22752", "quantity": "1", "unit_price": "7.65"}]),
        ),
        sale(
            "17850",
            "600",
            "2011-05-16T09:05:00+01:00",
            json!([
                {"sku": "POST", "quantity": "1", "unit_price": "0.001"},
                {"sku": "85123A", "quantity": "6", "unit_price": "2.55"},
            ]),
        ),
        json!({"member": "17850", "activity": {"return": {
            "id": "C9", "occurred_at": "2011-05-16T09:05:00+01:00",
            "lines": [{"sku": "85123A", "quantity": "6"}],
        }}}),
    ];
    assert_eq!(activities("retail", dir.path()), expected);
}

/// The columns are found by name: one is in another place, one is not used.
#[test]
fn a_leg_departs_and_then_something_becomes_of_it() {
    let dir = folder(&[(
        "flight_legs.csv.gz",
        "note,aircraft,leg_id,scheduled_dep,carrier,flight,origin,dest,distance_mi,status
,N1,10,2013-01-01T05:29:00-05:00,UA,1714,LGA,IAH,1416,flown
fog,N2,9,2013-01-01T05:29:00-05:00,B6,725,JFK,BOS,187,cancelled
,N2,1,2013-01-01T05:40:00-05:00,B6,726,JFK,BQN,1576,diverted
",
    )]);
    let departed = |aircraft: &str, id: &str, at: &str, attributes| {
        let line = json!({"gross": "0", "attributes": attributes});
        let purchase = json!({"id": id, "occurred_at": at, "lines": [line]});
        json!({"member": aircraft, "activity": {"purchase": purchase}})
    };
    let became = |aircraft: &str, id: &str, at: &str, status: &str| {
        let event = json!({"name": status, "id": id, "occurred_at": at, "of": id});
        json!({"member": aircraft, "activity": {"event": event}})
    };
    let [first, second] = ["2013-01-01T05:29:00-05:00", "2013-01-01T05:40:00-05:00"];
    let leg = |carrier: &str, flight: &str, origin: &str, dest: &str, miles: &str| json!({"carrier": carrier, "flight": flight, "origin": origin, "dest": dest, "miles": miles});
    let expected = [
        departed("N2", "9", first, leg("B6", "725", "JFK", "BOS", "187")),
        became("N2", "9", first, "cancelled"),
        departed("N1", "10", first, leg("UA", "1714", "LGA", "IAH", "1416")),
        became("N1", "10", first, "flown"),
        departed("N2", "1", second, leg("B6", "726", "JFK", "BQN", "1576")),
        became("N2", "1", second, "diverted"),
    ];
    assert_eq!(activities("flights", dir.path()), expected);
}
