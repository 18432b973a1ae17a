//! The engine: head → needs → load → decide → append, with bounded retry.
//!
//! Reads one record, decides, inserts one record. Two writers on one member: one append is done, the other
//! reads again and decides again.

mod at_once;
mod budgets;
mod claims;
mod follow;
mod load;
mod opened;
mod pack;
mod past;
mod programs;
mod read;
mod referrals;
mod replay;
mod reviews;
mod stocks;
mod transfers;
mod verify;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use thiserror::Error;

use crate::conversion::Owner;
use crate::decision::Command;
use crate::grants::Codes;
use crate::id::{ActorId, MemberId, OperationKey, TenantId};
use crate::ledger::chain::ChainKey;
use crate::ledger::commit::{Head, InvalidCommit, StoredCommit};
use crate::ledger::operation::Operation;
use crate::memory::MemoryCounters;
use crate::points::OutOfRange;
use crate::ports::{
    Appended, Feed, LedgerStore, MemberFacts, NoFacts, ProgramStore, SharedCounters, StoreError, Vault,
};
use crate::problem::Problem;
use crate::time::Timestamp;

#[cfg(feature = "conformance")]
pub(crate) use self::at_once::at_once;
pub use self::budgets::Standing;
pub use self::pack::{BudgetDraws, Outcome, Pack};
pub use self::past::Holdings;
pub use self::programs::PUBLISH_AHEAD_MICROS;
pub use self::read::{Entry, Explanation, FeedPage, Preview, Settled};
pub use self::reviews::UnderReview;
pub use self::stocks::StockStanding;
pub use self::verify::{Finding, Verified};

/// How often a command is decided again when another writer was faster.
const MAX_ATTEMPTS: usize = 8;

/// Why a command was not done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// The command cannot be done; nothing was.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// The program cannot follow those that are published: at least one problem.
    #[error("the program cannot follow the published versions: {}", .0.first().map_or("", |first| first.message.as_str()))]
    Unfit(Vec<Problem>),
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineError {
    /// The error as every door shows it.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refused(problem) => problem.clone(),
            Self::Unfit(problems) => {
                let none = || Problem::new("internal", "", "no problem was named", "report this");
                problems.first().cloned().unwrap_or_else(none)
            }
            Self::Store(StoreError::Unavailable(why)) => {
                Problem::new("unavailable", "", why.clone(), "try again later: nothing was done")
            }
            Self::Store(StoreError::Unknown(why)) => Problem::new(
                "unknown_outcome",
                "",
                why.clone(),
                "send the same command again: it happens once",
            ),
            Self::Store(StoreError::Damaged(why)) => {
                Problem::new("damaged", "", why.clone(), "run `verify` and restore from a backup")
            }
        }
    }
}

impl From<InvalidCommit> for EngineError {
    fn from(error: InvalidCommit) -> Self {
        Self::Store(StoreError::Damaged(error.to_string()))
    }
}

impl From<OutOfRange> for EngineError {
    fn from(error: OutOfRange) -> Self {
        Self::Refused(error.into())
    }
}

/// What came of a command: a function of the commit that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The commit that holds it.
    pub head: Arc<Head>,
    /// Its operation.
    pub operation: Operation,
    /// Whether it had happened before.
    pub replayed: bool,
}

/// Whose chain a command works on.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The member.
    pub member: &'a MemberId,
}

/// The engine over its ports. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    ledger: Arc<dyn LedgerStore>,
    programs: Arc<dyn ProgramStore>,
    members: Arc<dyn MemberFacts>,
    shared: Arc<dyn SharedCounters>,
    /// What seals what is personal; nothing is sealed without one.
    vault: Option<Arc<dyn Vault>>,
    key: ChainKey,
    actor: Option<ActorId>,
    feed: Option<Arc<dyn Feed>>,
    /// What this engine and its clones hold of budgets.
    pots: Arc<budgets::Pots>,
    /// The tenants whose budgets were recovered, where nobody else uses the store.
    alone: Option<Arc<budgets::Recovered>>,
    cache: Arc<Mutex<HashMap<TenantId, programs::Cached>>>,
    /// Who changes a stock, of this engine and its clones.
    stocks: Arc<budgets::Turn>,
    /// Whether it gives up what others have set aside of stocks and not come for.
    gives_up: bool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over a ledger and published programs, hashing its chains under `key`.
    pub fn new(ledger: Arc<dyn LedgerStore>, programs: Arc<dyn ProgramStore>, key: ChainKey) -> Self {
        let members = Arc::new(NoFacts);
        let shared = Arc::new(MemoryCounters::default());
        let (pots, cache, stocks) = (Arc::default(), Arc::default(), Arc::default());
        Self {
            ledger,
            programs,
            members,
            shared,
            vault: None,
            key,
            actor: None,
            feed: None,
            pots,
            alone: None,
            cache,
            stocks,
            gives_up: false,
        }
    }

    /// The same engine with counters that it shares with others, for limits on what members share; without them it
    /// counts in its own memory, together with its clones, and begins with nothing.
    #[must_use]
    pub fn with_shared_counters(self, shared: Arc<dyn SharedCounters>) -> Self {
        Self { shared, ..self }
    }

    /// The same engine with the feed of its ledger, by which [`recover_budgets`](Self::recover_budgets) need not read
    /// what was recorded before a lease was given. Programs without budgets need none.
    #[must_use]
    pub fn with_feed(self, feed: Arc<dyn Feed>) -> Self {
        Self { feed: Some(feed), ..self }
    }

    /// The same engine with a member store, which answers what programs ask about members; without one nothing is
    /// known of anybody.
    #[must_use]
    pub fn with_members(self, members: Arc<dyn MemberFacts>) -> Self {
        Self { members, ..self }
    }

    /// The same engine, which with its clones has the ledger to itself as long as it lives: what engines before it held
    /// of budgets is recovered by itself, before this one holds any. Needs the feed.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { alone: Some(Arc::default()), ..self }
    }

    /// The same engine with a vault, under whose keys it seals what is personal from now on; without one nothing is sealed.
    #[must_use]
    pub fn with_vault(self, vault: Arc<dyn Vault>) -> Self {
        let ledger = Arc::clone(&self.ledger);
        Self { vault: Some(vault), ..self }.over(ledger)
    }

    /// The same engine over another ledger: the same programs, the same key of the chains and the same vault.
    #[must_use]
    pub fn over(&self, ledger: Arc<dyn LedgerStore>) -> Self {
        let ledger = match &self.vault {
            Some(vault) => Arc::new(opened::Opened { ledger, vault: Arc::clone(vault) }),
            None => ledger,
        };
        Self { ledger, ..self.clone() }
    }

    /// The same engine at work for somebody: activities are kept as sent by them, who then cannot approve what limits
    /// hold of them.
    #[must_use]
    pub fn sent_by(&self, actor: Option<ActorId>) -> Self {
        Self { actor, ..self.clone() }
    }

    /// Whose a member's vouchers are, for who settles states by themselves.
    pub fn owner<'a>(&'a self, tenant: &'a TenantId, member: &'a MemberId) -> Owner<'a> {
        Owner { member, codes: self.codes(tenant) }
    }

    /// By which codes of a tenant's vouchers are made.
    fn codes<'a>(&'a self, tenant: &'a TenantId) -> Codes<'a> {
        Codes::new(&self.key, tenant)
    }

    /// Does a command once. The same key and input again gives the same answer, marked replayed.
    ///
    /// Errors: the refusal codes of the command; `idempotency_conflict` where the key was used for another
    /// input; `contended` where other writers were faster 8 times; `unavailable`; `unknown_outcome`.
    pub async fn execute(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        command: Command,
        now: Timestamp,
    ) -> Result<Answer, EngineError> {
        let mut outcomes = self.execute_many(tenant, member, &mut [command], now).await?;
        match outcomes.pop() {
            Some(Outcome::Done(answer)) => Ok(*answer),
            Some(Outcome::Refused(problem)) => Err(problem.into()),
            None => Err(contended().into()),
        }
    }

    /// Does commands of one member in their order, up to 64 in one commit; each is done or refused by itself.
    pub async fn execute_many(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        commands: &mut [Command],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, EngineError> {
        let mut outcomes = Vec::with_capacity(commands.len());
        let chain = Chain { tenant, member };
        for part in commands.chunks_mut(crate::ledger::commit::MAX_OPERATIONS) {
            let mut done = self.execute_pack(chain, part, now).await?;
            self.finish_stocks(chain, (part, &done), now).await?;
            self.finish_outcomes(chain, &mut done, now).await?;
            outcomes.extend(done);
        }
        Ok(outcomes)
    }

    async fn execute_pack(
        &self,
        chain: Chain<'_>,
        commands: &mut [Command],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, EngineError> {
        let mut known_keys = false;
        for _ in 0..MAX_ATTEMPTS {
            let pack = self.decide_many(chain, commands, now, known_keys).await?;
            let Pack { append, outcomes, drawn, .. } = pack;
            let Some(append) = append else { return Ok(outcomes) };
            let (first, commit) = (append.keys.first().cloned(), append.commit.clone());
            match self.ledger.append(append).await {
                Ok(Appended::Done) => {
                    drawn.settle(true);
                    return Ok(outcomes);
                }
                Ok(Appended::SequenceTaken) => drawn.settle(false),
                Ok(Appended::KeyTaken) => {
                    drawn.settle(false);
                    known_keys = true;
                }
                Err(StoreError::Unknown(why)) => {
                    if self.is_there(chain, first, &commit).await {
                        drawn.settle(true);
                        return Ok(outcomes);
                    }
                    return Err(StoreError::Unknown(why).into());
                }
                Err(error) => {
                    if matches!(error, StoreError::Unavailable(_)) {
                        drawn.settle(false);
                    }
                    return Err(error.into());
                }
            }
        }
        Err(contended().into())
    }

    /// An unknown outcome is resolved by reading: all of a commit is there, or none of it.
    async fn is_there(&self, chain: Chain<'_>, first: Option<OperationKey>, commit: &StoredCommit) -> bool {
        let Some(key) = first else { return false };
        self.ledger.by_key(chain.tenant, chain.member, &key).await.ok().flatten().as_ref() == Some(commit)
    }
}

fn contended() -> Problem {
    Problem::new("contended", "", "other writers of this member were faster each time", "try again")
}
