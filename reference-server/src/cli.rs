//! The command line: answers on standard output, all else on standard error.
//!
//! Ends with 0 where all is well, 1 where the input or the ledger is found wrong, 2 where the command could
//! not be carried out.

mod backup;
mod check;
mod explain;
mod import;
mod journal;
mod members;
mod outstanding;
mod seal;
mod verify;
mod walk;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use loyalty_core::engine::EngineError;
use loyalty_core::id::TenantId;
use loyalty_core::time::Timestamp;

use crate::clock::Clocks;
use crate::data_dir::DataDir;
use crate::serve::Serve;

/// Exact, explainable loyalty points.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Serve),
    Check(check::Check),
    Import(import::Import),
    Members(members::Members),
    Journal(journal::JournalOf),
    Outstanding(outstanding::Outstanding),
    Explain(explain::Explain),
    Verify(verify::Verify),
    Seal(seal::SealOf),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Rebuild(backup::Rebuild),
}

/// What a command that could be carried out has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// All is well.
    Right,
    /// Something is wrong with the input or the ledger, and was said.
    Wrong,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => crate::serve::serve(args).map(|()| Verdict::Right),
        Command::Check(args) => check::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Members(args) => members::run(&args),
        Command::Journal(args) => journal::run(&args),
        Command::Outstanding(args) => outstanding::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Seal(args) => seal::run(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Rebuild(args) => backup::rebuild(&args),
    };
    match done {
        Ok(Verdict::Right) => ExitCode::SUCCESS,
        Ok(Verdict::Wrong) => ExitCode::FAILURE,
        // Who reads no further, such as `head`, has what was wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody reads the errors either, the exit code has to do.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_table = cause.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(error) => Some(error),
            _ => None,
        });
        let error = cause.downcast_ref::<io::Error>().or(of_table);
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Memory for pages of the store where a command reads some of them again.
const CACHE: usize = 64 << 20;

/// Which ledger, and whose members in it.
#[derive(Debug, Args)]
struct Place {
    /// The folder that holds the ledger.
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
    /// Whose members.
    #[arg(long, default_value = "main", value_parser = TenantId::new)]
    tenant: TenantId,
}

/// An open ledger.
struct Ledger {
    data: DataDir,
    clocks: Clocks,
    tenant: TenantId,
}

impl Place {
    /// Opens the ledger, making it where there is none, with this much memory for pages of its file.
    fn open(&self, cache_bytes: usize) -> Result<Ledger> {
        let data = DataDir::open(&self.data, cache_bytes)?;
        let clocks = data.clocks()?;
        Ok(Ledger { data, clocks, tenant: self.tenant.clone() })
    }

    /// Opens a ledger that is there.
    fn open_existing(&self, cache_bytes: usize) -> Result<Ledger> {
        let data = DataDir::open_existing(&self.data, cache_bytes)?;
        Ok(Ledger { clocks: data.clocks()?, data, tenant: self.tenant.clone() })
    }
}

impl Ledger {
    /// The tenant's clock.
    fn now(&self) -> Timestamp {
        self.clocks.now(&self.tenant)
    }
}

/// Waits for the store, which answers from its own thread and needs no runtime.
fn wait<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("cannot start a runtime")?;
    Ok(runtime.block_on(future))
}

/// An engine's error in the words that every door uses.
fn said(error: EngineError) -> anyhow::Error {
    error.problem().into()
}
