//! Vouchers that points became or bought, and vouchers at the till.

use chrono::{Datelike, NaiveDate};
use loyalty_core::money::{Rounding, coin_places};
use loyalty_core::program::document::{Conversion, Currency, CurrencyKind, Give, Reward};
use loyalty_core::redemption::Redeem;
use loyalty_core::time::Timestamp;

use crate::Model;
use crate::calendar::{Instant, NEVER};
use crate::number::{BigInt, Exact, exact, minor_units, power_of_ten, round, whole};
use crate::vesting::end_of;

/// Which voucher: the key under which it was given, the grant, reward or conversion that gave it, and how many of it had
/// been given under that key before.
pub type Name = (String, String, usize);

/// A voucher that no grant gave.
#[derive(Debug, Clone)]
pub struct Own {
    name: Name,
    /// The voucher of the program, or the conversion.
    voucher: String,
    /// Of a conversion: what it is worth.
    value: Option<Exact>,
    ends: Instant,
    uses: u16,
    used: u16,
    /// Whether it is neither over nor given up.
    here: bool,
}

/// A voucher, wherever it is kept.
struct Found<'a> {
    voucher: String,
    value: Option<Exact>,
    uses: u16,
    used: &'a mut u16,
}

/// A voucher as it can be seen: what it is called, when it ends, what it is worth, and how often it may be used.
pub type Seen = (String, Instant, Option<Exact>, u16);

impl Model {
    /// The vouchers that the member may use at `settled_to`, ascending.
    pub fn vouchers(&self) -> Vec<Seen> {
        let granted = self.gifts.iter().filter(|gift| gift.is_held()).filter_map(|gift| {
            let id = gift.voucher()?;
            Some((id.clone(), gift.ends(), None, self.uses_of(&id) - gift.used))
        });
        let own = self.own_vouchers.iter().filter(|own| own.here);
        let own = own.map(|own| (own.voucher.clone(), own.ends, own.value.clone(), own.uses - own.used));
        let mut all: Vec<_> = granted.chain(own).filter(|it| it.3 > 0).collect();
        all.sort();
        all
    }

    /// What became of vouchers, in words.
    pub fn vouchers_seen(&self) -> Vec<&'static str> {
        let own = self.own_vouchers.iter().flat_map(|own| {
            let kind = if own.value.is_some() { "converted" } else { "bought" };
            [
                Some(kind),
                (own.used > 0).then_some("one of its own used"),
                (!own.here).then_some("ended or given up"),
            ]
        });
        let granted = self.gifts.iter().map(|gift| (gift.used > 0).then_some("a granted one used"));
        own.chain(granted).flatten().collect()
    }

    /// Uses a voucher, or says the code of why not; none is one that there never was. The answer is the money off.
    pub fn use_voucher(
        &mut self,
        redeem: &Redeem,
        name: Option<&Name>,
        at: Timestamp,
    ) -> Result<Option<Exact>, &'static str> {
        self.try_out(|model| model.try_use(redeem, name, at))
    }

    fn try_use(
        &mut self,
        redeem: &Redeem,
        name: Option<&Name>,
        at: Timestamp,
    ) -> Result<Option<Exact>, &'static str> {
        self.now(at)?;
        let document = self.document.clone();
        let reward = match &redeem.reward {
            Some(id) => Some(document.rewards.iter().find(|it| it.id == *id).ok_or("unknown_reward")?),
            None => None,
        };
        if reward.is_some_and(|reward| reward.voucher_value.is_none()) {
            return Err("voucher_not_wanted");
        }
        if redeem.points.is_some() {
            return Err("points_not_wanted");
        }
        if redeem.units.is_some() {
            return Err("units_not_wanted");
        }
        if redeem.bucket.is_some() {
            return Err("bucket_not_wanted");
        }
        let bill = redeem.bill.map(exact);
        if bill.as_ref().is_some_and(|bill| *bill <= whole(0)) {
            return Err("negative_amount");
        }
        if let Some(reward) = reward {
            self.check_offered(reward)?;
            self.check_limit(reward)?;
        }
        let name = name.ok_or("voucher_not_found")?;
        let found = self.find(name).ok_or("voucher_not_found")?;
        let declared = document.vouchers.iter().find(|it| it.id.as_str() == found.voucher);
        let percent = declared.and_then(|it| it.percent_off).map(exact);
        let amount = found.value.clone().or(declared.and_then(|it| it.amount_off).map(exact));
        let off = match reward.and_then(|reward| reward.voucher_value) {
            Some(times) => Some(found.value.clone().ok_or("voucher_not_accepted")? * exact(times)),
            None => match (amount, percent) {
                (None, Some(percent)) => Some(bill.clone().ok_or("bill_missing")? * percent / whole(100)),
                (amount, _) => amount,
            },
        };
        let used_up = *found.used == found.uses;
        if let Some(reward) = reward {
            self.check_stock(reward)?;
        }
        if used_up {
            return Err("voucher_used");
        }
        *self.find(name).expect("it was found").used += 1;
        if let Some(reward) = reward {
            self.note_had(reward, format!("redeem/{}", redeem.key));
        }
        self.used_by.insert(redeem.key.to_string(), (name.clone(), false));
        let coins = power_of_ten(coin_places(&document.money) as usize);
        let off = off.map(|off| bill.map_or(off.clone(), |bill| off.min(bill)));
        Ok(off.map(|off| whole(round(&(off * &coins), Rounding::Floor)) / coins))
    }

    /// Undoes a use, if a key is that of one; `None` where it is not.
    pub(crate) fn undo_use(&mut self, key: &str) -> Option<Result<(), &'static str>> {
        let (name, cancelled) = self.used_by.get_mut(key)?;
        if std::mem::replace(cancelled, true) {
            return Some(Err("already_cancelled"));
        }
        let name = name.clone();
        // One that is over stays so.
        if let Some(found) = self.find(&name) {
            *found.used -= 1;
        }
        Some(Ok(()))
    }

    /// Gives up what a redemption bought.
    pub(crate) fn give_up(&mut self, name: &Name) -> Result<(), &'static str> {
        let own = self.own_vouchers.iter_mut().find(|own| own.name == *name).expect("it was bought");
        if !own.here {
            return Err("voucher_ended");
        }
        if own.used > 0 {
            return Err("voucher_used");
        }
        own.here = false;
        Ok(())
    }

    /// Gives the voucher that a reward is for; its name, if it is for one.
    pub(crate) fn buy(&mut self, reward: &Reward, key: &str) -> Option<Name> {
        let id = reward.voucher.clone()?;
        let now = self.settled_to.expect("a member has begun");
        let moment = self.moment_on(self.calendar.date_at(now), now);
        let voucher = self.document.vouchers.iter().find(|it| it.id == id).expect("declared");
        let ends = voucher.expiry.map_or(NEVER, |it| end_of(it, moment, &self.calendar));
        let name = (format!("redeem/{key}"), reward.id.to_string(), 0);
        let (voucher, uses) = (id.to_string(), voucher.uses);
        self.own_vouchers.push(Own {
            name: name.clone(),
            voucher,
            value: None,
            ends,
            uses,
            used: 0,
            here: true,
        });
        Some(name)
    }

    /// Those that end up to an instant are over.
    pub(crate) fn end_own_vouchers(&mut self, at: Instant) {
        self.own_vouchers.iter_mut().filter(|own| own.ends <= at).for_each(|own| own.here = false);
    }

    fn find(&mut self, name: &Name) -> Option<Found<'_>> {
        let uses = self.document.vouchers.clone();
        if let Some(gift) = self.gifts.iter_mut().find(|gift| gift.name == *name) {
            if !gift.is_held() {
                return None;
            }
            let voucher = gift.voucher()?;
            let uses = uses.iter().find(|it| it.id.as_str() == voucher).expect("declared").uses;
            return Some(Found { voucher, value: None, uses, used: &mut gift.used });
        }
        let own = self.own_vouchers.iter_mut().find(|own| own.name == *name && own.here)?;
        let (voucher, value, uses) = (own.voucher.clone(), own.value.clone(), own.uses);
        Some(Found { voucher, value, uses, used: &mut own.used })
    }

    fn uses_of(&self, voucher: &str) -> u16 {
        self.document.vouchers.iter().find(|it| it.id.as_str() == voucher).expect("declared").uses
    }

    /// The first instant after one at which points become vouchers.
    pub(crate) fn conversion_after(&self, after: Instant) -> Option<Instant> {
        let year = self.calendar.date_at(after).year();
        let days = self.document.conversions.iter().flat_map(|conversion| &conversion.on);
        let dates = days.flat_map(|day| {
            (year..=year + 1)
                .map(move |year| format!("{year}-{day}").parse::<NaiveDate>().expect("a day of every year"))
        });
        dates.map(|date| self.calendar.start_of(date)).filter(|at| *at > after).min()
    }

    /// Lets points become vouchers where that is due by an instant: conversions by their ids.
    pub(crate) fn convert_up_to(&mut self, at: Instant) {
        while let Some(due) = self.converts_next.filter(|due| *due <= at) {
            // What lapsed before is not there any more.
            self.lots.values_mut().for_each(|lots| lots.lapse(due - chrono::TimeDelta::microseconds(1)));
            let date = self.calendar.date_at(due);
            let mut today: Vec<Conversion> = self.document.conversions.clone();
            today.retain(|it| it.on.iter().any(|day| day.to_string() == date.format("%m-%d").to_string()));
            today.sort_by_key(|it| it.id.to_string());
            for conversion in today {
                self.convert(&conversion, due);
            }
            self.converts_next = self.conversion_after(due);
        }
    }

    fn convert(&mut self, conversion: &Conversion, at: Instant) {
        let spent = |it: &&Currency| match &conversion.currency {
            Some(named) => it.id == *named,
            None => it.kind == CurrencyKind::Redeemable,
        };
        let currency = self.document.currencies.iter().find(spent).expect("a checked program").clone();
        let moment = self.moment_on(self.calendar.date_at(at), at);
        let ends = conversion.expiry.map_or(NEVER, |it| end_of(it, moment, &self.calendar));
        let lots = self.lots.get_mut(currency.id.as_str()).expect("every currency has its lots");
        let there = whole(lots.balance());
        let step = minor_units(conversion.per_full.points, currency.scale);
        let least = conversion.at_least.map_or(step.clone(), |it| minor_units(it, currency.scale));
        let steps = (&there / &step).floor();
        if there < least || steps < whole(1) {
            return;
        }
        let points: BigInt = (&steps * step).to_integer();
        lots.spend(&points, None).expect("no more than there is");
        lots.totals.redeemed += points;
        let id = conversion.id.to_string();
        self.own_vouchers.push(Own {
            name: (format!("conversion/{id}/{}", moment.date), id.clone(), 0),
            voucher: id,
            value: Some(steps * exact(conversion.per_full.off)),
            ends,
            uses: 1,
            used: 0,
            here: true,
        });
    }
}

impl crate::grants::Gift {
    fn voucher(&self) -> Option<String> {
        match self.give() {
            Give::Voucher(id) => Some(id.to_string()),
            _ => None,
        }
    }
}
