//! What a page shows: its fenced blocks, and what their marks say about them.

use serde_json::Value;

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of the page on which it opens, from 1.
    pub line: usize,
    /// How many headings stand above it.
    pub section: usize,
    pub mark: Mark,
    pub text: String,
}

/// What a block is, as the words after its backticks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// `json program`: a whole program, which the blocks after it are about.
    Program,
    /// `json fragment /pointer`: what stands there in the page's program instead, up to the next heading.
    Fragment(String),
    /// `json and /pointer`: goes with the fragment before it.
    And(String),
    /// `json wrong code /pointer`: what the checker refuses there with this code.
    Wrong(String, String),
    /// `json case`: what happens under the program as the blocks before it left it.
    Case,
    /// `json activity`: what a shop sends.
    Activity,
    /// `sh`: commands for the reader.
    Shell,
    /// `text`: arithmetic, and what else is no input.
    Text,
}

impl Mark {
    fn read(info: &str) -> Option<Self> {
        let words: Vec<&str> = info.split_whitespace().collect();
        Some(match words[..] {
            ["json", "program"] => Self::Program,
            ["json", "fragment", pointer] => Self::Fragment(pointer.to_owned()),
            ["json", "and", pointer] => Self::And(pointer.to_owned()),
            ["json", "wrong", code, pointer] => Self::Wrong(code.to_owned(), pointer.to_owned()),
            ["json", "case"] => Self::Case,
            ["json", "activity"] => Self::Activity,
            ["sh"] => Self::Shell,
            ["text"] => Self::Text,
            _ => return None,
        })
    }

    /// The word under which it is counted.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Program => "programs",
            Self::Fragment(_) | Self::And(_) => "fragments",
            Self::Wrong(..) => "refusals",
            Self::Case => "cases",
            Self::Activity => "activities",
            Self::Shell => "commands",
            Self::Text => "texts",
        }
    }
}

impl Block {
    /// The value of a block of JSON.
    pub fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.text).map_err(|error| format!("no JSON: {error}"))
    }
}

/// All blocks of a page, or the lines whose block is not marked or not closed.
pub fn blocks(page: &str) -> Result<Vec<Block>, Vec<String>> {
    let (mut found, mut wrong, mut section) = (Vec::new(), Vec::new(), 0);
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        section += usize::from(line.starts_with('#'));
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let inside: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| !closes(line)).collect();
        match Mark::read(info) {
            Some(mark) => found.push(Block { line: index + 1, section, mark, text: inside.join("\n") }),
            None => wrong.push(format!("{}: nothing knows the mark `{info}`", index + 1)),
        }
    }
    if page.lines().filter(|line| line.trim_start().starts_with("```")).count() % 2 == 1 {
        wrong.push("a block is not closed".to_owned());
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn closes(line: &str) -> bool {
    line.trim() == "```"
}
