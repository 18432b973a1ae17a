//! Points spent on rewards, and given back.

use std::collections::BTreeMap;

use loyalty_core::money::{Rounding, coin_places};
use loyalty_core::program::document::{AmountOff, Buckets, Currency, CurrencyKind, Document, Prefer, Reward};
use loyalty_core::redemption::{CancelRedemption, Capture, ExtendHold, Hold, Redeem, Void};
use loyalty_core::time::Timestamp;

use crate::calendar::Instant;
use crate::lots::Place;
use crate::number::{BigInt, Exact, exact, minor_units, power_of_ten, round, whole};
use crate::{Model, VoucherName};

/// Refusals that depend on how the member stands.
pub(crate) const RECORDED: [&str; 19] = [
    "insufficient_points",
    "tier_required",
    "redemption_not_found",
    "already_cancelled",
    "hold_not_found",
    "hold_ended",
    "too_many_holds",
    "in_debt",
    "voucher_not_found",
    "voucher_used",
    "voucher_ended",
    "too_many_vouchers",
    "segment_required",
    "reward_limit_reached",
    "out_of_stock",
    "transfer_cap",
    "too_many_transfers",
    "quote_not_found",
    "quote_expired",
];

/// What was spent at once.
#[derive(Debug, Clone)]
pub struct Spent {
    /// The currency.
    pub currency: String,
    /// In minor units.
    pub points: BigInt,
    /// Money off.
    pub off: Option<Exact>,
    /// Money that is paid beside them.
    pub due: Option<Exact>,
    /// Where the points were.
    pub(crate) from: Vec<(Place, BigInt)>,
    /// The voucher that was bought.
    pub(crate) bought: Option<VoucherName>,
    /// Whether they came back.
    pub(crate) cancelled: bool,
}

/// Points set aside.
#[derive(Debug, Clone)]
pub struct Held {
    /// The hold's key.
    pub key: String,
    /// What was asked for.
    wanted: Redeem,
    /// When it is over.
    pub until: Instant,
    /// What is set aside.
    pub spent: Spent,
}

/// What a member wants.
struct Wish<'a> {
    points: Option<BigInt>,
    units: Option<Exact>,
    bill: Option<Exact>,
    reward: &'a Reward,
    currency: &'a Currency,
    /// The decimals of the smallest coin.
    places: usize,
}

/// Points to be taken, money off, and money to be paid beside the points.
type Price = (BigInt, Option<Exact>, Option<Exact>);

impl Model {
    /// Spends points on a reward, or says the code of why not.
    pub fn redeem(&mut self, redeem: &Redeem, at: Timestamp) -> Result<Spent, &'static str> {
        self.try_out(|model| model.spend(redeem, at))
    }

    /// Undoes a redemption, or says the code of why not.
    pub fn cancel(&mut self, cancel: &CancelRedemption, at: Timestamp) -> Result<(), &'static str> {
        self.try_out(|model| model.undo(cancel, at))
    }

    /// Only refusals that depend on the member are recorded; all others leave no trace, not even that of the time.
    pub(crate) fn try_out<T>(
        &mut self,
        what: impl FnOnce(&mut Self) -> Result<T, &'static str>,
    ) -> Result<T, &'static str> {
        let before = self.clone();
        let done = what(self);
        self.repay();
        if let Err(code) = &done {
            let settled = self.settled_to;
            *self = before;
            if RECORDED.contains(code) {
                self.settle_to(settled.expect("a member has begun"));
            }
        }
        done
    }

    fn spend(&mut self, redeem: &Redeem, at: Timestamp) -> Result<Spent, &'static str> {
        let mut spent = self.take_for_reward(redeem, at)?;
        let reward = self.document.rewards.iter().find(|it| Some(&it.id) == redeem.reward.as_ref());
        let reward = reward.expect("it was found").clone();
        spent.bought = self.buy(&reward, redeem.key.as_str());
        self.note_had(&reward, format!("redeem/{}", redeem.key));
        let totals = &mut self.lots.get_mut(&spent.currency).expect("every currency has its lots").totals;
        totals.redeemed += &spent.points;
        self.spent.insert(redeem.key.to_string(), spent.clone());
        Ok(spent)
    }

    /// The money that was paid beside the points of a redemption.
    pub fn due_of(&self, redemption: &str) -> Option<Exact> {
        self.spent.get(redemption)?.due.clone()
    }

    fn undo(&mut self, cancel: &CancelRedemption, at: Timestamp) -> Result<(), &'static str> {
        let now = self.now(at)?;
        self.forget_had(&format!("redeem/{}", cancel.of));
        if let Some(undone) = self.undo_use(cancel.of.as_str()) {
            return undone;
        }
        let spent = self.spent.get_mut(cancel.of.as_str()).ok_or("redemption_not_found")?;
        if std::mem::replace(&mut spent.cancelled, true) {
            return Err("already_cancelled");
        }
        let spent = spent.clone();
        if let Some(bought) = &spent.bought {
            self.give_up(bought)?;
        }
        let lots = self.lots.get_mut(&spent.currency).expect("every currency has its lots");
        lots.totals.redeemed -= &spent.points;
        for (place, points) in &spent.from {
            lots.release(points, place.clone(), now);
        }
        Ok(())
    }

    /// Sets points aside for a reward, or says the code of why not.
    pub fn hold(&mut self, hold: &Hold, at: Timestamp) -> Result<Spent, &'static str> {
        self.try_out(|model| {
            let now = model.now(at)?;
            let until = later_by(now, hold.minutes, now)?;
            let Hold { key, reward, points, units, bill, bucket, quote, .. } = hold.clone();
            let wanted =
                Redeem { key, reward: Some(reward), points, units, bill, bucket, voucher: None, quote };
            let spent = model.take_for_reward(&wanted, at)?;
            if model.holds.len() == 256 {
                return Err("too_many_holds");
            }
            let key = hold.key.to_string();
            let reward = model.document.rewards.iter().find(|it| it.id == hold.reward).cloned();
            model.note_had(&reward.expect("it was found"), format!("hold/{key}"));
            model.placed.insert(key.clone());
            model.holds.push(Held { key, wanted, until, spent: spent.clone() });
            Ok(spent)
        })
    }

    /// Lets a hold last longer, or says the code of why not.
    pub fn extend(&mut self, extend: &ExtendHold, at: Timestamp) -> Result<(), &'static str> {
        self.try_out(|model| {
            let now = model.now(at)?;
            let mut held = model.ended(extend.hold.as_str())?;
            held.until = later_by(held.until, extend.minutes, now)?;
            model.holds.push(held);
            Ok(())
        })
    }

    /// Spends what is held, or says the code of why not.
    pub fn capture(&mut self, capture: &Capture, at: Timestamp) -> Result<Spent, &'static str> {
        self.try_out(|model| {
            let now = model.now(at)?;
            let held = model.ended(capture.hold.as_str())?;
            let document = model.document.clone();
            let reward = document.rewards.iter().find(|it| Some(&it.id) == held.wanted.reward.as_ref());
            let reward = reward.expect("it was held for one");
            let bought = model.buy(reward, capture.key.as_str());
            model.rename_had(&format!("hold/{}", capture.hold), &format!("redeem/{}", capture.key));
            let Spent { mut points, mut off, mut due, .. } = held.spent.clone();
            if let Some(most) = capture.points {
                let wanted = Redeem { points: Some(most), ..held.wanted.clone() };
                let currency = document.currencies.iter().find(|it| it.id.as_str() == held.spent.currency);
                let wish = Wish::new(&document, &wanted, (reward, currency.expect("its currency")));
                wish.fits()?;
                (points, off, due) = wish.price(&points)?;
            }
            let mut missing = points.clone();
            let mut from = Vec::new();
            for (place, part) in held.spent.from {
                let spent = missing.clone().min(part.clone());
                missing -= &spent;
                let lots = model.lots.get_mut(&held.spent.currency).expect("every currency has its lots");
                lots.release(&(part - &spent), place.clone(), now);
                from.push((place, spent));
            }
            let spent = Spent { points, off, due, from, bought, ..held.spent };
            model.lots.get_mut(&spent.currency).expect("its lots").totals.redeemed += &spent.points;
            model.spent.insert(capture.key.to_string(), spent.clone());
            Ok(spent)
        })
    }

    /// Gives a hold up, or says the code of why not.
    pub fn void(&mut self, void: &Void, at: Timestamp) -> Result<(), &'static str> {
        self.try_out(|model| {
            let now = model.now(at)?;
            let held = model.ended(void.hold.as_str())?;
            model.forget_had(&format!("hold/{}", held.key));
            model.release(held, now);
            Ok(())
        })
    }

    /// Points of a currency that are set aside.
    pub fn held(&self, currency: &str) -> BigInt {
        let own = self.holds.iter().filter(|held| held.spent.currency == currency);
        own.map(|held| held.spent.points.clone()).sum()
    }

    /// When each hold is over, in microseconds, and its key; the first before the others.
    pub fn open_holds(&self) -> Vec<(i64, String)> {
        let mut all: Vec<_> =
            self.holds.iter().map(|held| (held.until.timestamp_micros(), held.key.clone())).collect();
        all.sort();
        all
    }

    /// Lets end what is over at `at`.
    pub(crate) fn end_holds(&mut self, at: Instant) {
        let (over, open) = std::mem::take(&mut self.holds).into_iter().partition(|held| held.until <= at);
        self.holds = open;
        let over: Vec<Held> = over;
        for held in over {
            self.end_had(&format!("hold/{}", held.key), held.until);
            self.release(held, at);
        }
    }

    fn release(&mut self, held: Held, now: Instant) {
        let lots = self.lots.get_mut(&held.spent.currency).expect("every currency has its lots");
        for (place, points) in held.spent.from {
            lots.release(&points, place, now);
        }
    }

    fn ended(&mut self, key: &str) -> Result<Held, &'static str> {
        match self.holds.iter().position(|held| held.key == key) {
            Some(place) => Ok(self.holds.remove(place)),
            None if self.placed.contains(key) => Err("hold_ended"),
            None => Err("hold_not_found"),
        }
    }

    /// Settles to `at`.
    pub(crate) fn now(&mut self, at: Timestamp) -> Result<Instant, &'static str> {
        if self.settled_to.is_none() {
            return Err("unknown_member");
        }
        self.settle(at);
        Ok(self.settled_to.expect("just settled"))
    }

    pub(crate) fn take_for_reward(&mut self, redeem: &Redeem, at: Timestamp) -> Result<Spent, &'static str> {
        self.now(at)?;
        let document = self.document.clone();
        let asked = redeem.reward.as_ref().ok_or("reward_missing")?;
        if let Some(quote) = &redeem.quote {
            self.check_quote(quote.as_str(), redeem)?;
        }
        let reward = document.rewards.iter().find(|it| it.id == *asked).ok_or("unknown_reward")?;
        if reward.voucher_value.is_some() {
            return Err("voucher_missing");
        }
        let mut redeemable = document.currencies.iter().filter(|it| it.kind == CurrencyKind::Redeemable);
        let currency = match &reward.currency {
            Some(id) => redeemable.find(|it| it.id == *id),
            None => redeemable.next(),
        };
        let currency = currency.expect("a checked reward has its currency");
        let wish = Wish::new(&document, redeem, (reward, currency));
        wish.fits()?;
        if redeem.bucket.is_some() && reward.buckets == Buckets::Any {
            return Err("bucket_not_wanted");
        }
        if redeem.quote.is_none() {
            self.check_offered(reward)?;
        }
        self.check_limit(reward)?;
        let id = wish.currency.id.to_string();
        if self.debt(&id) > BigInt::ZERO {
            return Err("in_debt");
        }
        let lots = self.lots.get_mut(&id).expect("every currency has its lots");
        let chosen = redeem.bucket.map(|at| Instant::from_timestamp_micros(at.micros()).expect("an instant"));
        let ((points, off, due), bucket) = match reward.buckets {
            Buckets::Any => (wish.price(&lots.balance())?, None),
            Buckets::OneBucket => wish.of_one_bucket(lots.buckets(), chosen)?,
        };
        self.check_stock(reward)?;
        let lots = self.lots.get_mut(&id).expect("every currency has its lots");
        let from = lots.spend(&points, bucket).expect("the price was made of what is there");
        Ok(Spent { currency: id, points, off, due, from, bought: None, cancelled: false })
    }
}

impl<'a> Wish<'a> {
    fn new(document: &Document, redeem: &Redeem, (reward, currency): (&'a Reward, &'a Currency)) -> Self {
        Self {
            points: redeem.points.map(|points| BigInt::from(points.minor())),
            units: redeem.units.map(exact),
            bill: redeem.bill.map(exact),
            reward,
            currency,
            places: coin_places(&document.money) as usize,
        }
    }

    fn by_steps(&self) -> bool {
        matches!(self.reward.amount_off, Some(AmountOff::Steps(_)))
            || self.reward.amount_off_per_unit.is_some()
    }

    /// What is said of it, whatever the member has.
    fn fits(&self) -> Result<(), &'static str> {
        match &self.points {
            Some(_) if !self.by_steps() && self.reward.plus_cash.is_none() => {
                return Err("points_not_wanted");
            }
            Some(points) if *points <= BigInt::ZERO => return Err("negative_amount"),
            Some(points) => self.is_a_part(points)?,
            None => {}
        }
        match (&self.units, self.reward.amount_off_per_unit.is_some()) {
            (None, true) => return Err("units_missing"),
            (Some(_), false) => return Err("units_not_wanted"),
            (Some(units), true) if *units <= whole(0) => return Err("negative_amount"),
            _ => {}
        }
        let share = match &self.reward.amount_off {
            Some(AmountOff::Steps(steps)) => steps.share_of_bill.is_some(),
            _ => false,
        };
        match &self.bill {
            Some(bill) if *bill <= whole(0) => Err("negative_amount"),
            None if share || self.reward.percent_off.is_some() => Err("bill_missing"),
            _ => Ok(()),
        }
    }

    fn of_one_bucket(
        &self,
        buckets: BTreeMap<Instant, BigInt>,
        chosen: Option<Instant>,
    ) -> Result<(Price, Option<Instant>), &'static str> {
        let mut all: Vec<_> = buckets.into_iter().collect();
        if self.reward.prefer == Some(Prefer::Newest) {
            all.reverse();
        }
        let mut refused = None;
        for (lapses, points) in all.into_iter().filter(|it| chosen.is_none_or(|chosen| chosen == it.0)) {
            match self.price(&points) {
                Ok(price) => return Ok((price, Some(lapses))),
                Err(code) => refused = refused.or(Some(code)),
            }
        }
        Err(refused.unwrap_or("insufficient_points"))
    }

    fn minor(&self, points: impl std::fmt::Display) -> Exact {
        minor_units(points, self.currency.scale)
    }

    /// What so many points are enough for.
    fn price(&self, available: &BigInt) -> Result<Price, &'static str> {
        let available = whole(available.clone());
        let reward = self.reward;
        if let Some(AmountOff::Steps(steps)) = &reward.amount_off {
            let step = self.minor(steps.per_full.points);
            let off = exact(steps.per_full.off);
            let most = steps.at_most.as_ref();
            let mut money: Vec<Exact> = most.and_then(|it| it.off).map(exact).into_iter().collect();
            let share = steps.share_of_bill.map_or(whole(1), exact);
            money.extend(self.bill.clone().map(|bill| bill * share));
            let least = steps.at_least.as_ref().map_or(step.clone(), |it| self.minor(it.points));
            let most = most.and_then(|it| it.points).map(|it| self.minor(it));
            return self.steps(&available, (&step, &off), (&least, most), money);
        }
        if let Some(per_unit) = &reward.amount_off_per_unit {
            let step = self.minor(per_unit.per_full.points);
            let most = per_unit.at_most.as_ref();
            let units = self.units.clone().expect("it fits");
            let units = most.and_then(|it| it.units).map_or(units.clone(), |most| units.min(exact(most)));
            let off = exact(per_unit.per_full.off) * units;
            let most = most.and_then(|it| it.points).map(|it| self.minor(it));
            return self.steps(&available, (&step, &off), (&step, most), Vec::new());
        }
        let whole_price = self.minor(reward.points.expect("a checked reward has its price"));
        let price = self.points.clone().map_or(whole_price.clone(), whole);
        let due = self.due(whole_price - &price);
        if available < price {
            return Err("insufficient_points");
        }
        let off = match (&reward.amount_off, &reward.percent_off) {
            (Some(AmountOff::Fixed(off)), _) => Some(exact(off)),
            (_, Some(off)) => {
                let part = self.bill.clone().expect("it fits") * exact(off.percent) / whole(100);
                Some(off.at_most.map_or(part.clone(), |most| part.min(exact(most))))
            }
            _ => None,
        };
        Ok((price.to_integer(), off.map(|off| self.coins(off)), due))
    }

    fn steps(
        &self,
        available: &Exact,
        (step, off): (&Exact, &Exact),
        (least, most): (&Exact, Option<Exact>),
        money: Vec<Exact>,
    ) -> Result<Price, &'static str> {
        let own = self.points.clone().map(whole);
        let limits = most.into_iter().chain(own.clone());
        if limits.clone().any(|most| most < *least) {
            return Err("points_too_few");
        }
        let by_points = limits.map(|points| (points / step).floor());
        let by_money = money.into_iter().map(|money| (money / off).floor());
        let most = by_points.chain(by_money).min();
        if most.as_ref().is_some_and(|most| most * step < *least) {
            return Err("bill_too_small");
        }
        if own.is_some_and(|own| own > *available) {
            return Err("insufficient_points");
        }
        let affordable = (available / step).floor();
        let number = most.map_or(affordable.clone(), |most| most.min(affordable));
        if &number * step < *least {
            return Err("insufficient_points");
        }
        let off = self.coins(&number * off);
        Ok(((number * step).to_integer(), Some(off), None))
    }

    /// Whether so many points are enough, and not too many, where the rest is paid in money.
    fn is_a_part(&self, points: &BigInt) -> Result<(), &'static str> {
        let Some(cash) = &self.reward.plus_cash else { return Ok(()) };
        let points = whole(points.clone());
        if cash.at_least.is_some_and(|least| points < self.minor(least)) {
            return Err("points_too_few");
        }
        let price = self.minor(self.reward.points.expect("a part of a price"));
        if points > price { Err("points_too_many") } else { Ok(()) }
    }

    /// The money for minor units that are not paid.
    fn due(&self, missing: Exact) -> Option<Exact> {
        let cash = self.reward.plus_cash.as_ref()?;
        let coins = power_of_ten(self.places);
        let money = missing / power_of_ten(self.currency.scale.into()) * exact(cash.per_point);
        let due = whole(round(&(money * &coins), cash.round.unwrap_or(Rounding::HalfUp))) / coins;
        (due > whole(0)).then_some(due)
    }

    fn coins(&self, off: Exact) -> Exact {
        let off = self.bill.clone().map_or(off.clone(), |bill| off.min(bill));
        whole(round(&(off * power_of_ten(self.places)), Rounding::Floor)) / power_of_ten(self.places)
    }
}

/// So many minutes after an instant, within 30 days from now.
fn later_by(from: Instant, minutes: u32, now: Instant) -> Result<Instant, &'static str> {
    let until = from + chrono::TimeDelta::minutes(minutes.into());
    let fits = minutes > 0 && until <= now + chrono::TimeDelta::days(30);
    if fits { Ok(until) } else { Err("minutes_range") }
}
