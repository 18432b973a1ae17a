//! Checks of conditions: what they name exists, and what they ask can be met at all.

use super::Check;
use crate::id::AuthorId;
use crate::program::condition::{
    AttributeTest, BasketTest, Condition, DiscountTest, LineCondition, NumberTest, TenderTest, TextTest,
};
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
            Condition::Basket(test) => self.basket_test(test, &format!("{path}/basket")),
            Condition::Tender(test) => self.tender_test(test, &format!("{path}/tender")),
            Condition::Tier(test) => self.tier_test(test, &format!("{path}/tier")),
            Condition::Segment(test) => self.segment_test(test, &format!("{path}/segment")),
            Condition::MemberAttribute(test) => {
                self.member_attribute_test(test, &format!("{path}/member_attribute"));
            }
            Condition::BirthdayMonth(_) => {}
            Condition::Split(test) => self.split_test(test, &format!("{path}/split")),
            Condition::Dates(range) => self.dates(*range, &format!("{path}/dates")),
            Condition::Counter(test) => self.counter_test(test, &format!("{path}/counter")),
            Condition::Nth(test) => self.nth_test(test, &format!("{path}/nth")),
            Condition::SinceLast(test) => self.since_last_test(test, &format!("{path}/since_last")),
            Condition::Weekday(days) => self.some(days, &format!("{path}/weekday")),
            Condition::Hours(hours) => {
                if hours.from == hours.to {
                    self.empty_range(&format!("{path}/hours"));
                }
            }
            Condition::Holiday(id) => self.holiday_test(id, &format!("{path}/holiday")),
            Condition::Membership(test) => {
                let (number, unit) = test.parts();
                self.number(number, &format!("{path}/membership/{unit}"));
            }
        }
    }

    fn basket_test(&mut self, test: &BasketTest, path: &str) {
        self.basis(&test.basis, &format!("{path}/basis"));
        self.some(&test.kinds, &format!("{path}/kinds"));
        self.number(&test.sum, &format!("{path}/sum"));
        if let Some(lines) = &test.lines {
            self.line_condition(lines, &format!("{path}/lines"));
        }
    }

    fn tender_test(&mut self, test: &TenderTest, path: &str) {
        self.some(&test.kinds, &format!("{path}/kinds"));
        self.one_test(&[test.known.is_some(), test.amount.is_some(), test.share.is_some()], path, "a tender");
        for (name, number) in [("amount", &test.amount), ("share", &test.share)] {
            if let Some(number) = number {
                self.number(number, &format!("{path}/{name}"));
            }
        }
    }

    fn discount_test(&mut self, test: &DiscountTest, path: &str) {
        if let Some(funders) = &test.funders {
            self.some(funders, &format!("{path}/funders"));
        }
        self.one_test(&[test.known.is_some(), test.amount.is_some()], path, "a discount");
        if let Some(amount) = &test.amount {
            self.number(amount, &format!("{path}/amount"));
        }
    }

    fn holiday_test(&mut self, id: &AuthorId, path: &str) {
        if !self.document.holidays.iter().any(|list| list.id == *id) {
            let message = format!("there is no list of holidays `{id}`");
            self.problem("unknown_holidays", path, message, "declare it under `holidays` or correct the id");
        }
    }

    /// Exactly one of several tests is given.
    fn one_test(&mut self, given: &[bool], path: &str, what: &str) {
        if given.iter().filter(|given| **given).count() != 1 {
            let message = format!("{what} takes exactly one test");
            self.problem("one_test", path, message, "give one of the tests that the schema lists");
        }
    }

    fn some<T>(&mut self, list: &[T], path: &str) {
        if list.is_empty() {
            self.empty_list(path);
        }
    }

    fn conditions(&mut self, list: &[Condition], path: &str) {
        self.some(list, path);
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
            LineCondition::Value(test) => {
                self.basis(&test.basis, &format!("{path}/value/basis"));
                self.number(&test.number, &format!("{path}/value/number"));
            }
            LineCondition::Discount(test) => self.discount_test(test, &format!("{path}/discount")),
            LineCondition::Attribute(test) => self.attribute_test(test, &format!("{path}/attribute")),
            LineCondition::Kind(_) | LineCondition::Category(_) | LineCondition::Tags(_) => {}
        }
    }

    fn line_conditions(&mut self, list: &[LineCondition], path: &str) {
        self.some(list, path);
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
        self.one_attribute_test(test, path);
        if let Some(kind) = self.attribute(&test.id, &format!("{path}/id")) {
            self.test_of_kind(test, kind, path);
        }
    }

    pub fn one_attribute_test(&mut self, test: &AttributeTest, path: &str) {
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
