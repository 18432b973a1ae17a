//! `rules`: what a basket earns under 10 to 10,000 rules, beside other engines that decide the same.
//!
//! `cargo xtask bench rules [--smoke] [NAME…]`. One set of baskets serves all sizes and engines; all of them give the
//! points of each rule, and each is compared with the plain walk through all rules before anything is timed.

mod cel;
mod contest;
mod hand;
mod node;
mod own;
mod rules;
mod shop;
mod zen;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use loyalty_bench_harness::setup::{Scale, Setup};
use loyalty_bench_harness::{Bench, Figure, Goal, chosen, run_all};

/// What is compared with what.
macro_rules! benches {
    ($($name:literal, $what:literal, $figure:expr, $goal:expr, $sides:expr;)*) => {
        [$(&Bench { name: $name, what: $what, figure: $figure, goal: $goal, real_data: true, sides: $sides }),*]
    };
}

const SPEED: Figure = Figure::PerSecond("basket");
const TIME: Figure = Figure::MicrosEach("basket");

const BENCHES: [&Bench; 13] = benches! {
    "json-10", "10 rules, from the same JSON text", SPEED, Goal::AtLeast(4.0), |s| contest::from_json(s, 10);
    "json-100", "100 rules, from the same JSON text", SPEED, Goal::AtLeast(4.0), |s| contest::from_json(s, 100);
    "json-1000", "1,000 rules, from the same JSON text", SPEED, Goal::AtLeast(5.0), |s| contest::from_json(s, 1_000);
    "json-10000", "10,000 rules, from the same JSON text", SPEED, Goal::AtLeast(10.0), |s| contest::from_json(s, 10_000);
    "prepared-10", "10 rules, from each side's own input", SPEED, Goal::AtLeast(1.0), |s| contest::prepared(s, 10);
    "prepared-100", "100 rules, from each side's own input", SPEED, Goal::AtLeast(1.0), |s| contest::prepared(s, 100);
    "prepared-1000", "1,000 rules, from each side's own input", SPEED, Goal::AtLeast(5.0), |s| contest::prepared(s, 1_000);
    "prepared-10000", "10,000 rules, from each side's own input", SPEED, Goal::AtLeast(10.0), |s| contest::prepared(s, 10_000);
    "index-10", "10 rules, beside an index made by hand", TIME, Goal::AtMost(4.0), |s| contest::by_hand(s, 10);
    "index-100", "100 rules, beside an index made by hand", TIME, Goal::AtMost(4.0), |s| contest::by_hand(s, 100);
    "index-1000", "1,000 rules, beside an index made by hand", TIME, Goal::AtMost(4.0), |s| contest::by_hand(s, 1_000);
    "index-10000", "10,000 rules, beside an index made by hand", TIME, Goal::AtMost(4.0), |s| contest::by_hand(s, 10_000);
    "refused", "100 rules, and 9,900 more on what is sold whose thresholds no line reaches", TIME, Goal::AtMost(2.0), contest::refused;
};

/// Measures how rules are looked up and rated, beside other engines.
#[derive(Parser)]
struct Args {
    /// A moment a side, on generated data; checks that all sides agree and no goal.
    #[arg(long)]
    smoke: bool,
    /// Which to run; all of them where none is named.
    names: Vec<String>,
}

fn main() -> ExitCode {
    match start(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn start(args: &Args) -> Result<bool> {
    let setup = Setup::new(if args.smoke { Scale::Smoke } else { Scale::Full })?;
    Ok(run_all(&chosen(&BENCHES, &args.names)?, &setup))
}
