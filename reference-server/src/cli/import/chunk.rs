//! Lines of a source, as many at once as memory allows.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter};

/// Bytes of text held at once.
const BYTES: usize = 64 << 20;
/// Lines handed out at once: what is wrong with each of them is held until all are done.
const LINES: usize = 1 << 16;
/// What some programs put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A source in chunks of whole lines.
pub(super) struct Chunks<R> {
    source: R,
    buffer: Vec<u8>,
    bytes: usize,
    /// Where that begins which was not handed out yet.
    rest: usize,
    /// The number of the next line.
    number: u64,
    /// Whether the rest belongs to a line longer than the buffer, whose beginning was handed out.
    overlong: bool,
}

/// Whole lines in the order of the source.
pub(super) struct Chunk<'a> {
    text: &'a [u8],
    lines: Vec<Range<usize>>,
    first: u64,
}

impl<R: Read> Chunks<R> {
    pub fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), bytes: crate::cli::knob("K_CHUNK", BYTES >> 10) << 10, rest: 0, number: 1, overlong: false }
    }

    /// The next lines; `None` after the last.
    pub fn next(&mut self) -> io::Result<Option<Chunk<'_>>> {
        if self.overlong || memchr(b'\n', &self.buffer[self.rest..]).is_none() {
            self.fill()?;
        }
        let first = self.number;
        let lines = self.lines();
        self.number += lines.len() as u64;
        Ok(if lines.is_empty() { None } else { Some(Chunk { text: &self.buffer, lines, first }) })
    }

    /// Reads until the buffer is full or the source ends.
    fn fill(&mut self) -> io::Result<()> {
        loop {
            self.buffer.drain(..self.rest);
            self.rest = 0;
            self.buffer.reserve_exact(self.bytes - self.buffer.len());
            let room = self.bytes - self.buffer.len();
            let read = self.source.by_ref().take(room as u64).read_to_end(&mut self.buffer)?;
            if self.number == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.rest = BYTE_ORDER_MARK.len();
            }
            if !self.overlong {
                return Ok(());
            }
            match memchr(b'\n', &self.buffer) {
                Some(end) => (self.rest, self.overlong) = (end + 1, false),
                None if read == 0 => return Ok(self.buffer.clear()),
                None => self.rest = self.buffer.len(),
            }
        }
    }

    fn lines(&mut self) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        let from = self.rest;
        for end in memchr_iter(b'\n', &self.buffer[from..]).take(LINES) {
            lines.push(self.rest..from + end);
            self.rest = from + end + 1;
        }
        let full = self.buffer.len() == self.bytes;
        if lines.is_empty() && self.rest < self.buffer.len() {
            // The last line need not end with a line feed; any other is longer than the buffer.
            self.overlong = full;
            lines.push(self.rest..self.buffer.len());
            self.rest = self.buffer.len();
        }
        lines
    }
}

impl<'a> Chunk<'a> {
    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The number of a line in the source, from 1.
    pub fn number(&self, index: usize) -> u64 {
        self.first + index as u64
    }

    /// The text of a line.
    pub fn line(&self, index: usize) -> &'a [u8] {
        &self.text[self.lines[index].clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines with their numbers, read through a buffer of `bytes`.
    fn lines(text: &str, bytes: usize) -> Vec<(u64, String)> {
        let mut chunks = Chunks { bytes, ..Chunks::new(text.as_bytes()) };
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
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(lines("\u{feff}a\nb", 32), numbered(&["a", "b"]));
    }
}
