//! Keys of members in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use crate::id::{MemberId, TenantId};
use crate::ledger::chain::{ChainKey, HASH_BYTES};
use crate::ledger::sealing::Cipher;
use crate::ports::{Kept, StoreError, Vault};

/// How a vault makes a cipher of a key.
pub type MakeCipher = fn([u8; HASH_BYTES]) -> Arc<dyn Cipher>;
type Whose = (TenantId, MemberId);

/// A vault in memory, for tests and trials. It makes keys of a secret, so that whoever has that can make an erased one
/// again.
#[derive(Debug)]
pub struct MemoryVault {
    secret: ChainKey,
    cipher: MakeCipher,
    keys: Mutex<HashMap<Whose, Kept>>,
}

impl MemoryVault {
    /// A vault without keys.
    pub fn new(secret: ChainKey, cipher: MakeCipher) -> Self {
        Self { secret, cipher, keys: Mutex::default() }
    }

    fn lock(&self) -> Result<MutexGuard<'_, HashMap<Whose, Kept>>, StoreError> {
        self.keys
            .lock()
            .map_err(|_| StoreError::Unavailable("a thread that held the vault failed".to_owned()))
    }
}

#[async_trait]
impl Vault for MemoryVault {
    async fn key(&self, tenant: &TenantId, member: &MemberId) -> Result<Kept, StoreError> {
        let kept = self.lock()?.get(&(tenant.clone(), member.clone())).cloned();
        Ok(kept.unwrap_or(Kept::Nothing))
    }

    async fn create(&self, tenant: &TenantId, member: &MemberId) -> Result<Kept, StoreError> {
        let make = || {
            let parts = [tenant.as_str().as_bytes(), member.as_str().as_bytes()];
            Kept::Key((self.cipher)(self.secret.hash_of("the key of a member", parts.into_iter())))
        };
        Ok(self.lock()?.entry((tenant.clone(), member.clone())).or_insert_with(make).clone())
    }

    async fn erase(&self, tenant: &TenantId, member: &MemberId) -> Result<(), StoreError> {
        self.lock()?.insert((tenant.clone(), member.clone()), Kept::Erased);
        Ok(())
    }
}
