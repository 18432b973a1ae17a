//! Every member of a ledger, settled, a page at a time.

use anyhow::Result;
use loyalty_core::id::MemberId;
use loyalty_core::ledger::operation::Settlement;
use loyalty_core::member::MemberState;
use loyalty_core::ports::Feed;
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

/// Gives every member in the order of members, settled to an instant, or as its newest commit left it.
pub(super) fn every_member(
    ledger: &Ledger,
    programs: &Programs,
    at: Option<Timestamp>,
    each: &mut Each<'_>,
) -> Result<()> {
    let mut last: Option<MemberId> = None;
    loop {
        let page = wait(ledger.data.store.heads(&ledger.tenant, last.as_ref(), PAGE))??;
        for stored in &page {
            let head = stored.head()?;
            let mut state = head.state;
            let at = at.unwrap_or(state.settled_to);
            let owner = ledger.data.engine.owner(&ledger.tenant, &head.member);
            let due = settle(programs, owner, &mut state, at)?;
            each(&head.member, &state, due)?;
            last = Some(head.member);
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}
