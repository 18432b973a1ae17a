//! Making a purchase that meets conditions. What cannot be met that way is left to the engine to find out.

use std::collections::BTreeMap;

use super::example::Scene;
use crate::activity::{Activity, Attribute, AttributeValue, CustomEvent, Line, Purchase, Tender};
use crate::facts::{self, Birthday, Facts};
use crate::id::{ActivityId, AuthorId, MemberId};
use crate::money::{Money, Quantity, Ratio, Rounding};
use crate::program::Program;
use crate::program::condition::{
    AttributeTest, Condition, LineCondition, ListTest, NumberTest, PathTest, SplitTest, TextTest,
};
use crate::program::document::{Basis, Rule, Trigger};
use crate::time::{Date, DayOfWeek, OffsetTime, TimeOfDay};

/// The day of examples that name no other: a Monday.
const SOME_DAY: Date = Date::from_days(20_458);

/// How many members are tried to find one in some parts of splits.
const MOST_MEMBERS: u32 = 2_000;

/// A purchase of one line in the making.
#[derive(Debug, Clone)]
pub struct Witness {
    line: Line,
    attributes: Vec<Attribute>,
    store: Option<String>,
    partner: Option<String>,
    channel: Option<String>,
    coupons: Vec<String>,
    levels: BTreeMap<AuthorId, AuthorId>,
    facts: Facts,
    /// Whether it happens in the month of the birthday, where that is asked.
    birthday: Option<bool>,
    splits: Vec<SplitTest>,
    from: Date,
    days: Vec<DayOfWeek>,
    holidays: Option<AuthorId>,
    paid_by: Option<String>,
    hour: Option<TimeOfDay>,
    event: Option<AuthorId>,
    /// The least that a basket must come to.
    pub least: Quantity,
}

impl Default for Witness {
    fn default() -> Self {
        Self {
            line: Line::default(),
            attributes: Vec::new(),
            store: None,
            partner: None,
            channel: None,
            coupons: Vec::new(),
            levels: BTreeMap::new(),
            facts: Facts::NONE,
            birthday: None,
            splits: Vec::new(),
            from: SOME_DAY,
            days: Vec::new(),
            holidays: None,
            paid_by: None,
            hour: None,
            event: None,
            least: Quantity::ZERO,
        }
    }
}

impl Witness {
    /// Meets what a rule asks for.
    pub fn meet_rule(&mut self, rule: &Rule) {
        if let Trigger::Event(name) = &rule.on {
            self.event = Some(name.clone());
        }
        if let Some(when) = &rule.when {
            self.meet(when);
        }
        if let Some(lines) = &rule.lines {
            self.meet_line(lines);
        }
        if let Some(kind) = rule.kinds.first().filter(|_| !rule.kinds.contains(&self.line.kind)) {
            self.line.kind = *kind;
        }
        if let Some(kind) = rule.share_of_tender.first() {
            self.paid_by = Some(kind.clone());
        }
        if let Basis::Attribute(id) = &rule.basis {
            let one = Attribute { name: id.to_string(), value: AttributeValue::Text("1".to_owned()) };
            let attributes =
                if self.event.is_some() { &mut self.attributes } else { &mut self.line.attributes };
            set(attributes, one);
        }
    }

    /// Meets a condition on the activity.
    pub fn meet(&mut self, condition: &Condition) {
        match condition {
            Condition::All(all) => all.iter().for_each(|one| self.meet(one)),
            Condition::Any(any) => any.iter().take(1).for_each(|one| self.meet(one)),
            Condition::Store(test) => meet_text(test, &mut self.store),
            Condition::Partner(test) => meet_text(test, &mut self.partner),
            Condition::Channel(test) => meet_text(test, &mut self.channel),
            Condition::Coupons(test) => meet_list(test, &mut self.coupons),
            Condition::Attribute(test) => meet_attribute(test, &mut self.attributes),
            Condition::Line(line) => self.meet_line(line),
            Condition::Basket(test) => {
                if let Some(lines) = &test.lines {
                    self.meet_line(lines);
                }
                match test.basis {
                    Basis::Quantity => self.line.quantity = Some(meeting(&test.sum)),
                    _ => self.least = self.least.max(meeting(&test.sum)),
                }
            }
            Condition::Tier(test) => {
                if let Some(level) = test.level.last() {
                    self.levels.insert(test.track.clone(), level.clone());
                }
            }
            Condition::Segment(test) => {
                let new = test
                    .any_of
                    .first()
                    .filter(|_| !self.facts.segments.iter().any(|it| test.any_of.contains(it)));
                self.facts.segments.extend(new.cloned());
            }
            Condition::MemberAttribute(test) => meet_attribute(test, &mut self.facts.attributes),
            Condition::BirthdayMonth(wanted) => self.birthday = Some(*wanted),
            Condition::Split(test) => self.splits.push(test.clone()),
            Condition::Dates(range) => {
                let last = range.to.filter(|to| *to < self.from);
                self.from = range.from.or(last).unwrap_or(self.from);
            }
            Condition::Weekday(days) => self.days.clone_from(days),
            Condition::Holiday(list) => self.holidays = Some(list.clone()),
            Condition::Hours(hours) => self.hour = Some(hours.from),
            Condition::Tender(test) if test.known != Some(false) => {
                self.paid_by = test.kinds.first().cloned()
            }
            _ => {}
        }
    }

    fn meet_line(&mut self, condition: &LineCondition) {
        match condition {
            LineCondition::All(all) => all.iter().for_each(|one| self.meet_line(one)),
            LineCondition::Any(any) => any.iter().take(1).for_each(|one| self.meet_line(one)),
            LineCondition::Kind(kind) => self.line.kind = *kind,
            LineCondition::Sku(test) => meet_text(test, &mut self.line.sku),
            LineCondition::Brand(test) => meet_text(test, &mut self.line.brand),
            LineCondition::Unit(test) => meet_text(test, &mut self.line.unit),
            LineCondition::Tags(test) => meet_list(test, &mut self.line.tags),
            LineCondition::Quantity(test) => self.line.quantity = Some(meeting(test)),
            LineCondition::Value(test) if test.basis != Basis::Quantity => {
                self.least = self.least.max(meeting(&test.number));
            }
            LineCondition::Attribute(test) => meet_attribute(test, &mut self.line.attributes),
            LineCondition::Category(PathTest::Under(path)) if path.len() > self.line.category.len() => {
                self.line.category.clone_from(path);
            }
            LineCondition::Category(PathTest::Known(true)) if self.line.category.is_empty() => {
                self.line.category.push("any".to_owned());
            }
            _ => {}
        }
    }

    /// The scene with a price of the line.
    pub fn scene(&self, program: &Program, price: Money) -> Option<Scene> {
        let activity = self.activity(program, price, "example", self.day())?;
        let (member, facts) = (self.member(), self.facts());
        Some(Scene { member, facts, levels: self.levels.clone(), activities: vec![activity] })
    }

    /// What the member store says of the member.
    pub fn facts(&self) -> Facts {
        let month = self.day().month();
        let birthday = self.birthday.and_then(|same| {
            let month = if same { month } else { month.checked_rem(12)?.saturating_add(1) };
            Birthday::parse(&format!("{month:02}-01")).ok()
        });
        Facts { birthday, ..self.facts.clone() }
    }

    /// A member in the parts of splits that are asked for, where one is soon found.
    pub fn member(&self) -> Option<MemberId> {
        if self.splits.is_empty() {
            return None;
        }
        let members =
            (1..=MOST_MEMBERS).filter_map(|number| MemberId::new(&format!("example-{number}")).ok());
        let fits = |member: &MemberId| {
            self.splits.iter().all(|test| (test.from..test.below).contains(&facts::part(&test.id, member)))
        };
        members.into_iter().find(fits)
    }

    /// The day on which it happens.
    pub fn day(&self) -> Date {
        let week = (0..7).map(|days| self.from.plus_days(days));
        let fits = |date: &Date| self.days.is_empty() || self.days.contains(&DayOfWeek::of(*date));
        week.into_iter().find(fits).unwrap_or(self.from)
    }

    /// What happens on a day.
    pub fn activity(&self, program: &Program, price: Money, id: &str, on: Date) -> Option<Activity> {
        let id = ActivityId::new(id).ok()?;
        let on = self.holiday(program).unwrap_or(on);
        let seconds = self.hour.map_or(12 * 3_600, |hour| i64::from(hour.minutes()).saturating_mul(60));
        let noon = program.zone().start_of(on).plus_seconds(seconds);
        let occurred_at = OffsetTime { at: noon, offset: 0 };
        if let Some(name) = &self.event {
            let attributes = sorted(&self.attributes);
            return Some(Activity::Event(CustomEvent {
                name: name.clone(),
                id,
                occurred_at,
                attributes,
                of: None,
                lines: Vec::new(),
            }));
        }
        let line =
            Line { gross: Some(price), attributes: sorted(&self.line.attributes), ..self.line.clone() };
        Some(Activity::Purchase(Purchase {
            id,
            occurred_at,
            money: None,
            store: self.store.clone(),
            partner: self.partner.clone(),
            channel: self.channel.clone(),
            lines: vec![line],
            tenders: self.paid_by.iter().map(|kind| Tender { kind: kind.clone(), amount: price }).collect(),
            coupons: self.coupons.clone(),
            attributes: sorted(&self.attributes),
        }))
    }

    /// The first date of the holidays that are asked for.
    fn holiday(&self, program: &Program) -> Option<Date> {
        let id = self.holidays.as_ref()?;
        let list = program.document().holidays.iter().find(|list| list.id == *id)?;
        list.dates.first().copied()
    }

    /// A whole amount of money at or above the least that is asked for.
    pub fn at_least(&self, wanted: i128) -> i128 {
        let least = self.least.ratio().round(Rounding::Ceil);
        let times = Ratio::new(least, wanted.max(1)).map_or(1, |times| times.round(Rounding::Ceil));
        wanted.saturating_mul(times.max(1))
    }
}

fn sorted(attributes: &[Attribute]) -> Vec<Attribute> {
    let mut sorted = attributes.to_vec();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted
}

fn set(attributes: &mut Vec<Attribute>, one: Attribute) {
    if !attributes.iter().any(|known| known.name == one.name) {
        attributes.push(one);
    }
}

fn meet_text(test: &TextTest, text: &mut Option<String>) {
    let wanted = match test {
        TextTest::Is(one) => Some(one.clone()),
        TextTest::In(list) => list.first().cloned(),
        TextTest::StartsWith(starts) => starts.as_slice().first().cloned(),
        TextTest::Known(true) => text.clone().or_else(|| Some("any".to_owned())),
        TextTest::NotIn(_) | TextTest::Known(false) => text.clone(),
    };
    *text = wanted;
}

fn meet_list(test: &ListTest, list: &mut Vec<String>) {
    match test {
        ListTest::Has(one) if !list.contains(one) => list.push(one.clone()),
        ListTest::Known(true) if list.is_empty() => list.push("any".to_owned()),
        _ => {}
    }
}

fn meet_attribute(test: &AttributeTest, attributes: &mut Vec<Attribute>) {
    let mut wanted = None;
    if let Some(text) = &test.text {
        meet_text(text, &mut wanted);
    }
    let number = test.number.as_ref().map(|test| meeting(test).to_string());
    let value = match (test.flag, test.known) {
        (Some(flag), _) => Some(AttributeValue::Flag(flag)),
        (None, Some(true)) => Some(AttributeValue::Text("1".to_owned())),
        _ => wanted.or(number).map(AttributeValue::Text),
    };
    if let Some(value) = value {
        set(attributes, Attribute { name: test.id.to_string(), value });
    }
}

/// A number that satisfies a test.
const fn meeting(test: &NumberTest) -> Quantity {
    match test {
        NumberTest::Is(value) | NumberTest::AtLeast(value) | NumberTest::Between(value, _) => *value,
        NumberTest::AtMost(most) => *most,
    }
}
