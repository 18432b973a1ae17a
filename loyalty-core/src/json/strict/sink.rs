//! Where problems are collected while a document is read.

use std::cell::{Cell, RefCell};

use super::fault::Issue;
use super::path::Path;
use super::{Limits, Problem};

/// The problems found so far, at most as many as the limits say, in at most as many bytes as a document.
pub(super) struct Sink {
    limits: Limits,
    found: RefCell<Vec<Problem>>,
    bytes: Cell<usize>,
    overflowed: Cell<bool>,
}

impl Sink {
    /// An empty one, for one document.
    pub(super) fn new(limits: &Limits) -> Self {
        let (found, bytes, overflowed) = Default::default();
        Sink { limits: *limits, found, bytes, overflowed }
    }

    /// The largest length of a text.
    pub(super) fn bytes(&self) -> usize {
        self.limits.bytes
    }

    /// Notes a problem of the value at `place`.
    pub(super) fn report(&self, place: &Path<'_>, issue: Issue) {
        let mut found = self.found.borrow_mut();
        if found.len() >= self.limits.problems || self.bytes.get() >= self.limits.bytes {
            self.overflowed.set(true);
            return;
        }
        let Issue { code, message, help } = issue;
        let path = place.pointer();
        // Keys may be long, and every problem names all keys above it.
        self.bytes.set(self.bytes.get().saturating_add(path.len()));
        found.push(Problem { code, path, message, help });
    }

    /// Reports when a list or object at `place` is one too many inside the others.
    pub(super) fn refuses_depth(&self, place: &Path<'_>) -> bool {
        let limit = self.limits.depth.min(super::DEEPEST);
        let refused = place.depth() >= limit;
        if refused {
            self.report(place, Issue::too_deep(limit));
        }
        refused
    }

    /// Whether more problems were found than can be listed, so that there is no use in going on.
    pub(super) fn is_full(&self) -> bool {
        self.overflowed.get()
    }

    /// Whether there was no problem at all.
    pub(super) fn is_clean(&self) -> bool {
        !self.is_full() && self.found.borrow().is_empty()
    }

    /// All problems in the order that `sort` gives them, and one more where the list was cut.
    pub(super) fn close(self, sort: impl FnOnce(&mut [Problem])) -> Vec<Problem> {
        let mut problems = self.found.into_inner();
        sort(&mut problems);
        problems.dedup();
        if self.overflowed.get() {
            let Issue { code, message, help } = Issue::too_many(problems.len());
            problems.push(Problem { code, path: String::new(), message, help });
        }
        problems
    }
}
