//! Rules that every activity is compared with, because nothing that they ask for can be looked up.

use std::collections::BTreeMap;

use super::{Fact, Study};
use crate::id::AuthorId;

/// A fact for each currency that has such rules.
pub fn study(study: &mut Study<'_>) {
    for (place, (_, index)) in study.program.earnings().enumerate() {
        let rules = index.unserved();
        if !rules.is_empty() {
            study.report.facts.push(fact(format!("/earning/{place}"), rules));
        }
    }
}

fn fact(path: String, rules: &[AuthorId]) -> Fact {
    let count = rules.len();
    let message = match rules {
        [rule] => {
            format!("every activity is compared with the rule `{rule}`: what it asks for cannot be looked up")
        }
        _ => format!("every activity is compared with {count} rules: what they ask for cannot be looked up"),
    };
    let figures = BTreeMap::from([("count", count.to_string())]);
    Fact { code: "rules_unindexed", path, message, figures, rules: rules.to_vec(), example: None }
}
