//! Purchases as most programs write them, read as fast as files are imported.
//!
//! INVARIANT: what is read here, the JSON door reads to the same value. Anything unusual (an escape, `null`,
//! another kind of activity) and anything wrong gives `None`, and the door says what it makes of it.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::{Activity, Attribute, AttributeValue, Discount, Line, MemberActivity, Purchase, Tender};
use crate::id::{ActivityId, MemberId};
use crate::money::Fixed;
use crate::time::OffsetTime;

/// Attributes of one line that are looked at here; more are for the door.
const ATTRIBUTES: usize = 16;

/// Reads a member's purchase, leaving out attributes that are not `declared`.
pub(super) fn read(text: &[u8], declared: &dyn Fn(&str) -> bool) -> Option<MemberActivity> {
    let mut json = Json { text: str::from_utf8(text).ok()?, at: 0, declared };
    let (mut member, mut activity) = (None, None);
    json.object(|json, field| match field {
        "member" => put(&mut member, MemberId::new(json.string()?).ok()?),
        "activity" => put(&mut activity, json.purchase_alone()?),
        _ => None,
    })?;
    if json.peek().is_some() {
        return None;
    }
    Some(MemberActivity { member: member?, activity: Activity::Purchase(activity?) })
}

/// Fills a field that is still empty.
fn put<T>(field: &mut Option<T>, value: T) -> Option<()> {
    if field.is_some() {
        return None;
    }
    *field = Some(value);
    Some(())
}

/// How many bytes come before the first that ends or interrupts a string: a quote, a backslash or a control character.
fn plain_length(text: &[u8]) -> Option<usize> {
    let (mut rest, mut length) = (text, 0_usize);
    while let Some((word, after)) = rest.split_first_chunk() {
        let found = interrupts(*word);
        if found != 0 {
            return length.checked_add((found.trailing_zeros() >> 3) as usize);
        }
        (rest, length) = (after, length.checked_add(8)?);
    }
    length.checked_add(rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?)
}

/// Eight bytes at once: for each, the highest bit tells whether it ends or interrupts a string; the lowest one told is
/// right.
const fn interrupts(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHEST: u64 = ONES << 7;
    let word = u64::from_le_bytes(word);
    let control = word.wrapping_sub(ONES.wrapping_mul(b' ' as u64));
    let quote = (word ^ ONES.wrapping_mul(b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ ONES.wrapping_mul(b'\\' as u64)).wrapping_sub(ONES);
    (control | quote | backslash) & !word & HIGHEST
}

/// A text and how far it is read.
struct Json<'a> {
    text: &'a str,
    /// INVARIANT: between characters, at most the length of the text.
    at: usize,
    declared: &'a dyn Fn(&str) -> bool,
}

impl<'a> Json<'a> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at = self.at.wrapping_add(1),
                other => return Some(other),
            }
        }
    }

    fn symbol(&mut self, symbol: u8) -> Option<()> {
        if self.peek()? != symbol {
            return None;
        }
        self.at = self.at.wrapping_add(1);
        Some(())
    }

    /// Whether a list or object goes on after an entry.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let found = self.peek()?;
        if found != b',' && found != end {
            return None;
        }
        self.at = self.at.wrapping_add(1);
        Some(found == b',')
    }

    fn string(&mut self) -> Option<&'a str> {
        self.symbol(b'"')?;
        let start = self.at;
        let end = start.wrapping_add(plain_length(self.text.as_bytes().get(start..)?)?);
        // An escape is for the door, a control character is wrong.
        if *self.text.as_bytes().get(end)? != b'"' {
            return None;
        }
        self.at = end.wrapping_add(1);
        self.text.get(start..end)
    }

    fn object(&mut self, mut field: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.symbol(b'{')?;
        if self.peek()? == b'}' {
            return self.symbol(b'}');
        }
        loop {
            let name = self.string()?;
            self.symbol(b':')?;
            field(self, name)?;
            if !self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    /// The entries of a list, one call each.
    fn entries(&mut self, mut entry: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.symbol(b'[')?;
        if self.peek()? == b']' {
            return self.symbol(b']');
        }
        loop {
            entry(self)?;
            if !self.goes_on(b']')? {
                return Some(());
            }
        }
    }

    /// A list; `usual` entries fit without moving them.
    fn list<T>(&mut self, usual: usize, mut entry: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut list = Vec::new();
        self.entries(|json| {
            if list.is_empty() {
                list.reserve_exact(usual);
            }
            list.push(entry(json)?);
            Some(())
        })?;
        Some(list)
    }

    fn text(&mut self) -> Option<String> {
        self.string().map(str::to_owned)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        self.list(4, Self::text)
    }

    fn decimal<const PLACES: u32>(&mut self) -> Option<Fixed<PLACES>> {
        Fixed::parse(self.string()?).ok()
    }

    fn choice<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let name: StrDeserializer<'a, Error> = self.string()?.into_deserializer();
        T::deserialize(name).ok()
    }

    /// A purchase as the one choice of an activity.
    fn purchase_alone(&mut self) -> Option<Purchase> {
        let mut purchase = None;
        self.object(|json, kind| match kind {
            "purchase" => put(&mut purchase, json.purchase()?),
            _ => None,
        })?;
        purchase
    }

    fn purchase(&mut self) -> Option<Purchase> {
        let (mut id, mut occurred_at, mut money) = (None, None, None);
        let (mut store, mut partner, mut channel) = (None, None, None);
        let (mut lines, mut tenders, mut coupons, mut attributes) = (None, None, None, None);
        self.object(|json, field| match field {
            "id" => put(&mut id, ActivityId::new(json.string()?).ok()?),
            "occurred_at" => put(&mut occurred_at, OffsetTime::parse(json.string()?).ok()?),
            "money" => put(&mut money, json.text()?),
            "store" => put(&mut store, json.text()?),
            "partner" => put(&mut partner, json.text()?),
            "channel" => put(&mut channel, json.text()?),
            "lines" => put(&mut lines, json.lines()?),
            "tenders" => put(&mut tenders, json.list(1, Self::tender)?),
            "coupons" => put(&mut coupons, json.texts()?),
            "attributes" => put(&mut attributes, json.attributes()?),
            _ => None,
        })?;
        Some(Purchase {
            id: id?,
            occurred_at: occurred_at?,
            money,
            store,
            partner,
            channel,
            lines: lines?,
            tenders: tenders.unwrap_or_default(),
            coupons: coupons.unwrap_or_default(),
            attributes: attributes.unwrap_or_default(),
        })
    }

    /// Each is filled in its place: a line is large, and there are millions of them.
    fn lines(&mut self) -> Option<Vec<Line>> {
        let mut lines: Vec<Line> = Vec::new();
        self.entries(|json| {
            if lines.is_empty() {
                lines.reserve_exact(16);
            }
            lines.push(Line::default());
            json.line(lines.last_mut()?)
        })?;
        Some(lines)
    }

    fn line(&mut self, line: &mut Line) -> Option<()> {
        let (mut kind, mut category, mut tags) = (None, None, None);
        let (mut discounts, mut attributes) = (None, None);
        self.object(|json, field| match field {
            "kind" => put(&mut kind, json.choice()?),
            "sku" => put(&mut line.sku, json.text()?),
            "category" => put(&mut category, json.texts()?),
            "brand" => put(&mut line.brand, json.text()?),
            "tags" => put(&mut tags, json.texts()?),
            "quantity" => put(&mut line.quantity, json.decimal()?),
            "unit" => put(&mut line.unit, json.text()?),
            "gross" => put(&mut line.gross, json.decimal()?),
            "unit_price" => put(&mut line.unit_price, json.decimal()?),
            "net_of_store" => put(&mut line.net_of_store, json.decimal()?),
            "discounts" => put(&mut discounts, json.list(1, Self::discount)?),
            "attributes" => put(&mut attributes, json.attributes()?),
            _ => None,
        })?;
        line.kind = kind.unwrap_or_default();
        line.category = category.unwrap_or_default();
        line.tags = tags.unwrap_or_default();
        line.discounts = discounts.unwrap_or_default();
        line.attributes = attributes.unwrap_or_default();
        Some(())
    }

    fn discount(&mut self) -> Option<Discount> {
        let (mut funder, mut amount) = (None, None);
        self.object(|json, field| match field {
            "funder" => put(&mut funder, json.choice()?),
            "amount" => put(&mut amount, json.decimal()?),
            _ => None,
        })?;
        Some(Discount { funder: funder?, amount: amount? })
    }

    fn tender(&mut self) -> Option<Tender> {
        let (mut kind, mut amount) = (None, None);
        self.object(|json, field| match field {
            "kind" => put(&mut kind, json.text()?),
            "amount" => put(&mut amount, json.decimal()?),
            _ => None,
        })?;
        Some(Tender { kind: kind?, amount: amount? })
    }

    fn attributes(&mut self) -> Option<Vec<Attribute>> {
        // Undeclared ones are checked as well, but nothing is kept of them.
        let mut names = [""; ATTRIBUTES];
        let mut free = 0_usize;
        let mut kept = Vec::new();
        self.object(|json, name| {
            if names.get(..free)?.contains(&name) {
                return None;
            }
            *names.get_mut(free)? = name;
            free = free.saturating_add(1);
            let value = json.attribute()?;
            if (json.declared)(name) {
                let value =
                    value.map_or_else(AttributeValue::Flag, |text| AttributeValue::Text(text.to_owned()));
                kept.push(Attribute { name: name.to_owned(), value });
            }
            Some(())
        })?;
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        Some(kept)
    }

    /// A text, or else a flag.
    fn attribute(&mut self) -> Option<Result<&'a str, bool>> {
        if self.peek()? == b'"' {
            return self.string().map(Ok);
        }
        let rest = self.text.get(self.at..)?;
        let flag = rest.starts_with("true");
        let word = if flag { "true" } else { "false" };
        if !rest.starts_with(word) {
            return None;
        }
        self.at = self.at.wrapping_add(word.len());
        Some(Err(flag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Limits};

    const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 16, problems: 8 };

    /// Every field, in an unusual order and with white space.
    const FULL: &str = r#" {"activity" : {"purchase":{"coupons":["A", "B"],"tenders":[{"amount":"12.5","kind":"card"}],
        "lines":[{"kind":"gift_card","sku":"é 1","category":["A","B"],"brand":"b","tags":["t"],"quantity":"2","unit":"l",
        "gross":"-1.5","discounts":[{"funder":"points","amount":"0.25"},{"amount":"1","funder":"store"}],
        "attributes":{"z":true,"a":"1"}},{"unit_price":"00.10"},{"net_of_store":"7","tags":[],"discounts":[]},{}],
        "money":"EUR","store":"s","partner":"p","channel":"web","attributes":{"b":false,"a":""},
        "occurred_at":"2017-01-01T07:30:27.5-05:00","id":"31198705046"}},
        "member":"906"} "#;

    fn quick(text: &str) -> Option<MemberActivity> {
        read(text.as_bytes(), &|_| true)
    }

    fn by_door(text: &str) -> Option<MemberActivity> {
        json::read(text.as_bytes(), &LIMITS).ok()
    }

    #[test]
    fn a_string_ends_where_a_plain_search_says() {
        let plain = |text: &[u8]| text.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
        for byte in 0..=u8::MAX {
            for neighbour in [b'a', b'!', 0x1f, 0x7f, 0x80, 0xff, byte.wrapping_add(1), byte.wrapping_sub(1)]
            {
                for (length, place) in
                    (0..20).flat_map(|length| (0..length).map(move |place| (length, place)))
                {
                    let mut text = vec![neighbour; length];
                    text[place] = byte;
                    assert_eq!(plain_length(&text), plain(&text), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_purchase_with_every_field_is_read_as_the_door_reads_it() {
        assert!(quick(FULL).is_some());
        assert_eq!(quick(FULL), by_door(FULL));
    }

    #[test]
    fn what_is_not_declared_is_left_out() {
        let read = read(FULL.as_bytes(), &|name| name == "a").unwrap();
        let Activity::Purchase(purchase) = read.activity else { panic!("a purchase") };
        let names = |attributes: &[Attribute]| attributes.iter().map(|a| a.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&purchase.attributes), ["a"]);
        assert_eq!(names(&purchase.lines[0].attributes), ["a"]);
    }

    #[test]
    fn what_the_door_refuses_is_not_read() {
        const BEFORE: &str = r#"{"member":"1","activity":{"purchase":{"id":"1","occurred_at":"2017-01-01T00:00:00Z","lines":["#;
        let with = |line: &str| format!("{BEFORE}{line}]}}}}}}");
        assert!(quick(&with("")).is_some() && quick(&with(r#"{"gross":"1"}"#)).is_some());
        for wrong in [
            r#"{"gross":1}"#,
            r#"{"gross":"1,5"}"#,
            r#"{"gross":"1","gross":"1"}"#,
            r#"{"tags":[],"tags":[]}"#,
            r#"{"kind":"item","kind":"item"}"#,
            r#"{"kind":{"item":null}}"#,
            r#"{"colour":"red"}"#,
            r#"{"attributes":{"a":"1","a":"1"}}"#,
            r#"{"attributes":{"a":1.5}}"#,
            r#"{"attributes":{"a":null}}"#,
            r#"{"attributes":{"a":trueish}}"#,
            r#"[]"#,
            r#"{"gross":"1",}"#,
            r#"{"gross":"1"},"#,
            r#"{"discounts":[{"funder":"store"}]}"#,
            "{\"sku\":\"a\u{1}\"}",
            "{\u{c}\"sku\":\"a\"}",
            "{\u{a0}\"sku\":\"a\"}",
        ] {
            assert_eq!(by_door(&with(wrong)), None, "the door reads {wrong}");
            assert_eq!(quick(&with(wrong)), None, "{wrong}");
        }
        for text in [format!("{FULL}x"), format!("{FULL}{{}}"), FULL.replace("906", ""), String::new()] {
            assert_eq!((quick(&text), by_door(&text)), (None, None), "{text}");
        }
    }

    /// Whatever a text is turned into, what is read here is what the door reads.
    #[test]
    fn every_neighbour_of_a_purchase_that_is_read_is_read_alike() {
        const PIECES: [&str; 22] = [
            "", "\"", ":", ",", "{", "}", "[", "]", "\\", "\\\"", " ", "\t", "0", "-", ".", "null", "true",
            "é", "\u{0}", "{}", "[]", "\"id\"",
        ];
        let mut read = 0;
        for place in (0..FULL.len()).filter(|place| FULL.is_char_boundary(*place)) {
            for end in (place..FULL.len().min(place + 3)).filter(|end| FULL.is_char_boundary(*end)) {
                for piece in PIECES {
                    let text = format!("{}{piece}{}", &FULL[..place], &FULL[end..]);
                    if let Some(quick) = quick(&text) {
                        assert_eq!(Some(quick), by_door(&text), "{text}");
                        read += 1;
                    }
                }
            }
        }
        assert!(read > 1_000, "{read} of them were read at all");
    }
}
