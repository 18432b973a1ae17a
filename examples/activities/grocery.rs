//! The grocery set: each basket is a purchase, each of its lines is joined with the product table.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use loyalty_core::activity::{Activity, Attribute, Discount, Funder, Line, MemberActivity, Purchase};
use loyalty_core::id::{ActivityId, MemberId};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::OffsetTime;

use crate::table::{Cell, Error, Table};

const BASKET: [&str; 4] = ["basket_id", "member_id", "store_id", "occurred_at"];
const LINE: [&str; 8] = [
    "basket_id",
    "line_no",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
];
const PRODUCT: [&str; 7] = [
    "product_id",
    "department",
    "brand",
    "product_category",
    "product_type",
    "package_size",
    "manufacturer_id",
];

/// What the product table adds to a line.
struct Product {
    category: Vec<String>,
    brand: Option<String>,
    attributes: Vec<Attribute>,
}

struct Basket {
    number: u64,
    member: MemberId,
    purchase: Purchase,
    lines: Vec<(u64, Line)>,
}

/// The purchases of the set in `dir`, by instant, then number of the basket.
pub fn read(dir: &Path) -> Result<Vec<MemberActivity>, Error> {
    let products = products(dir)?;
    let mut baskets = baskets(dir)?;
    read_lines(dir, &products, &mut baskets)?;
    let mut baskets: Vec<Basket> = baskets.into_values().collect();
    baskets.sort_by_key(|basket| (basket.purchase.occurred_at.at, basket.number));
    Ok(baskets.into_iter().map(activity).collect())
}

fn activity(mut basket: Basket) -> MemberActivity {
    basket.lines.sort_by_key(|(number, _)| *number);
    basket.purchase.lines = basket.lines.into_iter().map(|(_, line)| line).collect();
    MemberActivity { member: basket.member, activity: Activity::Purchase(basket.purchase) }
}

fn products(dir: &Path) -> Result<HashMap<String, Product>, Error> {
    let mut table = Table::open(dir, "grocery_products.csv.gz", PRODUCT)?;
    let mut products = HashMap::new();
    while let Some([id, department, brand, category, kind, package_size, manufacturer]) = table.row()? {
        let mut category = vec![department.text.to_owned(), category.text.to_owned(), kind.text.to_owned()];
        while category.last().is_some_and(String::is_empty) {
            category.pop();
        }
        let known = [manufacturer, package_size].into_iter().filter(|cell| !cell.text.is_empty());
        let attributes = known.map(|cell| cell.attribute()).collect();
        let product = Product { category, brand: brand.given(), attributes };
        if products.insert(id.text.to_owned(), product).is_some() {
            return Err(id.wrong("this product has a row already; keep one of them"));
        }
    }
    Ok(products)
}

fn baskets(dir: &Path) -> Result<BTreeMap<String, Basket>, Error> {
    let mut table = Table::open(dir, "grocery_baskets.csv.gz", BASKET)?;
    let mut baskets = BTreeMap::new();
    while let Some([id, member, store, occurred_at]) = table.row()? {
        let purchase = Purchase {
            id: id.read(ActivityId::new)?,
            occurred_at: occurred_at.read(OffsetTime::parse)?,
            money: None,
            store: store.given(),
            partner: None,
            channel: None,
            lines: vec![],
            tenders: vec![],
            coupons: vec![],
            attributes: vec![],
        };
        let member = member.read(MemberId::new)?;
        let basket = Basket { number: id.number()?, member, purchase, lines: vec![] };
        if baskets.insert(id.text.to_owned(), basket).is_some() {
            return Err(id.wrong("this basket has a row already; keep one of them"));
        }
    }
    Ok(baskets)
}

fn read_lines(
    dir: &Path,
    products: &HashMap<String, Product>,
    baskets: &mut BTreeMap<String, Basket>,
) -> Result<(), Error> {
    let mut table = Table::open(dir, "grocery_lines.csv.gz", LINE)?;
    while let Some([basket, number, product, quantity, sales_value, retail, coupon, coupon_match]) =
        table.row()?
    {
        let catalogue = products.get(product.text);
        let line = Line {
            sku: product.given(),
            category: catalogue.map(|product| product.category.clone()).unwrap_or_default(),
            brand: catalogue.and_then(|product| product.brand.clone()),
            quantity: Some(quantity.read(Quantity::parse)?),
            net_of_store: Some(sales_value.read(Money::parse)?),
            discounts: discounts(retail, coupon, coupon_match)?,
            attributes: catalogue.map(|product| product.attributes.clone()).unwrap_or_default(),
            ..Line::default()
        };
        let Some(owner) = baskets.get_mut(basket.text) else {
            return Err(basket.wrong("`grocery_baskets.csv.gz` has no such basket; add its row there"));
        };
        owner.lines.push((number.number()?, line));
    }
    Ok(())
}

/// What was taken off. The store's match of a coupon follows the coupon, which tells it from the loyalty price.
fn discounts(retail: Cell<'_>, coupon: Cell<'_>, coupon_match: Cell<'_>) -> Result<Vec<Discount>, Error> {
    let mut given = Vec::new();
    for (cell, funder) in
        [(retail, Funder::Store), (coupon, Funder::Manufacturer), (coupon_match, Funder::Store)]
    {
        let amount = cell.read(Money::parse)?;
        if amount != Money::ZERO {
            given.push(Discount { funder, amount });
        }
    }
    Ok(given)
}
