//! Rules and factors that can never take part.

use super::Study;
use super::logic::{Form, Logic, clash, never};
use crate::id::AuthorId;
use crate::program::condition::{Condition, LineCondition, ListTest, NumberTest, TextTest, TierTest};
use crate::program::document::{Document, Rule};
use crate::program::walk;
use crate::time::Date;

/// Warns of every rule and factor whose condition can never hold, or can hold no more.
pub fn study(study: &mut Study<'_>) {
    let document = study.program.document();
    let today = study.today;
    for rule in walk::rules(document) {
        if let Some(why) = never_fires(rule.it, &study.unreachable) {
            let message = format!("the rule `{}` can never apply: {why}", rule.it.id);
            study.warn(
                "rule_never_applies",
                rule.path,
                (message, "correct its conditions, or drop it"),
                None,
            );
        } else if today.is_some_and(|today| rule.it.when.as_ref().is_some_and(|it| over(it, today, document)))
        {
            let message = format!("the rule `{}` applies no more: its dates are over", rule.it.id);
            study.warn("rule_over", rule.path, (message, "give it new dates, or drop it"), None);
        }
    }
    for (place, earning) in document.earning.iter().enumerate() {
        for (stage, it) in earning.multipliers.iter().enumerate() {
            for (index, factor) in it.factors.iter().enumerate() {
                let Some(when) = &factor.when else { continue };
                let impossible = Impossible { bought: true, unreachable: &study.unreachable };
                if let Some(why) = impossible.why(when) {
                    let path = format!("/earning/{place}/multipliers/{stage}/factors/{index}");
                    let message = format!("the factor `{}` can never apply: {why}", factor.id);
                    study.warn(
                        "factor_never_applies",
                        path,
                        (message, "correct its conditions, or drop it"),
                        None,
                    );
                } else if today.is_some_and(|today| over(when, today, document)) {
                    let path = format!("/earning/{place}/multipliers/{stage}/factors/{index}");
                    let message = format!("the factor `{}` applies no more: its dates are over", factor.id);
                    study.warn("factor_over", path, (message, "give it new dates, or drop it"), None);
                }
            }
        }
    }
}

/// Whether all dates on which a condition can hold are over.
fn over(when: &Condition, today: Date, document: &Document) -> bool {
    never(when, &|test| match test {
        Condition::Dates(range) => range.to.is_some_and(|last| last < today),
        Condition::Holiday(id) => {
            let list = document.holidays.iter().find(|list| list.id == *id);
            list.is_some_and(|list| list.dates.iter().all(|date| *date < today))
        }
        _ => false,
    })
}

/// Why a rule can never apply; `None` where it may.
pub fn never_fires(rule: &Rule, unreachable: &[(&AuthorId, &AuthorId)]) -> Option<String> {
    let bought = rule.on.may_be_bought();
    if let Some(why) = rule.when.as_ref().and_then(|when| Impossible { bought, unreachable }.why(when)) {
        return Some(why);
    }
    let lines = rule.lines.as_ref()?;
    let other_kinds =
        |test: &LineCondition| matches!(test, LineCondition::Kind(kind) if !rule.kinds.contains(kind));
    if never(lines, &other_kinds) {
        return Some(two_of(lines).unwrap_or_else(|| "no line that it looks at can fit `lines`".to_owned()));
    }
    None
}

/// Tests that cannot hold for what triggers them.
struct Impossible<'a> {
    bought: bool,
    unreachable: &'a [(&'a AuthorId, &'a AuthorId)],
}

impl Impossible<'_> {
    fn why(&self, when: &Condition) -> Option<String> {
        if !never(when, &|test| self.test(test)) {
            return None;
        }
        Some(two_of(when).unwrap_or_else(|| {
            let mut unmet = Vec::new();
            self.unmet(when, &mut unmet);
            unmet.first().map_or_else(|| "its conditions cannot be met".to_owned(), |one| (*one).to_owned())
        }))
    }

    /// What is wrong with the tests that cannot hold.
    fn unmet(&self, condition: &Condition, found: &mut Vec<&'static str>) {
        match condition.form() {
            Form::All(list) | Form::Any(list) => list.iter().for_each(|one| self.unmet(one, found)),
            Form::Not(_) => {}
            Form::Test if self.test(condition) => found.push(match condition {
                Condition::Tier(_) => "nobody reaches the level that it asks for",
                Condition::Line(_) | Condition::Basket(_) if self.bought => "no line can fit",
                _ => "only a purchase has a store, partner, channel, coupons, tenders and lines",
            }),
            Form::Test => {}
        }
    }

    fn test(&self, test: &Condition) -> bool {
        let lines_fit = |lines: &LineCondition| self.bought && !never(lines, &|_| false);
        match test {
            Condition::Store(text) | Condition::Partner(text) | Condition::Channel(text) => {
                !self.bought && !matches!(text, TextTest::NotIn(_) | TextTest::Known(false))
            }
            Condition::Coupons(list) => !self.bought && !matches!(list, ListTest::Known(false)),
            Condition::Line(lines) => !lines_fit(lines),
            Condition::Basket(basket) => {
                let lines = basket.lines.as_ref();
                let others = |test: &LineCondition| matches!(test, LineCondition::Kind(kind) if !basket.kinds.contains(kind));
                let empty = !self.bought || lines.is_some_and(|lines| never(lines, &others));
                empty && !admits_nothing(&basket.sum)
            }
            // What is no purchase is paid by nothing, of which no test of a share holds either.
            Condition::Tender(tender) => {
                let admits = tender.amount.as_ref().is_some_and(admits_nothing);
                !self.bought && !admits && tender.known != Some(false)
            }
            Condition::Tier(TierTest { track, level }) => {
                !level.is_empty() && level.iter().all(|level| self.unreachable.contains(&(track, level)))
            }
            _ => false,
        }
    }
}

/// Whether a sum of nothing passes.
fn admits_nothing(test: &NumberTest) -> bool {
    use crate::money::Quantity;
    match test {
        NumberTest::Is(value) => *value == Quantity::ZERO,
        NumberTest::AtLeast(least) => *least <= Quantity::ZERO,
        NumberTest::AtMost(most) => *most >= Quantity::ZERO,
        NumberTest::Between(low, high) => *low <= Quantity::ZERO && Quantity::ZERO <= *high,
    }
}

/// Two conditions of a list that exclude each other, in words.
fn two_of<T: Logic + serde::Serialize>(condition: &T) -> Option<String> {
    let text = |one: &T| serde_json::to_string(one).unwrap_or_default();
    match condition.form() {
        Form::All(all) => match clash(all) {
            Some((one, other)) => {
                Some(format!("`{}` and `{}` never hold together", text(all.get(one)?), text(all.get(other)?)))
            }
            None => all.iter().find_map(two_of),
        },
        Form::Any(any) => any.iter().find_map(two_of),
        _ => None,
    }
}
