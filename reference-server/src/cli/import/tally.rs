//! What an import has done, in numbers.

use std::io::{self, Write};
use std::time::Duration;

/// Counts of activities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Recorded by this import.
    pub recorded: u64,
    /// There already, and the same.
    pub replayed: u64,
    /// Lines that are no activity, or one that cannot be recorded.
    pub refused: u64,
    /// Members of whom nothing was known before.
    pub new_members: u64,
}

impl Tally {
    /// Adds what another part of the import has done.
    pub fn add(&mut self, other: &Self) {
        self.recorded += other.recorded;
        self.replayed += other.replayed;
        self.refused += other.refused;
        self.new_members += other.new_members;
    }

    /// Says it.
    pub fn tell(&self, out: &mut impl Write, took: Duration) -> io::Result<()> {
        let done = self.recorded + self.replayed + self.refused;
        // Fractions of a second matter in short imports only.
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        let rows = [
            ("recorded", self.recorded),
            ("replayed", self.replayed),
            ("refused", self.refused),
            ("new members", self.new_members),
            ("activities/s", done.saturating_mul(1_000) / millis),
        ];
        for (what, count) in rows {
            writeln!(out, "{what:<12} {count:>12}")?;
        }
        writeln!(out, "{:<12} {:>12}", "seconds", format!("{}.{:03}", millis / 1_000, millis % 1_000))
    }
}
