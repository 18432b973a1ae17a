//! Rows of what is known of members: kept and forgotten apart from the ledger.

use loyalty_core::facts::Facts;
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ports::StoreError;
use redb::{Database, ReadableDatabase, TableError, WriteTransaction};

use super::errors::{damaged, failed};
use super::tables::{FACTS, member_prefix};

/// Facts of a member, ready to be put in place of those before.
#[derive(Debug)]
pub(super) struct PreparedFacts {
    key: Vec<u8>,
    /// `None` forgets the member.
    value: Option<Vec<u8>>,
}

impl PreparedFacts {
    pub fn new(tenant: &TenantId, member: &MemberId, facts: Option<&Facts>) -> Self {
        let value = facts.map(|facts| {
            let mut value = Vec::new();
            let written = minicbor::encode(facts, &mut value);
            debug_assert!(written.is_ok(), "writing to memory cannot fail");
            value
        });
        Self { key: member_prefix(tenant, member), value }
    }
}

pub(super) fn keep(transaction: &WriteTransaction, facts: &PreparedFacts) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(FACTS)?;
    match &facts.value {
        Some(value) => table.insert(facts.key.as_slice(), value.as_slice())?,
        None => table.remove(facts.key.as_slice())?,
    };
    Ok(())
}

/// What is known of a member. A file in which nothing was ever known has no such table.
pub(super) fn read(database: &Database, tenant: &TenantId, member: &MemberId) -> Result<Facts, StoreError> {
    let transaction = database.begin_read().map_err(failed)?;
    let table = match transaction.open_table(FACTS) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(Facts::NONE),
        opened => opened.map_err(failed)?,
    };
    let Some(row) = table.get(member_prefix(tenant, member).as_slice()).map_err(failed)? else {
        return Ok(Facts::NONE);
    };
    minicbor::decode(row.value()).map_err(|error| damaged(error.to_string()))
}
