//! The retail set: an invoice is a purchase, a cancellation (`C…`) is an unlinked return.
//!
//! A cancellation counts its units below zero; a return counts what comes back, so the sign falls away. Its
//! prices and country have no place in a return: what comes back is worth what the sale gave, never what the
//! cancellation says. An invoice with two instants is one activity at the earlier one, an invoice of
//! two members is one activity for each.

use std::collections::BTreeMap;
use std::path::Path;

use loyalty_core::activity::{
    Activity, Attribute, AttributeValue, Line, MemberActivity, Purchase, Return, ReturnLine,
};
use loyalty_core::id::{ActivityId, MemberId};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::OffsetTime;

use crate::table::{Cell, Error, Table, whole_number};

const COLUMNS: [&str; 9] = [
    "invoice_no",
    "line_no",
    "kind",
    "member_id",
    "occurred_at",
    "stock_code",
    "quantity",
    "unit_price",
    "country",
];

struct Invoice {
    id: ActivityId,
    number: u64,
    cancels: bool,
    member: MemberId,
    /// The earliest of its lines.
    occurred_at: OffsetTime,
    items: Vec<Item>,
}

struct Item {
    number: u64,
    sku: Option<String>,
    /// Above zero, also where it comes back.
    quantity: Quantity,
    unit_price: Money,
    country: String,
}

/// The purchases and returns of the set in `dir`, by instant, then sales before cancellations, then number.
pub fn read(dir: &Path) -> Result<Vec<MemberActivity>, Error> {
    let mut invoices: Vec<Invoice> = read_invoices(dir)?.into_values().collect();
    invoices.sort_by_key(|it| (it.occurred_at.at, it.cancels, it.number));
    Ok(invoices.into_iter().map(activity).collect())
}

fn read_invoices(dir: &Path) -> Result<BTreeMap<(String, String), Invoice>, Error> {
    let mut table = Table::open(dir, "retail_lines.csv.gz", COLUMNS)?;
    let mut invoices: BTreeMap<(String, String), Invoice> = BTreeMap::new();
    while let Some([id, line, kind, member, occurred_at, sku, quantity, unit_price, country]) = table.row()? {
        let cancels = kind.read(is_cancellation)?;
        let at = occurred_at.read(OffsetTime::parse)?;
        let item = Item {
            number: line.number()?,
            sku: sku.given(),
            quantity: units(quantity, cancels)?,
            unit_price: unit_price.read(Money::parse)?,
            country: country.text.to_owned(),
        };
        let begun = Invoice {
            id: id.read(ActivityId::new)?,
            number: invoice_number(id, cancels)?,
            cancels,
            member: member.read(MemberId::new)?,
            occurred_at: at,
            items: vec![],
        };
        let invoice = invoices.entry((id.text.to_owned(), member.text.to_owned())).or_insert(begun);
        if at.at < invoice.occurred_at.at {
            invoice.occurred_at = at;
        }
        invoice.items.push(item);
    }
    Ok(invoices)
}

fn is_cancellation(kind: &str) -> Result<bool, &'static str> {
    match kind {
        "sale" => Ok(false),
        "cancel" => Ok(true),
        _ => Err("must be `sale` or `cancel`"),
    }
}

fn invoice_number(id: Cell<'_>, cancels: bool) -> Result<u64, Error> {
    id.read(|text| match (text.strip_prefix('C'), cancels) {
        (Some(number), true) => whole_number(number),
        (None, false) => whole_number(text),
        _ => Err("must begin with `C` if the line is a `cancel`, and only then"),
    })
}

fn units(quantity: Cell<'_>, cancels: bool) -> Result<Quantity, Error> {
    let read = quantity.read(Quantity::parse)?;
    let units = if cancels { Quantity::from_units(-read.units()) } else { read };
    if units > Quantity::ZERO {
        return Ok(units);
    }
    Err(quantity.wrong("must be above 0 on a `sale` and below 0 on a `cancel`; correct the value"))
}

fn activity(mut invoice: Invoice) -> MemberActivity {
    invoice.items.sort_by_key(|item| item.number);
    let Invoice { id, member, occurred_at, items, .. } = invoice;
    let activity = if invoice.cancels {
        let lines = items.into_iter().map(return_line).collect();
        Activity::Return(Return { id, occurred_at, of: None, lines, amount: None })
    } else {
        Activity::Purchase(purchase(id, occurred_at, items))
    };
    MemberActivity { member, activity }
}

fn return_line(item: Item) -> ReturnLine {
    ReturnLine { line: None, sku: item.sku, quantity: Some(item.quantity) }
}

fn purchase(id: ActivityId, occurred_at: OffsetTime, items: Vec<Item>) -> Purchase {
    let country = items.first().map(|item| item.country.clone()).unwrap_or_default();
    let line = |item: Item| Line {
        sku: item.sku,
        quantity: Some(item.quantity),
        unit_price: Some(item.unit_price),
        // Its own only where it is not the invoice's.
        attributes: if item.country == country { vec![] } else { vec![country_of(item.country)] },
        ..Line::default()
    };
    Purchase {
        id,
        occurred_at,
        money: None,
        store: None,
        partner: None,
        channel: None,
        lines: items.into_iter().map(line).collect(),
        tenders: vec![],
        coupons: vec![],
        attributes: vec![country_of(country)],
    }
}

fn country_of(name: String) -> Attribute {
    Attribute { name: "country".to_owned(), value: AttributeValue::Text(name) }
}
