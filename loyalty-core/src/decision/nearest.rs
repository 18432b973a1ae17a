//! What a little more would have given: the nearest threshold or full step that was not passed.
//!
//! There is no second arithmetic. The purchase is really decided with one of its lines at a higher price, and with
//! that line at one coin less: the first must earn more than the second and than the purchase as it is.

mod gaps;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use self::gaps::{Gap, Gaps};
use super::{Command, Context, Decision, decide};
use crate::accrual::{Occasion, Subject};
use crate::activity::{Activity, Line, Purchase};
use crate::explain::{NoTrace, Proof, Step, StepKind, Trace};
use crate::id::AuthorId;
use crate::member::MemberState;
use crate::money::{Money, Ratio, Rounding};
use crate::points::Points;
use crate::program::Program;

/// The most prices that are tried, from the lowest on.
const MOST_TRIED: usize = 256;

/// The least that a line would have to cost more, all else being equal, for the next threshold or full step that
/// earns more.
///
/// No smaller amount, in whole coins of the program's money and on any line of the purchase, passes a threshold of
/// a basket's sum of money or a full step of money that earns more. The value that a line must have to count is tried
/// as well; what a line that does not count yet would then add to a sum is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Nearest {
    /// How much more, in the program's money.
    pub more: Money,
    /// The number of the line in the purchase, from 1.
    pub line: usize,
    /// The rule or factor whose threshold or step is passed.
    pub of: AuthorId,
    /// The currency in which it earns.
    pub currency: AuthorId,
    /// Decimals of a point.
    pub scale: u8,
    /// What the whole purchase earns beyond what it earned, in minor units.
    pub earns: Points,
    /// A sentence that a member can read.
    pub text: String,
}

/// The nearest threshold or full step that a purchase does not pass, if passing it earns more; `None` also where
/// none of the nearest 256 does.
pub fn nearest(
    context: &Context<'_>,
    state: Option<&MemberState>,
    command: &Command,
    decided: &Decision,
) -> Option<Nearest> {
    let Some(Activity::Purchase(purchase)) = command.activity() else { return None };
    let program = context.programs.version(decided.operation.version)?;
    let activity = decided.operation.activity()?;
    let date = program.date_of(purchase.occurred_at);
    let occasion = Occasion::Activity;
    let who = context.who;
    let (state_after, readings) = (&decided.state, context.readings);
    let subject =
        Subject { program, state: state_after, activity, who, date, late: false, occasion, readings };
    let trial = Trial { context, state, purchase, program, decided };
    Gaps::of(&subject, trial.coin()).take(MOST_TRIED).find_map(|gap| trial.of(&gap))
}

/// Deciding the purchase with a line at a higher price.
struct Trial<'t> {
    context: &'t Context<'t>,
    state: Option<&'t MemberState>,
    purchase: &'t Purchase,
    program: &'t Program,
    decided: &'t Decision,
}

impl Trial<'_> {
    /// The smallest coin of the program's money.
    fn coin(&self) -> Money {
        let places = self.program.coin_places();
        let coins = 10_i128.checked_pow(places).and_then(|coins| Money::ONE.units().checked_div(coins));
        Money::from_units(coins.unwrap_or(1))
    }

    /// What closing a gap earns, if it earns more than now and a coin less neither does that nor passes the same.
    fn of(&self, gap: &Gap<'_>) -> Option<Nearest> {
        let less = Money::from_units(gap.more.units().checked_sub(self.coin().units())?);
        let [enough, nearly] = [gap.more, less].map(|more| self.with(gap.line, more, &mut NoTrace));
        let [enough, nearly, now] = [&enough?, &nearly?, self.decided].map(|it| given(it, gap.currency));
        if enough <= nearly || enough <= now {
            return None;
        }
        let [passed, before] = [gap.more, less].map(|more| {
            let mut proof = Proof::default();
            self.with(gap.line, more, &mut proof).map(|_| told_of(&proof.0, gap.of))
        });
        if passed? == before? {
            return None;
        }
        self.found(gap, enough.minus(now).ok()?)
    }

    fn found(&self, gap: &Gap<'_>, earns: Points) -> Option<Nearest> {
        let currency = self.program.currency(gap.currency)?;
        let (line, money) = (gap.line.saturating_add(1), &self.program.document().money);
        let more = gap.more.shown(self.program.coin_places());
        let earned = earns.in_whole_points(currency.scale);
        let text = format!("{more} {money} more on line {line} earns {earned} {} more", currency.shown());
        Some(Nearest {
            more: gap.more,
            line,
            of: gap.of.clone(),
            currency: currency.id.clone(),
            scale: currency.scale,
            earns,
            text,
        })
    }

    fn with<T: Trace>(&self, line: usize, more: Money, trace: &mut T) -> Option<Decision> {
        let mut purchase = self.purchase.clone();
        let raised = purchase.lines.get_mut(line)?;
        *raised = dearer(raised, more)?;
        let command = Command::Record(Arc::new(Activity::Purchase(purchase)));
        decide(self.context, self.state, &command, trace).ok()
    }
}

/// The line at a higher price; `None` where its price has more decimals than an amount of money may have.
fn dearer(line: &Line, more: Money) -> Option<Line> {
    let plus = |price: Money| price.units().checked_add(more.units()).map(Money::from_units);
    if let Some(net) = line.net_of_store {
        return Some(Line { net_of_store: Some(plus(net)?), ..line.clone() });
    }
    let units = line.gross().ok()?.times(Ratio::whole(Money::ONE.units())).ok()?;
    let gross = units.is_whole().then(|| Money::from_units(units.round(Rounding::Floor)))?;
    Some(Line { gross: Some(plus(gross)?), unit_price: None, ..line.clone() })
}

/// What a decision gives in a currency for the activity itself.
fn given(decision: &Decision, currency: &AuthorId) -> Points {
    let awards = decision.operation.awards.iter().filter(|award| award.currency == *currency);
    awards.fold(Points::ZERO, |sum, award| sum.plus(award.points).unwrap_or(sum))
}

/// What a proof says that a rule or factor gave.
fn told_of(steps: &[Step], of: &AuthorId) -> Option<String> {
    let mut gave = steps.iter().filter(|step| matches!(step.kind, StepKind::Rule | StepKind::Factor));
    gave.find(|step| step.of == of.as_str()).and_then(|step| step.value.clone())
}
