//! Limits shared between members: how many members, or activities of all of them, bear the same card, device or
//! address.
//!
//! No chain holds what members share here: it is counted beside the ledger ([`SharedCounters`]), read before deciding
//! and recorded with the operation. What two tills do in the same instant may not have seen each other, and counters
//! may be lost; the limit then says what happens.
//!
//! [`SharedCounters`]: crate::ports::SharedCounters

use minicbor::{Decode, Encode};

use crate::activity::{Activity, Attribute, AttributeValue};
use crate::command::Command;
use crate::id::AuthorId;
use crate::ledger::chain::ChainKey;
use crate::program::document::{LimitedShared, Measure, Sharing};
use crate::program::{Program, Programs};
use crate::time::When;

/// One of the counters that members share, over the window that an activity lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedCounter {
    /// The limit.
    pub limit: AuthorId,
    /// What is counted.
    pub counts: Sharing,
    /// The text that its activities share, hashed under the ledger's key: no card number leaves the ledger.
    pub of: [u8; 32],
    /// The first slot of the window.
    pub first: i64,
    /// Its last slot, in which the activity lies.
    pub last: i64,
}

/// What a decision was told of a shared counter.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Noted {
    /// The limit.
    #[n(0)]
    pub limit: AuthorId,
    /// How many others are counted in its window; absent where the counter could not be read.
    #[n(1)]
    pub others: Option<u64>,
}

/// The shared counters that the limits of a command's activity look at.
pub fn counters(command: &Command, programs: &Programs, key: &ChainKey) -> Vec<SharedCounter> {
    let Some(activity) = command.activity() else { return Vec::new() };
    let program = programs.at(activity.occurred_at().at);
    let limits = program.document().limits.iter();
    let shared = limits.filter_map(|limit| match &limit.measures {
        Measure::Shared(shared) => counter(&limit.id, shared, activity, (program, key)),
        _ => None,
    });
    shared.collect()
}

fn counter(
    limit: &AuthorId,
    shared: &LimitedShared,
    activity: &Activity,
    (program, key): (&Program, &ChainKey),
) -> Option<SharedCounter> {
    let text = text_of(shared, activity)?;
    let occurred_at = activity.occurred_at();
    // No window of the membership is shared, so it makes no difference when the member enrolled.
    let (at, date) = (occurred_at.at, program.date_of(occurred_at));
    let last = shared.window.slot(&When { at, date, enrolled_at: at, zone: program.zone() });
    let (first, of) = (shared.window.first_slot(last), key.hash(text.as_bytes()));
    Some(SharedCounter { limit: limit.clone(), counts: shared.counts, of, first, last })
}

/// The text that a limit compares activities by; none where the activity has none.
pub(super) fn text_of<'a>(shared: &LimitedShared, activity: &'a Activity) -> Option<&'a str> {
    let attributes: &[Attribute] = match activity {
        Activity::Purchase(purchase) => &purchase.attributes,
        Activity::Event(event) => &event.attributes,
        _ => &[],
    };
    let found = attributes.iter().find(|it| it.name == shared.by.as_str())?;
    match &found.value {
        AttributeValue::Text(text) => Some(text),
        AttributeValue::Flag(_) => None,
    }
}
