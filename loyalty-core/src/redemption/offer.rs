//! What a reward takes and gives: prices, full steps, money off.

use super::Redeem;
use crate::id::{ActivityId, AuthorId};
use crate::member::{Balance, MemberState};
use crate::money::{Money, OutOfRange, Quantity, Ratio, Rounding};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{
    AmountOff, Buckets, Currency, PercentOff, PlusCash, PointsOff, Prefer, Reward,
};
use crate::time::Timestamp;

/// What a member asks for.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The reward.
    pub reward: &'a AuthorId,
    /// The most points to be spent.
    pub points: Option<Points>,
    /// How many units are bought.
    pub units: Option<Quantity>,
    /// What there is to be paid.
    pub bill: Option<Money>,
    /// When the points lapse that are to be spent.
    pub bucket: Option<Timestamp>,
    /// The quote by which it is priced.
    pub quote: Option<&'a ActivityId>,
}

impl<'a> Order<'a> {
    /// What is to be redeemed for points.
    pub fn of(redeem: &'a Redeem) -> Result<Self, Problem> {
        let Redeem { reward, points, units, bill, bucket, quote, .. } = redeem;
        let help = "name a reward, or a voucher";
        let missing = || Problem::new("reward_missing", "/reward", "nothing is asked for", help);
        let reward = reward.as_ref().ok_or_else(missing)?;
        Ok(Self {
            reward,
            points: *points,
            units: *units,
            bill: *bill,
            bucket: *bucket,
            quote: quote.as_ref(),
        })
    }
}

/// A reward as a member asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    program: &'a Program,
    order: Order<'a>,
    /// The reward.
    pub reward: &'a Reward,
    /// The currency that it takes.
    pub currency: &'a Currency,
}

/// Points of one bucket: when they lapse. Absent, points of every bucket.
pub type Bucket = Option<Option<Timestamp>>;

/// What is taken, and what comes off for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// In minor units, above 0.
    pub points: Points,
    /// The money off; absent of a thing.
    pub off: Option<Money>,
    /// The money to be paid beside the points.
    pub due: Option<Money>,
}

/// Full steps of a reward.
struct Steps {
    step: Points,
    /// Money off for one.
    off: Money,
    /// The least points.
    least: Points,
    /// The most steps that the reward, the bill and the member's own wish leave.
    most: i128,
}

impl<'a> Offer<'a> {
    /// The reward that is asked for, where what is said of it fits: that does not depend on the member.
    ///
    /// Paths of refusals lead from the order on.
    pub fn of(program: &'a Program, order: Order<'a>) -> Result<Self, Problem> {
        let reward = program.reward(order.reward).ok_or_else(|| unknown(order.reward))?;
        let by_voucher = || {
            let message = format!("`{}` takes a voucher, not points", reward.id);
            Problem::new("voucher_missing", "/voucher", message, "redeem it with the code of one")
        };
        let currency = program.document().spent(reward.currency.as_ref());
        let currency = currency.filter(|_| reward.voucher_value.is_none()).ok_or_else(by_voucher)?;
        let offer = Self { program, order, reward, currency };
        offer.check_points()?;
        offer.check_units()?;
        offer.check_bill()?;
        if order.bucket.is_some() && reward.buckets == Buckets::Any {
            let message = format!("`{}` is paid from all points", reward.id);
            return Err(Problem::new("bucket_not_wanted", "/bucket", message, "leave `bucket` out"));
        }
        Ok(offer)
    }

    fn check_points(&self) -> Result<(), Problem> {
        let Some(points) = self.order.points else { return Ok(()) };
        if !self.is_by_steps() && self.reward.plus_cash.is_none() {
            let message = format!("`{}` has a price of its own", self.reward.id);
            return Err(Problem::new("points_not_wanted", "/points", message, "leave `points` out"));
        }
        if !points.is_positive() {
            return Err(below("/points", "points"));
        }
        match &self.reward.plus_cash {
            Some(cash) => self.check_part(points, cash),
            None => Ok(()),
        }
    }

    /// Whether so many points may be a part of the price.
    fn check_part(&self, points: Points, cash: &PlusCash) -> Result<(), Problem> {
        let (least, price) = (cash.at_least.unwrap_or(Quantity::ZERO), self.price_in_points()?);
        let refused = |code, message: String| {
            Err(Problem::new(code, "/points", message, "give another number of points"))
        };
        let id = &self.reward.id;
        if points < self.in_minor_units(least)? {
            return refused(
                "points_too_few",
                format!("`{id}` takes at least {least} {}", self.currency.shown()),
            );
        }
        if points > price {
            return refused("points_too_many", format!("`{id}` takes {}", self.shown(price)));
        }
        Ok(())
    }

    fn price_in_points(&self) -> Result<Points, OutOfRange> {
        self.in_minor_units(self.reward.points.unwrap_or(Quantity::ZERO))
    }

    fn check_units(&self) -> Result<(), Problem> {
        match (&self.reward.amount_off_per_unit, self.order.units) {
            (Some(per_unit), None) => {
                let message = format!("`{}` gives money off each {}", self.reward.id, per_unit.unit);
                Err(Problem::new("units_missing", "/units", message, "say how many are bought"))
            }
            (None, Some(_)) => {
                let message = format!("`{}` does not look at units", self.reward.id);
                Err(Problem::new("units_not_wanted", "/units", message, "leave `units` out"))
            }
            (Some(_), Some(units)) if units <= Quantity::ZERO => Err(below("/units", "units")),
            _ => Ok(()),
        }
    }

    fn check_bill(&self) -> Result<(), Problem> {
        let shares =
            matches!(&self.reward.amount_off, Some(AmountOff::Steps(it)) if it.share_of_bill.is_some());
        match self.order.bill {
            Some(bill) if bill <= Money::ZERO => Err(below("/bill", "a bill")),
            None if shares || self.reward.percent_off.is_some() => {
                let message = format!("`{}` pays a part of the bill", self.reward.id);
                Err(Problem::new("bill_missing", "/bill", message, "say what there is to be paid"))
            }
            _ => Ok(()),
        }
    }

    const fn is_by_steps(&self) -> bool {
        matches!(self.reward.amount_off, Some(AmountOff::Steps(_)))
            || self.reward.amount_off_per_unit.is_some()
    }

    /// What it takes of a member's points, of which bucket, and what it gives; or why the member cannot have it.
    pub fn price(&self, state: &MemberState) -> Result<(Price, Bucket), Problem> {
        let balance = state.balance(&self.currency.id);
        if self.reward.buckets == Buckets::Any {
            let available = balance.map_or(Ok(Points::ZERO), Balance::available)?;
            return Ok((self.price_of(available)?, None));
        }
        let mut buckets = balance.map_or_else(|| Ok(Vec::new()), Balance::buckets)?;
        if self.reward.prefer == Some(Prefer::Newest) {
            buckets.reverse();
        }
        if let Some(chosen) = self.order.bucket {
            buckets.retain(|(expires_at, _)| *expires_at == Some(chosen));
        }
        // The first of the buckets that has enough; of none that has, the refusal of the first.
        let mut refused = None;
        for (expires_at, available) in buckets {
            match self.price_of(available) {
                Ok(price) => return Ok((price, Some(expires_at))),
                Err(problem) => refused = refused.or(Some(problem)),
            }
        }
        Err(refused.unwrap_or_else(|| self.insufficient(Points::ZERO, Points::ZERO)))
    }

    /// What it takes of so many points.
    pub fn price_of(&self, available: Points) -> Result<Price, Problem> {
        let reward = self.reward;
        match (&reward.amount_off, &reward.amount_off_per_unit, &reward.percent_off) {
            (Some(AmountOff::Steps(steps)), ..) => {
                let least = steps.at_least.as_ref().map(|least| least.points);
                let most = steps.at_most.as_ref();
                let most_off = most.and_then(|most| most.off).map(Money::ratio);
                let share = steps.share_of_bill.map_or(Ratio::ONE, Quantity::ratio);
                let bill = self.order.bill.map(|bill| bill.ratio().times(share)).transpose()?;
                let mut full = self.steps(&steps.per_full, least, most.and_then(|most| most.points))?;
                for money in most_off.into_iter().chain(bill) {
                    full.most = full.most.min(money.full_steps(full.off.ratio())?);
                }
                self.by_steps(&full, Ratio::ONE, available)
            }
            (_, Some(per_unit), _) => {
                let most = per_unit.at_most.as_ref();
                let full = self.steps(&per_unit.per_full, None, most.and_then(|most| most.points))?;
                let units = self.order.units.unwrap_or(Quantity::ZERO);
                let cheaper = most.and_then(|most| most.units).map_or(units, |most| most.min(units));
                self.by_steps(&full, cheaper.ratio(), available)
            }
            (Some(AmountOff::Fixed(off)), ..) => self.fixed(Some(off.ratio()), available),
            (.., Some(percent)) => self.fixed(Some(self.part_of_bill(percent)?), available),
            _ => self.fixed(None, available),
        }
    }

    fn fixed(&self, off: Option<Ratio>, available: Points) -> Result<Price, Problem> {
        let price = self.price_in_points()?;
        let points = self.order.points.unwrap_or(price);
        if available < points {
            return Err(self.at_points(self.insufficient(available, points)));
        }
        let due =
            self.reward.plus_cash.as_ref().map(|cash| self.due(price.minus(points)?, cash)).transpose()?;
        Ok(Price {
            points,
            off: off.map(|off| self.off(off)).transpose()?,
            due: due.filter(|due| *due > Money::ZERO),
        })
    }

    /// The money for points that are not paid.
    fn due(&self, missing: Points, cash: &PlusCash) -> Result<Money, OutOfRange> {
        let missing = Ratio::whole(missing.minor().into()).over(self.currency.unit())?;
        let round = cash.round.unwrap_or(Rounding::HalfUp);
        missing.times(cash.per_point.ratio())?.to_coins(self.program.coin_places(), round)
    }

    fn part_of_bill(&self, percent: &PercentOff) -> Result<Ratio, OutOfRange> {
        let bill = self.order.bill.unwrap_or(Money::ZERO).ratio();
        let off = bill.times(percent.percent.ratio())?.over(Ratio::whole(100))?;
        percent.at_most.map_or(Ok(off), |most| least_of(off, most.ratio()))
    }

    /// How many full steps there may be, whatever the member has.
    fn steps(
        &self,
        per_full: &PointsOff,
        least: Option<Quantity>,
        most: Option<Quantity>,
    ) -> Result<Steps, Problem> {
        let step = self.in_minor_units(per_full.points)?;
        let least = least.map_or(Ok(step), |least| self.in_minor_units(least))?;
        let most = most.map_or(Ok(Points::MAX), |most| self.in_minor_units(most))?;
        let most = self.order.points.map_or(most, |own| own.min(most));
        if most < least {
            let message = format!("`{}` takes at least {}", self.reward.id, self.shown(least));
            return Err(Problem::new("points_too_few", "/points", message, "spend more, or nothing"));
        }
        Ok(Steps { step, off: per_full.off, least, most: full_steps(most, step)? })
    }

    fn by_steps(&self, full: &Steps, units: Ratio, available: Points) -> Result<Price, Problem> {
        let least = full_steps(full.least, full.step)?;
        if full.most < least {
            let message =
                format!("the bill is too small for {} of `{}`", self.shown(full.least), self.reward.id);
            return Err(Problem::new("bill_too_small", "/bill", message, "redeem it on a larger bill"));
        }
        let wanted = self.order.points.filter(|wanted| *wanted > available);
        if let Some(wanted) = wanted {
            return Err(self.at_points(self.insufficient(available, wanted)));
        }
        let steps = full.most.min(full_steps(available, full.step)?);
        if steps < least {
            return Err(self.insufficient(available, full.least));
        }
        let number = Ratio::whole(steps);
        let points = Ratio::whole(i128::from(full.step.minor())).times(number)?.round(Rounding::Floor);
        let off = full.off.ratio().times(number)?.times(units)?;
        Ok(Price { points: Points::from_wide(points)?, off: Some(self.off(off)?), due: None })
    }

    fn off(&self, off: Ratio) -> Result<Money, OutOfRange> {
        in_coins(off, self.order.bill, self.program)
    }

    fn in_minor_units(&self, points: Quantity) -> Result<Points, OutOfRange> {
        Points::from_wide(points.ratio().times(self.currency.unit())?.round(Rounding::Floor))
    }

    fn shown(&self, points: Points) -> String {
        format!("{} {}", points.in_whole_points(self.currency.scale), self.currency.shown())
    }

    /// A refusal of the points that the member names, where they are named.
    fn at_points(&self, problem: Problem) -> Problem {
        let path = if self.order.points.is_some() { "/points".to_owned() } else { problem.path };
        Problem { path, ..problem }
    }

    fn insufficient(&self, available: Points, needed: Points) -> Problem {
        let message = format!(
            "`{}` takes {}, and {} may be spent on it",
            self.reward.id,
            self.shown(needed),
            self.shown(available)
        );
        let path = if self.order.bucket.is_some() { "/bucket" } else { "/reward" };
        Problem::new("insufficient_points", path, message, "collect more, or redeem something smaller")
    }
}

/// The refusal of a reward that there is not.
pub(super) fn unknown(reward: &AuthorId) -> Problem {
    let message = format!("there is no reward `{reward}`");
    Problem::new("unknown_reward", "/reward", message, "use one of the program in force")
}

pub(super) fn below(path: &str, what: &str) -> Problem {
    Problem::new("negative_amount", path, format!("{what} have to be above 0"), "correct it, or leave it out")
}

/// Money off in whole coins, down, and no more than there is to be paid.
pub(super) fn in_coins(off: Ratio, bill: Option<Money>, program: &Program) -> Result<Money, OutOfRange> {
    let off = bill.map_or(Ok(off), |bill| least_of(off, bill.ratio()))?;
    off.down_to_coins(program.coin_places())
}

fn least_of(one: Ratio, other: Ratio) -> Result<Ratio, OutOfRange> {
    Ok(if one.compare(other)?.is_le() { one } else { other })
}

fn full_steps(points: Points, step: Points) -> Result<i128, OutOfRange> {
    Ratio::whole(i128::from(points.minor())).full_steps(Ratio::whole(i128::from(step.minor())))
}
