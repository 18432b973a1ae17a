//! Whether conditions hold, each leaf telling the trace what it looked at.

mod measured;
mod moment;

use std::fmt::Display;

pub use self::measured::{basket_counts, basket_sum};

use super::basis::numeric;
use super::history;
use super::member;
use super::subject::Subject;
use crate::activity::{Activity, Attribute, AttributeValue, Line, attribute};
use crate::explain::{NoTrace, Step, StepKind, Trace};
use crate::money::{OutOfRange, Quantity, Ratio};
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
        Condition::Line(wanted) => any_line(wanted, subject.lines(), trace),
        Condition::Basket(test) => measured::basket(test, subject, trace)?,
        Condition::Tender(test) => measured::tender(test, subject, trace)?,
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
        of_member => member::holds(of_member, subject, trace),
    })
}

fn any_line<T: Trace>(wanted: &LineCondition, lines: &[Line], trace: &mut T) -> bool {
    let fitting = lines.iter().position(|line| line_holds(wanted, line, &mut NoTrace));
    trace.step(|| {
        let text = match fitting {
            Some(place) => format!("line {} is one that is wanted: fits", place.saturating_add(1)),
            None => format!("none of {} lines is one that is wanted: does not fit", lines.len()),
        };
        Step::new(StepKind::Tested, "lines", text)
    });
    fitting.is_some()
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
            number("quantity", test, (line.units().ratio(), 0), trace).unwrap_or(false)
        }
        LineCondition::Unit(test) => text("unit", test, line.unit.as_deref(), trace),
        LineCondition::Value(test) => measured::value(test, line, trace).unwrap_or(false),
        LineCondition::Discount(test) => measured::discount(test, line, trace).unwrap_or(false),
        LineCondition::Attribute(test) => attribute_holds(test, &line.attributes, trace),
    }
}

/// Whether an attribute, given or not, passes a test.
pub fn attribute_holds<T: Trace>(test: &AttributeTest, attributes: &[Attribute], trace: &mut T) -> bool {
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
        return match found {
            Some(found) => number(test.id.as_str(), wanted, (found, 0), trace).unwrap_or(false),
            None => {
                told(trace, false, || (test.id.to_string(), "not given".into(), wanted_number(wanted, 0)))
            }
        };
    }
    let held = match (test.flag, test.known) {
        (Some(flag), _) => found == Some(&AttributeValue::Flag(flag)),
        (None, known) => found.is_some() == known.unwrap_or(true),
    };
    told(trace, held, || {
        let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
        let wanted = test.flag.map_or_else(|| given_or_not(test.known.unwrap_or(true)), yes);
        let found = match found {
            None => "not given".to_owned(),
            Some(AttributeValue::Flag(flag)) => yes(*flag),
            Some(AttributeValue::Text(text)) => format!("`{text}`"),
        };
        (test.id.to_string(), found, wanted)
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
    let shown = || found.map_or_else(|| "not given".to_owned(), |found| format!("`{found}`"));
    told(trace, held, || (what.to_owned(), shown(), words(test)))
}

fn words(test: &TextTest) -> String {
    let quoted = |list: &[String]| list.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(" or ");
    match test {
        TextTest::Is(wanted) => format!("`{wanted}`"),
        TextTest::In(list) => quoted(list),
        TextTest::NotIn(list) => format!("not {}", quoted(list)),
        TextTest::StartsWith(starts) => format!("a start of {}", quoted(starts.as_slice())),
        TextTest::Known(known) => given_or_not(*known),
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
            ListTest::Known(known) => given_or_not(*known),
        };
        let found: Vec<_> = found.iter().map(|one| format!("`{one}`")).collect();
        let found = if found.is_empty() { "not given".to_owned() } else { found.join(" and ") };
        (what.to_owned(), found, wanted)
    })
}

fn given_or_not(known: bool) -> String {
    if known { "to be given" } else { "not to be given" }.to_owned()
}

/// Whether a number passes a test; it is shown with at least so many decimals.
pub fn number<T: Trace>(
    what: impl Display,
    test: &NumberTest,
    (found, places): (Ratio, u32),
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
    Ok(told(trace, held, || (what.to_string(), found.shown(places), wanted_number(test, places))))
}

fn wanted_number(test: &NumberTest, places: u32) -> String {
    let shown = |number: &Quantity| number.shown(places);
    match test {
        NumberTest::Is(wanted) => format!("exactly {}", shown(wanted)),
        NumberTest::AtLeast(least) => shown(least),
        NumberTest::AtMost(most) => format!("at most {}", shown(most)),
        NumberTest::Between(low, high) => format!("{} to {}", shown(low), shown(high)),
    }
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
