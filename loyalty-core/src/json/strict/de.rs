//! A serde deserializer over a [`Value`] that knows where it is and goes on after a failure.
//!
//! Derived types ask for the next element, entry or field value by type
//! (`next_element::<T>()`), not by seed. That is what makes recovery possible: a list or map reads
//! its other elements as the same `T` after one failed, and a struct is read once more without the
//! field that failed. A failed value is never read again, so a document is read at most as often
//! as one object in it has bad and missing fields.

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::choice::Choice;
use super::fault::Fault;
use super::hint::whole;
use super::list::{read_list, read_tuple};
use super::object::{Progress, read_object};
use super::path::Path;
use super::sink::Sink;

/// One value of the document.
#[derive(Clone, Copy)]
pub(super) struct Spot<'de, 'p> {
    pub(super) value: &'de Value,
    pub(super) place: &'p Path<'p>,
    pub(super) sink: &'p Sink,
}

/// One try to read a value.
pub(super) struct Node<'de, 'p> {
    pub(super) spot: Spot<'de, 'p>,
    pub(super) progress: &'p Progress<'de>,
}

impl Spot<'_, '_> {
    /// Reports a fault that was found here.
    pub(super) fn refuse(&self, fault: Fault) -> Fault {
        report(self.sink, self.place, &[], fault)
    }
}

/// Reports a fault unless that has happened; `fields` are those that an object could have.
pub(super) fn report(sink: &Sink, place: &Path<'_>, fields: &[&str], fault: Fault) -> Fault {
    match fault {
        Fault::Fresh(issue) => sink.report(place, *issue),
        Fault::Missing(field) => sink.report(place, super::fault::Issue::missing_field(field, fields)),
        Fault::Again | Fault::Reported => {}
    }
    Fault::Reported
}

/// Reads the value here, or reports everything that is wrong with it.
pub(super) fn explore<'de, T: Deserialize<'de>>(spot: Spot<'de, '_>) -> Result<T, Fault> {
    let progress = Progress::default();
    while !spot.sink.is_full() {
        match T::deserialize(Node { spot, progress: &progress }) {
            Err(Fault::Again) => {}
            read => return read.map_err(|fault| spot.refuse(fault)),
        }
    }
    Err(Fault::Reported)
}

impl<'de> Node<'de, '_> {
    /// The whole number here as a number of `smallest..=largest`.
    fn integer<N: TryFrom<i128>>(&self, smallest: &str, largest: &str) -> Result<N, Fault> {
        let number = match self.spot.value {
            Value::Number(number) => whole(number).and_then(|number| N::try_from(number).ok()),
            _ => None,
        };
        number.ok_or_else(|| {
            let expected = format!("a whole number from {smallest} to {largest}");
            Fault::wrong_scalar(&expected, self.spot.value)
        })
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.spot.value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            other => Err(Fault::wrong_scalar("a string", other)),
        }
    }

    fn null<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.spot.value {
            Value::Null => visitor.visit_unit(),
            other => Err(Fault::wrong_type("`null`", other)),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $number:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let (smallest, largest) = (<$number>::MIN.to_string(), <$number>::MAX.to_string());
            visitor.$visit(self.integer::<$number>(&smallest, &largest)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.spot.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) => read_list(self.spot, visitor),
            Value::Object(_) => read_object(&self, &[], visitor),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => Err(Fault::wrong_scalar("a number of at most 64 bits", self.spot.value)),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.spot.value {
            Value::Bool(flag) => visitor.visit_bool(*flag),
            other => Err(Fault::wrong_type("`true` or `false`", other)),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.spot.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.null(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.null(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        read_list(self.spot, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        read_tuple(self.spot, length, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        read_tuple(self.spot, length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        read_object(&self, &[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        read_object(&self, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(Choice::of(&self, choices)?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    // No type gets a float: `deserialize_any` refuses every number that is not a whole one.
    forward_to_deserialize_any! { f32 f64 bytes byte_buf identifier }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::super::tests::{LIMITS, Program, found, in_rule, owned, problems_of};
    use super::super::{read, read_value};
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let cases = [
            ("1.5", "number_not_exact"),
            ("1.0", "number_not_exact"),
            ("1e2", "number_not_exact"),
            ("9223372036854775808", "wrong_type"),
            ("18446744073709551616", "wrong_type"),
            ("-9223372036854775809", "wrong_type"),
            ("\"1\"", "wrong_type"),
            ("null", "wrong_type"),
        ];
        for (number, code) in cases {
            let problems = problems_of(&format!(r#"{{"name":"x","rules":[],"labels":{{"a":{number}}}}}"#));
            assert_eq!(found(&problems), [(code, "/labels/a")], "{number}");
        }
        assert_eq!(
            in_rule(r#"{"id":"a","rate":1.25,"when":"always"}"#),
            [owned("number_not_exact", "/rate")]
        );
        assert_eq!(in_rule(r#"{"id":"a","rate":1,"when":"always"}"#), [owned("wrong_type", "/rate")]);
        let free = read::<Value>(br#"{"a":[1,1.5,{"b":2e3}]}"#, &LIMITS).unwrap_err();
        assert_eq!(found(&free), [("number_not_exact", "/a/1"), ("number_not_exact", "/a/2/b")]);
        assert_eq!(free[0].help, "write decimals as strings, such as \"1.25\"");
        assert_eq!(found(&read::<f64>(b"1.5", &LIMITS).unwrap_err()), [("number_not_exact", "")]);
    }

    #[test]
    fn every_integer_type_has_its_range() {
        fn reads<T: DeserializeOwned>(text: &str) -> bool {
            match read::<T>(text.as_bytes(), &LIMITS) {
                Ok(_) => true,
                Err(problems) => {
                    assert_eq!(found(&problems), [("wrong_type", "")], "{text}");
                    false
                }
            }
        }
        assert!(reads::<u8>("255") && !reads::<u8>("256") && !reads::<u8>("-1"));
        assert!(reads::<i8>("-128") && !reads::<i8>("-129") && !reads::<i8>("128"));
        assert!(reads::<u16>("65535") && !reads::<u16>("65536"));
        assert!(reads::<i16>("-32768") && !reads::<i16>("32768"));
        assert!(reads::<u32>("4294967295") && !reads::<u32>("4294967296"));
        assert!(reads::<i32>("-2147483648") && !reads::<i32>("2147483648"));
        assert!(reads::<u64>("18446744073709551615") && !reads::<u64>("-1"));
        assert!(reads::<i64>("-9223372036854775808") && !reads::<i64>("9223372036854775808"));
        assert!(reads::<i128>("18446744073709551615") && reads::<i128>("-9223372036854775808"));
        assert!(reads::<u128>("18446744073709551615") && !reads::<u128>("-1"));
        assert!(reads::<()>("null") && !reads::<()>("0"));
        assert!(reads::<bool>("false") && !reads::<bool>("0"));
        assert!(reads::<char>("\"ü\"") && !reads::<char>("1"));
        assert!(reads::<Option<u8>>("null") && reads::<Option<u8>>("1") && !reads::<Option<u8>>("true"));
    }

    /// The depth of a value that never was text is limited too, and recursive types fit the stack.
    #[test]
    fn deep_types_are_read_up_to_the_limit() {
        let nested = |levels: usize| {
            let inside = (0..levels).fold(json!("always"), |when, _| json!({ "not": when }));
            json!({"name": "x", "rules": [{"id": "a", "rate": "1", "when": inside}]})
        };
        assert!(read_value::<Program>(&nested(61), &LIMITS).is_ok());
        let problems = read_value::<Program>(&nested(62), &LIMITS).unwrap_err();
        let path = format!("/rules/0/when{}", "/not".repeat(61));
        assert_eq!(found(&problems), [("too_deep", path.as_str())]);
    }

    /// Types that serde buffers are read, and refused without a float, a panic or a type's name.
    #[test]
    fn buffered_types_are_read_too() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Line {
            Item { price: u8 },
        }
        assert_eq!(read::<Line>(br#"{"price":5,"kind":"item"}"#, &LIMITS), Ok(Line::Item { price: 5 }));
        for text in [r#"{"kind":"item"}"#, r#"{"price":5}"#, r#"{"kind":"item","price":300}"#, "[]", "{}"] {
            let problems = read::<Vec<Line>>(format!("[{text}]").as_bytes(), &LIMITS).unwrap_err();
            assert_eq!(problems.len(), 1, "{text} {problems:?}");
            let texts = format!("{} {}", problems[0].message, problems[0].help);
            assert!(problems[0].path == "/0" && !texts.contains("u8") && !texts.contains("Line"), "{texts}");
        }
        let problems = read::<Line>(br#"{"kind":"item","price":1.5}"#, &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("number_not_exact", "/price")]);
    }

    /// What follows only from an invented value is not reported.
    #[test]
    fn flattened_types_have_no_problems_of_their_own() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Price {
            price: u8,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        struct Line {
            id: u8,
            #[serde(flatten)]
            price: Price,
        }
        let line = Line { id: 1, price: Price { price: 5 } };
        assert_eq!(read::<Line>(br#"{"price":5,"id":1}"#, &LIMITS), Ok(line));
        let problems = read::<Line>(br#"{"price":1.5,"id":"1"}"#, &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("number_not_exact", "/price"), ("wrong_type", "/id")]);
        assert_eq!(found(&read::<Line>(br#"{"id":1}"#, &LIMITS).unwrap_err()), [("missing_field", "")]);
    }
}
