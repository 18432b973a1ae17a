//! Random rewards, and what a member may want of them.

use loyalty_core::money::{Fixed, Money, Multiplier, Quantity};
use loyalty_core::program::condition::{DateRange, SegmentTest, TierTest};
use loyalty_core::program::document::{
    AmountOff, AmountOffPerUnit, AmountOffSteps, Buckets, Currency, CurrencyKind, GrantLimit, LeastPoints,
    MostOff, MostUnits, PercentOff, PointsOff, Prefer, Reward, TierTrack,
};
use loyalty_core::time::Window;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::condition::dates;
use super::grants::VOUCHERS;
use super::words::{SEGMENTS, decimal, id, points, window};

/// What gives money off.
#[derive(Debug, Clone)]
enum Off {
    Nothing,
    Amount(Money),
    Percent(PercentOff),
    Steps(AmountOffSteps),
    PerUnit(AmountOffPerUnit),
    Voucher(&'static str),
    VoucherValue(Multiplier),
}

/// 2 to 5 rewards where there is something to spend.
pub fn rewards(currencies: &[Currency], tiers: &[TierTrack]) -> BoxedStrategy<Vec<Reward>> {
    let redeemable = currencies.iter().filter(|it| it.kind == CurrencyKind::Redeemable);
    let redeemable: Vec<Currency> = redeemable.cloned().collect();
    if redeemable.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let named = redeemable.len() > 1;
    let tiers = tiers.to_vec();
    let reward = select(redeemable).prop_flat_map(move |currency| {
        let asked = option::weighted(0.2, (any::<Index>(), vec(any::<Index>(), 1..3)));
        let tiers = tiers.clone();
        let tier = asked.prop_map(move |asked| tier_test(&tiers, asked?));
        let buckets = prop_oneof![
            2 => Just((Buckets::Any, None)),
            1 => option::of(select(vec![Prefer::Newest, Prefer::Oldest])).prop_map(|it| (Buckets::OneBucket, it)),
        ];
        let names = prop_oneof![Just(named), Just(true)].prop_map(move |names| names || named);
        let id = currency.id.clone();
        let kept = (offered(), option::weighted(0.2, 0_u32..=2));
        let parts = (points(30, currency.scale), off(currency.scale), tier, buckets, names, kept);
        parts.prop_map(move |(price, off, tier, (buckets, prefer), names, ((segment, dates, at_most), stock))| {
            let currency = names.then(|| id.clone());
            made(price, off, Reward { currency, tier, segment, dates, at_most, stock, buckets, prefer, ..nothing() })
        })
    });
    let numbered = |all: Vec<Reward>| {
        let numbered = all.into_iter().enumerate();
        numbered.map(|(n, it)| Reward { id: id(&format!("reward-{n}")), ..it }).collect::<Vec<_>>()
    };
    vec(reward, 2..=5).prop_map(numbered).boxed()
}

/// For whom, when and how often: mostly for all and always.
fn offered() -> impl Strategy<Value = (Option<SegmentTest>, Option<DateRange>, Option<GrantLimit>)> {
    let segment = subsequence(SEGMENTS, 1..=2)
        .prop_map(|all| SegmentTest { any_of: all.into_iter().map(id).collect() });
    let window = prop_oneof![2 => select(vec![Window::Year, Window::Lifetime]), 1 => window()];
    let limit = (1_u16..=2, window).prop_map(|(times, window)| GrantLimit { times, window });
    (option::weighted(0.07, segment), option::weighted(0.1, dates()), option::weighted(0.5, limit))
}

fn nothing() -> Reward {
    Reward {
        id: id("unnamed"),
        name: None,
        currency: None,
        points: None,
        plus_cash: None,
        amount_off: None,
        amount_off_per_unit: None,
        percent_off: None,
        voucher: None,
        voucher_value: None,
        tier: None,
        segment: None,
        dates: None,
        at_most: None,
        stock: None,
        buckets: Buckets::Any,
        prefer: None,
    }
}

fn made(price: Quantity, off: Off, reward: Reward) -> Reward {
    match off {
        Off::Nothing => Reward { points: Some(price), ..reward },
        Off::Amount(off) => Reward { points: Some(price), amount_off: Some(AmountOff::Fixed(off)), ..reward },
        Off::Percent(off) => Reward { points: Some(price), percent_off: Some(off), ..reward },
        Off::Steps(steps) => Reward { amount_off: Some(AmountOff::Steps(steps)), ..reward },
        Off::Voucher(name) => Reward { points: Some(price), voucher: Some(id(name)), ..reward },
        Off::VoucherValue(times) => {
            let Reward { tier, segment, dates, at_most, stock, .. } = reward;
            Reward { voucher_value: Some(times), tier, segment, dates, at_most, stock, ..nothing() }
        }
        Off::PerUnit(per_unit) => Reward { amount_off_per_unit: Some(per_unit), ..reward },
    }
}

/// Some levels of a track.
pub fn tier_test(tiers: &[TierTrack], (track, levels): (Index, Vec<Index>)) -> Option<TierTest> {
    let track = tiers.get(track.index(tiers.len().max(1)))?;
    let level = levels.into_iter().map(|it| it.get(&track.levels).id.clone()).collect();
    Some(TierTest { track: track.id.clone(), level })
}

fn money(most: i64) -> impl Strategy<Value = Money> {
    decimal(0, most, 4).prop_map(|it: Money| it.max(Money::from_units(1)))
}

fn times(times: Fixed<3>) -> Multiplier {
    Multiplier::try_from(times.max(Fixed::from_units(1))).expect("below a hundred")
}

fn off(scale: u8) -> BoxedStrategy<Off> {
    let percent = decimal(0, 100, 2).prop_map(|it: Quantity| it.max(Quantity::from_units(10_000)));
    let percent = (percent, option::of(money(9)))
        .prop_map(|(percent, at_most)| Off::Percent(PercentOff { percent, at_most }));
    let steps = (points(9, scale), money(5), (option::of(1_i128..4), option::of(3_i128..9)));
    let money_most = option::weighted(0.3, money(30));
    let shares = select(vec![250_000_i128, 333_333, 500_000, 1_000_000]).prop_map(Quantity::from_units);
    let by_steps = (steps, money_most, option::weighted(0.4, shares));
    let by_steps = by_steps.prop_map(|((points, off, (least, most)), most_off, share_of_bill)| {
        let times = |n: i128| Quantity::from_units(points.units() * n);
        let at_most = MostOff { points: most.map(times), off: most_off };
        Off::Steps(AmountOffSteps {
            per_full: PointsOff { points, off },
            at_least: least.map(|least| LeastPoints { points: times(least) }),
            at_most: Some(at_most).filter(|it| it.points.is_some() || it.off.is_some()),
            share_of_bill,
        })
    });
    let units = option::of(decimal(0, 9, 3).prop_map(|it: Quantity| it.max(Quantity::from_units(1_000))));
    let per_unit = (points(9, scale), money(2), option::of(1_i128..9), units);
    let per_unit = per_unit.prop_map(|(points, off, most, units)| {
        let most = most.map(|n| Quantity::from_units(points.units() * n));
        Off::PerUnit(AmountOffPerUnit {
            unit: "gal".to_owned(),
            per_full: PointsOff { points, off },
            at_most: Some(MostUnits { points: most, units }),
        })
    });
    prop_oneof![
        3 => Just(Off::Nothing),
        1 => money(20).prop_map(Off::Amount),
        1 => percent,
        3 => by_steps,
        2 => per_unit,
        2 => select(VOUCHERS.to_vec()).prop_map(Off::Voucher),
        1 => decimal(0, 5, 3).prop_map(times).prop_map(Off::VoucherValue),
    ]
    .boxed()
}

/// Something that a member does with points after an activity of this number, so many hours later.
#[derive(Debug, Clone)]
pub struct SpendStep {
    /// The number of the activity.
    pub after: usize,
    /// How long after it.
    pub hours: i64,
    /// What.
    pub what: Spend,
}

/// What a member does with points.
#[derive(Debug, Clone)]
pub enum Spend {
    /// Asks for a reward.
    Redeem {
        /// Which.
        reward: Index,
        /// The most points, in minor units.
        points: Option<i64>,
        /// How many units; mostly said where it is asked for.
        units: Option<Quantity>,
        /// What there is to be paid.
        bill: Option<Money>,
        /// Which of the instants at which points lapse.
        bucket: Option<Index>,
        /// Whether what the reward does not want is left out.
        careful: bool,
        /// Whether the points are only set aside, for so many minutes.
        hold: Option<u32>,
    },
    /// Lets a hold last so many minutes longer.
    Extend(Index, u32),
    /// Spends what is held, at most so many minor units.
    Capture(Index, Option<i64>),
    /// Gives a hold up.
    Void(Index),
    /// Uses a voucher.
    Use {
        /// Which of all that the member ever had.
        voucher: Index,
        /// For which reward, if for one.
        reward: Option<Index>,
        /// What there is to be paid.
        bill: Option<Money>,
        /// Whether what fits neither is left out.
        careful: bool,
    },
    /// Undoes one.
    Cancel(Index),
    /// Gets points, or loses them.
    Adjust {
        /// Which currency.
        currency: Index,
        /// Whole points.
        points: i64,
    },
}

/// Hours or weeks, now and then what is too short or too long.
fn minutes() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 1_u32..600, 5 => 600_u32..43_200, 1 => select(vec![0, 43_200, 43_201, u32::MAX])]
}

/// 1 to 17 of them among `activities`, after points were given by hand, so that there is something to spend.
pub fn spends(activities: usize) -> impl Strategy<Value = Vec<SpendStep>> {
    let units = decimal(0, 12, 3);
    let redeem = (any::<Index>(), option::weighted(0.2, 1_i64..400), units, option::of(decimal(0, 60, 2)));
    let hold = option::weighted(0.5, minutes());
    let redeem = (redeem, option::weighted(0.3, any::<Index>()), any::<bool>(), hold).prop_map(
        |((reward, points, units, bill), bucket, careful, hold)| Spend::Redeem {
            hold,
            reward,
            points,
            units: Some(units),
            bill,
            bucket,
            careful: careful || bill.is_none(),
        },
    );
    let adjust = (any::<Index>(), prop_oneof![1_i64..900, -90_i64..=0]);
    let adjust = adjust.prop_map(|(currency, points)| Spend::Adjust { currency, points });
    let part = option::weighted(0.4, 1_i64..300);
    let voucher = (any::<Index>(), option::weighted(0.4, any::<Index>()), option::of(decimal(0, 60, 2)));
    let voucher =
        (voucher, option::weighted(0.9, Just(()))).prop_map(|((voucher, reward, bill), careful)| {
            Spend::Use { voucher, reward, bill, careful: careful.is_some() }
        });
    let what = prop_oneof![
        11 => redeem,
        3 => any::<Index>().prop_map(Spend::Cancel),
        4 => voucher,
        3 => adjust,
        5 => (any::<Index>(), minutes()).prop_map(|(of, minutes)| Spend::Extend(of, minutes)),
        9 => (any::<Index>(), part).prop_map(|(of, points)| Spend::Capture(of, points)),
        4 => any::<Index>().prop_map(Spend::Void),
    ];
    let hours = prop_oneof![4 => 0_i64..3, 1 => 0_i64..900];
    let step = (0..activities, hours, what).prop_map(|(after, hours, what)| SpendStep { after, hours, what });
    let gift = (any::<Index>(), 50_i64..900).prop_map(|(currency, points)| SpendStep {
        after: 0,
        hours: 0,
        what: Spend::Adjust { currency, points },
    });
    (vec(gift, 1..4), vec(step, 1..18)).prop_map(|(gifts, steps)| [gifts, steps].concat())
}
