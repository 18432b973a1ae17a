//! Which sales a return brings back: by the purchase it names, or by sku from the newest sale on.

use crate::activity::{Purchase, Return, ReturnLine};
use crate::id::ActivityId;
use crate::ledger::operation::{Award, Operation, Unmatched, Vesting};
use crate::money::Quantity;
use crate::problem::Problem;
use crate::program::document::Unlinked;
use crate::program::{Program, Programs};

use super::purchase_of;

/// What was loaded of a member's chain for a return, newest first.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Operations: for a linked return the purchase and all returns of it, else the chain from its head.
    pub operations: Vec<Operation>,
    /// Whether there is nothing older.
    pub complete: bool,
}

/// What a return brings back.
#[derive(Debug, Clone, Default)]
pub struct Matching<'a> {
    /// Purchases with units before and after, in the order in which they were found.
    pub sales: Vec<Sale<'a>>,
    /// What found no sale.
    pub unmatched: Vec<Unmatched>,
}

/// A purchase that something comes back of.
#[derive(Debug, Clone)]
pub struct Sale<'a> {
    /// The operation that recorded it.
    pub operation: &'a Operation,
    /// The purchase.
    pub purchase: &'a Purchase,
    /// Units back before this return, by line. A purchase without lines comes back as one unit.
    pub units_before: Vec<Quantity>,
    /// Units back after it, by line.
    pub units_after: Vec<Quantity>,
    /// What events have done to its pending points, oldest first.
    pub vestings: Vec<&'a Vesting>,
}

impl<'a> Sale<'a> {
    fn new(operation: &'a Operation, purchase: &'a Purchase, newer: &'a [Operation]) -> Self {
        let back = newer.iter().flat_map(|op| &op.returned).find(|r| r.activity == purchase.id);
        let units =
            back.map_or_else(|| vec![Quantity::ZERO; purchase.lines.len().max(1)], |r| r.units.clone());
        let vestings = newer.iter().rev().flat_map(|op| &op.vesting).filter(|v| v.activity == purchase.id);
        let vestings = vestings.collect();
        Self { operation, purchase, units_before: units.clone(), units_after: units, vestings }
    }

    /// One of the awards of the purchase.
    pub fn award(&self, award: u32) -> Option<&'a Award> {
        self.operation.awards.get(usize::try_from(award).ok()?)
    }

    /// The purchase's id.
    pub const fn id(&self) -> &'a ActivityId {
        &self.purchase.id
    }

    /// Units of a line; a line of none counts as one, which only a return of everything reaches.
    pub fn units(&self, line: usize) -> Quantity {
        let units = self.purchase.lines.get(line).map_or(Quantity::ZERO, |line| line.units());
        if units == Quantity::ZERO { Quantity::ONE } else { units }
    }

    /// Whether everything has come back now.
    pub fn is_all_back(&self) -> bool {
        (0..self.units_after.len()).all(|line| self.left(line) == Quantity::ZERO)
    }

    /// Whether everything had come back before.
    pub fn was_all_back(&self) -> bool {
        self.units_before.iter().enumerate().all(|(line, back)| *back == self.units(line))
    }

    fn left(&self, line: usize) -> Quantity {
        let back = self.units_after.get(line).copied().unwrap_or(Quantity::ZERO);
        Quantity::from_units(self.units(line).units().saturating_sub(back.units()))
    }

    /// Brings back up to `wanted` units of a line; gives what is still wanted.
    fn bring(&mut self, line: usize, wanted: Quantity) -> Quantity {
        let part = self.left(line).min(wanted);
        if let Some(back) = self.units_after.get_mut(line) {
            *back = Quantity::from_units(back.units().saturating_add(part.units()));
        }
        Quantity::from_units(wanted.units().saturating_sub(part.units()))
    }

    fn has_sku(&self, line: usize, sku: &str) -> bool {
        let line = self.purchase.lines.get(line);
        line.is_some_and(|line| line.sku.as_deref() == Some(sku) && line.units() != Quantity::ZERO)
    }
}

/// What a return brings back of the past that was loaded.
pub fn matched<'a>(by: &Return, past: &'a Past, programs: &Programs) -> Result<Matching<'a>, Problem> {
    match &by.of {
        Some(purchase) => linked(by, purchase, past),
        None => unlinked(by, past, programs),
    }
}

/// Whether the past that was loaded is enough to match a return.
pub fn is_complete(by: &Return, past: &Past, programs: &Programs) -> bool {
    past.complete
        || by.of.is_some()
        || matched(by, past, programs).is_ok_and(|matching| matching.unmatched.is_empty())
}

/// A purchase by its id, with what came back of it before.
pub fn sale_of<'a>(id: &ActivityId, past: &'a Past) -> Result<Sale<'a>, Problem> {
    let found = past.operations.iter().enumerate().find_map(|(index, operation)| {
        let purchase = purchase_of(operation).filter(|purchase| purchase.id == *id)?;
        Some(Sale::new(operation, purchase, past.operations.get(..index).unwrap_or_default()))
    });
    found.ok_or_else(|| {
        let message = format!("the member has no purchase `{id}`");
        Problem::new("purchase_not_found", "/of", message, "record the purchase first, or correct the id")
    })
}

fn linked<'a>(by: &Return, id: &ActivityId, past: &'a Past) -> Result<Matching<'a>, Problem> {
    let mut sale = sale_of(id, past)?;
    if sale.is_all_back() {
        return Err(already_returned(id));
    }
    if by.lines.is_empty() {
        for line in 0..sale.units_after.len() {
            let left = sale.left(line);
            sale.bring(line, left);
        }
    }
    for (index, line) in by.lines.iter().enumerate() {
        linked_line(line, &mut sale, &format!("/lines/{index}"))?;
    }
    if sale.units_after == sale.units_before {
        return Err(already_returned(id));
    }
    Ok(Matching { sales: vec![sale], unmatched: Vec::new() })
}

fn already_returned(id: &ActivityId) -> Problem {
    let message = format!("what is named of purchase `{id}` is back already");
    Problem::new("already_returned", "/of", message, "nothing of it is left to return")
}

fn linked_line(line: &ReturnLine, sale: &mut Sale<'_>, path: &str) -> Result<(), Problem> {
    let candidates: Vec<usize> = match (line.line, &line.sku) {
        (Some(number), _) => usize::from(number).checked_sub(1).into_iter().collect(),
        (None, Some(sku)) => (0..sale.purchase.lines.len()).rev().filter(|l| sale.has_sku(*l, sku)).collect(),
        (None, None) => return Err(unnamed(path)),
    };
    if candidates.is_empty() || candidates.iter().any(|c| *c >= sale.purchase.lines.len()) {
        return Err(line_not_found(sale.id(), path));
    }
    let mut wanted = line.quantity;
    for candidate in candidates {
        let rest = sale.bring(candidate, wanted.unwrap_or_else(|| sale.left(candidate)));
        wanted = wanted.map(|_| rest);
    }
    match wanted.filter(|rest| *rest > Quantity::ZERO) {
        None => Ok(()),
        Some(rest) => {
            let message = format!("{rest} units more than purchase `{}` has left", sale.id());
            let help = "return what is left, or name the other purchase";
            Err(Problem::new("return_exceeds_purchase", format!("{path}/quantity"), message, help))
        }
    }
}

/// The refusal of a line that a purchase does not have.
pub fn line_not_found(purchase: &ActivityId, path: &str) -> Problem {
    let message = format!("purchase `{purchase}` has no such line");
    Problem::new("line_not_found", path, message, "lines are numbered from 1; skus compare byte for byte")
}

fn unnamed(path: &str) -> Problem {
    let help = "give `sku`, or `line` together with `of`";
    Problem::new("return_line_unnamed", path, "the line does not say what comes back", help)
}

fn unlinked<'a>(by: &Return, past: &'a Past, programs: &Programs) -> Result<Matching<'a>, Problem> {
    let program = programs.at(by.occurred_at.at);
    if program.document().returns.unlinked == Unlinked::Refuse {
        let help = "name the purchase in `of`, or let the program match returns by sku";
        return Err(Problem::new("unlinked_return", "/of", "the return names no purchase", help));
    }
    let mut matching = Matching::default();
    let search = Search { by, past, program };
    for (index, line) in by.lines.iter().enumerate() {
        let path = format!("/lines/{index}");
        let (Some(sku), Some(quantity), None) = (&line.sku, line.quantity, line.line) else {
            let help = "an unlinked return gives `sku` and `quantity` of each line, and no `line`";
            return Err(Problem::new(
                "return_line_unnamed",
                path,
                "the line does not say what comes back",
                help,
            ));
        };
        let rest = unlinked_line(sku, quantity, &search, &mut matching);
        if rest > Quantity::ZERO {
            matching.unmatched.push(Unmatched { sku: sku.clone(), quantity: rest });
        }
    }
    Ok(matching)
}

/// Where an unlinked return looks for its sales.
struct Search<'s, 'a> {
    by: &'s Return,
    past: &'a Past,
    program: &'s Program,
}

fn unlinked_line<'a>(
    sku: &str,
    quantity: Quantity,
    search: &Search<'_, 'a>,
    matching: &mut Matching<'a>,
) -> Quantity {
    let Search { by, past, program } = *search;
    let mut wanted = quantity;
    for (index, operation) in past.operations.iter().enumerate() {
        if wanted == Quantity::ZERO {
            break;
        }
        let Some(purchase) = purchase_of(operation).filter(|p| in_time(p, by, program)) else { continue };
        if !purchase.lines.iter().any(|line| line.sku.as_deref() == Some(sku)) {
            continue;
        }
        let known = matching.sales.iter().position(|sale| sale.purchase.id == purchase.id);
        let newer = past.operations.get(..index).unwrap_or_default();
        let mut fresh = Sale::new(operation, purchase, newer);
        let sale = known.and_then(|at| matching.sales.get_mut(at)).unwrap_or(&mut fresh);
        let before = wanted;
        for line in
            (0..purchase.lines.len()).rev().filter(|line| sale.has_sku(*line, sku)).collect::<Vec<_>>()
        {
            wanted = sale.bring(line, wanted);
        }
        if known.is_none() && wanted != before {
            matching.sales.push(fresh);
        }
    }
    wanted
}

/// Whether a purchase is within the return window.
fn in_time(purchase: &Purchase, by: &Return, program: &Program) -> bool {
    let Some(within) = program.document().returns.within else { return true };
    within.after(program.date_of(purchase.occurred_at)) >= program.date_of(by.occurred_at)
}
