//! Points that a member gives to another: they are moved, and that is all.

use loyalty_core::activity::{Activity, Enrolment};
use loyalty_core::program::document::{CapScope, CurrencyKind, Document, Recipients, Transferable};
use loyalty_core::time::{OffsetTime, Timestamp};
use loyalty_core::transfer::Transfer;

use crate::Model;
use crate::calendar::{Moment, covers};
use crate::lots::{Lapses, Place};
use crate::number::{BigInt, minor_units, whole};

/// What a member gave, which caps count.
#[derive(Debug, Clone)]
pub struct Gave {
    currency: String,
    points: BigInt,
    moment: Moment,
}

impl Model {
    /// Moves points from one member to another, or says the code of why not. What is refused for its content or for the
    /// other member leaves no trace.
    pub fn transfer(
        giver: &mut Self,
        recipient: &mut Self,
        transfer: &Transfer,
        at: Timestamp,
    ) -> Result<(), &'static str> {
        let before = giver.clone();
        let taken = giver.try_out(|model| model.take_out(transfer, at));
        if let Err(code) = &taken
            && !crate::spending::RECORDED.contains(code)
        {
            return Err(code);
        }
        if let Some(code) = recipient.cannot_get(transfer, at) {
            *giver = before;
            return Err(code);
        }
        let taken = taken?;
        recipient.join(at);
        let id = transfer.currency.as_str();
        let points = BigInt::from(transfer.points.minor());
        giver.lots.get_mut(id).expect("its lots").totals.given += &points;
        recipient.put_in(id, taken);
        recipient.lots.get_mut(id).expect("its lots").totals.received += points;
        Ok(())
    }

    fn take_out(&mut self, transfer: &Transfer, at: Timestamp) -> Result<Vec<(Place, BigInt)>, &'static str> {
        let now = self.now(at)?;
        let id = transfer.currency.as_str();
        let points = BigInt::from(transfer.points.minor());
        if transfer.to.as_str() == self.who.member {
            return Err("transfer_to_self");
        }
        let document = self.document.clone();
        let currency =
            document.currencies.iter().find(|it| it.id.as_str() == id).ok_or("unknown_currency")?;
        if points <= BigInt::ZERO {
            return Err("negative_amount");
        }
        if document.transfers.is_none() && currency.kind != CurrencyKind::Redeemable {
            return Err("not_transferable");
        }
        if document.transfers.is_some() {
            let own = own(&document, id).ok_or("not_transferable")?;
            let minor = |points| minor_units(points, currency.scale);
            let given = whole(points.clone());
            if own.at_least.is_some_and(|least| given < minor(least)) {
                return Err("transfer_too_small");
            }
            if own.at_most.is_some_and(|most| given > minor(most)) {
                return Err("transfer_too_large");
            }
            let moment = self.moment_on(self.calendar.date_at(now), now);
            for cap in &own.caps {
                let before = self.given_away.iter().filter(|it| it.currency == id);
                let before = before.filter(|it| covers(cap.window, moment, it.moment));
                let sum: BigInt = before.map(|it| it.points.clone()).sum::<BigInt>() + &points;
                if whole(sum) > minor(cap.at_most) {
                    return Err("transfer_cap");
                }
            }
            self.given_away.push(Gave { currency: id.to_owned(), points: points.clone(), moment });
        }
        if self.debt(id) > BigInt::ZERO {
            return Err("in_debt");
        }
        let lots = self.lots.get_mut(id).expect("every currency has its lots");
        lots.spend(&points, None).ok_or("insufficient_points")
    }

    /// Why the other member cannot get it, before anything is moved.
    fn cannot_get(&self, transfer: &Transfer, at: Timestamp) -> Option<&'static str> {
        let members = self.document.transfers.as_ref().is_some_and(|it| it.to == Recipients::Members);
        if self.settled_to.is_none() && members {
            return Some("recipient_not_found");
        }
        let mut model = self.clone();
        model.join(at);
        model.would_be_full(transfer).then_some("recipient_full")
    }

    /// Settles; who is no member yet becomes one.
    fn join(&mut self, at: Timestamp) {
        if self.settled_to.is_none() {
            let occurred_at = OffsetTime { at, offset: 0 };
            let enrol = Activity::Enrol(Enrolment { occurred_at, attributes: Vec::new() });
            self.record(&enrol).expect("who is no member can join");
        }
        self.settle(at);
    }

    /// Whether a cap of the balance forbids it.
    fn would_be_full(&self, transfer: &Transfer) -> bool {
        let id = transfer.currency.as_str();
        let held = self.balance(id) + self.pending(id) + self.held(id) + transfer.points.minor();
        let scale = self.document.currencies.iter().find(|it| it.id.as_str() == id).map(|it| it.scale);
        let earnings = self.document.earning.iter().filter(|it| it.currency.as_str() == id);
        let mut caps = earnings.flat_map(|it| &it.caps).filter(|cap| cap.per == CapScope::Balance);
        caps.any(|cap| whole(held.clone()) > minor_units(cap.at_most, scale.expect("a currency")))
    }

    /// Puts in what another gave: when it lapses and who pays for it stays.
    fn put_in(&mut self, currency: &str, taken: Vec<(Place, BigInt)>) {
        let now = self.settled_to.expect("a member");
        let moment = self.moment_on(self.calendar.date_at(now), now);
        let idle = taken
            .iter()
            .any(|(place, points)| place.goal().0 == Lapses::ByActivity && *points > BigInt::ZERO);
        if idle && self.lots[currency].ends.is_none() {
            self.renew(currency, moment);
        }
        let lots = self.lots.get_mut(currency).expect("every currency has its lots");
        taken.iter().for_each(|(place, points)| lots.vest(points, place.goal()));
        lots.lapse(now);
        self.repay();
    }
}

/// What the program says about giving points of a currency.
fn own(document: &Document, currency: &str) -> Option<Transferable> {
    let transfers = document.transfers.as_ref()?;
    transfers.of.iter().find(|it| it.currency.as_str() == currency).cloned()
}
