//! The rules, and what they give by looking at each of them.

use std::collections::HashSet;

use anyhow::{Context, Result};
use fastrand::Rng;

use crate::shop::{Product, SEED, Shop};

/// Points of one rule.
pub type Given = (u32, i64);

/// What a line must be.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Of {
    Department(String),
    Brand(String, String),
    Commodity(String, String),
    Product(String),
}

/// Lines of this kind and at least this net earn so much for each cent.
#[derive(Clone)]
pub struct Rule {
    pub of: Of,
    /// In cents, above 0.
    pub least: i64,
    pub rate: i64,
}

impl Rule {
    fn fits(&self, product: &Product, net: i64) -> bool {
        let fits = match &self.of {
            Of::Department(department) => product.department == *department,
            Of::Brand(department, brand) => product.department == *department && product.brand == *brand,
            Of::Commodity(department, commodity) => {
                product.department == *department && product.commodity == *commodity
            }
            Of::Product(sku) => product.sku == *sku,
        };
        fits && net >= self.least
    }
}

fn of(kind: usize, product: &Product) -> Of {
    let department = product.department.clone();
    match kind % 4 {
        0 => Of::Department(department),
        1 => Of::Brand(department, product.brand.clone()),
        2 => Of::Commodity(department, product.commodity.clone()),
        _ => Of::Product(product.sku.clone()),
    }
}

/// Rules on products of the table, a quarter of each kind as long as there are some left; thresholds are nets that
/// lines really have.
pub fn drawn(shop: &Shop, count: usize) -> Result<Vec<Rule>> {
    let mut rng = Rng::with_seed(SEED);
    let (mut seen, mut rules) = (HashSet::new(), Vec::with_capacity(count));
    let nets: Vec<i64> = shop.baskets.iter().flatten().map(|line| line.net).filter(|net| *net > 0).collect();
    let mut tries = 0;
    while rules.len() < count {
        tries += 1;
        // After some time all departments have their rule, and products are left.
        let kind = if tries < 4 * count { tries } else { 3 };
        let product = rng.choice(&shop.products).context("no products")?;
        let of = of(kind, product);
        if seen.insert(of.clone()) {
            let least = *rng.choice(&nets).context("no lines")?;
            rules.push(Rule { of, least, rate: rng.i64(1..6) });
        }
    }
    Ok(rules)
}

/// As many rules again as make `count`, on what is in the baskets, with thresholds that no line reaches.
pub fn with_refused(shop: &Shop, mut rules: Vec<Rule>, count: usize) -> Result<Vec<Rule>> {
    let mut rng = Rng::with_seed(SEED + 1);
    let lines: Vec<_> = shop.baskets.iter().flatten().collect();
    while rules.len() < count {
        let bought = rng.choice(&lines).context("no lines")?;
        let product = shop.products.get(bought.product).context("a product")?;
        let least = shop.largest() + rng.i64(1..100);
        rules.push(Rule { of: of(rules.len(), product), least, rate: rng.i64(1..6) });
    }
    Ok(rules)
}

/// What a basket earns of each rule, in the order of the rules, by looking at all of them.
pub fn plain(shop: &Shop, rules: &[Rule], basket: usize) -> Vec<Given> {
    let lines = shop.baskets.get(basket).map(Vec::as_slice).unwrap_or_default();
    let earned = |rule: &Rule| {
        let fitting = lines.iter().filter(|line| {
            shop.products.get(line.product).is_some_and(|product| rule.fits(product, line.net))
        });
        fitting.map(|line| line.net * rule.rate).sum::<i64>()
    };
    let all = (0..).zip(rules).map(|(number, rule)| (number, earned(rule)));
    all.filter(|(_, points)| *points != 0).collect()
}
