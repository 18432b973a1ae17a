//! Random programs that a checker has nothing to say against.

use loyalty_core::id::AuthorId;
use loyalty_core::money::Money;
use loyalty_core::program::condition::DateRange;
use loyalty_core::program::document::{
    ActivityIds, AtLeast, AttributeDeclaration, AttributeKind, Cap, Challenge, Consumption, Counted, Counter,
    Currency, CurrencyExpiry, CurrencyKind, DatesBy, Document, Downgrade, Earning, Expiry, Group,
    GroupMember, HeadStart, Lasts, Level, OnReturn, Requirement, Rollover, Rule, Segment, Start, Streak, Sum,
    SumOf, Threshold, TierTrack, Upgrade,
};
use loyalty_core::time::{Date, Window};
use loyalty_core::zone::Zone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::budgets;
use super::condition::{Known, basis, condition, holidays, line};
use super::conversions::conversions;
use super::earning::{earning, rounding};
use super::grants;
use super::idle;
use super::limits::limits;
use super::returns::returns;
use super::rewards::rewards;
use super::terms::partners;
use super::words::{COLOUR, EVENTS, GIFT, MILES, SEGMENTS, decimal, id, period, span, window, word};
use super::zone;

/// A valid program: 1 to 3 currencies, counters, up to 2 tier tracks, and every kind of rule and cap.
pub fn program() -> BoxedStrategy<Document> {
    with_rules(3)
}

/// A program with up to `most` rules and groups in each of its top groups.
pub fn with_rules(most: usize) -> BoxedStrategy<Document> {
    let currencies = vec(currency(), 1..=3).prop_map(|all| {
        let named = all.into_iter().zip(["points", "miles", "stars"]);
        named.map(|(currency, name)| Currency { id: id(name), ..currency }).collect::<Vec<_>>()
    });
    currencies
        .prop_flat_map(|currencies| {
            let counters = counters(&currencies);
            (Just(currencies), counters)
        })
        .boxed()
        .prop_flat_map(|(currencies, counters)| {
            let tracks = vec(track(&counters), 0..=2).prop_map(named_tracks);
            let goals = (tracks, challenges(&counters));
            (Just(currencies), Just(counters), goals)
        })
        .boxed()
        .prop_flat_map(move |(currencies, counters, (tiers, challenges))| {
            let known = Known { tracks: &tiers, counters: &counters, challenges: &challenges };
            let earning: Vec<_> =
                currencies.iter().map(|it| earning(it.id.clone(), it.scale, &known, most)).collect();
            let spending = (returns(&tiers), rewards(&currencies, &tiers), conversions(&currencies));
            let gifts = (grants::declared(), grants::grants(&known, &currencies));
            let money =
                (limits(&currencies), budgets::picks(currencies.len()), idle::picks(currencies.len()));
            let others = (calendar(), holidays(), spending, money, gifts);
            (Just(currencies), Just(counters), Just((tiers, challenges)), earning, others)
        })
        .prop_map(|(currencies, counters, (tiers, challenges), earning, others)| {
            let ((zone, dates_by), holidays, (returns, rewards, conversions), (limits, picks, lives), gifts) =
                others;
            let ((vouchers, badges), grants) = gifts;
            let mut document = Document {
                transfers: None,
                format: 1,
                name: "random".to_owned(),
                money: "USD".to_owned(),
                zone,
                dates_by,
                activity_ids: ActivityIds::Own,
                currencies,
                attributes: attributes(),
                segments: SEGMENTS.iter().map(|it| Segment { id: id(it), name: None }).collect(),
                member_attributes: attributes(),
                partners: partners(),
                holidays,
                budgets: Vec::new(),
                counters,
                tiers,
                challenges,
                earning,
                vouchers,
                badges,
                grants,
                referrals: Vec::new(),
                returns,
                rewards,
                quote_minutes: None,
                conversions,
                limits,
            };
            Names::default().give(&mut document.earning);
            budgets::give(&mut document, picks);
            idle::give(&mut document, lives);
            document
        })
        .boxed()
}

fn calendar() -> impl Strategy<Value = (Zone, DatesBy)> {
    let zone = prop_oneof![
        3 => Just(zone::new_york()),
        1 => Just(zone::sao_paulo()),
        1 => Just(Zone::utc()),
    ];
    (zone, select(vec![DatesBy::Zone, DatesBy::Activity]))
}

fn currency() -> impl Strategy<Value = Currency> {
    let kind = select(vec![CurrencyKind::Redeemable, CurrencyKind::Qualifying]);
    let parts = (0_u8..=4, kind, rounding(), option::of(expiry()), option::of(span()));
    parts.prop_map(|(scale, kind, round, expiry, reinstate_within)| Currency {
        consumption: Consumption::Fefo,
        id: id("unnamed"),
        name: None,
        scale,
        kind,
        round,
        expiry: expiry.map(CurrencyExpiry::from),
        reinstate_within,
        second_person_above: None,
        worth: None,
    })
}

fn expiry() -> impl Strategy<Value = Expiry> {
    let to_end_of = option::of(select(vec![Window::Month, Window::Quarter, Window::Year]));
    (span(), to_end_of).prop_map(|(after, to_end_of)| Expiry { after, to_end_of })
}

fn counters(currencies: &[Currency]) -> impl Strategy<Value = Vec<Counter>> + use<> {
    let ids: Vec<AuthorId> = currencies.iter().map(|currency| currency.id.clone()).collect();
    let kinds: Vec<CurrencyKind> = currencies.iter().map(|currency| currency.kind).collect();
    let sum_of = prop_oneof![
        Just(SumOf::Lines),
        Just(SumOf::Purchase),
        word(EVENTS).prop_map(|name| SumOf::Event(id(&name))),
    ];
    let counts = prop_oneof![
        3 => select(ids).prop_map(Counted::Earned),
        1 => select(kinds).prop_map(Counted::EarnedOfKind),
        2 => basis().prop_map(Counted::Spend),
        2 => Just(Counted::Purchases),
        2 => Just(Counted::Days),
        1 => word(EVENTS).prop_map(|name| Counted::Events(id(&name))),
        1 => sum_of.prop_map(|of| Counted::Sum(Sum { attribute: id(MILES), of })),
    ];
    let days = window().prop_filter("days of a year", |window| window.most_days().is_some());
    let when = option::weighted(0.2, condition(&Known::default(), false));
    let counter = (counts, window(), days, when, option::of(line()));
    let counter = counter.prop_map(|(counts, window, days, when, lines)| Counter {
        id: id("unnamed"),
        window: if counts == Counted::Days { days } else { window },
        lines: lines.filter(|_| counts.sums_lines()),
        start: Start::Zero,
        counts,
        when,
    });
    vec(counter, 1..=4).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered.map(|(n, counter)| Counter { id: id(&format!("counter-{n}")), ..counter }).collect()
    })
}

fn track(counters: &[Counter]) -> impl Strategy<Value = TierTrack> + use<> {
    let lifetime = lifetime(counters);
    let higher = (
        option::weighted(0.9, requirement(counters)),
        option::weighted(0.4, requirement(counters)),
        lifetime,
        prop::bool::weighted(0.15),
    );
    let spare = requirement(counters);
    let higher = (higher, spare).prop_map(|((reach, keep, lifetime, never_below), spare)| Level {
        id: id("unnamed"),
        name: None,
        // Something has to lead there.
        reach: reach.or(if lifetime.is_none() { Some(spare) } else { None }),
        keep,
        lifetime,
        head_start: Vec::new(),
        never_below,
        replaces: Vec::new(),
    });
    let lasts = prop_oneof![
        1 => Just(Lasts::Forever),
        3 => period().prop_map(Lasts::ToEndOf),
        2 => period().prop_map(Lasts::ToEndOfNext),
        2 => span().prop_map(Lasts::For),
    ];
    let upgrade = select(vec![Upgrade::AtOnce, Upgrade::AtOnce, Upgrade::AtPeriodEnd]);
    let downgrade =
        select(vec![Downgrade::Reassess, Downgrade::Reassess, Downgrade::OneStep, Downgrade::None]);
    let on_return = select(vec![OnReturn::AtPeriodEnd, OnReturn::AtOnce, OnReturn::Never]);
    let ends = (downgrade, option::weighted(0.3, span()), on_return);
    let carry = option::weighted(0.4, carry(counters));
    (vec(higher, 1..=3), upgrade, lasts, ends, carry).prop_map(
        |(higher, upgrade, lasts, (downgrade, grace, on_return), carry)| {
            // Who may only rise at an end needs one.
            let upgrade = if lasts == Lasts::Forever { Upgrade::AtOnce } else { upgrade };
            let lowest = Level {
                id: id("unnamed"),
                name: None,
                reach: None,
                keep: None,
                lifetime: None,
                head_start: Vec::new(),
                never_below: false,
                replaces: Vec::new(),
            };
            let levels = std::iter::once(lowest).chain(higher).enumerate();
            let named = |(n, level)| Level { id: id(&format!("level-{n}")), ..level };
            let mut levels: Vec<Level> = levels.map(named).collect();
            let rollover = carry.map_or_else(Vec::new, |carry| carry.give(&mut levels));
            let grace = grace.filter(|_| lasts != Lasts::Forever && downgrade != Downgrade::None);
            TierTrack { id: id("unnamed"), levels, upgrade, lasts, downgrade, grace, on_return, rollover }
        },
    )
}

/// Mostly one or two; some only within dates of the histories.
fn challenges(counters: &[Counter]) -> impl Strategy<Value = Vec<Challenge>> + use<> {
    let first = Date::parse("2016-11-01").expect("a date").days();
    let dates = (0..700, 1..400, any::<bool>(), any::<bool>()).prop_map(move |(from, days, begins, ends)| {
        let date = |days| Date::from_days(first + days);
        DateRange { from: begins.then(|| date(from)), to: ends.then(|| date(from + days)) }
    });
    let challenge = (requirement(counters), option::weighted(0.3, dates))
        .prop_map(|(complete, dates)| Challenge { id: id("unnamed"), name: None, complete, dates });
    vec(challenge, 0..=2).prop_map(|all| {
        let named = all.into_iter().zip(["dash", "marathon"]);
        named.map(|(challenge, name)| Challenge { id: id(name), ..challenge }).collect()
    })
}

/// A counter of the calendar that rolls over or has a head start.
#[derive(Debug, Clone)]
struct Carried {
    counter: Counter,
    most: Option<Money>,
    heads: Vec<Option<Money>>,
}

fn carry(counters: &[Counter]) -> BoxedStrategy<Carried> {
    let most = option::of(decimal(1, 40, 1));
    (select(counters.to_vec()), most, vec(option::of(decimal(1, 60, 1)), 4))
        .prop_map(|(counter, most, heads)| Carried { counter, most, heads })
        .boxed()
}

impl Carried {
    /// Gives levels their head starts; what rolls over where a level asks for the counter.
    fn give(self, levels: &mut [Level]) -> Vec<Rollover> {
        if !self.counter.window.ends() {
            return Vec::new();
        }
        for (level, head) in levels.iter_mut().zip(self.heads) {
            let head = head.map(|amount| HeadStart { counter: self.counter.id.clone(), amount });
            level.head_start.extend(head);
        }
        let mut asked = false;
        for reach in levels.iter().filter_map(|level| level.reach.as_ref()) {
            reach.thresholds(&mut |threshold| asked |= threshold.id == self.counter.id);
        }
        let rollover = Rollover { counter: self.counter.id, at_most: self.most };
        if asked { vec![rollover] } else { Vec::new() }
    }
}

/// What makes a level one for life, where a counter of a lifetime is there.
fn lifetime(counters: &[Counter]) -> BoxedStrategy<Option<Requirement>> {
    let whole: Vec<_> = counters.iter().filter(|c| c.window == Window::Lifetime).cloned().collect();
    if whole.is_empty() { Just(None).boxed() } else { option::weighted(0.3, requirement(&whole)).boxed() }
}

fn named_tracks(tracks: Vec<TierTrack>) -> Vec<TierTrack> {
    let named = tracks.into_iter().zip(["status", "club"]);
    named.map(|(track, name)| TierTrack { id: id(name), ..track }).collect()
}

fn requirement(counters: &[Counter]) -> BoxedStrategy<Requirement> {
    let one = (select(counters.to_vec()), prop::bool::weighted(0.3), 2_u16..=4);
    let threshold = one.prop_flat_map(|(counter, in_a_row, windows)| {
        let at_least = match counter.counts {
            Counted::Purchases | Counted::Days | Counted::Events(_) => decimal(1, 5, 0).boxed(),
            Counted::Spend(_) | Counted::Sum(_) => decimal(1, 150, 2).boxed(),
            Counted::Earned(_) | Counted::EarnedOfKind(_) => decimal(1, 200, 1).boxed(),
        };
        let in_a_row = in_a_row && counter.window.ends() && counter.counts != Counted::Days;
        at_least.prop_map(move |at_least: Money| {
            if in_a_row {
                Requirement::Streak(Streak { counter: counter.id.clone(), at_least, windows })
            } else {
                Requirement::Counter(Threshold { id: counter.id.clone(), at_least })
            }
        })
    });
    threshold
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                vec(inner.clone(), 1..=2).prop_map(Requirement::All),
                vec(inner.clone(), 1..=2).prop_map(Requirement::Any),
                (vec(inner, 1..=3), 1_u16..=3).prop_map(|(of, count)| {
                    let count = count.min(of.len() as u16);
                    Requirement::AtLeast(AtLeast { count, of })
                }),
            ]
        })
        .boxed()
}

fn attributes() -> Vec<AttributeDeclaration> {
    let all = [(COLOUR, AttributeKind::Text), (MILES, AttributeKind::Number), (GIFT, AttributeKind::Flag)];
    all.into_iter().map(|(name, values)| AttributeDeclaration { id: id(name), values }).collect()
}

/// Gives everything an id of its own.
#[derive(Default)]
struct Names(u32);

impl Names {
    fn give(mut self, earning: &mut [Earning]) {
        for earning in earning {
            earning.groups.iter_mut().for_each(|group| self.group(group));
            for stage in &mut earning.multipliers {
                stage.id = self.next("stage");
                stage.factors.iter_mut().for_each(|factor| factor.id = self.next("factor"));
            }
            earning.after.iter_mut().for_each(|rule| self.rule(rule));
            self.caps(&mut earning.caps);
        }
    }

    fn group(&mut self, group: &mut Group) {
        group.id = self.next("group");
        for member in &mut group.members {
            match member {
                GroupMember::Rule(rule) => self.rule(rule),
                GroupMember::Group(group) => self.group(group),
            }
        }
        self.caps(&mut group.caps);
    }

    fn rule(&mut self, rule: &mut Rule) {
        rule.id = self.next("rule");
        self.caps(&mut rule.caps);
    }

    fn caps(&mut self, caps: &mut [Cap]) {
        caps.iter_mut().for_each(|cap| cap.id = self.next("cap"));
    }

    fn next(&mut self, kind: &str) -> AuthorId {
        self.0 += 1;
        id(&format!("{kind}-{}", self.0))
    }
}
