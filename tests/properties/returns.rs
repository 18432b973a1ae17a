//! Returns have no path: what is kept alone decides what is left.

use std::sync::Arc;

use loyalty_core::activity::{Activity, Purchase, Return, ReturnLine};
use loyalty_core::adjustment::Adjust;
use loyalty_core::decision::Command;
use loyalty_core::id::{ActivityId, ActorId};
use loyalty_core::member::MemberState;
use loyalty_core::money::{Money, Quantity};
use loyalty_core::points::Points;
use loyalty_core::program::document::{Document, ReturnMethod};
use loyalty_model::generate::case;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::{Real, cases, in_some_order};

/// A part of a purchase: a quarter of a line's units, or so many hundredths given back without goods.
#[derive(Debug, Clone)]
enum Part {
    Quarter(Index),
    Hundredths(i128),
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = prop_oneof![
        5 => any::<Index>().prop_map(Part::Quarter),
        1 => (1_i128..300).prop_map(Part::Hundredths),
    ];
    vec(part, 2..7)
}

/// The newest purchase with lines that was recorded, and the number of what was recorded up to it.
fn newest(told: &[Activity], recorded: &[bool]) -> Option<(Purchase, usize)> {
    let all = told.iter().zip(recorded).enumerate();
    let mut purchases = all.filter_map(|(index, (activity, recorded))| match activity {
        Activity::Purchase(purchase) if *recorded && !purchase.lines.is_empty() => {
            Some((purchase.clone(), index))
        }
        _ => None,
    });
    purchases.next_back()
}

/// The return of a part; none where a quarter of the line is nothing, or the line has had its four.
fn brought_back(purchase: &Purchase, part: &Part, number: usize, taken: &mut [u8]) -> Option<Activity> {
    let (mut lines, mut amount) = (Vec::new(), None);
    match part {
        Part::Quarter(which) => {
            let line = which.index(purchase.lines.len());
            let quarter = purchase.lines[line].quantity.unwrap_or(Quantity::ONE).units() / 4;
            taken[line] += 1;
            if quarter == 0 || taken[line] > 4 {
                return None;
            }
            let number = u16::try_from(line + 1).expect("a few lines");
            lines.push(ReturnLine {
                line: Some(number),
                sku: None,
                quantity: Some(Quantity::from_units(quarter)),
            });
        }
        Part::Hundredths(hundredths) => amount = Some(Money::from_units(hundredths * 100)),
    }
    Some(Activity::Return(Return {
        id: ActivityId::new(&format!("back-{number}")).expect("an id"),
        occurred_at: purchase.occurred_at,
        of: Some(purchase.id.clone()),
        lines,
        amount,
    }))
}

/// What is left after a history and returns of its newest purchase; none where one of them was refused.
///
/// Before them some points of each currency are taken by hand, in hundredths of what is there.
fn left(document: &Document, told: &[Activity], gone: i64, back: &[Activity]) -> Option<MemberState> {
    let real = Real::new(document);
    for activity in told {
        let _ = real.record(activity);
    }
    for (number, balance) in real.state()?.balances.iter().enumerate() {
        let points = Points::new(-balance.available().unwrap().minor() * gone / 100).unwrap();
        let (key, currency) = (ActivityId::new(&format!("gone-{number}")).unwrap(), balance.currency.clone());
        let (reason, actor) = ("gone".to_owned(), ActorId::new("ann").unwrap());
        let adjust = Adjust { key, currency, points, reason, actor };
        let at = real.state()?.settled_to.plus_micros(1);
        let _ = real.execute(Command::Adjust(Arc::new(adjust)), at);
    }
    for activity in back {
        real.record(activity).ok()?;
    }
    real.state()
}

/// The same program without budgets.
fn without_budgets(document: &Document) -> Document {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| name != "budget" && name != "budgets");
                fields.values_mut().for_each(strip);
            }
            Value::Array(entries) => entries.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(document).expect("a document is JSON");
    strip(&mut value);
    serde_json::from_value(value).expect("still a document")
}

/// What may not depend on the path: all but when levels changed, in which order counters began, and whether what
/// came back in a slot, or was given for a goal, was never anything or is nothing again.
fn compared(state: MemberState) -> MemberState {
    let mut returned = state.returned;
    returned.iter_mut().for_each(|counter| counter.slots.retain(|slot| slot.amount != 0));
    returned.retain(|counter| !counter.slots.is_empty());
    returned.sort_by(|one, other| one.id.cmp(&other.id));
    let mut tiers = state.tiers;
    for tier in &mut tiers {
        tier.past.clear();
        tier.status.since = state.enrolled_at;
    }
    let mut goal_grants = state.goal_grants;
    goal_grants.retain(|grant| !grant.is_taken());
    MemberState { tiers, goal_grants, returned, ..state }
}

proptest! {
    #![proptest_config(cases(800))]

    /// Whatever the order in which the same parts of a purchase come back, balances, what waits, counters and caps
    /// are the same. What a budget got back may have gone to others by then, so there are none.
    #[test]
    fn returns_have_no_path(
        (document, history) in case(5),
        rerate in any::<bool>(),
        parts in parts(),
        turn in any::<Index>(),
        gone in prop_oneof![Just(0_i64), 1_i64..=100],
        order in 0_u8..9,
    ) {
        let mut document = in_some_order(document, order);
        document.returns.method = if rerate { ReturnMethod::Rerate } else { ReturnMethod::Proportional };
        document = without_budgets(&document);
        let real = Real::new(&document);
        let recorded: Vec<bool> = history.iter().map(|activity| real.record(activity).is_ok()).collect();
        let Some((purchase, at)) = newest(&history, &recorded) else { return Ok(()) };
        let told = &history[..=at];
        let mut taken = vec![0; purchase.lines.len()];
        let back = parts.iter().enumerate();
        let mut back: Vec<Activity> =
            back.filter_map(|(number, part)| brought_back(&purchase, part, number, &mut taken)).collect();
        let Some(one_way) = left(&document, told, gone, &back) else { return Ok(()) };
        back.reverse();
        if !back.is_empty() {
            let middle = turn.index(back.len());
            back.rotate_left(middle);
        }
        let Some(other_way) = left(&document, told, gone, &back) else { return Ok(()) };
        prop_assert_eq!(compared(one_way), compared(other_way));
    }
}
