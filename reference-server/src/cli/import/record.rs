//! Recording a chunk: members side by side, each in the order of its lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use loyalty_core::activity::MemberActivity;
use loyalty_core::decision::Command;
use loyalty_core::engine::{Chain, Engine, Outcome};
use loyalty_core::id::MemberId;
use loyalty_core::json::Limits;
use loyalty_core::ledger::commit::MAX_OPERATIONS;
use loyalty_core::ports::Appended;
use loyalty_core::problem::Problem;
use loyalty_core::program::Programs;
use tokio::runtime::Runtime;

use super::super::{Ledger, said};
use super::ahead::Ahead;
use super::chunk::Chunk;
use super::faults::Fault;
use super::group::{Group, slices};
use super::tally::Tally;

/// What one line may measure: an activity has at most 1 MiB.
const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 16, problems: 8 };
/// Text that is decided into one commit at most, beyond a line.
const PACK: usize = 256 << 10;
/// Bytes of commits that one thread holds back at most, beyond a pack.
const HELD: usize = 4 << 20;

/// What came of a chunk.
#[derive(Default)]
pub(super) struct Recorded {
    pub tally: Tally,
    pub faults: Vec<Fault>,
}

/// Records every line of a chunk durably, or says why it cannot be.
pub(super) fn record(
    ledger: &Ledger,
    chunk: &Chunk,
    groups: &[Group],
    progress: &ProgressBar,
) -> Result<Recorded> {
    let slices = slices(groups);
    let next = AtomicUsize::new(0);
    let work = || -> Result<Recorded> {
        let mut worker = Worker::new(ledger, chunk)?;
        while let Some(slice) = slices.get(next.fetch_add(1, Ordering::Relaxed)) {
            let slice = &groups[slice.clone()];
            let done = worker.slice(slice);
            if done.is_err() {
                // Nobody begins another slice.
                next.store(slices.len(), Ordering::Relaxed);
            }
            done?;
            progress.inc(slice.iter().map(|group| group.bytes as u64).sum());
        }
        Ok(worker.recorded)
    };
    // One more than there are cores, so that one can wait for the disk.
    let threads = thread::available_parallelism().map_or(2, |cores| cores.get() + 1).min(slices.len());
    let mut all = Recorded::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let recorded = worker.join().unwrap_or_else(|_| bail!("a thread of the import has panicked"))?;
            all.tally.add(&recorded.tally);
            all.faults.extend(recorded.faults);
        }
        Ok(all)
    })
}

/// One of the threads that record.
struct Worker<'a> {
    ledger: &'a Ledger,
    chunk: &'a Chunk,
    ahead: Arc<Ahead>,
    engine: Engine,
    runtime: Runtime,
    recorded: Recorded,
}

/// Lines of one member that go into one commit.
struct Pack {
    member: MemberId,
    lines: Vec<usize>,
    commands: Vec<Command>,
    bytes: usize,
}

impl<'a> Worker<'a> {
    fn new(ledger: &'a Ledger, chunk: &'a Chunk) -> Result<Self> {
        let ahead = Arc::new(Ahead::of(ledger.data.store.clone()));
        let engine = ledger.data.engine.over(ahead.clone());
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().context("cannot start a runtime")?;
        Ok(Self { ledger, chunk, ahead, engine, runtime, recorded: Recorded::default() })
    }

    fn slice(&mut self, groups: &[Group]) -> Result<()> {
        for group in groups {
            self.group(group)?;
        }
        self.write()
    }

    fn group(&mut self, group: &Group) -> Result<()> {
        let programs = self.programs()?;
        let declared = |name: &str| programs.declare(name);
        let mut pack: Option<Pack> = None;
        for &index in &group.lines {
            let line = self.chunk.line(index);
            match MemberActivity::read(line, &LIMITS, &declared) {
                Ok(MemberActivity { member, activity }) => {
                    let pack = pack.get_or_insert_with(|| Pack::of(member));
                    pack.lines.push(index);
                    pack.commands.push(Command::Record(Arc::new(activity)));
                    pack.bytes += line.len();
                }
                Err(problems) => self.refuse(index, problems),
            }
            if let Some(full) = pack.take_if(|pack| pack.is_full()) {
                self.decide(full)?;
            }
        }
        pack.map_or(Ok(()), |pack| self.decide(pack))
    }

    fn programs(&self) -> Result<Arc<Programs>> {
        self.runtime.block_on(self.engine.programs(&self.ledger.tenant, self.ledger.now())).map_err(said)
    }

    fn decide(&mut self, pack: Pack) -> Result<()> {
        let Pack { member, lines, mut commands, .. } = pack;
        let chain = Chain { tenant: &self.ledger.tenant, member: &member };
        let decided = self.engine.decide_many(chain, &mut commands, self.ledger.now(), true);
        let decided = self.runtime.block_on(decided).map_err(said)?;
        for (index, outcome) in lines.into_iter().zip(decided.outcomes) {
            match outcome {
                Outcome::Done(answer) if answer.replayed => self.recorded.tally.replayed += 1,
                Outcome::Done(_) => self.recorded.tally.recorded += 1,
                Outcome::Refused(problem) => self.refuse(index, vec![of_line(problem)]),
            }
        }
        if let Some(append) = decided.append {
            self.recorded.tally.new_members += u64::from(append.seq == 1);
            self.ahead.hold(append);
        }
        if self.ahead.bytes() > HELD { self.write() } else { Ok(()) }
    }

    /// Writes what was decided, all of it or nothing.
    fn write(&mut self) -> Result<()> {
        let appends = self.ahead.take();
        if appends.is_empty() {
            return Ok(());
        }
        let answers = self.runtime.block_on(self.ledger.data.store.append_all(appends));
        let again = "run the same import again: what is there is skipped";
        let answers = answers.with_context(|| format!("the import has stopped; {again}"))?;
        if answers.iter().any(|answer| *answer != Appended::Done) {
            bail!("somebody else has recorded activities of the same members; {again}");
        }
        Ok(())
    }

    fn refuse(&mut self, index: usize, problems: Vec<Problem>) {
        self.recorded.tally.refused += 1;
        let line = self.chunk.line(index);
        let number = self.chunk.number(index);
        self.recorded.faults.extend(problems.into_iter().map(|problem| Fault::new(number, line, problem)));
    }
}

impl Pack {
    fn of(member: MemberId) -> Self {
        Self { member, lines: Vec::new(), commands: Vec::new(), bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.commands.len() == MAX_OPERATIONS || self.bytes >= PACK
    }
}

/// A refusal of an activity, with its place in the line.
fn of_line(problem: Problem) -> Problem {
    Problem { path: format!("/activity{}", problem.path), ..problem }
}
