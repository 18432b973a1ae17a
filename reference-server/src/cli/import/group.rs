//! Lines grouped by member, without reading more of them than that.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use loyalty_core::id::MemberId;
use loyalty_core::ports::feed::member_order;
use memchr::memchr;
use serde::Deserialize;

use super::chunk::Chunk;

/// One of several shares of all members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub number: usize,
    pub of: usize,
}

impl Share {
    fn has(self, member: &str) -> bool {
        // As good as a real hash here: ids that are chosen to fall on one share harm nobody but their chooser.
        let hash = member.bytes().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        hash % self.of == self.number
    }
}

/// A line of a list of chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub chunk: usize,
    pub index: usize,
}

/// The lines of the members of a share, by member, each in the order of the source. Members ascend; the store
/// likes that best.
pub(super) fn by_member(chunks: &[Arc<Chunk>], share: Share) -> Vec<Vec<Line>> {
    let mut groups: HashMap<Cow<'_, str>, Vec<Line>> = HashMap::new();
    for (number, chunk) in chunks.iter().enumerate() {
        for index in 0..chunk.len() {
            let line = chunk.line(index);
            let member = member_of(line);
            if share.has(&member) && !line.trim_ascii().is_empty() {
                groups.entry(member).or_default().push(Line { chunk: number, index });
            }
        }
    }
    let order = |id: &str| MemberId::new(id).map_or_else(|_| id.as_bytes().to_vec(), |id| member_order(&id));
    let mut groups: Vec<_> = groups.into_iter().map(|(id, lines)| (order(&id), lines)).collect();
    groups.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    groups.into_iter().map(|(_, lines)| lines).collect()
}

/// The member that a line names, as far as that can be told; where it cannot, reading the line will say so.
fn member_of(line: &[u8]) -> Cow<'_, str> {
    if let Some(rest) = line.strip_prefix(br#"{"member":""#)
        && let Some(id) = memchr(b'"', rest).and_then(|end| rest.get(..end))
        && memchr(b'\\', id).is_none()
        && let Ok(id) = str::from_utf8(id)
    {
        return Cow::Borrowed(id);
    }
    #[derive(Deserialize)]
    struct Whose<'a> {
        #[serde(borrow)]
        member: Cow<'a, str>,
    }
    serde_json::from_slice::<Whose<'_>>(line).map_or_else(|_| Cow::default(), |whose| whose.member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_member_however_it_is_written() {
        for line in [
            r#"{"member":"7/ä","activity":{}}"#,
            r#" {"activity": {"x": [1, {}]}, "member" : "7/ä"}"#,
            r#"{"member":"7\/\u00e4","activity":{}}"#,
        ] {
            assert_eq!(member_of(line.as_bytes()), "7/ä", "{line}");
        }
        for line in [r#"{"member":7}"#, r#"{"member":"7"#, "", "[]", r#"{"members":"7"}"#] {
            assert_eq!(member_of(line.as_bytes()), "", "{line}");
        }
    }
}
