//! `seal`: what the ledger holds, hashed and signed.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{CACHE, Verdict, wait};
use crate::clock;
use crate::data_dir::DataDir;

/// Seals what was recorded since the last seal, and prints it: a line to be kept elsewhere
#[derive(Debug, Args)]
pub(super) struct SealOf {
    /// The folder that holds the ledger.
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
    /// Print the public key instead, as a JSON Web Key Set.
    #[arg(long)]
    key: bool,
}

pub(super) fn run(args: &SealOf) -> Result<Verdict> {
    let data = DataDir::open_existing(&args.data, CACHE)?;
    let sealer = data.sealer(None)?;
    let mut out = io::stdout();
    if args.key {
        writeln!(out, "{}", serde_json::to_string(&sealer.keys()?)?)?;
    } else if let Some(line) = wait(sealer.seal(clock::now()))?? {
        writeln!(out, "{line}")?;
    }
    Ok(Verdict::Right)
}
