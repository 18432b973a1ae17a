//! Purchases drawn from a fixed seed, in the shape of the public data sets.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Result;
use csv::Writer;
use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use loyalty_core::activity::{Discount, Funder, Line, MemberActivity};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::{Date, OffsetTime};

use super::purchase;

/// Every run draws the same.
const SEED: u64 = 20_170_101;
/// Lines of a basket in the middle of the grocery set.
pub const MEDIAN_LINES: usize = 5;
/// How many members buy in the generated sets.
const MEMBERS: u32 = 100;
/// Baskets of each of them.
const BASKETS: u32 = 8;
const PRODUCTS: u32 = 400;
const DEPARTMENTS: [&str; 4] = ["GROCERY", "PRODUCE", "DRUG GM", "MEAT-PCKGD"];

/// One line, in cents.
struct Item {
    product: u32,
    quantity: u32,
    sales_value: u32,
    retail: u32,
    coupon: u32,
    coupon_match: u32,
}

/// Draws baskets.
pub struct Till(Rng);

impl Till {
    pub fn new() -> Self {
        Self(Rng::with_seed(SEED))
    }

    /// A basket of five lines that `member` bought on the `nth` day of 2017, worth more than 5.00 and less than
    /// 100.00, so that it earns and no daily cap of 500 cuts it.
    pub fn basket(&mut self, member: &str, id: u64, nth: u32) -> Result<MemberActivity> {
        let lines = (0..MEDIAN_LINES).map(|_| self.item().line()).collect::<Result<_>>()?;
        purchase(member, &id.to_string(), OffsetTime::parse(&noon(nth))?, lines)
    }

    fn item(&mut self) -> Item {
        let rng = &mut self.0;
        let sales_value = rng.u32(200..2_000);
        let coupon = if rng.u32(0..20) == 0 { 75 } else { 0 };
        Item {
            product: rng.u32(0..PRODUCTS),
            quantity: rng.u32(1..4),
            sales_value,
            retail: if rng.bool() { rng.u32(1..150) } else { 0 },
            coupon,
            coupon_match: if coupon > 0 && rng.bool() { 25 } else { 0 },
        }
    }
}

impl Item {
    fn line(&self) -> Result<Line> {
        let cents = [
            (Funder::Store, self.retail),
            (Funder::Manufacturer, self.coupon),
            (Funder::Store, self.coupon_match),
        ];
        let given = cents.into_iter().filter(|(_, cents)| *cents > 0);
        let discounts = given
            .map(|(funder, cents)| Ok(Discount { funder, amount: Money::parse(&money(cents))? }))
            .collect::<Result<_>>()?;
        let [id, department, brand, category, kind, ..] = product(self.product);
        Ok(Line {
            sku: Some(id),
            category: vec![department, category, kind],
            brand: Some(brand),
            quantity: Some(Quantity::parse(&self.quantity.to_string())?),
            net_of_store: Some(Money::parse(&money(self.sales_value))?),
            discounts,
            ..Line::default()
        })
    }

    fn cells(&self, basket: u64, number: usize) -> [String; 8] {
        [
            basket.to_string(),
            number.to_string(),
            product(self.product)[0].clone(),
            self.quantity.to_string(),
            money(self.sales_value),
            money(self.retail),
            money(self.coupon),
            money(self.coupon_match),
        ]
    }
}

fn product(number: u32) -> [String; 7] {
    let department = DEPARTMENTS[number as usize % DEPARTMENTS.len()];
    let brand = if number.is_multiple_of(3) { "Private" } else { "National" };
    [
        (1_000_000 + number).to_string(),
        department.to_owned(),
        brand.to_owned(),
        format!("CATEGORY {}", number / 20),
        format!("KIND {}", number / 5),
        "12 OZ".to_owned(),
        (number / 7).to_string(),
    ]
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Noon in New York on the `nth` day of 2017, from 0.
fn noon(nth: u32) -> String {
    const NEW_YEAR: i32 = 17_167;
    format!("{}T12:00:00-05:00", Date::from_days(NEW_YEAR + nth as i32))
}

type Table = Writer<GzEncoder<File>>;

fn table<const N: usize>(folder: &Path, name: &str, columns: [&str; N]) -> Result<Table> {
    let mut table =
        Writer::from_writer(GzEncoder::new(File::create(folder.join(name))?, Compression::fast()));
    table.write_record(columns)?;
    Ok(table)
}

fn end(table: Table) -> Result<()> {
    table.into_inner().map_err(|error| error.into_error())?.finish()?;
    Ok(())
}

/// Writes a cdnow set into `folder`.
pub fn cdnow(folder: &Path) -> Result<PathBuf> {
    let columns = ["purchase_id", "member_id", "purchased_on", "units", "amount"];
    let mut purchases = table(folder, "cdnow_purchases.csv.gz", columns)?;
    let mut rng = Rng::with_seed(SEED);
    for (id, (nth, member)) in rounds().enumerate() {
        let on = noon(nth);
        let amount = money(rng.u32(0..9_000));
        let units = rng.u32(1..6).to_string();
        purchases.write_record([&id.to_string(), &format!("{member:05}"), &on[..10], &units, &amount])?;
    }
    end(purchases)?;
    Ok(folder.to_owned())
}

/// Writes a grocery set into `folder`: baskets of one to ten lines.
pub fn grocery(folder: &Path) -> Result<PathBuf> {
    let mut products = table(
        folder,
        "grocery_products.csv.gz",
        [
            "product_id",
            "department",
            "brand",
            "product_category",
            "product_type",
            "package_size",
            "manufacturer_id",
        ],
    )?;
    (0..PRODUCTS).try_for_each(|number| products.write_record(product(number)))?;
    let mut baskets =
        table(folder, "grocery_baskets.csv.gz", ["basket_id", "member_id", "store_id", "occurred_at"])?;
    let mut lines = table(
        folder,
        "grocery_lines.csv.gz",
        [
            "basket_id",
            "line_no",
            "product_id",
            "quantity",
            "sales_value",
            "retail_disc",
            "coupon_disc",
            "coupon_match_disc",
        ],
    )?;
    let mut till = Till::new();
    for (id, (nth, member)) in (30_000_000_000..).zip(rounds()) {
        let store = till.0.u32(300..310).to_string();
        baskets.write_record([id.to_string(), member.to_string(), store, noon(nth)])?;
        for number in 1..=till.0.usize(1..11) {
            lines.write_record(till.item().cells(id, number))?;
        }
    }
    [products, baskets, lines].into_iter().try_for_each(end)?;
    Ok(folder.to_owned())
}

/// Every member buys once a day, in the order of time.
fn rounds() -> impl Iterator<Item = (u32, u32)> {
    (0..BASKETS).flat_map(|nth| (1..=MEMBERS).map(move |member| (nth, member)))
}
