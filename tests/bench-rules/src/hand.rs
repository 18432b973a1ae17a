//! What somebody would write who knew these rules and no others: a map for each kind of text, and behind it the rules
//! in the order of their thresholds.

use anyhow::{Result, bail};
use rustc_hash::FxHashMap;

use crate::contest::{Contest, Engine};
use crate::rules::{Given, Of};

pub const NOTE: &str = "maps of texts to lists sorted by threshold, over lines with their net in cents";

#[derive(Default)]
struct List(Vec<(i64, u32, i64)>);

#[derive(Default)]
struct Department {
    all: List,
    brands: FxHashMap<String, List>,
    commodities: FxHashMap<String, List>,
}

struct Line {
    sku: String,
    department: String,
    brand: String,
    commodity: String,
    net: i64,
}

pub struct Hand {
    products: FxHashMap<String, List>,
    departments: FxHashMap<String, Department>,
    baskets: Vec<Vec<Line>>,
}

impl Hand {
    pub fn new(contest: &Contest) -> Self {
        let mut hand = Self {
            products: FxHashMap::default(),
            departments: FxHashMap::default(),
            baskets: contest
                .shop
                .baskets
                .iter()
                .map(|basket| {
                    let line = |bought: &crate::shop::Bought| {
                        let product = contest.shop.products[bought.product].clone();
                        Line {
                            sku: product.sku,
                            department: product.department,
                            brand: product.brand,
                            commodity: product.commodity,
                            net: bought.net,
                        }
                    };
                    basket.iter().map(line).collect()
                })
                .collect(),
        };
        for (number, rule) in (0..).zip(&contest.rules) {
            let list = match rule.of.clone() {
                Of::Product(sku) => hand.products.entry(sku).or_default(),
                Of::Department(name) => &mut hand.departments.entry(name).or_default().all,
                Of::Brand(name, brand) => {
                    hand.departments.entry(name).or_default().brands.entry(brand).or_default()
                }
                Of::Commodity(name, commodity) => {
                    hand.departments.entry(name).or_default().commodities.entry(commodity).or_default()
                }
            };
            list.0.push((rule.least, number, rule.rate));
        }
        hand.products.values_mut().for_each(List::sort);
        for department in hand.departments.values_mut() {
            department.all.sort();
            department.brands.values_mut().for_each(List::sort);
            department.commodities.values_mut().for_each(List::sort);
        }
        hand
    }
}

impl List {
    fn sort(&mut self) {
        self.0.sort_unstable();
    }

    fn give(&self, net: i64, given: &mut Vec<Given>) {
        let fitting = self.0.iter().take_while(|(least, ..)| *least <= net);
        given.extend(fitting.map(|(_, number, rate)| (*number, net * rate)));
    }
}

impl Engine for Hand {
    fn rate(&mut self, basket: usize, given: &mut Vec<Given>) -> Result<()> {
        let Some(lines) = self.baskets.get(basket) else { bail!("no such basket") };
        for line in lines {
            if let Some(list) = self.products.get(&line.sku) {
                list.give(line.net, given);
            }
            let Some(department) = self.departments.get(&line.department) else { continue };
            department.all.give(line.net, given);
            if let Some(list) = department.brands.get(&line.brand) {
                list.give(line.net, given);
            }
            if let Some(list) = department.commodities.get(&line.commodity) {
                list.give(line.net, given);
            }
        }
        by_rule(given);
        Ok(())
    }
}

/// One entry a rule, in the order of the rules.
pub fn by_rule(given: &mut Vec<Given>) {
    given.sort_unstable();
    given.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}
