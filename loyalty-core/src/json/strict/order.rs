//! Sorts problems by where they are in the document. A [`serde_json::Value`] has forgotten the
//! order of its keys, so this goes through the document once more, and only after a failure.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Problem;
use super::path::escaped;

/// Sorts the problems by their first place in the document.
pub(super) fn sort<'de, D: Deserializer<'de>>(problems: &mut [Problem], document: D) {
    if problems.len() < 2 {
        return;
    }
    let mut root = Place::new();
    problems.iter().for_each(|problem| root.add(&problem.path));
    // Where the text stops being JSON, the rest stays as it was found.
    let _ = Walk { place: &mut root, passed: &mut 0 }.deserialize(document);
    problems.sort_by_cached_key(|problem| root.rank_of(&problem.path));
}

/// A value that has problems, or has values with problems in it.
struct Place {
    /// Which of the places it is in the order of the document.
    rank: usize,
    /// By key or index, escaped as in a pointer.
    inside: BTreeMap<String, Place>,
}

impl Place {
    const fn new() -> Self {
        Self { rank: usize::MAX, inside: BTreeMap::new() }
    }

    fn add(&mut self, pointer: &str) {
        let mut place = self;
        for step in steps(pointer) {
            place = place.inside.entry(step.to_owned()).or_insert_with(Self::new);
        }
    }

    fn rank_of(&self, pointer: &str) -> usize {
        let place = steps(pointer).try_fold(self, |place, step| place.inside.get(step));
        place.map_or(usize::MAX, |place| place.rank)
    }
}

fn steps(pointer: &str) -> impl Iterator<Item = &str> {
    pointer.split('/').skip(1)
}

/// Goes to one place of the document and on to those inside it, past all others.
struct Walk<'w> {
    place: &'w mut Place,
    passed: &'w mut usize,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.place.rank = self.place.rank.min(*self.passed);
        *self.passed = self.passed.saturating_add(1);
        if self.place.inside.is_empty() {
            return IgnoredAny::deserialize(deserializer).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for index in 0.. {
            let item = match self.place.inside.get_mut(&index.to_string()) {
                Some(place) => list.next_element_seed(Walk { place, passed: self.passed })?,
                None => list.next_element::<IgnoredAny>()?.map(drop),
            };
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<String>()? {
            match self.place.inside.get_mut(escaped(&key).as_ref()) {
                Some(place) => object.next_value_seed(Walk { place, passed: self.passed })?,
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key may come twice, with values of different kinds: its first place counts.
    #[test]
    fn places_are_ranked_by_the_text() {
        let text =
            r#"{"z":0,"b":[1,2.5,[{"y":1},{"x":2}]],"z":{"k":null},"a~":"s","c":true,"c":[-1],"d":[0]}"#;
        let paths = ["", "/z", "/b/1", "/b/2/1", "/b/2/1/x", "/z/k", "/a~0", "/c/0", "/d", "/d/0"];
        let problem = |path: &&str| Problem {
            code: "wrong_type",
            path: (*path).to_owned(),
            message: String::new(),
            help: String::new(),
        };
        let sorted: Vec<Problem> = paths.iter().map(problem).collect();
        let mut reversed: Vec<Problem> = paths.iter().rev().map(problem).collect();
        sort(&mut reversed, &mut serde_json::Deserializer::from_str(text));
        assert_eq!(reversed, sorted);
    }
}
