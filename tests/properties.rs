//! Properties over random programs and histories: the engine beside the slow, obvious second implementation.

#[path = "properties/cash.rs"]
mod cash;
#[path = "properties/corrections.rs"]
mod corrections;
#[path = "properties/index.rs"]
mod index;
#[path = "properties/lots.rs"]
mod lots;
#[path = "properties/membership.rs"]
mod membership;
#[path = "properties/nearest.rs"]
mod nearest;
#[path = "properties/past.rs"]
mod past;
#[path = "properties/proof.rs"]
mod proof;
#[path = "properties/quotes.rs"]
mod quotes;
#[path = "properties/real.rs"]
mod real;
#[path = "properties/returns.rs"]
mod returns;
#[path = "properties/review.rs"]
mod review;
#[path = "properties/spending.rs"]
mod spending;

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::counter;
use loyalty_core::decision::Command;
use loyalty_core::engine::EngineError;
use loyalty_core::id::{ActivityId, ActorId, AuthorId};
use loyalty_core::ledger::operation::{CountedBy, Operation, VestingOutcome};
use loyalty_core::member::{MemberState, Pending};
use loyalty_core::money::Money;
use loyalty_core::program::Programs;
use loyalty_core::program::document::{
    Cap, CapScope, Consumption, Counted, Document, Group, GroupMember, LimitAnswer, Measure, Threshold,
};
use loyalty_core::settle::settle;
use loyalty_core::tier::TierGrant;
use loyalty_core::time::{OffsetTime, Timestamp, Window};
use loyalty_model::generate::{self, case, facts};
use loyalty_model::number::{BigInt, Exact, minor_units, whole};
use loyalty_model::{Instant, Model, NEVER, Refused};
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use real::Real;

/// Cases of each property: enough for every push, many more in the long run.
fn cases(each_push: u32) -> ProptestConfig {
    generate::cases(each_push, each_push * 50)
}

fn now() -> Timestamp {
    Timestamp::parse("2030-01-01T00:00:00Z").unwrap()
}

/// The same program, whose currencies are spent in one of the orders that there are.
fn in_some_order(mut document: Document, which: u8) -> Document {
    let orders = [Consumption::Fefo, Consumption::Fifo, Consumption::Lifo];
    for (currency, turn) in document.currencies.iter_mut().zip([1, 3, 1, 3]) {
        currency.consumption = orders[usize::from(which / turn % 3)];
    }
    document
}

/// What an operation gave, took and forgave, by currency, without zeros.
fn moved(operation: &Operation) -> [BTreeMap<String, BigInt>; 3] {
    let mut sums: [BTreeMap<String, BigInt>; 3] = Default::default();
    let mut add = |which: usize, currency: String, points: i64| {
        if points != 0 {
            *sums[which].entry(currency).or_default() += points;
        }
    };
    for award in &operation.awards {
        add(0, award.currency.to_string(), award.points.minor());
    }
    for take in operation.returned.iter().flat_map(|returned| &returned.takes) {
        add(1, take.currency.to_string(), take.points.minor());
        add(2, take.currency.to_string(), take.forgiven.minor());
    }
    sums
}

/// What joining gave, by currency, without zeros.
fn welcomed(operation: &Operation) -> BTreeMap<String, BigInt> {
    let mut sums = BTreeMap::new();
    for award in &operation.welcome {
        *sums.entry(award.currency.to_string()).or_insert(BigInt::ZERO) += award.points.minor();
    }
    without_zeros(sums)
}

/// What levels and challenges gave, lost and could not give back, by track, id and currency, without zeros.
fn of_goals(operation: &Operation) -> [BTreeMap<[String; 3], BigInt>; 3] {
    let key = |track: &Option<AuthorId>, id: &AuthorId, currency: &AuthorId| {
        [track.as_ref().map_or(String::new(), ToString::to_string), id.to_string(), currency.to_string()]
    };
    let mut sums: [BTreeMap<_, BigInt>; 3] = Default::default();
    for it in &operation.goal_awards {
        let award = &it.award;
        *sums[0].entry(key(&it.track, &it.id, &award.currency)).or_default() += award.points.minor();
    }
    for it in &operation.goal_takes {
        let key = key(&it.track, &it.id, &it.take.currency);
        *sums[1].entry(key.clone()).or_default() += it.take.points.minor();
        *sums[2].entry(key).or_default() += it.take.forgiven.minor();
    }
    sums.map(without_zeros)
}

fn without_zeros<K: Ord>(sums: BTreeMap<K, BigInt>) -> BTreeMap<K, BigInt> {
    sums.into_iter().filter(|(_, points)| *points != BigInt::ZERO).collect()
}

fn compare_states(real: &Real, state: &MemberState, model: &Model, time: OffsetTime) {
    for currency in &real.program.document().currencies {
        let id = currency.id.as_str();
        let (balance, totals) = (state.balance(&currency.id), model.totals(id));
        let number = |points: Option<i64>| BigInt::from(points.unwrap_or(0));
        assert_eq!(
            number(balance.map(|b| b.available().unwrap().minor())),
            model.balance(id),
            "balance of {id}"
        );
        let lapses = |at: Option<Timestamp>| {
            at.map_or(NEVER, |at| Instant::from_timestamp_micros(at.micros()).unwrap())
        };
        let buckets = balance.map(|b| b.buckets().unwrap()).unwrap_or_default();
        let buckets: BTreeMap<_, _> =
            buckets.into_iter().map(|(at, points)| (lapses(at), BigInt::from(points.minor()))).collect();
        assert_eq!(buckets, model.lapsing(id), "what lapses when of {id}");
        let pending = state.pending_of(&currency.id).unwrap().minor();
        assert_eq!(BigInt::from(pending), model.pending(id), "pending {id}");
        assert_eq!(number(balance.map(|b| b.cancelled.minor())), totals.cancelled, "cancelled {id}");
        assert_eq!(number(balance.map(|b| b.earned.minor())), totals.earned, "earned {id}");
        assert_eq!(number(balance.map(|b| b.clawed_back.minor())), totals.clawed_back, "clawed back {id}");
        assert_eq!(number(balance.map(|b| b.expired.minor())), totals.expired, "expired {id}");
        assert_eq!(number(balance.map(|b| b.forgiven.minor())), totals.forgiven, "forgiven {id}");
        assert_eq!(number(balance.map(|b| b.debt.minor())), model.debt(id), "debt {id}");
        assert_eq!(number(balance.map(|b| b.redeemed.minor())), totals.redeemed, "redeemed {id}");
        assert_eq!(number(balance.map(|b| b.adjusted.minor())), totals.adjusted, "adjusted {id}");
        assert_eq!(number(balance.map(|b| b.forfeited.minor())), totals.forfeited, "forfeited {id}");
        assert_eq!(balance.map_or(0, |b| b.accruals), totals.accruals, "accruals {id}");
    }
    for counter in &real.program.document().counters {
        let when = real.program.when(state, time.at, real.program.date_of(time));
        let counted = counter::value(&real.program, state, &counter.id, &when).expect("a window just used");
        // Points of one currency and occasions are counted whole, sums in 1/10,000.
        let unit = match counter::unit(&real.program, counter) {
            1 if !matches!(counter.counts, Counted::Earned(_)) => whole(10_000),
            _ => whole(1),
        };
        let counted: Exact = whole(counted) / unit;
        assert_eq!(counted, model.counter(counter.id.as_str(), time), "counter {}", counter.id);
    }
    compare_gifts(state, model);
    for track in &real.program.document().tiers {
        let held = state.tier(&track.id).map(|held| held.level().to_string());
        assert_eq!(held, Some(model.level(track.id.as_str())), "level on {}", track.id);
        let until = state.tier(&track.id).and_then(|held| held.until());
        let until = until.map_or(NEVER, |at| Instant::from_timestamp_micros(at.micros()).unwrap());
        assert_eq!(until, model.until(track.id.as_str()), "end of the level on {}", track.id);
    }
}

fn compare_gifts(state: &MemberState, model: &Model) {
    let ends =
        |at: Option<Timestamp>| at.map_or(NEVER, |at| Instant::from_timestamp_micros(at.micros()).unwrap());
    let valid = state.gifts.vouchers.iter().filter(|it| !it.is_used_up());
    let held = valid.map(|it| {
        (it.voucher.to_string(), ends(it.expires_at), it.value.map(loyalty_model::number::exact), it.left())
    });
    let mut held: Vec<_> = held.collect();
    held.sort();
    assert_eq!(held, model.vouchers(), "vouchers");
    let held: Vec<_> = state.gifts.badges.iter().map(|it| it.badge.to_string()).collect();
    assert_eq!(held, model.badges(), "badges");
}

/// Every cap of a program with the decimals of its currency.
fn caps(document: &Document) -> Vec<(&Cap, u8)> {
    fn of_group<'a>(group: &'a Group, caps: &mut Vec<&'a Cap>) {
        caps.extend(&group.caps);
        for member in &group.members {
            match member {
                GroupMember::Rule(rule) => caps.extend(&rule.caps),
                GroupMember::Group(group) => of_group(group, caps),
            }
        }
    }
    let mut all = Vec::new();
    for earning in &document.earning {
        let mut caps: Vec<&Cap> =
            earning.caps.iter().chain(earning.after.iter().flat_map(|rule| &rule.caps)).collect();
        earning.groups.iter().for_each(|group| of_group(group, &mut caps));
        let scale = document.currencies.iter().find(|it| it.id == earning.currency).unwrap().scale;
        all.extend(caps.into_iter().map(|cap| (cap, scale)));
    }
    all
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn the_engine_equals_the_second_implementation((document, history) in case(12), known in vec(facts(), 12)) {
        let (real, mut model) = (Real::new(&document), Model::new(&document));
        for (activity, known) in history.iter().zip(&known) {
            real.told(known);
            model.told(known.clone());
            let expected = match model.record(activity) {
                Err(Refused::Late) => continue,
                other => other,
            };
            match (real.record(activity), expected) {
                (Err(code), Err(refused)) => prop_assert_eq!(code, refused.code()),
                (Ok(answer), Ok(outcome)) => {
                    let [given, taken, forgiven] = moved(&answer.operation);
                    prop_assert_eq!(given, without_zeros(outcome.awards));
                    prop_assert_eq!(taken, without_zeros(outcome.taken));
                    prop_assert_eq!(forgiven, without_zeros(outcome.forgiven));
                    prop_assert_eq!(welcomed(&answer.operation), without_zeros(outcome.welcome));
                    let [given, taken, forgiven] = of_goals(&answer.operation);
                    prop_assert_eq!(given, without_zeros(outcome.goal_awards));
                    prop_assert_eq!(taken, without_zeros(outcome.goal_takes));
                    prop_assert_eq!(forgiven, without_zeros(outcome.goal_forgiven));
                    let unmatched: Vec<_> = answer.operation.unmatched.iter().map(|u| {
                        (u.sku.clone(), loyalty_model::number::exact(u.quantity))
                    }).collect();
                    prop_assert_eq!(unmatched, outcome.unmatched);
                    compare_states(&real, &real.state().expect("a member"), &model, activity.occurred_at());
                }
                (real, model) => prop_assert!(false, "engine {:?}, model {:?}", real.map(|a| a.operation), model),
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Preview, posting, replay and proof of every activity agree, and the chain verifies.
    #[test]
    fn one_decision_everywhere((document, history) in case(8), known in vec(facts(), 9)) {
        let real = Real::new(&document);
        for (activity, known) in history.iter().zip(known.windows(2)) {
            real.told(&known[0]);
            let command = Command::Record(Arc::new(activity.clone()));
            let first = real.state().is_none();
            let preview = block_on(real.engine.preview(&real.tenant, &real.member, &command, now()));
            let posted = real.record(activity);
            let previewed = preview.as_ref().ok().map(|p| p.decision.operation.without_leases());
            prop_assert_eq!(previewed, posted.as_ref().ok().map(|a| a.operation.without_leases()));
            let Ok(posted) = posted else { continue };
            // What was decided stays, whatever becomes known of the member.
            real.told(&known[1]);
            let again = real.record(activity).expect("a replay");
            prop_assert!(again.replayed && again.operation == posted.operation);
            let key = &posted.operation.key;
            let proof = block_on(real.engine.explain(&real.tenant, &real.member, key, now())).expect("a proof");
            let shown = preview.expect("a preview");
            prop_assert_eq!((&shown.steps, &shown.nearest), (&proof.steps, &proof.nearest));
            proof::adds_up(&document, (&posted.operation, first), &proof.steps);
        }
        if real.state().is_some() {
            let verified = block_on(real.engine.verify(&real.tenant, &real.member)).unwrap();
            prop_assert_eq!(verified.findings, vec![]);
        }
    }

    /// At no point of a history has a window more than its cap, nor does a balance rise above its own.
    #[test]
    fn caps_are_never_exceeded((document, history) in case(12)) {
        let real = Real::new(&document);
        let mut held = BTreeMap::new();
        for activity in &history {
            let _ = real.record(activity);
            let Some(state) = real.state() else { continue };
            for (cap, scale) in caps(&document) {
                let most = loyalty_model::number::minor_units(cap.at_most, scale);
                let used = state.caps.iter().filter(|used| used.id == cap.id).flat_map(|used| &used.slots);
                for slot in used {
                    prop_assert!((whole(0)..=most.clone()).contains(&whole(slot.amount)), "{}", cap.id);
                }
            }
            for earning in &document.earning {
                let balance = state.balance(&earning.currency).map_or(0, |b| b.available().unwrap().minor());
                let now = whole(balance + state.pending_of(&earning.currency).unwrap().minor());
                let scale = document.currencies.iter().find(|it| it.id == earning.currency).unwrap().scale;
                let before = held.insert(&earning.currency, now.clone()).unwrap_or(whole(0));
                for cap in earning.caps.iter().filter(|cap| cap.per == CapScope::Balance) {
                    let most = loyalty_model::number::minor_units(cap.at_most, scale);
                    prop_assert!(now <= most || now <= before, "{}: {now}", cap.id);
                }
            }
        }
    }

    /// A list packed into commits of many operations decides as one command at a time does.
    #[test]
    fn packs_change_nothing((document, history) in case(12), known in facts()) {
        let (single, packed) = (Real::new(&document), Real::new(&document));
        single.told(&known);
        packed.told(&known);
        let one_by_one: Vec<_> = history.iter().map(|a| single.record(a).map(|answer| answer.operation)).collect();
        let plain = |one: Result<Operation, String>| one.map(|it| it.without_leases());
        let packed_ones: Vec<_> = packed.record_all(&history).into_iter().map(plain).collect();
        prop_assert_eq!(one_by_one.into_iter().map(plain).collect::<Vec<_>>(), packed_ones);
        prop_assert_eq!(single.state(), packed.state());
    }

    /// Nothing depends on when somebody looked: settling in two steps is settling in one.
    #[test]
    fn settling_has_no_steps((document, history) in case(8), first in 0_i64..900, second in 0_i64..900) {
        let real = Real::new(&document);
        for activity in &history {
            let _ = real.record(activity);
        }
        let Some(state) = real.state() else { return Ok(()) };
        let programs = Programs::new(Arc::new(real.program.clone()));
        let at = |days: i64| state.settled_to.plus_seconds(days * 86_400);
        let (mut once, mut twice) = (state.clone(), state.clone());
        let owner = real.engine.owner(&real.tenant, &real.member);
        settle(&programs, owner, &mut once, at(first + second)).unwrap();
        settle(&programs, owner, &mut twice, at(first)).unwrap();
        settle(&programs, owner, &mut twice, at(first + second)).unwrap();
        prop_assert_eq!(once, twice);
    }

    /// A level depends on what was counted and on time, never on what is left to spend.
    #[test]
    fn tiers_look_at_counters_and_time((document, history) in case(8), days in 0_i64..900) {
        let real = Real::new(&document);
        for activity in &history {
            let _ = real.record(activity);
        }
        let Some(state) = real.state() else { return Ok(()) };
        let programs = Programs::new(Arc::new(real.program.clone()));
        let (mut rich, mut poor) = (state.clone(), state.clone());
        poor.balances.clear();
        poor.caps.clear();
        for state in [&mut rich, &mut poor] {
            let owner = real.engine.owner(&real.tenant, &real.member);
            settle(&programs, owner, state, state.settled_to.plus_seconds(days * 86_400)).unwrap();
        }
        prop_assert_eq!(rich.tiers, poor.tiers);
    }

    /// No window is ever above its cap, wherever it is read and in whatever order things arrive.
    #[test]
    fn caps_hold_in_every_window((document, history) in case(12), seed in any::<u64>()) {
        let real = Real::new(&document);
        let mut used: BTreeMap<(String, i64), i128> = BTreeMap::new();
        let mut waiting: Vec<Pending> = Vec::new();
        for activity in shuffled(history, seed) {
            let Ok(answer) = real.record(&activity) else { continue };
            let read = block_on(real.engine.member(&real.tenant, &real.member, None, now()));
            let state = read.expect("a member").head.state;
            // What a deadline cancelled before it gave its part of the caps back.
            let over = |it: &&Pending| it.then == VestingOutcome::Cancelled && it.due <= state.settled_to;
            let given_back = waiting.iter().filter(over).flat_map(|it| &it.counted).map(|it| (it, -it.amount));
            let added = answer.operation.counted.iter().map(|it| (it, it.amount));
            for (counted, amount) in given_back.chain(added) {
                if let CountedBy::Cap(cap) = &counted.of {
                    *used.entry((cap.to_string(), counted.slot)).or_default() += amount;
                }
            }
            waiting = state.pending;
            for cap in real.program.window_caps() {
                let of_cap = || used.iter().filter(|((id, _), _)| *id == cap.id.as_str());
                for ((_, last), _) in of_cap() {
                    let covered = cap.window.first_slot(*last)..=*last;
                    let inside = of_cap().filter(|((_, slot), _)| covered.contains(slot));
                    let sum: i128 = inside.map(|(_, amount)| amount).sum();
                    prop_assert!(whole(sum) <= most_of(&document, &cap.id), "{} up to {last}", cap.id);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(3_000))]

    /// What limits refuse or clip is never exceeded in any window, in whatever order things arrive.
    #[test]
    fn limits_hold_in_any_order((document, history) in case(12), seed in any::<u64>()) {
        let limits = document.limits.iter().filter(|it| {
            it.when.is_none() && matches!(it.then, LimitAnswer::Clip | LimitAnswer::Block)
        });
        let limits: Vec<_> = limits.collect();
        // Most programs have none; there are cases enough that a third is many.
        if limits.is_empty() {
            return Ok(());
        }
        let real = Real::new(&document);
        let recorded = shuffled(history, seed).into_iter().filter_map(|activity| {
            let answer = real.record(&activity).ok()?;
            (!matches!(activity, Activity::Return(_)) && !activity.is_occasion()).then_some(answer.operation)
        });
        let recorded: Vec<Operation> = recorded.collect();
        let Some(state) = real.state() else { return Ok(()) };
        for limit in limits {
            match &limit.measures {
                Measure::Points(points) => {
                    let scale = document.currencies.iter().find(|it| it.id == points.currency).unwrap().scale;
                    let of = |op: &Operation| {
                        let awards = op.awards.iter().filter(|award| award.currency == points.currency);
                        awards.map(|award| i128::from(award.points.minor())).sum::<i128>()
                    };
                    let most = fullest(&real, &state, &recorded, points.window, &of);
                    prop_assert!(whole(most) <= minor_units(points.at_most, scale), "{}: {most}", limit.id);
                }
                Measure::Activities(limited) => {
                    let most = fullest(&real, &state, &recorded, limited.window, &|_| 1);
                    let exact = matches!(limited.window, Window::Rolling(it) if it.days.is_none() && it.months.is_none());
                    // To the instant there may be more in 60 steps, of which the last is not over.
                    prop_assert!(exact || most <= i128::from(limited.at_most), "{}: {most}", limit.id);
                }
                Measure::Interval(interval) => {
                    let mut instants: Vec<_> = recorded.iter().map(|op| op.occurred_at.at.micros()).collect();
                    instants.sort_unstable();
                    let apart = instants.windows(2).all(|two| two[1] - two[0] >= interval.micros());
                    prop_assert!(apart, "{}: {instants:?}", limit.id);
                }
                _ => {}
            }
        }
    }
}

/// The most that any window holds of what operations come to.
fn fullest(
    real: &Real,
    state: &MemberState,
    recorded: &[Operation],
    window: Window,
    of: &dyn Fn(&Operation) -> i128,
) -> i128 {
    let slot = |op: &Operation| {
        window.slot(&real.program.when(state, op.occurred_at.at, real.program.date_of(op.occurred_at)))
    };
    let sum = |last: i64| {
        let covered = window.first_slot(last)..=last;
        recorded.iter().filter(|op| covered.contains(&slot(op))).map(of).sum::<i128>()
    };
    recorded.iter().map(|op| sum(slot(op))).max().unwrap_or(0)
}

/// Twenty tills at once, and three purchases are within the limit.
#[test]
fn limits_are_exact_under_concurrency() {
    let document = r#"{"format": 1, "name": "a", "money": "EUR", "zone": {"name": "UTC"}, "currencies": [{"id": "p"}],
        "limits": [{"id": "three", "measures": {"activities": {"at_most": 3, "window": "day"}}, "then": "block"}]}"#;
    let real = Real::new(&serde_json::from_str(document).unwrap());
    let purchase = |n: usize| -> Activity {
        let text =
            format!(r#"{{"purchase": {{"id": "{n}", "occurred_at": "2026-03-10T10:00:00Z", "lines": []}}}}"#);
        serde_json::from_str(&text).unwrap()
    };
    let record = |n: usize| loop {
        // Who lost too often asks again, as tills do.
        let command = Command::Record(Arc::new(purchase(n)));
        match block_on(real.engine.execute(&real.tenant, &real.member, command, now())) {
            Ok(_) => return true,
            Err(EngineError::Refused(problem)) if problem.code == "limit_exceeded" => return false,
            Err(EngineError::Refused(problem)) if problem.code == "contended" => {}
            Err(error) => panic!("{error}"),
        }
    };
    let recorded = std::thread::scope(|scope| {
        let tills: Vec<_> = (0..20)
            .map(|n| {
                scope.spawn({
                    let record = &record;
                    move || record(n)
                })
            })
            .collect();
        tills.into_iter().map(|till| till.join().unwrap()).filter(|done| *done).count()
    });
    assert_eq!(recorded, 3);
}

/// The same activities in another order; those of a purchase that was not recorded yet are refused.
fn shuffled(mut history: Vec<Activity>, mut seed: u64) -> Vec<Activity> {
    for last in (1..history.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        history.swap(last, (seed >> 33) as usize % (last + 1));
    }
    history
}

/// What a cap allows, in minor units of its currency.
fn most_of(document: &Document, id: &AuthorId) -> Exact {
    fn caps(group: &Group) -> Vec<&Cap> {
        let inner = group.members.iter().flat_map(|member| match member {
            GroupMember::Rule(rule) => rule.caps.iter().collect(),
            GroupMember::Group(group) => caps(group),
        });
        group.caps.iter().chain(inner).collect()
    }
    let all = document.earning.iter().flat_map(|earning| {
        let groups = earning.groups.iter().flat_map(caps);
        let after = earning.after.iter().flat_map(|rule| &rule.caps);
        earning.caps.iter().chain(after).chain(groups).map(|cap| (&earning.currency, cap))
    });
    let (currency, cap) = all.into_iter().find(|(_, cap)| cap.id == *id).expect("a cap of the document");
    let scale = document.currencies.iter().find(|it| it.id == *currency).map_or(0, |it| it.scale);
    minor_units(cap.at_most, scale)
}

/// A level to be given after an activity of this number: where, how soon, for how long, and what keeps it.
type Gift = (usize, Index, Index, i64, i64, Option<(Index, i64)>);

fn gifts() -> impl Strategy<Value = Vec<Gift>> {
    let keep = proptest::option::of((any::<Index>(), 1_i64..100));
    vec((0_usize..8, any::<Index>(), any::<Index>(), 0_i64..400, 1_i64..200, keep), 1..4)
}

fn grant(document: &Document, number: usize, gift: &Gift, at: Timestamp) -> TierGrant {
    let (_, track, level, _, days, keep) = gift;
    let track = track.get(&document.tiers);
    let threshold = |(counter, least): &(Index, i64)| Threshold {
        id: counter.get(&document.counters).id.clone(),
        at_least: Money::from_units(i128::from(*least) * 10_000),
    };
    TierGrant {
        id: ActivityId::new(&format!("gift-{number}")).unwrap(),
        track: track.id.clone(),
        level: level.get(&track.levels).id.clone(),
        until: at.plus_seconds(days * 43_200),
        keep: keep.iter().map(threshold).collect(),
        actor: ActorId::new("support").unwrap(),
        reason: "a match".to_owned(),
    }
}

proptest! {
    #![proptest_config(cases(500))]

    /// Levels that are given lie over what is earned, and end, as the second implementation says.
    #[test]
    fn given_levels_equal_the_second_implementation((document, history) in case(8), gifts in gifts()) {
        prop_assume!(!document.tiers.is_empty());
        let (real, mut model) = (Real::new(&document), Model::new(&document));
        let mut clock = Timestamp::default();
        for (index, activity) in history.iter().enumerate() {
            if model.record(activity).is_err() {
                continue;
            }
            clock = clock.max(activity.occurred_at().at);
            real.execute(Command::Record(Arc::new(activity.clone())), clock).expect("the model records it");
            for (number, gift) in gifts.iter().enumerate().filter(|(_, gift)| gift.0 == index) {
                let soon = real.state().expect("a member").settled_to.plus_seconds(gift.3 * 3_600);
                // Later than the newest commit, which may be some microseconds ahead of its clock.
                clock = clock.max(soon).plus_micros(1_000);
                let grant = grant(&document, number, gift, clock);
                let expected = model.grant(&grant, clock);
                let command = Command::GrantTier(Arc::new(grant));
            let preview = block_on(real.engine.preview(&real.tenant, &real.member, &command, clock));
                match (real.execute(command, clock), expected) {
                    (Ok(answer), Ok(())) => {
                        let previewed = preview.expect("a preview").decision.operation;
                        prop_assert_eq!(previewed.without_leases(), answer.operation.without_leases());
                        let key = &answer.operation.key;
                        block_on(real.engine.explain(&real.tenant, &real.member, key, clock)).expect("a proof");
                    }
                    (Err(code), Err(expected)) => prop_assert_eq!(code, expected),
                    (real, model) => prop_assert!(false, "engine {:?}, model {model:?}", real.map(|_| ())),
                }
            }
            let state = real.state().expect("a member");
            model.settle(state.settled_to);
            for track in &document.tiers {
                let held = state.tier(&track.id).map(|held| held.level().to_string());
                prop_assert_eq!(held, Some(model.level(track.id.as_str())));
            }
        }
    }
}
