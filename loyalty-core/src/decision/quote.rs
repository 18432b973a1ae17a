//! Deciding quotes, and what names one.

use std::sync::Arc;

use super::{Context, Decision, opened, settled_now, spend};
use crate::command::Command;
use crate::explain::{Step, StepKind, Trace};
use crate::id::OperationKey;
use crate::ledger::operation::Operation;
use crate::member::MemberState;
use crate::problem::Problem;
use crate::redemption::quote::{MOST_QUOTES, OpenQuote, Quote, Quoted, USUAL_MINUTES, quote_key};
use crate::redemption::{Offer, Order};
use crate::returns::unknown_version;
use crate::tier::Moment;

/// Decides what a reward takes now: nothing moves, and the version is pinned for some minutes.
pub fn decide_quote<T: Trace>(
    context: &Context<'_>,
    mut state: MemberState,
    quote: &Arc<Quote>,
    key: OperationKey,
    trace: &mut T,
) -> Result<Decision, Problem> {
    let (moment, settlement) = settled_now(context, &mut state, trace)?;
    let program = moment.program;
    let offer = Offer::of(program, Order::from(quote.as_ref()))?;
    moment.check_offered(offer.reward, (&state, context.who.facts))?;
    moment.check_limit(offer.reward, &state)?;
    spend::refuse_in_debt(offer.currency, "/reward", &state)?;
    let (price, _) = offer.price(&state)?;
    if state.quotes.len() >= MOST_QUOTES {
        let message = format!("{MOST_QUOTES} quotes of the member are valid already");
        return Err(Problem::new("too_many_quotes", "", message, "wait until some of them are over"));
    }
    let minutes = program.document().quote_minutes.unwrap_or(USUAL_MINUTES);
    let until = moment.at.plus_seconds(i64::from(minutes).saturating_mul(60));
    spend::tell_price(offer, price, program, trace);
    trace.step(|| Step::new(StepKind::Spent, &quote.key, format!("`{}` is valid until {until}", quote.key)));
    let mut operation = opened(key, context.moment(), program, settlement, Command::Quote(Arc::clone(quote)));
    operation.sealed.facts = spend::looked_at(context, &operation.sealed.command, program);
    let currency = offer.currency.id.clone();
    operation.quoted = Some(Quoted { until, currency, points: price.points, off: price.off, due: price.due });
    state.quotes.push(OpenQuote { quote: quote.as_ref().clone(), until, version: program.version() });
    Ok(Decision { operation, state, wants: Vec::new() })
}

/// The moment as the version of the quote sees it that is named, where one is.
pub fn pinned<'a>(
    moment: Moment<'a>,
    order: Order<'_>,
    state: &MemberState,
    context: &Context<'a>,
) -> Result<Moment<'a>, Problem> {
    let Some(named) = order.quote else { return Ok(moment) };
    let Some(open) = state.quotes.iter().find(|it| it.quote.key == *named) else {
        let key = quote_key(named);
        let given = |it: &Operation| Some(&it.key) == key.as_ref();
        let (code, message) = match context.past.operations.iter().any(given) {
            true => ("quote_expired", format!("the quote `{named}` is over")),
            false => ("quote_not_found", format!("there is no quote `{named}`")),
        };
        return Err(Problem::new(code, "/quote", message, "ask for another quote, or leave `quote` out"));
    };
    open.check_same(order)?;
    let program = context.programs.version(open.version).ok_or_else(|| unknown_version(open.version))?;
    Ok(Moment { program, when: program.when(state, moment.at, moment.when.date), ..moment })
}
