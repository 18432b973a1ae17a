//! A ledger whose commits come with what opens their sealed parts.

use std::sync::Arc;

use async_trait::async_trait;

use super::read::unknown_member;
use super::{Chain, Command, Engine, EngineError};
use crate::id::{ActivityId, MemberId, OperationKey, TenantId};
use crate::ledger::commit::StoredCommit;
use crate::membership::MembershipChange;
use crate::ports::{Append, Appended, Kept, LedgerStore, StoreError, Vault};
use crate::problem::Problem;
use crate::time::Timestamp;

/// A ledger seen through a vault. Of a member whose key is erased, commits come without what was sealed.
pub(super) struct Opened {
    pub ledger: Arc<dyn LedgerStore>,
    pub vault: Arc<dyn Vault>,
}

impl Opened {
    async fn each(
        &self,
        (tenant, member): (&TenantId, &MemberId),
        commits: Vec<StoredCommit>,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        if commits.is_empty() {
            return Ok(commits);
        }
        let cipher = match self.vault.key(tenant, member).await? {
            Kept::Key(cipher) => Some(cipher),
            Kept::Nothing | Kept::Erased => None,
        };
        Ok(commits.into_iter().map(|commit| commit.opened_by(cipher.clone())).collect())
    }

    async fn one(
        &self,
        whose: (&TenantId, &MemberId),
        commit: Option<StoredCommit>,
    ) -> Result<Option<StoredCommit>, StoreError> {
        Ok(self.each(whose, commit.into_iter().collect()).await?.pop())
    }
}

#[async_trait]
impl LedgerStore for Opened {
    async fn head(&self, tenant: &TenantId, member: &MemberId) -> Result<Option<StoredCommit>, StoreError> {
        // Whoever asks for a head reads the state alone, which is in clear.
        self.ledger.head(tenant, member).await
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.ledger.append(append).await
    }

    async fn by_key(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        key: &OperationKey,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.one((tenant, member), self.ledger.by_key(tenant, member, key).await?).await
    }

    async fn by_activity(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        purchase: &ActivityId,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.each((tenant, member), self.ledger.by_activity(tenant, member, purchase).await?).await
    }

    async fn range(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        self.each((tenant, member), self.ledger.range(tenant, member, before, limit).await?).await
    }

    async fn at(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        recorded_at: Timestamp,
    ) -> Result<Option<StoredCommit>, StoreError> {
        self.one((tenant, member), self.ledger.at(tenant, member, recorded_at).await?).await
    }
}

impl Engine {
    /// What the next commit of a member is sealed under; `Nothing` without a vault.
    pub(super) async fn kept(&self, chain: Chain<'_>) -> Result<Kept, StoreError> {
        let Some(vault) = &self.vault else { return Ok(Kept::Nothing) };
        match vault.key(chain.tenant, chain.member).await? {
            Kept::Nothing => vault.create(chain.tenant, chain.member).await,
            kept => Ok(kept),
        }
    }

    /// Closes a member, unless that is done, and erases the key of what is personal. Done again it changes nothing, and
    /// where it ended half-way it goes on.
    ///
    /// Errors: `unknown_member`; `no_vault` where nothing is sealed; those of closing.
    pub async fn erase(
        &self,
        chain: Chain<'_>,
        close: MembershipChange,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Chain { tenant, member } = chain;
        let Some(vault) = &self.vault else { return Err(no_vault().into()) };
        let stored = self.ledger.head(tenant, member).await?.ok_or_else(|| unknown_member(member))?;
        if !stored.head()?.state.is_closed() {
            self.execute(tenant, member, Command::Close(Arc::new(close)), now).await?;
        }
        Ok(vault.erase(tenant, member).await?)
    }
}

fn no_vault() -> Problem {
    let message = "personal data is not sealed here, so it cannot be erased";
    Problem::new("no_vault", "", message, "run the engine with a vault")
}

/// The refusal of what would do something for a member whose personal data is erased.
pub(super) fn member_erased() -> Problem {
    let message = "the personal data of the member is erased, so nothing can be done for the member";
    Problem::new("member_erased", "", message, "use another member")
}
