//! Verifying: every chain read back and checked against its hashes, its postings and its keys.

use super::{Engine, EngineError};
use crate::id::{AuthorId, MemberId, TenantId};
use crate::ledger::chain::BEGINNING;
use crate::ledger::commit::{Commit, StoredCommit};
use crate::ledger::posting::{Account, Posting};
use crate::member::MemberState;
use crate::points::Points;

/// Commits read at once.
const PAGE: usize = 64;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whose chain.
    pub member: MemberId,
    /// Which commit.
    pub seq: u64,
    /// What is wrong.
    pub text: String,
}

/// What verifying a member's chain saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Commits read.
    pub commits: u64,
    /// Operations in them.
    pub operations: u64,
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
}

impl Engine {
    /// Reads a member's chain back from its head and checks it: hashes, links, sequence, times, that every
    /// state is the one before it plus its postings, and that every key leads to its commit.
    pub async fn verify(&self, tenant: &TenantId, member: &MemberId) -> Result<Verified, EngineError> {
        let mut verified = Verified::default();
        let mut newer: Option<Commit> = None;
        let mut before = u64::MAX;
        loop {
            let page = self.ledger.range(tenant, member, before, PAGE).await?;
            for stored in &page {
                let commit = match self.read_checked(stored) {
                    Ok(commit) => commit,
                    Err(text) => {
                        let seq = newer.as_ref().map_or(0, |n| n.head.seq.saturating_sub(1));
                        verified.findings.push(Finding { member: member.clone(), seq, text });
                        return Ok(verified);
                    }
                };
                verified.commits = verified.commits.saturating_add(1);
                let count = u64::try_from(commit.operations.len()).unwrap_or(u64::MAX);
                verified.operations = verified.operations.saturating_add(count);
                let mut wrong = linked(newer.as_ref(), &commit);
                wrong.extend(self.keys_lead_here(tenant, member, stored, &commit).await?);
                if commit.head.tenant != *tenant || commit.head.member != *member {
                    wrong.push("the commit is of another chain".to_owned());
                }
                let seq = commit.head.seq;
                let findings = wrong.into_iter().map(|text| Finding { member: member.clone(), seq, text });
                verified.findings.extend(findings);
                before = seq;
                newer = Some(commit);
            }
            if page.len() < PAGE {
                break;
            }
        }
        let wrong = newer.as_ref().map(begins).unwrap_or_default();
        let findings = wrong.into_iter().map(|text| Finding { member: member.clone(), seq: 1, text });
        verified.findings.extend(findings);
        Ok(verified)
    }

    fn read_checked(&self, stored: &StoredCommit) -> Result<Commit, String> {
        stored.check_hash(&self.key).map_err(|error| error.to_string())?;
        stored.commit().map_err(|error| error.to_string())
    }

    async fn keys_lead_here(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        stored: &StoredCommit,
        commit: &Commit,
    ) -> Result<Vec<String>, EngineError> {
        let mut wrong = Vec::new();
        for operation in &commit.operations {
            if self.ledger.by_key(tenant, member, &operation.key).await?.as_ref() != Some(stored) {
                wrong.push(format!("the key `{}` does not lead to its commit", operation.key));
            }
        }
        Ok(wrong)
    }
}

/// What is wrong between a commit and the one after it.
fn linked(newer: Option<&Commit>, older: &Commit) -> Vec<String> {
    let Some(newer) = newer else { return Vec::new() };
    let mut wrong = Vec::new();
    if newer.head.previous != older.head.hash {
        wrong.push("the next commit names another hash".to_owned());
    }
    if newer.head.seq != older.head.seq.saturating_add(1) {
        wrong.push("the sequence has a gap".to_owned());
    }
    if newer.head.recorded_at <= older.head.recorded_at {
        wrong.push("the next commit was not recorded later".to_owned());
    }
    wrong.extend(moved(Some(&older.head.state), newer));
    wrong
}

/// What is wrong with a chain's first commit.
fn begins(first: &Commit) -> Vec<String> {
    let mut wrong = moved(None, first);
    if first.head.seq != 1 || first.head.previous != BEGINNING {
        wrong.push("the chain does not begin here".to_owned());
    }
    wrong
}

/// Whether the state of a commit is the one before plus its postings.
fn moved(before: Option<&MemberState>, commit: &Commit) -> Vec<String> {
    let postings: Vec<&Posting> =
        commit.operations.iter().flat_map(|op| op.settlement.postings.iter().chain(&op.postings)).collect();
    let mut wrong = Vec::new();
    for balance in &commit.head.state.balances {
        for account in
            [Account::Available, Account::Pending, Account::Held, Account::Debt, Account::InTransit]
        {
            let own = postings.iter().filter(|posting| posting.currency == balance.currency);
            let sum: i128 = own.map(|posting| signed(posting, account)).sum();
            let want = held(before, &balance.currency, account).saturating_add(sum);
            if want != held(Some(&commit.head.state), &balance.currency, account) {
                wrong.push(format!(
                    "the balance of `{}` is not the one before plus its postings",
                    balance.currency
                ));
            }
        }
    }
    wrong
}

/// What a member holds of a currency on one of the member's accounts.
fn held(state: Option<&MemberState>, currency: &AuthorId, account: Account) -> i128 {
    let Some(state) = state else { return 0 };
    let sum =
        |points: &mut dyn Iterator<Item = Points>| points.map(|points| i128::from(points.minor())).sum();
    if account == Account::Pending {
        let pending = state.pending.iter().filter(|pending| pending.currency == *currency);
        return sum(&mut pending.map(|pending| pending.points));
    }
    if account == Account::Held {
        let own = state.holds.iter().map(|held| &held.redeemed).filter(|it| it.currency == *currency);
        return sum(&mut own.flat_map(|redeemed| &redeemed.lots).map(|lot| lot.points));
    }
    if account == Account::InTransit {
        let parcels =
            state.in_transit.iter().flat_map(|it| &it.parcels).filter(|it| it.currency == *currency);
        return sum(&mut parcels.flat_map(|parcel| &parcel.lots).map(|lot| lot.points));
    }
    if account == Account::Debt {
        return state.balance(currency).map_or(0, |balance| i128::from(balance.debt.negated().minor()));
    }
    state.balance(currency).map_or(0, |balance| sum(&mut balance.lots.iter().map(|lot| lot.points)))
}

/// What a posting adds to one of the member's accounts.
fn signed(posting: &Posting, account: Account) -> i128 {
    let points = i128::from(posting.points.minor());
    if posting.to == account {
        points
    } else if posting.from == account {
        points.saturating_neg()
    } else {
        0
    }
}
