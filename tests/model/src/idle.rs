//! Points that live by activity.

use std::collections::BTreeSet;

use loyalty_core::activity::Activity;
use loyalty_core::program::document::{Currency, Expiry};

use crate::Model;
use crate::calendar::{Instant, Moment, NEVER};
use crate::lots::Lapses;
use crate::number::BigInt;
use crate::vesting::{Given, end_of};

/// Notes that points of a currency were given, if they live by activity.
pub fn note_gift(gave: &mut BTreeSet<String>, currency: &str, (lapses, points): (Lapses, &BigInt)) {
    if lapses == Lapses::ByActivity && *points > BigInt::ZERO {
        gave.insert(currency.to_owned());
    }
}

/// The same of an award of an activity. Of what waits for an event it is not known yet when it lapses.
pub fn note_award(gave: &mut BTreeSet<String>, given: &Given) {
    if !given.waits_for_event() {
        note_gift(gave, &given.currency, (given.lapse, &given.share.points));
    }
}

impl Model {
    /// What became of points that live by activity, in words.
    pub fn lives_seen(&self) -> Vec<&'static str> {
        let each = self.lots.values().flat_map(|lots| {
            let kept = (lots.ends == Some(NEVER)).then_some("kept by a level");
            let ended = (lots.lives_ended() > 0).then_some("a life ended");
            let another = (lots.lives_ended() > 0 && lots.ends.is_some()).then_some("another life");
            [kept, ended, another].into_iter().flatten()
        });
        each.collect()
    }

    /// What a member did renews all points, and so does what gave some.
    pub(crate) fn renew_by(&mut self, activity: &Activity, moment: Moment) {
        let acts = matches!(activity, Activity::Purchase(_) | Activity::Event(_));
        for currency in self.document.currencies.clone() {
            let id = currency.id.as_str();
            if acts || self.gave.contains(id) {
                self.renew(id, moment);
            }
        }
    }

    /// Lets the points of a currency live on from a moment, if they live by activity.
    pub(crate) fn renew(&mut self, currency: &str, moment: Moment) {
        let declared = self.document.currencies.iter().find(|it| it.id.as_str() == currency);
        let Some(ends) = self.life(declared.expect("a currency"), moment) else { return };
        let lots = self.lots.get_mut(currency).expect("every currency has its lots");
        let before = lots.ends.filter(|before| *before != NEVER);
        lots.ends = Some(before.map_or(ends, |before| before.max(ends)));
    }

    /// A level that keeps points lets them live; one that does not any more, from now on as long as any.
    pub(crate) fn follow_levels(&mut self, moment: Moment) {
        for currency in self.document.currencies.clone() {
            let Some(ends) = self.life(&currency, moment) else { continue };
            let lots = self.lots.get_mut(currency.id.as_str()).expect("every currency has its lots");
            if ends == NEVER || lots.ends == Some(NEVER) {
                lots.ends = Some(ends);
            }
        }
    }

    /// When points that live by activity lapse, if nothing happens after a moment.
    fn life(&self, currency: &Currency, moment: Moment) -> Option<Instant> {
        let expiry = currency.expiry.as_ref()?;
        let after = expiry.by_activity?;
        let keeps = expiry.unless_tier.as_ref().is_some_and(|test| {
            let held = self.level(test.track.as_str());
            test.level.iter().any(|level| level.as_str() == held)
        });
        Some(if keeps { NEVER } else { end_of(Expiry { after, to_end_of: None }, moment, &self.calendar) })
    }
}
