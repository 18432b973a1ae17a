//! Reading the project's text: which files there are, and where comments, strings, tests and functions lie.
//!
//! This is not a parser. It knows just enough of Rust to tell code from comments and literals and to match
//! braces, which is what the house rules and the figures need.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What holds nothing of ours, wherever it stands. In a worktree of git `.git` is a file.
const FOREIGN: [&str; 3] = [".git", "target", "node_modules"];

/// Every file below `root`, sorted, without build output and without the server's own `data` folder.
///
/// # Errors
/// When a folder cannot be read.
pub fn project_files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if is_foreign(root, &entry.path()) {
                continue;
            }
            let into = if entry.file_type()?.is_dir() { &mut folders } else { &mut files };
            into.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn is_foreign(root: &Path, path: &Path) -> bool {
    path == root.join("data") || path.file_name().is_some_and(|name| FOREIGN.iter().any(|f| name == *f))
}

/// Whether this character can stand inside a Rust name.
pub fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The same text with comments, strings and character literals blanked out; every line keeps its number.
pub fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_word = false;
    while let Some(c) = rest.chars().next() {
        let opaque = opaque_length(rest, after_word);
        if opaque == 0 {
            code.push(c);
            after_word = in_word(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..opaque].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            after_word = false;
            rest = &rest[opaque..];
        }
    }
    code
}

/// How many bytes at the start of `rest` are a comment or a literal; 0 when it starts with code.
fn opaque_length(rest: &str, after_word: bool) -> usize {
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment_length(rest)
    } else if rest.starts_with('"') {
        quoted_length(rest, '"')
    } else if rest.starts_with('\'') {
        character_length(rest)
    } else if after_word {
        0
    } else {
        raw_string_length(rest)
    }
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A lifetime also starts with a quote: only `'x'` and `'\…'` are literals.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => quoted_length(rest, '\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 0,
    }
}

fn raw_string_length(rest: &str) -> usize {
    let prefix = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let Some(after_r) = prefix.strip_prefix('r') else { return 0 };
    let body = after_r.trim_start_matches('#');
    if !body.starts_with('"') {
        return 0;
    }
    let hashes = after_r.len() - body.len();
    let end = format!("\"{}", "#".repeat(hashes));
    let opening = rest.len() - body.len() + 1;
    body[1..].find(&end).map_or(rest.len(), |at| opening + at + end.len())
}

/// Text from [`code_only`] with every item under `#[cfg(test)]` blanked out.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut shipped = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let end = at + MARK.len();
        let item_end = end + item_length(&rest[end..]);
        shipped.push_str(&rest[..at]);
        shipped.extend(rest[at..item_end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[item_end..];
    }
    shipped + rest
}

/// Bytes up to the end of the item that starts here: its `;`, or the brace that closes its body.
fn item_length(code: &str) -> usize {
    let mut brackets = 0_i32;
    let mut braces = 0_i32;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        if (c == ';' && brackets == 0 && braces == 0) || (c == '}' && braces <= 0) {
            return at + 1;
        }
    }
    code.len()
}

/// One function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line with `fn`, from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace, both counted.
    pub lines: usize,
}

/// Every function with a body in text from [`code_only`], nested ones too.
pub fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for at in word_offsets(code, "fn") {
        let after = &code[at + 2..];
        let name: String = after.trim_start().chars().take_while(|c| in_word(*c)).collect();
        let body = &after[..item_length(after)];
        if !name.is_empty() && body.ends_with('}') {
            found.push(Function { name, line: line_of(code, at), lines: body.matches('\n').count() + 1 });
        }
    }
    found
}

/// The lines (from 1) on which `pattern` stands as whole words: `rand` is not found in `operand`.
pub fn lines_with(code: &str, pattern: &str) -> Vec<usize> {
    word_offsets(code, pattern).map(|at| line_of(code, at)).collect()
}

fn word_offsets<'a>(code: &'a str, pattern: &'a str) -> impl Iterator<Item = usize> + 'a {
    let glued =
        |outer: Option<char>, inner: Option<char>| outer.is_some_and(in_word) && inner.is_some_and(in_word);
    code.match_indices(pattern).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + pattern.len()..].chars().next();
        !glued(before, pattern.chars().next()) && !glued(after, pattern.chars().next_back())
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = concat!(
            "let a = \"fn x // {\"; // unwrap()\n",
            "/* panic! /* nested */ still */ let b = '{'; let c: &'static str = r#\"a \" }\"#;\n",
            "let d = '\\''; let r#type = b\"}\"; e",
        );
        let code = code_only(text);
        assert_eq!(code.lines().count(), 3);
        assert_eq!(code.chars().filter(|c| "{}\"".contains(*c)).count(), 0, "{code}");
        for gone in ["unwrap", "panic", "nested", "still", "fn x"] {
            assert!(!code.contains(gone), "`{gone}` was left in: {code}");
        }
        for kept in ["let a =", "let b =", "&'static str =", "let d =", "r#type", "; e"] {
            assert!(code.contains(kept), "`{kept}` was lost: {code}");
        }
    }

    #[test]
    fn test_items_are_not_shipped() {
        let code = "fn a() {}\n#[cfg(test)]\n#[path = x]\nmod tests { fn b() { {} } }\nfn c() {}\n#[cfg(test)]\nuse d;\nuse e;";
        let shipped = without_tests(code);
        assert_eq!(shipped.lines().count(), 8);
        let words: Vec<&str> = shipped.split_whitespace().collect();
        assert_eq!(words, ["fn", "a()", "{}", "fn", "c()", "{}", "use", "e;"]);
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let code = "trait T { fn none(a: [u8; 2]); }\ntype F = fn(i32);\nfn one() {}\nfn three(\n) -> [u8; 4] {\n}\n";
        let one = Function { name: "one".into(), line: 3, lines: 1 };
        let three = Function { name: "three".into(), line: 4, lines: 3 };
        assert_eq!(functions(code), [one, three]);
    }

    #[test]
    fn words_are_whole() {
        let code = "operand rand_core\nrand::x\n.unwrap_or(1)\n.unwrap()";
        assert_eq!(lines_with(code, "rand"), [2]);
        assert_eq!(lines_with(code, "unwrap("), [4]);
    }
}
