//! The published versions of a tenant's program and which of them is in force when.

use std::sync::Arc;

use super::{Program, VersionId};
use crate::time::Timestamp;

/// A published version counts from this long after it was published: 30 seconds.
///
/// Processes read the versions anew more often than that, so all of them know it by then; and since a version
/// takes force no earlier than 60 seconds after publishing, none that counts later changes what was decided.
pub const KNOWN_AFTER_MICROS: i64 = 30_000_000;

/// A tenant's versions in the order in which they take force; never empty.
#[derive(Debug, Clone)]
pub struct Programs {
    first: Arc<Program>,
    later: Vec<Later>,
}

/// A version after the first.
#[derive(Debug, Clone)]
struct Later {
    from: Timestamp,
    /// When every process knows it.
    known_from: Timestamp,
    program: Arc<Program>,
}

impl Programs {
    /// The first version, in force for all time before any other, so that history can be imported.
    pub const fn new(first: Arc<Program>) -> Self {
        Self { first, later: Vec::new() }
    }

    /// Adds a version that takes force at an instant. Of two that do at the same, the one added later counts.
    pub fn add(&mut self, from: Timestamp, program: Arc<Program>) {
        self.add_published(from, Timestamp::from_micros(i64::MIN), program);
    }

    /// Adds a version that takes force at an instant, with the instant at which it was published.
    pub fn add_published(&mut self, from: Timestamp, published_at: Timestamp, program: Arc<Program>) {
        let place = self.later.partition_point(|earlier| earlier.from <= from);
        let known_from = published_at.plus_micros(KNOWN_AFTER_MICROS);
        self.later.insert(place, Later { from, known_from, program });
    }

    /// The version in force at an instant.
    pub fn at(&self, at: Timestamp) -> &Arc<Program> {
        let after = self.later.partition_point(|later| later.from <= at);
        after.checked_sub(1).and_then(|index| self.later.get(index)).map_or(&self.first, |last| &last.program)
    }

    /// The first version to take force after an instant, and when.
    pub fn next_after(&self, after: Timestamp) -> Option<(Timestamp, &Arc<Program>)> {
        let next = self.later.get(self.later.partition_point(|later| later.from <= after))?;
        Some((next.from, self.at(next.from)))
    }

    /// The first version to take force after an instant and up to another that changes something for members who
    /// are there already, and when.
    pub fn next_taking_over(&self, after: Timestamp, to: Timestamp) -> Option<(Timestamp, &Arc<Program>)> {
        let mut after = after;
        loop {
            let (from, program) = self.next_after(after).filter(|(from, _)| *from <= to)?;
            if program.takes_over() {
                return Some((from, program));
            }
            after = from;
        }
    }

    /// The versions without those that not every process knew at an instant; `None` where all did.
    ///
    /// What was decided then was decided without them, whoever decided it.
    #[must_use]
    pub fn known_at(&self, at: Timestamp) -> Option<Self> {
        let known = |later: &Later| later.known_from <= at;
        if self.later.iter().all(known) {
            return None;
        }
        let later = self.later.iter().filter(|later| known(later)).cloned();
        Some(Self { first: Arc::clone(&self.first), later: later.collect() })
    }

    /// The version of a name.
    pub fn version(&self, id: VersionId) -> Option<&Arc<Program>> {
        self.all().find(|program| program.version() == id)
    }

    /// Whether any version declares an attribute of this name.
    pub fn declare(&self, attribute: &str) -> bool {
        self.all().any(|program| program.document().attributes.iter().any(|a| a.id.as_str() == attribute))
    }

    /// All versions, the first one first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Program>> {
        std::iter::once(&self.first).chain(self.later.iter().map(|later| &later.program))
    }
}
