//! What members spend, get back, are given and lose by hand, beside the second implementation.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::adjustment::Adjust;
use loyalty_core::conversion::Converted;
use loyalty_core::decision::Command;
use loyalty_core::engine::Answer;
use loyalty_core::grants::{Gift, VoucherCode};
use loyalty_core::id::{ActivityId, ActorId};
use loyalty_core::ledger::operation::Operation;
use loyalty_core::ledger::posting::Account;
use loyalty_core::member::MemberState;
use loyalty_core::money::Money;
use loyalty_core::points::Points;
use loyalty_core::program::document::{AmountOff, Buckets, Reward};
use loyalty_core::redemption::{CancelRedemption, Capture, ExtendHold, Hold, Redeem, Void};
use loyalty_core::time::Timestamp;
use loyalty_model::generate::{Spend, SpendStep, case, facts, spends};
use loyalty_model::number::{BigInt, Exact, exact};
use loyalty_model::{Model, Refused, Spent, VoucherName};
use pollster::block_on;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Real, cases, compare_states, in_some_order};

pub fn key(number: usize) -> ActivityId {
    ActivityId::new(&format!("spend-{number}")).unwrap()
}

/// A redemption that asks for nothing yet.
fn nothing() -> Redeem {
    let (points, units, bill, bucket) = (None, None, None, None);
    Redeem { key: key(0), reward: None, points, units, bill, bucket, voucher: None, quote: None }
}

/// Leaves out what a reward does not want, and says what it wants.
fn careful(redeem: Redeem, reward: &Reward) -> Redeem {
    let by_steps = matches!(reward.amount_off, Some(AmountOff::Steps(_)));
    let per_unit = reward.amount_off_per_unit.is_some();
    let shares = matches!(&reward.amount_off, Some(AmountOff::Steps(it)) if it.share_of_bill.is_some());
    let wants_bill = reward.percent_off.is_some() || shares;
    let bill = redeem.bill.map(|bill| bill.max(Money::ONE));
    Redeem {
        points: redeem.points.filter(|_| by_steps || per_unit || reward.plus_cash.is_some()),
        units: redeem.units.filter(|_| per_unit),
        bill: bill.or(wants_bill.then_some(Money::from_units(400_000))),
        bucket: redeem.bucket.filter(|_| reward.buckets == Buckets::OneBucket),
        ..redeem
    }
}

/// The keys of steps of a kind that came before one.
fn before(spends: &[SpendStep], number: usize, kind: fn(&Spend) -> bool) -> Vec<ActivityId> {
    let came = |it: &usize| (spends[*it].after, *it) < (spends[number].after, number);
    (0..spends.len()).filter(|it| came(it) && kind(&spends[*it].what)).map(key).collect()
}

/// Something that may be cancelled, mostly what was redeemed; now and then what was refused or never asked for.
fn a_redemption(real: &Real, spends: &[SpendStep], number: usize, which: Index) -> ActivityId {
    let redeems = |what: &Spend| {
        matches!(what, Spend::Redeem { hold: None, .. } | Spend::Capture(..) | Spend::Use { .. })
    };
    let mut all = before(spends, number, redeems);
    all.push(key(number));
    let entries = block_on(real.engine.history(&real.tenant, &real.member, None, 1_000)).unwrap();
    let redeemed =
        entries.iter().map(|entry| &entry.operation).filter(|it| it.redeemed.is_some() || it.used.is_some());
    let redeemed = redeemed.filter_map(|it| it.sealed.command.id());
    all.extend(redeemed.flat_map(|id| std::iter::repeat_n(id.clone(), 3)));
    which.get(&all).clone()
}

/// A hold, mostly one that is open; now and then what was never held.
fn a_hold(real: &Real, spends: &[SpendStep], number: usize, which: Index) -> ActivityId {
    let holds = |what: &Spend| matches!(what, Spend::Redeem { hold: Some(_), .. });
    let mut all = before(spends, number, holds);
    all.push(key(number));
    let open = real.state().map(|state| state.holds).unwrap_or_default();
    // Each open one three times more.
    all.extend(open.iter().flat_map(|held| std::iter::repeat_n(held.id.clone(), 3)));
    which.get(&all).clone()
}

/// Something that a voucher does not look at.
fn bucket_of(real: &Real, any: bool) -> Option<Timestamp> {
    real.state().filter(|_| any).map(|state| state.settled_to)
}

/// Every voucher that the member ever had, by its code, with what tells the second implementation which it is.
fn vouchers(real: &Real) -> BTreeMap<VoucherCode, VoucherName> {
    let entries = block_on(real.engine.history(&real.tenant, &real.member, None, 1_000)).unwrap();
    let mut all = BTreeMap::new();
    for Operation { key, granted, redeemed, settlement, .. } in entries.iter().map(|it| &it.operation) {
        for (place, it) in granted.iter().enumerate() {
            let before = granted[..place].iter().filter(|other| other.grant == it.grant).count();
            if let Gift::Voucher(held) = &it.gift {
                all.insert(held.code.clone(), (key.to_string(), it.grant.to_string(), before));
            }
        }
        if let Some((voucher, it)) = redeemed.as_ref().and_then(|it| Some((it.voucher.as_ref()?, it))) {
            all.insert(voucher.code.clone(), (key.to_string(), it.reward.to_string(), 0));
        }
        for Converted { conversion, at, voucher, .. } in &settlement.converted {
            let date = real.program.zone().date_at(*at);
            let of = format!("conversion/{conversion}/{date}");
            all.insert(voucher.code.clone(), (of, conversion.to_string(), 0));
        }
    }
    all
}

/// A voucher, mostly one that may be used; now and then one that was used or is over, or that nobody has.
fn a_voucher(real: &Real, which: Index) -> VoucherCode {
    let mut all: Vec<_> = vouchers(real).into_keys().collect();
    all.push(VoucherCode::new("22222222222222222222").unwrap());
    let held = real.state().map(|state| state.gifts.vouchers).unwrap_or_default();
    all.extend(held.into_iter().flat_map(|held| {
        let times = if held.is_used_up() { 1 } else { 6 };
        std::iter::repeat_n(held.code, times)
    }));
    which.get(&all).clone()
}

pub fn held(redeem: &Redeem, minutes: u32) -> Command {
    let Redeem { key, reward, points, units, bill, bucket, quote, .. } = redeem.clone();
    let reward = reward.expect("a reward is held for");
    Command::Hold(Arc::new(Hold { key, reward, minutes, points, units, bill, bucket, quote }))
}

/// What a member does next; none where the program has no rewards.
pub fn command(real: &Real, number: usize, spends: &[SpendStep], at: Timestamp) -> Option<Command> {
    let document = real.program.document();
    match &spends[number].what {
        Spend::Redeem { reward, points, units, bill, bucket, careful: is_careful, hold } => {
            if document.rewards.is_empty() {
                return None;
            }
            let reward = reward.get(&document.rewards);
            let state = real.state()?;
            let buckets = state.balances.iter().flat_map(|balance| balance.buckets().unwrap());
            let lapsing: Vec<Timestamp> = buckets.filter_map(|bucket| bucket.0).chain([at]).collect();
            let redeem = Redeem {
                key: key(number),
                reward: Some(reward.id.clone()),
                points: points.map(|points| Points::new(points).unwrap()),
                units: *units,
                bill: *bill,
                bucket: bucket.map(|which| *which.get(&lapsing)),
                ..nothing()
            };
            let redeem = if *is_careful { careful(redeem, reward) } else { redeem };
            Some(
                hold.map_or_else(
                    || Command::Redeem(Arc::new(redeem.clone())),
                    |minutes| held(&redeem, minutes),
                ),
            )
        }
        Spend::Use { voucher, reward, bill, careful } => {
            let reward = reward.filter(|_| !document.rewards.is_empty()).map(|it| it.get(&document.rewards));
            let takes = |reward: &&Reward| !careful || reward.voucher_value.is_some();
            Some(Command::Redeem(Arc::new(Redeem {
                key: key(number),
                reward: reward.filter(takes).map(|reward| reward.id.clone()),
                bill: *bill,
                bucket: bucket_of(real, !careful),
                voucher: Some(a_voucher(real, *voucher)),
                ..nothing()
            })))
        }
        Spend::Cancel(of) => {
            let of = a_redemption(real, spends, number, *of);
            Some(Command::CancelRedemption(Arc::new(CancelRedemption { key: key(number), of })))
        }
        Spend::Extend(of, minutes) => {
            let hold = a_hold(real, spends, number, *of);
            Some(Command::ExtendHold(Arc::new(ExtendHold { key: key(number), hold, minutes: *minutes })))
        }
        Spend::Capture(of, points) => {
            let hold = a_hold(real, spends, number, *of);
            let points = points.map(|points| Points::new(points).unwrap());
            Some(Command::Capture(Arc::new(Capture { key: key(number), hold, points })))
        }
        Spend::Void(of) => {
            let hold = a_hold(real, spends, number, *of);
            Some(Command::Void(Arc::new(Void { key: key(number), hold })))
        }
        Spend::Adjust { currency, points } => {
            let currency = currency.get(&document.currencies);
            Some(Command::Adjust(Arc::new(Adjust {
                key: key(number),
                currency: currency.id.clone(),
                points: Points::new(*points * 10_i64.pow(currency.scale.into())).unwrap(),
                reason: "by hand".to_owned(),
                actor: ActorId::new("ann").unwrap(),
            })))
        }
    }
}

/// What is spent, or the money off that a voucher gives.
#[derive(Debug)]
enum Expected {
    Spent(Box<Spent>),
    Off(Option<Exact>),
    Nothing,
}

fn expected(
    model: &mut Model,
    command: &Command,
    at: Timestamp,
    vouchers: &BTreeMap<VoucherCode, VoucherName>,
) -> Result<Expected, &'static str> {
    if let Some(code) = model.stops(command, at) {
        return Err(code);
    }
    let spent = match command {
        Command::Redeem(redeem) => match &redeem.voucher {
            Some(code) => return model.use_voucher(redeem, vouchers.get(code), at).map(Expected::Off),
            None => model.redeem(redeem, at).map(Some),
        },
        Command::CancelRedemption(cancel) => model.cancel(cancel, at).map(|()| None),
        Command::Adjust(adjust) => model.adjust(adjust, at).map(|()| None),
        Command::Hold(hold) => model.hold(hold, at).map(Some),
        Command::ExtendHold(extend) => model.extend(extend, at).map(|()| None),
        Command::Capture(capture) => model.capture(capture, at).map(Some),
        Command::Void(void) => model.void(void, at).map(|()| None),
        Command::Quote(quote) => model.quote(quote, at).map(Some),
        _ => Ok(None),
    };
    spent.map(|spent| spent.map_or(Expected::Nothing, |spent| Expected::Spent(Box::new(spent))))
}

fn compare(answer: &Answer, expected: Expected) {
    let used = answer.operation.used.as_ref();
    let spent = match expected {
        Expected::Off(off) => {
            assert_eq!(used.map(|used| used.off.map(exact)), Some(off));
            return;
        }
        Expected::Spent(spent) => Some(spent),
        Expected::Nothing => None,
    };
    assert_eq!(used, None);
    if let Some((quoted, spent)) = answer.operation.quoted.as_ref().zip(spent.as_ref()) {
        assert_eq!(BigInt::from(quoted.points.minor()), spent.points);
        assert_eq!((quoted.off.map(exact), quoted.due.map(exact)), (spent.off.clone(), spent.due.clone()));
        assert!(answer.operation.postings.is_empty(), "a quote moves nothing");
        return;
    }
    let placed = answer.operation.held.as_ref().map(|held| &held.redeemed);
    let redeemed = answer.operation.redeemed.as_ref().or(placed.filter(|_| spent.is_some()));
    assert_eq!(redeemed.is_some(), spent.is_some());
    if let Some((redeemed, spent)) = redeemed.zip(spent) {
        assert_eq!(redeemed.currency.as_str(), spent.currency);
        assert_eq!(BigInt::from(redeemed.points().unwrap().minor()), spent.points);
        assert_eq!(redeemed.off.map(exact), spent.off);
        assert_eq!(redeemed.due.map(exact), spent.due);
    }
}

pub fn compare_holds(real: &Real, state: &MemberState, model: &Model) {
    for currency in &real.program.document().currencies {
        let held = state.held_of(&currency.id).unwrap().minor();
        assert_eq!(BigInt::from(held), model.held(currency.id.as_str()), "held of {}", currency.id);
    }
    let real: Vec<_> = state.holds.iter().map(|held| (held.until.micros(), held.id.to_string())).collect();
    assert_eq!(real, model.open_holds());
}

/// Does something with points on both; its answer is shown before, stays, and is proved.
pub fn spend(real: &Real, model: &mut Model, command: &Command, clock: Timestamp) {
    let expected = expected(model, command, clock, &vouchers(real));
    let preview = block_on(real.engine.preview(&real.tenant, &real.member, command, clock));
    let done = real.execute(command.clone(), clock);
    assert_eq!(preview.is_ok(), done.is_ok(), "the preview says something else");
    match (done, expected) {
        (Ok(answer), Ok(spent)) => {
            compare(&answer, spent);
            let due = match command {
                Command::CancelRedemption(cancel) => model.due_of(cancel.of.as_str()),
                _ => None,
            };
            assert_eq!(answer.operation.pay_back.map(exact), due);
            assert_eq!(preview.expect("a preview").decision.state, answer.head.state);
            let again = real.execute(command.clone(), clock).expect("a replay");
            assert!(again.replayed && again.operation == answer.operation);
            let key = &answer.operation.key;
            block_on(real.engine.explain(&real.tenant, &real.member, key, clock)).expect("a proof");
        }
        (Err(code), Err(expected)) => {
            assert_eq!(code, expected);
            assert_eq!(real.execute(command.clone(), clock).err(), Some(code), "a refusal stays");
        }
        (real, model) => panic!("engine {:?}, model {model:?}", real.map(|answer| answer.operation)),
    }
}

/// What all postings of a chain leave on each of the program's accounts for spending.
fn program_side(real: &Real) -> BTreeMap<(String, &'static str), i64> {
    let mut sums = BTreeMap::new();
    let entries = block_on(real.engine.history(&real.tenant, &real.member, None, 1_000)).unwrap();
    for posting in entries.iter().flat_map(|entry| {
        let operation = &entry.operation;
        operation.settlement.postings.iter().chain(&operation.postings)
    }) {
        let points = posting.points.minor();
        for (account, name) in [(Account::Redeemed, "redeemed"), (Account::Adjusted, "adjusted")] {
            let sum = sums.entry((posting.currency.to_string(), name)).or_default();
            *sum += if posting.to == account { points } else { 0 };
            *sum -= if posting.from == account { points } else { 0 };
        }
    }
    sums
}

proptest! {
    #![proptest_config(cases(1_500))]

    /// Whatever is spent, cancelled, given and taken between activities and returns comes to what the second
    /// implementation says.
    #[test]
    fn spending_equals_the_second_implementation(
        (document, history) in case(10), spends in spends(10), known in facts(), order in 0_u8..9,
    ) {
        let document = in_some_order(document, order);
        let (real, mut model) = (Real::new(&document), Model::new(&document));
        real.told(&known);
        model.told(known);
        let mut clock = Timestamp::default();
        for (index, activity) in history.iter().enumerate() {
            let expected = model.record(activity);
            clock = clock.max(activity.occurred_at().at);
            if matches!(expected, Err(Refused::Late)) {
                continue;
            }
            let done = real.execute(Command::Record(Arc::new(activity.clone())), clock);
            prop_assert_eq!(done.err(), expected.err().map(|refused| refused.code().to_owned()));
            for (number, step) in spends.iter().enumerate().filter(|(_, it)| it.after == index) {
                let Some(state) = real.state() else { continue };
                clock = clock.max(state.settled_to.plus_seconds(step.hours * 3_600)).plus_micros(1_000);
                if let Some(command) = command(&real, number, &spends, clock) {
                    spend(&real, &mut model, &command, clock);
                }
            }
            let Some(state) = real.state() else { continue };
            model.settle(state.settled_to);
            compare_states(&real, &state, &model, activity.occurred_at());
            compare_holds(&real, &state, &model);
        }
        let Some(state) = real.state() else { return Ok(()) };
        let program_side = program_side(&real);
        for balance in &state.balances {
            let of = |name| program_side.get(&(balance.currency.to_string(), name)).copied().unwrap_or(0);
            prop_assert_eq!((of("redeemed"), of("adjusted")), (balance.redeemed.minor(), -balance.adjusted.minor()));
        }
        let verified = block_on(real.engine.verify(&real.tenant, &real.member)).unwrap();
        prop_assert_eq!(verified.findings, vec![]);
    }
}

/// Spent points still count towards levels, counters and caps: nothing of them looks at what is left.
#[test]
fn random_spends_reach_everything() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..1_400 {
        let ((document, history), spends) =
            (case(10), spends(10)).new_tree(&mut runner).expect("a case").current();
        let real = Real::new(&document);
        let mut clock = Timestamp::default();
        for (index, activity) in history.iter().enumerate() {
            clock = clock.max(activity.occurred_at().at);
            let _: Result<_, _> =
                real.execute(Command::Record(Arc::<Activity>::new(activity.clone())), clock);
            for (number, step) in spends.iter().enumerate().filter(|(_, it)| it.after == index) {
                let Some(state) = real.state() else { continue };
                clock = clock.max(state.settled_to.plus_seconds(step.hours * 3_600)).plus_micros(1_000);
                let Some(command) = command(&real, number, &spends, clock) else { continue };
                let uses = matches!(&command, Command::Redeem(it) if it.voucher.is_some());
                let kind = command.to_json().as_object().unwrap().keys().next().unwrap().clone();
                let kind = if uses { "use".to_owned() } else { kind };
                let word = real.execute(command, clock).err().unwrap_or_else(|| "done".to_owned());
                *seen.entry(format!("{kind} {word}")).or_default() += 1;
            }
        }
    }
    println!("{seen:#?}");
    let wanted = [
        ("redeem done", 100),
        ("redeem insufficient_points", 60),
        ("redeem tier_required", 8),
        ("redeem bill_too_small", 1),
        ("redeem points_too_few", 4),
        ("redeem reward_limit_reached", 2),
        ("redeem out_of_stock", 3),
        ("hold out_of_stock", 1),
        ("redeem segment_required", 3),
        ("redeem reward_not_offered", 5),
        ("use done", 60),
        ("use voucher_used", 2),
        ("use voucher_not_found", 30),
        ("use bill_missing", 1),
        ("cancel_redemption done", 10),
        ("cancel_redemption already_cancelled", 1),
        ("cancel_redemption redemption_not_found", 20),
        ("hold done", 100),
        ("hold insufficient_points", 60),
        ("hold minutes_range", 10),
        ("extend_hold done", 5),
        ("capture done", 5),
        ("capture hold_ended", 10),
        ("capture hold_not_found", 20),
        ("void done", 5),
        ("adjust done", 500),
        ("adjust insufficient_points", 30),
    ];
    for (what, least) in wanted {
        let count = seen.get(what).copied().unwrap_or(0);
        assert!(count >= least, "`{what}` was seen {count} times, {least} wanted");
    }
}

/// What twenty tills at once come to, each with a command of its own.
fn at_once(real: &Real, command: &(dyn Fn(usize) -> Command + Sync)) -> Vec<Result<bool, String>> {
    let now = Timestamp::parse("2026-03-11T10:00:00Z").unwrap();
    let send = |n: usize| loop {
        match real.execute(command(n), now) {
            // Who lost too often asks again, as tills do.
            Err(code) if code == "contended" => {}
            done => return done.map(|answer| answer.replayed),
        }
    };
    std::thread::scope(|scope| {
        let send = &send;
        let tills: Vec<_> = (0..20).map(|n| scope.spawn(move || send(n))).collect();
        tills.into_iter().map(|till| till.join().unwrap()).collect()
    })
}

/// Three mugs of 50 points each are all that 160 points buy, held or redeemed, whoever asks first; one key spends once,
/// and a hold ends once.
#[test]
fn points_are_spent_once_however_many_ask() {
    let document = r#"{"format": 1, "name": "a", "money": "EUR", "zone": {"name": "UTC"}, "currencies": [{"id": "p"}],
        "earning": [{"currency": "p", "groups": [{"id": "g", "members": [{"rule": {"id": "r", "rate": "1"}}]}]}],
        "rewards": [{"id": "mug", "points": "50"}]}"#;
    let purchase =
        r#"{"purchase": {"id": "1", "occurred_at": "2026-03-10T10:00:00Z", "lines": [{"gross": "160"}]}}"#;
    let redeem = |key: usize| {
        let (key, reward) = (self::key(key), loyalty_core::id::AuthorId::new("mug").ok());
        Redeem {
            key,
            reward,
            points: None,
            units: None,
            bill: None,
            bucket: None,
            voucher: None,
            quote: None,
        }
    };
    let new = || {
        let real = Real::new(&serde_json::from_str(document).unwrap());
        real.execute(
            Command::Record(Arc::new(serde_json::from_str(purchase).unwrap())),
            Timestamp::parse("2026-03-10T10:00:00Z").unwrap(),
        )
        .expect("a purchase");
        real
    };
    let available = |real: &Real| real.state().unwrap().balances[0].available().unwrap().minor();
    let done = |all: &[Result<bool, String>]| all.iter().filter(|one| **one == Ok(false)).count();

    let real = new();
    let mixed = |n: usize| match n % 2 {
        0 => Command::Redeem(Arc::new(redeem(n))),
        _ => held(&redeem(n), 60),
    };
    let all = at_once(&real, &mixed);
    assert_eq!((done(&all), available(&real)), (3, 10), "{all:?}");
    let others = all.iter().filter(|one| **one == Err("insufficient_points".to_owned())).count();
    assert_eq!(others, 17, "{all:?}");

    let real = new();
    let all = at_once(&real, &|_| Command::Redeem(Arc::new(redeem(0))));
    assert_eq!((done(&all), available(&real)), (1, 110), "{all:?}");
    assert!(all.iter().all(Result::is_ok), "{all:?}");

    let real = new();
    at_once(&real, &|_| held(&redeem(0), 60));
    let end = |n: usize| match n % 2 {
        0 => Command::Capture(Arc::new(Capture { key: key(100 + n), hold: key(0), points: None })),
        _ => Command::Void(Arc::new(Void { key: key(100 + n), hold: key(0) })),
    };
    let all = at_once(&real, &end);
    assert_eq!(done(&all), 1, "{all:?}");
    assert!(real.state().unwrap().holds.is_empty() && [110, 160].contains(&available(&real)), "{all:?}");
    let verified = block_on(real.engine.verify(&real.tenant, &real.member)).unwrap();
    assert_eq!(verified.findings, vec![]);
}
