//! Random programs that a checker has nothing to say against.

use loyalty_core::id::AuthorId;
use loyalty_core::money::Money;
use loyalty_core::program::document::{
    AttributeDeclaration, AttributeKind, Cap, Counted, Counter, Currency, CurrencyKind, DatesBy, Document,
    Downgrade, Earning, Expiry, Group, GroupMember, Lasts, Level, Requirement, Returns, Rule, Threshold,
    TierTrack, Unlinked, Upgrade,
};
use loyalty_core::time::Window;
use loyalty_core::zone::Zone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::condition::{basis, holidays};
use super::earning::{earning, rounding};
use super::terms::partners;
use super::words::{COLOUR, GIFT, MILES, decimal, id, period, span, window};
use super::zone;

/// A valid program: 1 to 3 currencies, counters, up to 2 tier tracks, and every kind of rule and cap.
pub fn program() -> BoxedStrategy<Document> {
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
            (Just(currencies), Just(counters), tracks)
        })
        .boxed()
        .prop_flat_map(|(currencies, counters, tiers)| {
            let earning: Vec<_> =
                currencies.iter().map(|it| earning(it.id.clone(), it.scale, &tiers)).collect();
            let others = (calendar(), holidays(), returns());
            (Just(currencies), Just(counters), Just(tiers), earning, others)
        })
        .prop_map(|(currencies, counters, tiers, earning, ((zone, dates_by), holidays, returns))| {
            let mut document = Document {
                format: 1,
                name: "random".to_owned(),
                money: "USD".to_owned(),
                zone,
                dates_by,
                currencies,
                attributes: attributes(),
                partners: partners(),
                holidays,
                counters,
                tiers,
                earning,
                returns,
            };
            Names::default().give(&mut document.earning);
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
    (0_u8..=4, kind, rounding(), option::of(expiry())).prop_map(|(scale, kind, round, expiry)| Currency {
        id: id("unnamed"),
        name: None,
        scale,
        kind,
        round,
        expiry,
    })
}

fn expiry() -> impl Strategy<Value = Expiry> {
    let to_end_of = option::of(select(vec![Window::Month, Window::Quarter, Window::Year]));
    (span(), to_end_of).prop_map(|(after, to_end_of)| Expiry { after, to_end_of })
}

fn counters(currencies: &[Currency]) -> impl Strategy<Value = Vec<Counter>> + use<> {
    let ids: Vec<AuthorId> = currencies.iter().map(|currency| currency.id.clone()).collect();
    let counts = prop_oneof![
        3 => select(ids).prop_map(Counted::Earned),
        2 => basis().prop_map(Counted::Spend),
        1 => Just(Counted::Purchases),
    ];
    let counter = (counts, window()).prop_map(|(counts, window)| (counts, window));
    vec(counter, 1..=4).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(n, (counts, window))| Counter { id: id(&format!("counter-{n}")), counts, window })
            .collect()
    })
}

fn track(counters: &[Counter]) -> impl Strategy<Value = TierTrack> + use<> {
    let higher = (requirement(counters), option::weighted(0.4, requirement(counters)));
    let higher = higher.prop_map(|(reach, keep)| (Some(reach), keep));
    let lasts = prop_oneof![
        1 => Just(Lasts::Forever),
        3 => period().prop_map(Lasts::ToEndOf),
        2 => period().prop_map(Lasts::ToEndOfNext),
        2 => span().prop_map(Lasts::For),
    ];
    let upgrade = select(vec![Upgrade::AtOnce, Upgrade::AtOnce, Upgrade::AtPeriodEnd]);
    let downgrade =
        select(vec![Downgrade::Reassess, Downgrade::Reassess, Downgrade::OneStep, Downgrade::None]);
    (vec(higher, 1..=3), upgrade, lasts, downgrade).prop_map(|(higher, upgrade, lasts, downgrade)| {
        // Who may only rise at an end needs one.
        let upgrade = if lasts == Lasts::Forever { Upgrade::AtOnce } else { upgrade };
        let levels = std::iter::once((None, None)).chain(higher).enumerate();
        let level = |(n, (reach, keep))| Level { id: id(&format!("level-{n}")), name: None, reach, keep };
        TierTrack { id: id("unnamed"), levels: levels.map(level).collect(), upgrade, lasts, downgrade }
    })
}

fn named_tracks(tracks: Vec<TierTrack>) -> Vec<TierTrack> {
    let named = tracks.into_iter().zip(["status", "club"]);
    named.map(|(track, name)| TierTrack { id: id(name), ..track }).collect()
}

fn requirement(counters: &[Counter]) -> BoxedStrategy<Requirement> {
    let threshold = select(counters.to_vec()).prop_flat_map(|counter| {
        let at_least = match counter.counts {
            Counted::Purchases => decimal(1, 5, 0).boxed(),
            Counted::Spend(_) => decimal(1, 150, 2).boxed(),
            Counted::Earned(_) => decimal(1, 200, 1).boxed(),
        };
        at_least.prop_map(move |at_least: Money| {
            Requirement::Counter(Threshold { id: counter.id.clone(), at_least })
        })
    });
    threshold
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                vec(inner.clone(), 1..=2).prop_map(Requirement::All),
                vec(inner, 1..=2).prop_map(Requirement::Any),
            ]
        })
        .boxed()
}

fn returns() -> impl Strategy<Value = Returns> {
    let unlinked = select(vec![Unlinked::Refuse, Unlinked::MostRecent, Unlinked::MostRecent]);
    (unlinked, option::of(span())).prop_map(|(unlinked, within)| Returns {
        unlinked,
        within: within.filter(|_| unlinked == Unlinked::MostRecent),
        ..Returns::default()
    })
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
