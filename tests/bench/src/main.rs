//! How fast the engine is, each figure beside a peer that does the same work in the same run.
//!
//! `cargo xtask bench [--smoke] [NAME…]`. Ratios hold from machine to machine, figures do not. The sides of a
//! bench run in turn, five rounds long; the median of the rounds' ratios counts. All sides must have computed or
//! kept the same, or the bench fails. The public data sets are taken from the folder that `LOYALTY_DATA_DIR` names.

mod bulk;
mod decide;
mod engine;
mod harness;
mod http;
mod import;
mod members;
mod own;
mod purchases;
mod raw;
mod setup;
mod single;
mod state;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use harness::{Bench, Verdict, run, table};
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
    let mut outcomes = Vec::new();
    let mut broken = false;
    for bench in wanted(&args.names)? {
        match run(bench, &setup) {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => {
                broken = true;
                eprintln!("{error:#}");
            }
        }
    }
    if !outcomes.is_empty() {
        println!("{}", table::show(&outcomes));
    }
    let good = outcomes.iter().all(|outcome| matches!(outcome.verdict, Verdict::Pass | Verdict::Equal));
    Ok(if good && !broken { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn wanted(names: &[String]) -> Result<Vec<&'static Bench>> {
    let known = BENCHES.map(|bench| bench.name);
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no bench `{unknown}`; name some of: {}", known.join(", "));
    }
    let named = |bench: &&Bench| names.is_empty() || names.iter().any(|name| name == bench.name);
    Ok(BENCHES.into_iter().filter(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benches_are_chosen_by_name() {
        let chosen = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            wanted(&names).map(|benches| benches.iter().map(|bench| bench.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&[]).unwrap().len(), BENCHES.len());
        assert_eq!(chosen(&["decide"]).unwrap(), ["decide"]);
        assert!(chosen(&["decide", "divide"]).is_err());
    }
}
