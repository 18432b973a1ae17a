//! Walking a document: every rule and cap of its earning, each with its place.

use super::document::{Cap, Document, Earning, Group, GroupMember, Rule};
use crate::id::AuthorId;

/// Something of a document with its place in it.
#[derive(Debug, Clone)]
pub struct Placed<'a, T> {
    /// A JSON pointer into the document.
    pub path: String,
    /// The currency that it earns or limits.
    pub currency: &'a AuthorId,
    /// What stands there.
    pub it: T,
}

/// A rule or a group.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// A rule.
    Rule(&'a Rule),
    /// A group, before its members.
    Group(&'a Group),
}

/// A cap and what it limits: the rule or group of this id, or all that an activity earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<'a> {
    /// The rule.
    pub rule: Option<&'a AuthorId>,
    /// The group.
    pub group: Option<&'a AuthorId>,
    /// The cap.
    pub cap: &'a Cap,
}

/// Every rule, in the order of the document.
pub fn rules(document: &Document) -> Vec<Placed<'_, &Rule>> {
    let each = parts(document).into_iter().filter_map(|Placed { path, currency, it }| match it {
        Part::Rule(rule) => Some(Placed { path, currency, it: rule }),
        Part::Group(_) => None,
    });
    each.collect()
}

/// Every cap: those of groups and rules in the order of the document, then those of whole activities.
pub fn caps(document: &Document) -> Vec<Placed<'_, Limit<'_>>> {
    let mut found = Vec::new();
    for Placed { path, currency, it } in parts(document) {
        let (rule, group, caps) = match it {
            Part::Rule(rule) => (Some(&rule.id), None, &rule.caps),
            Part::Group(group) => (None, Some(&group.id), &group.caps),
        };
        for (index, cap) in caps.iter().enumerate() {
            let path = format!("{path}/caps/{index}");
            found.push(Placed { path, currency, it: Limit { rule, group, cap } });
        }
    }
    for (place, earning) in document.earning.iter().enumerate() {
        for (index, cap) in earning.caps.iter().enumerate() {
            let path = format!("/earning/{place}/caps/{index}");
            let it = Limit { rule: None, group: None, cap };
            found.push(Placed { path, currency: &earning.currency, it });
        }
    }
    found
}

/// Every rule and group, in the order of the document.
pub fn parts(document: &Document) -> Vec<Placed<'_, Part<'_>>> {
    let mut found = Vec::new();
    for (place, earning) in document.earning.iter().enumerate() {
        let Earning { currency, groups, after, .. } = earning;
        for (index, group) in groups.iter().enumerate() {
            parts_of(group, format!("/earning/{place}/groups/{index}"), currency, &mut found);
        }
        for (index, rule) in after.iter().enumerate() {
            let path = format!("/earning/{place}/after/{index}");
            found.push(Placed { path, currency, it: Part::Rule(rule) });
        }
    }
    found
}

fn parts_of<'a>(
    group: &'a Group,
    path: String,
    currency: &'a AuthorId,
    found: &mut Vec<Placed<'a, Part<'a>>>,
) {
    found.push(Placed { path: path.clone(), currency, it: Part::Group(group) });
    for (index, member) in group.members.iter().enumerate() {
        let path = format!("{path}/members/{index}");
        match member {
            GroupMember::Rule(rule) => {
                found.push(Placed { path: format!("{path}/rule"), currency, it: Part::Rule(rule) });
            }
            GroupMember::Group(inner) => parts_of(inner, format!("{path}/group"), currency, found),
        }
    }
}
