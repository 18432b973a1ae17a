//! Words for people: what was found, what is allowed, what was probably meant.

use serde_json::{Number, Value};

/// Longer inputs are cut in messages.
const EXCERPT: usize = 60;
/// Names longer than this (in bytes) are not compared with others.
const LONGEST_NAME: usize = 64;

/// The beginning of an input, on one line and in backticks.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::from("`");
    let mut letters = text.chars();
    for letter in letters.by_ref().take(EXCERPT) {
        if letter.is_control() { shown.extend(letter.escape_default()) } else { shown.push(letter) }
    }
    if letters.next().is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

/// The names, each in backticks.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Which value was found.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Null => "`null`".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) => format!("the string {}", quoted(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// The number, if it is a whole one that JSON tools exchange exactly (64 bits).
pub(super) fn whole(number: &Number) -> Option<i128> {
    number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from))
}

/// Whether a number that is not [`whole`] is written with a fraction or exponent, instead of being
/// a whole one of more than 64 bits. The second kind arrives in scientific notation too.
pub(super) fn is_inexact(number: &Number) -> bool {
    let text = number.to_string();
    let Some((_, exponent)) = text.split_once(['e', 'E']) else { return text.contains('.') };
    let largest = if text.starts_with('-') { 18 } else { 19 };
    exponent.parse::<i64>().is_ok_and(|exponent| exponent < largest)
}

/// Names that would have been right, the probable one first.
pub(super) fn suggestion(kind: &str, given: &str, allowed: &[&str]) -> String {
    if allowed.is_empty() {
        return format!("remove it: no {kind} are allowed here");
    }
    let all = format!("the {kind} here are {}", listed(allowed));
    match nearest(given, allowed) {
        Some(name) => format!("did you mean `{name}`? {all}"),
        None => all,
    }
}

/// The name that is at most two letters away from `given`, and by at most half of its letters.
fn nearest<'n>(given: &str, allowed: &[&'n str]) -> Option<&'n str> {
    if given.len() > LONGEST_NAME {
        return None;
    }
    let most = (given.chars().count() / 2).min(2);
    let measured = allowed.iter().map(|name| (distance(given, name), *name));
    measured.filter(|(steps, _)| *steps <= most).min_by_key(|(steps, _)| *steps).map(|(_, name)| name)
}

/// How many letters must be inserted, removed or replaced to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    let mut last = to.chars().count();
    for (done, letter) in from.chars().enumerate() {
        let mut diagonal = done;
        last = done.saturating_add(1);
        for (cell, other) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal.saturating_add(usize::from(letter != other));
            diagonal = *cell;
            last = replaced.min(last.min(*cell).saturating_add(1));
            *cell = last;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Textbook values of the Levenshtein distance.
    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("saturday", "sunday"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
        assert_eq!(distance("größe", "größe"), 0);
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(nearest("nmae", &["id", "name"]), Some("name"));
        assert_eq!(nearest("curency", &["currencies", "currency"]), Some("currency"));
        assert_eq!(nearest("colour", &["id", "name"]), None);
        assert_eq!(nearest("at", &["id"]), None);
        assert_eq!(nearest(&"a".repeat(100), &["a"]), None);
    }

    #[test]
    fn long_and_multi_line_inputs_are_cut() {
        assert_eq!(quoted("a\nb"), "`a\\nb`");
        assert_eq!(quoted(&"ü".repeat(61)), format!("`{}…`", "ü".repeat(60)));
        assert_eq!(quoted(&"ü".repeat(60)), format!("`{}`", "ü".repeat(60)));
    }

    #[test]
    fn fractions_differ_from_numbers_that_are_too_large() {
        let number = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        for text in ["1.5", "1.0", "1e3", "1e-7", "-2.5", "1e18"] {
            assert!(whole(&number(text)).is_none() && is_inexact(&number(text)), "{text}");
        }
        for text in ["18446744073709551616", "-9223372036854775809"] {
            assert!(whole(&number(text)).is_none() && !is_inexact(&number(text)), "{text}");
        }
        assert_eq!(whole(&number("18446744073709551615")), Some(i128::from(u64::MAX)));
        assert_eq!(whole(&number("-9223372036854775808")), Some(i128::from(i64::MIN)));
    }
}
