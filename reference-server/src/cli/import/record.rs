//! Recording the lines of a share of the members, each member's in their order.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use loyalty_core::activity::MemberActivity;
use loyalty_core::decision::Command;
use loyalty_core::engine::{BudgetDraws, Chain, Engine, Outcome};
use loyalty_core::id::MemberId;
use loyalty_core::json::Limits;
use loyalty_core::ledger::commit::{Head, MAX_OPERATIONS};
use loyalty_core::ports::{Appended, StoreError};
use loyalty_core::problem::Problem;
use loyalty_core::program::Programs;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, yield_now};

use super::super::{Ledger, said};
use super::ahead::Ahead;
use super::chunk::Chunk;
use super::faults::Fault;
use super::group::{Line, Share, by_member};
use super::results::{Recorded, Results};

/// What one line may measure: an activity has at most 1 MiB.
const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 16, problems: 8 };
/// Text that is decided into one commit at most, beyond a line.
const PACK: usize = 256 << 10;
/// Bytes of commits that are held back at most, beyond a pack; as many may be on their way to the disk.
const HELD: usize = 4 << 20;
/// Members whose heads are kept for their next lines; a head has at most 64 KiB and usually less than one.
const HEADS: usize = 1 << 16;

/// One of the threads that record.
pub(super) struct Worker<'a> {
    ledger: &'a Ledger,
    share: Share,
    /// Bytes of text that are grouped by member.
    window: usize,
    progress: &'a ProgressBar,
    ahead: Arc<Ahead>,
    engine: Engine,
    runtime: Runtime,
    /// Nobody else appends to these members, so that the store need not be asked again.
    heads: HashMap<MemberId, Arc<Head>>,
    recorded: Recorded,
    /// A batch that was handed to the store. Deciding goes on meanwhile, so that it seldom waits for the disk.
    on_the_way: Option<JoinHandle<Result<Vec<Appended>, StoreError>>>,
    /// What was drawn on budgets for what is held back, and for what is on the way.
    drawn: [Vec<BudgetDraws>; 2],
}

/// Lines of one member that go into one commit.
struct Pack {
    member: MemberId,
    lines: Vec<Line>,
    commands: Vec<Command>,
    bytes: usize,
}

impl<'a> Worker<'a> {
    pub fn new(ledger: &'a Ledger, share: Share, window: usize, progress: &'a ProgressBar) -> Result<Self> {
        let ahead = Arc::new(Ahead::of(ledger.data.store.clone()));
        let engine = ledger.data.engine.over(ahead.clone());
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().context("cannot start a runtime")?;
        let (heads, recorded, on_the_way) = (HashMap::new(), Recorded::default(), None);
        let drawn = [Vec::new(), Vec::new()];
        Ok(Self {
            ledger,
            share,
            window,
            progress,
            ahead,
            engine,
            runtime,
            heads,
            recorded,
            on_the_way,
            drawn,
        })
    }

    /// Records its members' lines of all chunks that come, a window of them at a time.
    pub fn run(mut self, chunks: &Receiver<Arc<Chunk>>, results: &Results) -> Result<()> {
        for number in 0.. {
            let mut window = Vec::new();
            let mut bytes = 0;
            while bytes < self.window
                && let Ok(chunk) = chunks.recv()
            {
                bytes += chunk.bytes();
                window.push(chunk);
            }
            if window.is_empty() {
                break;
            }
            self.record(&window)?;
            results.add(number, mem::take(&mut self.recorded))?;
        }
        self.arrived()
    }

    fn record(&mut self, window: &[Arc<Chunk>]) -> Result<()> {
        for lines in by_member(window, self.share) {
            self.member(window, &lines)?;
        }
        self.write()
    }

    fn member(&mut self, window: &[Arc<Chunk>], lines: &[Line]) -> Result<()> {
        let programs = self.programs()?;
        let declared = |name: &str| programs.declare(name);
        let mut pack: Option<Pack> = None;
        for &line in lines {
            let text = window[line.chunk].line(line.index);
            match MemberActivity::read(text, &LIMITS, &declared) {
                Ok(MemberActivity { member, activity }) => {
                    let pack = pack.get_or_insert_with(|| Pack::of(member));
                    pack.lines.push(line);
                    pack.commands.push(Command::Record(Arc::new(activity)));
                    pack.bytes += text.len();
                }
                Err(problems) => self.refuse(window, line, problems),
            }
            self.progress.inc(text.len() as u64);
            if let Some(full) = pack.take_if(|pack| pack.is_full()) {
                self.decide(window, full)?;
            }
        }
        pack.map_or(Ok(()), |pack| self.decide(window, pack))
    }

    fn programs(&self) -> Result<Arc<Programs>> {
        self.runtime.block_on(self.engine.programs(&self.ledger.tenant, self.ledger.now())).map_err(said)
    }

    fn decide(&mut self, window: &[Arc<Chunk>], pack: Pack) -> Result<()> {
        let Pack { member, lines, mut commands, .. } = pack;
        let chain = Chain { tenant: &self.ledger.tenant, member: &member };
        let now = self.ledger.now();
        let decided = match self.heads.get(&member) {
            Some(head) => self.runtime.block_on(self.engine.decide_after(chain, head, &mut commands, now)),
            None => self.runtime.block_on(self.engine.decide_many(chain, &mut commands, now, true)),
        };
        let decided = decided.map_err(said)?;
        for (line, outcome) in lines.into_iter().zip(decided.outcomes) {
            if let Outcome::Done(answer) = &outcome
                && !answer.operation.turns.is_empty()
            {
                self.recorded.for_others.push((member.clone(), answer.operation.clone()));
            }
            match outcome {
                Outcome::Done(answer) if answer.replayed => self.recorded.tally.replayed += 1,
                Outcome::Done(_) => self.recorded.tally.recorded += 1,
                Outcome::Refused(problem) => self.refuse(window, line, vec![of_line(problem)]),
            }
        }
        if let Some((append, head)) = decided.append.zip(decided.head) {
            self.recorded.tally.new_members += u64::from(append.seq == 1);
            self.ahead.hold(append);
            if !decided.drawn.is_nothing() {
                self.drawn[0].push(decided.drawn);
            }
            if self.heads.len() == HEADS {
                self.heads.clear();
            }
            self.heads.insert(member, head);
        }
        if self.ahead.bytes() > HELD { self.write() } else { Ok(()) }
    }

    /// Has what was decided written, all of it or nothing, once the batch before is durable.
    fn write(&mut self) -> Result<()> {
        self.arrived()?;
        let appends = self.ahead.take();
        if appends.is_empty() {
            return Ok(());
        }
        let store = Arc::clone(&self.ledger.data.store);
        self.drawn[1] = mem::take(&mut self.drawn[0]);
        self.on_the_way = Some(self.runtime.spawn(async move { store.append_all(appends).await }));
        // The task runs up to where it waits for the store.
        self.runtime.block_on(yield_now());
        Ok(())
    }

    /// Waits until the batch on the way is durable.
    fn arrived(&mut self) -> Result<()> {
        let Some(writing) = self.on_the_way.take() else { return Ok(()) };
        let again = "run the same import again: what is there is skipped";
        let answers = self.runtime.block_on(writing)?;
        let answers = answers.with_context(|| format!("the import has stopped; {again}"))?;
        if answers.iter().any(|answer| *answer != Appended::Done) {
            bail!("somebody else has recorded activities of the same members; {again}");
        }
        mem::take(&mut self.drawn[1]).iter().for_each(|drawn| drawn.settle(true));
        Ok(())
    }

    fn refuse(&mut self, window: &[Arc<Chunk>], line: Line, problems: Vec<Problem>) {
        self.recorded.tally.refused += 1;
        let chunk = &window[line.chunk];
        let (number, text) = (chunk.number(line.index), chunk.line(line.index));
        self.recorded.faults.extend(problems.into_iter().map(|problem| Fault::new(number, text, problem)));
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
