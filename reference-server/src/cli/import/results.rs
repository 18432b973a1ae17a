//! What has come of an import, put together from all threads.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::faults::{Fault, Faults};
use super::tally::Tally;

/// What a thread has made of its part of a window.
#[derive(Default)]
pub(super) struct Recorded {
    pub tally: Tally,
    pub faults: Vec<Fault>,
}

/// Faults wait here until all threads are done with a window, so that they are written in the order of lines.
pub(super) struct Results(Mutex<State>);

struct State {
    faults: Faults,
    tally: Tally,
    /// By window: how many threads are done with it, and what is wrong with its lines.
    open: BTreeMap<u64, (usize, Vec<Fault>)>,
    threads: usize,
}

impl Results {
    pub fn new(faults: Faults, threads: usize) -> Self {
        Self(Mutex::new(State { faults, tally: Tally::default(), open: BTreeMap::new(), threads }))
    }

    /// Takes what a thread has made of a window.
    pub fn add(&self, window: u64, recorded: Recorded) -> Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        state.tally.add(&recorded.tally);
        let (done, faults) = state.open.entry(window).or_default();
        *done += 1;
        faults.extend(recorded.faults);
        while let Some(oldest) = state.open.first_entry().filter(|oldest| oldest.get().0 == state.threads) {
            state.faults.write(oldest.remove().1)?;
        }
        Ok(())
    }

    /// All of it.
    pub fn finish(self) -> Result<(Tally, Faults)> {
        // INVARIANT: every thread sees the same windows, so that none is open when all have ended well.
        let State { mut faults, tally, .. } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        faults.finish()?;
        Ok((tally, faults))
    }
}
