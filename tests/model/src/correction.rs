//! Points given or taken by hand, returns that are undone, points that live longer, and points that come back after they lapsed.

use loyalty_core::adjustment::Adjust;
use loyalty_core::correction::{ExtendExpiry, Reinstate, UndoReturn};
use loyalty_core::program::document::Currency;
use loyalty_core::time::Timestamp;
use loyalty_core::vesting::Review;

use crate::calendar::{Instant, Moment, date, later};
use crate::lots::Lapses;
use crate::number::{BigInt, minor_units, whole};
use crate::vesting::lapse;
use crate::{Model, Outcome};

impl Model {
    /// Gives or takes points by hand, or lets that wait for a second person, or says the code of why not.
    pub fn adjust(&mut self, adjust: &Adjust, at: Timestamp) -> Result<(), &'static str> {
        let mut after = self.clone();
        after.now(at)?;
        let currency = after.currency(adjust.currency.as_str())?;
        let points = BigInt::from(adjust.points.minor());
        if points == BigInt::ZERO {
            return Err("points_zero");
        }
        let alone = currency.second_person_above.map(|most| minor_units(most, currency.scale));
        let size = if points < BigInt::ZERO { -points } else { points };
        if alone.is_some_and(|alone| whole(size) > alone) {
            after.proposals.insert(format!("adjust/{}", adjust.key), Some(adjust.clone()));
        } else {
            after.apply(adjust)?;
        }
        *self = after;
        Ok(())
    }

    /// What a second person says of an adjustment, or the code of why not.
    pub fn agree(&mut self, review: &Review, approves: bool, at: Timestamp) -> Result<(), &'static str> {
        let mut after = self.clone();
        after.now(at)?;
        let proposal = after.proposals.get_mut(review.of.as_str()).ok_or("review_not_found")?;
        let adjust = proposal.take().ok_or("review_ended")?;
        if approves && adjust.actor == review.actor {
            return Err("same_person");
        }
        if approves {
            after.apply(&adjust)?;
        }
        *self = after;
        Ok(())
    }

    /// Gives or takes the points, at the instant settled to.
    fn apply(&mut self, adjust: &Adjust) -> Result<(), &'static str> {
        let now = self.today();
        let currency = self.currency(adjust.currency.as_str())?;
        let id = currency.id.as_str();
        let points = BigInt::from(adjust.points.minor());
        let reach = self.reach(id);
        let lots = self.lots.get_mut(id).expect("every currency has its lots");
        lots.totals.adjusted += &points;
        if points > BigInt::ZERO {
            lots.vest(&points, (lapse(&None, &currency, now, &self.calendar), None));
            self.renew(id, now);
        } else {
            let there = lots.balance().min(-&points);
            lots.spend(&there, None);
            let missing = -&points - there;
            if lots.owe(&missing, &reach) < missing {
                return Err("insufficient_points");
            }
        }
        self.repay();
        Ok(())
    }

    /// Undoes a return, or says the code of why not.
    pub fn undo_return(&mut self, undo: &UndoReturn, at: Timestamp) -> Result<Outcome, &'static str> {
        let mut after = self.clone();
        after.now(at)?;
        let now = after.today();
        let found = after.brought_back.get_mut(undo.of.as_str()).ok_or("return_not_found")?;
        let found = found.take().ok_or("already_undone")?;
        if found.parts.is_empty() && found.refund.is_none() {
            return Err("nothing_to_undo");
        }
        let outcome = after.bring_back(found.undone(), (now.date, now.at));
        after.lots.values_mut().for_each(|lots| lots.lapse(now.at));
        after.repay();
        after.forfeit();
        *self = after;
        Ok(outcome)
    }

    /// Lets points lapse later, or says the code of why not.
    pub fn extend_expiry(&mut self, extend: &ExtendExpiry, at: Timestamp) -> Result<(), &'static str> {
        let mut after = self.clone();
        after.now(at)?;
        let now = after.today();
        let currency = after.currency(extend.currency.as_str())?.id.to_string();
        let to = after.last_day(extend.to, now)?;
        let only = extend.bucket.map(|at| Instant::from_timestamp_micros(at.micros()).expect("an instant"));
        let lots = after.lots.get_mut(&currency).expect("every currency has its lots");
        let mut any = lots.extend(only, to);
        let held = after.holds.iter_mut().filter(|held| held.spent.currency == currency);
        for (place, points) in held.flat_map(|held| &mut held.spent.from) {
            any |= *points > BigInt::ZERO && place.extend(only, to);
        }
        if !any {
            return Err("nothing_to_extend");
        }
        *self = after;
        Ok(())
    }

    /// Gives back what has lapsed, or says the code of why not.
    pub fn reinstate(&mut self, reinstate: &Reinstate, at: Timestamp) -> Result<(), &'static str> {
        let mut after = self.clone();
        after.now(at)?;
        let now = after.today();
        let currency = after.currency(reinstate.currency.as_str())?;
        let within = currency.reinstate_within.ok_or("not_reinstatable")?;
        let mut missing = BigInt::from(reinstate.points.minor());
        if missing <= BigInt::ZERO {
            return Err("points_not_positive");
        }
        let lapses = match reinstate.to {
            Some(day) => Lapses::At(after.last_day(day, now)?),
            None => lapse(&None, &currency, now, &after.calendar),
        };
        let calendar = after.calendar.clone();
        let lots = after.lots.get_mut(currency.id.as_str()).expect("every currency has its lots");
        let mut back = Vec::new();
        for (at, points, partner) in &mut lots.lapsed {
            if later(calendar.date_at(*at), within) >= now.date {
                let part = points.clone().min(missing.clone());
                *points -= &part;
                missing -= &part;
                back.push((part, partner.clone()));
            }
        }
        if missing > BigInt::ZERO {
            return Err("exceeds_lapsed");
        }
        for (points, partner) in back {
            lots.totals.expired -= &points;
            lots.vest(&points, (lapses, partner));
        }
        after.renew(currency.id.as_str(), now);
        after.repay();
        *self = after;
        Ok(())
    }

    fn currency(&self, id: &str) -> Result<Currency, &'static str> {
        self.document.currencies.iter().find(|it| it.id.as_str() == id).cloned().ok_or("unknown_currency")
    }

    /// The instant after a day that is not over.
    fn last_day(&self, day: loyalty_core::time::Date, now: Moment) -> Result<Instant, &'static str> {
        if date(day) < now.date {
            return Err("already_over");
        }
        Ok(self.calendar.after_last_day(date(day)))
    }
}
