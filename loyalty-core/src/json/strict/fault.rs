//! Why a value could not be read: the error type of the reader, and the text of every problem.

use std::fmt::{self, Display, Formatter};

use serde::de::{self, Expected, Unexpected};
use serde_json::Value;

use super::hint::{found, is_inexact, listed, quoted, suggestion, whole};

/// A problem without its place.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: String,
}

/// What stops the reading of one value.
#[derive(Debug)]
pub(super) enum Fault {
    /// Found just now; whoever knows the place reports it.
    Fresh(Box<Issue>),
    /// An object lacks this field.
    Missing(&'static str),
    /// Reported; another try, without the bad field, can find more.
    Again,
    /// Reported; there is nothing more to find here.
    Reported,
}

impl Issue {
    fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Issue { code, message: message.into(), help: help.into() }
    }

    pub(super) fn too_large(bytes: usize, limit: usize) -> Self {
        let message = format!("the document has {bytes} bytes, the limit is {limit}");
        Issue::new("too_large", message, "shorten the document or split it")
    }

    pub(super) fn too_deep(limit: usize) -> Self {
        let message = format!("lists and objects are nested more than {limit} levels deep");
        Issue::new("too_deep", message, "nest less deeply")
    }

    pub(super) fn too_many(listed: usize) -> Self {
        let message = format!("there are more problems than the {listed} that are listed");
        Issue::new("too_many_problems", message, "correct these, then check again")
    }

    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        let message = error.to_string().replace("EOF while parsing", "the text ends inside");
        Issue::new("not_json", message, "correct the JSON there")
    }

    pub(super) fn duplicate_key(key: &str) -> Self {
        let message = format!("key {} is given more than once", quoted(key));
        Issue::new("duplicate_key", message, "keep one of them")
    }

    pub(super) fn missing_field(field: &str, fields: &[&str]) -> Self {
        let mut help = format!("add `{field}`");
        if !fields.is_empty() {
            help.push_str("; the fields here are ");
            help.push_str(&listed(fields));
        }
        Issue::new("missing_field", format!("field `{field}` is missing"), help)
    }

    fn number_not_exact(found: &str) -> Self {
        let message = format!("expected an exact number, found {found}");
        Issue::new("number_not_exact", message, "write decimals as strings, such as \"1.25\"")
    }
}

impl Fault {
    fn fresh(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Fault::Fresh(Box::new(Issue::new(code, message, help)))
    }

    /// The value is of another JSON type than `expected`.
    pub(super) fn wrong_type(expected: &str, value: &Value) -> Self {
        let message = format!("expected {expected}, found {}", found(value));
        Fault::fresh("wrong_type", message, format!("replace it by {expected}"))
    }

    /// As [`Fault::wrong_type`], where a number could have been meant.
    pub(super) fn wrong_scalar(expected: &str, value: &Value) -> Self {
        match value {
            Value::Number(number) if whole(number).is_none() && is_inexact(number) => {
                Fault::Fresh(Box::new(Issue::number_not_exact(&found(value))))
            }
            _ => Fault::wrong_type(expected, value),
        }
    }

    /// The value stands for one of several choices, but is neither a string nor an object.
    pub(super) fn no_choice(value: &Value, choices: &[&str]) -> Self {
        let message = format!("expected a string or an object with one key, found {}", found(value));
        Fault::fresh("wrong_type", message, suggestion("choices", "", choices))
    }

    /// The object stands for one of several choices, but does not name exactly one.
    pub(super) fn not_one_choice(keys: usize, choices: &[&str]) -> Self {
        let message = format!("expected an object with exactly one key, found {keys} keys");
        Fault::fresh("wrong_length", message, suggestion("choices", "", choices))
    }

    pub(super) fn choice_without_value(choice: &str) -> Self {
        let message = format!("{} needs a value", quoted(choice));
        Fault::fresh("wrong_type", message, format!("write an object with the one key {}", quoted(choice)))
    }

    pub(super) fn choice_with_value(choice: &str) -> Self {
        let message = format!("{} takes no value", quoted(choice));
        Fault::fresh("wrong_type", message, format!("write only the string {}", quoted(choice)))
    }

    pub(super) fn wrong_length(needed: usize, given: usize) -> Self {
        let message = format!("expected a list of length {needed}, found one of length {given}");
        Fault::fresh("wrong_length", message, format!("give a list of length {needed}"))
    }

    fn unexpected(code: &'static str, unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = name_of(unexpected);
        let expected = plain(&expected.to_string());
        Fault::fresh(code, format!("expected {expected}, found {found}"), format!("replace it by {expected}"))
    }
}

impl Display for Fault {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Fresh(issue) => out.write_str(&issue.message),
            Fault::Missing(field) => write!(out, "field `{field}` is missing"),
            Fault::Again | Fault::Reported => out.write_str("already reported"),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    /// The text becomes the message; a type that has advice puts it after a line break.
    fn custom<T: Display>(text: T) -> Self {
        let text = text.to_string();
        let (message, help) = text.split_once('\n').unwrap_or((&text, "correct this value"));
        Fault::fresh("invalid_value", message, help)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Fault::unexpected("wrong_type", unexpected, expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Fault::unexpected("invalid_value", unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let expected = plain(&expected.to_string());
        let message = format!("expected {expected}, found length {length}");
        Fault::fresh("wrong_length", message, format!("give {expected}"))
    }

    fn unknown_variant(variant: &str, choices: &'static [&'static str]) -> Self {
        let message = format!("unknown choice {}", quoted(variant));
        Fault::fresh("unknown_variant", message, suggestion("choices", variant, choices))
    }

    fn unknown_field(field: &str, fields: &'static [&'static str]) -> Self {
        let message = format!("unknown field {}", quoted(field));
        Fault::fresh("unknown_field", message, suggestion("fields", field, fields))
    }

    fn missing_field(field: &'static str) -> Self {
        Fault::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Fault::Fresh(Box::new(Issue::duplicate_key(field)))
    }
}

fn name_of(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(flag) => format!("`{flag}`"),
        Unexpected::Unsigned(number) => format!("the number `{number}`"),
        Unexpected::Signed(number) => format!("the number `{number}`"),
        Unexpected::Char(letter) => format!("the string {}", quoted(&letter.to_string())),
        Unexpected::Str(text) => format!("the string {}", quoted(text)),
        Unexpected::Unit | Unexpected::Option => "`null`".to_owned(),
        Unexpected::Seq | Unexpected::Bytes(_) | Unexpected::TupleVariant => "a list".to_owned(),
        Unexpected::Map | Unexpected::StructVariant => "an object".to_owned(),
        _ => "another value".to_owned(),
    }
}

/// What serde calls an expected value, in words that need no knowledge of Rust.
fn plain(expected: &str) -> String {
    let first = expected.split(' ').next().unwrap_or_default();
    let words = match (expected, first) {
        ("a boolean", _) => "`true` or `false`",
        ("a sequence", _) | (_, "tuple") => "a list",
        ("a map", _) | (_, "struct" | "internally" | "adjacently") => "an object",
        ("unit", _) => "`null`",
        (_, "enum" | "variant") => "the name of a choice",
        (_, "i8" | "i16" | "i32" | "i64" | "i128" | "isize") => "a whole number",
        (_, "u8" | "u16" | "u32" | "u64" | "u128" | "usize") => "a whole number of at least 0",
        _ if expected.starts_with("a nonzero ") => "a whole number other than 0",
        _ => expected,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use std::fmt::Formatter;
    use std::num::NonZeroU8;

    use serde::Deserialize;
    use serde::de::{Error, Visitor};

    use super::super::read;
    use super::super::tests::{LIMITS, found};
    use super::*;

    /// A check of the type itself, in the ways that serde has for one.
    #[derive(Debug)]
    struct Code;

    impl<'de> Deserialize<'de> for Code {
        fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Code)
        }
    }

    impl Visitor<'_> for Code {
        type Value = Code;

        fn expecting(&self, out: &mut Formatter<'_>) -> fmt::Result {
            out.write_str("a code of three letters")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Code, E> {
            match text.len() {
                3 => Ok(Code),
                0 => Err(E::custom("a code is needed")),
                1 => Err(E::invalid_value(Unexpected::Str(text), &self)),
                length => Err(E::invalid_length(length, &self)),
            }
        }
    }

    #[test]
    fn checks_of_a_type_keep_their_words() {
        let text = br#"["abc","","x","abcd",5,null,[],{},1.5,true]"#;
        let problems = read::<Vec<Code>>(text, &LIMITS).unwrap_err();
        let texts: Vec<_> = problems.iter().map(|problem| (problem.code, problem.message.as_str())).collect();
        let expected = [
            ("invalid_value", "a code is needed"),
            ("invalid_value", "expected a code of three letters, found the string `x`"),
            ("wrong_length", "expected a code of three letters, found length 4"),
            ("wrong_type", "expected a code of three letters, found the number `5`"),
            ("wrong_type", "expected a code of three letters, found `null`"),
            ("wrong_type", "expected a code of three letters, found a list"),
            ("wrong_type", "expected a code of three letters, found an object"),
            ("number_not_exact", "expected an exact number, found the number `1.5`"),
            ("wrong_type", "expected a code of three letters, found `true`"),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn an_alias_beside_its_field_is_a_duplicate() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read")]
        struct Renamed {
            #[serde(alias = "old")]
            new: u8,
        }
        let problems = read::<Renamed>(br#"{"new":1,"old":1}"#, &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("duplicate_key", "")]);
    }

    #[test]
    fn names_of_rust_types_are_translated() {
        let problems = read::<NonZeroU8>(b"0", &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("invalid_value", "")]);
        assert_eq!(problems[0].message, "expected a whole number other than 0, found the number `0`");
        for (rust, words) in [
            ("struct Rule with 2 elements", "an object"),
            ("internally tagged enum Line", "an object"),
            ("tuple struct Pair with 2 elements", "a list"),
            ("u8", "a whole number of at least 0"),
            ("i64", "a whole number"),
            ("variant identifier", "the name of a choice"),
            ("a date", "a date"),
        ] {
            assert_eq!(plain(rust), words);
        }
    }
}
