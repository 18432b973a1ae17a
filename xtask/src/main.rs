//! The project's own commands: `cargo xtask run | test | bench | bench-rules | figures`.

mod bench;
mod figures;
mod progress;
mod run;
mod step;
mod suites;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// The project's own commands.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Build the reference server and run it with a demo program
    Run {
        /// Passed on to `reference-server serve`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run every check that has to be green
    Test(test::Options),
    /// Measure speed against the peers
    Bench {
        /// Passed on to the bench: `--smoke` for a short run, the name of one measurement
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure how rules are looked up and rated, against other engines
    BenchRules {
        /// Passed on to the bench: `--smoke` for a short run, the name of one measurement
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Print sizes: lines of each crate, the longest file, the longest function
    Figures,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Run { arguments } => run::run(&arguments),
        Task::Test(options) => test::test(&options),
        Task::Bench { arguments } => bench::bench(&arguments),
        Task::BenchRules { arguments } => bench::bench_rules(&arguments),
        Task::Figures => figures::print(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
