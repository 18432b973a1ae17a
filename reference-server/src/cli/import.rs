//! `import`: a file of activities, recorded as if each had come when it happened.
//!
//! Memory is bounded: the file is read in chunks, whose lines are grouped by member. Members are then
//! recorded in parallel, each by one thread, so that a member's lines keep their order.

mod ahead;
mod chunk;
mod faults;
mod group;
mod record;
mod tally;

use std::fs::File;
use std::io::{self, Read, stderr};
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{mem, thread};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use loyalty_core::time::Timestamp;

use self::chunk::{Chunk, Chunks};
use self::faults::Faults;
use self::group::by_member;
use self::tally::Tally;
use super::{CACHE, Ledger, Place, Verdict, check, said, wait};

/// Records a file of activities; what is there already is skipped, so that it can be run again
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    place: Place,
    /// The program, published if the tenant has none yet; may be left out where it has one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// One `{"member": …, "activity": …}` a line, oldest first for each member; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    activities: PathBuf,
    /// Where lines go that cannot be recorded [default: `<activities>.errors.csv`].
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// From when on the program is in force, where it follows another: at least 60 seconds ahead.
    #[arg(long, value_name = "INSTANT", value_parser = Timestamp::parse)]
    valid_from: Option<Timestamp>,
    /// Mebibytes of text that are recorded at once; as many are read meanwhile.
    #[arg(long, value_name = "MIB", default_value = "32")]
    chunk: NonZeroU8,
}

pub(super) fn run(args: &Import) -> Result<Verdict> {
    let (source, bytes) = open(&args.activities)?;
    let ledger = args.place.open(CACHE)?;
    if let Some(file) = &args.program
        && publish(&ledger, file, args.valid_from)? == Verdict::Wrong
    {
        return Ok(Verdict::Wrong);
    }
    let mut faults = Faults::new(args.errors.clone().unwrap_or_else(|| beside(&args.activities)))?;
    let progress = progress(bytes)?;
    let started = Instant::now();
    let mut chunks = Chunks::new(source, usize::from(args.chunk.get()) << 20);
    let tally = record_all(&ledger, &mut chunks, &mut faults, &progress)?;
    progress.finish_and_clear();
    faults.finish()?;
    tally.tell(&mut stderr(), started.elapsed())?;
    Ok(if faults.tell(&mut stderr())? { Verdict::Wrong } else { Verdict::Right })
}

/// Records one chunk while the next is read. A chunk is decided when the one before is durable, since members
/// come again.
fn record_all(
    ledger: &Ledger,
    chunks: &mut Chunks<Source>,
    faults: &mut Faults,
    progress: &ProgressBar,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut read = |done| -> Result<_> {
        let chunk = chunks.next(done).context("cannot read the activities")?;
        Ok(chunk.map(|chunk| (by_member(&chunk), chunk)))
    };
    let mut done = Chunk::default();
    let mut next = read(mem::take(&mut done))?;
    while let Some((groups, chunk)) = next {
        let spare = mem::take(&mut done);
        let (recorded, read_on) = thread::scope(|scope| {
            let reading = scope.spawn(|| read(spare));
            let recorded = record::record(ledger, &chunk, &groups, progress);
            (recorded, reading.join().unwrap_or_else(|_| bail!("the thread that reads has panicked")))
        });
        let recorded = recorded?;
        faults.write(recorded.faults)?;
        tally.add(&recorded.tally);
        (next, done) = (read_on?, chunk);
    }
    Ok(tally)
}

/// Where activities come from.
type Source = Box<dyn Read + Send>;

/// The source, and how many bytes it has where that is known.
fn open(activities: &Path) -> Result<(Source, Option<u64>)> {
    if activities == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let reading = || format!("cannot read `{}`", activities.display());
    let file = File::open(activities).with_context(reading)?;
    let about = file.metadata().with_context(reading)?;
    if about.is_dir() {
        bail!("`{}` is a folder; name the file with the activities", activities.display());
    }
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

/// Where the errors of a file go by default.
fn beside(activities: &Path) -> PathBuf {
    let name = if activities == Path::new("-") { "activities" } else { &activities.to_string_lossy() };
    PathBuf::from(format!("{name}.errors.csv"))
}

fn progress(bytes: Option<u64>) -> Result<ProgressBar> {
    // On anything but a terminal indicatif draws nothing.
    let style = "{elapsed_precise} {wide_bar} {bytes}/{total_bytes} {eta}";
    let unknown = "{elapsed_precise} {spinner} {bytes} {bytes_per_sec}";
    let bar = ProgressBar::new(bytes.unwrap_or(0));
    Ok(bar.with_style(ProgressStyle::with_template(if bytes.is_some() { style } else { unknown })?))
}

/// Publishes the program unless it is the tenant's newest.
fn publish(ledger: &Ledger, file: &Path, valid_from: Option<Timestamp>) -> Result<Verdict> {
    let program = match check::read(file)? {
        Ok(program) => program,
        Err(problems) => {
            check::tell(&mut stderr(), &problems)?;
            return Ok(Verdict::Wrong);
        }
    };
    let versions = wait(ledger.data.engine.versions(&ledger.tenant))?.map_err(said)?;
    let now = ledger.now();
    let from = match versions.last() {
        Some(newest) if newest.version == program.version() => return Ok(Verdict::Right),
        Some(newest) if valid_from.is_none() => bail!(
            "the tenant `{}` has the program version {} and `{}` is another, {}; \
             leave out `--program` to import under the tenant's own, \
             or say with `--valid-from` from when on the new one is in force",
            ledger.tenant,
            newest.version,
            file.display(),
            program.version()
        ),
        _ => valid_from.unwrap_or(now),
    };
    wait(ledger.data.engine.publish(&ledger.tenant, &program, from, now))?.map_err(said)?;
    Ok(Verdict::Right)
}
