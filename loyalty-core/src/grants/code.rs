//! Codes of vouchers: nobody guesses the next, and the same command again gives the same.

use std::borrow::Cow;
use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

use crate::id::{AuthorId, MemberId, OperationKey, TenantId};
use crate::ledger::chain::ChainKey;

/// Characters of a code.
const LENGTH: usize = 20;
/// No two of them are taken for each other: neither 0 and O nor 1 and I are among them.
const ALPHABET: [char; 32] = [
    '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
];

/// What makes a voucher one of its own: 20 characters out of 32, which is 100 bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VoucherCode(SmolStr);

/// Text that is no code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a code has {LENGTH} characters of `2` to `9` and `A` to `Z` without `I` and `O`")]
pub struct InvalidCode;

impl VoucherCode {
    /// Checks and takes a code.
    pub fn new(text: &str) -> Result<Self, InvalidCode> {
        let is_code = text.chars().count() == LENGTH && text.chars().all(|one| ALPHABET.contains(&one));
        if is_code { Ok(Self(text.into())) } else { Err(InvalidCode) }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What codes of a tenant's vouchers are made by.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    key: &'a ChainKey,
    tenant: &'a str,
}

impl<'a> Codes<'a> {
    /// Codes of vouchers that nobody is given, where what is decided is not recorded.
    pub const UNKEPT: Codes<'static> = Codes { key: &ChainKey::new(0, [0; 32]), tenant: "" };

    /// Codes of a tenant, under a key that is made of the one that chains are hashed under.
    pub fn new(key: &'a ChainKey, tenant: &'a TenantId) -> Self {
        Self { key, tenant: tenant.as_str() }
    }

    /// The code of the voucher that a grant gives by an operation of a member, and the number of it where a grant
    /// gives on several occasions at once.
    pub fn code(
        &self,
        member: &MemberId,
        of: &OperationKey,
        (grant, number): (&AuthorId, u32),
    ) -> VoucherCode {
        let number = number.to_be_bytes();
        let texts = [self.tenant, member.as_str(), of.as_str(), grant.as_str()];
        let parts = texts.iter().map(|text| text.as_bytes()).chain([&number[..]]);
        let hash = self.key.hash_of("loyalty 2026 codes of vouchers", parts);
        let characters = hash.iter().take(LENGTH).map(|byte| {
            // The alphabet has 32 characters: five bits of each byte choose one, all alike.
            ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or('2')
        });
        VoucherCode(characters.collect::<String>().into())
    }
}

impl fmt::Display for VoucherCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for VoucherCode {
    type Error = InvalidCode;
    fn try_from(text: String) -> Result<Self, InvalidCode> {
        Self::new(&text)
    }
}

impl From<VoucherCode> for String {
    fn from(code: VoucherCode) -> Self {
        code.0.into()
    }
}

impl JsonSchema for VoucherCode {
    fn schema_name() -> Cow<'static, str> {
        "VoucherCode".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "The code of a voucher: 20 characters, of which none is taken for another.",
            "type": "string", "pattern": "^[2-9A-HJ-NP-Z]{20}$"
        })
    }
}

impl<C> Encode<C> for VoucherCode {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for VoucherCode {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.str()?).map_err(minicbor::decode::Error::message)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn code(
        key: [u8; 32],
        tenant: &str,
        member: &str,
        (of, grant, number): (&str, &str, u32),
    ) -> VoucherCode {
        let tenant = TenantId::new(tenant).unwrap();
        let key = ChainKey::new(1, key);
        let codes = Codes::new(&key, &tenant);
        let (member, of) = (MemberId::new(member).unwrap(), OperationKey::new(of).unwrap());
        codes.code(&member, &of, (&AuthorId::new(grant).unwrap(), number))
    }

    #[test]
    fn the_same_again_is_the_same_code_and_everything_else_another() {
        let all = [
            code([7; 32], "shop", "m", ("purchase/1", "g", 0)),
            code([8; 32], "shop", "m", ("purchase/1", "g", 0)),
            code([7; 32], "other", "m", ("purchase/1", "g", 0)),
            code([7; 32], "shop", "mp", ("urchase/1", "g", 0)),
            code([7; 32], "shop", "m", ("purchase/2", "g", 0)),
            code([7; 32], "shop", "m", ("purchase/1", "h", 0)),
            code([7; 32], "shop", "m", ("purchase/1", "g", 1)),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all[0], code([7; 32], "shop", "m", ("purchase/1", "g", 0)));
        for one in all {
            assert_eq!(VoucherCode::new(one.as_str()), Ok(one));
        }
    }

    #[test]
    fn what_is_no_code() {
        for text in ["", "ABC", "ABCDEFGHJKLMNPQRSTU0", "abcdefghjklmnpqrstuv", "ABCDEFGHJKLMNPQRSTUVW"] {
            assert_eq!(VoucherCode::new(text), Err(InvalidCode), "{text}");
        }
    }
}
