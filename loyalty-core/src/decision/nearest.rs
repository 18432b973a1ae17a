//! What a little more would have given: the nearest threshold or full step that was not reached.
//!
//! There is no second arithmetic. A purchase in which that much more is bought is really decided, and so is one in
//! which it is the smallest coin less: the first must gain what is said, and reach what the second does not.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Command, Context, Decision, decide};
use crate::accrual::Subject;
use crate::accrual::basis::{self, Measured};
use crate::accrual::condition::{basket_counts, basket_sum};
use crate::activity::{Activity, Line, Purchase};
use crate::explain::{Proof, Step, StepKind};
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::money::{Money, OutOfRange, Ratio, Rounding};
use crate::points::Points;
use crate::problem::Problem;
use crate::program::condition::{BasketTest, Condition, NumberTest};
use crate::program::document::{Earning, Rule, StepsOf};
use crate::program::{Program, rules_in};

/// The most gaps that are tried, from the smallest on.
const MOST_TRIED: usize = 256;

/// The least that would have to be bought more for the next threshold or full step, and what that earns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Nearest {
    /// How much more, in the program's money.
    pub more: Money,
    /// Of what: the number of a line of the purchase, from 1.
    pub like_line: usize,
    /// The rule or factor whose threshold or step is reached.
    pub of: AuthorId,
    /// The currency in which it earns.
    pub currency: AuthorId,
    /// What the whole purchase earns beyond, in minor units.
    pub earns: Points,
    /// A sentence that a member can read.
    pub text: String,
}

/// What is missing for a threshold or step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Gap {
    more: Money,
    line: usize,
    of: AuthorId,
}

impl Gap {
    /// The gap to be bought in whole smallest coins of the program's money.
    fn of(missing: Ratio, line: usize, of: &AuthorId, coin: Money) -> Result<Self, OutOfRange> {
        let coins = missing.over(coin.ratio())?.round(Rounding::Ceil);
        let units = coins.checked_mul(coin.units()).ok_or(OutOfRange)?;
        Ok(Self { more: Money::from_units(units), line, of: of.clone() })
    }
}

/// The nearest threshold or full step that the purchase does not reach, if reaching it earns more.
///
/// Errors: only those of deciding; a purchase that would be refused earns nothing.
pub fn nearest(
    context: &Context<'_>,
    state: Option<&MemberState>,
    command: &Command,
    decided: &Decision,
) -> Option<Nearest> {
    let Command::Record(activity) = command;
    let Activity::Purchase(purchase) = activity.as_ref() else { return None };
    let program = context.programs.version(decided.operation.version)?;
    let date = program.date_of(purchase.occurred_at);
    let subject = Subject { program, state: &decided.state, activity, date, late: false };
    let coin = coin(&program.document().money);
    let mut gaps = gaps(&subject, coin).ok()?;
    gaps.sort();
    gaps.dedup();
    let mut trial = Trial { context, state, purchase, decided, coin, told: Vec::new() };
    trial.told = trial.with(0, Money::ZERO).ok()?.1;
    gaps.into_iter().take(MOST_TRIED).find_map(|gap| trial.of(&gap, program))
}

/// The smallest coin of a money, as ISO 4217 knows it.
fn coin(money: &str) -> Money {
    const WHOLE: [&str; 16] = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
        "XOF", "XPF",
    ];
    const THOUSANDTH: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
    Money::from_units(match money {
        _ if WHOLE.contains(&money) => 10_000,
        _ if THOUSANDTH.contains(&money) => 10,
        _ => 100,
    })
}

fn gaps(subject: &Subject<'_>, coin: Money) -> Result<Vec<Gap>, OutOfRange> {
    let mut search = Search { subject, coin, gaps: Vec::new() };
    for earning in &subject.program.document().earning {
        for rule in rules_in(earning) {
            if let Some(when) = &rule.when {
                search.condition(when, &rule.id)?;
            }
            search.steps(rule)?;
        }
        search.factors(earning)?;
    }
    Ok(search.gaps)
}

struct Search<'s, 'a> {
    subject: &'s Subject<'a>,
    coin: Money,
    gaps: Vec<Gap>,
}

impl Search<'_, '_> {
    fn factors(&mut self, earning: &Earning) -> Result<(), OutOfRange> {
        for factor in earning.multipliers.iter().flat_map(|stage| &stage.factors) {
            if let Some(when) = &factor.when {
                self.condition(when, &factor.id)?;
            }
        }
        Ok(())
    }

    /// What sums of lines miss of what a condition wants of them.
    fn condition(&mut self, condition: &Condition, of: &AuthorId) -> Result<(), OutOfRange> {
        match condition {
            Condition::All(list) | Condition::Any(list) => {
                list.iter().try_for_each(|one| self.condition(one, of))
            }
            Condition::Basket(test) if test.basis.is_money() => self.basket(test, of),
            _ => Ok(()),
        }
    }

    fn basket(&mut self, test: &BasketTest, of: &AuthorId) -> Result<(), OutOfRange> {
        let (NumberTest::Is(least) | NumberTest::AtLeast(least) | NumberTest::Between(least, _)) = test.sum
        else {
            return Ok(());
        };
        let lines = self.subject.lines();
        let Some(line) = lines.iter().position(|line| basket_counts(test, line)) else { return Ok(()) };
        let missing = least.ratio().minus(basket_sum(test, self.subject)?)?;
        self.missing(missing, line, of)
    }

    /// What the lines of a rule miss of its next full step.
    fn steps(&mut self, rule: &Rule) -> Result<(), OutOfRange> {
        let Some(steps) = rule.per_full.as_ref().filter(|_| rule.basis.is_money()) else { return Ok(()) };
        let (mut sum, mut first) = (Ratio::ZERO, None);
        basis::for_each_line(rule, self.subject, None, |Measured { line, value }| {
            first = first.or(Some(line));
            sum = sum.plus(value)?;
            Ok::<(), OutOfRange>(())
        })?;
        let Some(line) = first else { return Ok(()) };
        let step = steps.step.ratio();
        let next = match steps.of {
            StepsOf::Sum => Ratio::whole(sum.full_steps(step)?.saturating_add(1)).times(step)?.minus(sum)?,
            StepsOf::Line => step,
        };
        self.missing(next, line, &rule.id)
    }

    fn missing(&mut self, missing: Ratio, line: usize, of: &AuthorId) -> Result<(), OutOfRange> {
        if missing.is_positive() {
            self.gaps.push(Gap::of(missing, line, of, self.coin)?);
        }
        Ok(())
    }
}

/// Deciding the purchase with something more in it.
struct Trial<'t> {
    context: &'t Context<'t>,
    state: Option<&'t MemberState>,
    purchase: &'t Purchase,
    decided: &'t Decision,
    coin: Money,
    /// The proof of the purchase as it is.
    told: Vec<Step>,
}

impl Trial<'_> {
    /// What filling a gap earns, if it does and a coin less does not reach the same.
    fn of(&self, gap: &Gap, program: &Program) -> Option<Nearest> {
        let less = Money::from_units(gap.more.units().saturating_sub(self.coin.units()));
        let (enough, told) = self.with(gap.line, gap.more).ok()?;
        let (nearly, before) = self.with(gap.line, less).ok()?;
        let [now, just_below, reached] = [&self.told, &before, &told].map(|steps| told_of(steps, &gap.of));
        if just_below != now || reached == now {
            return None;
        }
        let (currency, earns) = gained(&enough, self.decided)?;
        given(&nearly, &currency).minus(given(&enough, &currency)).ok().filter(|less| less.is_negative())?;
        let of = program.currency(&currency)?;
        let (number, whole) = (gap.line.saturating_add(1), earns.in_whole_points(of.scale));
        let text = format!("{} more of what line {number} is earns {whole} {}", gap.more.shown(), of.shown());
        Some(Nearest { more: gap.more, like_line: number, of: gap.of.clone(), currency, earns, text })
    }

    /// Decides the purchase with one more line, like one of it, at this price.
    fn with(&self, line: usize, price: Money) -> Result<(Decision, Vec<Step>), Problem> {
        let mut purchase = self.purchase.clone();
        if let Some(line) = self.purchase.lines.get(line).filter(|_| price > Money::ZERO) {
            purchase.lines.push(Line {
                gross: Some(price),
                unit_price: None,
                net_of_store: None,
                discounts: Vec::new(),
                quantity: None,
                ..line.clone()
            });
        }
        let command = Command::Record(Arc::new(Activity::Purchase(purchase)));
        let mut proof = Proof::default();
        let decision = decide(self.context, self.state, &command, &mut proof)?;
        Ok((decision, proof.0))
    }
}

/// What a decision gives in a currency.
fn given(decision: &Decision, currency: &AuthorId) -> Points {
    let mut awards = decision.operation.awards.iter().filter(|award| award.currency == *currency);
    awards.try_fold(Points::ZERO, |sum, award| sum.plus(award.points)).unwrap_or(Points::ZERO)
}

/// The first currency in which a decision gives more than another, and how much.
fn gained(decision: &Decision, other: &Decision) -> Option<(AuthorId, Points)> {
    decision.operation.awards.iter().map(|award| &award.currency).find_map(|currency| {
        let more = given(decision, currency).minus(given(other, currency)).ok()?;
        more.is_positive().then(|| (currency.clone(), more))
    })
}

/// What a proof says that a rule or factor gave.
fn told_of<'p>(steps: &'p [Step], of: &AuthorId) -> Option<&'p Option<String>> {
    let mut gave = steps.iter().filter(|step| matches!(step.kind, StepKind::Rule | StepKind::Factor));
    gave.find(|step| step.of == of.as_str()).map(|step| &step.value)
}
