//! Splits: which of 10,000 parts a member falls into, the same wherever it is computed.

use sha2::{Digest, Sha256};

use crate::id::{AuthorId, MemberId};

/// How many parts a split has.
pub const PARTS: u16 = 10_000;

/// The part that a member falls into, 0 to 9,999.
///
/// Take the SHA-256 of the UTF-8 text `split/<split's id>/<member's id>`, read its first 8 bytes as a whole number,
/// the most significant byte first, and divide by 10,000: the part is the remainder.
///
/// ```
/// use loyalty_core::facts::part;
/// use loyalty_core::id::{AuthorId, MemberId};
/// let (split, member) = (AuthorId::new("welcome").unwrap(), MemberId::new("member").unwrap());
/// assert_eq!(part(&split, &member), 483);
/// ```
pub fn part(split: &AuthorId, member: &MemberId) -> u16 {
    let hash = Sha256::digest(format!("split/{split}/{member}"));
    let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // INVARIANT: a remainder is below what it was divided by.
    number.checked_rem(u64::from(PARTS)).and_then(|rest| u16::try_from(rest).ok()).unwrap_or(0)
}
