//! Disks in memory: one that forgets nothing, and one that writes down what was asked of it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use loyalty_adapters::embedded::Disk;

/// How long a write may take to reach the disk: far longer than it does, so that a failure does not hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was asked of a disk, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Write { offset: usize, data: Vec<u8> },
    SetLen(usize),
    Sync,
}

impl Event {
    /// Does it to the bytes of a disk.
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => write(bytes, *offset, data),
            Self::SetLen(len) => bytes.resize(*len, 0),
            Self::Sync => {}
        }
    }
}

/// Writes; beyond the end as a file does, with zeros between.
pub fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

/// A disk in memory that keeps a record. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct RecordingDisk(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    events: Vec<Event>,
    /// While shut, a sync does not return.
    shut: bool,
    waiting: bool,
}

impl RecordingDisk {
    pub fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    pub fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    /// How many events there are.
    pub fn now(&self) -> usize {
        self.state().events.len()
    }

    /// From now on a sync waits for `open_gate`.
    pub fn shut_gate(&self) {
        self.state().shut = true;
    }

    /// Returns once somebody waits at the gate.
    pub fn until_somebody_waits(&self) {
        let waited = self.0.changed.wait_timeout_while(self.state(), PATIENCE, |state| !state.waiting);
        let (state, timeout) = waited.expect("no panic on the disk");
        drop(state);
        assert!(!timeout.timed_out(), "nothing was synced");
    }

    pub fn open_gate(&self) {
        self.state().shut = false;
        self.0.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no panic on the disk")
    }

    fn record(&self, event: Event) {
        let mut state = self.state();
        event.apply(&mut state.bytes);
        state.events.push(event);
    }
}

impl Disk for RecordingDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        read(&self.state().bytes, offset, out)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.record(Event::Write { offset: offset as usize, data: data.to_vec() });
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.record(Event::SetLen(len as usize));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.shut {
            state.waiting = true;
            self.0.changed.notify_all();
            state = self.0.changed.wait_while(state, |state| state.shut).expect("no panic on the disk");
            state.waiting = false;
        }
        state.events.push(Event::Sync);
        Ok(())
    }
}

/// What a power cut left, on a disk that works from now on.
#[derive(Debug)]
pub struct Image(Mutex<Vec<u8>>);

impl Image {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Mutex::new(bytes))
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().expect("no panic on the disk")
    }
}

impl Disk for Image {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        read(&self.bytes(), offset, out)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        write(&mut self.bytes(), offset as usize, data);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes().resize(len as usize, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn read(bytes: &[u8], offset: u64, out: &mut [u8]) -> io::Result<()> {
    let start = offset as usize;
    let found = bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
    out.copy_from_slice(found);
    Ok(())
}
