//! The published versions of a tenant's program and which of them is in force when.

use std::sync::Arc;

use super::{Program, VersionId};
use crate::time::Timestamp;

/// A tenant's versions, oldest first; never empty.
#[derive(Debug, Clone)]
pub struct Programs {
    first: Arc<Program>,
    later: Vec<(Timestamp, Arc<Program>)>,
}

impl Programs {
    /// The first version, in force for all time before any other, so that history can be imported.
    pub const fn new(first: Arc<Program>) -> Self {
        Self { first, later: Vec::new() }
    }

    /// Adds a version that takes force at an instant.
    pub fn add(&mut self, from: Timestamp, program: Arc<Program>) {
        let place = self.later.partition_point(|(earlier, _)| *earlier <= from);
        self.later.insert(place, (from, program));
    }

    /// The version in force at an instant.
    pub fn at(&self, at: Timestamp) -> &Arc<Program> {
        let after = self.later.partition_point(|(from, _)| *from <= at);
        after
            .checked_sub(1)
            .and_then(|index| self.later.get(index))
            .map_or(&self.first, |(_, program)| program)
    }

    /// The version of a name.
    pub fn version(&self, id: VersionId) -> Option<&Arc<Program>> {
        self.all().find(|program| program.version() == id)
    }

    /// Whether any version declares an attribute of this name.
    pub fn declare(&self, attribute: &str) -> bool {
        self.all().any(|program| program.document().attributes.iter().any(|a| a.id.as_str() == attribute))
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Program>> {
        std::iter::once(&self.first).chain(self.later.iter().map(|(_, program)| program))
    }
}
