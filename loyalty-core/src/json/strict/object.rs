//! Objects: structs and maps.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Value, map};

use super::de::{Node, Spot, explore, report};
use super::fault::Fault;
use super::path::Path;
use super::sink::Sink;
use super::stand_in::{StandIn, invent};

/// What earlier tries found out about the fields of one object.
#[derive(Default)]
pub(super) struct Progress<'de> {
    bad: RefCell<BTreeMap<&'de str, Bad>>,
    missing: RefCell<Vec<&'static str>>,
}

/// What the next try does with a field whose problems are reported.
#[derive(Clone, Copy, PartialEq)]
enum Bad {
    /// Leaves it out.
    Hidden,
    /// Gives an invented value for it, so that fields missing beside it are noticed.
    Replaced,
}

impl<'de> Progress<'de> {
    fn is_clean(&self) -> bool {
        self.bad.borrow().is_empty() && self.missing.borrow().is_empty()
    }

    fn mark(&self, key: &'de str, bad: Bad) {
        self.bad.borrow_mut().insert(key, bad);
    }

    fn bad(&self, key: &str) -> Option<Bad> {
        self.bad.borrow().get(key).copied()
    }

    /// Whether this field is missing for a reason that is reported.
    fn explains(&self, field: &str) -> bool {
        self.bad(field) == Some(Bad::Hidden) || self.missing.borrow().contains(&field)
    }
}

/// Reads an object as a struct with these fields, or as a map.
pub(super) fn read_object<'de, V: Visitor<'de>>(
    node: &Node<'de, '_>,
    fields: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, Fault> {
    let Node { spot, progress } = node;
    let entries = match spot.value {
        Value::Object(_) if spot.sink.refuses_depth(spot.place) => return Err(Fault::Reported),
        Value::Object(entries) => Entries::new(node, entries),
        other => return Err(spot.refuse(Fault::wrong_type("an object", other))),
    };
    match visitor.visit_map(entries) {
        Ok(value) if progress.is_clean() => Ok(value),
        Err(Fault::Missing(field)) if !progress.explains(field) => {
            report(spot.sink, spot.place, fields, Fault::Missing(field));
            progress.missing.borrow_mut().push(field);
            Err(Fault::Again)
        }
        Err(Fault::Again) => Err(Fault::Again),
        Err(fault) if progress.is_clean() => Err(spot.refuse(fault)),
        Ok(_) | Err(_) => Err(Fault::Reported),
    }
}

struct Entries<'de, 'p> {
    entries: map::Iter<'de>,
    current: Option<Entry<'de>>,
    /// How many of the missing fields were given an invented value in this try.
    invented: usize,
    has_failed: bool,
    place: &'p Path<'p>,
    sink: &'p Sink,
    progress: &'p Progress<'de>,
}

#[derive(Clone, Copy)]
enum Entry<'de> {
    Given(&'de str, &'de Value),
    Replaced,
    Missing,
}

impl<'de, 'p> Entries<'de, 'p> {
    fn new(node: &Node<'de, 'p>, entries: &'de map::Map<String, Value>) -> Self {
        let Node { spot: Spot { place, sink, .. }, progress } = *node;
        let entries = entries.iter();
        Entries { entries, current: None, invented: 0, has_failed: false, place, sink, progress }
    }

    /// Goes to the next entry and gives its key.
    fn advance(&mut self) -> Option<&'de str> {
        if self.sink.is_full() {
            return None;
        }
        for (key, value) in self.entries.by_ref() {
            self.current = match self.progress.bad(key) {
                None => Some(Entry::Given(key, value)),
                Some(Bad::Replaced) => Some(Entry::Replaced),
                Some(Bad::Hidden) => continue,
            };
            return Some(key);
        }
        let field = self.progress.missing.borrow().get(self.invented).copied()?;
        self.invented = self.invented.saturating_add(1);
        self.current = Some(Entry::Missing);
        Some(field)
    }

    /// Reports a key that was refused.
    fn refuse_key(&self, key: &'de str, fault: Fault) -> Fault {
        let Some(Entry::Given(..)) = self.current else { return Fault::Reported };
        report(self.sink, &self.place.key(key), &[], fault);
        self.progress.mark(key, Bad::Hidden);
        Fault::Again
    }
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Fault;

    /// Refused keys (unknown fields) are passed over.
    fn next_key<K: Deserialize<'de>>(&mut self) -> Result<Option<K>, Fault> {
        while let Some(key) = self.advance() {
            match K::deserialize(Key(key)) {
                Ok(key) => return Ok(Some(key)),
                Err(fault) => drop(self.refuse_key(key, fault)),
            }
        }
        Ok(None)
    }

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(key) = self.advance() else { return Ok(None) };
        seed.deserialize(Key(key)).map(Some).map_err(|fault| self.refuse_key(key, fault))
    }

    fn next_value<T: Deserialize<'de>>(&mut self) -> Result<T, Fault> {
        let (key, value) = match self.current.take() {
            Some(Entry::Given(key, value)) => (key, value),
            Some(Entry::Replaced | Entry::Missing) => return invent().ok_or(Fault::Reported),
            None => return Err(Fault::custom("a value was asked for before its key")),
        };
        let place = self.place.key(key);
        explore(Spot { value, place: &place, sink: self.sink }).or_else(|_| match invent() {
            Some(replacement) => {
                self.progress.mark(key, Bad::Replaced);
                Ok(replacement)
            }
            None => {
                self.progress.mark(key, Bad::Hidden);
                Err(Fault::Again)
            }
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (key, value) = match self.current.take() {
            Some(Entry::Given(key, value)) => (key, value),
            Some(Entry::Replaced | Entry::Missing) => return StandIn::try_seed(seed).ok_or(Fault::Reported),
            None => return Err(Fault::custom("a value was asked for before its key")),
        };
        let place = self.place.key(key);
        let spot = Spot { value, place: &place, sink: self.sink };
        seed.deserialize(Node { spot, progress: &Progress::default() }).map_err(|fault| {
            spot.refuse(fault);
            self.progress.mark(key, Bad::Hidden);
            Fault::Again
        })
    }

    /// Maps ask for whole entries: as in a list, the rest is read for its problems after a failure.
    fn next_entry<K, T>(&mut self) -> Result<Option<(K, T)>, Fault>
    where
        K: Deserialize<'de>,
        T: Deserialize<'de>,
    {
        for (key, value) in self.entries.by_ref() {
            let place = self.place.key(key);
            let spot = Spot { value, place: &place, sink: self.sink };
            let name = K::deserialize(Key(key)).map_err(|fault| spot.refuse(fault));
            match (name, explore::<T>(spot)) {
                (Ok(name), Ok(value)) if !self.has_failed => return Ok(Some((name, value))),
                (Ok(_), Ok(_)) => {}
                _ => self.has_failed = true,
            }
            if self.sink.is_full() {
                break;
            }
        }
        if self.has_failed { Err(Fault::Reported) } else { Ok(None) }
    }
}

/// The key of an entry, or the name of a choice.
pub(super) struct Key<'de>(pub(super) &'de str);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde::Deserialize;

    use super::super::read;
    use super::super::tests::{LIMITS, found, in_rule, owned};
    use super::*;

    #[test]
    fn several_bad_fields_of_one_object_are_all_found() {
        let rule = r#"{"id":1,"rate":"x","when":"always","tags":{},"note":[]}"#;
        let expected = [
            ("wrong_type", "/id"),
            ("invalid_value", "/rate"),
            ("wrong_type", "/tags"),
            ("wrong_type", "/note"),
        ];
        assert_eq!(in_rule(rule), expected.map(|(code, path)| owned(code, path)));
    }

    #[test]
    fn missing_and_unknown_fields_are_found_beside_bad_ones() {
        let expected = [
            ("missing_field", ""),
            ("missing_field", ""),
            ("unknown_field", "/iid"),
            ("wrong_type", "/note"),
        ];
        let found = in_rule(r#"{"iid":"a","when":"always","note":3}"#);
        assert_eq!(found, expected.map(|(code, path)| owned(code, path)));
        assert_eq!(
            in_rule("{}"),
            [owned("missing_field", ""), owned("missing_field", ""), owned("missing_field", "")]
        );
    }

    /// A field that is there and bad is not missing as well, also where no value can be invented.
    #[test]
    fn a_bad_field_is_not_missing() {
        #[derive(Debug, Deserialize)]
        #[serde(try_from = "String")]
        struct Never;
        impl TryFrom<String> for Never {
            type Error = &'static str;
            fn try_from(_: String) -> Result<Self, &'static str> {
                Err("no such thing")
            }
        }
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read")]
        struct Two {
            a: Never,
            b: Never,
            c: u8,
        }
        let problems = read::<Two>(br#"{"c":-1,"b":"","a":3}"#, &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("wrong_type", "/c"), ("invalid_value", "/b"), ("wrong_type", "/a")]);
        assert_eq!(found(&read::<Two>(b"{}", &LIMITS).unwrap_err()), [("missing_field", "")]);
    }

    #[test]
    fn keys_of_maps_are_checked() {
        #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        struct Name(String);
        #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            Item,
            Tax,
        }
        let names = read::<BTreeMap<Name, BTreeMap<Kind, u8>>>(br#"{"x":{"tax":1}}"#, &LIMITS).unwrap();
        assert_eq!(names, BTreeMap::from([(Name("x".to_owned()), BTreeMap::from([(Kind::Tax, 1)]))]));
        let problems =
            read::<BTreeMap<Kind, u8>>(br#"{"tip":1,"tax":-1,"fee":"1","item":1}"#, &LIMITS).unwrap_err();
        let expected = [
            ("unknown_variant", "/tip"),
            ("wrong_type", "/tax"),
            ("unknown_variant", "/fee"),
            ("wrong_type", "/fee"),
        ];
        assert_eq!(found(&problems), expected);
    }
    thread_local! {
        static READS: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts how often a string is read; wants the word `good`.
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "String")]
    struct Counted;

    impl TryFrom<String> for Counted {
        type Error = &'static str;

        fn try_from(text: String) -> Result<Self, &'static str> {
            if text == "good" || text == "bad" {
                READS.set(READS.get().saturating_add(1));
            }
            if text == "good" { Ok(Counted) } else { Err("not good") }
        }
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    #[serde(deny_unknown_fields)]
    struct Nested {
        a: Counted,
        b: Counted,
        inner: Option<Box<Nested>>,
        list: Vec<Counted>,
        needed: u8,
    }

    /// No value can be invented for the two bad fields: three tries in each object, and one more
    /// for what is missing. The two good ones are read at most once a try, the bad ones once.
    #[test]
    fn values_are_read_at_most_once_a_try() {
        let levels = 20;
        let object = |inner: String| {
            format!(
                r#"{{"a":"bad","b":"bad","inner":{inner},"list":["good","good","bad","good"],"needed":1}}"#
            )
        };
        let text = (0..levels).fold("null".to_owned(), |inner, _| object(inner));
        READS.set(0);
        let problems = read::<Nested>(text.as_bytes(), &LIMITS).unwrap_err();
        assert_eq!(problems.len(), levels * 3);
        assert!(READS.get() <= levels * (2 + 4 * 4), "{}", READS.get());

        // The list is bad, but a list can be invented.
        let missing = r#"{"list":["good","bad","good"]}"#;
        READS.set(0);
        let problems = read::<Nested>(missing.as_bytes(), &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("missing_field", ""), ("invalid_value", "/list/1")]);
        assert_eq!(READS.get(), 3);
    }
}
