//! Checks of conditions: what they name exists, and what they ask can be met at all.

use super::Check;
use crate::program::condition::{AttributeTest, Condition, LineCondition, NumberTest, TextTest};
use crate::program::document::AttributeKind;

impl Check<'_> {
    pub fn condition(&mut self, condition: &Condition, path: &str) {
        match condition {
            Condition::All(all) => self.conditions(all, &format!("{path}/all")),
            Condition::Any(any) => self.conditions(any, &format!("{path}/any")),
            Condition::Not(inner) => self.condition(inner, &format!("{path}/not")),
            Condition::Store(test) => self.text(test, &format!("{path}/store")),
            Condition::Partner(test) => self.text(test, &format!("{path}/partner")),
            Condition::Channel(test) => self.text(test, &format!("{path}/channel")),
            Condition::Coupons(_) => {}
            Condition::Attribute(test) => self.attribute_test(test, &format!("{path}/attribute")),
            Condition::Line(line) => self.line_condition(line, &format!("{path}/line")),
            Condition::Basket(test) => {
                self.basis(&test.basis, &format!("{path}/basket/basis"));
                self.number(&test.sum, &format!("{path}/basket/sum"));
                if let Some(lines) = &test.lines {
                    self.line_condition(lines, &format!("{path}/basket/lines"));
                }
            }
            Condition::Tier(test) => self.tier_test(test, &format!("{path}/tier")),
            Condition::Segment(test) => self.segment_test(test, &format!("{path}/segment")),
            Condition::MemberAttribute(test) => {
                self.member_attribute_test(test, &format!("{path}/member_attribute"));
            }
            Condition::BirthdayMonth(_) => {}
            Condition::Split(test) => self.split_test(test, &format!("{path}/split")),
            Condition::Dates(range) => {
                if range.from.zip(range.to).is_some_and(|(from, to)| from > to) {
                    self.empty_range(&format!("{path}/dates"));
                }
            }
            Condition::Counter(test) => self.counter_test(test, &format!("{path}/counter")),
            Condition::Nth(test) => self.nth_test(test, &format!("{path}/nth")),
            Condition::SinceLast(test) => self.since_last_test(test, &format!("{path}/since_last")),
            Condition::Weekday(days) => {
                if days.is_empty() {
                    self.empty_list(&format!("{path}/weekday"));
                }
            }
        }
    }

    fn conditions(&mut self, list: &[Condition], path: &str) {
        if list.is_empty() {
            self.empty_list(path);
        }
        for (index, one) in list.iter().enumerate() {
            self.condition(one, &format!("{path}/{index}"));
        }
    }

    pub fn line_condition(&mut self, condition: &LineCondition, path: &str) {
        match condition {
            LineCondition::All(all) => self.line_conditions(all, &format!("{path}/all")),
            LineCondition::Any(any) => self.line_conditions(any, &format!("{path}/any")),
            LineCondition::Not(inner) => self.line_condition(inner, &format!("{path}/not")),
            LineCondition::Sku(test) => self.text(test, &format!("{path}/sku")),
            LineCondition::Brand(test) => self.text(test, &format!("{path}/brand")),
            LineCondition::Unit(test) => self.text(test, &format!("{path}/unit")),
            LineCondition::Quantity(test) => self.number(test, &format!("{path}/quantity")),
            LineCondition::Attribute(test) => self.attribute_test(test, &format!("{path}/attribute")),
            LineCondition::Kind(_) | LineCondition::Category(_) | LineCondition::Tags(_) => {}
        }
    }

    fn line_conditions(&mut self, list: &[LineCondition], path: &str) {
        if list.is_empty() {
            self.empty_list(path);
        }
        for (index, one) in list.iter().enumerate() {
            self.line_condition(one, &format!("{path}/{index}"));
        }
    }

    fn text(&mut self, test: &TextTest, path: &str) {
        let empty = match test {
            TextTest::In(list) | TextTest::NotIn(list) => list.is_empty(),
            TextTest::StartsWith(starts) => starts.as_slice().is_empty(),
            TextTest::Is(_) | TextTest::Known(_) => false,
        };
        if empty {
            self.empty_list(path);
        }
    }

    pub fn number(&mut self, test: &NumberTest, path: &str) {
        if let NumberTest::Between(low, high) = test
            && low > high
        {
            self.empty_range(&format!("{path}/between"));
        }
    }

    fn attribute_test(&mut self, test: &AttributeTest, path: &str) {
        self.one_test(test, path);
        if let Some(kind) = self.attribute(&test.id, &format!("{path}/id")) {
            self.test_of_kind(test, kind, path);
        }
    }

    pub fn one_test(&mut self, test: &AttributeTest, path: &str) {
        let tests = [test.text.is_some(), test.number.is_some(), test.flag.is_some(), test.known.is_some()];
        if tests.iter().filter(|given| **given).count() != 1 {
            let message = "an attribute takes exactly one test".to_owned();
            self.problem("attribute_test", path, message, "give one of `text`, `number`, `flag`, `known`");
        }
    }

    /// The test has to fit the values that are declared.
    pub fn test_of_kind(&mut self, test: &AttributeTest, kind: AttributeKind, path: &str) {
        let wrong = match kind {
            AttributeKind::Text => test.number.is_some() || test.flag.is_some(),
            AttributeKind::Number => test.text.is_some() || test.flag.is_some(),
            AttributeKind::Flag => test.text.is_some() || test.number.is_some(),
        };
        if wrong {
            let message = format!("the test does not fit the values of `{}`", test.id);
            self.problem("attribute_kind", path, message, "test it as it is declared");
        }
        if let Some(text) = &test.text {
            self.text(text, &format!("{path}/text"));
        }
        if let Some(number) = &test.number {
            self.number(number, &format!("{path}/number"));
        }
    }
}
