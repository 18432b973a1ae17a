//! `import`: a file of activities, recorded as if each had come when it happened.
//!
//! Memory is bounded: a window of lines is grouped by member at a time, so that many lines of a member go into
//! one commit. Members are recorded in parallel, each by one thread, so that a member's lines keep their order.

mod ahead;
mod chunk;
mod faults;
mod group;
mod record;
mod results;
mod tally;

use std::fs::File;
use std::io::{self, Read, stderr};
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use loyalty_core::engine::{Chain, EngineError};
use loyalty_core::id::MemberId;
use loyalty_core::ledger::operation::Operation;
use loyalty_core::time::Timestamp;

use self::chunk::{Chunk, Chunks};
use self::faults::Faults;
use self::group::Share;
use self::record::Worker;
use self::results::{Finished, Results};
use super::{CACHE, Ledger, Place, Verdict, check, said, wait};

/// Bytes that are read at once: more than the longest line, so that a longer one is seen to be too long.
const READ: usize = (1 << 20) + (4 << 10);

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
    /// Mebibytes of text that are grouped by member at once; as many are read meanwhile.
    #[arg(long, value_name = "MIB", default_value = "32")]
    chunk: NonZeroU8,
}

pub(super) fn run(args: &Import) -> Result<Verdict> {
    let (source, bytes) = open(&args.activities)?;
    let chunks = Chunks::new(source, READ);
    // One more than there are cores, so that one can wait for the disk.
    let threads = thread::available_parallelism().map_or(2, |cores| cores.get() + 1);
    let (ways, ends): (Vec<_>, Vec<_>) =
        (0..threads).map(|_| mpsc::sync_channel(args.window().div_ceil(READ))).unzip();
    // Reading begins while the store is opened. Where that fails nobody waits for the source: the process ends.
    let reading = thread::spawn(move || hand_out(chunks, &ways));
    let ledger = args.place.open(CACHE)?;
    if let Some(file) = &args.program
        && publish(&ledger, file, args.valid_from)? == Verdict::Wrong
    {
        return Ok(Verdict::Wrong);
    }
    let faults = Faults::new(args.errors.clone().unwrap_or_else(|| beside(&args.activities)))?;
    let results = Results::new(faults, threads);
    let progress = progress(bytes)?;
    let started = Instant::now();
    record_all(&ledger, args.window(), ends, &results, &progress)?;
    ended(reading.join())?;
    let Finished { tally, faults, for_others } = results.finish()?;
    do_for_others(&ledger, &for_others)?;
    progress.finish_and_clear();
    tally.tell(&mut stderr(), started.elapsed())?;
    Ok(if faults.tell(&mut stderr())? { Verdict::Wrong } else { Verdict::Right })
}

/// Hands every chunk to all that record.
fn hand_out(mut chunks: Chunks<Source>, ways: &[SyncSender<Arc<Chunk>>]) -> Result<()> {
    while let Some(chunk) = chunks.next().context("cannot read the activities")? {
        let chunk = Arc::new(chunk);
        if ways.iter().any(|way| way.send(chunk.clone()).is_err()) {
            // A thread has ended early, and says why.
            break;
        }
    }
    Ok(())
}

/// Has threads record the members, a share of them each.
fn record_all(
    ledger: &Ledger,
    window: usize,
    ends: Vec<Receiver<Arc<Chunk>>>,
    results: &Results,
    progress: &ProgressBar,
) -> Result<()> {
    let of = ends.len();
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for (number, chunks) in ends.into_iter().enumerate() {
            let worker = Worker::new(ledger, Share { number, of }, window, progress)?;
            workers.push(scope.spawn(move || worker.run(&chunks, results)));
        }
        workers.into_iter().try_for_each(|worker| ended(worker.join()))
    })
}

/// Does what was decided for members of other threads, once all is durable: before, it would be in their way.
fn do_for_others(ledger: &Ledger, decided: &[(MemberId, Operation)]) -> Result<()> {
    for (member, operation) in decided {
        let chain = Chain { tenant: &ledger.tenant, member };
        wait(ledger.data.engine.finish(chain, operation, ledger.now()))?.map_err(said)?;
    }
    Ok(())
}

/// What a thread has ended with.
fn ended(joined: thread::Result<Result<()>>) -> Result<()> {
    joined.unwrap_or_else(|_| bail!("a thread of the import has panicked"))
}

impl Import {
    /// Bytes of text that are grouped by member at once.
    fn window(&self) -> usize {
        usize::from(self.chunk.get()) << 20
    }
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
    match wait(ledger.data.engine.publish(&ledger.tenant, &program, from, now))? {
        Ok(_) => Ok(Verdict::Right),
        Err(EngineError::Unfit(problems)) => {
            check::tell(&mut stderr(), &problems)?;
            Ok(Verdict::Wrong)
        }
        Err(error) => Err(said(error)),
    }
}
