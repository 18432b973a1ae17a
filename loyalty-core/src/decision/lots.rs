//! Telling which lots an activity touches.

use std::collections::BTreeMap;

use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::member::{Lapse, MemberState};
use crate::program::Program;

/// The lots before something happens, where somebody listens.
#[derive(Debug, Default)]
pub struct Lots(BTreeMap<(AuthorId, Option<Lapse>), i64>);

impl Lots {
    /// What lots hold, if anybody wants to hear of it.
    pub fn heard<T: Trace>(state: &MemberState) -> Self {
        if T::LISTENS { Self::of(state) } else { Self::default() }
    }

    fn of(state: &MemberState) -> Self {
        let each = state.balances.iter().flat_map(|balance| {
            let lots = balance.lots.iter();
            lots.map(|lot| ((balance.currency.clone(), lot.lapses), lot.points.minor()))
        });
        Self(each.collect())
    }

    /// Tells every lot that holds something else now.
    pub fn tell<T: Trace>(self, state: &MemberState, program: &Program, trace: &mut T) {
        if !T::LISTENS {
            return;
        }
        let mut changes: BTreeMap<_, i64> = Self::of(state).0;
        for (lot, before) in self.0 {
            let now = changes.entry(lot).or_default();
            *now = now.saturating_sub(before);
        }
        for ((currency, lapses), change) in changes.into_iter().filter(|(_, change)| *change != 0) {
            trace.step(|| {
                let text = said(&currency, lapses, change, program);
                Step::new(StepKind::Lot, &currency, text).with(change)
            });
        }
    }
}

fn said(currency: &AuthorId, lapses: Option<Lapse>, change: i64, program: &Program) -> String {
    let scale = program.currency(currency).map_or(0, |currency| currency.scale);
    let name = program.currency(currency).map_or(currency.as_str(), |currency| currency.shown());
    let points =
        crate::points::Points::new(change.saturating_abs()).unwrap_or_default().in_whole_points(scale);
    let lot = match lapses {
        Some(Lapse::At(at)) => format!("that lapse at {at}"),
        Some(Lapse::Idle) => "that live by activity".to_owned(),
        None => "that never lapse".to_owned(),
    };
    if change > 0 {
        format!("{points} {name} join those {lot}")
    } else {
        format!("{points} {name} go out of those {lot}")
    }
}
