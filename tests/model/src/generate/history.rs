//! Random histories of one member.

use chrono::{Datelike, TimeDelta};
use loyalty_core::activity::{
    Activity, Attribute, AttributeValue, CustomEvent, Discount, Enrolment, Funder, Line, LineKind, Purchase,
    Return, ReturnLine, Tender, YearlyDay,
};
use loyalty_core::id::ActivityId;
use loyalty_core::money::{Money, Quantity};
use loyalty_core::program::document::Document;
use loyalty_core::time::{OffsetTime, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::words::{
    BRANDS, CHANNELS, COLOUR, COLOURS, COUPONS, EVENTS, GIFT, MILES, PARTNERS, SKUS, STORES, TAGS, TENDERS,
    UNDECLARED, UNITS, decimal, id, path, word,
};
use crate::calendar::{Calendar, Instant};

/// 1 to `most` activities in order, within about two years around the changes of the clock.
pub fn history(document: &Document, most: usize) -> BoxedStrategy<Vec<Activity>> {
    let calendar = Calendar::new(document);
    let first = Timestamp::parse("2016-11-01T00:00:00Z").expect("a time").micros();
    let start = (0..600 * DAY).prop_map(move |micros| first + micros);
    (start, vec(step(), 1..=most))
        .prop_map(move |(start, steps)| {
            let mut teller =
                Teller { calendar: &calendar, now: at(start), settled_to: Instant::MIN_UTC, told: vec![] };
            steps.into_iter().for_each(|step| teller.tell(step));
            teller.told
        })
        .boxed()
}

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;

/// How long after the activity before, and by which clock.
#[derive(Debug, Clone)]
enum Pause {
    Micros(i64),
    /// To about the start of the local day that many days later.
    Midnight(i64),
    /// To about the next change of the zone's clock.
    Change,
    /// To about the next new year.
    NewYear,
}

#[derive(Debug, Clone)]
enum What {
    Purchase(Purchase),
    /// Of a purchase, perhaps; of all of it, or of one line.
    Event {
        event: CustomEvent,
        of: Option<Index>,
        line: Option<Index>,
    },
    Return {
        linked: Option<Index>,
        lines: Vec<Back>,
        amount: Option<Money>,
    },
    Enrol(Vec<Attribute>),
    /// So many years beside that of the activity.
    Birthday(i32),
    Anniversary(i32),
}

/// A line of a return, before it is known what there is to return.
#[derive(Debug, Clone)]
struct Back {
    of: Index,
    by_sku: bool,
    sku: String,
    much: Much,
}

#[derive(Debug, Clone, Copy)]
enum Much {
    NotSaid,
    All,
    Half,
    Third,
    Units(Quantity),
}

#[derive(Debug, Clone)]
struct Step {
    pause: Pause,
    beside: i64,
    /// The offset; none means the zone's own.
    offset: Option<i32>,
    what: What,
}

fn step() -> BoxedStrategy<Step> {
    let pause = prop_oneof![
        1 => Just(Pause::Micros(0)),
        4 => (1..600 * MINUTE).prop_map(Pause::Micros),
        4 => (1..4 * DAY).prop_map(Pause::Micros),
        3 => (4 * DAY..60 * DAY).prop_map(Pause::Micros),
        1 => (60 * DAY..300 * DAY).prop_map(Pause::Micros),
        3 => (1_i64..=3).prop_map(Pause::Midnight),
        1 => Just(Pause::Change),
        1 => Just(Pause::NewYear),
    ];
    let beside = select(vec![-90 * MINUTE, -30 * MINUTE, -1, 0, 0, 1, 30 * MINUTE, 90 * MINUTE]);
    let offsets = select(vec![-43_200, -36_000, -18_000, -14_400, 0, 19_800, 50_400]);
    let what = prop_oneof![
        6 => purchase().prop_map(What::Purchase),
        3 => (event(), option::weighted(0.7, any::<Index>()), option::weighted(0.4, any::<Index>()))
            .prop_map(|(event, of, line)| What::Event { event, of, line }),
        3 => (option::weighted(0.6, any::<Index>()), vec(back(), 0..=3), option::weighted(0.15, decimal(0, 30, 2)))
            .prop_map(|(linked, lines, amount)| What::Return { linked, lines, amount }),
        2 => occasion(),
    ];
    (pause, beside, option::weighted(0.3, offsets), what)
        .prop_map(|(pause, beside, offset, what)| Step { pause, beside, offset, what })
        .boxed()
}

/// Joining, and days of this year and those beside it.
fn occasion() -> BoxedStrategy<What> {
    let beside = || select(vec![-2, -1, -1, 0, 0, 0, 0, 0, 1]);
    prop_oneof![
        attributes().prop_map(What::Enrol),
        beside().prop_map(What::Birthday),
        beside().prop_map(What::Anniversary),
    ]
    .boxed()
}

fn back() -> impl Strategy<Value = Back> {
    let much = prop_oneof![
        1 => Just(Much::NotSaid),
        2 => Just(Much::All),
        2 => Just(Much::Half),
        1 => Just(Much::Third),
        2 => decimal(1, 3, 1).prop_map(Much::Units),
    ];
    (any::<Index>(), any::<bool>(), word(SKUS), much).prop_map(|(of, by_sku, sku, much)| Back {
        of,
        by_sku,
        sku,
        much,
    })
}

fn purchase() -> BoxedStrategy<Purchase> {
    let money = option::weighted(0.2, Just("USD".to_owned()));
    let lines = prop_oneof![8 => vec(line(), 1..=4), 1 => vec(line(), 5..=8), 1 => Just(Vec::new())];
    let place = (option::of(word(STORES)), option::weighted(0.3, word(PARTNERS)), option::of(word(CHANNELS)));
    (money, lines, place, (tenders(), vec(word(COUPONS), 0..=2)), attributes())
        .prop_map(|(money, lines, (store, partner, channel), (tenders, coupons), attributes)| Purchase {
            id: unknown(),
            occurred_at: some_time(),
            money,
            store,
            partner,
            channel,
            lines,
            tenders,
            coupons,
            attributes,
        })
        .boxed()
}

/// Often none; change given back is below 0.
fn tenders() -> impl Strategy<Value = Vec<Tender>> {
    let amount = prop_oneof![4 => decimal(0, 40, 2), 1 => decimal(-10, 0, 2)];
    let tender = (word(TENDERS), amount).prop_map(|(kind, amount)| Tender { kind, amount });
    prop_oneof![1 => Just(Vec::new()), 2 => vec(tender, 1..=3)]
}

fn event() -> BoxedStrategy<CustomEvent> {
    (word(EVENTS), attributes())
        .prop_map(|(name, attributes)| CustomEvent {
            name: id(&name),
            id: unknown(),
            occurred_at: some_time(),
            attributes,
            of: None,
            lines: Vec::new(),
        })
        .boxed()
}

fn line() -> BoxedStrategy<Line> {
    let others = vec![LineKind::Shipping, LineKind::Tax, LineKind::Tip, LineKind::GiftCard];
    let kind = prop_oneof![6 => Just(LineKind::Item), 1 => select(others)];
    let quantity = prop_oneof![
        3 => Just(None),
        3 => (1_i128..=4).prop_map(|n| Some(Quantity::from_units(n * 1_000_000))),
        2 => decimal(0, 6, 3).prop_map(Some),
        1 => decimal(0, 2, 6).prop_map(Some),
        1 => Just(Some(Quantity::ZERO)),
    ];
    let article = (option::weighted(0.9, word(SKUS)), option::of(path()), option::of(word(BRANDS)));
    let details = (vec(word(TAGS), 0..=2), option::of(word(UNITS)), attributes());
    (kind, article, quantity, details, price(), vec(discount(), 0..=2))
        .prop_map(|(kind, (sku, category, brand), quantity, (tags, unit, attributes), price, discounts)| {
            Line {
                kind,
                sku,
                category: category.unwrap_or_default(),
                brand,
                tags,
                quantity,
                unit,
                discounts,
                attributes,
                ..price
            }
        })
        .boxed()
}

/// A line with nothing but its price, in one of the three ways.
fn price() -> impl Strategy<Value = Line> {
    let amount = prop_oneof![
        6 => decimal(0, 60, 2),
        2 => decimal(0, 10, 4),
        1 => decimal(-20, 0, 2),
    ];
    (amount, 0..6).prop_map(|(amount, way)| match way {
        0 => Line { net_of_store: Some(amount), ..Line::default() },
        1 | 2 => Line { unit_price: Some(amount), ..Line::default() },
        _ => Line { gross: Some(amount), ..Line::default() },
    })
}

fn discount() -> impl Strategy<Value = Discount> {
    let funder = select(vec![Funder::Store, Funder::Manufacturer, Funder::Points, Funder::Other]);
    (funder, decimal(0, 12, 2)).prop_map(|(funder, amount)| Discount { funder, amount })
}

/// In the order of their names, as reading them from JSON gives them.
fn attributes() -> BoxedStrategy<Vec<Attribute>> {
    let text = |text: String| AttributeValue::Text(text);
    let number = decimal::<6>(-5, 900, 2).prop_map(move |number| text(number.to_string()));
    let all = (
        option::weighted(0.3, word(COLOURS).prop_map(text)),
        option::weighted(0.2, any::<bool>().prop_map(AttributeValue::Flag)),
        option::weighted(0.4, number),
        option::weighted(0.1, Just(text("44".to_owned()))),
    );
    all.prop_map(|(colour, gift, miles, undeclared)| {
        let named = [(COLOUR, colour), (GIFT, gift), (MILES, miles), (UNDECLARED, undeclared)];
        let given = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.map(|(name, value)| Attribute { name: name.to_owned(), value }).collect()
    })
    .boxed()
}

/// Turns steps into activities that are in order.
struct Teller<'a> {
    calendar: &'a Calendar,
    now: Instant,
    settled_to: Instant,
    told: Vec<Activity>,
}

impl Teller<'_> {
    fn tell(&mut self, step: Step) {
        self.now = self.now.max(self.next(&step.pause) + TimeDelta::microseconds(step.beside));
        let offset = step.offset.unwrap_or_else(|| self.calendar.offset_at(self.now));
        let time = OffsetTime { at: Timestamp::from_micros(self.now.timestamp_micros()), offset };
        let own_time = self.calendar.own_time(time);
        if own_time < self.settled_to && !matches!(step.what, What::Return { .. }) {
            return;
        }
        self.settled_to = self.settled_to.max(own_time);
        let id = ActivityId::new(&format!("{}", self.told.len() + 1)).expect("a number is an id");
        let activity = match step.what {
            What::Purchase(purchase) => Activity::Purchase(Purchase { id, occurred_at: time, ..purchase }),
            What::Event { event, of, line } => {
                let (of, lines) = self.spoken_of(of, line);
                Activity::Event(CustomEvent { id, occurred_at: time, of, lines, ..event })
            }
            What::Return { linked, lines, amount } => {
                let (of, lines) = self.returned(linked, lines);
                let amount = amount.filter(|amount| of.is_some() && *amount > Money::ZERO);
                let lines = if amount.is_some() { Vec::new() } else { lines };
                Activity::Return(Return { id, occurred_at: time, of, lines, amount })
            }
            What::Enrol(attributes) => Activity::Enrol(Enrolment { occurred_at: time, attributes }),
            What::Birthday(beside) => Activity::Birthday(self.day(time, beside)),
            What::Anniversary(beside) => Activity::Anniversary(self.day(time, beside)),
        };
        let twice = |told: &Activity| activity.is_occasion() && told.key() == activity.key();
        if self.told.iter().any(twice) {
            return;
        }
        self.told.push(activity);
    }

    fn day(&self, occurred_at: OffsetTime, beside: i32) -> YearlyDay {
        let year = self.calendar.date_of(occurred_at).year() + beside;
        YearlyDay { year: u16::try_from(year).expect("a year of these centuries"), occurred_at }
    }

    fn next(&self, pause: &Pause) -> Instant {
        let today = self.calendar.date_at(self.now);
        match pause {
            Pause::Micros(micros) => self.now + TimeDelta::microseconds(*micros),
            Pause::Midnight(days) => self.calendar.start_of(today + TimeDelta::days(*days)),
            Pause::Change => self.calendar.next_change(self.now).unwrap_or(self.now),
            Pause::NewYear => {
                let end = crate::calendar::window_end(loyalty_core::time::Window::Year, today, today);
                self.calendar.start_or_never(end)
            }
        }
    }

    /// The purchase that an event speaks of, mostly one of the newest, and which of its lines.
    fn spoken_of(&self, of: Option<Index>, line: Option<Index>) -> (Option<ActivityId>, Vec<u16>) {
        let newest = self.told.iter().rev().filter_map(|activity| match activity {
            Activity::Purchase(purchase) => Some(purchase),
            _ => None,
        });
        let newest: Vec<&Purchase> = newest.take(3).collect();
        match of {
            Some(which) if !newest.is_empty() => {
                let purchase = which.get(&newest);
                let some = line.filter(|_| !purchase.lines.is_empty());
                let number = some.map(|line| line.index(purchase.lines.len()) + 1);
                let lines = number.map(|number| u16::try_from(number).expect("a few lines"));
                (Some(purchase.id.clone()), lines.into_iter().collect())
            }
            _ => (None, Vec::new()),
        }
    }

    /// A linked return names a purchase told before; where there is none yet, one that never was. A return without
    /// lines is linked to the newest.
    fn returned(&self, linked: Option<Index>, lines: Vec<Back>) -> (Option<ActivityId>, Vec<ReturnLine>) {
        let purchases = self.told.iter().filter_map(|activity| match activity {
            Activity::Purchase(purchase) => Some(purchase),
            _ => None,
        });
        let purchases: Vec<&Purchase> = purchases.collect();
        let purchase = match linked {
            None if lines.is_empty() => purchases.last().copied(),
            None => return (None, lines.into_iter().map(Back::unlinked).collect()),
            Some(_) if purchases.is_empty() => None,
            Some(which) => Some(*which.get(&purchases)),
        };
        let Some(purchase) = purchase else { return (Some(unknown()), Vec::new()) };
        let lines = lines.into_iter().map(|line| line.linked(&purchase.lines)).collect();
        (Some(purchase.id.clone()), lines)
    }
}

impl Back {
    fn unlinked(self) -> ReturnLine {
        let quantity = match self.much {
            Much::NotSaid => None,
            Much::Units(units) => Some(units),
            _ => Some(Quantity::ONE),
        };
        ReturnLine { line: None, sku: Some(self.sku), quantity }
    }

    fn linked(self, lines: &[Line]) -> ReturnLine {
        if lines.is_empty() {
            return self.unlinked();
        }
        let at = self.of.index(lines.len());
        let units = lines[at].quantity.unwrap_or(Quantity::ONE).units();
        let part = |share: i128| Some(Quantity::from_units((units / share).max(1)));
        let quantity = match self.much {
            Much::NotSaid => None,
            Much::All => part(1),
            Much::Half => part(2),
            Much::Third => part(3),
            Much::Units(units) => Some(units),
        };
        let number = u16::try_from(at + 1).expect("a few lines");
        if self.by_sku {
            ReturnLine { line: None, sku: Some(lines[at].sku.clone().unwrap_or(self.sku)), quantity }
        } else {
            ReturnLine { line: Some(number), sku: None, quantity }
        }
    }
}

fn at(micros: i64) -> Instant {
    Instant::from_timestamp_micros(micros).expect("an instant of the calendar")
}

/// Stands where the telling puts the real one.
fn some_time() -> OffsetTime {
    OffsetTime { at: Timestamp::default(), offset: 0 }
}

fn unknown() -> ActivityId {
    ActivityId::new("nowhere").expect("an id")
}
