//! What a proof says that a little more would have earned is what a little more earns, and nothing less does.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::{Activity, Line, Purchase};
use loyalty_core::decision::{Command, Nearest};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::program::document::{
    Basis, Document, Earning, Group, GroupMember, PerFull, Rule, StepsOf, Trigger,
};
use loyalty_model::generate::case;
use pollster::block_on;
use proptest::prelude::*;

use super::{Real, cases, now};

/// The smallest coin of the programs' money.
const CENT: i128 = 100;

/// The purchase with a line at a higher price; `None` where no amount of money can say it.
fn dearer(purchase: &Purchase, line: usize, more: i128) -> Option<Purchase> {
    let mut purchase = purchase.clone();
    let raised = &mut purchase.lines[line];
    let plus = |price: Money| Money::from_units(price.units() + more);
    let units = raised.quantity.map_or(1_000_000, |quantity| quantity.units());
    *raised = match (raised.gross, raised.unit_price, raised.net_of_store) {
        (Some(gross), ..) => Line { gross: Some(plus(gross)), ..raised.clone() },
        (_, Some(each), _) if each.units() * units % 1_000_000 == 0 => {
            let gross = Money::from_units(each.units() * units / 1_000_000);
            Line { gross: Some(plus(gross)), unit_price: None, ..raised.clone() }
        }
        (_, _, Some(net)) => Line { net_of_store: Some(plus(net)), ..raised.clone() },
        _ => return None,
    };
    Some(purchase)
}

/// Minor units by currency.
type Given = BTreeMap<String, i64>;

/// What a purchase would earn now, by currency, and what a little more of it would.
fn preview(real: &Real, purchase: &Purchase) -> Option<(Given, Option<Nearest>)> {
    let command = Command::Record(Arc::new(Activity::Purchase(purchase.clone())));
    let preview = block_on(real.engine.preview(&real.tenant, &real.member, &command, now())).ok()?;
    let mut points = Given::new();
    for award in preview.decision.operation.awards {
        *points.entry(award.currency.to_string()).or_default() += award.points.minor();
    }
    Some((points, preview.nearest))
}

fn points(given: &Given, currency: &str) -> i64 {
    given.get(currency).copied().unwrap_or(0)
}

/// What a purchase is worth under a program that the member has not used: what it gives and the nearest more.
fn fresh(document: &Document, purchase: &Purchase) -> Option<(Real, Given, Option<Nearest>)> {
    let real = Real::new(&without_budgets(document));
    let (given, nearest) = preview(&real, purchase)?;
    Some((real, given, nearest))
}

/// What a budget would give that the purchase itself draws nothing on, nobody has read: that is not promised.
fn without_budgets(document: &Document) -> Document {
    let mut document = document.clone();
    document.budgets.clear();
    for earning in &mut document.earning {
        earning.budget = None;
        for group in &mut earning.groups {
            group.budget = None;
            for member in &mut group.members {
                if let GroupMember::Rule(rule) = member {
                    rule.budget = None;
                }
            }
        }
    }
    document
}

/// The promise is kept, and a cent less earns less.
fn is_kept(real: &Real, purchase: &Purchase, given: &Given, nearest: &Nearest) {
    let currency = nearest.currency.as_str();
    let earned = |more: i128| {
        let purchase = dearer(purchase, nearest.line - 1, more).expect("a price");
        points(&preview(real, &purchase).expect("a preview").0, currency)
    };
    let more = nearest.more.units();
    assert_eq!(earned(more) - points(given, currency), nearest.earns.minor(), "{nearest:?}");
    assert!(nearest.earns.is_positive() && earned(more - CENT) < earned(more), "{nearest:?}");
}

/// A program's rules without what depends on every cent and without lines that begin to count: only thresholds and
/// full steps of money are left.
fn stepped(document: Document) -> Document {
    let mut document = serde_json::to_value(document).expect("a document");
    without_values(&mut document);
    let mut document: Document = serde_json::from_value(document).expect("a document");
    for Earning { groups, after, .. } in &mut document.earning {
        groups.iter_mut().for_each(stepped_group);
        after.iter_mut().for_each(stepped_rule);
    }
    document
}

/// Asks for another article wherever a line is asked for its value.
fn without_values(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(fields) => {
            if fields.len() == 1 && fields.get("value").is_some_and(|test| test.get("number").is_some()) {
                *json = serde_json::json!({"sku": {"is": "no such article"}});
            } else {
                fields.values_mut().for_each(without_values);
            }
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(without_values),
        _ => {}
    }
}

fn stepped_group(group: &mut Group) {
    for member in &mut group.members {
        match member {
            GroupMember::Rule(rule) => stepped_rule(rule),
            GroupMember::Group(inner) => stepped_group(inner),
        }
    }
}

fn stepped_rule(rule: &mut Rule) {
    if rule.on != Trigger::Purchase {
        return;
    }
    if rule.rate.take().is_some() {
        let [step, points] = ["7.35", "3"].map(|text| Quantity::parse(text).unwrap());
        rule.per_full = Some(PerFull { step, points, of: StepsOf::Sum });
        rule.round = None;
    }
    if rule.fixed.is_none() && !rule.basis.is_money() {
        rule.basis = Basis::NetPaid;
        (rule.basis_at_least, rule.basis_at_most) = (None, None);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// Whatever a program says, the purchase earns what is promised.
    #[test]
    fn a_little_more_earns_what_is_promised((document, history) in case(4)) {
        for activity in &history {
            let Activity::Purchase(purchase) = activity else { continue };
            let Some((real, given, Some(nearest))) = fresh(&document, purchase) else { continue };
            is_kept(&real, purchase, &given, &nearest);
        }
    }

    /// Where only thresholds and full steps give anything, nothing nearer earns more, on any line: not a cent less,
    /// and no other amount.
    #[test]
    fn nothing_nearer_earns_more(
        (document, history) in case(4).prop_map(|(document, history)| (stepped(document), history)),
        parts in proptest::collection::vec(0_i128..1_000, 4),
    ) {
        for activity in &history {
            let Activity::Purchase(purchase) = activity else { continue };
            let Some((real, given, Some(nearest))) = fresh(&document, purchase) else { continue };
            is_kept(&real, purchase, &given, &nearest);
            let last = nearest.more.units() / CENT - 1;
            let between = parts.iter().map(|part| last * part / 1_000);
            for cents in between.chain([last]).filter(|cents| *cents > 0) {
                for line in 0..purchase.lines.len() {
                    let Some(other) = dearer(purchase, line, cents * CENT) else { continue };
                    let Some((earned, _)) = preview(&real, &other) else { continue };
                    let more = earned.iter().any(|(currency, now)| *now > points(&given, currency));
                    prop_assert!(!more, "{cents} cents on line {line}, {nearest:?}");
                }
            }
        }
    }
}
