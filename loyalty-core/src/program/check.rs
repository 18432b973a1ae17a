//! What a document must satisfy beyond its form; all problems at once.

mod earning;
mod tiers;

use std::collections::HashSet;

use super::condition::{AttributeTest, Condition, LineCondition, NumberTest, TextTest};
use super::document::{AttributeKind, Basis, Counted, Document};
use crate::id::AuthorId;
use crate::problem::Problem;
use crate::time::Span;
use crate::zone::InvalidZone;

/// All problems of a document that has the right form.
pub fn problems(document: &Document) -> Vec<Problem> {
    let mut check = Check { document, found: Vec::new() };
    check.header();
    check.currencies();
    check.unique("/attributes", document.attributes.iter().map(|a| &a.id));
    check.counters();
    check.tiers();
    check.earning();
    check.returns();
    check.found
}

struct Check<'a> {
    document: &'a Document,
    found: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn problem(&mut self, code: &'static str, path: impl Into<String>, message: String, help: &str) {
        self.found.push(Problem::new(code, path, message, help));
    }

    fn header(&mut self) {
        let document = self.document;
        if document.format != 1 {
            let message = format!("format `{}` is not known", document.format);
            self.problem("unknown_format", "/format", message, "write 1");
        }
        if document.name.is_empty() || document.name.len() > 200 {
            self.problem(
                "wrong_length",
                "/name",
                "the name must have 1 to 200 bytes".into(),
                "shorten the name",
            );
        }
        if document.money.len() != 3 || !document.money.bytes().all(|b| b.is_ascii_uppercase()) {
            let message = format!("`{}` is no currency of money", document.money);
            self.problem("unknown_money", "/money", message, "use an ISO 4217 code such as `EUR`");
        }
        match document.zone.check() {
            Ok(()) => {}
            Err(InvalidZone::NotExpanded) => {
                let message = format!("the zone `{}` has no offsets yet", document.zone.name);
                self.problem("zone_not_expanded", "/zone", message, "publish the draft, which fills them in");
            }
            Err(InvalidZone::Offset) => {
                let message = "an offset is a day or more".to_owned();
                self.problem("zone_offset", "/zone", message, "offsets are seconds east of Greenwich");
            }
            Err(InvalidZone::Order) => {
                let message = "the changes do not ascend".to_owned();
                self.problem("zone_order", "/zone/changes", message, "order them by instant");
            }
            Err(InvalidZone::Range) => {
                let message = "a change lies outside the years 1970 to 2100".to_owned();
                self.problem("zone_range", "/zone/changes", message, "drop it: no activity lies there");
            }
        }
    }

    fn currencies(&mut self) {
        let currencies = &self.document.currencies;
        if currencies.is_empty() || currencies.len() > 16 {
            let message = format!("a program has 1 to 16 currencies, not {}", currencies.len());
            self.problem("wrong_length", "/currencies", message, "declare what members earn");
        }
        self.unique("/currencies", currencies.iter().map(|c| &c.id));
        for (index, currency) in currencies.iter().enumerate() {
            if currency.scale > 4 {
                let message = format!("scale {} is more than 4 decimals", currency.scale);
                self.problem("scale_too_fine", format!("/currencies/{index}/scale"), message, "use 0 to 4");
            }
            if let Some(expiry) = &currency.expiry {
                self.span(expiry.after, &format!("/currencies/{index}/expiry/after"));
            }
        }
    }

    fn counters(&mut self) {
        self.unique("/counters", self.document.counters.iter().map(|c| &c.id));
        for (index, counter) in self.document.counters.iter().enumerate() {
            let path = format!("/counters/{index}/counts");
            match &counter.counts {
                Counted::Earned(currency) => self.currency_exists(currency, &format!("{path}/earned")),
                Counted::Spend(basis) => self.basis(basis, &format!("{path}/spend")),
                Counted::Purchases => {}
            }
        }
    }

    fn returns(&mut self) {
        if let Some(within) = self.document.returns.within {
            self.span(within, "/returns/within");
        }
    }

    fn span(&mut self, span: Span, path: &str) {
        let (length, unit, most) = span.parts();
        if !(1..=most).contains(&length) {
            let message = format!("a span of `{length}` {unit} is outside 1 to {most}");
            let help = "correct the span, or leave it out where nothing is to end";
            self.problem("span_range", format!("{path}/{unit}"), message, help);
        }
    }

    /// Ids are said once in their kind.
    fn unique(&mut self, list: &str, ids: impl Iterator<Item = &'a AuthorId>) {
        let mut seen = HashSet::new();
        for (index, id) in ids.enumerate() {
            if !seen.insert(id) {
                self.duplicate(id, format!("{list}/{index}/id"));
            }
        }
    }

    fn duplicate(&mut self, id: &AuthorId, path: String) {
        self.problem("duplicate_id", path, format!("the id `{id}` is used twice"), "give each its own id");
    }

    fn currency_exists(&mut self, id: &AuthorId, path: &str) {
        if !self.document.currencies.iter().any(|c| c.id == *id) {
            let message = format!("there is no currency `{id}`");
            self.problem(
                "unknown_currency",
                path,
                message,
                "declare it under `currencies` or correct the id",
            );
        }
    }

    fn attribute(&mut self, id: &AuthorId, path: &str) -> Option<AttributeKind> {
        let declared = self.document.attributes.iter().find(|a| a.id == *id).map(|a| a.values);
        if declared.is_none() {
            let message = format!("the attribute `{id}` is not declared");
            self.problem("unknown_attribute", path, message, "declare it under `attributes`");
        }
        declared
    }

    fn basis(&mut self, basis: &Basis, path: &str) {
        if let Basis::Attribute(id) = basis
            && let Some(kind) = self.attribute(id, &format!("{path}/attribute"))
            && kind != AttributeKind::Number
        {
            let message = format!("the attribute `{id}` is not a number");
            self.problem("attribute_kind", path, message, "declare it with `\"values\": \"number\"`");
        }
    }

    fn condition(&mut self, condition: &Condition, path: &str) {
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
            Condition::Dates(range) => {
                if range.from.zip(range.to).is_some_and(|(from, to)| from > to) {
                    self.empty_range(&format!("{path}/dates"));
                }
            }
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

    fn line_condition(&mut self, condition: &LineCondition, path: &str) {
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

    fn number(&mut self, test: &NumberTest, path: &str) {
        if let NumberTest::Between(low, high) = test
            && low > high
        {
            self.empty_range(&format!("{path}/between"));
        }
    }

    fn attribute_test(&mut self, test: &AttributeTest, path: &str) {
        let tests = [test.text.is_some(), test.number.is_some(), test.flag.is_some(), test.known.is_some()];
        if tests.iter().filter(|given| **given).count() != 1 {
            let message = "an attribute takes exactly one test".to_owned();
            self.problem("attribute_test", path, message, "give one of `text`, `number`, `flag`, `known`");
        }
        let Some(kind) = self.attribute(&test.id, &format!("{path}/id")) else { return };
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

    fn empty_list(&mut self, path: &str) {
        self.problem(
            "empty_list",
            path,
            "the list is empty, so it can never be met".into(),
            "name at least one",
        );
    }

    fn empty_range(&mut self, path: &str) {
        self.problem("empty_range", path, "the range ends before it begins".into(), "swap its ends");
    }
}
