//! Making the file, so that it is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use redb::{Builder, Database};

use super::errors::OpenError;
use super::tables::{COMMITS, INDEX, PROGRAMS};

/// Makes the file where there is none.
///
/// The driver takes several steps to begin a file and does not open one that a crash left between them. So
/// it is made beside its place and then linked there, which fails where another process came first.
pub(super) fn create_absent(path: &Path, name: &str, builder: &Builder) -> Result<(), OpenError> {
    if path.exists() {
        return Ok(());
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".new-{}", std::process::id()));
    let beside = Path::new(&beside);
    let unusable = |error: io::Error| OpenError::io(name, &error);
    remove(beside).map_err(unusable)?;
    let database = builder.create(beside).map_err(|error| OpenError::of(name, error))?;
    make_tables(&database).map_err(|error| OpenError::of(name, error))?;
    database.close().map_err(|error| OpenError::of(name, error))?;
    match fs::hard_link(beside, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(unusable(error)),
        _ => {}
    }
    remove(beside).and_then(|()| sync_directory(path)).map_err(unusable)
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
