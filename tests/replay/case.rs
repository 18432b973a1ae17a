//! What a case file holds.

use std::collections::BTreeMap;

use loyalty_core::decision;
use loyalty_core::id::AuthorId;
use loyalty_core::ledger::operation::{TierChange, Unmatched};
use loyalty_core::ledger::posting::{Account, Posting};
use loyalty_core::money::{Money, Quantity};
use loyalty_core::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A file of cases that belong together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// What the cases are about, and what the language cannot say of it yet.
    pub about: String,
    /// Where the facts come from; a case may name its own.
    #[serde(default)]
    pub source: Option<String>,
    /// The program of the cases; a case may name its own.
    #[serde(default)]
    pub program: Option<Programs>,
    pub cases: Vec<Case>,
}

/// A file of cases that wait for a part of the language or of the ledger.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaterFile {
    pub about: String,
    #[serde(default)]
    pub source: Option<String>,
    #[serde(default)]
    pub program: Option<Programs>,
    /// What has to be there before they can be said.
    pub waits_for: String,
    /// In the form of a [`Case`], with commands and expectations that there are not yet.
    pub cases: Vec<Value>,
}

/// One command and what comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    #[serde(default)]
    pub source: Option<String>,
    /// Who found the expected values.
    pub by: By,
    /// The arithmetic in a sentence.
    pub why: String,
    #[serde(default)]
    pub program: Option<Programs>,
    /// Activities of the member, recorded in this order before the command.
    #[serde(default)]
    pub history: Vec<Value>,
    /// The clock; absent means the instant of the activity.
    #[serde(default)]
    pub now: Option<Timestamp>,
    #[serde(default)]
    pub record: Option<Value>,
    #[serde(default)]
    pub preview: Option<Value>,
    #[serde(default)]
    pub read: Option<Timestamp>,
    #[serde(default)]
    pub check: Option<Checked>,
    /// Published versions that the checked one is to follow, oldest first.
    #[serde(default)]
    pub against: Vec<Draft>,
    pub then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The source printed them, or they follow from its facts.
    Source,
    /// A person with a pencil.
    Hand,
    /// The second implementation.
    Model,
}

/// The versions of a program that a tenant publishes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Programs {
    Named(String),
    Changed(Draft),
    Series(Vec<Draft>),
}

impl Programs {
    pub fn drafts(&self) -> Vec<Draft> {
        match self {
            Self::Named(file) => vec![Draft { file: file.clone(), ..Draft::default() }],
            Self::Changed(draft) => vec![draft.clone()],
            Self::Series(drafts) => drafts.clone(),
        }
    }
}

/// A file of `tests/programs`, changed where the case says so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub file: String,
    /// Pointers of what is removed, before anything is set.
    #[serde(default)]
    pub without: Vec<String>,
    /// Pointers and the values that are set there; a number replaces an entry of a list, `-` appends one.
    #[serde(default)]
    pub with: BTreeMap<String, Value>,
    /// When the version takes force; the first is in force for all time before.
    #[serde(default)]
    pub from: Option<Timestamp>,
}

/// What is given to the checker.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Checked {
    Text(String),
    Draft(Draft),
}

/// What is expected. Absent fields are not looked at; which must be there, the replay knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    pub refused: Option<Refusal>,
    pub problems: Option<Vec<Refusal>>,
    /// All of them, where there are no problems.
    pub warnings: Option<Vec<Refusal>>,
    /// Some of them.
    pub facts: Option<Vec<Fact>>,
    /// Codes of facts that it does not have.
    #[serde(default)]
    pub no_facts: Vec<String>,
    #[serde(default)]
    pub replayed: bool,
    pub awards: Option<BTreeMap<String, i64>>,
    /// What is not there is nothing.
    #[serde(default)]
    pub welcome: BTreeMap<String, i64>,
    pub taken: Option<BTreeMap<String, i64>>,
    /// The money off that a redemption gives; what is not there is none.
    pub off: Option<Money>,
    /// What a quote promises; what is not there is none.
    pub quoted: Option<Quoted>,
    /// The money that is paid beside the points; what is not there is none.
    pub due: Option<Money>,
    /// The money that a cancellation has paid back; what is not there is none.
    pub pay_back: Option<Money>,
    /// What is not there is 0.
    #[serde(default)]
    pub forgiven: BTreeMap<String, i64>,
    #[serde(default)]
    pub unmatched: Vec<Missed>,
    /// What is not there is 0.
    pub balances: Option<BTreeMap<String, i64>>,
    /// What is not there is 0.
    #[serde(default)]
    pub pending: BTreeMap<String, i64>,
    /// `frozen` or `closed`; what is not there is `active`.
    pub status: Option<String>,
    /// What is owed; what is not there is 0.
    #[serde(default)]
    pub debt: BTreeMap<String, i64>,
    /// What is not there is 0.
    #[serde(default)]
    pub held: BTreeMap<String, i64>,
    pub holds: Option<Vec<Held>>,
    /// What other members may spend then; of those who are left out it is not looked at.
    #[serde(default)]
    pub others: BTreeMap<String, BTreeMap<String, i64>>,
    pub tier: Option<BTreeMap<String, String>>,
    pub until: Option<BTreeMap<String, Option<Timestamp>>>,
    pub changes: Option<Vec<Change>>,
    /// What is not there is nothing.
    #[serde(default)]
    pub level_awards: Vec<LevelPoints>,
    /// What is not there is nothing.
    #[serde(default)]
    pub level_takes: Vec<LevelPoints>,
    /// What is not there is nothing.
    #[serde(default)]
    pub challenge_awards: Vec<ChallengePoints>,
    /// What is not there is nothing.
    #[serde(default)]
    pub challenge_takes: Vec<ChallengePoints>,
    /// What grants gave, by their ids. What is not there is nothing.
    #[serde(default)]
    pub granted: Vec<AuthorId>,
    /// What a return took back of them, and what it gave again.
    #[serde(default)]
    pub taken_back: Vec<AuthorId>,
    #[serde(default)]
    pub given_again: Vec<AuthorId>,
    /// What ended, by the ids of vouchers. What is not there is nothing.
    #[serde(default)]
    pub vouchers_ended: Vec<AuthorId>,
    /// Points that became vouchers before. What is not there is nothing.
    #[serde(default)]
    pub converted: Vec<Conversion>,
    /// What the member has then, that which ends first before the others. What is not there is nothing.
    #[serde(default)]
    pub vouchers: Vec<Voucher>,
    /// What is not there is nothing.
    #[serde(default)]
    pub badges: Vec<AuthorId>,
    pub lots: Option<Vec<Lot>>,
    pub postings: Option<Vec<Moved>>,
    pub counters: Option<BTreeMap<AuthorId, Money>>,
    /// What is not there is all 0.
    pub totals: Option<BTreeMap<String, Totals>>,
    /// Some of the sentences of the proof.
    #[serde(default)]
    pub says: Vec<String>,
    /// What a little more would have earned; `null` where nothing near earns more.
    #[serde(default, deserialize_with = "stated")]
    pub nearest: Option<Option<Nearest>>,
}

/// What is said, if only that it is nothing.
fn stated<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Nearest>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A voucher that a member has, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voucher {
    pub voucher: AuthorId,
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// How often it may still be used.
    #[serde(default = "once")]
    pub uses: u16,
    /// What it is worth, of one that points became.
    #[serde(default)]
    pub value: Option<Money>,
}

/// Points that became a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    pub conversion: AuthorId,
    pub points: i64,
    pub at: Timestamp,
}

const fn once() -> u16 {
    1
}

/// What a line would have to cost more, and what that earns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearest {
    pub more: Money,
    /// From 1.
    pub line: usize,
    pub of: String,
    pub currency: String,
    pub earns: i64,
}

impl From<&decision::Nearest> for Nearest {
    fn from(it: &decision::Nearest) -> Self {
        let (of, currency) = (it.of.to_string(), it.currency.to_string());
        Self { more: it.more, line: it.line, of, currency, earns: it.earns.minor() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub code: String,
    pub path: String,
}

/// A fact of a program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub code: String,
    pub path: String,
    /// Those that are looked at.
    #[serde(default)]
    pub figures: BTreeMap<String, String>,
    pub rules: Option<Vec<String>>,
    /// What the example comes to.
    pub points: Option<BTreeMap<String, i64>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missed {
    pub sku: String,
    pub quantity: Quantity,
}

impl From<&Unmatched> for Missed {
    fn from(one: &Unmatched) -> Self {
        Self { sku: one.sku.clone(), quantity: one.quantity }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub track: AuthorId,
    pub from: AuthorId,
    pub to: AuthorId,
    pub at: Timestamp,
}

impl From<&TierChange> for Change {
    fn from(one: &TierChange) -> Self {
        Self { track: one.track.clone(), from: one.from.clone(), to: one.to.clone(), at: one.at }
    }
}

/// Points that a level gave or lost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelPoints {
    pub track: AuthorId,
    pub level: AuthorId,
    pub currency: AuthorId,
    pub points: i64,
    /// Of what is lost: what was no longer there.
    #[serde(default)]
    pub forgiven: i64,
}

/// Points that a challenge gave or lost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengePoints {
    pub challenge: AuthorId,
    pub currency: AuthorId,
    pub points: i64,
    /// Of what is lost: what was no longer there.
    #[serde(default)]
    pub forgiven: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    pub currency: String,
    pub points: i64,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub funded_by: Option<AuthorId>,
}

/// What a quote promises.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quoted {
    pub points: i64,
    pub until: Timestamp,
    #[serde(default)]
    pub off: Option<Money>,
    #[serde(default)]
    pub due: Option<Money>,
}

/// A hold that is open.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    pub hold: String,
    pub points: i64,
    pub until: Timestamp,
    /// The money off, if all of it is captured.
    #[serde(default)]
    pub off: Option<Money>,
}

/// Points from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    pub currency: String,
    pub points: i64,
    pub from: String,
    pub to: String,
    pub at: Timestamp,
    #[serde(default)]
    pub partner: Option<AuthorId>,
}

impl From<&Posting> for Moved {
    fn from(one: &Posting) -> Self {
        Self {
            currency: one.currency.to_string(),
            points: one.points.minor(),
            from: account(one.from),
            to: account(one.to),
            at: one.effective_at,
            partner: one.partner.clone(),
        }
    }
}

/// As JSON names it.
fn account(account: Account) -> String {
    serde_json::to_value(account).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Totals {
    pub earned: i64,
    pub clawed_back: i64,
    pub expired: i64,
    pub forgiven: i64,
    pub cancelled: i64,
    pub redeemed: i64,
    pub adjusted: i64,
    pub given: i64,
    pub received: i64,
    pub forfeited: i64,
    pub accruals: u64,
}
