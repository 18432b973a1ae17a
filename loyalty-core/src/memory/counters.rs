//! Shared counters in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::id::{AuthorId, MemberId, OperationKey, TenantId};
use crate::limits::shared::SharedCounter;
use crate::ports::StoreError;
use crate::ports::shared_counters::{By, SharedCounters};
use crate::program::document::Sharing;

/// Counters that live as long as their process.
///
/// They keep what the windows asked for reach: what is older goes with the next note of the same text, or, of texts that
/// come no more, whenever there are twice as many texts as were left the last time.
#[derive(Debug, Default)]
pub struct MemoryCounters {
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    texts: HashMap<(TenantId, AuthorId, [u8; 32]), Noted>,
    /// How many texts there were after the last time that the old were let go.
    left: usize,
}

/// What was noted of one text.
#[derive(Debug, Default)]
struct Noted {
    slots: BTreeMap<i64, BTreeSet<(MemberId, OperationKey)>>,
}

/// Fewer texts are not worth looking through.
const FEW: usize = 1_024;

impl MemoryCounters {
    /// A thread that panicked has left whole entries.
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn note(&mut self, tenant: &TenantId, by: By<'_>, counter: &SharedCounter) {
        let text = (tenant.clone(), counter.limit.clone(), counter.of);
        let slots = &mut self.texts.entry(text).or_default().slots;
        let newest = slots.last_key_value().map_or(counter.last, |(slot, _)| *slot);
        let noted = by.keys.iter().map(|key| (by.member.clone(), key.clone()));
        slots.entry(counter.last).or_default().extend(noted);
        // What comes late reaches back from its own slot, not from the newest.
        if counter.last >= newest {
            *slots = slots.split_off(&counter.first);
        }
        if self.texts.len() >= FEW.max(self.left.saturating_mul(2)) {
            let is_old = |noted: &Noted| noted.slots.last_key_value().is_some_and(|it| *it.0 < counter.first);
            self.texts.retain(|(whose, limit, _), noted| {
                whose != tenant || *limit != counter.limit || !is_old(noted)
            });
            self.left = self.texts.len();
        }
    }

    fn others(&self, tenant: &TenantId, by: By<'_>, counter: &SharedCounter) -> u64 {
        let text = (tenant.clone(), counter.limit.clone(), counter.of);
        let slots = self.texts.get(&text).map(|noted| noted.slots.range(counter.first..=counter.last));
        let noted = slots.into_iter().flatten().flat_map(|(_, noted)| noted);
        let others = match counter.counts {
            Sharing::Members => {
                let members: BTreeSet<&MemberId> = noted.map(|(member, _)| member).collect();
                members.into_iter().filter(|member| *member != by.member).count()
            }
            Sharing::Activities => {
                noted.filter(|(member, key)| member != by.member || !by.keys.contains(key)).count()
            }
        };
        others.try_into().unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl SharedCounters for MemoryCounters {
    async fn others(
        &self,
        tenant: &TenantId,
        by: By<'_>,
        counters: &[SharedCounter],
    ) -> Result<Vec<u64>, StoreError> {
        let contents = self.lock();
        Ok(counters.iter().map(|counter| contents.others(tenant, by, counter)).collect())
    }

    async fn note(
        &self,
        tenant: &TenantId,
        by: By<'_>,
        counters: &[SharedCounter],
    ) -> Result<(), StoreError> {
        let mut contents = self.lock();
        counters.iter().for_each(|counter| contents.note(tenant, by, counter));
        Ok(())
    }
}
