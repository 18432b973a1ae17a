//! What is personal of an operation, sealed under the member's key apart from what is not.

use std::sync::Arc;

use minicbor::{Decode, Encode};

use super::operation::{Operation, Sealed, Unmatched};
use crate::activity::Activity;
use crate::command::Command;
use crate::facts::Facts;
use crate::id::{ActivityId, MemberId, TenantId};

/// Seals bytes under one member's key. It never fails to seal, and opens nothing that it has not sealed at that place.
pub trait Cipher: Send + Sync + std::fmt::Debug {
    /// The bytes sealed for a place.
    fn seal(&self, place: &Place<'_>, clear: &[u8]) -> Vec<u8>;

    /// What was sealed; `None` where it is of another key or place, or was changed.
    fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Where a sealed part stands. It is bound to that, so that none can be put in the place of another.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Whose member.
    pub tenant: &'a TenantId,
    /// Whose chain.
    pub member: &'a MemberId,
    /// The sequence of the commit, from 1.
    pub seq: u64,
    /// Which of its operations, from 0.
    pub operation: u32,
}

impl Place<'_> {
    /// The place as bytes, no two places the same ones.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for name in [self.tenant.as_str(), self.member.as_str()] {
            bytes.extend(u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend(name.as_bytes());
        }
        bytes.extend(self.number());
        bytes
    }

    /// A number that no other place of the member has.
    pub fn number(&self) -> [u8; 12] {
        let mut number = [0; 12];
        let (seq, operation) = number.split_at_mut(8);
        seq.copy_from_slice(&self.seq.to_be_bytes());
        operation.copy_from_slice(&self.operation.to_be_bytes());
        number
    }
}

/// An activity that cannot be read, as the key is gone under which it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Unread {
    /// What kind of activity it was.
    #[n(0)]
    pub kind: ActivityKind,
    /// The caller's id of it; none of what happens once anyway.
    #[n(1)]
    pub id: Option<ActivityId>,
}

/// Kinds of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ActivityKind {
    /// Goods or services were bought.
    #[n(0)]
    Purchase,
    /// Bought things came back.
    #[n(1)]
    Return,
    /// Anything else that a program may award.
    #[n(2)]
    Event,
    /// The member joined.
    #[n(3)]
    Enrol,
    /// It was the member's birthday.
    #[n(4)]
    Birthday,
    /// It was the day of the enrolment again.
    #[n(5)]
    Anniversary,
}

impl ActivityKind {
    /// The kind of an activity.
    pub const fn of(activity: &Activity) -> Self {
        match activity {
            Activity::Purchase(_) => Self::Purchase,
            Activity::Return(_) => Self::Return,
            Activity::Event(_) => Self::Event,
            Activity::Enrol(_) => Self::Enrol,
            Activity::Birthday(_) => Self::Birthday,
            Activity::Anniversary(_) => Self::Anniversary,
        }
    }
}

/// What is sealed of an operation: what it was decided on, and the articles that it names beside.
#[derive(Debug, Encode, Decode)]
struct Private {
    #[n(0)]
    sealed: Sealed,
    #[n(1)]
    unmatched: Vec<Unmatched>,
}

/// An operation without what is personal, and that sealed.
pub(super) fn close(operation: &Operation, place: &Place<'_>, cipher: &dyn Cipher) -> (Operation, Vec<u8>) {
    let Sealed { command, .. } = &operation.sealed;
    let left = match command {
        Command::Record(activity) => {
            let unread = Unread { kind: ActivityKind::of(activity), id: activity.id().cloned() };
            Command::Unread(Arc::new(unread))
        }
        // What people and the engine ask for names rewards, keys and amounts, which the open part needs for itself.
        other => other.clone(),
    };
    let sealed = Sealed { command: left, facts: Facts::NONE, sent_by: None };
    let open = Operation { sealed, unmatched: Vec::new(), ..operation.clone() };
    let private = Private { sealed: operation.sealed.clone(), unmatched: operation.unmatched.clone() };
    let mut clear = Vec::new();
    let written = minicbor::encode(&private, &mut clear);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
    (open, cipher.seal(place, &clear))
}

/// Puts back into an operation what was sealed of it; `None` where it cannot be opened.
pub(super) fn open(
    operation: &mut Operation,
    sealed: &[u8],
    place: &Place<'_>,
    cipher: &dyn Cipher,
) -> Option<()> {
    let clear = cipher.open(place, sealed)?;
    let Private { sealed, unmatched } = minicbor::decode(&clear).ok()?;
    operation.sealed = sealed;
    operation.unmatched = unmatched;
    Some(())
}
