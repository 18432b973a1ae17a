//! `verify`: every chain read back and checked against its hashes, postings and keys.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;
use loyalty_core::engine::Verified;
use loyalty_core::id::{MemberId, TenantId};
use loyalty_core::ports::{Feed, LedgerStore};

use crate::data_dir::SEALS;
use crate::seals::{self, Sealed};

use super::{CACHE, Ledger, Place, Verdict, said, wait};

/// Members whose heads are read at once.
const PAGE: usize = 64;

/// Checks that nothing recorded was changed, removed or added
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    place: Place,
    /// The seals to check, such as those that were kept elsewhere; else those of the folder.
    #[arg(long, value_name = "FILE")]
    seals: Option<PathBuf>,
    /// The public keys of the seals, as a JSON Web Key Set; else that of the folder's own key.
    #[arg(long, value_name = "FILE")]
    seal_keys: Option<PathBuf>,
    /// Check this member alone.
    #[arg(long, value_parser = MemberId::new)]
    member: Option<MemberId>,
}

pub(super) fn run(args: &Verify) -> Result<Verdict> {
    let ledger = args.place.open_existing(CACHE)?;
    let (members, verified) = match &args.member {
        Some(member) => (1, one(&ledger, &ledger.tenant, member)?),
        None => everything(&ledger)?,
    };
    let sealed = if args.member.is_none() { seals(args, &ledger)? } else { Sealed::default() };
    let mut out = io::stdout().lock();
    for finding in &verified.findings {
        writeln!(out, "member `{}`, commit {}: {}", finding.member, finding.seq, finding.text)?;
    }
    sealed.wrong.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    let Verified { commits, operations, findings } = &verified;
    let (seals, findings) = (sealed.seals, findings.len() + sealed.wrong.len());
    writeln!(
        out,
        "{members} members, {commits} commits, {operations} operations, {seals} seals, {findings} findings"
    )?;
    Ok(if findings == 0 { Verdict::Right } else { Verdict::Wrong })
}

/// What is wrong with the seals, where there are any.
fn seals(args: &Verify, ledger: &Ledger) -> Result<Sealed> {
    let own = ledger.data.file(SEALS);
    let file = args.seals.as_ref().unwrap_or(&own);
    if !file.exists() && args.seals.is_none() {
        return Ok(Sealed::default());
    }
    let keys = match &args.seal_keys {
        Some(file) => serde_json::from_slice(&fs::read(file)?).context("this is no JSON Web Key Set")?,
        None => ledger.data.sealer(None)?.keys()?,
    };
    wait(seals::check(&ledger.data.store, file, &keys))?
}

fn one(ledger: &Ledger, tenant: &TenantId, member: &MemberId) -> Result<Verified> {
    if wait(ledger.data.store.head(tenant, member))??.is_none() {
        bail!("there is no member `{member}`; correct the id");
    }
    wait(ledger.data.engine.verify(tenant, member))?.map_err(said)
}

/// The file as a whole, every member, and what they share, which is counted among no members.
fn everything(ledger: &Ledger) -> Result<(u64, Verified)> {
    ledger.data.store.verify()?;
    let (members, mut verified) = all(ledger, &ledger.tenant)?;
    let (_, shared) = all(ledger, &ledger.tenant.shared())?;
    verified.commits += shared.commits;
    verified.findings.extend(shared.findings);
    Ok((members, verified))
}

/// Every chain under a name.
fn all(ledger: &Ledger, tenant: &TenantId) -> Result<(u64, Verified)> {
    let (mut members, mut all) = (0, Verified::default());
    let mut last: Option<MemberId> = None;
    loop {
        let page = wait(ledger.data.store.heads(tenant, last.as_ref(), PAGE))??;
        let page: Vec<MemberId> = page.iter().map(|head| Ok(head.head()?.member)).collect::<Result<_>>()?;
        let Some(newest) = page.last() else { return Ok((members, all)) };
        last = Some(newest.clone());
        members += page.len() as u64;
        for verified in side_by_side((ledger, tenant), &page)? {
            all.commits += verified.commits;
            all.operations += verified.operations;
            all.findings.extend(verified.findings);
        }
    }
}

/// Checks members on all cores.
fn side_by_side((ledger, tenant): (&Ledger, &TenantId), members: &[MemberId]) -> Result<Vec<Verified>> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| {
        let parts = members.chunks(members.len().div_ceil(cores).max(1));
        let workers: Vec<_> = parts
            .map(|part| {
                scope.spawn(|| {
                    part.iter().map(|member| one(ledger, tenant, member)).collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().unwrap_or_else(|_| bail!("a thread of the check has panicked"))?);
        }
        Ok(all)
    })
}
