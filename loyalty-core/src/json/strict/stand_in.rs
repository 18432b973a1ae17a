//! Invented values for fields that are bad or missing.
//!
//! Derived code stops at the first missing field. With some value in its place the reading goes on
//! and finds the next. Nothing invented is ever returned: the problem is already reported.

use std::cell::Cell;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::object::Key;

/// Texts that checked string types take: numbers, names, dates, times, currencies, zones.
const TEXTS: [&str; 7] = ["1", "a", "2000-01-01", "2000-01-01T00:00:00Z", "01-01", "USD", "UTC"];
/// How many values are tried for one field, those inside it included; also what ends recursion.
const TRIES: u32 = 100;

/// Some value of the type, if one is easily found.
pub(super) fn invent<'de, T: Deserialize<'de>>() -> Option<T> {
    invent_within(&Cell::new(TRIES))
}

fn invent_within<'de, T: Deserialize<'de>>(tries: &Cell<u32>) -> Option<T> {
    TEXTS.iter().find_map(|text| {
        tries.set(tries.get().checked_sub(1)?);
        T::deserialize(StandIn { text, tries }).ok()
    })
}

/// Answers with the least value of whatever type is asked for.
#[derive(Clone, Copy)]
pub(super) struct StandIn<'t> {
    text: &'static str,
    tries: &'t Cell<u32>,
}

impl StandIn<'_> {
    /// As [`invent`], for the one try that a seed allows.
    pub(super) fn try_seed<'de, S: DeserializeSeed<'de>>(seed: S) -> Option<S::Value> {
        let [text, ..] = TEXTS;
        seed.deserialize(StandIn { text, tries: &Cell::new(TRIES) }).ok()
    }
}

macro_rules! answers {
    ($($method:ident $visit:ident($($value:expr)?),)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit($($value)?)
        })*
    };
}

impl<'de> Deserializer<'de> for StandIn<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.text)
    }

    answers! {
        deserialize_bool visit_bool(false),
        deserialize_i8 visit_u64(1),
        deserialize_i16 visit_u64(1),
        deserialize_i32 visit_u64(1),
        deserialize_i64 visit_u64(1),
        deserialize_i128 visit_u64(1),
        deserialize_u8 visit_u64(1),
        deserialize_u16 visit_u64(1),
        deserialize_u32 visit_u64(1),
        deserialize_u64 visit_u64(1),
        deserialize_u128 visit_u64(1),
        deserialize_option visit_none(),
        deserialize_unit visit_unit(),
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { tries: self.tries, unnamed: 0, fields: &[] })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Parts { tries: self.tries, unnamed: 0, fields: &[] })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { tries: self.tries, unnamed: length, fields: &[] })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(Parts { tries: self.tries, unnamed: 0, fields })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let choice = choices.first().ok_or(Fault::Reported)?;
        visitor.visit_enum(First { choice, tries: self.tries })
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit_struct identifier ignored_any
    }
}

/// The parts of an invented tuple or struct.
struct Parts<'t> {
    tries: &'t Cell<u32>,
    unnamed: usize,
    fields: &'static [&'static str],
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Fault;

    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Fault> {
        let Some(left) = self.unnamed.checked_sub(1) else { return Ok(None) };
        self.unnamed = left;
        invent_within(self.tries).map(Some).ok_or(Fault::Reported)
    }

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Fault> {
        if self.unnamed == 0 { Ok(None) } else { Err(Fault::Reported) }
    }
}

impl<'de> MapAccess<'de> for Parts<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some((field, others)) = self.fields.split_first() else { return Ok(None) };
        self.fields = others;
        seed.deserialize(Key(field)).map(Some)
    }

    fn next_value<T: Deserialize<'de>>(&mut self) -> Result<T, Fault> {
        invent_within(self.tries).ok_or(Fault::Reported)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Fault> {
        Err(Fault::Reported)
    }
}

/// The first choice of an enum.
struct First<'t> {
    choice: &'static str,
    tries: &'t Cell<u32>,
}

impl<'de> EnumAccess<'de> for First<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        Ok((seed.deserialize(Key(self.choice))?, self))
    }
}

impl<'de> VariantAccess<'de> for First<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant<T: Deserialize<'de>>(self) -> Result<T, Fault> {
        invent_within(self.tries).ok_or(Fault::Reported)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Fault> {
        Err(Fault::Reported)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { tries: self.tries, unnamed: length, fields: &[] })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(Parts { tries: self.tries, unnamed: 0, fields })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Pair(u8, bool),
        Other,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct All {
        number: i128,
        choice: Choice,
        list: Vec<All>,
        map: BTreeMap<String, u8>,
        maybe: Option<Box<All>>,
        date: Date,
        unit: (),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(try_from = "String")]
    struct Date;

    impl TryFrom<String> for Date {
        type Error = &'static str;

        fn try_from(text: String) -> Result<Self, &'static str> {
            if text == "2000-01-01" { Ok(Date) } else { Err("no date") }
        }
    }

    #[test]
    fn values_are_invented_for_ordinary_types() {
        let all = invent::<All>().unwrap();
        assert!(all.list.is_empty() && all.map.is_empty() && all.maybe.is_none());
        assert!(matches!(all.choice, Choice::Pair(..)));
    }

    /// A type that always holds another of itself cannot be; asking for one must end.
    #[test]
    fn endless_types_end() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read")]
        struct Endless {
            inner: Box<Endless>,
            more: (Box<Endless>, u8),
        }
        assert!(invent::<Endless>().is_none());
    }
}
