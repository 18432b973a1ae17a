//! Whether a condition holds.

mod moment;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use loyalty_core::activity::{Activity, Attribute, AttributeValue, Line, Tender};
use loyalty_core::program::condition::{
    AttributeTest, BasketTest, Condition, DiscountTest, LineCondition, ListTest, NthTest, NumberTest,
    PathTest, SinceLastTest, TenderTest, TextTest,
};
use loyalty_core::program::document::{AttributeKind, Document};
use sha2::{Digest, Sha256};

use crate::basis::{basis_of, taken_off, units};
use crate::calendar::Calendar;
use crate::history::Before;
use crate::number::{Exact, exact, parse, whole};

/// A member, and what the member store says.
#[derive(Debug, Clone)]
pub struct Who {
    /// The member's id.
    pub member: String,
    /// What is known.
    pub told: loyalty_core::facts::Facts,
}

/// What a condition may look at.
pub struct Facts<'a> {
    /// What happened.
    pub activity: &'a Activity,
    /// The program.
    pub document: &'a Document,
    /// Its calendar.
    pub calendar: &'a Calendar,
    /// The date that cuts its windows.
    pub date: NaiveDate,
    /// The date on which the member enrolled.
    pub enrolled_on: NaiveDate,
    /// The level held before, by track.
    pub levels: &'a BTreeMap<String, String>,
    /// Whose it is, and what is known of them.
    pub who: &'a Who,
    /// What the member did before.
    pub before: &'a Before<'a>,
}

impl<'a> Facts<'a> {
    /// The lines of a purchase; none of anything else.
    pub fn lines(&self) -> &'a [Line] {
        match self.activity {
            Activity::Purchase(purchase) => &purchase.lines,
            _ => &[],
        }
    }

    /// How a purchase was paid.
    pub fn tenders(&self) -> &'a [Tender] {
        match self.activity {
            Activity::Purchase(purchase) => &purchase.tenders,
            _ => &[],
        }
    }

    /// The attributes of the activity itself.
    pub fn attributes(&self) -> &'a [Attribute] {
        match self.activity {
            Activity::Purchase(purchase) => &purchase.attributes,
            Activity::Event(event) => &event.attributes,
            Activity::Enrol(enrolment) => &enrolment.attributes,
            _ => &[],
        }
    }

    /// What is known of the member's attributes: a value that does not fit its declaration is not.
    fn member_attributes(&self) -> Vec<Attribute> {
        let declared = &self.before.document.member_attributes;
        let fits = |given: &&Attribute| {
            declared.iter().filter(|it| it.id.as_str() == given.name).any(|it| {
                match (it.values, &given.value) {
                    (AttributeKind::Text, AttributeValue::Text(_))
                    | (AttributeKind::Flag, AttributeValue::Flag(_)) => true,
                    (AttributeKind::Number, AttributeValue::Text(text)) => parse(text).is_some(),
                    _ => false,
                }
            })
        };
        self.who.told.attributes.iter().filter(fits).cloned().collect()
    }

    /// Whether `condition` holds.
    pub fn hold(&self, condition: &Condition) -> bool {
        let purchase = match self.activity {
            Activity::Purchase(purchase) => Some(purchase),
            _ => None,
        };
        match condition {
            Condition::All(all) => all.iter().all(|each| self.hold(each)),
            Condition::Any(any) => any.iter().any(|each| self.hold(each)),
            Condition::Not(not) => !self.hold(not),
            Condition::Store(test) => text(test, purchase.and_then(|p| p.store.as_deref())),
            Condition::Partner(test) => text(test, purchase.and_then(|p| p.partner.as_deref())),
            Condition::Channel(test) => text(test, purchase.and_then(|p| p.channel.as_deref())),
            Condition::Coupons(test) => list(test, purchase.map_or(&[], |p| &p.coupons)),
            Condition::Attribute(test) => attribute(test, self.attributes()),
            Condition::Line(test) => self.lines().iter().any(|line| line_fits(test, line)),
            Condition::Basket(test) => self.basket(test),
            Condition::Tier(test) => {
                let held = self.levels.get(test.track.as_str());
                test.level.iter().any(|level| held.is_some_and(|held| held == level.as_str()))
            }
            Condition::Segment(test) => {
                test.any_of.iter().any(|one| self.who.told.segments.iter().any(|has| has == one))
            }
            Condition::MemberAttribute(test) => attribute(test, &self.member_attributes()),
            Condition::BirthdayMonth(wanted) => self.who.told.birthday.is_some_and(|birthday| {
                let text = birthday.to_string();
                let month = &text[text.len() - 5..text.len() - 3];
                (month == self.date.format("%m").to_string()) == *wanted
            }),
            Condition::Split(test) => {
                let part = part(&format!("split/{}/{}", test.id, self.who.member));
                whole(i64::from(test.from)) <= part && part < whole(i64::from(test.below))
            }
            Condition::Counter(test) => number(&test.value, &self.before.counter(&test.id)),
            Condition::Nth(test) => self.nth(test),
            Condition::SinceLast(test) => self.since_last(test),
            Condition::Tender(test) => tender(test, purchase.map_or(&[], |p| &p.tenders)),
            Condition::Dates(range) => moment::within(range, self.date),
            Condition::Weekday(days) => moment::on_weekday(days, self.date),
            Condition::Hours(hours) => {
                moment::at_hours(hours, self.calendar.minute_of_day(self.activity.occurred_at()))
            }
            Condition::Holiday(id) => moment::on_holiday(self.document, id, self.date),
            Condition::Membership(test) => moment::for_long(test, self.enrolled_on, self.date),
        }
    }

    /// The activity counts, its number is one of those asked for, and the window never held as many.
    fn nth(&self, test: &NthTest) -> bool {
        let counter = self.before.named(&test.counter);
        let Some(number) = self.before.number_of(counter, self) else { return false };
        let asked = test.is.map_or_else(
            || (1..=1_000).any(|times| number == whole(times * i64::from(test.every.unwrap_or(0)))),
            |nth| number == whole(i64::from(nth)),
        );
        asked && self.before.reached(counter).is_none_or(|reached| reached < number)
    }

    fn since_last(&self, test: &SinceLastTest) -> bool {
        let last = self.before.last(&test.counter);
        if let Some(known) = test.known {
            return known == last.is_some();
        }
        let Some(last) = last else { return false };
        let now = self.before.now.at;
        let micros = || whole((now - last).num_microseconds().expect("a few years"));
        let days = || {
            let date = |at| self.before.calendar.date_at(at);
            whole((date(now) - date(last)).num_days())
        };
        let minute = whole(60_000_000);
        test.days.as_ref().is_some_and(|test| number(test, &days()))
            || test.hours.as_ref().is_some_and(|test| number(test, &(micros() / &minute / whole(60))))
            || test.minutes.as_ref().is_some_and(|test| number(test, &(micros() / &minute)))
    }

    fn basket(&self, test: &BasketTest) -> bool {
        let items = self.lines().iter().filter(|line| test.kinds.contains(&line.kind));
        let fitting = items.filter(|line| test.lines.as_ref().is_none_or(|lines| line_fits(lines, line)));
        let sum =
            fitting.filter_map(|line| basis_of(line, &test.basis)).fold(whole(0), |sum, value| sum + value);
        number(&test.sum, &sum)
    }
}

/// Whether a line satisfies `condition`.
pub fn line_fits(condition: &LineCondition, line: &Line) -> bool {
    match condition {
        LineCondition::All(all) => all.iter().all(|each| line_fits(each, line)),
        LineCondition::Any(any) => any.iter().any(|each| line_fits(each, line)),
        LineCondition::Not(not) => !line_fits(not, line),
        LineCondition::Kind(kind) => line.kind == *kind,
        LineCondition::Sku(test) => text(test, line.sku.as_deref()),
        LineCondition::Category(PathTest::Under(path)) => line.category.starts_with(path),
        LineCondition::Category(PathTest::Known(known)) => line.category.is_empty() != *known,
        LineCondition::Brand(test) => text(test, line.brand.as_deref()),
        LineCondition::Tags(test) => list(test, &line.tags),
        LineCondition::Quantity(test) => number(test, &units(line)),
        LineCondition::Unit(test) => text(test, line.unit.as_deref()),
        LineCondition::Value(test) => {
            basis_of(line, &test.basis).is_some_and(|value| number(&test.number, &value))
        }
        LineCondition::Discount(test) => discount(test, line),
        LineCondition::Attribute(test) => attribute(test, &line.attributes),
    }
}

/// The first 64 bits of a text's SHA-256, modulo 10,000.
fn part(text: &str) -> Exact {
    let first = &Sha256::digest(text)[..8];
    let mut part = 0;
    for byte in first {
        part = (part * 256 + i64::from(*byte)) % 10_000;
    }
    whole(part)
}

fn text(test: &TextTest, value: Option<&str>) -> bool {
    match (test, value) {
        (TextTest::Known(known), _) => value.is_some() == *known,
        (TextTest::NotIn(_), None) => true,
        (TextTest::NotIn(texts), Some(value)) => !texts.iter().any(|text| text == value),
        (_, None) => false,
        (TextTest::Is(text), Some(value)) => text == value,
        (TextTest::In(texts), Some(value)) => texts.iter().any(|text| text == value),
        (TextTest::StartsWith(starts), Some(value)) => {
            starts.as_slice().iter().any(|start| value.starts_with(start.as_str()))
        }
    }
}

fn list(test: &ListTest, values: &[String]) -> bool {
    match test {
        ListTest::Has(wanted) => values.contains(wanted),
        ListTest::Known(known) => values.is_empty() != *known,
    }
}

fn number(test: &NumberTest, value: &Exact) -> bool {
    match test {
        NumberTest::Is(other) => *value == exact(other),
        NumberTest::AtLeast(least) => *value >= exact(least),
        NumberTest::AtMost(most) => *value <= exact(most),
        NumberTest::Between(least, most) => *value >= exact(least) && *value <= exact(most),
    }
}

fn attribute(test: &AttributeTest, attributes: &[Attribute]) -> bool {
    let value = attributes.iter().find(|given| given.name == test.id.as_str()).map(|given| &given.value);
    let as_text = match value {
        Some(AttributeValue::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    if let Some(wanted) = test.known {
        return value.is_some() == wanted;
    }
    if let Some(wanted) = test.flag {
        return value == Some(&AttributeValue::Flag(wanted));
    }
    if let Some(wanted) = &test.number {
        return as_text.and_then(parse).is_some_and(|value| number(wanted, &value));
    }
    test.text.as_ref().is_some_and(|wanted| text(wanted, as_text))
}

/// The share of some kinds in all that was paid, from 0 to 1; none where nothing was.
pub fn share_of_tender(kinds: &[String], tenders: &[Tender]) -> Option<Exact> {
    let all: Exact = tenders.iter().map(|tender| exact(tender.amount)).sum();
    let none_or_all = |share: Exact| share.max(whole(0)).min(whole(1));
    (all > whole(0)).then(|| none_or_all(paid(kinds, tenders) / all))
}

fn paid(kinds: &[String], tenders: &[Tender]) -> Exact {
    tenders.iter().filter(|tender| kinds.contains(&tender.kind)).map(|tender| exact(tender.amount)).sum()
}

fn tender(test: &TenderTest, tenders: &[Tender]) -> bool {
    if let Some(wanted) = &test.share {
        return share_of_tender(&test.kinds, tenders).is_some_and(|share| number(wanted, &share));
    }
    if let Some(wanted) = &test.amount {
        return number(wanted, &paid(&test.kinds, tenders));
    }
    test.known == Some(tenders.iter().any(|tender| test.kinds.contains(&tender.kind)))
}

fn discount(test: &DiscountTest, line: &Line) -> bool {
    let off = taken_off(line, test.funders.as_deref());
    match &test.amount {
        Some(wanted) => number(wanted, &off),
        None => test.known == Some(off != whole(0)),
    }
}
