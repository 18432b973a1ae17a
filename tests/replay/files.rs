//! Reading the corpus: its files, the programs and zones that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use loyalty_core::json::{self, Limits};
use loyalty_core::program::Program;
use loyalty_core::zone::Zone;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::case::{Case, CaseFile, Checked, Draft, LaterFile, Programs};

/// What a file of the tests may measure.
pub const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 64, problems: 20 };

/// All cases of a theme, which is named after its file.
#[derive(Debug, Clone)]
pub struct Theme {
    pub name: String,
    pub file: CaseFile,
    /// The file as it is written.
    pub raw: Value,
}

/// Cases that wait, by the file's name.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub name: String,
    pub file: LaterFile,
    pub raw: Value,
}

/// Everything that replaying needs from the disk.
#[derive(Debug, Clone)]
pub struct Corpus {
    pub themes: Vec<Theme>,
    /// The files below `later`.
    pub waiting: Vec<Waiting>,
    /// By their files' names.
    pub programs: BTreeMap<String, Value>,
    zones: BTreeMap<String, Zone>,
    /// Files of the corpus that are neither cases nor the page about them.
    pub strangers: Vec<PathBuf>,
}

impl Corpus {
    /// Reads `corpus`, `programs` and `zones.json` beside this package's manifest.
    pub fn read() -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut corpus = Self {
            themes: Vec::new(),
            waiting: Vec::new(),
            programs: programs(&tests.join("programs")),
            zones: serde_json::from_value(value(&tests.join("zones.json"))).expect("zones.json holds zones"),
            strangers: Vec::new(),
        };
        let root = tests.join("corpus");
        for path in files(&root) {
            if path == root.join("schema.json") || path == root.join("README.md") {
                continue;
            }
            if path.extension().is_some_and(|e| e == "json") {
                let name = path.strip_prefix(&root).expect("below the corpus").with_extension("");
                let name = name.to_string_lossy().replace('\\', "/");
                let raw = value(&path);
                if name.starts_with("later/") {
                    corpus.waiting.push(Waiting { name, file: typed(&path, raw.clone()), raw });
                } else {
                    corpus.themes.push(Theme { name, file: typed::<CaseFile>(&path, raw.clone()), raw });
                }
            } else {
                corpus.strangers.push(path);
            }
        }
        corpus
    }

    /// The JSON Schema of a case file.
    pub fn schema() -> Value {
        value(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/schema.json"))
    }

    /// Every case with the program versions that it runs under.
    pub fn cases(&self) -> impl Iterator<Item = (&Case, Vec<Draft>)> {
        self.themes.iter().flat_map(|theme| {
            theme.file.cases.iter().map(|case| {
                let programs = case.program.as_ref().or(theme.file.program.as_ref());
                (case, programs.map_or_else(Vec::new, Programs::drafts))
            })
        })
    }

    /// Programs that no case names.
    pub fn unused_programs(&self) -> Vec<&str> {
        let mut used: BTreeSet<String> =
            self.cases().flat_map(|(_, drafts)| drafts).map(|draft| draft.file).collect();
        used.extend(self.cases().flat_map(|(case, _)| &case.against).map(|draft| draft.file.clone()));
        used.extend(self.cases().filter_map(|(case, _)| match &case.check {
            Some(Checked::Draft(draft)) => Some(draft.file.clone()),
            _ => None,
        }));
        self.programs.keys().map(String::as_str).filter(|file| !used.contains(*file)).collect()
    }

    /// The text of a program, changed as the draft says.
    pub fn text(&self, draft: &Draft) -> Result<Vec<u8>, String> {
        let Some(program) = self.programs.get(&draft.file) else {
            return Err(format!("there is no program `{}`", draft.file));
        };
        let mut program = program.clone();
        for pointer in &draft.without {
            remove(&mut program, pointer)?;
        }
        for (pointer, value) in &draft.with {
            set(&mut program, pointer, value.clone())?;
        }
        serde_json::to_vec(&program).map_err(|error| error.to_string())
    }

    /// A program checked, its zone expanded.
    pub fn program(&self, text: &[u8]) -> Result<Program, Vec<loyalty_core::problem::Problem>> {
        Program::from_draft(text, |name| self.zones.get(name).cloned())
    }
}

fn programs(folder: &Path) -> BTreeMap<String, Value> {
    let named = |path: PathBuf| {
        let name = path.strip_prefix(folder).expect("below the programs").to_string_lossy().into_owned();
        (name, value(&path))
    };
    files(folder).into_iter().map(named).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the tests") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn value(path: &Path) -> Value {
    let text = fs::read(path).expect("a file of the tests");
    json::parse(&text, &LIMITS).unwrap_or_else(|problems| panic!("{}: {problems:#?}", path.display()))
}

/// A file of cases, its repetitions written out.
fn typed<T: DeserializeOwned>(path: &Path, mut value: Value) -> T {
    repeat(&mut value);
    json::read_value(&value, &Limits { bytes: usize::MAX, ..LIMITS })
        .unwrap_or_else(|problems| panic!("{}: {problems:#?}", path.display()))
}

/// Replaces `{"times": 3, "of": X}` in a list by three X, with `{n}` in its texts counted from 0.
pub fn repeat(value: &mut Value) {
    match value {
        Value::Array(list) => {
            let repeated = list.drain(..).flat_map(|one| match times(&one) {
                Some((times, of)) => (0..times).map(|n| numbered(of, n)).collect(),
                None => vec![one],
            });
            let repeated: Vec<Value> = repeated.collect();
            *list = repeated;
            list.iter_mut().for_each(repeat);
        }
        Value::Object(map) => map.values_mut().for_each(repeat),
        _ => {}
    }
}

fn times(value: &Value) -> Option<(u64, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 2)?;
    Some((map.get("times")?.as_u64()?, map.get("of")?))
}

fn numbered(value: &Value, n: u64) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("{n}", &n.to_string())),
        Value::Array(list) => list.iter().map(|one| numbered(one, n)).collect(),
        Value::Object(map) => map.iter().map(|(key, one)| (key.clone(), numbered(one, n))).collect(),
        other => other.clone(),
    }
}

fn remove(document: &mut Value, pointer: &str) -> Result<(), String> {
    let (parent, key) = parent(document, pointer)?;
    let removed = match parent {
        Value::Object(map) => map.remove(key).is_some(),
        _ => false,
    };
    if removed { Ok(()) } else { Err(format!("nothing to remove at `{pointer}`")) }
}

fn set(document: &mut Value, pointer: &str, value: Value) -> Result<(), String> {
    let (parent, key) = parent(document, pointer)?;
    match parent {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => {
            let place = key.parse().ok().and_then(|index: usize| list.get_mut(index));
            *place.ok_or_else(|| format!("nothing at `{pointer}`"))? = value;
        }
        _ => return Err(format!("nothing to set at `{pointer}`")),
    }
    Ok(())
}

fn parent<'a, 'p>(document: &'a mut Value, pointer: &'p str) -> Result<(&'a mut Value, &'p str), String> {
    let found = pointer.rsplit_once('/').and_then(|(above, key)| Some((document.pointer_mut(above)?, key)));
    found.ok_or_else(|| format!("nothing at `{pointer}`"))
}
