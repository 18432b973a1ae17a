//! The door for disks of the caller's making.

use std::fmt;
use std::io;

use redb::StorageBackend;

/// A disk: bytes that survive a loss of power once `sync` has returned.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// How many bytes there are.
    fn len(&self) -> io::Result<u64>;

    /// Whether there is none.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads exactly as many bytes as `out` holds; an error beyond the end.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes within the length.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Cuts, or adds zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Returns when all that was written and cut before is durable.
    fn sync(&self) -> io::Result<()>;
}

/// Keeps the driver's own trait out of the public interface.
#[derive(Debug)]
pub(super) struct Backend<D>(pub D);

impl<D: Disk> StorageBackend for Backend<D> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
