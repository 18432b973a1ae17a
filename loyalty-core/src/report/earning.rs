//! What a currency's earning comes to: the most for a price, whether anything limits it, and what lapses.

use std::collections::BTreeMap;

use super::bound::{self, Bound, Most};
use super::example::Example;
use super::witness::Witness;
use super::{Fact, Study};
use crate::money::{Money, Ratio, Rounding};
use crate::points::Points;
use crate::program::document::{Counted, Currency, CurrencyKind, Document, Earning};

/// Facts and warnings of every currency.
pub fn study(study: &mut Study<'_>) {
    let document = study.program.document();
    for (place, earning) in document.earning.iter().enumerate() {
        let Some(index) = document.currencies.iter().position(|it| it.id == earning.currency) else {
            continue;
        };
        let Some(currency) = document.currencies.get(index) else { continue };
        let path = format!("/earning/{place}");
        let bound = bound::of_earning(earning, currency.round, currency.unit());
        let example = best(study, &bound, currency);
        study.report.facts.extend(limit(document, earning, currency, &path, example.as_ref()));
        let fact = most(&bound, currency, path, example);
        study.report.facts.push(worded(fact, bound.rate, currency, &document.money));
        if currency.kind == CurrencyKind::Qualifying && currency.expiry.is_some() {
            lapses(study, index, currency, &bound);
        }
    }
}

/// The most that a purchase earns for its price.
fn most(bound: &Bound<'_>, currency: &Currency, path: String, example: Option<Example>) -> Fact {
    let rules = bound.rules.iter().map(|rule| rule.id.clone()).collect();
    let named = [("rate", bound.rate), ("beside", bound.beside), ("most", bound.cap)];
    let figures = named.into_iter().filter_map(|(name, figure)| Some((name, figure?.to_string()))).collect();
    let mut message = match (bound.rate, bound.beside) {
        (Some(rate), Some(beside)) if beside.round(Rounding::Ceil) > 0 => {
            format!(
                "a purchase earns at most {rate} `{}` for each 1 of its price, and {beside} beside",
                currency.id
            )
        }
        (Some(rate), Some(_)) => {
            format!("a purchase earns at most {rate} `{}` for each 1 of its price", currency.id)
        }
        _ => format!("what a purchase earns in `{}` is not limited by its price", currency.id),
    };
    if let Some(cap) = bound.cap {
        message.push_str(&format!(", never more than {cap}"));
    }
    Fact { code: "reward_at_most", path, message, figures, rules, example }
}

/// Names the money, and says what comes back where a point has a worth.
fn worded(mut fact: Fact, rate: Most, currency: &Currency, money: &str) -> Fact {
    fact.message = fact.message.replace("each 1 of its price", &format!("each 1 {money} of its price"));
    let back = currency
        .worth
        .zip(rate)
        .and_then(|(worth, rate)| rate.times(worth.ratio()).ok()?.times(Ratio::whole(100)).ok());
    if let Some(percent) = back {
        fact.message.push_str(&format!(": {percent}% of the price comes back"));
        fact.figures.insert("percent_back", percent.to_string());
    }
    fact
}

/// A fact where nothing limits what a member earns over time.
fn limit(
    document: &Document,
    earning: &Earning,
    currency: &Currency,
    path: &str,
    example: Option<&Example>,
) -> Option<Fact> {
    let message = format!("nothing limits how many `{}` a member earns over time", currency.id);
    (!bound::is_limited(document, earning)).then(|| Fact {
        code: "earning_uncapped",
        path: path.to_owned(),
        message,
        figures: BTreeMap::new(),
        rules: Vec::new(),
        example: example.cloned(),
    })
}

/// The purchase that earns the most for its price, of a few that are likely.
fn best(study: &Study<'_>, bound: &Bound<'_>, currency: &Currency) -> Option<Example> {
    let witness = witness(bound);
    let whole = steps(bound);
    let mut best: Option<(Ratio, Example)> = None;
    for times in [1, 10, 100, 10_000] {
        let units = witness.at_least(whole.checked_mul(times)?).checked_mul(Money::ONE.units())?;
        let Some(scene) = witness.scene(study.program, Money::from_units(units)) else { continue };
        let Some(example) = study.earned(scene) else { continue };
        let points = example.points.get(&currency.id).copied().unwrap_or(Points::ZERO);
        let Some(rate) = rate_of(points, units, currency) else { continue };
        if best.as_ref().is_none_or(|(so_far, _)| rate.compare(*so_far).is_ok_and(std::cmp::Ordering::is_gt))
        {
            best = Some((rate, example));
        }
    }
    best.map(|(_, example)| example)
}

fn rate_of(points: Points, units: i128, currency: &Currency) -> Most {
    let price = Ratio::new(units, Money::ONE.units()).ok()?;
    Ratio::whole(i128::from(points.minor())).over(currency.unit()).ok()?.over(price).ok()
}

fn witness(bound: &Bound<'_>) -> Witness {
    let mut witness = Witness::default();
    bound.rules.iter().for_each(|rule| witness.meet_rule(rule));
    bound.whens.iter().for_each(|when| witness.meet(when));
    witness
}

/// A price of whole units that all full steps divide, where it is not too large.
fn steps(bound: &Bound<'_>) -> i128 {
    let steps = bound.rules.iter().filter_map(|rule| Some(rule.per_full.as_ref()?.step.ratio()));
    steps.fold(1, |whole: i128, step| {
        let fits = |price: &i128| Ratio::whole(*price).over(step).is_ok_and(Ratio::is_whole);
        (1..=1_000)
            .filter_map(|times| whole.checked_mul(times))
            .find(fits)
            .filter(|it| *it < 1_000_000)
            .unwrap_or(whole)
    })
}

/// Warns of qualifying points that lapse while a counter still has them.
fn lapses(study: &mut Study<'_>, index: usize, currency: &Currency, bound: &Bound<'_>) {
    let counts = Counted::Earned(currency.id.clone());
    let Some(counter) = study.program.document().counters.iter().find(|it| it.counts == counts) else {
        return;
    };
    let message = format!(
        "`{}` count in `{}` and lapse: the balance empties, the level stays",
        currency.id, counter.id
    );
    let help = "drop the expiry: the counter's window ends what counts";
    let price = Money::from_units(Money::ONE.units().saturating_mul(100));
    let example = witness(bound).scene(study.program, price).and_then(|scene| {
        let played = scene.play(&study.programs)?;
        let balance = played.state.balance(&currency.id)?;
        let lapse = balance.living.lapses_at(balance.lots.last()?)?;
        study.read(scene, lapse)
    });
    study.warn("qualifying_lapses", format!("/currencies/{index}/expiry"), (message, help), example);
}
