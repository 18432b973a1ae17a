//! Reads JSON into ordinary serde types and says *everything* that is wrong with it at once.
//!
//! A type has one definition, `#[derive(Deserialize)] #[serde(deny_unknown_fields)]`, and every
//! problem comes with a JSON pointer, a stable code, and what to do about it:
//!
//! | code | meaning |
//! |---|---|
//! | `not_json` | the text is no JSON; the message has line and column |
//! | `duplicate_key` | an object gives one key more than once |
//! | `too_large`, `too_deep`, `too_many_problems` | see [`Limits`] |
//! | `unknown_field`, `missing_field` | of an object with fixed fields |
//! | `wrong_type` | another JSON type, or a whole number too small or too large for its field |
//! | `number_not_exact` | a number with a fraction or exponent: decimals are strings |
//! | `unknown_variant` | a choice that does not exist |
//! | `wrong_length` | a list of fixed length, or an object that must name one choice |
//! | `invalid_value` | the type's own check refused the value |
//!
//! A type's own check (`try_from`, a visitor) gives the message as its serde error, and may add
//! the help after a line break. No value is ever read through a floating point number.
//!
//! Limits of "everything": in one object, fields that are missing after the first missing one are
//! found when a value for the first can be invented, which fails for types with unusual checks.
//! Internally tagged, untagged and flattened types are buffered by serde and give one problem at a
//! time, at the whole value.

mod choice;
mod de;
mod fault;
mod hint;
mod list;
mod object;
mod order;
mod path;
mod sink;
mod stand_in;
mod tree;

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::de::{Spot, explore};
use self::fault::Issue;
use self::path::Path;
use self::sink::Sink;
use crate::problem::Problem;

/// The most levels that [`Limits::depth`] can allow: one less than where `serde_json` stops by itself.
const DEEPEST: usize = 126;

/// How much a document may ask of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest length of the text, in bytes.
    pub bytes: usize,
    /// How many lists and objects may lie in each other, at most 126.
    pub depth: usize,
    /// How many problems are listed, as long as their pointers are no longer than a text may be; if there are
    /// more, `too_many_problems` follows as one more.
    pub problems: usize,
}

/// Reads `text` into a `T`.
///
/// # Errors
/// All problems of the text, duplicate keys included, in the order of the document, each once.
pub fn read<T: DeserializeOwned>(text: &[u8], limits: &Limits) -> Result<T, Vec<Problem>> {
    let sink = Sink::new(limits);
    let value = document(text, &sink);
    let place = &Path::Root;
    let read = value.as_ref().and_then(|value| explore(Spot { value, place, sink: &sink }).ok());
    finish(read, sink, |problems| sort_by_text(problems, text))
}

/// Reads a value that is already parsed into a `T`.
///
/// # Errors
/// All problems of the value, in the order of its entries, each once.
pub fn read_value<T: DeserializeOwned>(value: &Value, limits: &Limits) -> Result<T, Vec<Problem>> {
    let sink = Sink::new(limits);
    let read = explore(Spot { value, place: &Path::Root, sink: &sink }).ok();
    finish(read, sink, |problems| order::sort(problems, value))
}

/// Parses `text`, refusing what JSON leaves open: duplicate keys, any depth, any size.
///
/// Numbers with a fraction or exponent stay in the value; reading them into a type fails.
///
/// # Errors
/// `too_large`, `not_json` and every `duplicate_key` and `too_deep`, in the order of the document.
pub fn parse(text: &[u8], limits: &Limits) -> Result<Value, Vec<Problem>> {
    let sink = Sink::new(limits);
    let value = document(text, &sink);
    finish(value, sink, |problems| sort_by_text(problems, text))
}

fn document(text: &[u8], sink: &Sink) -> Option<Value> {
    let limit = sink.bytes();
    if text.len() > limit {
        sink.report(&Path::Root, Issue::too_large(text.len(), limit));
        return None;
    }
    tree::document(text, sink)
}

fn sort_by_text(problems: &mut [Problem], text: &[u8]) {
    order::sort(problems, &mut serde_json::Deserializer::from_slice(text));
}

/// The value, if nothing at all was reported.
fn finish<T>(value: Option<T>, sink: Sink, sort: impl FnOnce(&mut [Problem])) -> Result<T, Vec<Problem>> {
    match value {
        Some(value) if sink.is_clean() => Ok(value),
        _ => Err(sink.close(sort)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, Instant};

    use serde::Deserialize;

    use super::*;

    pub(super) const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 64, problems: 100 };

    /// A decimal with its own check, as the core's types have.
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(try_from = "String")]
    struct Rate(String);

    impl TryFrom<String> for Rate {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            let is_decimal = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.');
            if is_decimal { Ok(Rate(text)) } else { Err(format!("`{text}` is no rate\nwrite it as `1.25`")) }
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    pub(super) enum When {
        Always,
        All(Vec<When>),
        Not(Box<When>),
        Basket { at_least: u32, store: Option<String> },
        Between(u32, u32),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Rule {
        id: String,
        rate: Rate,
        when: When,
        #[serde(default)]
        tags: Vec<u8>,
        note: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Program {
        name: String,
        rules: Vec<Rule>,
        #[serde(default)]
        labels: BTreeMap<String, i64>,
        #[serde(default)]
        span: Option<(u8, bool)>,
    }

    pub(super) fn found(problems: &[Problem]) -> Vec<(&str, &str)> {
        problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect()
    }

    pub(super) fn problems_of(text: &str) -> Vec<Problem> {
        read::<Program>(text.as_bytes(), &LIMITS).unwrap_err()
    }

    /// The one rule `rule` in an otherwise right program; problems without the `/rules/0` before them.
    pub(super) fn in_rule(rule: &str) -> Vec<(&'static str, String)> {
        let problems = problems_of(&format!(r#"{{"name":"x","rules":[{rule}]}}"#));
        let inside =
            |problem: Problem| (problem.code, problem.path.strip_prefix("/rules/0").unwrap().to_owned());
        problems.into_iter().map(inside).collect()
    }

    pub(super) fn owned(code: &'static str, path: &str) -> (&'static str, String) {
        (code, path.to_owned())
    }

    fn right_program() -> Program {
        let rule = Rule {
            id: "é/\"".to_owned(),
            rate: Rate("1.50".to_owned()),
            when: When::All(vec![
                When::Always,
                When::Not(Box::new(When::Basket { at_least: 3000, store: None })),
                When::Between(1, 4_294_967_295),
            ]),
            tags: vec![0, 255],
            note: None,
        };
        let labels = BTreeMap::from([("a".to_owned(), i64::MIN), ("b".to_owned(), i64::MAX)]);
        Program { name: String::new(), rules: vec![rule], labels, span: Some((7, true)) }
    }

    const RIGHT: &str = r#" {"span":[7,true],"labels":{"b":9223372036854775807,"a":-9223372036854775808},"name":"",
        "rules":[{"id":"\u00e9\/\"","rate":"1.50","tags":[0,255],"note":null,"when":{"all":[
            "always",{"not":{"basket":{"at_least":3000}}},{"between":[1,4294967295]}]}}]} "#;

    #[test]
    fn a_right_document_is_read() {
        assert_eq!(read::<Program>(RIGHT.as_bytes(), &LIMITS), Ok(right_program()));
        let value = parse(RIGHT.as_bytes(), &LIMITS).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(RIGHT).unwrap());
        assert_eq!(read_value::<Program>(&value, &LIMITS), Ok(right_program()));
    }

    #[test]
    fn duplicate_keys_and_wrong_values_are_found_together() {
        let problems = problems_of(r#"{"rules":[],"name":5,"labels":{"a":1,"a":true,"b":"1"},"name":"x"}"#);
        let expected = [
            ("duplicate_key", "/name"),
            ("wrong_type", "/name"),
            ("duplicate_key", "/labels/a"),
            ("wrong_type", "/labels/b"),
        ];
        assert_eq!(found(&problems), expected);
    }

    #[test]
    fn size_is_limited() {
        let limits = Limits { bytes: 4, ..LIMITS };
        assert!(parse(b"[12]", &limits).is_ok());
        assert_eq!(found(&parse(b"[123]", &limits).unwrap_err()), [("too_large", "")]);
        assert_eq!(found(&read::<Vec<u8>>(b"[1,2]", &limits).unwrap_err()), [("too_large", "")]);
    }

    #[test]
    fn independent_problems_are_all_found() {
        let text = r#"{"rules":[
            {"id":"a","rate":"1","when":"always"},
            {"id":1,"rate":"1","when":"always"},
            {"id":"c","rate":"x","when":"always"},
            {"id":"d","rate":"1","when":"allways"},
            {"id":"e","rate":"1","when":"always","tags":[1,256,2,-1]}],"name":"x"}"#;
        let expected = [
            ("wrong_type", "/rules/1/id"),
            ("invalid_value", "/rules/2/rate"),
            ("unknown_variant", "/rules/3/when"),
            ("wrong_type", "/rules/4/tags/1"),
            ("wrong_type", "/rules/4/tags/3"),
        ];
        assert_eq!(found(&problems_of(text)), expected);
    }

    #[test]
    fn problems_come_in_the_order_of_the_document() {
        let text =
            r#"{"zz":0,"span":[1],"rules":[{"when":1,"id":2}],"labels":{"b":null,"a":null},"name":4,"aa":0}"#;
        let paths = ["/zz", "/span", "/rules/0", "/rules/0/when", "/rules/0/id"];
        let paths = paths.into_iter().chain(["/labels/b", "/labels/a", "/name", "/aa"]);
        let problems = problems_of(text);
        assert_eq!(
            problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
            paths.collect::<Vec<_>>()
        );
    }

    #[test]
    fn pointers_are_escaped() {
        let problems =
            problems_of(r#"{"name":"x","rules":[],"labels":{"a/b":true,"m~n":true,"":true},"x/~":1}"#);
        let expected = [
            ("wrong_type", "/labels/a~1b"),
            ("wrong_type", "/labels/m~0n"),
            ("wrong_type", "/labels/"),
            ("unknown_field", "/x~1~0"),
        ];
        assert_eq!(found(&problems), expected);
    }

    #[test]
    fn texts_say_what_to_do_and_name_no_types() {
        let text = r#"{"name":1,"rules":[{"id":"a","rate":"abc","when":{"alll":[]}}],"label":{},"span":[1]}"#;
        let problems = problems_of(text);
        let texts: Vec<_> =
            problems.iter().map(|problem| (problem.message.as_str(), problem.help.as_str())).collect();
        let expected = [
            ("expected a string, found the number `1`", "replace it by a string"),
            ("`abc` is no rate", "write it as `1.25`"),
            (
                "unknown choice `alll`",
                "did you mean `all`? the choices here are `always`, `all`, `not`, `basket`, `between`",
            ),
            (
                "unknown field `label`",
                "did you mean `labels`? the fields here are `name`, `rules`, `labels`, `span`",
            ),
            ("expected a list of length 2, found one of length 1", "give a list of length 2"),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn the_list_of_problems_is_cut() {
        let text = r#"{"name":"x","rules":[],"labels":{"a":"","b":"","c":""}}"#;
        let limited =
            |problems| read::<Program>(text.as_bytes(), &Limits { problems, ..LIMITS }).unwrap_err();
        assert_eq!(limited(3).len(), 3);
        let cut = limited(2);
        assert_eq!(
            found(&cut),
            [("wrong_type", "/labels/a"), ("wrong_type", "/labels/b"), ("too_many_problems", "")]
        );
        assert_eq!(found(&limited(0)), [("too_many_problems", "")]);
        let duplicates = parse(br#"{"a":1,"a":2,"a":3}"#, &Limits { problems: 1, ..LIMITS }).unwrap_err();
        assert_eq!(found(&duplicates), [("duplicate_key", "/a"), ("too_many_problems", "")]);
    }

    /// With work that grows with the square of the problems this would take minutes.
    #[test]
    fn many_problems_take_linear_time() {
        let started = Instant::now();
        let limits = Limits { bytes: 16 << 20, problems: 1_000_000, ..LIMITS };
        let rule = r#"{"id":7,"rate":1.5,"when":{"all":[{"not":{"basket":{"shop":1}}}]},"tags":[-1]}"#;
        let rules = vec![rule; 10_000].join(",");
        let labels: Vec<String> = (0..10_000).map(|n| format!("\"{n}\":null")).collect();
        let text = format!(r#"{{"name":"x","rules":[{rules}],"labels":{{{}}}}}"#, labels.join(","));
        let problems = read::<Program>(text.as_bytes(), &limits).unwrap_err();
        assert_eq!(problems.len(), 10_000 * 5 + 10_000);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }

    /// Objects without fixed fields have no bound on what is bad in one of them.
    #[test]
    fn many_problems_in_one_free_object_take_linear_time() {
        let started = Instant::now();
        let entries: Vec<String> = (0..10_000).map(|n| format!("\"{n}\":1.5")).collect();
        let limits = Limits { problems: 20_000, ..LIMITS };
        let problems = read::<Value>(format!("{{{}}}", entries.join(",")).as_bytes(), &limits).unwrap_err();
        assert_eq!(problems.len(), 10_000);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}
