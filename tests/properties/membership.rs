//! Members who are frozen, take part again and are closed, beside the second implementation.

use std::collections::BTreeMap;
use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::correction::UndoReturn;
use loyalty_core::decision::Command;
use loyalty_core::id::{ActivityId, ActorId};
use loyalty_core::ledger::posting::Account;
use loyalty_core::member::MemberState;
use loyalty_core::membership::{MembershipChange, Stop};
use loyalty_core::program::document::Document;
use loyalty_core::time::Timestamp;
use loyalty_model::generate::{SpendStep, case, spends};
use loyalty_model::{Model, Refused, Stopped};
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::spending::{self, compare_holds};
use super::{Real, cases, compare_states};

/// What a person does about a member after an activity of this number, some hours later.
#[derive(Debug, Clone)]
struct Step {
    after: usize,
    hours: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Freeze,
    Unfreeze,
    Close,
    /// One of the returns so far.
    Undo(Index),
}

fn steps(activities: usize) -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        3 => Just(What::Freeze),
        3 => Just(What::Unfreeze),
        2 => Just(What::Close),
        2 => any::<Index>().prop_map(What::Undo),
    ];
    vec((0..activities, 0_i64..300, what).prop_map(|(after, hours, what)| Step { after, hours, what }), 1..6)
}

/// The command of a step; none where nothing has come back that could be undone.
fn command(number: usize, what: &What, told: &[Activity]) -> Option<Command> {
    let key = ActivityId::new(&format!("membership-{number}")).unwrap();
    let change = || {
        let (reason, actor) = ("a lost card".to_owned(), ActorId::new("ann").unwrap());
        Arc::new(MembershipChange { key: key.clone(), reason, actor })
    };
    Some(match what {
        What::Freeze => Command::Freeze(change()),
        What::Unfreeze => Command::Unfreeze(change()),
        What::Close => Command::Close(change()),
        What::Undo(which) => {
            let returns = told.iter().filter(|activity| matches!(activity, Activity::Return(_)));
            let ids: Vec<ActivityId> = returns.filter_map(|it| it.id().cloned()).collect();
            let of = (!ids.is_empty()).then(|| which.get(&ids).clone())?;
            Command::UndoReturn(Arc::new(UndoReturn { key, of }))
        }
    })
}

/// Does it on both; its answer is shown before, stays, and is proved. Gives what came of it in a word.
fn change(real: &Real, model: &mut Model, command: &Command, clock: Timestamp) -> String {
    let expected = match command {
        Command::UndoReturn(undo) => model.undo_return(undo, clock).map(|_| ()),
        _ => model.change_membership(command, clock),
    };
    let preview = block_on(real.engine.preview(&real.tenant, &real.member, command, clock));
    let done = real.execute(command.clone(), clock);
    assert_eq!(done.as_ref().map(|_| ()).map_err(String::as_str), expected, "{command:?}");
    let Ok(answer) = done else { return expected.expect_err("refused").to_owned() };
    assert_eq!(preview.expect("a preview").decision.state, answer.head.state);
    let again = real.execute(command.clone(), clock).expect("a replay");
    assert!(again.replayed && again.operation == answer.operation);
    let key = &answer.operation.key;
    block_on(real.engine.explain(&real.tenant, &real.member, key, clock)).expect("a proof");
    "done".to_owned()
}

fn status(model: &Model) -> &'static str {
    match model.stopped() {
        None => "active",
        Some(Stopped::Frozen) => "frozen",
        Some(Stopped::Closed) => "closed",
    }
}

fn name(command: &Command) -> String {
    command.to_json().as_object().and_then(|it| it.keys().next().cloned()).unwrap()
}

/// All that ever went into what a member has, and came out of it, is what there is.
fn balances(real: &Real, state: &MemberState) {
    let entries = block_on(real.engine.history(&real.tenant, &real.member, None, 1_000)).unwrap();
    let moved = entries.iter().flat_map(|entry| {
        let operation = &entry.operation;
        operation.settlement.postings.iter().chain(&operation.postings)
    });
    let mut sums: BTreeMap<(String, Account), i64> = BTreeMap::new();
    for posting in moved {
        let points = posting.points.minor();
        *sums.entry((posting.currency.to_string(), posting.to)).or_default() += points;
        *sums.entry((posting.currency.to_string(), posting.from)).or_default() -= points;
    }
    for balance in &state.balances {
        let of = |account| sums.get(&(balance.currency.to_string(), account)).copied().unwrap_or(0);
        let pending = state.pending_of(&balance.currency).unwrap();
        assert_eq!(of(Account::Available), balance.available().unwrap().minor());
        assert_eq!(of(Account::Pending), pending.minor());
        assert_eq!(of(Account::Debt), -balance.debt.minor());
        assert_eq!(of(Account::Forfeited), balance.forfeited.minor());
    }
}

/// Records a history with what people do about its member on both; gives how often each word was heard.
fn told(
    (document, history): (&Document, &[Activity]),
    (spends, steps): (&[SpendStep], &[Step]),
) -> BTreeMap<String, u32> {
    let (real, mut model) = (Real::new(document), Model::new(document));
    let (mut seen, mut clock) = (BTreeMap::new(), Timestamp::default());
    let mut heard = |status: &str, name: &str, word: &str| {
        *seen.entry(format!("{status}: {name} {word}")).or_default() += 1;
    };
    for (index, activity) in history.iter().enumerate() {
        let before = status(&model);
        let expected = model.record(activity).map(|_| ()).map_err(Refused::code);
        clock = clock.max(activity.occurred_at().at);
        if expected == Err("late") {
            continue;
        }
        let record = Command::Record(Arc::new(activity.clone()));
        heard(before, &name(&record), expected.err().unwrap_or("done"));
        let done = real.execute(record, clock).map(|_| ());
        assert_eq!(done, expected.map_err(str::to_owned));
        for (number, step) in steps.iter().enumerate().filter(|(_, it)| it.after == index) {
            let Some(state) = real.state() else { continue };
            clock = clock.max(state.settled_to.plus_seconds(step.hours * 3_600)).plus_micros(1_000);
            let Some(command) = command(number, &step.what, &history[..=index]) else { continue };
            let before = status(&model);
            let word = change(&real, &mut model, &command, clock);
            heard(before, &name(&command), &word);
        }
        for (number, step) in spends.iter().enumerate().filter(|(_, it)| it.after == index) {
            let Some(state) = real.state() else { continue };
            clock = clock.max(state.settled_to.plus_seconds(step.hours * 3_600)).plus_micros(1_000);
            let Some(command) = spending::command(&real, number, spends, clock) else { continue };
            heard(status(&model), &name(&command), "");
            spending::spend(&real, &mut model, &command, clock);
        }
        let Some(state) = real.state() else { continue };
        model.settle(state.settled_to);
        compare_states(&real, &state, &model, activity.occurred_at());
        compare_holds(&real, &state, &model);
        let how = state.stopped.as_ref().map(|stopped| stopped.how);
        assert_eq!(
            how.map_or("active", |how| if how == Stop::Frozen { "frozen" } else { "closed" }),
            status(&model)
        );
    }
    if let Some(state) = real.state() {
        balances(&real, &state);
        let verified = block_on(real.engine.verify(&real.tenant, &real.member)).unwrap();
        assert_eq!(verified.findings, vec![]);
    }
    seen
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// Whatever happens to who is frozen or closed comes to what the second implementation says.
    #[test]
    fn membership_equals_the_second_implementation(
        (document, history) in case(10), spends in spends(10), steps in steps(10),
    ) {
        told((&document, &history), (&spends, &steps));
    }
}

/// Everything that somebody does about a member comes up, and what happens meanwhile.
#[test]
fn random_memberships_reach_everything() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..600 {
        let ((document, history), spends, steps) =
            (case(10), spends(10), steps(10)).new_tree(&mut runner).expect("a case").current();
        for (word, times) in told((&document, &history), (&spends, &steps)) {
            *seen.entry(word).or_default() += times;
        }
    }
    println!("{seen:#?}");
    let wanted = [
        ("active: freeze done", 100),
        ("active: unfreeze member_not_frozen", 50),
        ("active: close done", 50),
        ("active: close holds_open", 1),
        ("frozen: freeze member_frozen", 20),
        ("frozen: unfreeze done", 15),
        ("frozen: close done", 20),
        ("frozen: purchase member_frozen", 100),
        ("frozen: event member_frozen", 20),
        ("frozen: return done", 10),
        ("frozen: undo_return done", 1),
        ("frozen: redeem ", 20),
        ("frozen: void ", 5),
        ("frozen: cancel_redemption ", 10),
        ("closed: purchase member_closed", 50),
        ("closed: return done", 10),
        ("closed: undo_return done", 1),
        ("closed: close member_closed", 5),
        ("closed: redeem ", 20),
    ];
    for (what, least) in wanted {
        let count = seen.get(what).copied().unwrap_or(0);
        assert!(count >= least, "`{what}` was seen {count} times, {least} wanted");
    }
}
