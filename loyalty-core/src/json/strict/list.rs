//! Lists: elements of one type, and tuples.

use std::iter::Enumerate;
use std::slice::Iter;

use serde::de::{Deserialize, DeserializeSeed, SeqAccess, Visitor};
use serde_json::Value;

use super::de::{Node, Spot, explore};
use super::fault::Fault;
use super::object::Progress;
use super::path::Path;
use super::sink::Sink;
use super::stand_in::invent;

/// Reads a list of any length, whose elements are of one type.
pub(super) fn read_list<'de, V: Visitor<'de>>(spot: Spot<'de, '_>, visitor: V) -> Result<V::Value, Fault> {
    let items = items_of(spot)?;
    visitor.visit_seq(Elements::new(spot, items, false)).map_err(|fault| spot.refuse(fault))
}

/// Reads a list of exactly `length` elements, each of its own type.
pub(super) fn read_tuple<'de, V: Visitor<'de>>(
    spot: Spot<'de, '_>,
    length: usize,
    visitor: V,
) -> Result<V::Value, Fault> {
    let items = items_of(spot)?;
    if items.len() != length {
        return Err(spot.refuse(Fault::wrong_length(length, items.len())));
    }
    visitor.visit_seq(Elements::new(spot, items, true)).map_err(|fault| spot.refuse(fault))
}

fn items_of<'de>(spot: Spot<'de, '_>) -> Result<&'de [Value], Fault> {
    match spot.value {
        Value::Array(_) if spot.sink.refuses_depth(spot.place) => Err(Fault::Reported),
        Value::Array(items) => Ok(items),
        other => Err(spot.refuse(Fault::wrong_type("a list", other))),
    }
}

struct Elements<'de, 'p> {
    items: Enumerate<Iter<'de, Value>>,
    place: &'p Path<'p>,
    sink: &'p Sink,
    is_tuple: bool,
    has_failed: bool,
}

impl<'de, 'p> Elements<'de, 'p> {
    fn new(spot: Spot<'de, 'p>, items: &'de [Value], is_tuple: bool) -> Self {
        let Spot { place, sink, .. } = spot;
        Elements { items: items.iter().enumerate(), place, sink, is_tuple, has_failed: false }
    }
}

impl<'de> SeqAccess<'de> for Elements<'de, '_> {
    type Error = Fault;

    /// After a failure the other elements are read for their problems only.
    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Fault> {
        for (index, value) in self.items.by_ref() {
            let place = self.place.item(index);
            match explore::<T>(Spot { value, place: &place, sink: self.sink }) {
                Ok(element) if !self.has_failed => return Ok(Some(element)),
                Err(_) if self.is_tuple => return invent().map(Some).ok_or(Fault::Reported),
                Ok(_) => {}
                Err(_) => self.has_failed = true,
            }
            if self.sink.is_full() {
                break;
            }
        }
        if self.has_failed { Err(Fault::Reported) } else { Ok(None) }
    }

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let place = self.place.item(index);
        let spot = Spot { value, place: &place, sink: self.sink };
        let read = seed.deserialize(Node { spot, progress: &Progress::default() });
        read.map(Some).map_err(|fault| spot.refuse(fault))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::read;
    use super::super::tests::{LIMITS, found};

    #[test]
    fn every_bad_element_is_found() {
        let problems = read::<Vec<Vec<u8>>>(b"[[1,true,2,\"x\"],3,[],[null]]", &LIMITS).unwrap_err();
        let expected = ["/0/1", "/0/3", "/1", "/3/0"].map(|path| ("wrong_type", path));
        assert_eq!(found(&problems), expected);
        let problems = read::<BTreeSet<u8>>(b"[1,-1,1,-2]", &LIMITS).unwrap_err();
        assert_eq!(found(&problems), [("wrong_type", "/1"), ("wrong_type", "/3")]);
    }

    #[test]
    fn tuples_and_arrays_have_a_length() {
        assert_eq!(read::<(u8, String)>(b"[1,\"x\"]", &LIMITS), Ok((1, "x".to_owned())));
        assert_eq!(read::<[u8; 2]>(b"[1,2]", &LIMITS), Ok([1, 2]));
        for text in ["[]", "[1]", "[1,2,3]"] {
            let problems = read::<[u8; 2]>(text.as_bytes(), &LIMITS).unwrap_err();
            assert_eq!(found(&problems), [("wrong_length", "")], "{text}");
        }
        let problems = read::<(u8, String, bool)>(b"[\"x\",1,0]", &LIMITS).unwrap_err();
        assert_eq!(found(&problems), ["/0", "/1", "/2"].map(|path| ("wrong_type", path)));
    }
}
