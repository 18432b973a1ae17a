//! The chain of a claim: who was first at something that happens once for all members together. It has one commit.

use minicbor::{Decode, Encode};

use crate::id::{MemberId, OperationKey};

/// Who was first.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Claim {
    /// Whose it is.
    #[n(0)]
    pub member: MemberId,
    /// By which operation of theirs.
    #[n(1)]
    pub key: OperationKey,
}

/// The name of the chain of the first claim of an activity: `claim/<kind>/<id>/1`, with a hash in place of both where
/// that is too long for a name.
pub fn chain(activity: &OperationKey) -> Option<MemberId> {
    let name = |of: &str| MemberId::new(&format!("claim/{of}/1")).ok();
    // No kind of activity begins with `#`.
    name(activity.as_str()).or_else(|| name(&format!("#{}", blake3::hash(activity.as_str().as_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_chains() {
        let name = |key: &str| chain(&OperationKey::new(key).unwrap()).unwrap().to_string();
        assert_eq!(name("purchase/31/7"), "claim/purchase/31/7/1");
        let long = "x".repeat(128);
        let [first, second] = ["purchase", "return"].map(|kind| name(&format!("{kind}/{long}")));
        assert!(first.starts_with("claim/#") && first.ends_with("/1"), "{first}");
        assert_ne!(first, second);
    }
}
