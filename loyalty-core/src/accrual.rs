//! Accrual: what an activity earns, in one fixed order and no other.
//!
//! Per currency: (1) the basis of each line, (2) the value of each matching rule, (3) groups, (4) the sum of
//! the top groups and its multipliers, (5) awards after them, (6) caps, (7) the currency's scale. Values stay
//! exact ratios of minor units until a place that the program names rounds them.

pub mod basis;
mod candidates;
mod caps;
pub mod condition;
mod contributions;
mod history;
mod measure;
mod member;
pub mod share;
mod stacking;
mod subject;
pub mod tender;

pub use subject::{Occasion, Subject};

use self::candidates::Reach;
use self::contributions::Contributions;
use self::stacking::Heard;
use crate::explain::{Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::ledger::operation::CountedBy;
use crate::money::{OutOfRange, Ratio, Rounding};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::Program;
use crate::program::document::{Combine, Currency, Earning, Factor, FactorCombine, MultiplierStage, Terms};
use crate::shared::Want;
use crate::time::Window;

/// What an activity earns in one currency on the same terms.
#[derive(Debug, Clone)]
pub struct Earned<'p> {
    /// The currency.
    pub currency: AuthorId,
    /// How much.
    pub points: Points,
    /// The rules that took part, and what each gave.
    pub given: Vec<Given>,
    /// What caps of windows have used up by it.
    pub used: Vec<CapUse>,
    /// When it may be spent, when it lapses and who pays for it.
    pub terms: Terms<'p>,
}

impl Earned<'_> {
    /// Whether there are neither points nor anything that a cap could get back.
    pub fn is_nothing(&self) -> bool {
        self.points.is_zero() && self.used.is_empty()
    }
}

/// What a rule gave.
#[derive(Debug, Clone)]
pub struct Given {
    /// The rule.
    pub rule: AuthorId,
    /// Exact minor units, under the rule's own caps and before its group's choice, rounding and caps.
    pub value: Ratio,
}

/// What an activity earns, and what it wants of budgets for that.
#[derive(Debug, Default)]
pub struct Rated<'p> {
    /// One entry for each currency and terms in which a rule matched.
    pub earned: Vec<Earned<'p>>,
    /// What rules, groups and currencies came to before their budgets, also such as were not chosen then.
    pub wants: Vec<Want>,
}

/// What an activity uses up of a cap or a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapUse {
    /// The cap or budget.
    pub of: CountedBy,
    /// The window.
    pub window: Window,
    /// The slot of it.
    pub slot: i64,
    /// Minor units.
    pub amount: i128,
}

/// Rates an activity: one entry for each currency and terms in which a rule matched.
pub fn rate<'p, T: Trace>(
    program: &'p Program,
    subject: &Subject<'_>,
    trace: &mut T,
) -> Result<Rated<'p>, Problem> {
    let mut rated = Rated { earned: Vec::with_capacity(1), wants: Vec::new() };
    for (earning, index) in program.earnings() {
        let Some(currency) = program.currency(&earning.currency) else { continue };
        let hits = if T::LISTENS { None } else { candidates::found(index, subject) };
        let reach = match &hits {
            Some(hits) => Reach::Found { places: &index.places().all, hits },
            None => Reach::Everything,
        };
        earn(earning, currency, reach, (subject, trace), &mut rated)?;
    }
    Ok(rated)
}

fn earn<'p, T: Trace>(
    earning: &'p Earning,
    currency: &Currency,
    reach: Reach<'_>,
    (subject, trace): (&Subject<'_>, &mut T),
    Rated { earned, wants }: &mut Rated<'p>,
) -> Result<(), Problem> {
    let places = earning.groups.len().saturating_add(earning.after.len());
    let (unit, id) = (currency.unit(), &currency.id);
    let mut rating = Rating { subject, currency: id, unit, given: Contributions::default(), wants, trace };
    let (mut sum, mut heard) = (Ratio::ZERO, Heard::default());
    for (index, reach) in reach.members(places) {
        let Some(group) = earning.groups.get(index) else { break };
        if let Some(value) = rating.group(group, reach)? {
            heard.add::<T>(|| Some(&group.id), value);
            rating.given.end_part(value);
            sum = sum.plus(value)?;
        }
    }
    if !heard.is_empty() {
        rating.tell_stack(&currency.id, Combine::All, &heard, sum);
    }
    for stage in &earning.multipliers {
        sum = rating.multiply(stage, sum)?;
    }
    let multiplied = rating.given.end_multiplied(sum);
    for (index, reach) in reach.members(places) {
        let Some(index) = index.checked_sub(earning.groups.len()) else { continue };
        let Some(rule) = earning.after.get(index) else { break };
        if let Some(value) = rating.rule(rule, reach)? {
            rating.given.end_part(value);
            let before = sum;
            sum = sum.plus(value)?;
            rating.tell_after(&rule.id, [before, value, sum]);
        }
    }
    if rating.given.is_empty() {
        return Ok(());
    }
    let mut windows = Vec::new();
    for cap in &earning.caps {
        sum = rating.capped(cap, sum)?;
        let of = |slot| (CountedBy::Cap(cap.id.clone()), slot);
        windows.extend(rating.slot_of(cap).map(of));
    }
    if let Some(budget) = rating.budget(earning.budget.as_ref()) {
        sum = rating.budgeted(budget, sum)?;
        windows.push((CountedBy::Budget(budget.id.clone()), rating.slot_of_budget(budget)));
    }
    if !sum.is_whole() {
        sum = rating.rounded(sum, currency.round, &currency.id);
    }
    let points = Points::from_wide(sum.round(Rounding::Floor))?;
    rating.trace.step(|| {
        let shown = points.in_whole_points(currency.scale);
        Step::new(StepKind::Awarded, &currency.id, format!("{shown} {} earned", currency.shown()))
            .with(points)
    });
    let first = earned.len();
    rating.given.divide(&currency.id, (points, multiplied), earned)?;
    for one in earned.iter_mut().skip(first).filter(|one| !one.points.is_zero()) {
        let amount = i128::from(one.points.minor());
        one.used.extend(windows.iter().map(|(of, (window, slot))| CapUse {
            of: of.clone(),
            window: *window,
            slot: *slot,
            amount,
        }));
    }
    Ok(())
}

/// The rating of one activity in one currency.
struct Rating<'s, 'p, T> {
    subject: &'s Subject<'s>,
    /// The currency.
    currency: &'s AuthorId,
    /// Minor units of one whole point.
    unit: Ratio,
    /// What has contributed so far.
    given: Contributions<'p>,
    wants: &'s mut Vec<Want>,
    trace: &'s mut T,
}

impl<T: Trace> Rating<'_, '_, T> {
    /// Rounds to whole minor units.
    fn rounded(&mut self, value: Ratio, mode: Rounding, of: &AuthorId) -> Ratio {
        let whole = value.round(mode);
        if !value.is_whole() {
            let unit = self.unit;
            self.trace.step(|| {
                let text = format!("{} rounded to {}", shown(value, unit), shown(Ratio::whole(whole), unit));
                Step::new(StepKind::Rounded, of, text).with(whole)
            });
        }
        Ratio::whole(whole)
    }

    fn multiply(&mut self, stage: &MultiplierStage, value: Ratio) -> Result<Ratio, OutOfRange> {
        let mut factor = Ratio::ONE;
        for one in &stage.factors {
            if !self.factor_holds(one)? {
                continue;
            }
            self.trace.step(|| {
                Step::new(StepKind::Factor, &one.id, format!("factor `{}` is {}", one.id, one.factor))
                    .with(one.factor)
            });
            let by = one.factor.ratio();
            factor = match stage.combine {
                FactorCombine::Compound => factor.times(by)?,
                FactorCombine::Add => factor.plus(by.minus(Ratio::ONE)?)?,
            };
        }
        // Added factors below 1 may sum to less than nothing; an activity never earns less than nothing.
        let factor = if factor.is_negative() { Ratio::ZERO } else { factor };
        let product = value.times(factor)?;
        let unit = self.unit;
        self.trace.step(|| {
            let text = format!("{} × {factor} = {}", shown(value, unit), shown(product, unit));
            Step::new(StepKind::Multiplied, &stage.id, text).with(product)
        });
        Ok(stage.round.map_or(product, |mode| self.rounded(product, mode, &stage.id)))
    }

    fn tell_after(&mut self, rule: &AuthorId, [before, value, with_it]: [Ratio; 3]) {
        let unit = self.unit;
        self.trace.step(|| {
            let [before, value, sum] = [before, value, with_it].map(|value| shown(value, unit));
            let text = format!("{before} + `{rule}` {value} are {sum}");
            Step::new(StepKind::Stacked, rule, text).with(with_it)
        });
    }

    fn factor_holds(&mut self, factor: &Factor) -> Result<bool, OutOfRange> {
        factor.when.as_ref().map_or(Ok(true), |when| condition::holds(when, self.subject, self.trace))
    }
}

/// Minor units as whole points, for people.
fn shown(value: Ratio, unit: Ratio) -> String {
    value.over(unit).map_or_else(|_| value.to_string(), |whole| whole.to_string())
}
