//! Changes good and bad inputs at random, the same way for the same seed.

use fastrand::Rng;
use serde_json::Value;

/// Larger inputs are cut, so that many can be tried.
const MOST_BYTES: usize = 32 << 10;

/// Pieces that decoders find hard: of JSON, of decimals, of times, of CBOR.
const PIECES: [&[u8]; 32] = [
    b"{",
    b"[",
    b"\"",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"null",
    b"-0",
    b"1e999",
    b"0.1",
    b"18446744073709551616",
    b"999999999999999",
    b"-999999999999999",
    b"0.000001",
    b"2100-12-31T23:59:60Z",
    b"1969-12-31T23:59:59.9999999Z",
    b",\"\":0",
    b"{\"\":",
    b"\x9b\x10\x00\x00\x00\x00\x00\x00\x00",
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x5b\x00\x00\x00\x01\x00\x00\x00\x00",
    b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x9f",
    b"\x5f",
    b"\xff\xff",
    b"\xf6",
    b"\xc2\x50",
    b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",
];

/// Values that are right in their form and far from usual.
const TEXTS: [&str; 18] = [
    "",
    "0",
    "-0.0000",
    "0.0001",
    "0.000001",
    "99.999",
    "99999.999999",
    "999999999999999",
    "-999999999999999",
    "1970-01-01",
    "2100-12-31",
    "1970-01-01T00:00:00Z",
    "2100-12-31T23:59:59.999999-23:59",
    "12-31",
    "UTC",
    "lifetime",
    "p",
    "\u{202e}\u{0}😀",
];
const NUMBERS: [i64; 8] = [0, 1, -1, 4, 255, 65_536, i64::MAX, i64::MIN];

/// Draws inputs from good and bad ones.
pub struct Mutator<'p> {
    rng: Rng,
    good: &'p [Vec<u8>],
    bad: &'p [Vec<u8>],
    trees: Vec<Value>,
}

impl<'p> Mutator<'p> {
    pub fn new(seed: u64, good: &'p [Vec<u8>], bad: &'p [Vec<u8>]) -> Self {
        let trees = good.iter().filter_map(|text| serde_json::from_slice(text).ok()).collect();
        Self { rng: Rng::with_seed(seed), good, bad, trees }
    }

    /// The next input: bytes with some changed, or a good JSON document with some values changed.
    pub fn next(&mut self) -> Vec<u8> {
        let changes = if self.rng.bool() { 1 } else { self.rng.usize(2..6) };
        if !self.trees.is_empty() && self.rng.bool() {
            let mut tree = self.trees[self.rng.usize(..self.trees.len())].clone();
            (0..changes).for_each(|_| self.change_value(&mut tree));
            return serde_json::to_vec(&tree).expect("a value is JSON");
        }
        let mut bytes = self.any().to_vec();
        bytes.truncate(MOST_BYTES);
        (0..changes).for_each(|_| self.change_bytes(&mut bytes));
        bytes
    }

    /// One of the inputs, good ones more often than others.
    fn any(&mut self) -> &'p [u8] {
        let pool = if self.rng.u8(..4) > 0 { self.good } else { self.bad };
        &pool[self.rng.usize(..pool.len())]
    }

    fn change_bytes(&mut self, bytes: &mut Vec<u8>) {
        let at = self.rng.usize(..=bytes.len());
        let to = (at + self.rng.usize(..64)).min(bytes.len());
        match self.rng.u8(..7) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.rng.u8(..8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = self.rng.u8(..);
                }
            }
            2 => drop(bytes.splice(at..at, PIECES[self.rng.usize(..PIECES.len())].iter().copied())),
            3 => drop(bytes.splice(at..to, PIECES[self.rng.usize(..PIECES.len())].iter().copied())),
            4 => drop(bytes.drain(at..to)),
            5 => {
                let again = bytes[at..to].repeat(self.rng.usize(1..8));
                bytes.splice(at..at, again);
            }
            _ => {
                let other = self.any();
                let from = self.rng.usize(..=other.len());
                bytes.truncate(at);
                bytes.extend(other[from..].iter().take(MOST_BYTES - at));
            }
        }
        bytes.truncate(MOST_BYTES);
    }

    fn change_value(&mut self, tree: &mut Value) {
        let other = &self.trees[self.rng.usize(..self.trees.len())];
        let graft = somewhere(&mut self.rng, &mut other.clone()).clone();
        let rng = &mut self.rng;
        let place = somewhere(rng, tree);
        match (rng.u8(..6), place) {
            (0, Value::Array(items)) if !items.is_empty() => {
                let item = items[rng.usize(..items.len())].clone();
                items.extend(vec![item; rng.usize(1..20)]);
            }
            (1, Value::Array(items)) if !items.is_empty() => drop(items.remove(rng.usize(..items.len()))),
            (0, Value::Object(entries)) if !entries.is_empty() => {
                let key = any_key(rng, entries);
                entries.remove(&key);
            }
            (1, Value::Object(entries)) if !entries.is_empty() => {
                let key = any_key(rng, entries);
                entries.insert(key, graft);
            }
            (2, place) => *place = graft,
            (3, place) => *place = Value::from(NUMBERS[rng.usize(..NUMBERS.len())]),
            (_, place) => *place = Value::from(TEXTS[rng.usize(..TEXTS.len())]),
        }
    }
}

fn any_key(rng: &mut Rng, entries: &serde_json::Map<String, Value>) -> String {
    entries.keys().nth(rng.usize(..entries.len())).cloned().unwrap_or_default()
}

/// Some value of a document, reached from its root by chance.
fn somewhere<'v>(rng: &mut Rng, place: &'v mut Value) -> &'v mut Value {
    let inside = match &*place {
        Value::Array(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => 0,
    };
    // Now and then the way ends early, at a list or object.
    if inside == 0 || rng.u8(..8) == 0 {
        return place;
    }
    let at = rng.usize(..inside);
    match place {
        Value::Array(items) => somewhere(rng, &mut items[at]),
        Value::Object(entries) => somewhere(rng, entries.values_mut().nth(at).expect("one of them")),
        end => end,
    }
}
