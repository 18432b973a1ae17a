//! From a text that an activity holds to the shelf of rules that require it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::activity::Line;

/// The place of a shelf.
pub type ShelfId = usize;

/// A map whose keys are an author's: nobody who sends activities can make them collide.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// Shelves by text.
pub type Texts = Map<Box<str>, ShelfId>;

/// Shelves by the beginning of a category path, as a tree of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    below: Map<Box<str>, usize>,
    shelf: Option<ShelfId>,
}

impl Paths {
    /// The place for the shelf of a path.
    pub fn shelf_mut(&mut self, path: &[String]) -> Option<&mut Option<ShelfId>> {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for part in path {
            let next = self.nodes.len();
            at = *self.nodes.get_mut(at)?.below.entry(part.as_str().into()).or_insert(next);
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        self.nodes.get_mut(at).map(|node| &mut node.shelf)
    }

    /// The shelves of every beginning of the line's path.
    pub fn shelves<'a>(&'a self, line: &'a Line) -> impl Iterator<Item = ShelfId> + 'a {
        let mut at = self.nodes.first();
        let nodes = line.category.iter().map_while(move |part| {
            at = at.and_then(|node| node.below.get(part.as_str())).and_then(|next| self.nodes.get(*next));
            at
        });
        nodes.filter_map(|node| node.shelf)
    }
}

/// A hash of a few operations for every eight bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quick(u64);

impl Quick {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let last = rest.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
        self.mix(last);
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        // The map looks at the highest and the lowest bits; a product is well mixed in its upper half only.
        self.0 ^ (self.0 >> 32)
    }
}
