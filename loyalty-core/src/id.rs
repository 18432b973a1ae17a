//! Names of things: tenants, members, activities, and what a program's author names.
//!
//! A name of up to 23 bytes, as most are, is held in place: names are copied everywhere, by threads that would
//! otherwise all count the same references.

use std::borrow::Cow;
use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

/// A name that breaks the rules of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidId {
    /// Empty, or longer than the kind allows.
    #[error("must have 1 to {0} bytes")]
    Length(usize),
    /// A character that the kind does not allow.
    #[error("must hold {0} only")]
    Character(&'static str),
}

fn opaque(text: &str) -> Result<(), InvalidId> {
    bounded(text, 128)?;
    if text.chars().any(char::is_control) {
        return Err(InvalidId::Character("printable characters"));
    }
    Ok(())
}

fn authored(text: &str) -> Result<(), InvalidId> {
    bounded(text, 64)?;
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        return Ok(());
    }
    Err(InvalidId::Character("letters, digits, `_`, `-` and `.`"))
}

fn key(text: &str) -> Result<(), InvalidId> {
    bounded(text, 600)
}

fn bounded(text: &str, most: usize) -> Result<(), InvalidId> {
    if text.is_empty() || text.len() > most { Err(InvalidId::Length(most)) } else { Ok(()) }
}

/// The first character of a tenant whose chains its members share. No name given from outside holds it.
const SHARED: char = '\u{1}';

fn opaque_or_shared(text: &str) -> Result<(), InvalidId> {
    opaque(text.strip_prefix(SHARED).unwrap_or(text))
}

impl TenantId {
    /// Under whose name the ledger keeps what a tenant's members share: budgets and claims, a chain each. No tenant
    /// can have this name, so that lists of members, counts and reads of a tenant never show these chains.
    pub fn shared(&self) -> Self {
        if self.is_shared() { self.clone() } else { Self(format!("{SHARED}{}", self.0).into()) }
    }

    /// Whether it is the name of what members share.
    pub fn is_shared(&self) -> bool {
        self.0.starts_with(SHARED)
    }
}

macro_rules! id {
    ($says:literal, $name:ident, $check:path, $max:literal, $pattern:literal) => {
        id!($says, $name, $check, $max, $pattern, $check);
    };
    ($says:literal, $name:ident, $check:path, $max:literal, $pattern:literal, $stored:path) => {
        #[doc = $says]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(SmolStr);

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let (says, max, pattern) = ($says, $max, $pattern);
                schemars::json_schema!({
                    "description": says,
                    "type": "string", "minLength": 1, "maxLength": max, "pattern": pattern
                })
            }
        }

        impl $name {
            /// Checks and takes a name.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                $check(text)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let text = d.str()?;
                $stored(text).map_err(minicbor::decode::Error::message)?;
                Ok(Self(text.into()))
            }
        }
    };
}

id!(
    "One business with its own members and one program; 1 to 128 bytes.",
    TenantId,
    opaque,
    128,
    r"^[^\p{Cc}]*$",
    opaque_or_shared
);
id!("Who takes part; opaque, 1 to 128 bytes.", MemberId, opaque, 128, r"^[^\p{Cc}]*$");
id!(
    "What the business calls an activity; 1 to 128 bytes, unique in its kind for a member.",
    ActivityId,
    opaque,
    128,
    r"^[^\p{Cc}]*$"
);
id!(
    "What an author calls a currency, rule, counter, level …: 1 to 64 letters, digits, `_`, `-`, `.`.",
    AuthorId,
    authored,
    64,
    r"^[A-Za-z0-9_.-]*$"
);
id!("Who gives a command: a person or a system; 1 to 128 bytes.", ActorId, opaque, 128, r"^[^\p{Cc}]*$");
id!(
    "What makes an operation happen once: unique for a member as long as the ledger lives.",
    OperationKey,
    key,
    600,
    r"^.*$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_names() {
        assert!(MemberId::new("household 7/ä").is_ok());
        assert_eq!(MemberId::new(""), Err(InvalidId::Length(128)));
        assert_eq!(MemberId::new("a\nb"), Err(InvalidId::Character("printable characters")));
        assert!(AuthorId::new("base-2.a_B").is_ok());
        assert!(AuthorId::new("a b").is_err());
        assert!(AuthorId::new(&"x".repeat(65)).is_err());
    }
}
