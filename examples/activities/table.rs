//! Reads a gzipped CSV file by the names of its columns, and says where a bad value stands.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use csv::{ErrorKind, Reader, StringRecord};
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressBarIter, ProgressStyle};
use loyalty_core::activity::{Attribute, AttributeValue};
use thiserror::Error;

/// Why a data set was not converted, and what to do about it.
#[derive(Debug, Error)]
pub enum Error {
    /// A file is missing, is no gzip file, or has another shape than a table.
    #[error("`{}`: {problem}", file.display())]
    File { file: PathBuf, problem: String },
    /// A line has another number of columns, or is no UTF-8.
    #[error("`{}` line {line}: {problem}", file.display())]
    Line { file: PathBuf, line: u64, problem: String },
    /// A value is not what its column holds.
    #[error("`{}` line {line}, column `{column}`, value `{value}`: {problem}", file.display())]
    Value { file: PathBuf, line: u64, column: &'static str, value: String, problem: String },
    /// The reader of the activities went away, or the disk is full.
    #[error("cannot write the activities: {0}; write them to a file on a disk with room")]
    Write(io::Error),
}

/// One file of a data set, read through `N` named columns.
pub struct Table<const N: usize> {
    file: PathBuf,
    columns: [&'static str; N],
    positions: [usize; N],
    reader: Reader<MultiGzDecoder<ProgressBarIter<File>>>,
    record: StringRecord,
}

impl<const N: usize> Table<N> {
    /// Opens `name` in `dir`; the columns may stand in any order and beside others.
    pub fn open(dir: &Path, name: &'static str, columns: [&'static str; N]) -> Result<Self, Error> {
        let file = dir.join(name);
        let unreadable = |error: io::Error| Error::File {
            file: file.clone(),
            problem: format!("{error}; name a folder that holds `{name}`"),
        };
        let source = File::open(&file).map_err(unreadable)?;
        let size = source.metadata().map_err(unreadable)?.len();
        let source = progress(size as usize, name).wrap_read(source);
        let mut reader = Reader::from_reader(MultiGzDecoder::new(source));
        let headers = reader.headers().map_err(|error| at_fault(&file, error))?;
        let mut positions = [0; N];
        for (position, column) in positions.iter_mut().zip(columns) {
            *position = headers.iter().position(|header| header == column).ok_or_else(|| Error::File {
                file: file.clone(),
                problem: format!(
                    "column `{column}` is missing; the first line must name `{}`",
                    columns.join(",")
                ),
            })?;
        }
        Ok(Self { file, columns, positions, reader, record: StringRecord::new() })
    }

    /// The next row's cells, in the order of the columns as they were asked for.
    pub fn row(&mut self) -> Result<Option<[Cell<'_>; N]>, Error> {
        if !self.reader.read_record(&mut self.record).map_err(|error| at_fault(&self.file, error))? {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        Ok(Some(std::array::from_fn(|n| Cell {
            text: self.record.get(self.positions[n]).unwrap_or_default(),
            column: self.columns[n],
            line,
            file: &self.file,
        })))
    }
}

/// Where a file is not a table.
fn at_fault(file: &Path, error: csv::Error) -> Error {
    let line = error.position().map(csv::Position::line);
    let problem = match error.into_kind() {
        ErrorKind::Io(error) => format!("{error}; is it gzipped, and whole?"),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} columns where the first line has {expected_len}; quote commas inside a value")
        }
        ErrorKind::Utf8 { err, .. } => format!("{err}; save the file as UTF-8"),
        other => format!("{other:?}; save the file as CSV"),
    };
    let file = file.to_owned();
    match line {
        Some(line) => Error::Line { file, line, problem },
        None => Error::File { file, problem },
    }
}

/// One value, and where it stands.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    /// The value as the file writes it.
    pub text: &'a str,
    column: &'static str,
    line: u64,
    file: &'a Path,
}

impl Cell<'_> {
    /// What `parse` makes of the value.
    pub fn read<T, E: Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Error> {
        parse(self.text).map_err(|error| self.wrong(&format!("{error}; correct the value")))
    }

    /// The value as a whole number, for ordering.
    pub fn number(&self) -> Result<u64, Error> {
        self.read(whole_number)
    }

    /// The value, unless it is empty, which means unknown.
    pub fn given(&self) -> Option<String> {
        (!self.text.is_empty()).then(|| self.text.to_owned())
    }

    /// The value under its column's name.
    pub fn attribute(&self) -> Attribute {
        Attribute { name: self.column.to_owned(), value: AttributeValue::Text(self.text.to_owned()) }
    }

    /// The error that `problem` is with this value.
    pub fn wrong(&self, problem: &str) -> Error {
        Error::Value {
            file: self.file.to_owned(),
            line: self.line,
            column: self.column,
            value: self.text.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

/// Reads a whole number.
pub fn whole_number(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "must be a whole number such as \"17\"")
}

/// A bar on standard error that shows nothing when that is no terminal.
pub fn progress(total: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:24} {wide_bar} {percent:>3}%");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64).with_style(style).with_message(what)
}
