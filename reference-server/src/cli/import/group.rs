//! Lines grouped by member, without reading more of them than that.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use loyalty_core::id::MemberId;
use loyalty_core::ports::feed::member_order;
use memchr::memchr;
use serde::Deserialize;

use super::chunk::Chunk;

/// Bytes of text that one thread takes on at once.
const SLICE: usize = 1 << 20;

/// The lines of one member, by their place in the chunk, in its order.
pub(super) struct Group {
    pub lines: Vec<usize>,
    pub bytes: usize,
}

/// Lines that name their member come by member, in the order of members; the store likes that best.
pub(super) fn by_member(chunk: &Chunk) -> Vec<Group> {
    let mut groups: HashMap<Cow<'_, str>, Group> = HashMap::new();
    for index in 0..chunk.len() {
        let line = chunk.line(index);
        if !line.trim_ascii().is_empty() {
            let group = groups.entry(member_of(line)).or_insert(Group { lines: Vec::new(), bytes: 0 });
            group.lines.push(index);
            group.bytes += line.len();
        }
    }
    let order = |id: &str| MemberId::new(id).map_or_else(|_| id.as_bytes().to_vec(), |id| member_order(&id));
    let mut groups: Vec<(Vec<u8>, Group)> =
        groups.into_iter().map(|(id, group)| (order(&id), group)).collect();
    groups.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Groups that one thread takes on at once, of about the same size.
pub(super) fn slices(groups: &[Group]) -> Vec<Range<usize>> {
    let mut slices = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, group) in groups.iter().enumerate() {
        bytes += group.bytes;
        if bytes >= SLICE || index + 1 == groups.len() {
            slices.push(start..index + 1);
            (start, bytes) = (index + 1, 0);
        }
    }
    slices
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
