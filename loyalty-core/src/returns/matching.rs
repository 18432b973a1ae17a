//! Which sales a return brings back: by the purchase it names, or by sku from the newest sale on.

use crate::activity::{Purchase, Return, ReturnLine};
use crate::command::Command;
use crate::correction::UndoReturn;
use crate::grants::Regranted;
use crate::id::{ActivityId, OperationKey};
use crate::ledger::operation::{Award, Kept, Operation, Returned, Take, Unmatched, Vesting};
use crate::member::MemberState;
use crate::money::{Money, OutOfRange, Quantity, Ratio, Rounding};
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
    /// The member just before the operations of these keys; `None` where these enrolled.
    pub stood: Vec<(OperationKey, Option<MemberState>)>,
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
    /// What had come back before this return.
    pub before: Back,
    /// What has come back after it.
    pub after: Back,
    /// What returns took so far of each award, oldest first.
    pub takes: Vec<&'a [Take]>,
    /// What events have done to its pending points, oldest first.
    pub vestings: Vec<&'a Vesting>,
    /// What became of what grants gave it, oldest first.
    pub regranted: Vec<&'a Regranted>,
    /// Whether what it earned was refused.
    pub refused: bool,
    /// Whether it was approved.
    pub approved: bool,
}

/// What has come back of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// Units, by line. A purchase without lines comes back as one unit.
    pub units: Vec<Quantity>,
    /// Money given back without goods.
    pub amount: Money,
    /// What the awards keep, where what is kept was rated anew.
    pub kept: Option<Kept>,
}

impl Back {
    /// Nothing of so many lines.
    pub fn nothing(lines: usize) -> Self {
        Self { units: vec![Quantity::ZERO; lines.max(1)], amount: Money::ZERO, kept: None }
    }
}

impl<'a> Sale<'a> {
    fn new(operation: &'a Operation, purchase: &'a Purchase, newer: &'a [Operation]) -> Self {
        let returned =
            newer.iter().flat_map(|op| op.returned.iter().rev()).filter(|r| r.activity == purchase.id);
        let returned: Vec<&Returned> = returned.collect();
        let before = returned.first().map_or_else(
            || Back::nothing(purchase.lines.len()),
            |r| Back { units: r.units.clone(), amount: r.amount, kept: r.kept.clone() },
        );
        let takes = returned.iter().rev().map(|r| &r.takes[..]).collect();
        let vestings = newer.iter().rev().flat_map(|op| &op.vesting).filter(|v| v.activity == purchase.id);
        let vestings = vestings.collect();
        let of_it = |it: &&Regranted| it.of.as_ref() == Some(&operation.key);
        let regranted = newer.iter().rev().flat_map(|op| &op.regranted).filter(of_it).collect();
        let refuses = |op: &Operation| matches!(&op.sealed.command, Command::Refuse(review) if review.of == operation.key);
        let refused = newer.iter().any(refuses);
        let approves = |op: &Operation| matches!(&op.sealed.command, Command::Approve(review) if review.of == operation.key);
        let approved = newer.iter().any(approves);
        let after = before.clone();
        Self { operation, purchase, after, before, takes, vestings, regranted, refused, approved }
    }

    /// One of the awards of the purchase.
    pub fn award(&self, award: u32) -> Option<&'a Award> {
        self.operation.awards.get(usize::try_from(award).ok()?)
    }

    /// Whether a person has still to approve or refuse what it earned.
    pub const fn is_under_review(&self) -> bool {
        !self.operation.reviewed_for.is_empty() && !self.approved && !self.refused
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

    /// Whether everything has come back.
    pub fn is_all(&self, back: &Back) -> Result<bool, OutOfRange> {
        let units = (0..back.units.len()).all(|line| self.left_of(line, back) == Quantity::ZERO);
        Ok(units || self.unrefunded(back)?.is_zero())
    }

    /// The part of a line that is kept, from 0 to 1.
    pub fn part_kept(&self, line: usize, back: &Back) -> Result<Ratio, OutOfRange> {
        self.units_kept(line, back)?.times(self.unrefunded(back)?)
    }

    /// The part of the units of a line that is kept, from 0 to 1.
    pub fn units_kept(&self, line: usize, back: &Back) -> Result<Ratio, OutOfRange> {
        Ratio::new(self.left_of(line, back).units(), self.units(line).units().max(1))
    }

    /// The part of the price of what is kept that was not given back without goods, from 0 to 1.
    pub fn unrefunded(&self, back: &Back) -> Result<Ratio, OutOfRange> {
        if back.amount.is_zero() {
            return Ok(Ratio::ONE);
        }
        let paid = self.paid(back)?.units();
        let left = paid.checked_sub(back.amount.units()).ok_or(OutOfRange)?;
        if left > 0 { Ratio::new(left, paid) } else { Ok(Ratio::ZERO) }
    }

    /// What was paid for what has not come back, each line rounded once.
    fn paid(&self, back: &Back) -> Result<Money, OutOfRange> {
        let mut paid = 0_i128;
        for (index, line) in self.purchase.lines.iter().enumerate() {
            let kept = line.net_paid()?.times(self.units_kept(index, back)?)?;
            let units = kept.times(Ratio::whole(Money::ONE.units()))?.round(Rounding::HalfEven);
            paid = paid.checked_add(units).ok_or(OutOfRange)?;
        }
        Ok(Money::from_units(paid))
    }

    /// Units of a line that have not come back.
    pub fn left_of(&self, line: usize, back: &Back) -> Quantity {
        let back = back.units.get(line).copied().unwrap_or(Quantity::ZERO);
        Quantity::from_units(self.units(line).units().saturating_sub(back.units()))
    }

    fn left(&self, line: usize) -> Quantity {
        self.left_of(line, &self.after)
    }

    /// Brings back up to `wanted` units of a line; gives what is still wanted.
    fn bring(&mut self, line: usize, wanted: Quantity) -> Quantity {
        let part = self.left(line).min(wanted);
        if let Some(back) = self.after.units.get_mut(line) {
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
        || programs.at(by.occurred_at.at).document().returns.unlinked != Unlinked::Oldest
            && matched(by, past, programs).is_ok_and(|matching| matching.unmatched.is_empty())
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
    if sale.is_all(&sale.before)? {
        return Err(already_returned(id));
    }
    if let Some(amount) = by.amount {
        refund(amount, &mut sale)?;
    } else if by.lines.is_empty() {
        for line in 0..sale.after.units.len() {
            let left = sale.left(line);
            sale.bring(line, left);
        }
    }
    for (index, line) in by.lines.iter().enumerate() {
        linked_line(line, &mut sale, &format!("/lines/{index}"))?;
    }
    if sale.after == sale.before {
        return Err(already_returned(id));
    }
    Ok(Matching { sales: vec![sale], unmatched: Vec::new() })
}

/// What a return brought back, as if it had not: its sales with less back than before.
pub fn undone<'a>(undo: &UndoReturn, past: &'a Past) -> Result<Matching<'a>, Problem> {
    let key = undo.undone();
    let place = past.operations.iter().position(|operation| Some(&operation.key) == key.as_ref());
    let found = place.and_then(|place| Some((past.operations.get(place)?, past.operations.get(place..)?)));
    let (undone, from_it) = found.ok_or_else(|| {
        let message = format!("there is no return `{}`", undo.of);
        Problem::new("return_not_found", "/of", message, "name the id of a return that was recorded")
    })?;
    let undoes = |operation: &Operation| matches!(&operation.sealed.command, Command::UndoReturn(it) if it.of == undo.of);
    if past.operations.iter().any(undoes) {
        let message = format!("the return `{}` was undone before", undo.of);
        return Err(Problem::new("already_undone", "/of", message, "see the history for when"));
    }
    if undone.returned.is_empty() {
        let message = format!("the return `{}` found no sale", undo.of);
        return Err(Problem::new("nothing_to_undo", "/of", message, "nothing was taken for it"));
    }
    let older = from_it.get(1..).unwrap_or_default();
    let sales =
        undone.returned.iter().map(|returned| without(returned, older, sale_of(&returned.activity, past)?));
    Ok(Matching { sales: sales.collect::<Result<_, _>>()?, unmatched: Vec::new() })
}

/// A sale without what one return brought back, before which came those that are `older`.
fn without<'a>(returned: &Returned, older: &[Operation], mut sale: Sale<'a>) -> Result<Sale<'a>, Problem> {
    let before = older.iter().flat_map(|operation| operation.returned.iter().rev());
    let before = before.into_iter().find(|before| before.activity == returned.activity);
    let difference = |after: i128, back: i128, before: i128| {
        after.checked_sub(back.checked_sub(before).ok_or(OutOfRange)?).ok_or(OutOfRange)
    };
    for (line, units) in sale.after.units.iter_mut().enumerate() {
        let of = |returned: Option<&Returned>| {
            returned.and_then(|it| it.units.get(line)).copied().unwrap_or(Quantity::ZERO).units()
        };
        *units = Quantity::from_units(difference(units.units(), of(Some(returned)), of(before))?);
    }
    let amount = before.map_or(Money::ZERO, |before| before.amount);
    let left = difference(sale.after.amount.units(), returned.amount.units(), amount.units())?;
    sale.after.amount = Money::from_units(left);
    Ok(sale)
}

/// Gives money back for what is kept, without goods.
fn refund(amount: Money, sale: &mut Sale<'_>) -> Result<(), Problem> {
    let sum = sale.before.amount.units().checked_add(amount.units()).ok_or(OutOfRange)?;
    if sum > sale.paid(&sale.before)?.units() {
        let message = format!("{amount} is more than what is left of the price of purchase `{}`", sale.id());
        let help = "give back at most what was paid for what is kept";
        return Err(Problem::new("return_exceeds_purchase", "/amount", message, help));
    }
    sale.after.amount = Money::from_units(sum);
    Ok(())
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
    let mut all: Vec<(usize, &Operation)> = past.operations.iter().enumerate().collect();
    if program.document().returns.unlinked == Unlinked::Oldest {
        // Of the same instant the later in the chain stays first.
        all.sort_by_key(|(_, operation)| operation.occurred_at.at);
    }
    for (index, operation) in all {
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
