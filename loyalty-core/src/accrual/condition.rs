//! Whether conditions hold, each leaf telling the trace what it looked at.

mod measured;
mod moment;

use std::fmt::Display;

pub(super) use self::measured::basket_sum;

use super::basis::numeric;
use super::history;
use super::subject::Subject;
use crate::activity::{Activity, Attribute, AttributeValue, Line, attribute};
use crate::explain::{NoTrace, Step, StepKind, Trace};
use crate::money::{OutOfRange, Ratio};
use crate::program::condition::{
    AttributeTest, Condition, LineCondition, ListTest, NumberTest, PathTest, TextTest,
};

/// Whether a condition on the activity holds.
pub fn holds<T: Trace>(
    condition: &Condition,
    subject: &Subject<'_>,
    trace: &mut T,
) -> Result<bool, OutOfRange> {
    let purchase = match subject.activity {
        Activity::Purchase(purchase) => Some(purchase),
        _ => None,
    };
    Ok(match condition {
        Condition::All(all) => {
            for one in all {
                if !holds(one, subject, trace)? {
                    return Ok(false);
                }
            }
            true
        }
        Condition::Any(any) => {
            for one in any {
                if holds(one, subject, trace)? {
                    return Ok(true);
                }
            }
            false
        }
        Condition::Not(inner) => !holds(inner, subject, trace)?,
        Condition::Store(test) => text("store", test, purchase.and_then(|p| p.store.as_deref()), trace),
        Condition::Partner(test) => text("partner", test, purchase.and_then(|p| p.partner.as_deref()), trace),
        Condition::Channel(test) => text("channel", test, purchase.and_then(|p| p.channel.as_deref()), trace),
        Condition::Coupons(test) => {
            list("coupons", test, purchase.map_or(&[], |p| p.coupons.as_slice()), trace)
        }
        Condition::Attribute(test) => attribute_holds(test, subject.attributes(), trace),
        Condition::Line(wanted) => {
            let held = subject.lines().iter().any(|line| line_holds(wanted, line, &mut NoTrace));
            told(trace, held, || {
                ("lines".into(), format!("{} lines", subject.lines().len()), "one that fits".into())
            })
        }
        Condition::Basket(test) => measured::basket(test, subject, trace)?,
        Condition::Tender(test) => {
            measured::tender(test, purchase.map_or(&[], |p| p.tenders.as_slice()), trace)?
        }
        Condition::Tier(test) => {
            let level = subject.level(&test.track);
            let held = level.is_some_and(|level| test.level.contains(level));
            told(trace, held, || {
                let wanted: Vec<_> = test.level.iter().map(ToString::to_string).collect();
                let found = level.map_or_else(|| "none".to_owned(), ToString::to_string);
                (format!("tier `{}`", test.track), found, wanted.join(" or "))
            })
        }
        Condition::Dates(range) => moment::dates(*range, subject, trace),
        Condition::Weekday(days) => moment::weekday(days, subject, trace),
        Condition::Hours(hours) => moment::hours(*hours, subject, trace),
        Condition::Holiday(list) => moment::holiday(list, subject, trace),
        Condition::Membership(test) => moment::membership(test, subject, trace)?,
        Condition::Counter(test) => history::counter_holds(test, subject, trace)?,
        Condition::Nth(test) => history::nth_holds(test, subject, trace)?,
        Condition::SinceLast(test) => history::since_last_holds(test, subject, trace)?,
    })
}

/// Whether a condition on a line holds.
pub fn line_holds<T: Trace>(condition: &LineCondition, line: &Line, trace: &mut T) -> bool {
    match condition {
        LineCondition::All(all) => all.iter().all(|one| line_holds(one, line, trace)),
        LineCondition::Any(any) => any.iter().any(|one| line_holds(one, line, trace)),
        LineCondition::Not(inner) => !line_holds(inner, line, trace),
        LineCondition::Kind(kind) => line.kind == *kind,
        LineCondition::Sku(test) => text("sku", test, line.sku.as_deref(), trace),
        LineCondition::Category(PathTest::Under(path)) => line.category.starts_with(path),
        LineCondition::Category(PathTest::Known(known)) => line.category.is_empty() != *known,
        LineCondition::Brand(test) => text("brand", test, line.brand.as_deref(), trace),
        LineCondition::Tags(test) => list("tags", test, &line.tags, trace),
        LineCondition::Quantity(test) => {
            number("quantity", test, line.units().ratio(), trace).unwrap_or(false)
        }
        LineCondition::Unit(test) => text("unit", test, line.unit.as_deref(), trace),
        LineCondition::Value(test) => measured::value(test, line, trace).unwrap_or(false),
        LineCondition::Discount(test) => measured::discount(test, line, trace).unwrap_or(false),
        LineCondition::Attribute(test) => attribute_holds(test, &line.attributes, trace),
    }
}

fn attribute_holds<T: Trace>(test: &AttributeTest, attributes: &[Attribute], trace: &mut T) -> bool {
    let found = attribute(attributes, test.id.as_str());
    if let Some(wanted) = &test.text {
        let found = match found {
            Some(AttributeValue::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        return text(test.id.as_str(), wanted, found, trace);
    }
    if let Some(wanted) = &test.number {
        let found = found.and_then(numeric).map(|q| q.ratio());
        return found.is_some_and(|found| number(test.id.as_str(), wanted, found, trace).unwrap_or(false));
    }
    let held = match (test.flag, test.known) {
        (Some(flag), _) => found == Some(&AttributeValue::Flag(flag)),
        (None, known) => found.is_some() == known.unwrap_or(true),
    };
    told(trace, held, || {
        let wanted =
            test.flag.map_or_else(|| format!("known: {}", test.known.unwrap_or(true)), |f| f.to_string());
        (test.id.to_string(), found.map_or_else(|| "nothing".to_owned(), |v| format!("{v:?}")), wanted)
    })
}

fn text<T: Trace>(what: &str, test: &TextTest, found: Option<&str>, trace: &mut T) -> bool {
    let among = |list: &[String]| found.is_some_and(|found| list.iter().any(|one| one == found));
    let held = match test {
        TextTest::Is(wanted) => found == Some(wanted.as_str()),
        TextTest::In(list) => among(list),
        TextTest::NotIn(list) => !among(list),
        TextTest::StartsWith(starts) => {
            found.is_some_and(|found| starts.as_slice().iter().any(|start| found.starts_with(start.as_str())))
        }
        TextTest::Known(known) => found.is_some() == *known,
    };
    told(trace, held, || (what.to_owned(), format!("`{}`", found.unwrap_or("")), words(test)))
}

fn words(test: &TextTest) -> String {
    let quoted = |list: &[String]| list.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(" or ");
    match test {
        TextTest::Is(wanted) => format!("`{wanted}`"),
        TextTest::In(list) => quoted(list),
        TextTest::NotIn(list) => format!("not {}", quoted(list)),
        TextTest::StartsWith(starts) => format!("a start of {}", quoted(starts.as_slice())),
        TextTest::Known(true) => "to be given".to_owned(),
        TextTest::Known(false) => "to be absent".to_owned(),
    }
}

fn list<T: Trace>(what: &str, test: &ListTest, found: &[String], trace: &mut T) -> bool {
    let held = match test {
        ListTest::Has(wanted) => found.contains(wanted),
        ListTest::Known(known) => found.is_empty() != *known,
    };
    told(trace, held, || {
        let wanted = match test {
            ListTest::Has(wanted) => format!("`{wanted}`"),
            ListTest::Known(known) => format!("known: {known}"),
        };
        (what.to_owned(), format!("{found:?}"), wanted)
    })
}

/// Whether a number passes a test.
pub fn number<T: Trace>(
    what: impl Display,
    test: &NumberTest,
    found: Ratio,
    trace: &mut T,
) -> Result<bool, OutOfRange> {
    let held = match test {
        NumberTest::Is(wanted) => found.compare(wanted.ratio())?.is_eq(),
        NumberTest::AtLeast(least) => found.compare(least.ratio())?.is_ge(),
        NumberTest::AtMost(most) => found.compare(most.ratio())?.is_le(),
        NumberTest::Between(low, high) => {
            found.compare(low.ratio())?.is_ge() && found.compare(high.ratio())?.is_le()
        }
    };
    Ok(told(trace, held, || {
        let wanted = match test {
            NumberTest::Is(wanted) | NumberTest::AtLeast(wanted) => wanted.to_string(),
            NumberTest::AtMost(most) => format!("at most {most}"),
            NumberTest::Between(low, high) => format!("{low} to {high}"),
        };
        (what.to_string(), found.to_string(), wanted)
    }))
}

/// Tells the trace what was looked at, and gives the result on.
pub fn told<T: Trace>(trace: &mut T, held: bool, what: impl FnOnce() -> (String, String, String)) -> bool {
    trace.step(|| {
        let (what, found, wanted) = what();
        let verdict = if held { "fits" } else { "does not fit" };
        Step::new(StepKind::Tested, &what, format!("{what} {found}, needs {wanted}: {verdict}"))
    });
    held
}
