//! Making the file, so that it is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, StorageBackend};

use super::errors::OpenError;
use super::tables::{COMMITS, INDEX, PROGRAMS};

/// Makes the file where there is none.
pub(super) fn create_absent(path: &Path, name: &str, builder: &Builder) -> Result<(), OpenError> {
    if path.exists() {
        return Ok(());
    }
    let tables = |database: &Database| make_tables(database).map_err(|error| OpenError::of(name, error));
    create(path, name, builder, tables).map(|_| ())
}

/// Makes a file of what is put into it; `None` where there is one meanwhile, which stays as it is.
///
/// The driver takes several steps to begin a file and does not open one that a crash left between them. So
/// it is made beside its place and then linked there, which fails where another process came first. Nobody reads
/// it before, so it goes to the disk once, at its end.
pub(super) fn create<T>(
    path: &Path,
    name: &str,
    builder: &Builder,
    fill: impl FnOnce(&Database) -> Result<T, OpenError>,
) -> Result<Option<T>, OpenError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".new-{}", std::process::id()));
    let beside = Path::new(&beside);
    let unusable = |error: io::Error| OpenError::io(name, &error);
    remove(beside).map_err(unusable)?;
    let file = File::create_new(beside).map_err(unusable)?;
    let unsynced = file
        .try_clone()
        .map_err(unusable)
        .and_then(|file| FileBackend::new(file).map(Unsynced).map_err(|error| OpenError::of(name, error)))?;
    let database = builder.create_with_backend(unsynced).map_err(|error| OpenError::of(name, error))?;
    let filled = fill(&database);
    if filled.is_err() {
        remove(beside).map_err(unusable)?;
    }
    let filled = filled?;
    database.close().map_err(|error| OpenError::of(name, error))?;
    file.sync_all().map_err(unusable)?;
    let linked = match fs::hard_link(beside, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(unusable(error)),
        linked => linked.is_ok(),
    };
    remove(beside).and_then(|()| sync_directory(path)).map_err(unusable)?;
    Ok(linked.then_some(filled))
}

/// A file that somebody else makes durable.
#[derive(Debug)]
struct Unsynced(FileBackend);

impl StorageBackend for Unsynced {
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
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A new file survives a loss of power only when its directory does.
fn sync_directory(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes the tables that are not there.
pub(super) fn make_tables(database: &Database) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(COMMITS)?;
    transaction.open_table(INDEX)?;
    transaction.open_table(PROGRAMS)?;
    Ok(transaction.commit()?)
}
