//! What an activity must satisfy before it is decided, and what is dropped before anything is stored.

use std::sync::Arc;

use crate::accrual::basis::numeric;
use crate::activity::{Activity, Attribute, AttributeValue, Line, MAX_LINES, Purchase, Return};
use crate::money::{Money, Quantity};
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{AttributeKind, Document};

/// An activity is refused when it claims to happen further ahead of now than this: 10 minutes.
pub const MAX_AHEAD_MICROS: i64 = 600_000_000;

/// The activity as it is decided and stored: checked, without attributes that the program does not declare.
///
/// Where nothing is dropped, the same activity is shared and nothing is copied; the engine drops in place
/// beforehand, so that this is the usual case.
pub fn prepared(activity: &Arc<Activity>, program: &Program) -> Result<Arc<Activity>, Problem> {
    let document = program.document();
    let extra = match activity.as_ref() {
        Activity::Purchase(purchase) => {
            check_purchase(purchase, document)?;
            has_undeclared(&purchase.attributes, document)
                || purchase.lines.iter().any(|line| has_undeclared(&line.attributes, document))
        }
        Activity::Event(event) => {
            check_attributes(&event.attributes, document, "/attributes")?;
            check_count(event.lines.len())?;
            if event.of.is_none() && !event.lines.is_empty() {
                let help = "name the purchase in `of`";
                return Err(Problem::new("lines_without_purchase", "/lines", "lines of no purchase", help));
            }
            has_undeclared(&event.attributes, document)
        }
        Activity::Enrol(enrolment) => {
            check_attributes(&enrolment.attributes, document, "/attributes")?;
            has_undeclared(&enrolment.attributes, document)
        }
        Activity::Birthday(_) | Activity::Anniversary(_) => false,
        Activity::Return(by) => {
            check_count(by.lines.len())?;
            check_amount(by)?;
            for (index, line) in by.lines.iter().enumerate() {
                if line.quantity.is_some_and(|q| q <= Quantity::ZERO) {
                    return Err(negative(format!("/lines/{index}/quantity"), "a returned quantity"));
                }
            }
            false
        }
    };
    if !extra {
        return Ok(Arc::clone(activity));
    }
    let mut copy = activity.as_ref().clone();
    drop_undeclared(&mut copy, program);
    Ok(Arc::new(copy))
}

/// Money given back without goods is that of a purchase.
fn check_amount(by: &Return) -> Result<(), Problem> {
    let Some(amount) = by.amount else { return Ok(()) };
    if amount <= Money::ZERO {
        let help = "give an amount above 0, or send no return";
        return Err(Problem::new("negative_amount", "/amount", "no money is given back", help));
    }
    if by.of.is_none() {
        let help = "name the purchase in `of`";
        return Err(Problem::new("amount_without_purchase", "/amount", "money of no purchase", help));
    }
    if !by.lines.is_empty() {
        let message = "a return gives either lines or an amount";
        let help = "send two returns: one of what comes back, one of the money given back beside it";
        return Err(Problem::new("amount_with_lines", "/amount", message, help));
    }
    Ok(())
}

/// Drops the attributes that the program does not declare.
pub fn drop_undeclared(activity: &mut Activity, program: &Program) {
    let document = program.document();
    let strip = |attributes: &mut Vec<Attribute>| attributes.retain(|a| kind_of(a, document).is_some());
    match activity {
        Activity::Purchase(purchase) => {
            strip(&mut purchase.attributes);
            purchase.lines.iter_mut().for_each(|line| strip(&mut line.attributes));
        }
        Activity::Event(event) => strip(&mut event.attributes),
        Activity::Enrol(enrolment) => strip(&mut enrolment.attributes),
        Activity::Return(_) | Activity::Birthday(_) | Activity::Anniversary(_) => {}
    }
}

fn check_purchase(purchase: &Purchase, document: &Document) -> Result<(), Problem> {
    check_count(purchase.lines.len())?;
    if let Some(money) = purchase.money.as_ref().filter(|money| **money != document.money) {
        let message = format!("the purchase is in `{money}`, the program in `{}`", document.money);
        return Err(Problem::new("no_rate", "/money", message, "convert the amounts before recording"));
    }
    check_attributes(&purchase.attributes, document, "/attributes")?;
    for (index, line) in purchase.lines.iter().enumerate() {
        check_line(line, document, index)?;
    }
    Ok(())
}

fn check_count(lines: usize) -> Result<(), Problem> {
    if lines <= MAX_LINES {
        return Ok(());
    }
    let message = format!("{lines} lines are more than {MAX_LINES}");
    Err(Problem::new("too_many_lines", "/lines", message, "split the activity"))
}

fn check_line(line: &Line, document: &Document, index: usize) -> Result<(), Problem> {
    let given = [line.gross, line.unit_price, line.net_of_store];
    match given.iter().flatten().count() {
        1 => {}
        0 => {
            let help = "give one of `gross`, `unit_price`, `net_of_store`";
            return Err(Problem::new(
                "price_missing",
                format!("/lines/{index}"),
                "the line has no price",
                help,
            ));
        }
        _ => {
            let help = "give only one of `gross`, `unit_price`, `net_of_store`";
            let path = format!("/lines/{index}");
            return Err(Problem::new("price_ambiguous", path, "the line says its price twice", help));
        }
    }
    if line.quantity.is_some_and(|q| q < Quantity::ZERO) {
        return Err(negative(format!("/lines/{index}/quantity"), "a quantity"));
    }
    if let Some(place) = line.discounts.iter().position(|d| d.amount < Money::ZERO) {
        return Err(negative(format!("/lines/{index}/discounts/{place}/amount"), "a discount"));
    }
    if line.attributes.is_empty() {
        return Ok(());
    }
    check_attributes(&line.attributes, document, &format!("/lines/{index}/attributes"))
}

fn negative(path: String, what: &str) -> Problem {
    let help = "record what comes back as a return";
    Problem::new("negative_amount", path, format!("{what} is below 0"), help)
}

fn kind_of(attribute: &Attribute, document: &Document) -> Option<AttributeKind> {
    document.attributes.iter().find(|a| a.id.as_str() == attribute.name).map(|a| a.values)
}

fn has_undeclared(attributes: &[Attribute], document: &Document) -> bool {
    attributes.iter().any(|attribute| kind_of(attribute, document).is_none())
}

fn check_attributes(attributes: &[Attribute], document: &Document, path: &str) -> Result<(), Problem> {
    for attribute in attributes {
        let (fits, kind, help) = match kind_of(attribute, document) {
            Some(AttributeKind::Number) => {
                (numeric(&attribute.value).is_some(), "a number", "write a decimal such as \"500\"")
            }
            Some(AttributeKind::Flag) => {
                (matches!(attribute.value, AttributeValue::Flag(_)), "a flag", "write `true` or `false`")
            }
            Some(AttributeKind::Text) => {
                (matches!(attribute.value, AttributeValue::Text(_)), "text", "write it as a string")
            }
            None => continue,
        };
        if !fits {
            let message = format!("the attribute `{}` is declared as {kind}", attribute.name);
            let path = format!("{path}/{}", attribute.name.replace('~', "~0").replace('/', "~1"));
            return Err(Problem::new("attribute_kind", path, message, help));
        }
    }
    Ok(())
}
