//! Points that live by activity: what a member does renews all of them, and a level may keep them.

use crate::activity::Activity;
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::ledger::operation::{Award, Operation};
use crate::member::{Lapse, Life, MemberState};
use crate::program::document::{Currency, Expiry};
use crate::tier::Moment;
use crate::time::Date;

impl Moment<'_> {
    /// Renews points by an activity that was recorded: a purchase or an event, or whatever gives such points.
    pub fn renew_by<T: Trace>(
        &self,
        operation: &Operation,
        late: bool,
        state: &mut MemberState,
        trace: &mut T,
    ) {
        let acts = matches!(operation.activity(), Some(Activity::Purchase(_) | Activity::Event(_)));
        for currency in &self.program.document().currencies {
            if acts || gives(operation, &currency.id) {
                self.renew(currency, late, state, trace);
            }
        }
    }

    /// Renews the points of a currency that live by activity.
    ///
    /// Nothing that comes late shortens a life. What is in order also ends it that a level keeps them which the
    /// program no longer names.
    pub fn renew<T: Trace>(&self, currency: &Currency, late: bool, state: &mut MemberState, trace: &mut T) {
        let Some(life) = self.life_from(currency, self.when.date, state) else { return };
        let balance = state.balance_mut(&currency.id);
        let before = balance.living.life.filter(|before| late || *before != Life::Exempt);
        let life = before.map_or(life, |before| before.max(life));
        if balance.living.life == Some(life) {
            return;
        }
        balance.live(life);
        trace.step(|| {
            let text = match life {
                Life::Until(at) => format!("{} that live by activity lapse at {at}", currency.shown()),
                Life::Exempt => format!("{} do not lapse at this level", currency.shown()),
            };
            Step::new(StepKind::Lot, &currency.id, text)
        });
    }

    /// Lets points live as a level that was reached or left has it.
    pub fn follow_levels(&self, state: &mut MemberState) {
        for currency in &self.program.document().currencies {
            let Some(life) = self.life_from(currency, self.begins, state) else { continue };
            let Some(before) = state.balance(&currency.id).map(|balance| balance.living.life) else {
                continue;
            };
            if life == Life::Exempt || before == Some(Life::Exempt) {
                state.balance_mut(&currency.id).live(life);
            }
        }
    }

    /// Ends a life that is over, unless the level held keeps the points by now.
    pub fn end_life(&self, currency: &AuthorId, state: &mut MemberState) {
        let declared = self.program.currency(currency);
        let kept = declared.and_then(|it| self.life_from(it, self.begins, state)) == Some(Life::Exempt);
        let balance = state.balance_mut(currency);
        if kept { balance.live(Life::Exempt) } else { balance.end_life(self.at) }
    }

    /// What lies before points that live by activity from a date on; `None` of a currency whose points do not.
    fn life_from(&self, currency: &Currency, date: Date, state: &MemberState) -> Option<Life> {
        let expiry = currency.expiry.as_ref()?;
        let after = expiry.by_activity?;
        let is_kept = expiry.unless_tier.as_ref().is_some_and(|test| {
            state.tier(&test.track).is_some_and(|held| test.level.contains(held.level()))
        });
        if is_kept {
            return Some(Life::Exempt);
        }
        super::end_of(self.program, Expiry { after, to_end_of: None }, &self.when.on(date)).map(Life::Until)
    }
}

/// Whether an operation gives points of a currency that live by activity.
fn gives(operation: &Operation, currency: &AuthorId) -> bool {
    let of_goals = operation.goal_awards.iter().map(|given| &given.award);
    let mut all = operation.awards.iter().chain(&operation.welcome).chain(of_goals);
    all.any(|award: &Award| {
        award.currency == *currency && award.lapses == Some(Lapse::Idle) && award.points.is_positive()
    })
}
