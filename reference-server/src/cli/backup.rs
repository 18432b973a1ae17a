//! `backup`, `restore` and `rebuild`: copies of the ledger's file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore, OpenError, Rebuilt};

use super::Verdict;
use crate::data_dir::LEDGER;

/// Copies a ledger, of all tenants, into one file; without the key of its chains, which is kept elsewhere
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder that holds the ledger.
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
    /// The file to make.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Checks a backup and makes a ledger of it, in a folder that has none
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The folder that is to hold the ledger.
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
}

/// Makes everything that follows from commits anew, and tells whether the ledger has the same
#[derive(Debug, Args)]
pub(super) struct Rebuild {
    /// The folder that holds the ledger.
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
    /// Take what was made anew in place of what is there, which is kept as `ledger.redb.old`.
    #[arg(long)]
    replace: bool,
}

pub(super) fn backup(args: &Backup) -> Result<Verdict> {
    let ledger = args.data.join(LEDGER);
    let commits = match existing(&ledger, EmbeddedOptions::default()) {
        Err(OpenError::Locked(_)) => {
            bail!("a server has `{}` open: let it make the backup, with `POST /v1/backups`", ledger.display())
        }
        opened => opened?.backup(&args.to)?,
    };
    writeln!(io::stdout(), "{commits} commits are in `{}`", args.to.display())?;
    Ok(Verdict::Right)
}

pub(super) fn restore(args: &Restore) -> Result<Verdict> {
    let checked = EmbeddedOptions { check_on_open: true, ..EmbeddedOptions::default() };
    let backup = existing(&args.from, checked)?;
    fs::create_dir_all(&args.data).with_context(|| format!("cannot make `{}`", args.data.display()))?;
    let commits = backup.backup(args.data.join(LEDGER))?;
    let mut out = io::stdout();
    writeln!(out, "{commits} commits are in `{}`", args.data.display())?;
    if !args.data.join("chain.key").exists() {
        writeln!(out, "put its `chain.key` there, or give LOYALTY_CHAIN_KEY, then run `verify`")?;
    }
    Ok(Verdict::Right)
}

pub(super) fn rebuild(args: &Rebuild) -> Result<Verdict> {
    let [ledger, anew, old] = ["", ".anew", ".old"].map(|end| args.data.join(format!("{LEDGER}{end}")));
    let store = existing(&ledger, EmbeddedOptions::default())?;
    // What an earlier run left there.
    remove(&anew)?;
    let rebuilt = store.rebuild(&anew)?;
    store.close()?;
    for Rebuilt { table, rows, different } in &rebuilt {
        writeln!(io::stdout(), "{table:<10}{rows:>12} rows{different:>12} different")?;
    }
    let right = rebuilt.iter().all(|it| it.different == 0);
    if args.replace {
        // In two steps of which none leaves the folder without a ledger.
        remove(&old)?;
        fs::hard_link(&ledger, &old)?;
        fs::rename(&anew, &ledger)?;
        return Ok(Verdict::Right);
    }
    remove(&anew)?;
    if !right {
        writeln!(io::stdout(), "run `verify`, then `rebuild --replace`")?;
    }
    Ok(if right { Verdict::Right } else { Verdict::Wrong })
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens a file that has to be there.
fn existing(file: &Path, options: EmbeddedOptions) -> Result<EmbeddedStore, OpenError> {
    match file.is_file() {
        true => EmbeddedStore::open(file, options),
        false => Err(OpenError::Unusable(file.display().to_string(), "there is no such file".to_owned())),
    }
}
