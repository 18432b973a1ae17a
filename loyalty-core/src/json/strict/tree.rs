//! From text to a [`Value`], with every duplicate key and every place that is too deep.

use std::fmt::{self, Formatter};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::fault::Issue;
use super::path::Path;
use super::sink::Sink;

/// Another crate in the same build may switch on serde_json's `arbitrary_precision`; then every
/// number arrives as an object with this one key.
const WRAPPED_NUMBER: &str = "$serde_json::private::Number";

/// The document, without the later ones of duplicate keys. None when it is no JSON or is too deep:
/// then there is no use in reading on.
pub(super) fn document(text: &[u8], sink: &Sink) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let tree = Tree { place: &Path::Root, sink };
    let value = tree.deserialize(&mut deserializer).and_then(|grown| deserializer.end().map(|()| grown));
    value.unwrap_or_else(|error| {
        sink.report(&Path::Root, Issue::not_json(&error));
        None
    })
}

#[derive(Clone, Copy)]
struct Tree<'p> {
    place: &'p Path<'p>,
    sink: &'p Sink,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Option<Value>;

    fn expecting(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Value::Null))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(Value::Bool(flag)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Value::from(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Value::from(number)))
    }

    /// Kept only so that reading the value can say what is wrong with it, and where.
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Value::from(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Value::from(text)))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(Value::String(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if self.sink.refuses_depth(self.place) {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let mut items = Vec::new();
        let mut index: usize = 0;
        while let Some(item) =
            list.next_element_seed(Tree { place: &self.place.item(index), sink: self.sink })?
        {
            items.extend(item);
            index = index.saturating_add(1);
        }
        Ok((items.len() == index).then_some(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        if self.sink.refuses_depth(self.place) {
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let mut entries = Map::new();
        let mut whole = true;
        while let Some(key) = object.next_key::<String>()? {
            if key == WRAPPED_NUMBER && numbers_are_wrapped() {
                return wrapped_number(&object.next_value::<String>()?);
            }
            let place = self.place.key(&key);
            let is_new = !entries.contains_key(&key);
            if !is_new {
                self.sink.report(&place, Issue::duplicate_key(&key));
            }
            let value = object.next_value_seed(Tree { place: &place, sink: self.sink })?;
            whole &= value.is_some();
            if let Some(value) = value.filter(|_| is_new) {
                entries.insert(key, value);
            }
        }
        Ok(whole.then_some(Value::Object(entries)))
    }
}

/// Only with `arbitrary_precision` does this number have a place in memory.
fn numbers_are_wrapped() -> bool {
    serde_json::from_str::<Number>("1e999").is_ok()
}

fn wrapped_number<E: Error>(text: &str) -> Result<Option<Value>, E> {
    serde_json::from_str(text).map(|number| Some(Value::Number(number))).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LIMITS, Program, found, problems_of};
    use super::super::{Limits, parse, read};

    #[test]
    fn text_that_is_no_json() {
        let cases = ["", "{", "[1,]", "{\"a\" 1}", "[1] 2", "nul", "[\"\\x\"]", "{a:1}", "[01]", "\"\t\""];
        for text in cases {
            let problems = parse(text.as_bytes(), &LIMITS).unwrap_err();
            assert_eq!(found(&problems), [("not_json", "")], "{text}");
        }
        let problems = parse(b"[\"\xff\"]", &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("not_json", "")]);
        let problems = problems_of("{\n  \"name\": \"x\",\n  \"rules\": [}\n");
        assert_eq!(found(&problems), [("not_json", "")]);
        assert!(problems[0].message.contains("line 3 column 13"), "{}", problems[0].message);
    }

    #[test]
    fn duplicate_keys_are_found_at_every_level() {
        let text = r#"{"a":{"x~y":1,"b":[0,{"c":1,"c":2}],"x~y":2},"a":{"d":1,"d":1}, "\u0061": 3}"#;
        let problems = parse(text.as_bytes(), &LIMITS).unwrap_err();
        let paths = ["/a", "/a/x~0y", "/a/b/1/c", "/a/d"].map(|path| ("duplicate_key", path));
        assert_eq!(found(&problems), paths);
    }

    #[test]
    fn depth_is_limited_without_recursion() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(64).as_bytes(), &LIMITS).is_ok());
        let deepest = "/0".repeat(64);
        for levels in [65, 1_000_000] {
            let limits = Limits { bytes: 3_000_000, ..LIMITS };
            let problems = parse(nested(levels).as_bytes(), &limits).unwrap_err();
            assert_eq!(found(&problems), [("too_deep", deepest.as_str())]);
            assert_eq!(found(&read::<Program>(nested(levels).as_bytes(), &limits).unwrap_err()).len(), 1);
        }
        let open = "{\"a\":".repeat(100_000);
        let problems = parse(open.as_bytes(), &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("not_json", ""), ("too_deep", "/a".repeat(64).as_str())]);
        let two =
            parse(b"{\"a\":[[1]],\"b\":[],\"c\":[{\"d\":1}]}", &Limits { depth: 2, ..LIMITS }).unwrap_err();
        assert_eq!(found(&two), [("too_deep", "/a/0"), ("too_deep", "/c/0")]);
    }

    /// More than the parser of `serde_json` itself allows cannot be asked for.
    #[test]
    fn the_depth_limit_has_a_limit() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let limits = Limits { depth: 1000, ..LIMITS };
        assert!(parse(nested(126).as_bytes(), &limits).is_ok());
        assert_eq!(parse(nested(127).as_bytes(), &limits).unwrap_err()[0].code, "too_deep");
        assert_eq!(parse(nested(128).as_bytes(), &limits).unwrap_err()[0].code, "too_deep");
    }
}
