//! Who runs against whom, and that all of them give the same.

use std::hint::black_box;
use std::rc::Rc;

use anyhow::{Result, ensure};
use loyalty_bench_harness::setup::Setup;
use loyalty_bench_harness::{Measured, Side, cpu_time};

use crate::rules::{Given, Rule, drawn, plain, with_refused};
use crate::shop::Shop;
use crate::{cel, hand, node, own, zen};

/// The baskets whose points are compared, the first of the set: all that the slowest sides get.
pub const SAMPLE: usize = 50;
/// All baskets.
const ALL: usize = usize::MAX;

/// Something that rates baskets.
pub trait Engine {
    /// Notes what the basket earns of each rule, in the order of the rules.
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()>;
}

/// What all sides share.
pub struct Contest {
    pub shop: Shop,
    pub rules: Vec<Rule>,
    /// The baskets as JSON, one activity each.
    pub texts: Vec<String>,
}

impl Contest {
    fn new(setup: &Setup, rules: impl FnOnce(&Shop) -> Result<Vec<Rule>>) -> Result<Rc<Self>> {
        let shop = Shop::open(setup)?;
        let rules = rules(&shop)?;
        let activities = shop.activities()?;
        let texts = activities.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        Ok(Rc::new(Self { shop, rules, texts }))
    }

    /// Compares an engine with the plain walk, then gives what times it over so many baskets.
    fn timed<E: Engine + 'static>(
        self: &Rc<Self>,
        mut engine: E,
        most: usize,
    ) -> Result<impl FnMut() -> Result<Measured> + use<E>> {
        let count = self.shop.baskets.len().min(most);
        let mut given = Vec::new();
        for basket in 0..count.min(400) {
            given.clear();
            engine.rate(basket, &mut given)?;
            let expected = plain(&self.shop, &self.rules, basket);
            ensure!(given == expected, "basket {basket}: {given:?} instead of {expected:?}");
        }
        Ok(move || {
            let mut digest = Digest::default();
            let (time, ended) = cpu_time(|| {
                for basket in 0..count {
                    given.clear();
                    engine.rate(black_box(basket), &mut given)?;
                    if basket < SAMPLE {
                        digest.add(&given);
                    }
                    black_box(&given);
                }
                anyhow::Ok(())
            });
            ended?;
            Ok(Measured::timed(count, time, digest.to_string()))
        })
    }
}

/// Points of a sample, and a number that changes with every rule's part in them.
#[derive(Default)]
struct Digest {
    points: i64,
    mixed: i64,
}

impl Digest {
    fn add(&mut self, given: &[Given]) {
        for (rule, points) in given {
            self.points += points;
            self.mixed = (self.mixed * 31 + i64::from(*rule) * 7_919 + points) % 1_000_000_007;
        }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} points in {SAMPLE} baskets, by rule {}", self.points, self.mixed)
    }
}

/// All engines, each from the text of the activity.
pub fn from_json(setup: &Setup, count: usize) -> Result<Vec<Side>> {
    let contest = Contest::new(setup, |shop| drawn(shop, count))?;
    Ok(vec![
        Side::peer("zen-engine", zen::FROM_JSON, contest.timed(zen::FromJson::new(&contest)?, ALL)?),
        Side::beside("cel", cel::FROM_JSON, contest.timed(cel::FromJson::new(&contest)?, few(count))?),
        Side::beside("json-rules-engine", node::FROM_JSON, node::side(setup, &contest, true)?),
        Side::own(own::FROM_JSON, contest.timed(own::FromJson::new(&contest)?, ALL)?),
    ])
}

/// All engines, each from what it likes best.
pub fn prepared(setup: &Setup, count: usize) -> Result<Vec<Side>> {
    let contest = Contest::new(setup, |shop| drawn(shop, count))?;
    Ok(vec![
        Side::peer("zen-engine", zen::PREPARED, contest.timed(zen::Prepared::new(&contest)?, ALL)?),
        Side::beside("cel", cel::PREPARED, contest.timed(cel::Prepared::new(&contest)?, few(count))?),
        Side::beside("json-rules-engine", node::PREPARED, node::side(setup, &contest, false)?),
        Side::own(own::PREPARED, contest.timed(own::Prepared::new(&contest)?, ALL)?),
    ])
}

/// The engine beside maps and sorted lists that know nothing but these rules.
pub fn by_hand(setup: &Setup, count: usize) -> Result<Vec<Side>> {
    let contest = Contest::new(setup, |shop| drawn(shop, count))?;
    Ok(vec![
        Side::peer("by hand", hand::NOTE, contest.timed(hand::Hand::new(&contest), ALL)?),
        Side::own(own::PREPARED, contest.timed(own::Prepared::new(&contest)?, ALL)?),
    ])
}

/// The engine beside itself, with rules that are found and refused.
pub fn refused(setup: &Setup) -> Result<Vec<Side>> {
    let few = Contest::new(setup, |shop| drawn(shop, 100))?;
    let many = Contest::new(setup, |shop| with_refused(shop, drawn(shop, 100)?, 10_000))?;
    Ok(vec![
        Side::peer("100 rules", own::PREPARED, few.timed(own::Prepared::new(&few)?, ALL)?),
        Side::own(own::PREPARED, many.timed(own::Prepared::new(&many)?, ALL)?),
    ])
}

/// Fewer baskets for who looks at all rules, never fewer than are compared.
pub fn few(rules: usize) -> usize {
    (60_000 / rules).max(SAMPLE)
}
