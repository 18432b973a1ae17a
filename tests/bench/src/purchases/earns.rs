//! Single earns for many callers at once.

use anyhow::{Context, Result};
use loyalty_core::activity::MemberActivity;

use super::generated::Till;
use crate::raw::Record;

/// What the commit of a purchase of five lines takes.
const COMMIT_BYTES: usize = 700;
/// Purchases of one member, each on a day of its own.
const EACH: u32 = 4;

/// One earn: what is decided on, and what a bare store keeps of it.
pub struct Earn {
    pub activity: MemberActivity,
    pub record: Record,
}

/// `each` earns for each caller, of members that no other caller knows.
pub fn earns(callers: u64, each: u32) -> Result<Vec<Vec<Earn>>> {
    let mut till = Till::new();
    (0..callers).map(|caller| (0..each).map(|n| earn(&mut till, caller, n, each)).collect()).collect()
}

/// The `n`th of a caller's earns. Its members take turns.
fn earn(till: &mut Till, caller: u64, n: u32, each: u32) -> Result<Earn> {
    let members = each.div_ceil(EACH);
    let day = n / members;
    let id = caller * u64::from(each) + u64::from(n);
    let activity = till.basket(&format!("{caller}-{}", n % members), id, day)?;
    let record = record(&activity, u64::from(day) + 1)?;
    Ok(Earn { activity, record })
}

/// The activity as it lies in a commit, filled up with bytes that cannot be compressed, as hashes cannot.
fn record(of: &MemberActivity, seq: u64) -> Result<Record> {
    let mut bytes = minicbor::to_vec(&of.activity)?;
    let mut noise = blake3::Hasher::new().update(&bytes).finalize_xof();
    let written = bytes.len().min(COMMIT_BYTES);
    bytes.resize(COMMIT_BYTES, 0);
    noise.fill(&mut bytes[written..]);
    let key = of.activity.key().context("this activity makes no key")?;
    Ok(Record { member: of.member.to_string(), seq, key: key.to_string(), bytes })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_earn_has_its_own_key_and_place() {
        let earns: Vec<Earn> = earns(3, 10).unwrap().into_iter().flatten().collect();
        assert_eq!(earns.len(), 30);
        let distinct =
            |of: fn(&Earn) -> (String, String)| earns.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|it| (it.record.key.clone(), String::new())), 30);
        assert_eq!(distinct(|it| (it.record.member.clone(), it.record.seq.to_string())), 30);
        assert!(earns.iter().all(|it| it.record.bytes.len() == COMMIT_BYTES));
    }

    #[test]
    fn a_members_earns_follow_each_other() {
        for caller in earns(2, 10).unwrap() {
            let mut next = std::collections::BTreeMap::new();
            for earn in caller {
                let seq = next.entry(earn.record.member).or_insert(0);
                *seq += 1;
                assert_eq!(earn.record.seq, *seq);
            }
        }
    }
}
