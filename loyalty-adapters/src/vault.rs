//! Sealing with AES-256-GCM-SIV (RFC 8452).

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use loyalty_core::ledger::sealing::{Cipher, Place};

/// Bytes of a member's key.
pub const KEY_BYTES: usize = 32;

/// One member's key at work. The number of the place is the nonce, so that sealing needs no randomness; should two
/// writers seal different bytes for one place, of which one is appended, this cipher gives away no more than whether they
/// were the same.
#[derive(Clone)]
pub struct MemberKey(Aes256GcmSiv);

impl MemberKey {
    /// A key of random bytes.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self(Aes256GcmSiv::new(&key.into()))
    }
}

impl std::fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemberKey { redacted }")
    }
}

impl Cipher for MemberKey {
    fn seal(&self, place: &Place<'_>, clear: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: clear, aad: &place.bytes() };
        let sealed = self.0.encrypt(&Nonce::from(place.number()), payload);
        // INVARIANT: it fails above 64 GiB alone; nothing is then written, which opens nowhere, rather than in clear.
        debug_assert!(sealed.is_ok(), "an operation is no 64 GiB");
        sealed.unwrap_or_default()
    }

    fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: sealed, aad: &place.bytes() };
        self.0.decrypt(&Nonce::from(place.number()), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loyalty_core::id::{MemberId, TenantId};

    #[test]
    fn a_sealed_part_opens_in_its_place_alone() {
        let [tenant, other] = ["shop", "pub"].map(|name| TenantId::new(name).unwrap());
        let [ann, bob] = ["ann", "bob"].map(|name| MemberId::new(name).unwrap());
        let key = MemberKey::new([7; KEY_BYTES]);
        let place = Place { tenant: &tenant, member: &ann, seq: 3, operation: 1 };
        let sealed = key.seal(&place, b"two bottles");
        assert_eq!(key.open(&place, &sealed).as_deref(), Some(&b"two bottles"[..]));
        assert!(!sealed.windows(7).any(|part| part == b"bottles"));
        let elsewhere = [
            Place { tenant: &other, ..place },
            Place { member: &bob, ..place },
            Place { seq: 4, ..place },
            Place { operation: 0, ..place },
        ];
        for elsewhere in elsewhere {
            assert_eq!(key.open(&elsewhere, &sealed), None, "{elsewhere:?}");
        }
        assert_eq!(MemberKey::new([8; KEY_BYTES]).open(&place, &sealed), None);
        for byte in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[byte] ^= 1;
            assert_eq!(key.open(&place, &tampered), None, "byte {byte}");
        }
    }
}
