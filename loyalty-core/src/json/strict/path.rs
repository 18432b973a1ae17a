//! Where in a document the reader is: a list of steps on the stack, written out only when needed.

use std::borrow::Cow;

/// The way from the root of a document to one of its values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Key { parent: &'p Path<'p>, key: &'p str, depth: usize },
    Item { parent: &'p Path<'p>, index: usize, depth: usize },
}

impl<'p> Path<'p> {
    /// The value under `key` of the object that is here.
    pub(super) fn key(&'p self, key: &'p str) -> Self {
        Path::Key { parent: self, key, depth: self.depth().saturating_add(1) }
    }

    /// The element at `index`, from 0, of the list that is here.
    pub(super) fn item(&'p self, index: usize) -> Self {
        Path::Item { parent: self, index, depth: self.depth().saturating_add(1) }
    }

    /// How many lists and objects lie around the value.
    pub(super) fn depth(&self) -> usize {
        match self {
            Path::Root => 0,
            Path::Key { depth, .. } | Path::Item { depth, .. } => *depth,
        }
    }

    /// The JSON pointer of the value.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.write(&mut pointer);
        pointer
    }

    fn write(&self, pointer: &mut String) {
        match self {
            Path::Root => {}
            Path::Key { parent, key, .. } => {
                parent.write(pointer);
                pointer.push('/');
                pointer.push_str(&escaped(key));
            }
            Path::Item { parent, index, .. } => {
                parent.write(pointer);
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
        }
    }
}

/// A key as a JSON pointer writes it.
pub(super) fn escaped(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The escapes of RFC 6901, section 5: `~` first, so that `~1` in a key is `~01`.
    #[test]
    fn pointers_are_escaped() {
        let root = Path::Root;
        let (slash, tilde, both, empty) = (root.key("a/b"), root.key("m~n"), root.key("~1"), root.key(""));
        assert_eq!(root.pointer(), "");
        assert_eq!(slash.pointer(), "/a~1b");
        assert_eq!(tilde.pointer(), "/m~0n");
        assert_eq!(both.pointer(), "/~01");
        assert_eq!(empty.pointer(), "/");
        assert_eq!(slash.item(10).pointer(), "/a~1b/10");
    }

    #[test]
    fn depth_counts_the_containers_around() {
        let root = Path::Root;
        let rules = root.key("rules");
        assert_eq!((root.depth(), rules.depth(), rules.item(3).depth()), (0, 1, 2));
    }
}
