//! What a proof says that a little more would have earned is what buying a little more earns.

use std::sync::Arc;

use loyalty_core::activity::{Activity, Line, Purchase};
use loyalty_core::decision::{Command, Nearest};
use loyalty_core::money::Money;
use loyalty_core::program::Program;
use loyalty_core::zone::Zone;
use loyalty_model::generate::case;
use pollster::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Real, cases, now};

/// The smallest coin of the program's money.
const CENT: Money = Money::from_units(100);

fn with_more(purchase: &Purchase, nearest: &Nearest, price: Money) -> Purchase {
    let mut purchase = purchase.clone();
    if price > Money::ZERO {
        let like = purchase.lines[nearest.like_line - 1].clone();
        purchase.lines.push(Line {
            gross: Some(price),
            unit_price: None,
            net_of_store: None,
            quantity: None,
            discounts: vec![],
            ..like
        });
    }
    purchase
}

/// What a purchase would earn, and what a little more of it would.
fn preview(real: &Real, purchase: &Purchase, currency: Option<&str>) -> (i64, Option<Nearest>) {
    let command = Command::Record(Arc::new(Activity::Purchase(purchase.clone())));
    let preview =
        block_on(real.engine.preview(&real.tenant, &real.member, &command, now())).expect("a preview");
    let awards = preview.decision.operation.awards.iter();
    let of = awards.filter(|award| Some(award.currency.as_str()) == currency);
    (of.map(|award| award.points.minor()).sum(), preview.nearest)
}

/// Buys that much more and a cent less.
fn holds(real: &Real, purchase: &Purchase, nearest: &Nearest) {
    let currency = Some(nearest.currency.as_str());
    let less = Money::from_units(nearest.more.units() - CENT.units());
    let [now, nearly, enough] = [Money::ZERO, less, nearest.more]
        .map(|price| preview(real, &with_more(purchase, nearest, price), currency).0);
    assert_eq!(enough - now, nearest.earns.minor(), "{nearest:?}");
    assert!(nearly < enough, "{nearest:?}: a cent less earns the same");
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_little_more_really_earns_it((document, history) in case(4)) {
        let real = Real::new(&document);
        for activity in &history {
            if let Activity::Purchase(purchase) = activity
                && real.record(activity).is_ok()
            {
                let fresh = Real::new(&document);
                if let Some(nearest) = preview(&fresh, purchase, None).1 {
                    holds(&fresh, purchase, &nearest);
                }
            }
        }
    }
}

fn nearest_of(rules: Value, prices: &[&str]) -> Option<Nearest> {
    let document = json!({
        "format": 1, "name": "Thresholds", "money": "USD", "zone": Zone::utc(), "currencies": [{"id": "points"}],
        "earning": [{"currency": "points", "groups": [{"id": "all", "round": "floor", "members": rules}]}],
    });
    let program = Program::check(&serde_json::to_vec(&document).unwrap()).expect("a valid program");
    let lines: Vec<Value> = prices.iter().map(|price| json!({"gross": price})).collect();
    let purchase = json!({"purchase": {"id": "1", "occurred_at": "2026-03-01T12:00:00Z", "lines": lines}});
    let Activity::Purchase(purchase) = serde_json::from_value(purchase).unwrap() else { unreachable!() };
    let real = Real::new(program.document());
    let nearest = preview(&real, &purchase, None).1;
    if let Some(nearest) = &nearest {
        holds(&real, &purchase, nearest);
    }
    nearest
}

fn shown(nearest: Option<Nearest>) -> Option<(String, String, i64)> {
    nearest.map(|it| (it.of.to_string(), it.more.shown(), it.earns.minor()))
}

/// 26.90 of 30.00: 3.10 are missing. The step of 20.00 that comes next is at 40.00, 13.10 away.
#[test]
fn the_nearest_threshold_or_step() {
    let bonus =
        json!({"rule": {"id": "bonus", "when": {"basket": {"sum": {"at_least": "30.00"}}}, "fixed": "50"}});
    let steps = json!({"rule": {"id": "steps", "per_full": {"step": "20.00", "points": "5"}}});
    let found = |rules: &[&Value], prices: &[&str]| shown(nearest_of(json!(rules), prices));
    let is = |of: &str, more: &str, earns| Some((of.to_owned(), more.to_owned(), earns));
    assert_eq!(found(&[&bonus, &steps], &["20.00", "6.90"]), is("bonus", "3.10", 50));
    assert_eq!(found(&[&bonus, &steps], &["30.00", "6.90"]), is("steps", "3.10", 5));
    assert_eq!(found(&[&steps], &["0.01"]), is("steps", "19.99", 5));
    assert_eq!(found(&[&bonus], &["30.00"]), None);
}

/// A cap that is full leaves nothing to gain, and a condition that fails besides leaves the threshold out of reach.
#[test]
fn nothing_is_promised_that_would_not_be_given() {
    let capped = json!([{"rule": {
        "id": "bonus", "when": {"basket": {"sum": {"at_least": "30.00"}}}, "fixed": "50",
        "caps": [{"id": "none", "per": "activity", "at_most": "0"}],
    }}]);
    assert_eq!(nearest_of(capped, &["26.90"]), None);
    let elsewhere = json!([
        {"rule": {"id": "base", "rate": "1"}},
        {"rule": {"id": "bonus", "fixed": "50", "when": {"all": [
            {"basket": {"sum": {"at_least": "30.00"}}}, {"store": {"is": "north"}},
        ]}}},
    ]);
    assert_eq!(nearest_of(elsewhere, &["26.90"]), None);
}
