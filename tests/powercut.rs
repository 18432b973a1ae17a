//! Power cuts: after any of them the embedded store holds all that it acknowledged, and nothing by half.
//!
//! A run is recorded on a simulated disk, then cut at every write and every sync. What was not synced by
//! then is lost, kept, reordered or torn by sectors. `LOYALTY_LONG=1` looks at more images, `LOYALTY_SEED`
//! makes other choices.

#[path = "powercut/check.rs"]
mod check;
#[path = "powercut/disk.rs"]
mod disk;
#[path = "powercut/history.rs"]
mod history;
#[path = "powercut/image.rs"]
mod image;

use std::thread;

use check::check;
use disk::Event;
use fastrand::Rng;
use history::{History, record};
use image::Cut;

/// Durable transactions in a run.
const BATCHES: usize = 30;
const WORKERS: usize = 2;

fn seed() -> u64 {
    std::env::var("LOYALTY_SEED").map_or(1, |text| text.parse().expect("LOYALTY_SEED is a whole number"))
}

fn is_long() -> bool {
    std::env::var("LOYALTY_LONG").is_ok_and(|text| text == "1")
}

fn syncs_before(history: &History, event: usize) -> usize {
    history.events[..event].iter().filter(|event| **event == Event::Sync).count()
}

#[derive(Debug, Default)]
struct Count {
    images: usize,
    failures: Vec<String>,
}

/// Looks at `rounds` images of each kind at every boundary that falls to this worker.
fn cut_everywhere(history: &History, seed: u64, rounds: usize, worker: usize) -> Count {
    let mut count = Count::default();
    let mut durable = history.base.clone();
    let mut unsynced: Vec<&Event> = Vec::new();
    for cut_after in 0..=history.events.len() {
        if cut_after % WORKERS == worker {
            look_at(history, cut_after, (&durable, &unsynced), (seed, rounds), &mut count);
        }
        match history.events.get(cut_after) {
            Some(Event::Sync) => unsynced.drain(..).for_each(|event| event.apply(&mut durable)),
            Some(event) => unsynced.push(event),
            None => {}
        }
    }
    count
}

/// Looks at the images of one cut.
fn look_at(
    history: &History,
    cut_after: usize,
    (durable, unsynced): (&[u8], &[&Event]),
    (seed, rounds): (u64, usize),
    count: &mut Count,
) {
    for (kind, cut) in Cut::ALL.into_iter().enumerate() {
        // Nothing to choose from makes one image, and losing or keeping all makes one each.
        let repeats = match (unsynced.len(), cut) {
            (0, Cut::Lost) => 1,
            (0, _) => 0,
            (_, Cut::Lost | Cut::Kept) => 1,
            _ => rounds,
        };
        for round in 0..repeats {
            let choice = seed ^ ((cut_after * 100 + kind * 20 + round) as u64).rotate_left(32);
            let image = cut.image(durable, unsynced, &mut Rng::with_seed(choice));
            count.images += 1;
            if let Err(why) = check(history, cut_after, image) {
                count
                    .failures
                    .push(format!("seed {seed}, cut after event {cut_after}, {cut:?} {round}: {why}"));
            }
        }
    }
}

fn cut_in_parallel(history: &History, seed: u64, rounds: usize) -> Count {
    let counts: Vec<Count> = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..WORKERS).map(|n| scope.spawn(move || cut_everywhere(history, seed, rounds, n))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    counts.into_iter().fold(Count::default(), |mut all, count| {
        all.images += count.images;
        all.failures.extend(count.failures);
        all
    })
}

#[test]
fn no_power_cut_loses_or_halves_anything() {
    let (runs, rounds, wanted) = if is_long() { (4, 4, 20_000) } else { (1, 1, 2_000) };
    let mut images = 0;
    for seed in (seed()..).take(runs) {
        let history = record(seed, BATCHES);
        let appends: usize = history.batches.iter().map(|batch| batch.appends.len()).sum();
        let syncs = syncs_before(&history, history.events.len());
        let writes = history.events.len() - syncs;
        let Count { images: of_run, failures } = cut_in_parallel(&history, seed, rounds);
        println!(
            "{of_run} images, seed {seed}: {appends} appends in {BATCHES} batches, {writes} writes, {syncs} syncs"
        );
        assert!(failures.is_empty(), "{}: {:#?}", failures.len(), &failures[..failures.len().min(9)]);
        images += of_run;
    }
    assert!(images >= wanted, "{images} images, {wanted} wanted");
}

/// The same script makes the same run, so that a seed repeats a failure.
#[test]
fn a_seed_repeats_a_run() {
    let (one, two) = (record(seed(), BATCHES), record(seed(), BATCHES));
    assert!(one.events == two.events, "{} and {} events", one.events.len(), two.events.len());
}

/// A disk that acknowledges a sync and forgets it must be found out, or this suite would prove nothing.
#[test]
fn a_disk_that_lies_about_sync_is_found_out() {
    let mut history = record(seed(), BATCHES);
    let syncs: Vec<_> =
        history.batches.iter().map(|batch| syncs_before(&history, batch.acknowledged_at)).collect();
    for (batch, syncs) in history.batches.iter_mut().zip(syncs) {
        batch.acknowledged_at -= syncs;
    }
    history.events.retain(|event| *event != Event::Sync);
    let cuts = [history.events.len() / 4, history.events.len() / 2, history.events.len()];
    for cut_after in cuts {
        let unsynced: Vec<_> = history.events[..cut_after].iter().collect();
        let mut count = Count::default();
        look_at(&history, cut_after, (&history.base, &unsynced), (seed(), 4), &mut count);
        let lost = count.failures.iter().filter(|why| !why.contains("Kept")).count();
        assert_eq!(lost, count.images - 1, "only what was kept is whole: {:#?}", count.failures);
        println!("{lost} of {} images of a lying disk are found out", count.images);
    }
}
