//! Facts: what the member store knows of a member, asked before deciding and recorded with the operation.
//!
//! Only what a program's conditions look at is asked, and only that is recorded: preview, proof and verification
//! use what was recorded, whatever the member store says by then.

mod birthday;
mod split;

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accrual::basis::numeric;
use crate::activity::{Attribute, AttributeValue};
use crate::id::{AuthorId, MemberId};
use crate::problem::Problem;
use crate::program::Programs;
use crate::program::condition::Condition;
use crate::program::document::{AttributeDeclaration, AttributeKind, Document};

pub use self::birthday::{Birthday, InvalidBirthday};
pub use self::split::{PARTS, part};

/// What the member store knows of a member. What is not there is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The segments that the member is in, as the program names them.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<AuthorId>,
    /// Member attributes that the program declares.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::activity::attributes")]
    #[schemars(with = "std::collections::BTreeMap<String, AttributeValue>")]
    pub attributes: Vec<Attribute>,
    /// The birthday.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Birthday>,
}

impl Facts {
    /// Nothing is known.
    pub const NONE: Self = Self { segments: Vec::new(), attributes: Vec::new(), birthday: None };

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// The facts as a member store keeps them: without what none of the versions declares, each once.
    ///
    /// Errors: `attribute_kind` where a value does not fit the newest declaration of its attribute.
    pub fn declared(mut self, programs: &Programs) -> Result<Self, Problem> {
        let documents: Vec<&Document> = programs.all().map(|program| program.document()).collect();
        let has = |id: &AuthorId| documents.iter().any(|it| it.segments.iter().any(|one| one.id == *id));
        self.segments.retain(has);
        self.segments.sort();
        self.segments.dedup();
        let kind = |name: &str| {
            let mut newest_first = documents.iter().rev().flat_map(|document| &document.member_attributes);
            newest_first.find(|declared| declared.id.as_str() == name).map(|declared| declared.values)
        };
        self.attributes.retain(|attribute| kind(&attribute.name).is_some());
        for Attribute { name, value } in &self.attributes {
            if kind(name).is_some_and(|kind| !fits(value, kind)) {
                let message = format!("the member attribute `{name}` is declared otherwise");
                let help = "send a string for text, a decimal such as \"500\" for a number, `true` or `false` for a flag";
                return Err(Problem::new("attribute_kind", format!("/attributes/{name}"), message, help));
            }
        }
        Ok(self)
    }
}

/// Who is decided for, and what is known of them.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The member, whose id splits are made by.
    pub member: &'a MemberId,
    /// What the member store says.
    pub facts: &'a Facts,
}

/// What a program asks of the member store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Whether the member is in each of these segments.
    pub segments: Vec<AuthorId>,
    /// These attributes.
    pub attributes: Vec<AttributeDeclaration>,
    /// The birthday's month and day.
    pub birthday: bool,
}

impl Asked {
    /// What the conditions of a document look at.
    pub fn by(document: &Document) -> Self {
        let mut asked = Self::default();
        for condition in document.conditions() {
            condition.walk(&mut |one| match one {
                Condition::Segment(test) => asked.segments.extend(test.any_of.iter().cloned()),
                Condition::MemberAttribute(test) => {
                    let declared = document.member_attributes.iter().find(|it| it.id == test.id);
                    asked.attributes.extend(declared.cloned());
                }
                Condition::BirthdayMonth(_) => asked.birthday = true,
                _ => {}
            });
        }
        asked.segments.sort();
        asked.segments.dedup();
        asked.attributes.sort_by(|a, b| a.id.cmp(&b.id));
        asked.attributes.dedup_by(|a, b| a.id == b.id);
        asked
    }

    /// What the rewards of a document look at.
    pub fn by_rewards(document: &Document) -> Self {
        let tests = document.rewards.iter().filter_map(|reward| reward.segment.as_ref());
        let mut segments: Vec<_> = tests.flat_map(|test| test.any_of.iter().cloned()).collect();
        segments.sort();
        segments.dedup();
        Self { segments, ..Self::default() }
    }

    /// Whether nothing is asked.
    pub fn is_nothing(&self) -> bool {
        self.segments.is_empty() && self.attributes.is_empty() && !self.birthday
    }

    /// Of what is known, what is asked: never the year of birth. A value of another kind than declared is not known.
    pub fn of(&self, known: &Facts) -> Facts {
        if self.is_nothing() {
            return Facts::NONE;
        }
        let attributes = self.attributes.iter().filter_map(|wanted| {
            let found = known.attributes.iter().find(|it| it.name == wanted.id.as_str())?;
            fits(&found.value, wanted.values).then(|| found.clone())
        });
        Facts {
            segments: self.segments.iter().filter(|id| known.segments.contains(id)).cloned().collect(),
            attributes: attributes.collect(),
            birthday: known.birthday.filter(|_| self.birthday).map(Birthday::without_year),
        }
    }
}

fn fits(value: &AttributeValue, kind: AttributeKind) -> bool {
    match kind {
        AttributeKind::Text => matches!(value, AttributeValue::Text(_)),
        AttributeKind::Number => numeric(value).is_some(),
        AttributeKind::Flag => matches!(value, AttributeValue::Flag(_)),
    }
}
