//! Sorts problems by where they are in the document. A [`serde_json::Value`] has forgotten the
//! order of its keys, so this goes through the document once more, and only after a failure.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};
use std::ops::Bound;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Problem;
use super::path::{push_index, push_key};

/// Sorts the problems by their first place in the document.
pub(super) fn sort<'de, D: Deserializer<'de>>(problems: &mut [Problem], document: D) {
    if problems.len() < 2 {
        return;
    }
    let ranks = problems.iter().map(|problem| (problem.path.clone(), usize::MAX)).collect();
    let mut walk = Walk { ranks, here: String::new(), passed: 0 };
    // Where the text stops being JSON, the rest stays as it was found.
    let _ = walk.deserialize(document);
    problems.sort_by_key(|problem| walk.ranks.get(&problem.path).copied().unwrap_or(usize::MAX));
}

struct Walk {
    ranks: BTreeMap<String, usize>,
    here: String,
    passed: usize,
}

impl Walk {
    /// Notes the rank of this place; says whether there are problems inside it.
    fn pass(&mut self) -> bool {
        if let Some(rank) = self.ranks.get_mut(&self.here) {
            *rank = (*rank).min(self.passed);
            self.passed = self.passed.saturating_add(1);
        }
        self.here.push('/');
        let following = (Bound::Included(self.here.as_str()), Bound::Unbounded);
        let mut inside = self.ranks.range::<str, _>(following);
        let has_problems = inside.next().is_some_and(|(path, _)| path.starts_with(&self.here));
        self.here.pop();
        has_problems
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.pass() {
            return deserializer.deserialize_any(self);
        }
        IgnoredAny::deserialize(deserializer).map(drop)
    }
}

impl<'de> Visitor<'de> for &mut Walk {
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
        let outside = self.here.len();
        for index in 0.. {
            push_index(&mut self.here, index);
            let item = list.next_element_seed(&mut *self)?;
            self.here.truncate(outside);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let outside = self.here.len();
        while let Some(key) = object.next_key::<String>()? {
            push_key(&mut self.here, &key);
            object.next_value_seed(&mut *self)?;
            self.here.truncate(outside);
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
