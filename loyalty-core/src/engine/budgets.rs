//! Budgets: leasing of them, drawing on the leases, and what comes back.
//!
//! A budget's chain says what is used and what is leased to whom; an engine draws on its lease in memory, and the
//! commits of members name the lease. What is drawn is subtracted before a commit is appended, and comes back only
//! once it is known that the commit is not there and never will be.

mod pot;
mod recovery;
mod turn;

use std::collections::HashMap;
use std::sync::Arc;

pub(super) use self::pot::{Drawn, Draws, Landing, Left, Of, Pot, Pots};
pub(super) use self::recovery::Recovered;
pub(super) use self::turn::Turn;
use super::pack::recorded_at;
use super::{Chain, Engine, EngineError, MAX_ATTEMPTS, contended};
use crate::id::{AuthorId, MemberId, OperationKey, TenantId};
use crate::ledger::chain::BEGINNING;
use crate::ledger::commit::{Head, NewCommit};
use crate::ledger::operation::{CountedBy, Operation};
use crate::member::MemberState;
use crate::points::Points;
use crate::ports::{Append, Appended, StoreError};
use crate::program::Programs;
use crate::shared::budget::{self, BudgetState, LEASE_MICROS, Lease, MOST_LEASES};
use crate::shared::{Reading, Shared, Want};
use crate::time::{Timestamp, When};

/// How a budget stands in its present window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The budget.
    pub budget: AuthorId,
    /// The currency.
    pub currency: AuthorId,
    /// Which of its windows.
    pub slot: i64,
    /// What the program gives it, in minor units, as all that follows.
    pub amount: Points,
    /// What has come of leases that are closed.
    pub used: i64,
    /// What engines hold to draw on, or have drawn and not yet told.
    pub leased: i64,
    /// What nobody has leased.
    pub free: i64,
}

/// The chain of a budget as read.
struct Stored {
    chain: MemberId,
    head: Option<Head>,
    state: BudgetState,
}

impl Engine {
    /// How the budgets of the program in force stand, in its order.
    pub async fn budgets(&self, tenant: &TenantId, now: Timestamp) -> Result<Vec<Standing>, EngineError> {
        let programs = self.programs(tenant, now).await?;
        let program = programs.at(now);
        let date = program.zone().date_at(now);
        let when = When { at: now, date, enrolled_at: now, zone: program.zone() };
        let mut all = Vec::new();
        for budget in &program.document().budgets {
            let (id, currency) = (budget.id.clone(), budget.currency.clone());
            let (slot, amount) = (budget.window.slot(&when), program.budget_amount(&id));
            let of = Of { tenant: tenant.clone(), budget: id.clone(), slot };
            let state = self.stored(&of).await?.state;
            let (used, leased, free) = (state.used, state.leased(), state.free(amount));
            all.push(Standing { budget: id, currency, slot, amount, used, leased, free });
        }
        Ok(all)
    }

    /// Gives back what this engine holds of budgets and has not drawn: before its process ends.
    pub async fn release_budgets(&self, now: Timestamp) -> Result<(), EngineError> {
        for (of, pot) in self.pots.all() {
            let _turn = pot.turn.take().await;
            for _ in 0..MAX_ATTEMPTS {
                self.look_for(&pot).await?;
                let mut stored = self.stored(&of).await?;
                let before = stored.state.clone();
                pot.give_back(&mut stored.state);
                if stored.state == before || self.write(&of.tenant, &stored, now).await? {
                    pot.take_over(&stored.state, None);
                    break;
                }
            }
        }
        Ok(())
    }

    /// What is left of a budget for who wants some, without leasing it.
    pub(super) async fn read_budget(
        &self,
        tenant: &TenantId,
        (want, amount): (&Want, Points),
    ) -> Result<Reading, EngineError> {
        let of = Of { tenant: tenant.clone(), budget: want.budget.clone(), slot: want.slot };
        let own = self.pots.of(&of).undrawn();
        let left = self.stored(&of).await?.state.left(amount, own);
        Ok(Reading { budget: of.budget, slot: of.slot, left, lease: 0 })
    }

    /// What is left of a budget, with as much of it at hand as is wanted and there is: leased anew where it is not.
    pub(super) async fn lease(
        &self,
        (of, wanted, amount): (Of, i64, Points),
        now: Timestamp,
    ) -> Result<Left, EngineError> {
        let tenant = &of.tenant.clone();
        self.recover_once(tenant, now).await?;
        let pot = self.pots.of(&of);
        let enough = |left: &Left| left.at_hand >= wanted;
        if let Some(left) = pot.left(&of, now).filter(enough) {
            return Ok(left);
        }
        let _turn = pot.turn.take().await;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(left) = pot.left(&of, now).filter(enough) {
                return Ok(left);
            }
            self.look_for(&pot).await?;
            let mut stored = self.stored(&of).await?;
            let all_given = stored.state.leases.len() >= MOST_LEASES;
            let free = if all_given { 0 } else { stored.state.free(amount) };
            pot.free_is(free);
            let held = pot.left(&of, now);
            let useless = free == 0 && pot.idle(now) == 0 && held.is_some();
            if useless || all_given {
                return Ok(held.unwrap_or_else(|| Left::nothing(of)));
            }
            pot.give_back(&mut stored.state);
            let lease = Lease {
                id: stored.next(),
                amount: stored.state.block(amount, wanted),
                until: now.plus_micros(LEASE_MICROS),
                since: self.newest().await?,
            };
            stored.state.leases.push(lease);
            if self.write(tenant, &stored, now).await? {
                pot.take_over(&stored.state, Some(lease));
                pot.free_is(stored.state.free(amount));
            }
        }
        pot.left(&of, now).ok_or_else(|| contended().into())
    }

    /// A position of the feed at which every commit stands that is there, as far as the engine has a feed.
    async fn newest(&self) -> Result<u64, EngineError> {
        match &self.feed {
            Some(feed) => Ok(feed.newest().await?),
            None => Ok(0),
        }
    }

    /// Looks for commits of which it is not known whether they are there.
    async fn look_for(&self, pot: &Pot) -> Result<(), EngineError> {
        let mut still = Vec::new();
        let mut failed = None;
        for (drawn, landing) in pot.take_unknown() {
            match self.landed(&landing).await {
                Ok(Some(done)) => pot.settle(drawn, done),
                Ok(None) => still.push((drawn, landing)),
                Err(error) => {
                    still.push((drawn, landing));
                    failed = Some(error);
                }
            }
        }
        pot.keep_unknown(still);
        failed.map_or(Ok(()), Err)
    }

    /// Whether a commit is there: certain once its chain has reached its sequence, by it or by another.
    async fn landed(&self, landing: &Landing) -> Result<Option<bool>, EngineError> {
        let Landing { tenant, member, seq, hash } = landing;
        let found = self.ledger.range(tenant, member, seq.saturating_add(1), 1).await?;
        let Some(newest) = found.first() else { return Ok(None) };
        Ok((newest.head()?.seq == *seq).then_some(newest.hash()? == *hash))
    }

    async fn stored(&self, of: &Of) -> Result<Stored, EngineError> {
        let chain = budget::chain(&of.budget, of.slot);
        let chain = chain.ok_or_else(|| StoreError::Damaged("a budget's name is too long".to_owned()))?;
        let stored = self.ledger.head(&of.tenant.shared(), &chain).await?;
        let head = stored.map(|commit| commit.head()).transpose()?;
        let state = match head.as_ref().map(|head| &head.state.shared) {
            None => BudgetState::default(),
            Some(Some(Shared::Budget(state))) => state.clone(),
            Some(_) => return Err(StoreError::Damaged(format!("`{chain}` is no budget")).into()),
        };
        Ok(Stored { chain, head, state })
    }

    /// Writes a budget's chain; `false` where somebody else was faster.
    async fn write(&self, tenant: &TenantId, stored: &Stored, now: Timestamp) -> Result<bool, EngineError> {
        let Stored { chain, head, state } = stored;
        let tenant = tenant.shared();
        let of = Chain { tenant: &tenant, member: chain };
        self.append_shared(of, head.as_ref(), Shared::Budget(state.clone()), now).await
    }

    /// Appends to a chain that belongs to no member; `false` where somebody else was faster.
    pub(super) async fn append_shared(
        &self,
        of: Chain<'_>,
        head: Option<&Head>,
        shared: Shared,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        Ok(self.append_marked(of, head, (shared, None), now).await? == Appended::Done)
    }

    /// The same under a key of that chain, which is taken once.
    pub(super) async fn append_marked(
        &self,
        of: Chain<'_>,
        head: Option<&Head>,
        (shared, mark): (Shared, Option<OperationKey>),
        now: Timestamp,
    ) -> Result<Appended, EngineError> {
        if let Some(head) = head {
            head.check_appendable()?;
        }
        let recorded_at = recorded_at(head, now);
        let state = MemberState { shared: Some(shared), ..MemberState::enrolled(recorded_at) };
        let new = NewCommit {
            tenant: of.tenant,
            member: of.member,
            seq: head.map_or(1, |head| head.seq.saturating_add(1)),
            recorded_at,
            previous: head.map_or(BEGINNING, |head| head.hash),
            state: &state,
            operations: &[],
        };
        let append = Append {
            tenant: of.tenant.clone(),
            member: of.member.clone(),
            seq: new.seq,
            recorded_at,
            commit: new.seal(&self.key),
            keys: mark.into_iter().collect(),
            reviews: None,
        };
        Ok(self.ledger.append(append).await?)
    }

    /// What operations draw and give back, by their leases.
    pub(super) fn drawn(&self, tenant: &TenantId, operations: &[Operation]) -> Vec<(Arc<Pot>, Drawn)> {
        // A commit is done as a whole, so that what an operation gives back the next one may draw.
        let mut sums: HashMap<(Of, u64), i64> = HashMap::new();
        for (reading, amount) in operations.iter().flat_map(drawn_by) {
            let of = Of { tenant: tenant.clone(), budget: reading.budget.clone(), slot: reading.slot };
            let sum = sums.entry((of, reading.lease)).or_default();
            *sum = sum.saturating_add(amount);
        }
        let each = sums.into_iter().map(|((of, lease), sum)| {
            (self.pots.of(&of), Drawn { lease, more: sum.max(0), back: sum.min(0).saturating_neg() })
        });
        each.collect()
    }
}

impl Stored {
    /// The sequence of the next commit.
    fn next(&self) -> u64 {
        self.head.as_ref().map_or(1, |head| head.seq.saturating_add(1))
    }
}

/// What an operation draws by each reading, above 0, and gives back, below 0.
fn drawn_by(operation: &Operation) -> impl Iterator<Item = (&Reading, i64)> {
    operation.budgeted().filter_map(|one| {
        let reading = operation.readings.iter().find(|reading| reading.is_of(one))?;
        Some((reading, i64::try_from(one.amount).ok()?))
    })
}

/// The amount of a budget for an operation: that of the version that decided it.
pub(super) fn amount_for(programs: &Programs, operation: &Operation, want: &Want) -> Points {
    programs.version(operation.version).map_or(Points::ZERO, |program| program.budget_amount(&want.budget))
}

/// What is counted of budgets without a lease: no decision may be kept that draws so.
pub(super) fn is_drawn_by_leases(operation: &Operation) -> bool {
    operation.budgeted().all(|one| match one.of {
        CountedBy::Budget(_) => operation.readings.iter().any(|it| it.lease != 0 && it.is_of(one)),
        _ => true,
    })
}
