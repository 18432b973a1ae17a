//! Returns that are undone, points that live longer, and points that come back after they lapsed.

use loyalty_core::correction::{ExtendExpiry, Reinstate, UndoReturn};
use loyalty_core::program::document::Currency;
use loyalty_core::time::Timestamp;

use crate::calendar::{Instant, Moment, date, later};
use crate::lots::Lapses;
use crate::number::BigInt;
use crate::vesting::lapse;
use crate::{Model, Outcome};

impl Model {
    /// Undoes a return, or says the code of why not.
    pub fn undo_return(&mut self, undo: &UndoReturn, at: Timestamp) -> Result<Outcome, &'static str> {
        let mut after = self.clone();
        let now = after.today(at)?;
        let found = after.brought_back.get_mut(undo.of.as_str()).ok_or("return_not_found")?;
        let found = found.take().ok_or("already_undone")?;
        if found.parts.is_empty() && found.refund.is_none() {
            return Err("nothing_to_undo");
        }
        let outcome = after.bring_back(found.undone(), (now.date, now.at));
        after.lots.values_mut().for_each(|lots| lots.lapse(now.at));
        after.repay();
        *self = after;
        Ok(outcome)
    }

    /// Lets points lapse later, or says the code of why not.
    pub fn extend_expiry(&mut self, extend: &ExtendExpiry, at: Timestamp) -> Result<(), &'static str> {
        let mut after = self.clone();
        let now = after.today(at)?;
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
        let now = after.today(at)?;
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

    /// Settled to an instant.
    fn today(&mut self, at: Timestamp) -> Result<Moment, &'static str> {
        let at = self.now(at)?;
        Ok(self.moment_on(self.calendar.date_at(at), at))
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
