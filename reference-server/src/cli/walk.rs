//! Every member of a ledger, settled, a page at a time.

use anyhow::Result;
use loyalty_core::id::MemberId;
use loyalty_core::ledger::operation::Settlement;
use loyalty_core::member::MemberState;
use loyalty_core::ports::{Feed, LedgerStore};
use loyalty_core::program::Programs;
use loyalty_core::settle::settle;
use loyalty_core::time::Timestamp;

use super::{Ledger, wait};

/// Members read at once; a commit can be large.
const PAGE: usize = 64;
/// Memory for pages of the file: each is read once, so more would not help.
pub(super) const CACHE: usize = 8 << 20;

/// Who takes members, with what fell due since their newest commit.
pub(super) type Each<'a> = dyn FnMut(&MemberId, &MemberState, Settlement) -> Result<()> + 'a;

/// As of when members are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AsOf {
    /// Settled to this instant; else as the commit left them.
    pub at: Option<Timestamp>,
    /// By what had been recorded until this instant; else by all that is.
    pub known_at: Option<Timestamp>,
}

/// Gives every member in the order of members.
pub(super) fn every_member(
    ledger: &Ledger,
    programs: &Programs,
    AsOf { at, known_at }: AsOf,
    each: &mut Each<'_>,
) -> Result<()> {
    let mut last: Option<MemberId> = None;
    loop {
        let page = wait(ledger.data.store.heads(&ledger.tenant, last.as_ref(), PAGE))??;
        for stored in &page {
            let mut head = stored.head()?;
            last = Some(head.member.clone());
            if let Some(known_at) = known_at {
                let known = wait(ledger.data.store.at(&ledger.tenant, &head.member, known_at))??;
                let Some(known) = known else { continue };
                head = known.head()?;
            }
            let mut state = head.state;
            let at = at.unwrap_or(state.settled_to);
            let owner = ledger.data.engine.owner(&ledger.tenant, &head.member);
            let due = settle(programs, owner, &mut state, at)?;
            each(&head.member, &state, due)?;
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}
