//! Rating what is kept of a purchase anew, where the purchase stood.
//!
//! What counts is fixed at the purchase: its version, the member just before it, what was known of the member. So what
//! is kept of every award is a function of what has come back in all, whatever the steps.

use super::{Arrival, Context, Needs, grants, left_of, opened, referrals};
use crate::accrual::basis::numeric;
use crate::accrual::{self, Earned, Occasion, Subject, share};
use crate::activity::{Activity, Attribute, AttributeValue, Discount, Line, Purchase};
use crate::explain::NoTrace;
use crate::facts::Who;
use crate::grants::{Gift, Granted};
use crate::id::AuthorId;
use crate::ledger::operation::{Award, CountedIn, Kept};
use crate::money::{Money, OutOfRange, Quantity, Ratio, Rounding};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::document::{AttributeKind, Document, ReturnMethod};
use crate::program::{Program, Programs};
use crate::returns::{Back, Matching, Past, Sale, unknown_version};
use crate::vesting;

/// The first purchase of what comes back before which the member has to be known; what is refused needs none.
pub fn needs(matching: Result<Matching<'_>, Problem>, past: &Past, programs: &Programs) -> Needs {
    let Some(matching) = matching.ok().filter(|_| programs.rerate()) else { return Needs::Nothing };
    let unknown = |sale: &&Sale<'_>| {
        let key = &sale.operation.key;
        is_rated(sale, programs).unwrap_or(false) && !past.stood.iter().any(|stood| stood.0 == *key)
    };
    let first = matching.sales.iter().find(unknown).map(|sale| sale.operation.key.clone());
    first.map_or(Needs::Nothing, Needs::Before)
}

/// Whether what is kept of a purchase has to be rated; of nothing there is nothing to rate.
fn is_rated(sale: &Sale<'_>, programs: &Programs) -> Result<bool, OutOfRange> {
    let rerates = |program: &std::sync::Arc<Program>| program.rerates();
    Ok(programs.version(sale.operation.version).is_some_and(rerates) && !sale.is_all(&sale.after)?)
}

/// Works out what the awards of a purchase keep, where its version rates that anew.
pub fn rate_kept(context: &Context<'_>, sale: &mut Sale<'_>) -> Result<(), Problem> {
    let version = sale.operation.version;
    let program = context.programs.version(version).ok_or_else(|| unknown_version(version))?;
    let parts = Parts { sale, program };
    let mut kept = if is_rated(sale, context.programs)? {
        parts.kept(context)?
    } else if program.rerates() {
        parts.nothing()
    } else if sale.operation.awards.iter().any(|award| program.pays_from_budget(award)) {
        parts.shared()?
    } else {
        return Ok(());
    };
    parts.fall_with_budgets(&mut kept)?;
    sale.after.kept = Some(kept);
    Ok(())
}

/// What is kept of the parts of a purchase.
struct Parts<'s, 'a> {
    sale: &'s Sale<'a>,
    program: &'s Program,
}

/// The purchase of what is kept.
struct Remainder {
    purchase: Purchase,
    /// The places of its lines in the whole purchase; of one without lines, the place that stands for all of it.
    places: Vec<usize>,
}

impl Parts<'_, '_> {
    fn nothing(&self) -> Kept {
        let none = vec![Points::ZERO; self.sale.after.units.len()];
        let awards = vec![none; self.sale.operation.awards.len()];
        Kept { awards, uses: Vec::new(), grants: Vec::new() }
    }

    /// What is kept in proportion.
    fn shared(&self) -> Result<Kept, OutOfRange> {
        let Self { sale, program } = *self;
        let back = &self.in_proportion();
        let places = (0_u32..).zip(&sale.operation.awards);
        let awards = places.map(|(place, _)| vesting::by_line(sale, place, program, back));
        let uses = sale.operation.counted.iter().map(|one| vesting::use_by_line(sale, one, program, back));
        // All stays as long as not all has come back.
        let grants = vec![!sale.is_all(&sale.after)?; sale.operation.granted.len()];
        Ok(Kept { awards: awards.collect::<Result<_, _>>()?, uses: uses.collect::<Result<_, _>>()?, grants })
    }

    /// Of an award that a budget pays for, no line keeps more than before: what the budget got back may have gone to
    /// others.
    fn fall_with_budgets(&self, kept: &mut Kept) -> Result<(), OutOfRange> {
        let Self { sale, program } = *self;
        for ((place, award), lines) in (0_u32..).zip(&sale.operation.awards).zip(&mut kept.awards) {
            if program.pays_from_budget(award) {
                fall(lines, &vesting::by_line(sale, place, program, &sale.before)?);
            }
        }
        for (counted, lines) in sale.operation.counted.iter().zip(&mut kept.uses) {
            let award = counted.award.and_then(|award| sale.award(award));
            if award.is_some_and(|award| program.pays_from_budget(award)) {
                fall(lines, &vesting::use_by_line(sale, counted, program, &sale.before)?);
            }
        }
        Ok(())
    }

    /// The less of what was given and of what the lines kept would have earned.
    fn kept(&self, context: &Context<'_>) -> Result<Kept, Problem> {
        let Self { sale, program } = *self;
        let operation = sale.operation;
        let stood = context.past.stood.iter().find(|stood| stood.0 == operation.key);
        let stood = stood.and_then(|stood| stood.1.as_ref());
        let Arrival { mut state, settlement, moment, late } =
            Arrival::of(context, program, stood, operation.occurred_at)?;
        moment.begin(&mut state);
        let who = Who { facts: &operation.sealed.facts, ..context.who };
        let (key, command) = (operation.key.clone(), operation.sealed.command.clone());
        let mut opened = opened(key, operation.occurred_at, program, settlement, command);
        if stood.is_none() && program.welcomes() {
            let context = &Context { who, readings: &operation.readings, ..*context };
            moment.welcome(context, &mut state, &mut opened, &mut NoTrace)?;
        }
        let readings = &left_of(&operation.readings, &opened);
        let remainder = self.remainder()?;
        let activity = Activity::Purchase(remainder.purchase.clone());
        let (date, occasion) = (moment.when.date, Occasion::Activity);
        let state = &state;
        let subject = Subject { program, state, activity: &activity, who, date, late, occasion, readings };
        let earned = accrual::rate(program, &subject, &mut NoTrace)?.earned;
        let matching = grants::matching(program, &subject, &mut NoTrace)?;
        let referrals = referrals::matching(program, &subject, &mut NoTrace)?;
        let stays = |granted: &Granted| match granted.gift {
            Gift::Referral(_) => referrals.iter().any(|referral| referral.id == granted.grant),
            _ => matching.iter().any(|grant| grant.id == granted.grant),
        };
        let grants = operation.granted.iter().map(stays).collect();
        let awards = (0_u32..).zip(&operation.awards).map(|(place, award)| {
            if program.pays_from_budget(award) {
                return vesting::by_line(sale, place, program, &self.in_proportion());
            }
            let again = self.same_terms(award, &earned);
            let points = again.map_or(Points::ZERO, |again| again.points.min(award.points));
            self.spread(points, award, (again, &[]), &remainder)
        });
        let uses = operation.counted.iter().map(|one| self.kept_use(one, &earned, &remainder));
        Ok(Kept { awards: awards.collect::<Result<_, _>>()?, uses: uses.collect::<Result<_, _>>()?, grants })
    }

    /// What is earned on the terms of an award.
    fn same_terms<'e, 'p>(&self, award: &Award, earned: &'e [Earned<'p>]) -> Option<&'e Earned<'p>> {
        let terms = self.program.rules_of(&award.currency, &award.rules).first()?.terms();
        earned.iter().find(|earned| earned.currency == award.currency && earned.terms == terms)
    }

    /// What is kept of the use of a cap or budget of some rules alone; nothing of all else that counts.
    fn kept_use(
        &self,
        counted: &CountedIn,
        earned: &[Earned<'_>],
        remainder: &Remainder,
    ) -> Result<Vec<Points>, OutOfRange> {
        let under = self.program.limited_by(&counted.of).map_or(&[][..], |limited| &limited.rules);
        let award = counted.award.and_then(|award| self.sale.award(award));
        let Some(award) = award.filter(|_| !under.is_empty()) else { return Ok(Vec::new()) };
        if self.program.pays_from_budget(award) {
            return vesting::use_by_line(self.sale, counted, self.program, &self.in_proportion());
        }
        let again = self.same_terms(award, earned);
        let uses = again.map_or(&[][..], |again| &again.used).iter().filter(|used| used.of == counted.of);
        let used = uses.map(|used| used.amount).sum::<i128>().min(counted.amount);
        self.spread(Points::from_wide(used)?, award, (again, under), remainder)
    }

    /// What came back, for an award that is not rated anew.
    fn in_proportion(&self) -> Back {
        Back { kept: None, ..self.sale.after.clone() }
    }

    /// Points on the lines of the whole purchase, as the rules that took part now spread them over those kept.
    fn spread(
        &self,
        points: Points,
        award: &Award,
        (again, under): (Option<&Earned<'_>>, &[AuthorId]),
        remainder: &Remainder,
    ) -> Result<Vec<Points>, OutOfRange> {
        let took_part = again.into_iter().flat_map(|again| &again.given).map(|given| &given.rule);
        let rules = took_part.filter(|rule| under.is_empty() || under.contains(rule)).cloned().collect();
        let award = Award { points, rules, ..award.clone() };
        let mut lines = vec![Points::ZERO; self.sale.after.units.len()];
        let parts = share::by_line(&award, &remainder.purchase, self.program)?;
        for (place, part) in remainder.places.iter().zip(parts) {
            if let Some(line) = lines.get_mut(*place) {
                *line = part;
            }
        }
        Ok(lines)
    }

    fn remainder(&self) -> Result<Remainder, OutOfRange> {
        let Self { sale, program } = *self;
        let back = &sale.after;
        let unrefunded = sale.unrefunded(back)?;
        let (mut lines, mut places) = (Vec::new(), Vec::new());
        for (place, line) in sale.purchase.lines.iter().enumerate() {
            if sale.left_of(place, back) > Quantity::ZERO {
                lines.push(self.line(line, place, unrefunded, program.document())?);
                places.push(place);
            }
        }
        if sale.purchase.lines.is_empty() {
            places.push(0);
        }
        Ok(Remainder { purchase: Purchase { lines, ..sale.purchase.clone() }, places })
    }

    /// What is kept of a line: amounts are ratios of the whole line's, each rounded once.
    fn line(
        &self,
        line: &Line,
        place: usize,
        unrefunded: Ratio,
        document: &Document,
    ) -> Result<Line, OutOfRange> {
        let left = self.sale.left_of(place, &self.sale.after);
        let all_units = left == self.sale.units(place);
        let refunded = self.sale.after.amount > Money::ZERO;
        if all_units && !refunded {
            return Ok(line.clone());
        }
        let part = Ratio::new(left.units(), self.sale.units(place).units().max(1))?;
        let kept = part.times(unrefunded)?;
        let price = |amount: Money| scaled(amount.ratio(), kept, Money::ONE.units()).map(Money::from_units);
        let mut remaining = line.clone();
        if !all_units {
            remaining.quantity = Some(left);
            for attribute in &mut remaining.attributes {
                shrink(attribute, part, document)?;
            }
        }
        if refunded && line.unit_price.is_some() {
            let gross = scaled(line.gross()?, kept, Money::ONE.units())?;
            (remaining.unit_price, remaining.gross) = (None, Some(Money::from_units(gross)));
        } else {
            remaining.gross = line.gross.map(price).transpose()?;
        }
        remaining.net_of_store = line.net_of_store.map(price).transpose()?;
        for discount in &mut remaining.discounts {
            *discount = Discount { amount: price(discount.amount)?, ..*discount };
        }
        Ok(remaining)
    }
}

/// Leaves no line more than it had before; what is not there had nothing.
fn fall(lines: &mut [Points], before: &[Points]) {
    let before = before.iter().copied().chain(std::iter::repeat(Points::ZERO));
    lines.iter_mut().zip(before).for_each(|(line, before)| *line = (*line).min(before));
}

/// A part of an amount in the units in which it is kept.
fn scaled(amount: Ratio, part: Ratio, units: i128) -> Result<i128, OutOfRange> {
    Ok(amount.times(part)?.times(Ratio::whole(units))?.round(Rounding::HalfEven))
}

/// The part of a numeric attribute of a line that so much of the line has.
fn shrink(attribute: &mut Attribute, part: Ratio, document: &Document) -> Result<(), OutOfRange> {
    let declared = document.attributes.iter().find(|it| it.id.as_str() == attribute.name);
    let is_number = declared.is_some_and(|it| it.values == AttributeKind::Number);
    if let Some(value) = numeric(&attribute.value).filter(|_| is_number) {
        let units = scaled(value.ratio(), part, Quantity::ONE.units())?;
        attribute.value = AttributeValue::Text(Quantity::from_units(units).to_string());
    }
    Ok(())
}

impl Program {
    /// Whether returns have what is kept rated anew.
    pub fn rerates(&self) -> bool {
        self.document().returns.method == ReturnMethod::Rerate
    }
}

impl Programs {
    /// Whether returns of any version have what is kept rated anew.
    pub fn rerate(&self) -> bool {
        self.all().any(|program| program.rerates())
    }
}
