//! The clocks: the machine's, and the sandbox tenant's, which the API moves forward.
//!
//! The only place that reads a clock for the engine. A request reads it once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use loyalty_core::id::TenantId;
use loyalty_core::problem::Problem;
use loyalty_core::time::Timestamp;

/// The tenant whose clock may be moved; every other one has the machine's.
pub const SANDBOX: &str = "sandbox";
/// The furthest that the sandbox runs ahead: beyond 2100 a published program has no zone changes.
const LATEST: i64 = 4_102_444_800;

/// The machine's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The clocks of all tenants; copies are the same clocks.
#[derive(Debug, Clone)]
pub struct Clocks(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    file: PathBuf,
    /// Microseconds that the sandbox is ahead of the machine.
    ahead: AtomicI64,
    moving: Mutex<()>,
}

impl Clocks {
    /// The clocks, the sandbox's as a file last kept it; without the file it is the machine's.
    ///
    /// Errors: a file that cannot be read or does not hold a number.
    pub fn open(file: impl Into<PathBuf>) -> io::Result<Self> {
        let file = file.into();
        let ahead = match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map_err(|_| {
                let text =
                    format!("{} must hold a number of microseconds: correct or remove it", file.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self(Arc::new(Kept { file, ahead: AtomicI64::new(ahead), moving: Mutex::new(()) })))
    }

    /// The time for a tenant.
    pub fn now(&self, tenant: &TenantId) -> Timestamp {
        if tenant.as_str() == SANDBOX {
            now().plus_micros(self.0.ahead.load(Ordering::Acquire))
        } else {
            now()
        }
    }

    /// Moves the sandbox's clock by `target`, which is given its present time; gives the time it then shows.
    ///
    /// The new time is kept on disk before it counts. Errors: `clock_backwards`, `clock_too_far`,
    /// `unavailable` where the file cannot be written.
    pub fn advance(&self, target: impl FnOnce(Timestamp) -> Timestamp) -> Result<Timestamp, Problem> {
        // Two requests move it one after the other. Nothing can panic while the lock is held.
        let _one_at_a_time = self.0.moving.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let machine = now();
        let present = machine.plus_micros(self.0.ahead.load(Ordering::Acquire));
        let wanted = target(present);
        if wanted < present {
            let message = format!("`{wanted}` is before `{present}`, which the clock shows");
            return Err(Problem::new("clock_backwards", "", message, "the clock moves forward only"));
        }
        if wanted.seconds() > LATEST {
            let message = format!("`{wanted}` is after the year 2099");
            return Err(Problem::new("clock_too_far", "", message, "choose an earlier instant"));
        }
        let ahead = wanted.micros() - machine.micros();
        replace(&self.0.file, ahead.to_string().as_bytes()).map_err(|error| {
            let message = format!("the clock could not be kept: {error}");
            Problem::new("unavailable", "", message, "try again later: nothing was done")
        })?;
        self.0.ahead.store(ahead, Ordering::Release);
        Ok(wanted)
    }
}

/// Writes a file whole or not at all.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = file.with_extension("new");
    let mut out = File::create(&new)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    fs::rename(&new, file)
}
