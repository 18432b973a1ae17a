//! The past: what was known then, and what there was then by all that is known now.

use std::sync::Arc;

use loyalty_core::activity::Activity;
use loyalty_core::decision::Command;
use loyalty_core::ledger::posting::Account;
use loyalty_core::program::document::DatesBy;
use loyalty_core::time::Timestamp;
use loyalty_model::Model;
use loyalty_model::generate::case;
use loyalty_model::number::BigInt;
use pollster::block_on;
use proptest::prelude::*;

use super::{Real, cases};

/// Each activity that comes in its order, and when it is recorded: an hour later.
fn in_order(history: &[Activity]) -> Vec<(&Activity, Timestamp)> {
    let mut last = Timestamp::from_seconds(0);
    let mut all = Vec::new();
    for activity in history {
        let at = activity.occurred_at().at;
        if at >= last {
            all.push((activity, at.plus_seconds(3_600)));
            last = at;
        }
    }
    all
}

/// Compares what the engine says of an instant with the second implementation, which knows only what happened until then.
fn compare_at(real: &Real, at: Timestamp, history: &[Activity], later: Timestamp) {
    let document = real.program.document();
    let holdings = block_on(real.engine.holdings(&real.tenant, &real.member, at, later)).expect("a member");
    let mut model = Model::new(document);
    for (activity, _) in in_order(history).into_iter().filter(|it| it.0.occurred_at().at <= at) {
        let _ = model.record(activity);
    }
    model.settle(at);
    for currency in document.currencies.iter().map(|currency| &currency.id) {
        let number = |account| BigInt::from(holdings.of(currency, account).minor());
        let (id, debt) = (currency.as_str(), number(Account::Debt));
        assert_eq!(number(Account::Available), model.balance(id), "{id} at {at}");
        assert_eq!(number(Account::Pending), model.pending(id), "pending {id} at {at}");
        assert_eq!(-debt, model.debt(id), "{id} owed at {at}");
    }
    for track in &document.tiers {
        let held = holdings.levels.get(&track.id).unwrap_or(&track.levels[0].id);
        assert_eq!(held.as_str(), model.level(track.id.as_str()), "level of {} at {at}", track.id);
    }
}

proptest! {
    #![proptest_config(cases(150))]

    /// At every instant there was what the second implementation comes to that stops there; and what was known at the
    /// recording of each activity is what the member was then.
    #[test]
    fn every_instant_is_read_again((mut document, history) in case(10)) {
        document.dates_by = DatesBy::Zone;
        let real = Real::new(&document);
        let mut known = Vec::new();
        for (activity, clock) in in_order(&history) {
            if let Ok(answer) = real.execute(Command::Record(Arc::new(activity.clone())), clock) {
                known.push((answer.head.recorded_at, answer.head));
            }
        }
        let Some((latest, _)) = known.last() else { return Ok(()) };
        let later = latest.plus_seconds(400 * 86_400);
        for (recorded_at, head) in &known {
            let then = block_on(real.engine.member_known_at(&real.tenant, &real.member, (*recorded_at, None)));
            prop_assert_eq!(&then.expect("a member").head, head.as_ref());
        }
        let first = &known[0].0;
        let before = block_on(real.engine.member_known_at(&real.tenant, &real.member, (first.plus_micros(-1), None)));
        prop_assert!(before.is_err(), "nobody yet");
        let instants = in_order(&history).into_iter().map(|(activity, _)| activity.occurred_at().at);
        for at in instants {
            for at in [at, at.plus_seconds(86_400), at.plus_seconds(40 * 86_400)] {
                compare_at(&real, at, &history, later);
            }
        }
    }
}
