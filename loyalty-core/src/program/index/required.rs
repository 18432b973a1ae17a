//! What a rule requires: texts that an activity must hold, and the least or most that something may measure.
//!
//! Only what follows from the rule for certain counts, so that no matching rule is ever left out; a condition that
//! is not read here requires nothing.

use serde::Serialize;

use crate::id::AuthorId;
use crate::money::Quantity;
use crate::program::condition::{
    AttributeTest, BasketTest, Condition, LineCondition, ListTest, NumberTest, PathTest, TextTest,
};
use crate::program::document::{Basis, Rule, Trigger};

/// A text that an activity or one of its lines holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key<'d> {
    /// A line's article.
    Sku(&'d str),
    /// A text attribute of a line.
    LineAttribute(&'d AuthorId, &'d str),
    /// A line's mark.
    Tag(&'d str),
    /// The beginning of a line's category path.
    Category(&'d [String]),
    /// A line's brand.
    Brand(&'d str),
    /// A line's unit.
    Unit(&'d str),
    /// A coupon handed in.
    Coupon(&'d str),
    /// A text attribute of the activity.
    Attribute(&'d AuthorId, &'d str),
    /// The store.
    Store(&'d str),
    /// The partner.
    Partner(&'d str),
    /// The channel.
    Channel(&'d str),
    /// The name of a custom event.
    Event(&'d AuthorId),
}

/// Keys of which a matching activity holds at least one.
#[derive(Debug, Clone)]
pub struct AnyOf<'d> {
    /// The keys.
    pub keys: Vec<Key<'d>>,
    /// Whether every line that the rule counts holds one of them.
    pub each_line: bool,
}

/// What is compared with a bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Measure {
    /// A basis of the line that holds the key.
    Line(Basis),
    /// The sum that the test is of; what it must be is left out, so that tests of one sum are one measure.
    Basket(BasketTest),
}

/// The least, or the most, that a measure may be where a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What is measured.
    pub measure: Measure,
    /// Whether the limit is the most rather than the least.
    pub most: bool,
    /// The limit.
    pub limit: Quantity,
}

/// Everything that a rule requires.
pub struct Required<'d> {
    /// Each of these, of which the index uses one.
    pub keys: Vec<AnyOf<'d>>,
    /// A bound on the lines that the rule counts.
    pub of_line: Option<Bound>,
    /// A bound on the activity.
    pub of_activity: Option<Bound>,
}

impl<'d> Required<'d> {
    /// What a rule requires.
    pub fn of(rule: &'d Rule) -> Self {
        let mut keys = Vec::new();
        if let Trigger::Event(name) = &rule.on {
            keys.push(AnyOf { keys: vec![Key::Event(name)], each_line: false });
        }
        if let Some(lines) = &rule.lines {
            keys.extend(of_line(lines).into_iter().map(|keys| AnyOf { keys, each_line: true }));
        }
        if let Some(when) = &rule.when {
            keys.extend(of_activity(when).into_iter().map(|keys| AnyOf { keys, each_line: false }));
        }
        let of_line = rule.lines.as_ref().and_then(line_bound);
        Self { keys, of_line, of_activity: rule.when.as_ref().and_then(activity_bound) }
    }
}

/// Lists of keys; an activity that satisfies the condition holds one of each list.
fn of_activity(condition: &Condition) -> Vec<Vec<Key<'_>>> {
    match condition {
        Condition::All(all) => all.iter().flat_map(of_activity).collect(),
        Condition::Any(any) => one_of_each(any.iter().map(of_activity)),
        Condition::Store(test) => texts(test, Key::Store),
        Condition::Partner(test) => texts(test, Key::Partner),
        Condition::Channel(test) => texts(test, Key::Channel),
        Condition::Coupons(ListTest::Has(wanted)) => vec![vec![Key::Coupon(wanted)]],
        Condition::Attribute(AttributeTest { id, text: Some(test), .. }) => {
            texts(test, |text| Key::Attribute(id, text))
        }
        Condition::Line(line) => of_line(line),
        Condition::Basket(test) if !holds_for_nothing(&test.sum) => {
            test.lines.as_ref().map(of_line).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Lists of keys; a line that satisfies the condition holds one of each list.
fn of_line(condition: &LineCondition) -> Vec<Vec<Key<'_>>> {
    match condition {
        LineCondition::All(all) => all.iter().flat_map(of_line).collect(),
        LineCondition::Any(any) => one_of_each(any.iter().map(of_line)),
        LineCondition::Sku(test) => texts(test, Key::Sku),
        LineCondition::Brand(test) => texts(test, Key::Brand),
        LineCondition::Unit(test) => texts(test, Key::Unit),
        LineCondition::Tags(ListTest::Has(wanted)) => vec![vec![Key::Tag(wanted)]],
        LineCondition::Category(PathTest::Under(path)) if !path.is_empty() => {
            vec![vec![Key::Category(path)]]
        }
        LineCondition::Attribute(AttributeTest { id, text: Some(test), .. }) => {
            texts(test, |text| Key::LineAttribute(id, text))
        }
        _ => Vec::new(),
    }
}

fn texts<'d>(test: &'d TextTest, key: impl Fn(&'d str) -> Key<'d>) -> Vec<Vec<Key<'d>>> {
    match test {
        TextTest::Is(wanted) => vec![vec![key(wanted)]],
        TextTest::In(list) => vec![list.iter().map(|text| key(text)).collect()],
        TextTest::NotIn(_) | TextTest::StartsWith(_) | TextTest::Known(_) => Vec::new(),
    }
}

/// Of alternatives, each of which requires something: the shortest list of each, joined.
fn one_of_each<'d>(alternatives: impl Iterator<Item = Vec<Vec<Key<'d>>>>) -> Vec<Vec<Key<'d>>> {
    let mut joined = Vec::new();
    for lists in alternatives {
        let Some(shortest) = lists.into_iter().min_by_key(Vec::len) else { return Vec::new() };
        joined.extend(shortest);
    }
    vec![joined]
}

/// Whether a sum over no lines would do.
fn holds_for_nothing(test: &NumberTest) -> bool {
    let zero = Quantity::ZERO;
    match test {
        NumberTest::Is(wanted) => *wanted == zero,
        NumberTest::AtLeast(least) => *least <= zero,
        NumberTest::AtMost(most) => *most >= zero,
        NumberTest::Between(low, high) => *low <= zero && zero <= *high,
    }
}

fn activity_bound(condition: &Condition) -> Option<Bound> {
    match condition {
        Condition::All(all) => all.iter().find_map(activity_bound),
        Condition::Basket(test) => {
            let any = NumberTest::AtLeast(Quantity::ZERO);
            Some(bound(Measure::Basket(BasketTest { sum: any, ..test.clone() }), &test.sum))
        }
        _ => None,
    }
}

fn line_bound(condition: &LineCondition) -> Option<Bound> {
    match condition {
        LineCondition::All(all) => all.iter().find_map(line_bound),
        LineCondition::Quantity(test) => Some(bound(Measure::Line(Basis::Quantity), test)),
        LineCondition::Value(test) => Some(bound(Measure::Line(test.basis.clone()), &test.number)),
        LineCondition::Attribute(AttributeTest { id, number: Some(test), .. }) => {
            Some(bound(Measure::Line(Basis::Attribute(id.clone())), test))
        }
        _ => None,
    }
}

const fn bound(measure: Measure, test: &NumberTest) -> Bound {
    let (most, limit) = match test {
        NumberTest::Is(limit) | NumberTest::AtLeast(limit) | NumberTest::Between(limit, _) => (false, *limit),
        NumberTest::AtMost(limit) => (true, *limit),
    };
    Bound { measure, most, limit }
}
