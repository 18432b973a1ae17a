//! The index of a currency's rules: from what an activity holds to the rules that may match it.
//!
//! Each rule stands under the rarest text that it requires, and there, where it asks for a least or a most, among
//! the rules that compare the same measure, in the order of their limits. So a rule that an activity does not
//! match is not even looked at, and deciding costs what the matching rules cost, however many there are.

mod build;
mod required;
mod tables;

use self::tables::{Paths, Texts};
use crate::activity::{Attribute, AttributeValue, CustomEvent, Line, Purchase, attribute};
use crate::id::AuthorId;

pub use self::required::Measure;
pub use self::tables::{Map, ShelfId};

/// The rules of one currency's earning, numbered in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    places: Places,
    shelves: Vec<Shelf>,
    measures: Vec<Measure>,
    of_lines: OfLines,
    of_activity: OfActivity,
    /// Rules that require no text.
    any: Shelf,
    /// Rules that no list serves although they ask for something.
    unserved: Vec<AuthorId>,
}

/// Shelves by what a line holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OfLines {
    sku: Texts,
    brand: Texts,
    unit: Texts,
    tag: Texts,
    category: Paths,
    attributes: Vec<(AuthorId, Texts)>,
}

/// Shelves by what the activity itself holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OfActivity {
    store: Texts,
    partner: Texts,
    channel: Texts,
    coupon: Texts,
    event: Texts,
    attributes: Vec<(AuthorId, Texts)>,
}

/// Rules that require the same text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Those without a limit.
    pub free: Vec<Entry>,
    /// Those with one, by what they measure.
    pub limited: Vec<Limited>,
}

/// Rules that compare one measure with limits of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// Which measure; see [`Index::measure`].
    pub measure: usize,
    /// Whether the limits are the most: measure and limits then stand here with the opposite sign.
    pub most: bool,
    /// In units of a [`Quantity`](crate::money::Quantity), ascending.
    pub limits: Vec<i128>,
    /// The rules, each beside its limit.
    pub entries: Vec<Entry>,
}

/// A rule on a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The rule's number.
    pub rule: u32,
    /// Whether it counts only lines that hold the shelf's text.
    pub each_line: bool,
}

/// Groups and rules where they stand in a document, with the number of the first rule of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The top groups, then the rules after the multipliers.
    pub all: Vec<Place>,
    rules: u32,
}

/// A group or rule of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of its first rule, or its own.
    pub first: u32,
    /// What a group holds; empty for a rule.
    pub members: Vec<Place>,
}

impl Index {
    /// Whether any rule stands under a text or a limit: else looking for rules finds all of them.
    pub const fn serves(&self) -> bool {
        !self.shelves.is_empty() || !self.any.limited.is_empty()
    }

    /// Rules that ask for something, but for nothing that an index can look up.
    pub fn unserved(&self) -> &[AuthorId] {
        &self.unserved
    }

    /// The groups and rules.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// What a shelf's limits are compared with.
    pub fn measure(&self, id: usize) -> Option<&Measure> {
        self.measures.get(id)
    }

    /// The rules that require no text.
    pub const fn any(&self) -> &Shelf {
        &self.any
    }

    /// The shelves that what a line holds leads to; one may come twice.
    pub fn of_line<'a>(&'a self, line: &'a Line) -> impl Iterator<Item = &'a Shelf> {
        let of = &self.of_lines;
        let single = [(&of.sku, &line.sku), (&of.brand, &line.brand), (&of.unit, &line.unit)];
        let single = single.into_iter().filter_map(|(texts, found)| shelf(texts, found.as_deref()?));
        let tags = line.tags.iter().filter_map(|tag| shelf(&of.tag, tag));
        let ids = single.chain(tags).chain(of.category.shelves(line));
        self.shelves_at(ids.chain(by_attributes(&of.attributes, &line.attributes)))
    }

    /// The shelves that what a purchase holds itself leads to.
    pub fn of_purchase<'a>(&'a self, purchase: &'a Purchase) -> impl Iterator<Item = &'a Shelf> {
        let of = &self.of_activity;
        let single = [
            (&of.store, &purchase.store),
            (&of.partner, &purchase.partner),
            (&of.channel, &purchase.channel),
        ];
        let single = single.into_iter().filter_map(|(texts, found)| shelf(texts, found.as_deref()?));
        let coupons = purchase.coupons.iter().filter_map(|coupon| shelf(&of.coupon, coupon));
        self.shelves_at(single.chain(coupons).chain(by_attributes(&of.attributes, &purchase.attributes)))
    }

    /// The shelves that a custom event leads to.
    pub fn of_event<'a>(&'a self, event: &'a CustomEvent) -> impl Iterator<Item = &'a Shelf> {
        let of = &self.of_activity;
        let name = shelf(&of.event, event.name.as_str());
        self.shelves_at(name.into_iter().chain(by_attributes(&of.attributes, &event.attributes)))
    }

    /// The shelves that attributes alone lead to.
    pub fn of_attributes<'a>(&'a self, attributes: &'a [Attribute]) -> impl Iterator<Item = &'a Shelf> {
        self.shelves_at(by_attributes(&self.of_activity.attributes, attributes))
    }

    fn shelves_at<'a>(&'a self, ids: impl Iterator<Item = ShelfId> + 'a) -> impl Iterator<Item = &'a Shelf> {
        ids.filter_map(|id| self.shelves.get(id))
    }
}

fn shelf(texts: &Texts, found: &str) -> Option<ShelfId> {
    if texts.is_empty() { None } else { texts.get(found).copied() }
}

fn by_attributes<'a>(
    all: &'a [(AuthorId, Texts)],
    found: &'a [Attribute],
) -> impl Iterator<Item = ShelfId> + 'a {
    all.iter().filter_map(|(id, texts)| match attribute(found, id.as_str())? {
        AttributeValue::Text(text) => shelf(texts, text),
        AttributeValue::Flag(_) => None,
    })
}

impl Limited {
    /// The rules whose limit a measure, in units of a [`Quantity`](crate::money::Quantity) and with the sign of the limits, reaches.
    pub fn reached(&self, measured: i128) -> &[Entry] {
        let reached = self.limits.partition_point(|limit| *limit <= measured);
        self.entries.get(..reached).unwrap_or_default()
    }
}

impl Place {
    /// Which of these places a rule stands in.
    pub fn holding(places: &[Self], rule: u32) -> Option<usize> {
        // Where no group stands before it, the place is the distance from the first.
        let first = places.first().map_or(0, |place| place.first);
        let near = usize::try_from(rule.saturating_sub(first)).unwrap_or(usize::MAX);
        if places.get(near).is_some_and(|place| place.first == rule) {
            return Some(near);
        }
        places.partition_point(|place| place.first <= rule).checked_sub(1)
    }
}
