//! Reading the past: a member as was known then, and what was there then by all that is known now.

use std::collections::BTreeMap;

use super::read::{Settled, unknown_member};
use super::{Engine, EngineError};
use crate::id::{AuthorId, MemberId, TenantId};
use crate::ledger::commit::Commit;
use crate::ledger::operation::TierChange;
use crate::ledger::posting::{Account, Posting};
use crate::points::{OutOfRange, Points};
use crate::settle::settle;
use crate::time::Timestamp;

/// Commits read at once.
const PAGE: usize = 64;

/// What a member had at an instant, by all that is recorded by now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// What accounts held, in minor units; those of the program with the other sign.
    pub accounts: BTreeMap<(AuthorId, Account), Points>,
    /// The level of each track that ever changed.
    pub levels: BTreeMap<AuthorId, AuthorId>,
}

impl Holdings {
    fn add(&mut self, Posting { currency, from, to, points, .. }: &Posting) -> Result<(), OutOfRange> {
        for (account, points) in [(*from, points.negated()), (*to, *points)] {
            let sum = self.accounts.entry((currency.clone(), account)).or_default();
            *sum = sum.plus(points)?;
        }
        Ok(())
    }

    /// What an account held.
    pub fn of(&self, currency: &AuthorId, account: Account) -> Points {
        self.accounts.get(&(currency.clone(), account)).copied().unwrap_or(Points::ZERO)
    }
}

/// Takes changes of levels, the newest first.
#[derive(Default)]
struct Levels {
    /// The newest change at or before the instant.
    held: BTreeMap<AuthorId, AuthorId>,
    /// The level before the oldest change of all.
    first: BTreeMap<AuthorId, AuthorId>,
}

impl Levels {
    fn take(&mut self, TierChange { track, from, to, at }: &TierChange, until: Timestamp) {
        self.first.insert(track.clone(), from.clone());
        if *at <= until {
            self.held.entry(track.clone()).or_insert_with(|| to.clone());
        }
    }

    fn all(self) -> BTreeMap<AuthorId, AuthorId> {
        let mut all = self.first;
        all.extend(self.held);
        all
    }
}

impl Engine {
    /// A member as was known at an instant: by what had been recorded until then, settled to `at`, or to that instant
    /// where `at` is absent.
    ///
    /// Errors: `unknown_member`, also where nothing had been recorded yet.
    pub async fn member_known_at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        (known_at, at): (Timestamp, Option<Timestamp>),
    ) -> Result<Settled, EngineError> {
        let stored = self.ledger.at(tenant, member, known_at).await?;
        let head = stored.ok_or_else(|| unknown_member(member))?.head()?;
        let mut state = head.state.clone();
        // Nor was a version known that was published later.
        let programs = self.programs(tenant, known_at).await?;
        let unwritten = settle(&programs, self.owner(tenant, member), &mut state, at.unwrap_or(known_at))?;
        Ok(Settled { head, state, unwritten })
    }

    /// What a member had at an instant: all postings by when they count, also those that were recorded later, and
    /// what has fallen due since and is not written yet. Reads the whole chain, a page at a time.
    ///
    /// Errors: `unknown_member`.
    pub async fn holdings(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Holdings, EngineError> {
        let settled = self.member(tenant, member, Some(at), now).await?;
        let (mut holdings, mut levels) = (Holdings::default(), Levels::default());
        let due = settled.unwritten;
        due.postings.iter().filter(|it| it.effective_at <= at).try_for_each(|it| holdings.add(it))?;
        due.tier_changes.iter().rev().for_each(|change| levels.take(change, at));
        let mut before = u64::MAX;
        loop {
            let page = self.ledger.range(tenant, member, before, PAGE).await?;
            for stored in &page {
                let Commit { head, operations } = stored.commit()?;
                before = head.seq;
                for operation in operations.iter().rev() {
                    let settlement = &operation.settlement;
                    let postings = operation.postings.iter().chain(&settlement.postings);
                    postings.filter(|it| it.effective_at <= at).try_for_each(|it| holdings.add(it))?;
                    let changes = operation.tier_changes.iter().rev();
                    let changes = changes.chain(settlement.tier_changes.iter().rev());
                    changes.for_each(|change| levels.take(change, at));
                }
            }
            if page.len() < PAGE {
                holdings.levels = levels.all();
                return Ok(holdings);
            }
        }
    }
}
