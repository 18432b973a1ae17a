//! What the embedded store does beyond the contracts of its ports: files, locks, lists, disks that fail.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use loyalty_adapters::embedded::{Disk, EmbeddedOptions, EmbeddedStore, OpenError};
use loyalty_core::conformance::fixture::Chain;
use loyalty_core::ports::{Append, Appended, Feed, LedgerStore, StoreError};
use pollster::block_on;

/// A file that no earlier run has left anything in.
fn fresh_file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("embedded-{name}.redb"));
    if path.exists() {
        std::fs::remove_file(&path).expect("the file of an earlier run");
    }
    path
}

fn open(path: &PathBuf) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(path, EmbeddedOptions::default())
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    let path = fresh_file("again");
    let mut chain = Chain::new("t", "m");
    for n in 1..=3 {
        let store = open(&path).unwrap();
        assert_eq!(block_on(store.append(chain.next(&[&format!("purchase/{n}")]))), Ok(Appended::Done));
        assert_eq!(store.verify(), Ok(n));
        if n % 2 == 0 { drop(store) } else { store.close().unwrap() }
    }
    let store = open(&path).unwrap();
    let feed = block_on(store.after(0, 9)).unwrap();
    assert_eq!(feed.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [1, 2, 3]);
}

/// A copy that is made while others write has of every chain what was there at one moment, and of all chains the same.
#[test]
fn a_copy_is_made_while_others_write() {
    let store = Arc::new(open(&fresh_file("copied")).unwrap());
    let (started, stop) = (std::sync::Barrier::new(5), AtomicBool::new(false));
    let copies: Vec<PathBuf> = (0..3).map(|n| fresh_file(&format!("copy-{n}"))).collect();
    let write = |name: &str| {
        let mut chain = Chain::new("t", name);
        for n in 0.. {
            let done = block_on(store.append(chain.next(&[&format!("purchase/{n}")])));
            assert_eq!(done, Ok(Appended::Done));
            if n == 0 {
                started.wait();
            }
            if stop.load(Ordering::Acquire) {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for name in ["1", "2", "3", "4"] {
            scope.spawn(move || write(name));
        }
        started.wait();
        let counts: Vec<u64> = copies.iter().map(|copy| store.backup(copy).unwrap()).collect();
        stop.store(true, Ordering::Release);
        assert!(counts[0] >= 4 && counts.is_sorted(), "{counts:?}");
    });
    let all = block_on(store.after(0, usize::MAX)).unwrap();
    for copy in &copies {
        let copy = open(copy).unwrap();
        let copied = block_on(copy.after(0, usize::MAX)).unwrap();
        assert_eq!(copy.verify(), Ok(copied.len() as u64));
        assert!(all.starts_with(&copied), "the feed up to one moment");
    }
}

/// A byte that changed in the middle of the file is found where opening checks all of it.
#[test]
fn a_file_that_changed_is_found_damaged() {
    let path = fresh_file("changed");
    let store = open(&path).unwrap();
    let mut chain = Chain::new("t", "m");
    let commit = chain.next(&["purchase/1"]);
    assert_eq!(block_on(store.append(commit.clone())), Ok(Appended::Done));
    store.close().unwrap();
    let checked = EmbeddedOptions { check_on_open: true, ..EmbeddedOptions::default() };
    EmbeddedStore::open(&path, checked).unwrap().close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let wanted = commit.commit.bytes();
    let at = bytes.windows(wanted.len()).position(|window| window == wanted).expect("the commit's bytes");
    bytes[at + wanted.len() - 1] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(EmbeddedStore::open(&path, checked).unwrap_err().code(), "damaged");
}

/// A file is there whole or not at all: what a crash left of making it is beside it, and no hindrance.
#[test]
fn a_file_is_made_aside() {
    let path = fresh_file("aside");
    let beside = path.with_file_name(format!("embedded-aside.redb.new-{}", std::process::id()));
    std::fs::write(&beside, [0; 100]).unwrap();
    open(&path).unwrap().close().unwrap();
    assert!(!beside.exists());
    // Something that is no ledger is left alone.
    std::fs::write(&path, "not a ledger").unwrap();
    assert!(open(&path).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"not a ledger");
}

#[test]
fn the_same_process_finds_it_locked() {
    let path = fresh_file("twice");
    let store = open(&path).unwrap();
    assert_eq!(open(&path).unwrap_err().code(), "locked");
    store.close().unwrap();
    open(&path).unwrap();
}

/// Runs itself as the second process, which finds the file's name in its environment.
#[test]
fn a_second_process_finds_it_locked() {
    const FILE: &str = "LOYALTY_TEST_LOCKED_FILE";
    if let Some(path) = std::env::var_os(FILE) {
        assert_eq!(open(&path.into()).unwrap_err().code(), "locked");
        return;
    }
    let path = fresh_file("locked");
    let _store = open(&path).unwrap();
    let mut second = Command::new(std::env::current_exe().unwrap());
    second.args(["--exact", "a_second_process_finds_it_locked"]).env(FILE, &path);
    let output = second.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// A list is one transaction, and each of it is judged on its own, in any order.
#[test]
fn a_list_is_answered_one_by_one() {
    let store = open(&fresh_file("list")).unwrap();
    let (mut one, mut two) = (Chain::new("t", "1"), Chain::new("t", "2"));
    let first = one.next(&["a", "b"]);
    let mut ahead = two.clone();
    let gap = (1..=3).map(|n| ahead.next(&[&format!("gap {n}")])).last().unwrap();
    let list = [
        (two.next(&["z"]), Appended::Done),
        (first.clone(), Appended::Done),
        (first.clone(), Appended::SequenceTaken),
        (one.clone().next(&["c", "b"]), Appended::KeyTaken),
        (one.next(&["c"]), Appended::Done),
        (gap, Appended::SequenceTaken),
        (one.next(&["d"]), Appended::Done),
        (two.next(&["y"]), Appended::Done),
    ];
    let (_, right): (Vec<Append>, Vec<Appended>) = list.iter().cloned().unzip();
    assert_eq!(
        block_on(store.append_all(list.iter().map(|(append, _)| append.clone()).collect())),
        Ok(right)
    );
    assert_eq!(store.verify(), Ok(5), "what was refused left nothing");
    let mut done: Vec<_> = list.iter().filter(|(_, answer)| *answer == Appended::Done).collect();
    done.sort_by_key(|(append, _)| &append.member);
    let feed = block_on(store.after(0, 9)).unwrap();
    let positions: Vec<u64> = feed.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5], "without gaps");
    let done = done.iter().map(|(append, _)| &append.commit);
    assert!(feed.iter().map(|(_, commit)| commit).eq(done), "by member, each in the list's order");
    assert_eq!(block_on(store.append_all(Vec::new())), Ok(Vec::new()));
}

/// Who stops waiting, even before the writer took the append, may find it done or not, never by half.
#[test]
fn dropping_an_append_leaves_the_store_whole() {
    let path = fresh_file("dropped");
    let store = open(&path).unwrap();
    let mut chains: Vec<_> = (0..50).map(|n| Chain::new("t", &n.to_string())).collect();
    block_on(async {
        for chain in &mut chains {
            let mut append = std::pin::pin!(store.append(chain.next(&["purchase/1"])));
            std::future::poll_fn(|context| {
                let _ = append.as_mut().poll(context);
                std::task::Poll::Ready(())
            })
            .await;
        }
    });
    store.close().unwrap();
    assert_eq!(
        open(&path).unwrap().verify(),
        Ok(50),
        "what had entered the queue was written before closing"
    );
}

/// A disk in memory that fails on demand. Clones are the same disk.
#[derive(Debug, Clone, Default)]
struct FaultyDisk {
    bytes: Arc<Mutex<Vec<u8>>>,
    fails_to_read: Arc<AtomicBool>,
    fails_to_sync: Arc<AtomicBool>,
}

impl FaultyDisk {
    fn open(&self, cache_bytes: usize) -> EmbeddedStore {
        let options = EmbeddedOptions { cache_bytes, ..EmbeddedOptions::default() };
        EmbeddedStore::with_disk(self.clone(), options).expect("a store")
    }
}

fn fault(fails: &AtomicBool) -> io::Result<()> {
    if fails.load(Ordering::SeqCst) { Err(io::Error::other("the disk is broken")) } else { Ok(()) }
}

impl Disk for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        fault(&self.fails_to_read)?;
        let start = offset as usize;
        out.copy_from_slice(&self.bytes.lock().unwrap()[start..start + out.len()]);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = offset as usize;
        self.bytes.lock().unwrap()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        fault(&self.fails_to_sync)
    }
}

fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

#[test]
fn a_sync_that_fails_leaves_the_outcome_unknown_and_closes_the_store() {
    let disk = FaultyDisk::default();
    let store = disk.open(1 << 20);
    let mut chain = Chain::new("t", "m");
    assert_eq!(block_on(store.append(chain.next(&["purchase/1"]))), Ok(Appended::Done));
    disk.fails_to_sync.store(true, Ordering::SeqCst);
    let unknown = block_on(store.append(chain.clone().next(&["purchase/2"])));
    assert!(matches!(unknown, Err(StoreError::Unknown(_))), "{unknown:?}");
    // The disk is well again, but what it holds is not known before it is looked at.
    disk.fails_to_sync.store(false, Ordering::SeqCst);
    assert!(is_unavailable(&block_on(store.append(chain.clone().next(&["purchase/3"])))));
    assert!(is_unavailable(&block_on(store.head(&chain.tenant, &chain.member))));
    assert!(is_unavailable(&store.verify().map(drop)));
    drop(store);
    let store = disk.open(1 << 20);
    let commits = store.verify().unwrap();
    assert!((1..=2).contains(&commits), "{commits}");
    assert!(
        block_on(store.by_key(&chain.tenant, &chain.member, &"purchase/1".to_owned().try_into().unwrap()))
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_read_that_fails_before_the_commit_does_nothing_and_closes_the_store() {
    let disk = FaultyDisk::default();
    let store = disk.open(0);
    let mut chain = Chain::new("t", "m");
    assert_eq!(block_on(store.append(chain.next(&["purchase/1"]))), Ok(Appended::Done));
    disk.fails_to_read.store(true, Ordering::SeqCst);
    assert!(is_unavailable(&block_on(store.append(chain.clone().next(&["purchase/2"])))));
    disk.fails_to_read.store(false, Ordering::SeqCst);
    assert!(is_unavailable(&block_on(store.append(chain.clone().next(&["purchase/2"])))));
    drop(store);
    let store = disk.open(0);
    assert_eq!(store.verify(), Ok(1));
    assert_eq!(block_on(store.append(chain.next(&["purchase/2"]))), Ok(Appended::Done));
}
