//! What is shown while a suite runs: a spinner on a terminal, plain lines anywhere else.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress {
    spinner: Option<ProgressBar>,
}

impl Progress {
    /// Announces that `name` starts.
    pub fn start(name: &str, what: &str) -> Self {
        if !stderr().is_terminal() {
            println!("{name}: {what}");
            return Self { spinner: None };
        }
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}");
        let spinner = ProgressBar::new_spinner();
        spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        spinner.set_prefix(name.to_owned());
        spinner.set_message(what.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(100));
        Self { spinner: Some(spinner) }
    }

    /// Shows what is going on, where that can be overwritten again.
    pub fn glance(&self, line: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(line.trim().to_owned());
        }
    }

    /// Prints a line that stays.
    pub fn keep(&self, line: &str) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| println!("{line}")),
            None => println!("{line}"),
        }
    }

    /// Prints the suite's last line.
    pub fn end(self, line: &str) {
        if let Some(spinner) = self.spinner {
            spinner.finish_and_clear();
        }
        println!("{line}");
    }
}
