//! Turns a public data set into activities, one JSON line each, as `import` reads them.
//!
//! It renames, joins the product table and orders. Every source line becomes one line of one activity, and a flight
//! leg also the event of what became of it: nothing is summed, netted or left out. A bad value stops it before the first activity is written.

#[path = "activities/cdnow.rs"]
mod cdnow;
#[path = "activities/flights.rs"]
mod flights;
#[path = "activities/grocery.rs"]
mod grocery;
#[path = "activities/retail.rs"]
mod retail;
#[path = "activities/table.rs"]
mod table;

use std::io::{BufWriter, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use loyalty_core::activity::MemberActivity;
use table::Error;

/// Turns a public data set into activities, one JSON line each on standard output.
#[derive(Parser)]
struct Args {
    /// Which data set.
    set: Set,
    /// The folder with its `.csv.gz` files.
    dir: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Set {
    /// Supermarket baskets with products, coupons and store discounts.
    Grocery,
    /// Purchases of a music shop: a date, units and an amount.
    Cdnow,
    /// Invoices and cancellations of a gift shop.
    Retail,
    /// Flight legs; an aircraft stands in for a member.
    Flights,
}

fn main() -> ExitCode {
    let Args { set, dir } = Args::parse();
    match read(set, &dir).and_then(|activities| write(&activities)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn read(set: Set, dir: &Path) -> Result<Vec<MemberActivity>, Error> {
    match set {
        Set::Grocery => grocery::read(dir),
        Set::Cdnow => cdnow::read(dir),
        Set::Retail => retail::read(dir),
        Set::Flights => flights::read(dir),
    }
}

fn write(activities: &[MemberActivity]) -> Result<(), Error> {
    let mut out = BufWriter::new(stdout().lock());
    let progress = table::progress(activities.len(), "writing");
    for activity in progress.wrap_iter(activities.iter()) {
        serde_json::to_writer(&mut out, activity).map_err(|error| Error::Write(error.into()))?;
        out.write_all(b"\n").map_err(Error::Write)?;
    }
    out.flush().map_err(Error::Write)
}
