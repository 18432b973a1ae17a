//! Lines that could not be recorded, as a table to correct them by.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use loyalty_core::problem::Problem;
use serde_json::Value;

/// The columns, in their order.
const COLUMNS: [&str; 6] = ["line", "column", "value", "code", "message", "fix"];
/// Characters of a value that are shown.
const SHOWN: usize = 200;

/// Something wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line's number in the source, from 1.
    pub line: u64,
    /// What was found where the problem is, shortened.
    pub value: String,
    /// What is wrong; its path points into the line.
    pub problem: Problem,
}

impl Fault {
    /// What is wrong with the line of this number and text.
    pub fn new(line: u64, text: &[u8], problem: Problem) -> Self {
        let document: Option<Value> = serde_json::from_slice(text).ok();
        let value = match document.as_ref().and_then(|document| document.pointer(&problem.path)) {
            Some(Value::String(text)) => shortened(text),
            Some(value) if !problem.path.is_empty() => shortened(&value.to_string()),
            _ => shortened(&String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN)])),
        };
        Self { line, value, problem }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The file of faults, which exists only if there are any.
pub(super) struct Faults {
    path: PathBuf,
    file: Option<csv::Writer<File>>,
    count: u64,
}

impl Faults {
    /// No faults yet. What an earlier import left in the file is removed.
    pub fn new(path: PathBuf) -> Result<Self> {
        if is_ours(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove the old `{}`", path.display()))?;
        }
        Ok(Self { path, file: None, count: 0 })
    }

    /// Adds faults, in the order of their lines.
    pub fn write(&mut self, mut faults: Vec<Fault>) -> Result<()> {
        faults.sort_by_key(|fault| fault.line);
        for Fault { line, value, problem } in faults {
            let row =
                [&line.to_string(), &problem.path, &value, problem.code, &problem.message, &problem.help];
            self.count += 1;
            self.file()?.write_record(row)?;
        }
        Ok(())
    }

    /// Writes all that was added.
    pub fn finish(&mut self) -> Result<()> {
        match &mut self.file {
            Some(file) => file.flush().with_context(|| format!("cannot write `{}`", self.path.display())),
            None => Ok(()),
        }
    }

    /// Says where the faults are; whether there are any.
    pub fn tell(&self, out: &mut impl Write) -> io::Result<bool> {
        if self.count > 0 {
            let (count, path) = (self.count, self.path.display());
            writeln!(out, "{count} faults are in `{path}`: correct those lines and import the file again")?;
        }
        Ok(self.count > 0)
    }

    fn file(&mut self) -> Result<&mut csv::Writer<File>> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let path = &self.path;
                let cannot = || format!("cannot write `{}`", path.display());
                let mut file = csv::Writer::from_path(path).with_context(cannot)?;
                file.write_record(COLUMNS).with_context(cannot)?;
                file
            }
        };
        Ok(self.file.insert(file))
    }
}

/// Whether a file is one of ours, which may be replaced without a word.
fn is_ours(path: &PathBuf) -> bool {
    let mut rows = csv::Reader::from_path(path).ok();
    rows.as_mut().and_then(|rows| rows.headers().ok()).is_some_and(|head| head == COLUMNS.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, path: &str) -> String {
        Fault::new(1, text.as_bytes(), Problem::new("x", path, "", "")).value
    }

    #[test]
    fn the_value_is_what_stands_where_the_problem_is() {
        let line = r#"{"member":"7","lines":[{"gross":12.5}]}"#;
        assert_eq!(value(line, "/member"), "7");
        assert_eq!(value(line, "/lines/0/gross"), "12.5");
        assert_eq!(value(line, "/lines/0"), r#"{"gross":12.5}"#);
        assert_eq!(value(line, ""), line);
        assert_eq!(value(line, "/store"), line, "nothing stands there");
        assert_eq!(value("{", ""), "{");
        assert_eq!(value(&"ä".repeat(300), "").chars().count(), SHOWN + 1);
    }

    #[test]
    fn only_a_table_of_faults_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("errors.csv");
        let fault = || Fault::new(3, b"{", Problem::new("not_json", "", "broken, \"here\"", "mend it"));
        let mut faults = Faults::new(path.clone()).unwrap();
        faults.write(vec![fault()]).unwrap();
        faults.finish().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "line,column,value,code,message,fix\n3,,{,not_json,\"broken, \"\"here\"\"\",mend it\n"
        );
        Faults::new(path.clone()).unwrap();
        assert!(!path.exists());
        fs::write(&path, "mine\n").unwrap();
        Faults::new(path.clone()).unwrap();
        assert!(path.exists());
    }
}
