//! `cargo xtask figures`: how large the project is and where its largest pieces are.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{Table, presets};
use xtask::source::{code_only, functions, project_files};
use xtask::workspace::{Workspace, root};

/// What one crate, or all of them, add up to.
#[derive(Default)]
struct Size {
    files: usize,
    lines: usize,
    longest_file: Longest,
    longest_function: Longest,
}

/// The largest of its kind, with where it stands.
#[derive(Default, Clone)]
struct Longest {
    lines: usize,
    at: String,
}

impl Longest {
    fn see(&mut self, lines: usize, at: impl FnOnce() -> String) {
        if lines > self.lines {
            *self = Self { lines, at: at() };
        }
    }
}

impl Size {
    fn add_file(&mut self, path: &str, text: &str) {
        let lines = text.lines().count();
        self.files += 1;
        self.lines += lines;
        self.longest_file.see(lines, || path.to_owned());
        for function in functions(&code_only(text)) {
            self.longest_function
                .see(function.lines, || format!("{} ({path}:{})", function.name, function.line));
        }
    }

    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.lines += other.lines;
        for (mine, theirs) in [
            (&mut self.longest_file, &other.longest_file),
            (&mut self.longest_function, &other.longest_function),
        ] {
            mine.see(theirs.lines, || theirs.at.clone());
        }
    }

    fn row(&self, name: &str) -> Vec<String> {
        let longest = |l: &Longest| format!("{} {}", l.lines, l.at);
        let (files, lines) = (self.files.to_string(), self.lines.to_string());
        vec![name.to_owned(), files, lines, longest(&self.longest_file), longest(&self.longest_function)]
    }
}

pub fn print() -> Result<ExitCode> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["crate", "files", "lines", "longest file", "longest function"]);
    let mut total = Size::default();
    for (name, size) in sizes()? {
        table.add_row(size.row(&name));
        total.add(&size);
    }
    table.add_row(total.row("all"));
    println!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn sizes() -> Result<Vec<(String, Size)>> {
    let packages = Workspace::load()?.packages;
    let folders: Vec<&Path> = packages.iter().map(|package| package.folder.as_path()).collect();
    let mut sizes: Vec<(String, Size)> =
        packages.iter().map(|package| (package.name.clone(), Size::default())).collect();
    for file in project_files(root())?.iter().filter(|file| file.extension().is_some_and(|e| e == "rs")) {
        let path = file.strip_prefix(root())?.display().to_string();
        if let Some(owner) = innermost(&folders, file) {
            sizes[owner].1.add_file(&path, &fs::read_to_string(file)?);
        }
    }
    Ok(sizes)
}

/// A package may lie in another one's folder: a file belongs to the deepest.
fn innermost(folders: &[&Path], file: &Path) -> Option<usize> {
    (0..folders.len())
        .filter(|at| file.starts_with(folders[*at]))
        .max_by_key(|at| folders[*at].as_os_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_deepest_package() {
        let folders = [Path::new("/p/tests"), Path::new("/p/tests/bench"), Path::new("/p/core")];
        assert_eq!(innermost(&folders, Path::new("/p/tests/bench/src/main.rs")), Some(1));
        assert_eq!(innermost(&folders, Path::new("/p/tests/tidy.rs")), Some(0));
        assert_eq!(innermost(&folders, Path::new("/p/build.rs")), None);
    }
}
