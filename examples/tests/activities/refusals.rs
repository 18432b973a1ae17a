//! Bad input ends with code 2, names the place, and writes no activity.

use std::path::Path;

use super::handmade::{GROCERY, RETAIL};
use super::{convert, folder};

const CDNOW: (&str, &str) = (
    "cdnow_purchases.csv.gz",
    "purchase_id,member_id,purchased_on,units,amount\n1,00001,1997-01-01,1,11.77\n",
);
const FLIGHTS: (&str, &str) = (
    "flight_legs.csv.gz",
    "leg_id,aircraft,scheduled_dep,carrier,flight,origin,dest,distance_mi,status
2,N24211,2013-01-01T05:29:00-05:00,UA,1714,LGA,IAH,1416,flown
",
);

/// What the converter says to a folder in which one text of one file is another.
fn refusal(set: &str, files: &[(&str, &str)], (file, old, new): (&str, &str, &str)) -> String {
    let changed: Vec<(&str, String)> = files
        .iter()
        .map(|(name, text)| {
            (*name, if *name == file { text.replacen(old, new, 1) } else { (*text).to_owned() })
        })
        .collect();
    let changed: Vec<(&str, &str)> = changed.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_ne!(changed, files, "`{old}` occurs in `{file}`");
    message(set, folder(&changed).path())
}

fn message(set: &str, dir: &Path) -> String {
    let output = convert(set, dir);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}

/// Asserts that a bad value is refused with its file, line and column.
fn refused_at(
    set: &str,
    files: &[(&str, &str)],
    change: (&str, &str, &str),
    (line, column, value): (u32, &str, &str),
) {
    let said = refusal(set, files, change);
    let place = format!("{}` line {line}, column `{column}`, value `{value}`: ", change.0);
    assert!(said.contains(&place), "{said}");
}

#[test]
fn values_that_are_not_what_their_column_holds() {
    refused_at("cdnow", &[CDNOW], (CDNOW.0, "11.77", "\"11,77\""), (2, "amount", "11,77"));
    refused_at("cdnow", &[CDNOW], (CDNOW.0, "1997-01-01", "01/01/1997"), (2, "purchased_on", "01/01/1997"));
    refused_at("flights", &[FLIGHTS], (FLIGHTS.0, "1416", "far"), (2, "distance_mi", "far"));
    refused_at("flights", &[FLIGHTS], (FLIGHTS.0, ":00-05:00", ""), (2, "scheduled_dep", "2013-01-01T05:29"));
    refused_at("grocery", &GROCERY, ("grocery_lines.csv.gz", "20.01", "1e3"), (4, "sales_value", "1e3"));
    refused_at("grocery", &GROCERY, ("grocery_baskets.csv.gz", "\n10,", "\nten,"), (4, "basket_id", "ten"));
    refused_at("grocery", &GROCERY, ("grocery_baskets.csv.gz", ",7,2", ",,2"), (4, "member_id", ""));
}

#[test]
fn rows_that_cannot_be_joined() {
    refused_at("grocery", &GROCERY, ("grocery_lines.csv.gz", "\n100,", "\n101,"), (4, "basket_id", "101"));
    refused_at("grocery", &GROCERY, ("grocery_baskets.csv.gz", "\n10,", "\n9,"), (4, "basket_id", "9"));
    refused_at("grocery", &GROCERY, ("grocery_products.csv.gz", "\n52,", "\n50,"), (4, "product_id", "50"));
}

#[test]
fn invoices_that_are_neither_sale_nor_cancellation() {
    let file = RETAIL[0].0;
    refused_at("retail", &RETAIL, (file, "cancel", "refund"), (2, "kind", "refund"));
    refused_at("retail", &RETAIL, (file, "\nC9", "\n9"), (2, "invoice_no", "9"));
    refused_at("retail", &RETAIL, (file, "\n600", "\nC600"), (3, "invoice_no", "C600"));
    refused_at("retail", &RETAIL, (file, ",-6,", ",6,"), (2, "quantity", "6"));
    refused_at("retail", &RETAIL, (file, ",6,2.55", ",-6,2.55"), (3, "quantity", "-6"));
}

#[test]
fn files_that_are_no_tables() {
    let said = refusal("cdnow", &[CDNOW], (CDNOW.0, ",units", ",pieces"));
    assert!(said.contains("cdnow_purchases.csv.gz`: column `units` is missing"), "{said}");
    let said = refusal("cdnow", &[CDNOW], (CDNOW.0, "11.77", "11,77"));
    assert!(said.contains("cdnow_purchases.csv.gz` line 2: has 6 columns"), "{said}");

    let dir = folder(&[]);
    let said = message("cdnow", dir.path());
    assert!(said.contains("name a folder that holds `cdnow_purchases.csv.gz`"), "{said}");
    std::fs::write(dir.path().join(CDNOW.0), CDNOW.1).expect("room");
    let said = message("cdnow", dir.path());
    assert!(said.contains("is it gzipped, and whole?"), "{said}");
}
