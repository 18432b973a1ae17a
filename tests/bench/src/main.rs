//! How fast the engine is, each figure beside a peer that does the same work in the same run.
//!
//! `cargo xtask bench [--smoke] [NAME…]`. Ratios hold from machine to machine, figures do not. The sides of a
//! bench run in turn, five rounds long; the median of the rounds' ratios counts. All sides must have computed or
//! kept the same, or the bench fails. The public data sets are taken from the folder that `LOYALTY_DATA_DIR` names.

mod bulk;
mod decide;
mod engine;
mod http;
mod import;
mod members;
mod own;
mod purchases;
mod raw;
mod single;
mod state;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use harness::{Bench, chosen, run_all};
use loyalty_bench_harness::{self as harness, setup};
use setup::{Scale, Setup};

const BENCHES: [&Bench; 7] = [
    &import::BENCH,
    &bulk::BENCH,
    &single::BENCH,
    &http::BENCH,
    &decide::BENCH,
    &members::BENCH,
    &state::BENCH,
];

/// Measures the engine beside its peers.
#[derive(Parser)]
struct Args {
    /// About a second a side, on generated data; checks that all sides agree and no goal.
    #[arg(long)]
    smoke: bool,
    /// Which to run; all of them where none is named.
    names: Vec<String>,
    /// Be the bare HTTP handler on this port of 127.0.0.1, as a bench starts it.
    #[arg(long, hide = true, requires = "folder")]
    bare_handler: Option<u16>,
    /// Where the bare HTTP handler keeps what it gets.
    #[arg(long, hide = true)]
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    match start(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn start(args: &Args) -> Result<ExitCode> {
    if let Some((port, folder)) = args.bare_handler.zip(args.folder.as_ref()) {
        http::bare::serve(port, folder)?;
        return Ok(ExitCode::SUCCESS);
    }
    let setup = Setup::new(if args.smoke { Scale::Smoke } else { Scale::Full })?;
    let good = run_all(&chosen(&BENCHES, &args.names)?, &setup);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
