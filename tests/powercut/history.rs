//! A run of the embedded store: what was written, when it was acknowledged, and what the disk was asked.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use fastrand::Rng;
use loyalty_adapters::embedded::{EmbeddedOptions, EmbeddedStore};
use loyalty_core::conformance::fixture::{Chain, tenant};
use loyalty_core::ports::{Append, Appended, LedgerStore, ProgramStore, PublishedVersion};
use loyalty_core::program::VersionId;
use loyalty_core::time::Timestamp;

use super::disk::{Event, RecordingDisk};

pub const TENANTS: [&str; 2] = ["north", "south"];

/// One durable transaction: all of it or nothing.
#[derive(Debug, Default)]
pub struct Batch {
    pub appends: Vec<Append>,
    pub versions: Vec<(&'static str, PublishedVersion)>,
    /// The event from which on it is known to be durable.
    pub acknowledged_at: usize,
}

/// What happened.
#[derive(Debug)]
pub struct History {
    /// The disk before.
    pub base: Vec<u8>,
    pub events: Vec<Event>,
    /// In the order in which they were written.
    pub batches: Vec<Batch>,
}

struct Script {
    disk: RecordingDisk,
    store: EmbeddedStore,
    chains: Vec<Chain>,
    random: Rng,
    batches: Vec<Batch>,
    published: u32,
}

/// Writes a few hundred commits of two tenants and two currencies in batches of 1 to 24.
pub fn record(seed: u64, batches: usize) -> History {
    let disk = RecordingDisk::default();
    let open = || EmbeddedStore::with_disk(disk.clone(), EmbeddedOptions::default()).expect("a store");
    // How the file begins is not the disk's matter: it is made aside and linked in place when it is whole.
    open().close().expect("a store closes");
    let (base, begun) = (disk.bytes(), disk.now());
    let chains = TENANTS.iter().flat_map(|of| (1..=6).map(|n| Chain::new(of, &format!("member/{n}"))));
    let mut script = Script {
        store: open(),
        chains: chains.collect(),
        random: Rng::with_seed(seed),
        batches: Vec::new(),
        published: 0,
        disk: disk.clone(),
    };
    pollster::block_on(script.play(batches));
    let Script { store, mut batches, .. } = script;
    store.close().expect("a store closes");
    for batch in &mut batches {
        batch.acknowledged_at -= begun;
    }
    History { base, events: disk.events().split_off(begun), batches }
}

impl Script {
    async fn play(&mut self, batches: usize) {
        while self.batches.len() < batches {
            match self.random.usize(..4) {
                0 => self.one_by_one().await,
                // Two batches, so it must not begin at the last.
                1 if self.batches.len() + 2 <= batches => self.together().await,
                _ => self.as_a_list().await,
            }
        }
    }

    fn append(&mut self) -> Append {
        let at = self.random.usize(..self.chains.len());
        let number = self.batches.len() * 1_000 + self.random.usize(..1_000_000_000);
        let currency = if self.random.bool() { "points" } else { "miles" };
        // Commits of 0.4 to 8 kB: within a page, and over several.
        let operations = 1 + self.random.usize(..3) * self.random.usize(..12);
        let keys: Vec<_> = (0..operations).map(|n| format!("purchase/{number}-{n}")).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        if self.random.usize(..4) == 0 {
            let open = !self.chains[at].state.is_under_review();
            return self.chains[at].review(&format!("purchase/{number}"), open);
        }
        if self.random.usize(..4) == 0 {
            return self.chains[at].give_back(&number.to_string(), &["p1", "p2"]);
        }
        self.chains[at].earn(currency, 7, &keys)
    }

    fn version(&mut self) -> (&'static str, PublishedVersion) {
        self.published += 1;
        let document = "x".repeat(10 + self.random.usize(..9_000)).into_bytes();
        let version = PublishedVersion {
            number: self.published,
            version: VersionId::of_canonical(&document),
            valid_from: Timestamp::from_seconds(1),
            published_at: Timestamp::from_seconds(2),
            document,
        };
        (TENANTS[self.random.usize(..2)], version)
    }

    fn acknowledge(&mut self, mut batch: Batch) {
        batch.acknowledged_at = self.disk.now();
        self.batches.push(batch);
    }

    async fn one_by_one(&mut self) {
        let append = self.append();
        assert_eq!(self.store.append(append.clone()).await, Ok(Appended::Done));
        self.acknowledge(Batch { appends: vec![append], ..Batch::default() });
    }

    async fn as_a_list(&mut self) {
        let count = 1 + self.random.usize(..16);
        let appends: Vec<_> = (0..count).map(|_| self.append()).collect();
        let answers = self.store.append_all(appends.clone()).await.expect("answers");
        assert!(answers.iter().all(|answer| *answer == Appended::Done));
        self.acknowledge(Batch { appends, ..Batch::default() });
    }

    /// Many callers at once. One keeps the writer at the disk until all others wait in the queue, so that
    /// they are one batch in every run.
    async fn together(&mut self) {
        let plug = self.append();
        let appends: Vec<_> = (0..2 + self.random.usize(..22)).map(|_| self.append()).collect();
        let versions: Vec<_> = (0..self.random.usize(..3)).map(|_| self.version()).collect();
        self.disk.shut_gate();
        let mut waiting: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
        waiting.push(Box::pin(done(&self.store, plug.clone())));
        poll_all(&mut waiting).await;
        self.disk.until_somebody_waits();
        waiting.extend(appends.iter().map(|append| -> Pin<Box<dyn Future<Output = ()> + '_>> {
            Box::pin(done(&self.store, append.clone()))
        }));
        waiting.extend(versions.iter().map(|version| -> Pin<Box<dyn Future<Output = ()> + '_>> {
            Box::pin(published(&self.store, version.clone()))
        }));
        poll_all(&mut waiting).await;
        self.disk.open_gate();
        for future in waiting {
            future.await;
        }
        // Acknowledged earlier, but when exactly depends on the threads.
        self.acknowledge(Batch { appends: vec![plug], ..Batch::default() });
        self.acknowledge(Batch { appends, versions, ..Batch::default() });
    }
}

async fn done(store: &EmbeddedStore, append: Append) {
    assert_eq!(store.append(append).await, Ok(Appended::Done));
}

async fn published(store: &EmbeddedStore, (of, version): (&str, PublishedVersion)) {
    assert_eq!(store.publish(&tenant(of), version).await, Ok(true));
}

/// Polls each once, which puts it into the queue; none can be ready while the gate is shut.
async fn poll_all(waiting: &mut [Pin<Box<dyn Future<Output = ()> + '_>>]) {
    poll_fn(|context| {
        for future in waiting.iter_mut() {
            assert_eq!(future.as_mut().poll(context), Poll::Pending, "the gate is shut");
        }
        Poll::Ready(())
    })
    .await;
}
