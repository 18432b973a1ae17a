//! What a line is worth to a rule.

use loyalty_core::activity::{Attribute, AttributeValue, Funder, Line};
use loyalty_core::program::document::Basis;

use crate::number::{Exact, exact, parse, whole};

/// How many units a line has; 1 where it says nothing.
pub fn units(line: &Line) -> Exact {
    line.quantity.map_or(whole(1), exact)
}

/// How many units of a line can come back: one where it has none.
pub fn returnable_units(line: &Line) -> Exact {
    let units = units(line);
    if units == whole(0) { whole(1) } else { units }
}

/// The value of a line under `basis`; none where it lacks the attribute.
pub fn basis_of(line: &Line, basis: &Basis) -> Option<Exact> {
    match basis {
        Basis::Gross => Some(gross(line)),
        Basis::NetOfStore => Some(net_of_store(line)),
        Basis::NetPaid => Some(net_paid(line)),
        Basis::Quantity => Some(units(line)),
        Basis::Attribute(id) => numeric(&line.attributes, id.as_str()),
    }
}

/// The value of a numeric attribute.
pub fn numeric(attributes: &[Attribute], name: &str) -> Option<Exact> {
    let value = &attributes.iter().find(|attribute| attribute.name == name)?.value;
    match value {
        AttributeValue::Text(text) => parse(text),
        AttributeValue::Flag(_) => None,
    }
}

/// What the customer paid for a line.
pub fn net_paid(line: &Line) -> Exact {
    let others = [Funder::Manufacturer, Funder::Points, Funder::Other];
    others.iter().fold(net_of_store(line), |price, funder| price - discounts(line, *funder))
}

/// What some funders, or all of them, took off.
pub fn taken_off(line: &Line, funders: Option<&[Funder]>) -> Exact {
    let all = [Funder::Store, Funder::Manufacturer, Funder::Points, Funder::Other];
    let wanted = all.iter().filter(|funder| funders.is_none_or(|some| some.contains(funder)));
    wanted.map(|funder| discounts(line, *funder)).sum()
}

fn gross(line: &Line) -> Exact {
    if let Some(gross) = line.gross {
        return exact(gross);
    }
    if let Some(each) = line.unit_price {
        return exact(each) * units(line);
    }
    line.net_of_store.map_or(whole(0), |net| exact(net) + discounts(line, Funder::Store))
}

fn net_of_store(line: &Line) -> Exact {
    gross(line) - discounts(line, Funder::Store)
}

fn discounts(line: &Line, funder: Funder) -> Exact {
    let funded = line.discounts.iter().filter(|discount| discount.funder == funder);
    funded.fold(whole(0), |sum, discount| sum + exact(discount.amount))
}
