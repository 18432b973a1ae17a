//! Random conditions.

mod moment;

pub use self::moment::{dates, holidays};

use loyalty_core::activity::{Funder, LineKind};
use loyalty_core::money::Quantity;
use loyalty_core::program::condition::{
    AttributeTest, BasketTest, Condition, CounterTest, DiscountTest, LineCondition, ListTest, NthTest,
    NumberTest, OneOrMany, PathTest, SegmentTest, SinceLastTest, SplitTest, TenderTest, TextTest, TierTest,
    ValueTest,
};
use loyalty_core::program::document::{Basis, Challenge, Counter, TierTrack};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::words::{
    BRANDS, CHANNELS, COLOUR, COLOURS, COUPONS, GIFT, MILES, PARTNERS, SEGMENTS, SKUS, STORES, TAGS, TENDERS,
    UNITS, decimal, id, path, word,
};

/// What a condition may name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Tier tracks.
    pub tracks: &'a [TierTrack],
    /// Counters.
    pub counters: &'a [Counter],
    /// Challenges.
    pub challenges: &'a [Challenge],
}

/// A condition of an activity; of a purchase, also over what only purchases have.
pub fn condition(known: &Known<'_>, of_purchase: bool) -> BoxedStrategy<Condition> {
    let mut leaves = vec![
        attribute().prop_map(Condition::Attribute).boxed(),
        member().boxed(),
        moment::condition(),
        moment::condition(),
    ];
    if let Some(tier) = tier(known.tracks) {
        leaves.extend([tier.clone(), tier]);
    }
    leaves.extend(history(known.counters));
    if of_purchase {
        leaves.extend([
            text(STORES).prop_map(Condition::Store).boxed(),
            text(PARTNERS).prop_map(Condition::Partner).boxed(),
            text(CHANNELS).prop_map(Condition::Channel).boxed(),
            list(COUPONS).prop_map(Condition::Coupons).boxed(),
            line().prop_map(Condition::Line).boxed(),
            basket().prop_map(Condition::Basket).boxed(),
            tender().prop_map(Condition::Tender).boxed(),
        ]);
    }
    proptest::strategy::Union::new(leaves)
        .prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 1..=3).prop_map(Condition::All),
                vec(inner.clone(), 1..=3).prop_map(Condition::Any),
                inner.prop_map(|it| Condition::Not(Box::new(it))),
            ]
        })
        .boxed()
}

/// A condition of a line.
pub fn line() -> BoxedStrategy<LineCondition> {
    let leaf = prop_oneof![
        select(vec![LineKind::Item, LineKind::Shipping, LineKind::Tip]).prop_map(LineCondition::Kind),
        text(SKUS).prop_map(LineCondition::Sku),
        prop_oneof![path().prop_map(PathTest::Under), any::<bool>().prop_map(PathTest::Known)]
            .prop_map(LineCondition::Category),
        text(BRANDS).prop_map(LineCondition::Brand),
        list(TAGS).prop_map(LineCondition::Tags),
        number(0, 4).prop_map(LineCondition::Quantity),
        text(UNITS).prop_map(LineCondition::Unit),
        (basis(), number(0, 40))
            .prop_map(|(basis, number)| LineCondition::Value(ValueTest { basis, number })),
        discount().prop_map(LineCondition::Discount),
        attribute().prop_map(LineCondition::Attribute),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..=2).prop_map(LineCondition::All),
            vec(inner.clone(), 1..=2).prop_map(LineCondition::Any),
            inner.prop_map(|it| LineCondition::Not(Box::new(it))),
        ]
    })
    .boxed()
}

/// A basis of lines.
pub fn basis() -> impl Strategy<Value = Basis> {
    prop_oneof![
        4 => Just(Basis::NetPaid),
        1 => Just(Basis::Gross),
        1 => Just(Basis::NetOfStore),
        1 => Just(Basis::Quantity),
        1 => Just(Basis::Attribute(id(MILES))),
    ]
}

fn text(words: &'static [&'static str]) -> impl Strategy<Value = TextTest> {
    let start = word(words).prop_map(|word| word.chars().take(2).collect::<String>());
    prop_oneof![
        word(words).prop_map(TextTest::Is),
        vec(word(words), 1..=2).prop_map(TextTest::In),
        vec(word(words), 1..=2).prop_map(TextTest::NotIn),
        start.clone().prop_map(|start| TextTest::StartsWith(OneOrMany::One(start))),
        vec(start, 1..=2).prop_map(|starts| TextTest::StartsWith(OneOrMany::Many(starts))),
        any::<bool>().prop_map(TextTest::Known),
    ]
}

fn list(words: &'static [&'static str]) -> impl Strategy<Value = ListTest> {
    prop_oneof![word(words).prop_map(ListTest::Has), any::<bool>().prop_map(ListTest::Known)]
}

fn number(from: i64, to: i64) -> impl Strategy<Value = NumberTest> {
    let value = move || decimal::<6>(from, to, 2);
    let ordered = |(a, b): (Quantity, Quantity)| NumberTest::Between(a.min(b), a.max(b));
    prop_oneof![
        1 => value().prop_map(NumberTest::Is),
        3 => value().prop_map(NumberTest::AtLeast),
        3 => value().prop_map(NumberTest::AtMost),
        2 => (value(), value()).prop_map(ordered),
    ]
}

fn attribute() -> impl Strategy<Value = AttributeTest> {
    let test = |name| AttributeTest { id: id(name), text: None, number: None, flag: None, known: None };
    prop_oneof![
        text(COLOURS).prop_map(move |text| AttributeTest { text: Some(text), ..test(COLOUR) }),
        number(0, 900).prop_map(move |number| AttributeTest { number: Some(number), ..test(MILES) }),
        any::<bool>().prop_map(move |flag| AttributeTest { flag: Some(flag), ..test(GIFT) }),
        (select(vec![COLOUR, MILES, GIFT]), any::<bool>())
            .prop_map(move |(name, known)| AttributeTest { known: Some(known), ..test(name) }),
    ]
}

/// Conditions on the member.
fn member() -> impl Strategy<Value = Condition> {
    let segments = subsequence(SEGMENTS.to_vec(), 1..=2)
        .prop_map(|names| Condition::Segment(SegmentTest { any_of: names.into_iter().map(id).collect() }));
    let split = (select(vec!["a", "b"]), 0_u16..10_000, 1_u16..=10_000).prop_map(|(name, from, length)| {
        let below = from.saturating_add(length).min(10_000);
        Condition::Split(SplitTest { id: id(name), from, below })
    });
    prop_oneof![
        segments,
        attribute().prop_map(Condition::MemberAttribute),
        any::<bool>().prop_map(Condition::BirthdayMonth),
        split,
    ]
}

fn basket() -> impl Strategy<Value = BasketTest> {
    let kinds =
        select(vec![vec![LineKind::Item], vec![LineKind::Item, LineKind::Shipping], vec![LineKind::Tip]]);
    (basis(), kinds, option::of(line()), number(0, 60)).prop_map(|(basis, kinds, lines, sum)| BasketTest {
        basis,
        kinds,
        lines,
        sum,
    })
}

/// Kinds of tender, some of which purchases were paid with.
pub fn tenders() -> impl Strategy<Value = Vec<String>> {
    vec(word(TENDERS), 1..=2)
}

fn tender() -> impl Strategy<Value = TenderTest> {
    let test = |kinds| TenderTest { kinds, known: None, amount: None, share: None };
    let share = decimal::<6>(0, 1, 2).prop_map(NumberTest::AtLeast);
    prop_oneof![
        (tenders(), any::<bool>()).prop_map(move |(k, known)| TenderTest { known: Some(known), ..test(k) }),
        (tenders(), number(0, 40))
            .prop_map(move |(k, number)| TenderTest { amount: Some(number), ..test(k) }),
        (tenders(), share).prop_map(move |(k, share)| TenderTest { share: Some(share), ..test(k) }),
    ]
}

fn discount() -> impl Strategy<Value = DiscountTest> {
    let funders = vec![Funder::Store, Funder::Manufacturer, Funder::Points, Funder::Other];
    let funders = option::of(subsequence(funders, 1..=2));
    let wanted = prop_oneof![
        any::<bool>().prop_map(|known| (Some(known), None)),
        number(0, 12).prop_map(|amount| (None, Some(amount))),
    ];
    (funders, wanted).prop_map(|(funders, (known, amount))| DiscountTest { funders, known, amount })
}

fn tier(tracks: &[TierTrack]) -> Option<BoxedStrategy<Condition>> {
    let tests = tracks.iter().map(|track| {
        let levels: Vec<_> = track.levels.iter().map(|level| level.id.clone()).collect();
        let track = track.id.clone();
        let most = levels.len();
        subsequence(levels, 1..=most)
            .prop_map(move |level| Condition::Tier(TierTest { track: track.clone(), level }))
            .boxed()
    });
    let tests: Vec<_> = tests.collect();
    (!tests.is_empty()).then(|| proptest::strategy::Union::new(tests).boxed())
}

/// Conditions on what the member did before.
fn history(counters: &[Counter]) -> Vec<BoxedStrategy<Condition>> {
    if counters.is_empty() {
        return Vec::new();
    }
    let value = (select(counters.to_vec()), number(0, 90), number(0, 4)).prop_map(|(counter, sum, few)| {
        let value = if counter.counts.counts_occasions() { few } else { sum };
        Condition::Counter(CounterTest { id: counter.id, value })
    });
    let mut all = vec![value.boxed()];
    let occasions: Vec<_> = counters.iter().filter(|it| it.counts.counts_occasions()).cloned().collect();
    if !occasions.is_empty() {
        let nth = (select(occasions.clone()), any::<bool>(), 1_u32..=3).prop_map(|(counter, every, n)| {
            let (is, every) = if every { (None, Some(n)) } else { (Some(n), None) };
            Condition::Nth(NthTest { counter: counter.id, is, every })
        });
        let since = (select(occasions), number(0, 40), 0..4).prop_map(|(counter, number, unit)| {
            let mut test =
                SinceLastTest { counter: counter.id, days: None, hours: None, minutes: None, known: None };
            match unit {
                0 => test.days = Some(number),
                1 => test.hours = Some(number),
                2 => test.minutes = Some(number),
                _ => test.known = Some(matches!(number, NumberTest::AtLeast(_))),
            }
            Condition::SinceLast(test)
        });
        all.extend([nth.clone().boxed(), nth.boxed(), since.boxed()]);
    }
    all
}
