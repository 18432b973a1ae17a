//! What has come of an import, put together from all threads.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use loyalty_core::id::MemberId;
use loyalty_core::ledger::operation::Operation;

use super::faults::{Fault, Faults};
use super::tally::Tally;

/// What a thread has made of its part of a window.
#[derive(Default)]
pub(super) struct Recorded {
    pub tally: Tally,
    pub faults: Vec<Fault>,
    /// Operations that have decided something for other members.
    pub for_others: Vec<(MemberId, Operation)>,
}

/// Faults wait here until all threads are done with a window, so that they are written in the order of lines.
pub(super) struct Results(Mutex<State>);

struct State {
    faults: Faults,
    tally: Tally,
    /// By window: how many threads are done with it, and what is wrong with its lines.
    open: BTreeMap<u64, (usize, Vec<Fault>)>,
    for_others: Vec<(MemberId, Operation)>,
    threads: usize,
}

/// All that an import has come to.
pub(super) struct Finished {
    pub tally: Tally,
    pub faults: Faults,
    pub for_others: Vec<(MemberId, Operation)>,
}

impl Results {
    pub fn new(faults: Faults, threads: usize) -> Self {
        let (tally, open, for_others) = (Tally::default(), BTreeMap::new(), Vec::new());
        Self(Mutex::new(State { faults, tally, open, for_others, threads }))
    }

    /// Takes what a thread has made of a window.
    pub fn add(&self, window: u64, recorded: Recorded) -> Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        state.tally.add(&recorded.tally);
        state.for_others.extend(recorded.for_others);
        let (done, faults) = state.open.entry(window).or_default();
        *done += 1;
        faults.extend(recorded.faults);
        while let Some(oldest) = state.open.first_entry().filter(|oldest| oldest.get().0 == state.threads) {
            state.faults.write(oldest.remove().1)?;
        }
        Ok(())
    }

    /// All of it.
    pub fn finish(self) -> Result<Finished> {
        // INVARIANT: every thread sees the same windows, so that none is open when all have ended well.
        let state = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let State { mut faults, tally, for_others, .. } = state;
        faults.finish()?;
        Ok(Finished { tally, faults, for_others })
    }
}
