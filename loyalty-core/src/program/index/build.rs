//! Making an index.

use super::required::{AnyOf, Bound, Key, Required};
use super::tables::{Map, Texts};
use super::{Entry, Index, Limited, Place, Places, Shelf};
use crate::id::AuthorId;
use crate::program::document::{Earning, Group, GroupMember, Rule};
use crate::program::rules_in;

struct Builder<'d> {
    index: Index,
    /// How many rules require a text.
    uses: Map<Key<'d>, usize>,
    /// The measures there are, by what they say.
    measures: Map<String, usize>,
}

impl Index {
    /// Indexes the rules of a currency.
    pub fn of(earning: &Earning) -> Self {
        let rules = rules_in(earning);
        let required: Vec<Required<'_>> = rules.iter().map(|rule| Required::of(rule)).collect();
        let mut uses = Map::default();
        for key in required.iter().flat_map(|one| &one.keys).flat_map(|any| &any.keys) {
            let count: &mut usize = uses.entry(*key).or_default();
            *count = count.saturating_add(1);
        }
        let index = Self { places: Places::of(earning), ..Self::default() };
        let mut builder = Builder { index, uses, measures: Map::default() };
        for (number, (rule, required)) in (0..).zip(rules.into_iter().zip(required)) {
            builder.put(number, rule, required);
        }
        let mut index = builder.index;
        index.shelves.iter_mut().chain([&mut index.any]).for_each(Shelf::order);
        index
    }
}

impl Builder<'_> {
    /// Puts a rule on the shelves of the rarest texts that it requires.
    fn put(&mut self, number: u32, rule: &Rule, required: Required<'_>) {
        let rarest = required.keys.into_iter().min_by_key(|any| (self.used(any), any.keys.first().copied()));
        let each_line = rarest.as_ref().is_some_and(|any| any.each_line);
        let bound = required.of_activity.or(required.of_line.filter(|_| each_line));
        let bound = bound.and_then(|bound| Some((self.measure_of(&bound)?, bound)));
        let entry = Entry { rule: number, each_line };
        let Some(AnyOf { keys, .. }) = rarest else {
            if bound.is_none() && (rule.when.is_some() || rule.lines.is_some()) {
                self.index.unserved.push(rule.id.clone());
            }
            self.index.any.put(entry, bound.as_ref());
            return;
        };
        for key in keys {
            if let Some(shelf) = self.shelf_mut(key) {
                shelf.put(entry, bound.as_ref());
            }
        }
    }

    fn used(&self, any: &AnyOf<'_>) -> usize {
        let each = any.keys.iter().map(|key| self.uses.get(key).copied().unwrap_or(0));
        each.fold(0, usize::saturating_add)
    }

    fn measure_of(&mut self, bound: &Bound) -> Option<usize> {
        let says = serde_json::to_string(&bound.measure).ok()?;
        let measures = &mut self.index.measures;
        let measure = *self.measures.entry(says).or_insert(measures.len());
        if measure == measures.len() {
            measures.push(bound.measure.clone());
        }
        Some(measure)
    }

    fn shelf_mut(&mut self, key: Key<'_>) -> Option<&mut Shelf> {
        let next = self.index.shelves.len();
        let (lines, activity) = (&mut self.index.of_lines, &mut self.index.of_activity);
        let texts = match key {
            Key::Category(path) => {
                let id = *lines.category.shelf_mut(path)?.get_or_insert(next);
                return self.shelf_at(id);
            }
            Key::Sku(text) => Some((&mut lines.sku, text)),
            Key::Brand(text) => Some((&mut lines.brand, text)),
            Key::Unit(text) => Some((&mut lines.unit, text)),
            Key::Tag(text) => Some((&mut lines.tag, text)),
            Key::LineAttribute(id, text) => texts_of(&mut lines.attributes, id).zip(Some(text)),
            Key::Store(text) => Some((&mut activity.store, text)),
            Key::Partner(text) => Some((&mut activity.partner, text)),
            Key::Channel(text) => Some((&mut activity.channel, text)),
            Key::Coupon(text) => Some((&mut activity.coupon, text)),
            Key::Event(name) => Some((&mut activity.event, name.as_str())),
            Key::Attribute(id, text) => texts_of(&mut activity.attributes, id).zip(Some(text)),
        };
        let (texts, text) = texts?;
        let id = *texts.entry(text.into()).or_insert(next);
        self.shelf_at(id)
    }

    /// A shelf, or the next new one.
    fn shelf_at(&mut self, id: usize) -> Option<&mut Shelf> {
        if id == self.index.shelves.len() {
            self.index.shelves.push(Shelf::default());
        }
        self.index.shelves.get_mut(id)
    }
}

fn texts_of<'a>(all: &'a mut Vec<(AuthorId, Texts)>, id: &AuthorId) -> Option<&'a mut Texts> {
    let at = all.iter().position(|(known, _)| known == id).unwrap_or(all.len());
    if at == all.len() {
        all.push((id.clone(), Texts::default()));
    }
    all.get_mut(at).map(|(_, texts)| texts)
}

impl Shelf {
    fn put(&mut self, entry: Entry, bound: Option<&(usize, Bound)>) {
        let Some((measure, Bound { most, limit, .. })) = bound else {
            self.free.push(entry);
            return;
        };
        let same = |known: &Limited| known.measure == *measure && known.most == *most;
        let at = self.limited.iter().position(same).unwrap_or(self.limited.len());
        if at == self.limited.len() {
            let (limits, entries) = (Vec::new(), Vec::new());
            self.limited.push(Limited { measure: *measure, most: *most, limits, entries });
        }
        if let Some(limited) = self.limited.get_mut(at) {
            limited.limits.push(if *most { limit.units().saturating_neg() } else { limit.units() });
            limited.entries.push(entry);
        }
    }

    /// Orders its rules by their limits.
    fn order(&mut self) {
        for limited in &mut self.limited {
            let limits = std::mem::take(&mut limited.limits);
            let mut pairs: Vec<_> = limits.into_iter().zip(std::mem::take(&mut limited.entries)).collect();
            pairs.sort_by_key(|(limit, entry)| (*limit, entry.rule));
            (limited.limits, limited.entries) = pairs.into_iter().unzip();
        }
    }
}

impl Places {
    fn of(earning: &Earning) -> Self {
        let mut places = Self::default();
        for group in &earning.groups {
            let place = places.group(group);
            places.all.push(place);
        }
        for _ in &earning.after {
            let place = places.rule();
            places.all.push(place);
        }
        places
    }

    fn group(&mut self, group: &Group) -> Place {
        let first = self.rules;
        let members = group.members.iter().map(|member| match member {
            GroupMember::Rule(_) => self.rule(),
            GroupMember::Group(inner) => self.group(inner),
        });
        let members = members.collect();
        Place { first, members }
    }

    fn rule(&mut self) -> Place {
        let first = self.rules;
        self.rules = first.saturating_add(1);
        Place { first, members: Vec::new() }
    }
}
