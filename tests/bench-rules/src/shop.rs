//! What is sold and what was bought: the grocery set, or a generated one.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use fastrand::Rng;
use flate2::read::GzDecoder;
use loyalty_bench_harness::setup::{Scale, Setup};
use loyalty_core::activity::{Activity, Line, MemberActivity, Purchase};
use loyalty_core::id::{ActivityId, MemberId};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::OffsetTime;

/// Every run draws the same.
pub const SEED: u64 = 20_170_101;
/// Baskets that are rated.
const BASKETS: usize = 5_000;

/// A row of the product table.
#[derive(Clone)]
pub struct Product {
    pub sku: String,
    pub department: String,
    pub brand: String,
    pub commodity: String,
}

/// A line of a basket.
#[derive(Clone)]
pub struct Bought {
    /// The product's place in the table.
    pub product: usize,
    pub quantity: String,
    /// What the store receives, in cents.
    pub net: i64,
}

/// Products and baskets, in an order of their own that every part of is like the whole.
pub struct Shop {
    pub products: Vec<Product>,
    pub baskets: Vec<Vec<Bought>>,
}

impl Shop {
    pub fn open(setup: &Setup) -> Result<Self> {
        let mut shop = match setup.scale {
            Scale::Full => Self::read(&setup.data()?)?,
            Scale::Smoke => Self::generated(),
        };
        let mut rng = Rng::with_seed(SEED);
        rng.shuffle(&mut shop.baskets);
        shop.baskets.truncate(BASKETS);
        Ok(shop)
    }

    fn read(folder: &Path) -> Result<Self> {
        let products: Vec<Product> = rows(folder, "grocery_products.csv.gz", |row| {
            let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
            Ok(Product { sku: cell(0), department: cell(1), brand: cell(2), commodity: cell(3) })
        })?;
        let places: HashMap<&str, usize> =
            products.iter().enumerate().map(|(place, product)| (product.sku.as_str(), place)).collect();
        let mut baskets: Vec<Vec<Bought>> = Vec::new();
        let mut last = String::new();
        let lines = rows(folder, "grocery_lines.csv.gz", |row| {
            let cell = |at: usize| row.get(at).unwrap_or_default();
            Ok((cell(0).to_owned(), places.get(cell(2)).copied(), cell(3).to_owned(), cents(cell(4))?))
        })?;
        for (basket, product, quantity, net) in lines {
            if basket != last {
                baskets.push(Vec::new());
                last = basket;
            }
            // Some products have no row in the table; what no rule can be about is left out for all.
            if let (Some(product), Some(basket)) = (product, baskets.last_mut()) {
                basket.push(Bought { product, quantity, net });
            }
        }
        baskets.retain(|basket| !basket.is_empty());
        Ok(Self { products, baskets })
    }

    fn generated() -> Self {
        let mut rng = Rng::with_seed(SEED);
        let products: Vec<_> = (0..12_000_u32)
            .map(|number| Product {
                sku: (1_000_000 + number).to_string(),
                department: format!("DEPARTMENT {}", number % 23),
                brand: if number.is_multiple_of(3) { "Private" } else { "National" }.to_owned(),
                commodity: format!("COMMODITY {}", number % 299),
            })
            .collect();
        let bought = |rng: &mut Rng| Bought {
            product: rng.usize(0..products.len()),
            quantity: rng.u32(1..4).to_string(),
            net: rng.i64(50..2_000),
        };
        let baskets = (0..200).map(|_| (0..rng.usize(1..20)).map(|_| bought(&mut rng)).collect()).collect();
        Self { products, baskets }
    }

    /// The largest net of a line, in cents.
    pub fn largest(&self) -> i64 {
        self.baskets.iter().flatten().map(|bought| bought.net).max().unwrap_or(0)
    }

    /// The baskets as activities.
    pub fn activities(&self) -> Result<Vec<MemberActivity>> {
        self.baskets.iter().enumerate().map(|(number, basket)| self.activity(number, basket)).collect()
    }

    fn activity(&self, number: usize, basket: &[Bought]) -> Result<MemberActivity> {
        let line = |bought: &Bought| {
            let product = self.products.get(bought.product).context("a product of the table")?;
            anyhow::Ok(Line {
                sku: Some(product.sku.clone()),
                category: vec![product.department.clone(), product.commodity.clone()],
                brand: Some(product.brand.clone()),
                quantity: Some(Quantity::parse(&bought.quantity)?),
                net_of_store: Some(Money::parse(&money(bought.net))?),
                ..Line::default()
            })
        };
        let purchase = Purchase {
            id: ActivityId::new(&number.to_string())?,
            occurred_at: OffsetTime::parse("2017-03-01T12:00:00-05:00")?,
            money: None,
            store: None,
            partner: None,
            channel: None,
            lines: basket.iter().map(line).collect::<Result<_>>()?,
            tenders: vec![],
            coupons: vec![],
            attributes: vec![],
        };
        Ok(MemberActivity { member: MemberId::new("1")?, activity: Activity::Purchase(purchase) })
    }
}

fn rows<T>(folder: &Path, name: &str, row: impl Fn(&csv::StringRecord) -> Result<T>) -> Result<Vec<T>> {
    let path = folder.join(name);
    let file = File::open(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    csv::Reader::from_reader(GzDecoder::new(file)).records().map(|record| row(&record?)).collect()
}

fn cents(text: &str) -> Result<i64> {
    Ok(i64::try_from(Money::parse(text)?.units() / 100)?)
}

/// Cents as an amount of money.
pub fn money(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}
