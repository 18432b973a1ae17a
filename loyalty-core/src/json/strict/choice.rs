//! Choices (enums): a string, or an object with the name of the choice as its one key.

use serde::de::{Deserialize, DeserializeSeed, EnumAccess, VariantAccess, Visitor};
use serde_json::Value;

use super::de::{Node, Spot, explore};
use super::fault::Fault;
use super::list::read_tuple;
use super::object::{Key, Progress, read_object};
use super::path::Path;

pub(super) struct Choice<'n, 'de, 'p> {
    node: &'n Node<'de, 'p>,
    name: &'de str,
    content: Option<&'de Value>,
}

impl<'n, 'de, 'p> Choice<'n, 'de, 'p> {
    pub(super) fn of(node: &'n Node<'de, 'p>, choices: &[&str]) -> Result<Self, Fault> {
        let spot = node.spot;
        match spot.value {
            Value::String(name) => Ok(Choice { node, name, content: None }),
            Value::Object(_) if spot.sink.refuses_depth(spot.place) => Err(Fault::Reported),
            Value::Object(entries) => match (entries.iter().next(), entries.len()) {
                (Some((name, content)), 1) => Ok(Choice { node, name, content: Some(content) }),
                (_, keys) => Err(Fault::not_one_choice(keys, choices)),
            },
            other => Err(Fault::no_choice(other, choices)),
        }
    }

    fn place(&self) -> Path<'_> {
        self.node.spot.place.key(self.name)
    }

    /// What was written for the choice, which is at `place`.
    fn content<'s>(&'s self, place: &'s Path<'s>) -> Result<Spot<'de, 's>, Fault> {
        match self.content {
            Some(value) => Ok(Spot { value, place, sink: self.node.spot.sink }),
            None => Err(Fault::choice_without_value(self.name)),
        }
    }
}

impl<'de> EnumAccess<'de> for Choice<'_, 'de, '_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        match (seed.deserialize(Key(self.name)), self.content(&self.place())) {
            (Ok(variant), _) => Ok((variant, self)),
            (Err(fault), Ok(content)) => Err(content.refuse(fault)),
            (Err(fault), Err(_)) => Err(fault),
        }
    }
}

impl<'de> VariantAccess<'de> for Choice<'_, 'de, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content(&self.place()) {
            Ok(content) => Err(content.refuse(Fault::choice_with_value(self.name))),
            Err(_) => Ok(()),
        }
    }

    fn newtype_variant<T: Deserialize<'de>>(self) -> Result<T, Fault> {
        explore(self.content(&self.place())?)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        let place = self.place();
        let spot = self.content(&place)?;
        let read = seed.deserialize(Node { spot, progress: &Progress::default() });
        read.map_err(|fault| spot.refuse(fault))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        read_tuple(self.content(&self.place())?, length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let place = self.place();
        let spot = self.content(&place)?;
        // The choice itself has no use for the progress: what failed in the content is kept there.
        read_object(&Node { spot, progress: self.node.progress }, fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_rule, owned};

    #[test]
    fn choices_have_full_pointers() {
        let when = |when: &str| in_rule(&format!(r#"{{"id":"a","rate":"1","when":{when}}}"#));
        let cases = [
            (
                r#"{"all":[{"not":{"basket":{"at_least":"3","shop":1}}},"never"]}"#,
                vec![
                    ("wrong_type", "/when/all/0/not/basket/at_least"),
                    ("unknown_field", "/when/all/0/not/basket/shop"),
                    ("unknown_variant", "/when/all/1"),
                ],
            ),
            (
                r#"{"basket":{"store":1}}"#,
                vec![("missing_field", "/when/basket"), ("wrong_type", "/when/basket/store")],
            ),
            (
                r#"{"between":[-1,"2"]}"#,
                vec![("wrong_type", "/when/between/0"), ("wrong_type", "/when/between/1")],
            ),
            (r#"{"between":[1]}"#, vec![("wrong_length", "/when/between")]),
            (r#"{"between":{}}"#, vec![("wrong_type", "/when/between")]),
            (r#"{"basket":[3]}"#, vec![("wrong_type", "/when/basket")]),
            (r#"{"alll":[]}"#, vec![("unknown_variant", "/when/alll")]),
            (r#"{"always":null}"#, vec![("wrong_type", "/when/always")]),
            (r#""all""#, vec![("wrong_type", "/when")]),
            ("{}", vec![("wrong_length", "/when")]),
            (r#"{"all":[],"not":"always"}"#, vec![("wrong_length", "/when")]),
            ("[]", vec![("wrong_type", "/when")]),
            ("1.5", vec![("wrong_type", "/when")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.into_iter().map(|(code, path)| owned(code, path)).collect();
            assert_eq!(when(text), expected, "{text}");
        }
    }
}
