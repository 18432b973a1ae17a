//! The one thread that writes, and the queue to it.
//!
//! Callers wait in a bounded queue; the thread takes all that came while the last batch went to the disk and
//! writes it as one durable transaction, so that many callers share one wait for the disk. The channels are
//! tokio's `sync` alone: they work under any executor and bring no runtime.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use loyalty_core::ports::StoreError;
use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::EmbeddedOptions;
use super::batch::{Outcome, Work, write};
use super::errors::closed;
use super::snapshot::{Latest, Snapshot};

/// Gathering a batch may take this part of the time that writing the one before took.
const PATIENCE: u32 = 4;
/// How often it looks meanwhile who has come.
const LOOKS: u32 = 8;

struct Request {
    work: Work,
    /// Takes the work back as well: letting go of its memory is the caller's to do, while this thread writes on.
    reply: oneshot::Sender<(Result<Outcome, StoreError>, Work)>,
}

/// The way to the thread that writes. Dropping it waits until all that was asked for is written.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    closed: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread. `last` is the last position taken.
    pub(super) fn start(
        database: Arc<Database>,
        latest: Arc<Latest>,
        last: u64,
        options: EmbeddedOptions,
    ) -> io::Result<Self> {
        let (sender, requests) = mpsc::channel(options.queue.max(1));
        let closed = Arc::new(AtomicBool::new(false));
        let max_batch = options.max_batch.max(1);
        let thread = Thread { database, latest, requests, last, max_batch, closed: closed.clone() };
        let thread = Builder::new().name("loyalty-ledger".to_owned()).spawn(move || thread.run())?;
        Ok(Self { queue: Some(sender), thread: Some(thread), closed })
    }

    /// Whether an error of the disk has closed the store.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Has something written, and waits until it is durable.
    pub async fn ask(&self, work: Work) -> Result<Outcome, StoreError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue.send(Request { work, reply }).await.map_err(|_| closed())?;
        // The thread answers whatever it took; only its death leaves a question open.
        match answer.await {
            Ok((outcome, _)) => outcome,
            Err(_) => Err(StoreError::Unknown("the writing thread ended".to_owned())),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was its own message; a drop has nobody to tell.
            let _ = thread.join();
        }
    }
}

struct Thread {
    database: Arc<Database>,
    latest: Arc<Latest>,
    requests: mpsc::Receiver<Request>,
    last: u64,
    max_batch: usize,
    closed: Arc<AtomicBool>,
}

impl Thread {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(self.max_batch);
        let (mut size_before, mut time_before) = (0, Duration::ZERO);
        loop {
            // Who came during the last batch waits already; who was answered with it is on the way back.
            let waiting = self.requests.len();
            if self.requests.blocking_recv_many(&mut batch, self.max_batch) == 0 {
                return;
            }
            self.gather(&mut batch, waiting + size_before, time_before / PATIENCE);
            size_before = batch.len();
            let begun = Instant::now();
            let written = self.write(&batch);
            time_before = begun.elapsed();
            match written {
                Ok((outcomes, last)) => {
                    self.last = last;
                    answer(batch.drain(..).zip(outcomes.into_iter().map(Ok)));
                }
                Err(error) => {
                    self.close();
                    answer(batch.drain(..).map(|request| (request, Err(error.clone()))));
                }
            }
        }
    }

    /// Writes a batch, and has readers see it before anybody is answered.
    fn write(&self, batch: &[Request]) -> Result<(Vec<Outcome>, u64), StoreError> {
        let written = write(&self.database, batch.iter().map(|request| &request.work), self.last)?;
        let snapshot =
            Snapshot::of(&self.database).map_err(|error| StoreError::Unknown(error.to_string()))?;
        self.latest.set(snapshot);
        Ok(written)
    }

    /// Lets those who were just answered come back, so that callers in step do not fall into two batches.
    fn gather(&mut self, batch: &mut Vec<Request>, expected: usize, patience: Duration) {
        let begun = Instant::now();
        while batch.len() < expected && begun.elapsed() < patience {
            // Asleep, it leaves the processors to those who are on the way; yielding took a tenth of them.
            sleep(patience / LOOKS);
            while batch.len() < self.max_batch
                && let Ok(request) = self.requests.try_recv()
            {
                batch.push(request);
            }
        }
    }

    /// After an error nothing is certain but the file: no more is written before it is opened anew.
    fn close(&mut self) {
        self.closed.store(true, Ordering::Release);
        self.requests.close();
        while let Some(request) = self.requests.blocking_recv() {
            answer([(request, Err(closed()))].into_iter());
        }
    }
}

fn answer(answers: impl Iterator<Item = (Request, Result<Outcome, StoreError>)>) {
    for (request, outcome) in answers {
        // Who no longer waits needs no answer.
        let _ = request.reply.send((outcome, request.work));
    }
}
