//! Lines of a source, as many at once as memory allows.

use std::io::{self, Read};
use std::mem;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use memchr::{memchr, memchr_iter};

/// Lines handed out at once: what is wrong with each of them is held until all are done.
const LINES: usize = 1 << 16;
/// What some programs put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A source in chunks of whole lines.
pub(super) struct Chunks<R> {
    source: R,
    /// Bytes of text handed out at once.
    bytes: usize,
    /// What was read and not handed out.
    rest: Vec<u8>,
    /// The number of the next line.
    number: u64,
    /// Whether the source is inside a line longer than a chunk, whose beginning was handed out.
    overlong: bool,
    spare: Arc<Spare>,
}

/// Memory of chunks that are done, to be used again: fresh memory costs more than reading into it.
type Spare = Mutex<Vec<Vec<u8>>>;

/// Whole lines in the order of the source.
#[derive(Debug)]
pub(super) struct Chunk {
    text: Vec<u8>,
    lines: Vec<Range<usize>>,
    first: u64,
    spare: Arc<Spare>,
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if let Ok(mut spare) = self.spare.lock() {
            spare.push(mem::take(&mut self.text));
        }
    }
}

impl<R: Read> Chunks<R> {
    pub fn new(source: R, bytes: usize) -> Self {
        Self { source, bytes, rest: Vec::new(), number: 1, overlong: false, spare: Arc::default() }
    }

    /// The next lines; `None` after the last.
    pub fn next(&mut self) -> io::Result<Option<Chunk>> {
        let mut text = self.spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
        text.clear();
        text.append(&mut self.rest);
        let mut start = self.fill(&mut text)?;
        let mut lines = Vec::new();
        let from = start;
        for end in memchr_iter(b'\n', &text[from..]).take(LINES) {
            lines.push(start..from + end);
            start = from + end + 1;
        }
        let full = text.len() == self.bytes;
        if start < text.len() && if full { lines.is_empty() } else { lines.len() < LINES } {
            // The last line need not end with a line feed; any other is longer than a chunk.
            self.overlong = full;
            lines.push(start..text.len());
            start = text.len();
        }
        self.rest.extend_from_slice(&text[start..]);
        let chunk = Chunk { first: self.number, lines, text, spare: Arc::clone(&self.spare) };
        self.number += chunk.len() as u64;
        Ok(if chunk.lines.is_empty() { None } else { Some(chunk) })
    }

    /// Reads until the text is full or the source ends; gives the place at which lines begin.
    fn fill(&mut self, text: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            let room = self.bytes - text.len();
            text.reserve_exact(room);
            let read = self.source.by_ref().take(room as u64).read_to_end(text)?;
            if !self.overlong {
                let marked = self.number == 1 && text.starts_with(BYTE_ORDER_MARK);
                return Ok(if marked { BYTE_ORDER_MARK.len() } else { 0 });
            }
            match memchr(b'\n', text) {
                Some(end) => {
                    text.drain(..=end);
                    self.overlong = false;
                }
                None => text.clear(),
            }
            if read == 0 {
                return Ok(0);
            }
        }
    }
}

impl Chunk {
    /// Bytes of text.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The number of a line in the source, from 1.
    pub fn number(&self, index: usize) -> u64 {
        self.first + index as u64
    }

    /// The text of a line.
    pub fn line(&self, index: usize) -> &[u8] {
        &self.text[self.lines[index].clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines with their numbers, read through a buffer of `bytes`.
    fn lines(text: &str, bytes: usize) -> Vec<(u64, String)> {
        let mut chunks = Chunks::new(text.as_bytes(), bytes);
        let mut lines = Vec::new();
        while let Some(chunk) = chunks.next().unwrap() {
            let text = |index| String::from_utf8(chunk.line(index).to_vec()).unwrap();
            lines.extend((0..chunk.len()).map(|index| (chunk.number(index), text(index))));
        }
        lines
    }

    fn numbered(lines: &[&str]) -> Vec<(u64, String)> {
        (1..).zip(lines.iter().map(|line| (*line).to_owned())).collect()
    }

    #[test]
    fn lines_are_the_same_through_any_buffer() {
        let wanted = ["one", "", "three", "4", "five5", "6"];
        for text in ["one\n\nthree\n4\nfive5\n6", "one\n\nthree\n4\nfive5\n6\n"] {
            for bytes in 6..40 {
                assert_eq!(lines(text, bytes), numbered(&wanted), "{bytes} bytes");
            }
        }
        assert_eq!(lines("", 8), []);
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_cut_and_counted_once() {
        let long = "x".repeat(50);
        for text in [format!("a\n{long}\nb\n"), format!("a\n{long}\nb")] {
            let found = lines(&text, 8);
            assert_eq!(found.len(), 3);
            assert_eq!(found[0], (1, "a".to_owned()));
            assert!(found[1].0 == 2 && long.starts_with(&found[1].1));
            assert_eq!(found[2], (3, "b".to_owned()));
        }
        assert_eq!(lines(&long, 8).len(), 1);
    }

    #[test]
    fn no_more_lines_than_memory_is_planned_for_come_at_once() {
        let text = "1\n".repeat(LINES + 5);
        let mut chunks = Chunks::new(text.as_bytes(), 1 << 20);
        let first = chunks.next().unwrap().unwrap();
        assert_eq!((first.len(), first.number(0)), (LINES, 1));
        let second = chunks.next().unwrap().unwrap();
        assert_eq!((second.len(), second.number(0)), (5, LINES as u64 + 1));
        assert!(chunks.next().unwrap().is_none());
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(lines("\u{feff}a\nb", 32), numbered(&["a", "b"]));
    }
}
